"""The sessions of browsers, kept from one start of a server to the next.

They lie in a file of this user's alone, outside of any store, one for each place at which a server
listens. Only hashes are in it: who reads it cannot come in. Where it cannot be written, a session
ends with its server.
"""

from __future__ import annotations

import contextlib
import hashlib
import json
import os
import secrets
import time
from typing import TYPE_CHECKING, Any

from homerun.base import environ

if TYPE_CHECKING:
    from collections.abc import Iterable

LIVES_S = 30 * 86_400.0
MOST = 100
_FOLDER = "homerun/studio"
_MOST_BYTES = 1 << 20


class KeptSession:
    """What is kept of a session: hashes, and when it ends, by this process's clock.

    Args:
        by: the hash of the token that it was made for; b"": it was made for a code.
    """

    def __init__(self, cookie: bytes, key: bytes, by: bytes = b"", left: float = LIVES_S) -> None:
        self.cookie = cookie
        self.key = key
        self.by = by
        self.ends_at = time.monotonic() + left


class SessionFile:
    """Where sessions are kept.

    Args:
        place: what tells a server from others of this user: its store, host, port and path.
    """

    def __init__(self, *place: object) -> None:
        name = hashlib.sha256(json.dumps([str(part) for part in place]).encode()).hexdigest()[:32]
        self.path = f"{environ.state_folder()}/{_FOLDER}/{name}.json"
        found = self._read()
        self._sessions = found.get("sessions")
        cookie = found.get("cookie")
        is_good = isinstance(cookie, str) and cookie.isascii() and cookie.isalnum()
        self.cookie = f"homerun_{cookie if is_good else secrets.token_hex(4)}"

    def read(self, token: bytes) -> list[KeptSession]:
        """The sessions that go on: those of another token than this hash do not."""
        now = time.time()
        found = []
        for one in self._sessions if isinstance(self._sessions, list) else []:
            try:
                cookie, key, by = (bytes.fromhex(one[name]) for name in ("cookie", "key", "by"))
                left = min(float(one["ends"]) - now, LIVES_S)
            except (KeyError, TypeError, ValueError):
                continue
            if left > 0 and by in (b"", token):
                found.append(KeptSession(cookie, key, by, left))
        return found[-MOST:]

    def write(self, sessions: Iterable[KeptSession]) -> None:
        """Keep these, and no others."""
        ahead = time.time() - time.monotonic()
        told = [
            {
                "cookie": one.cookie.hex(),
                "key": one.key.hex(),
                "by": one.by.hex(),
                "ends": one.ends_at + ahead,
            }
            for one in sessions
        ]
        data = {"cookie": self.cookie.partition("_")[2], "sessions": told}
        with contextlib.suppress(OSError):
            os.makedirs(os.path.dirname(self.path), 0o700, exist_ok=True)
            self._replace(json.dumps(data))

    def _replace(self, text: str) -> None:
        """Another file in its place: a server that is killed meanwhile leaves the former one."""
        made = f"{self.path}.{secrets.token_hex(4)}"
        flags = os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC
        with open(os.open(made, flags, 0o600), "w", encoding="utf-8") as file:
            file.write(text)
        os.replace(made, self.path)

    def _read(self) -> dict[str, Any]:
        try:
            descriptor = os.open(self.path, os.O_RDONLY | os.O_CLOEXEC | os.O_NOFOLLOW)
            with open(descriptor, "rb") as file:
                is_own = os.fstat(descriptor).st_uid == os.geteuid()
                found = json.loads(file.read(_MOST_BYTES)) if is_own else None
        except (OSError, ValueError):
            return {}
        return found if isinstance(found, dict) else {}
