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


def unix(time: object) -> float | None:
    """A recorded time in seconds since 1970; None: there is none, or it is damaged."""
    if not isinstance(time, str):
        return None
    try:
        return parsed(time).timestamp()
    except ValueError:
        return None
