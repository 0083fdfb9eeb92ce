"""What this process has read of runs, kept for the next look: lists are asked for again and again.

Kept is a copy as bytes, so that nobody who changes what he got changes what the next one gets. It
counts only under the stamp that it was kept with, and not for long.
"""

from __future__ import annotations

import marshal
import time

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any

    Kept = dict[str, tuple[object, float, bytes]]
    """By a run's folder: the stamp, when it was kept, and the value."""

KEPT_S = 55.0
_MOST = 1_000


def get(kept: Kept, run_folder: str, stamp: object) -> dict[str, Any] | None:
    """What was kept of a run under this stamp; None: nothing, or long ago."""
    found = kept.get(run_folder)
    if found is None or found[0] != stamp or time.monotonic() - found[1] > KEPT_S:
        return None
    value: dict[str, Any] = marshal.loads(found[2])
    return value


def keep(kept: Kept, run_folder: str, stamp: object, value: dict[str, Any]) -> None:
    """Keep a record of JSON's types; what marshal cannot hold is not kept."""
    try:
        data = marshal.dumps(value)
    except ValueError:
        return
    if len(kept) >= _MOST:
        kept.clear()
    kept[run_folder] = (stamp, time.monotonic(), data)
