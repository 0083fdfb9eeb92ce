"""Who may come in: a code that is used once, a token, and the sessions of browsers that showed one.

A session is bound to the origin of the page: beside the cookie, which browsers send to every port
of a host, it has a key, which only the page's own scripts know. A download, to which no script can
add a header, shows a ticket for that one address. What is secret is compared in constant time, is
in no log, and only its hash is kept.
"""

from __future__ import annotations

import hashlib
import hmac
import secrets
import threading
import time
from typing import TYPE_CHECKING, NamedTuple
from urllib.parse import parse_qsl, unquote

from homerun.studio.http.sessions import MOST, KeptSession

if TYPE_CHECKING:
    from collections.abc import Callable

    from homerun.studio.http.sessions import SessionFile

KEY = "homerun-key"
"""The header with the key of a session."""
TICKET = "ticket"
"""The parameter with a ticket."""

CODE_LIVES_S = 600.0
TICKET_LIVES_S = 30.0
_MOST_TICKETS = 100
_SAY_EVERY_S = 10.0

Target = tuple[str, frozenset[tuple[str, str]]]
"""What a request is for: its path below the base path, and its parameters but for the ticket."""


def target(path: str, query: str) -> Target:
    """What a request with this path and query is for."""
    pairs = parse_qsl(query, keep_blank_values=True)
    return path, frozenset(pair for pair in pairs if pair[0] != TICKET)


def target_of(address: str) -> Target:
    """What a request for an address relative to the page is for."""
    path, _, query = address.partition("?")
    return target(f"/{unquote(path)}", query)


class Session(NamedTuple):
    """What a browser is given when it comes in."""

    cookie: str
    key: str


class _Known:
    """A session, and the tickets that were given for it."""

    def __init__(self, kept: KeptSession) -> None:
        self.kept = kept
        self.tickets: dict[bytes, tuple[float, Target]] = {}


class Door:
    """Lets people in.

    Args:
        token: what may be shown in place of a code; None: nothing.
        say_code: called with a new code when a stranger has knocked; None: there is no terminal
            that could show it.
        file: where sessions are kept for the next start; None: they end with this process.
    """

    def __init__(
        self,
        token: str | None = None,
        say_code: Callable[[str], object] | None = None,
        file: SessionFile | None = None,
    ) -> None:
        self.cookie = file.cookie if file else f"homerun_{secrets.token_hex(4)}"
        self._token = _hash(token) if token else None
        self._say_code = say_code
        self._said_at = time.monotonic()
        self._codes: dict[bytes, float] = {}
        self._file = file
        kept = file.read(self._token or b"") if file else []
        self._sessions = {one.cookie: _Known(one) for one in kept}
        self._lock = threading.Lock()

    @property
    def has_token(self) -> bool:
        """Whether there is one to be shown."""
        return self._token is not None

    def new_code(self) -> str:
        """A code that lets one browser in, within ten minutes; those before it count on.

        There are never many: a knock makes one in some seconds at most.
        """
        code = secrets.token_urlsafe(18)
        now = time.monotonic()
        with self._lock:
            self._codes = {one: end for one, end in self._codes.items() if end > now}
            self._codes[_hash(code)] = now + CODE_LIVES_S
        return code

    def enter_by_code(self, code: str) -> Session | None:
        """A session for a code, which is used up; None: it is none."""
        wanted = _hash(code)
        with self._lock:
            known = [one for one in self._codes if hmac.compare_digest(one, wanted)]
            is_right = any(self._codes.pop(one) > time.monotonic() for one in known)
        return self._new_session(b"") if is_right else None

    def enter_by_token(self, token: str) -> Session | None:
        """A session for the token; None: it is not that."""
        return self._new_session(self._token or b"") if self.is_token(token) else None

    def is_token(self, token: str) -> bool:
        """Whether this is the token."""
        return self._token is not None and hmac.compare_digest(self._token, _hash(token))

    def knows(self, cookie: str | None, key: str | None) -> bool:
        """Whether these belong to a session that goes on."""
        with self._lock:
            found = self._session(cookie)
            return found is not None and hmac.compare_digest(found.kept.key, _hash(key or ""))

    def new_ticket(self, cookie: str | None, wanted: Target) -> str:
        """What stands for the key in one request for one address, within half a minute."""
        ticket = secrets.token_urlsafe(18)
        with self._lock:
            found = self._session(cookie)
            if found is not None:
                found.tickets[_hash(ticket)] = time.monotonic() + TICKET_LIVES_S, wanted
                for old in list(found.tickets)[:-_MOST_TICKETS]:
                    del found.tickets[old]
        return ticket

    def takes(self, cookie: str | None, ticket: str, wanted: Target) -> bool:
        """Whether a ticket of this session is for this request; it is used up."""
        with self._lock:
            found = self._session(cookie)
            kept = found.tickets.pop(_hash(ticket), None) if found is not None else None
        return kept is not None and kept[0] > time.monotonic() and kept[1] == wanted

    def leave(self, cookie: str) -> None:
        """End a session."""
        with self._lock:
            if self._sessions.pop(_hash(cookie), None) is not None:
                self._keep()

    def knock(self) -> None:
        """A browser without a session asks: the terminal of the server shows a new code."""
        if self._say_code is None:
            return
        with self._lock:
            if time.monotonic() - self._said_at < _SAY_EVERY_S:
                return
            self._said_at = time.monotonic()
        self._say_code(self.new_code())

    def _new_session(self, by: bytes) -> Session:
        made = Session(secrets.token_urlsafe(32), secrets.token_urlsafe(32))
        kept = KeptSession(_hash(made.cookie), _hash(made.key), by)
        with self._lock:
            self._sessions[kept.cookie] = _Known(kept)
            for old in list(self._sessions)[:-MOST]:
                del self._sessions[old]
            self._keep()
        return made

    def _keep(self) -> None:
        if self._file is not None:
            self._file.write(one.kept for one in self._sessions.values())

    def _session(self, cookie: str | None) -> _Known | None:
        found = self._sessions.get(_hash(cookie)) if cookie else None
        return found if found is not None and found.kept.ends_at > time.monotonic() else None


def _hash(text: str) -> bytes:
    return hashlib.sha256(text.encode("utf-8", "replace")).digest()
