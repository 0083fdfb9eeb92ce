"""The time stamps of a run's folders: they say whether anything of a run has changed."""

from __future__ import annotations

import os
import time

from runstore import layout

_STAMPED = ("", f"/{layout.LABELS}", f"/{layout.PROPERTIES}")
_SETTLED_NS = 2_000_000_000
"""A folder changed so recently may change again within one tick of its time stamp."""


def of(run_folder: str) -> str:
    """The time stamps of a run's folders, which change with every name in them; "" if it is gone.

    Facts, labels and properties are files of their own that never change, so a change is a name.
    """
    found = []
    for inner in _STAMPED:
        try:
            seen = os.stat(run_folder + inner)
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
            if abs(now - os.stat(run_folder + inner).st_mtime_ns) < _SETTLED_NS:
                return True
        except OSError:
            continue
    return False
