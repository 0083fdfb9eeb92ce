"""Serving: the settings of the web server, the address that is printed, and the end."""

from __future__ import annotations

import asyncio
import signal
import sys
from functools import partial
from typing import TYPE_CHECKING, Any

import uvicorn
from uvicorn.protocols.http.h11_impl import H11Protocol, RequestResponseCycle

from homerun.base.errors import UserError
from homerun.studio import app
from homerun.studio.http import sockets
from homerun.studio.http.auth import Door
from homerun.studio.http.middleware import Hosts
from homerun.studio.state import Desk

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence
    from socket import socket

    from homerun.sdk.workspace import Workspace

HEADERS_WAIT_S = 20.0
MOST_HEADERS = 16 << 10
_MOST_CONNECTIONS = 256
_IDLE_S = 30
_GRACE_S = 1
_SHORTEST_TOKEN = 16
_LOOPBACK = ("127.0.0.1", "localhost", "::1")
_JUPYTER = "'self'"


class Wish:
    """How the server is to be started.

    Args:
        host: the address; None: this machine alone.
        port: None: the first that is free.
        path: a file to listen on instead.
        token: what may be shown in place of the printed code; needed beyond this machine.
        base: the base path behind a proxy.
        hosts: further names by which it is reached, as that of a proxy.
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
        is_read_only: bool = False,
        is_framed: bool = False,
    ) -> None:
        self.host = host or "127.0.0.1"
        self.port = port
        self.path = path
        self.token = token
        self.base = _base(base)
        self.hosts = hosts
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
        says_again: a stranger's knock makes a new one, for who looks at a terminal.

    Raises:
        UserError: the address cannot be had.
    """

    def __init__(
        self,
        workspace: Workspace,
        wish: Wish,
        say: Callable[[str], object],
        says_again: bool = False,
    ) -> None:
        self._wish = wish
        self._say = say
        door = Door(wish.token, self._say_code if says_again else None)
        self.desk = Desk(workspace, door, wish.is_read_only)
        self._socket = _listening(wish)
        name = self._socket.getsockname()
        self.port = None if wish.path is not None else int(name[1])
        hosts = Hosts(self.port, wish.hosts, wish.is_remote)
        framed = _JUPYTER if wish.is_framed else "'none'"
        self.app = app.made(self.desk, hosts, wish.base, framed)

    @property
    def address(self) -> str:
        """Where the page is."""
        if self._wish.path is not None:
            name = self._wish.hosts[0] if self._wish.hosts else "localhost"
            return f"http://{name}{self._wish.base}/"
        host = self._wish.host
        host = f"[{host}]" if ":" in host else host
        port = "" if self.port == 80 else f":{self.port}"
        return f"http://{host}{port}{self._wish.base}/"

    def run(self, when_ready: Callable[[str], object] | None = None) -> None:
        """Serve until a signal ends it.

        Args:
            when_ready: takes the first address, as soon as it answers.
        """
        first = self._with_code(self.desk.door.new_code())
        self._say(first)
        self.desk.warm_up()
        config = uvicorn.Config(
            self.app,
            http=_Http,
            ws="none",
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
            server.run(sockets=[self._socket])
        finally:
            signal.signal(signal.SIGTERM, former)
            self.close()

    def close(self) -> None:
        """Let go of everything."""
        self.desk.close()
        self._socket.close()
        if self._wish.path is not None:
            sockets.forget(self._wish.path)

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


class _Http(H11Protocol):
    """A connection that is closed where the headers of a request do not come in time."""

    _waits: asyncio.TimerHandle | None = None

    def connection_made(self, transport: Any) -> None:
        """Begin to wait for the first request."""
        super().connection_made(transport)
        self._wait()

    def data_received(self, data: bytes) -> None:
        """Take some bytes; the headers of a later request have the same time."""
        super().data_received(data)
        cycle: RequestResponseCycle | None = self.cycle  # None before the first request
        if cycle is not None and not cycle.response_complete:
            self._stop_waiting()
        elif self._waits is None:
            self._wait()

    def connection_lost(self, exc: Exception | None) -> None:
        """Wait no more."""
        self._stop_waiting()
        super().connection_lost(exc)

    def _wait(self) -> None:
        self._waits = self.loop.call_later(HEADERS_WAIT_S, self._too_slow)

    def _stop_waiting(self) -> None:
        if self._waits is not None:
            self._waits.cancel()
            self._waits = None

    def _too_slow(self) -> None:
        if not self.transport.is_closing():
            self.transport.close()


def _leave(*_: object) -> None:
    sys.exit(128 + signal.SIGTERM)


def _listening(wish: Wish) -> socket:
    if wish.path is not None:
        return sockets.unix(wish.path)
    return sockets.tcp(wish.host, wish.port)


def _base(given: str) -> str:
    """A base path with a / in front and none behind; "" for none."""
    parts = [part for part in given.split("/") if part]
    if any(part in (".", "..") or not part.isascii() or not part.isprintable() for part in parts):
        raise UserError(f"{given!r} is no base path: give one such as /studio")
    return "".join(f"/{part}" for part in parts)
