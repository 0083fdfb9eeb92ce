"""This machine as it is now: processors, memory, GPUs, the disk of the store, and its targets."""

from __future__ import annotations

import threading
import time
from typing import Any

from homerun.system import portable
from homerun.system.gpus import table as gpu_table
from homerun.system.gpus.devices import NoGpus
from homerun.targets import queue as target_queue
from homerun.targets.registry import Targets
from runstore.fs import mounts
from runstore.queue.queue import Queue
from runstore.store import Store

_LOOK_S = 1.0
"""Between two looks: several pages ask at the same time."""
_NO_GPUS_S = 60.0
"""A driver that does not answer is asked again, and seldom."""


class Machine:
    """Looks at the machine that this process runs on; from any thread."""

    def __init__(self, store: Store) -> None:
        self._store = store
        self._looking = threading.Lock()
        self._before = portable.processor_time()
        self._known: dict[str, Any] = {}
        self._looked_at = self._gpus_missed_at = float("-inf")

    def read(self) -> dict[str, Any]:
        """What it is busy with, at most a second old; None where that is not told."""
        with self._looking:
            now = time.monotonic()
            if not self._known or now - self._looked_at >= _LOOK_S:
                self._known, self._looked_at = self._look(now), now
            return self._known

    def _look(self, now: float) -> dict[str, Any]:
        size, available = portable.memory()
        return {
            "cpu_percent": self._busy(),
            "memory_bytes": size,
            "memory_used_bytes": size - available,
            "disk": self._disk(),
            "gpus": self._gpus(now),
            "targets": self._targets(),
        }

    def _busy(self) -> float | None:
        """How busy the processors were since the last look, in percent of all of them."""
        before, self._before = self._before, portable.processor_time()
        busy, whole = (now - then for now, then in zip(self._before, before))
        if whole <= 0:
            return self._known.get("cpu_percent")
        return round(min(100.0, max(0.0, 100.0 * busy / whole)), 1)

    def _disk(self) -> dict[str, int] | None:
        try:
            free, size = mounts.room(self._store.root)
        except OSError:
            return None  # there is no store yet, or the disk does not tell
        return {"free_bytes": free, "bytes": size}

    def _gpus(self, now: float) -> list[dict[str, Any]]:
        if now - self._gpus_missed_at < _NO_GPUS_S:
            return []
        try:
            found = gpu_table.readings()
        except NoGpus:
            self._gpus_missed_at = now
            return []
        return [
            {
                "index": one.device.index,
                "name": one.device.name,
                "percent": one.percent,
                "memory_bytes": one.device.memory,
                "memory_used_bytes": one.used,
                "flaw": one.flaw or None,
            }
            for one in found
        ]

    def _targets(self) -> list[dict[str, Any]]:
        """Each target's slots, and how many entries its queue has."""
        default = Targets(self._store).default
        return [
            {
                "target": one.target,
                "slots": one.size,
                "busy": one.busy,
                "paused": one.is_paused,
                "is_default": one.target == default,
                "waiting": len(Queue(self._store.root, one.target).names()),
            }
            for one in target_queue.queues(self._store)
        ]
