"""Serving: the settings of the web server, the address that is printed, and the end."""

from __future__ import annotations

import asyncio
import os
import pwd
import signal
import sys
from contextlib import nullcontext
from functools import partial
from socket import gethostname
from typing import TYPE_CHECKING

import uvicorn

from homerun.base import accounts, environ
from homerun.base.errors import UserError
from homerun.project import portal
from homerun.studio import app
from homerun.studio.http import sockets
from homerun.studio.http.auth import Door
from homerun.studio.http.connections import Config, Lobby
from homerun.studio.http.middleware import Hosts
from homerun.studio.http.sessions import SessionFile
from homerun.studio.state import Desk

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence
    from contextlib import AbstractContextManager
    from socket import socket

    from homerun.sdk.workspace import Workspace

MOST_HEADERS = 16 << 10
_MOST_CONNECTIONS = 256
_IDLE_S = 30
_GRACE_S = 1
_SHORTEST_TOKEN = 16
_LOOPBACK = ("127.0.0.1", "localhost", "::1")
_ANY = ("0.0.0.0", "::")
"""No address to go to: it stands for all that the machine has."""
_JUPYTER = "'self'"
_MOVED = (
    "port {usual} is in use by another program, perhaps another user's: Studio is at port {port}. "
    "Open the address below, not port {usual}"
)
_OVER_SSH = (
    "to see it on the machine that you sit at, type there: "
    "ssh -L {port}:localhost:{port} {user}@{host}; then open the address below"
)


class Settings:
    """How the server is started.

    Args:
        host: the address; None: this machine alone.
        port: None: the first that is free.
        path: a file to listen on instead.
        token: what may be shown in place of the printed code; needed beyond this machine.
        base: the base path behind a proxy.
        hosts: further names by which it is reached, as that of a proxy.
        users: further users of this machine who may connect, as that of a proxy; name or uid.
        is_framed: pages of the same origin may show it in a frame, as Jupyter does.

    Raises:
        UserError: these do not go together.
    """

    def __init__(
        self,
        host: str | None = None,
        port: int | None = None,
        path: str | None = None,
        token: str | None = None,
        base: str = "",
        hosts: Sequence[str] = (),
        users: Sequence[str] = (),
        is_read_only: bool = False,
        is_framed: bool = False,
    ) -> None:
        self.host = host or "127.0.0.1"
        self.port = port
        self.path = path
        self.token = token
        self.base = _base(base)
        self.hosts = hosts
        self.users = [_uid(name) for name in users]
        self.is_read_only = is_read_only
        self.is_framed = is_framed
        self.is_remote = path is None and self.host not in _LOOPBACK
        if path is not None and (host is not None or port is not None):
            raise UserError("--socket listens on a file: leave --host and --port out")
        if self.is_remote and not token:
            raise UserError(
                f"at {self.host} others can reach it: give a token, as in `HOMERUN_STUDIO_TOKEN=… "
                "homerun studio --host …` or --token-file FILE, or leave --host out"
            )
        if token is not None and len(token) < _SHORTEST_TOKEN:
            raise UserError(f"the token is too short: at least {_SHORTEST_TOKEN} characters")


class Studio:
    """A server that is about to run.

    Args:
        say: takes each address that lets a browser in.
        warn: takes a sentence about what is not as usual.
        says_again: a stranger's knock makes a new one, for who looks at a terminal.

    Raises:
        UserError: the address is not available.
    """

    def __init__(
        self,
        workspace: Workspace,
        settings: Settings,
        say: Callable[[str], object],
        warn: Callable[[str], object],
        says_again: bool = False,
    ) -> None:
        self._settings = settings
        self._say = say
        self._sockets = _listening(settings)
        self.port = None if settings.path is not None else int(self._sockets[0].getsockname()[1])
        place = settings.path and os.path.abspath(settings.path)
        file = SessionFile(workspace.store.id, gethostname(), place or self.port, settings.base)
        door = Door(settings.token, self._say_code if says_again else None, file)
        self.desk = Desk(workspace, door, settings.is_read_only)
        if settings.path is None and settings.port is None and self.port != sockets.USUAL:
            warn(_MOVED.format(usual=sockets.USUAL, port=self.port))
        if settings.path is None and not settings.is_remote and environ.is_over_ssh():
            warn(_OVER_SSH.format(port=self.port, user=accounts.own_name(), host=gethostname()))
        hosts = Hosts(settings.hosts, settings.is_remote, self._own_names)
        framed = _JUPYTER if settings.is_framed else "'none'"
        self.app = app.made(self.desk, hosts, settings.base, framed)

    @property
    def address(self) -> str:
        """Where the page is, by a name or an address that leads there from where it is read."""
        if self._settings.path is not None:
            name = self._settings.hosts[0] if self._settings.hosts else "localhost"
            return f"http://{name}{self._settings.base}/"
        host = self._settings.host
        if host in _ANY:
            host = next(iter([*self._settings.hosts, *self._own_names]))
        host = f"[{host}]" if ":" in host else host
        port = "" if self.port == 80 else f":{self.port}"
        return f"http://{host}{port}{self._settings.base}/"

    def run(self, when_ready: Callable[[str], object] | None = None) -> None:
        """Serve until a signal ends it.

        Args:
            when_ready: takes the first address, as soon as it answers.
        """
        with self._announced():
            self._serve(when_ready)

    def _serve(self, when_ready: Callable[[str], object] | None) -> None:
        first = self._with_code(self.desk.door.new_code())
        self._say(first)
        self.desk.warm_up()
        config = Config(
            self.app,
            lobby=Lobby(self._settings.users),
            loop="asyncio",
            log_config=None,
            log_level="critical",  # what goes wrong is in the answer; a request may hold a code
            access_log=False,
            server_header=False,
            proxy_headers=False,
            limit_concurrency=_MOST_CONNECTIONS,
            timeout_keep_alive=_IDLE_S,
            timeout_graceful_shutdown=_GRACE_S,
            h11_max_incomplete_event_size=MOST_HEADERS,
        )
        former = signal.signal(signal.SIGTERM, _leave)  # else it ends before it has cleared up
        try:
            server = _Server(config, self.desk)
            if when_ready is not None:
                server.when_ready = partial(when_ready, first)
            server.run(sockets=self._sockets)
        finally:
            signal.signal(signal.SIGTERM, former)
            self.close()

    def _announced(self) -> AbstractContextManager[None]:
        """Lead this user's scripts here, but for a socket to which no name leads."""
        if self._settings.path is not None and not self._settings.hosts:
            return nullcontext()
        return portal.announced(self.desk.workspace.store, self.address)

    def close(self) -> None:
        """Let go of everything."""
        self.desk.close()
        for one in self._sockets:
            one.close()
        if self._settings.path is not None:
            sockets.forget(self._settings.path)

    @property
    def _own_names(self) -> list[str]:
        """The names by which other machines reach this one."""
        return [gethostname().lower()] if self._settings.is_remote else []

    def _say_code(self, code: str) -> None:
        self._say(self._with_code(code))

    def _with_code(self, code: str) -> str:
        return f"{self.address}login?code={code}"


class _Server(uvicorn.Server):
    """A server that ends its streams before it waits for them."""

    def __init__(self, config: uvicorn.Config, desk: Desk) -> None:
        super().__init__(config)
        self._desk = desk
        self.when_ready: Callable[[], object] | None = None

    async def startup(self, sockets: list[socket] | None = None) -> None:
        """Begin."""
        await super().startup(sockets)
        if self.when_ready is not None and self.started:
            asyncio.get_running_loop().run_in_executor(None, self.when_ready)

    async def shutdown(self, sockets: list[socket] | None = None) -> None:
        """End."""
        self._desk.end_streams()
        await super().shutdown(sockets)


def _leave(*_: object) -> None:
    sys.exit(128 + signal.SIGTERM)


def _listening(settings: Settings) -> list[socket]:
    if settings.path is not None:
        return [sockets.unix(settings.path)]
    return sockets.tcp(settings.host, settings.port)


def _uid(name: str) -> int:
    """The uid of a user of this machine, by name or number."""
    if name.isascii() and name.isdecimal():
        return int(name)
    try:
        return pwd.getpwnam(name).pw_uid
    except KeyError:
        raise UserError(
            f"this machine has no user {name!r}: give another to --allow-user"
        ) from None


def _base(given: str) -> str:
    """A base path with a / in front and none behind; "" for none."""
    parts = [part for part in given.split("/") if part]
    if any(part in (".", "..") or not part.isascii() or not part.isprintable() for part in parts):
        raise UserError(f"{given!r} is not a base path: give one such as /studio")
    return "".join(f"/{part}" for part in parts)
