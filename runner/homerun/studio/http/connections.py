"""Connections of the web server: which it takes, and how long each may take to say what it wants.

On a machine that several users share, each of them can connect to a port. So a connection of
another user is turned away where the kernel tells whose it is, and those that have not shown a
session never take the place of those that have.
"""

from __future__ import annotations

import asyncio
import os
from typing import TYPE_CHECKING, Any

import uvicorn
from uvicorn.protocols.http.h11_impl import H11Protocol, RequestResponseCycle

from homerun.studio.http import tcp_peer
from homerun.studio.http.middleware import WELCOME
from homerun.studio.http.sockets import LOOPBACK

if TYPE_CHECKING:
    from collections.abc import Collection

HEADERS_WAIT_S = 20.0
_MOST_STRANGERS = 64
_TURNED_AWAY_S = 1.0
_ROOT = 0
_NOT_YOURS = b"""This Studio belongs to another user of this machine.
A proxy of another user is let through by `homerun studio --allow-user NAME`.
"""


class Lobby:
    """The connections that have not shown a session yet.

    Args:
        users: the uids, beside this process's own and root's, that may connect on this machine.
        most: so many at once; the oldest is closed for a new one.
    """

    def __init__(self, users: Collection[int] = (), most: int = _MOST_STRANGERS) -> None:
        self._users = {os.geteuid(), _ROOT, *users}
        self._most = most
        self._waiting: dict[Connection, None] = {}

    def admits(self, ours: tuple[str, int], theirs: tuple[str, int]) -> bool:
        """Whether the user at the other end may connect: always, where the kernel does not tell."""
        if ours[0] not in LOOPBACK:
            return True  # reached from other machines too: that is what the token is for
        uid = tcp_peer.user(ours, theirs)
        return uid is None or uid in self._users

    def enter(self, connection: Connection) -> None:
        """Let one in; where there are too many, the one that has waited longest goes."""
        self._waiting[connection] = None
        while len(self._waiting) > self._most:
            oldest = next(iter(self._waiting))
            del self._waiting[oldest]
            oldest.transport.abort()

    def leave(self, connection: Connection) -> None:
        """One has shown a session, or is closed."""
        self._waiting.pop(connection, None)


class Config(uvicorn.Config):
    """The settings of the server, and the lobby that its connections share."""

    def __init__(self, app: Any, lobby: Lobby | None = None, **settings: Any) -> None:
        super().__init__(app, http=Connection, ws="none", **settings)
        self.lobby = lobby or Lobby()


class Connection(H11Protocol):
    """A connection that is closed where the headers of a request do not come in time."""

    def __init__(
        self,
        config: Config,
        server_state: Any,
        app_state: dict[str, Any],
        _loop: asyncio.AbstractEventLoop | None = None,
    ) -> None:
        self._lobby = config.lobby
        self._waits: asyncio.TimerHandle | None = None
        welcome = {WELCOME: self._welcome}
        super().__init__(config, server_state, {**app_state, **welcome}, _loop)

    def connection_made(self, transport: Any) -> None:
        """Begin to wait for the first request; turn another user away."""
        ours, theirs = transport.get_extra_info("sockname"), transport.get_extra_info("peername")
        if isinstance(theirs, tuple) and not self._lobby.admits(ours[:2], theirs[:2]):
            _turn_away(transport, self.loop)
            return
        super().connection_made(transport)
        self._lobby.enter(self)
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
        self._lobby.leave(self)
        super().connection_lost(exc)

    def _welcome(self) -> None:
        self._lobby.leave(self)

    def _wait(self) -> None:
        self._waits = self.loop.call_later(HEADERS_WAIT_S, self._too_slow)

    def _stop_waiting(self) -> None:
        if self._waits is not None:
            self._waits.cancel()
            self._waits = None

    def _too_slow(self) -> None:
        if not self.transport.is_closing():
            self.transport.close()


def _turn_away(transport: Any, loop: asyncio.AbstractEventLoop) -> None:
    """Say why, whatever is asked: it is read and thrown away.

    To close while something is unread would reset the connection, and take back what was said.
    """
    transport.set_protocol(asyncio.Protocol())  # it closes when the other side does
    head = f"content-type: text/plain\r\ncontent-length: {len(_NOT_YOURS)}\r\nconnection: close"
    transport.write(f"HTTP/1.1 403 Forbidden\r\n{head}\r\n\r\n".encode() + _NOT_YOURS)
    try:
        transport.write_eof()
    except OSError:  # it went before it was looked at
        transport.abort()
    else:
        loop.call_later(_TURNED_AWAY_S, transport.abort)
