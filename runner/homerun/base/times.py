"""Times as they are printed: ISO 8601 in UTC that ends in Z."""

from __future__ import annotations


def zulu(time: object) -> str | None:
    """A recorded time as the original prints it: ISO 8601 that ends in Z."""
    return str(time).replace("+00:00", "Z") if time else None


def instant(seconds: float) -> str:
    """A time of the file system, as recorded times are printed."""
    from datetime import datetime, timezone

    time = datetime.fromtimestamp(seconds, timezone.utc)
    return time.isoformat(timespec="milliseconds").replace("+00:00", "Z")
