"""Times as records hold them, and as the original prints them: ISO 8601 in UTC."""

from __future__ import annotations

TYPE_CHECKING = False
if TYPE_CHECKING:
    from datetime import datetime

_UTC, _Z = "+00:00", "Z"


def zulu(time: object) -> str | None:
    """A recorded time as the original prints it: it ends in Z."""
    return str(time).replace(_UTC, _Z) if time else None


def instant(seconds: float) -> str:
    """A time of the file system as the original prints recorded times."""
    from datetime import datetime, timezone

    time = datetime.fromtimestamp(seconds, timezone.utc)
    return time.isoformat(timespec="milliseconds").replace(_UTC, _Z)


def parsed(text: str) -> datetime:
    """A time with either ending.

    Raises:
        ValueError: it is none.
    """
    from datetime import datetime

    return datetime.fromisoformat(text.replace(_Z, _UTC))


def as_datetime(text: object) -> datetime | None:
    """A recorded time as an object; None: there is none, or it is damaged."""
    try:
        return parsed(text) if isinstance(text, str) else None
    except ValueError:
        return None


_STEPS = (("d", 86400), ("h", 3600), ("m", 60))


def how_long_ago(time: object, now: float) -> str | None:
    """How long ago a recorded time was, as `5s ago`, `3m ago`, `2h ago`, `6d ago`, or its date."""
    at = unix(time)
    if at is None:
        return None
    seconds = max(0.0, now - at)
    if seconds > 30 * 86400:
        return str(time)[:10]
    for unit, length in _STEPS:
        if seconds >= length:
            return f"{seconds // length:.0f}{unit} ago"
    return f"{seconds:.0f}s ago"


def unix(time: object) -> float | None:
    """A recorded time in seconds since 1970; None: there is none, or it is damaged."""
    found = as_datetime(time)
    return None if found is None else found.timestamp()
