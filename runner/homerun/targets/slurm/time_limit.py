"""Limits of time: as people write them, and as Slurm takes them, in whole minutes."""

from __future__ import annotations

import math
import re

_UNITS = {"d": 86400, "h": 3600, "m": 60, "s": 1}
_WITH_UNITS = re.compile(r"(?:(\d+)d)?(?:(\d+)h)?(?:(\d+)m)?(?:(\d+)s)?")
_COLONS = re.compile(r"(?:(\d+)-)?(\d+)(?::(\d+))?(?::(\d+))?")

_EARLIER_S = 15
"""The notice ahead of Slurm's limit is so much longer than the run's grace."""


def read_time(text: str) -> int:
    """Seconds of `2h`, `1d12h`, `90m`, or as Slurm has it: `90` minutes, `2:00:00`, `1-12`.

    Raises:
        ValueError: it is none of these.
    """
    given = text.strip().lower()
    units = _WITH_UNITS.fullmatch(given)
    if given and units:
        seconds = sum(int(n or 0) * s for n, s in zip(units.groups(), _UNITS.values()))
    else:
        seconds = _of_colons(given)
    if seconds < 1:
        raise ValueError(f"{text!r} is not a valid time; write it as 90m, 2h or 1d12h")
    return seconds


def _of_colons(given: str) -> int:
    found = _COLONS.fullmatch(given)
    if not found:
        return 0
    days, *parts = (None if part is None else int(part) for part in found.groups())
    first, second, third = parts[0] or 0, parts[1], parts[2]
    if days is not None:
        return days * 86400 + first * 3600 + (second or 0) * 60 + (third or 0)
    if third is not None:
        return first * 3600 + (second or 0) * 60 + third
    return first * 60 + (second or 0)


def minutes(said_s: int | None, own_s: float | None) -> int | None:
    """The limit for Slurm; None: what the partition has.

    Args:
        said_s: the limit of the target.
        own_s: that of the job, if its run has a limit of its own.
    """
    limits = [limit for limit in (said_s, own_s) if limit is not None]
    return max(1, math.ceil(min(limits) / 60)) if limits else None


def notice_s(limit_min: int | None, grace_s: float) -> int:
    """How long before the limit the run is told; at most half of the limit."""
    wanted = math.ceil(grace_s) + _EARLIER_S
    return wanted if limit_min is None else max(1, min(wanted, limit_min * 30))
