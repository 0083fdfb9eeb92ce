"""A cache of what this process has read of runs, and the time stamps that tell whether it holds.

The cache keeps copies (marshal is the deep copy), so that a caller can change what it got. A copy
counts only under the stamp that it was kept with, and for less than a minute.
"""

from __future__ import annotations

import marshal
import os
import time

from runstore import layout

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any

    Kept = dict[str, tuple[object, float, bytes]]
    """By a run's folder: the stamp, when it was kept, and the value."""

KEPT_S = 55.0
_MOST = 1_000
_STAMPED = ("", f"/{layout.LABELS}", f"/{layout.PROPERTIES}")
_SETTLED_NS = 2_000_000_000
"""A folder changed so recently may change again within one tick of its time stamp."""


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


def stamp_of(run_folder: str) -> str:
    """The time stamps of a run's folders, which change with every name in them; "" if it is gone.

    Facts, labels and properties are files of their own that never change, so a change is a name.
    """
    found = []
    for inner in _STAMPED:
        try:
            seen = os.lstat(run_folder + inner)
        except OSError:
            if not inner:
                return ""
            found.append("-")
        else:
            found.append(f"{seen.st_ino}.{seen.st_mtime_ns}")
    return " ".join(found)


def is_fresh(run_folder: str) -> bool:
    """Whether one of the run's folders changed a moment ago.

    The file system's time stamps have ticks of milliseconds: a change in the same tick as ours
    could not be told from none. Only the index's own freshness rests on this clock.
    """
    now = time.time_ns()
    for inner in _STAMPED:
        try:
            if abs(now - os.lstat(run_folder + inner).st_mtime_ns) < _SETTLED_NS:
                return True
        except OSError:
            continue
    return False
