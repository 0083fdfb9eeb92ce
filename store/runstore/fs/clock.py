"""The time as a store records it: UTC, as ISO 8601 text."""

from __future__ import annotations

import time


def now() -> str:
    """The time in UTC, ISO 8601 with an offset and microseconds."""
    return stamp(time.time())


def stamp(seconds: float) -> str:
    """A Unix time as ISO 8601 text in UTC."""
    whole = int(seconds // 1)
    y, mo, d, h, mi, s = time.gmtime(whole)[:6]
    micro = int((seconds - whole) * 1_000_000)
    return f"{y:04d}-{mo:02d}-{d:02d}T{h:02d}:{mi:02d}:{s:02d}.{micro:06d}+00:00"
