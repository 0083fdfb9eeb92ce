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

KEPT_S = 55.0
_MOST = 1_000


class Recent:
    """Values of JSON's types by a run's folder."""

    __slots__ = ("_kept",)

    def __init__(self) -> None:
        self._kept: dict[str, tuple[object, float, bytes]] = {}

    def get(self, run_folder: str, stamp: object) -> dict[str, Any] | None:
        """What was kept of a run under this stamp; None: nothing, or long ago."""
        found = self._kept.get(run_folder)
        if found is None or found[0] != stamp or time.monotonic() - found[1] > KEPT_S:
            return None
        value: dict[str, Any] = marshal.loads(found[2])
        return value

    def keep(self, run_folder: str, stamp: object, value: dict[str, Any]) -> None:
        """Keep a value; what marshal cannot hold is not kept."""
        try:
            data = marshal.dumps(value)
        except ValueError:
            return
        if len(self._kept) >= _MOST:
            self._kept.clear()
        self._kept[run_folder] = (stamp, time.monotonic(), data)
