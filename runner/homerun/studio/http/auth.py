"""Who may come in: a code that is used once, a token, and the sessions of browsers that showed one.

What is secret is compared in constant time, is in no log, and of a session only a hash is kept.
"""

from __future__ import annotations

import hashlib
import hmac
import secrets
import threading
import time
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable

CODE_LIVES_S = 600.0
_SESSION_LIVES_S = 30 * 86_400.0
_MOST_SESSIONS = 100
_MOST_CODES = 3
_SAY_EVERY_S = 10.0


class Door:
    """Lets people in.

    Args:
        token: what may be shown in place of a code; None: nothing.
        say_code: called with a new code when a stranger has knocked; None: there is no terminal
            that could show it.
    """

    def __init__(
        self, token: str | None = None, say_code: Callable[[str], object] | None = None
    ) -> None:
        self.cookie = f"homerun_{secrets.token_hex(4)}"
        self._token = _hash(token) if token else None
        self._say_code = say_code
        self._said_at = time.monotonic()
        self._codes: dict[bytes, float] = {}
        self._sessions: dict[bytes, float] = {}
        self._lock = threading.Lock()

    @property
    def has_token(self) -> bool:
        """Whether there is one to be shown."""
        return self._token is not None

    def new_code(self) -> str:
        """A code that lets one browser in, within ten minutes; a few before it count on."""
        code = secrets.token_urlsafe(18)
        with self._lock:
            self._codes[_hash(code)] = time.monotonic() + CODE_LIVES_S
            for old in list(self._codes)[:-_MOST_CODES]:
                del self._codes[old]
        return code

    def enter_by_code(self, code: str) -> str | None:
        """A session for a code, which is used up; None: it is none."""
        wanted = _hash(code)
        with self._lock:
            known = [one for one in self._codes if hmac.compare_digest(one, wanted)]
            is_right = any(self._codes.pop(one) > time.monotonic() for one in known)
        return self._new_session() if is_right else None

    def enter_by_token(self, token: str) -> str | None:
        """A session for the token; None: it is not that."""
        if self._token is None or not hmac.compare_digest(self._token, _hash(token)):
            return None
        return self._new_session()

    def knows(self, session: str | None) -> bool:
        """Whether a session is one that goes on."""
        if not session:
            return False
        wanted = _hash(session)
        with self._lock:
            return self._sessions.get(wanted, float("-inf")) > time.monotonic()

    def leave(self, session: str) -> None:
        """End a session."""
        with self._lock:
            self._sessions.pop(_hash(session), None)

    def knock(self) -> None:
        """A browser without a session asks: the terminal of the server shows a new code."""
        if self._say_code is None:
            return
        with self._lock:
            if time.monotonic() - self._said_at < _SAY_EVERY_S:
                return
            self._said_at = time.monotonic()
        self._say_code(self.new_code())

    def _new_session(self) -> str:
        session = secrets.token_urlsafe(32)
        with self._lock:
            self._sessions[_hash(session)] = time.monotonic() + _SESSION_LIVES_S
            for old in list(self._sessions)[:-_MOST_SESSIONS]:
                del self._sessions[old]
        return session


def _hash(text: str) -> bytes:
    return hashlib.sha256(text.encode("utf-8", "replace")).digest()
