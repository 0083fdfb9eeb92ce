"""What a user has said of notifications, in a file of the user's own that no one else may read:

    ~/.config/homerun/notify.json

    {"on": ["failed"],
     "channels": [{"type": "ntfy", "url": "https://ntfy.sh/a-topic-of-mine"},
                  {"type": "mail", "to": "me@example.com", "host": "smtp.example.com",
                   "user": "me@example.com", "password": "$SMTP_PASSWORD"}]}

A value `$NAME` is that of an environment variable. No store says where anything is sent, and no
record holds what stands here.
"""

from __future__ import annotations

import os
import stat

from homerun.base import environ
from homerun.base.errors import UserError
from runstore.fs import facts

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from typing import Any

PLACE = "homerun/notify.json"
"""Below the folder of the user's settings."""

COMPLETED, FAILED, CANCELED = "completed", "failed", "canceled"
ENDED, NEVER = "ended", "never"
WHEN = (COMPLETED, FAILED, CANCELED, ENDED, NEVER)
"""Which ends of a run are told; `ended`: each of them."""

DESKTOP, MAIL, COMMAND = "desktop", "mail", "command"
SLACK, DISCORD, NTFY, WEBHOOK = "slack", "discord", "ntfy", "webhook"

KEYS: dict[str, tuple[tuple[str, ...], tuple[str, ...]]] = {
    DESKTOP: ((), ()),
    MAIL: (("to", "host"), ("from", "port", "security", "user", "password")),
    SLACK: (("url",), ()),
    DISCORD: (("url",), ()),
    NTFY: (("url",), ("token",)),
    WEBHOOK: (("url",), ("token",)),
    COMMAND: (("command",), ()),
}
"""The types of channels, each with the keys that it needs, and those that it may have."""

_NUMBERS, _LISTS = ("port",), ("to", "command")
_SECRET = ("url", "password", "token", "user")
_MOST_BYTES = 1 << 20
_OTHERS = stat.S_IRWXG | stat.S_IRWXO


class Channel:
    """One way to a person.

    Attributes:
        type: one of KEYS.
        said: its keys, with the values of variables in place of their names.
    """

    __slots__ = ("said", "type")

    def __init__(self, type: str, said: Mapping[str, Any]) -> None:
        self.type = type
        self.said = said

    @property
    def secrets(self) -> list[str]:
        """What no message may hold, the longest first."""
        found = {self.said[key] for key in _SECRET if self.said.get(key)}
        for address in [one for one in found if "://" in one]:
            found.add(address.partition("://")[2].partition("/")[2])
        return sorted(filter(None, found), key=len, reverse=True)

    @property
    def name(self) -> str:
        """It as people see it: its type, and the host that it reaches."""
        host = self.said.get("host") or _host(str(self.said.get("url") or ""))
        if self.type == COMMAND:
            host = os.path.basename(self.said["command"][0])
        return f"{self.type} ({host})" if host else self.type


class Said:
    """What the file says.

    Attributes:
        path: where it is, or would be.
        on: which ends are told where a submit says nothing.
    """

    __slots__ = ("channels", "on", "path")

    def __init__(self, path: str, on: Sequence[str] = (), channels: Sequence[Channel] = ()) -> None:
        self.path = path
        self.on = list(on)
        self.channels = list(channels)


def place() -> str:
    """Where the file is, or would be."""
    home = environ.config_home() or f"{os.path.expanduser('~')}/.config"
    return f"{home}/{PLACE}"


def read(*, with_values: bool = True) -> Said:
    """What the user has said; nothing where there is no file.

    Args:
        with_values: variables have to be set that the file names.

    Raises:
        UserError: it cannot be understood, or others may read it.
    """
    path = place()
    data = _private(path)
    if data is None:
        return Said(path)
    said = facts.parse(data)
    if said is None:
        raise UserError(f'{path} is not valid JSON: write {{"channels": [{{"type": …}}]}}')
    for key in said:
        if key not in ("on", "channels"):
            raise UserError(f"{path} says {key!r}; it can say on, channels")
    try:
        rows = said.get("channels", [])
        if not isinstance(rows, list):
            raise UserError(_shape())
        on = whens("on", said.get("on", []))
        return Said(path, on, [_channel(row, with_values=with_values) for row in rows])
    except UserError as error:
        raise UserError(f"{path}: {error.message}") from None


def whens(what: str, given: object) -> list[str]:
    """Which ends of a run are told.

    Raises:
        UserError: it is none of WHEN, nor a list of them.
    """
    texts = given.split(",") if isinstance(given, str) else given
    if not isinstance(texts, (list, tuple)):
        texts = [object()]
    found = [one.strip() for one in texts if isinstance(one, str)]
    if len(found) != len(texts) or not set(found) <= set(WHEN):
        raise UserError(f"{what} is one of {', '.join(WHEN)}, or several, not {given!r}")
    return found


def _private(path: str) -> bytes | None:
    """What the file holds; None: there is none.

    Raises:
        UserError: it is another user's, or others may read it.
    """
    try:
        descriptor = os.open(path, os.O_RDONLY | os.O_CLOEXEC | os.O_NONBLOCK)
    except (FileNotFoundError, NotADirectoryError):
        return None
    except OSError as error:
        raise UserError(f"{path} cannot be read: {error.strerror}") from None
    with open(descriptor, "rb") as file:  # what is opened is what is judged
        seen = os.fstat(descriptor)
        if not stat.S_ISREG(seen.st_mode):
            raise UserError(f"{path} is not a file")
        if seen.st_uid != os.geteuid():
            raise UserError(f"{path} belongs to another user: nothing is sent by it")
        if seen.st_mode & _OTHERS:
            raise UserError(f"{path} holds secrets, and others may read it: chmod 600 {path}")
        return file.read(_MOST_BYTES)


def _channel(row: object, *, with_values: bool) -> Channel:
    if not isinstance(row, dict) or row.get("type") not in KEYS:
        raise UserError(_shape())
    type = str(row["type"])
    needed, possible = KEYS[type]
    said = {key: value for key, value in row.items() if key != "type"}
    for key in needed:
        if key not in said:
            raise UserError(f"a channel {type} needs {' and '.join(needed)}")
    for key, value in said.items():
        if key not in (*needed, *possible):
            known = ", ".join((*needed, *possible)) or "nothing"
            raise UserError(f"a channel {type} says {key!r}; it can say {known}")
        said[key] = _value(type, key, value, with_values=with_values)
    if "url" in said and not _host(said["url"]) and with_values:
        raise UserError(f"the url of a channel {type} begins with https:// or http://")
    return Channel(type, said)


def _value(type: str, key: str, value: object, *, with_values: bool) -> Any:
    if key in _NUMBERS:
        if isinstance(value, int) and not isinstance(value, bool) and 0 < value < 1 << 16:
            return value
        raise UserError(f"{key} of a channel {type} is a number from 1 to 65535")
    if key in _LISTS:
        texts: list[Any] = value if isinstance(value, list) else [value]
        if texts and all(isinstance(one, str) and one for one in texts):
            if key == "command" and isinstance(value, str):
                return ["/bin/sh", "-c", value]
            return [_text(one, with_values=with_values and key == "to") for one in texts]
        raise UserError(f"{key} of a channel {type} is a text or a list of texts")
    if not isinstance(value, str) or not value:
        raise UserError(f"{key} of a channel {type} is a text")
    return _text(value, with_values=with_values)


def _text(given: str, *, with_values: bool) -> str:
    """A text, or the value of the variable that it names."""
    if not with_values or given[0] != "$":
        return given
    found = environ.variable(given[1:].strip("{}"))
    if not found:
        raise UserError(f"the environment variable {given[1:]} is not set here")
    return found


def _host(address: str) -> str:
    """The host of a web address, without user, port and path; "": it is none."""
    scheme, found, rest = address.partition("://")
    if not found or scheme.lower() not in ("http", "https"):
        return ""
    authority = rest.partition("/")[0].partition("?")[0].rpartition("@")[2]
    return authority if authority.isprintable() and " " not in authority else ""


def _shape() -> str:
    return (
        f'channels is a list such as [{{"type": "ntfy", "url": "https://ntfy.sh/my-topic"}}]; '
        f"the types are {', '.join(KEYS)}"
    )
