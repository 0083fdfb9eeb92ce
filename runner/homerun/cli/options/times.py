"""Times and ages as a command line gives them."""

from __future__ import annotations

from homerun.base import times
from homerun.cli.errors import BadValue
from homerun.cli.options.kinds import UNITS


def since_utc(given: str | None) -> str | None:
    """`30m`, `2h`, `3d`, a date, or a date and time (local unless it has an offset), as UTC."""
    if given is None:
        return None
    from datetime import datetime, timedelta, timezone

    number, unit = given[:-1], given[-1:]
    try:
        if unit in UNITS:
            at = datetime.now(timezone.utc) - timedelta(seconds=float(number) * UNITS[unit])
        else:
            at = times.parsed(given).astimezone(timezone.utc)
    except (ValueError, OverflowError):
        raise BadValue(
            f"{given!r} is not a valid time: give 30m, 2h, 3d, 2026-11-21 or 2026-11-21T14:30"
        ) from None
    return at.isoformat(timespec="microseconds")


def age(given: str | None) -> float | None:
    """`30d`, `12h`, `0` as seconds."""
    if given is None:
        return None
    number, unit = (given[:-1], given[-1]) if given[-1:] in UNITS else (given, "s")
    try:
        seconds = float(number) * UNITS[unit]
    except ValueError:
        seconds = -1.0
    if not 0 <= seconds < float("inf") or (given == number and seconds):
        raise BadValue(f"{given!r} is not a valid age: give 30d, 12h or 0")
    return seconds
