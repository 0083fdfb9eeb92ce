"""The store as numbers for Prometheus: runs, failures, queues and slots, in its text format."""

from __future__ import annotations

import threading
import time

from homerun.base import times
from homerun.system.gpus import shares, table
from homerun.system.gpus.devices import NoGpus
from homerun.targets import queue as target_queue
from runstore import layout, status
from runstore.fs import facts
from runstore.index import counts

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping

    from homerun.views.table import Board

    Sample = tuple[Mapping[str, str], float]

MEDIA_TYPE = "text/plain; version=0.0.4; charset=utf-8"

_DECLARED = "declared"
"""The cause where a person has declared a run failed that had ended otherwise."""

_FRESH_S = 5.0
"""How old what the index says may be."""


class Scrape:
    """What is counted of a store; causes of failures are read once for each run."""

    def __init__(self, board: Board) -> None:
        self._board = board
        self._causes: dict[tuple[str, str], str] = {}
        self._lock = threading.Lock()

    def text(self) -> str | None:
        """All numbers as they are now; None: the index is being made, and counts a part."""
        with self._lock:
            self._board.live.freshen(_FRESH_S)
            return None if self._board.live.unread else "".join(self._families())

    def _families(self) -> Iterator[str]:
        with self._board.live.open() as cache:
            runs = counts.by_status_and_target(cache)
            failed = counts.failed(cache)
        yield family(
            "homerun_runs",
            "Runs by status and target, child runs among them.",
            [({"status": one, "target": target}, count) for one, target, count in runs],
        )
        causes = self._count_causes(failed)
        yield family(
            "homerun_failures",
            "Runs that are Failed, by cause.",
            [({"cause": cause}, count) for cause, count in sorted(causes.items())],
        )
        yield from self._of_queues()
        yield from _of_gpus()

    def _of_queues(self) -> Iterator[str]:
        now = time.time()
        lengths: list[Sample] = []
        waits: list[Sample] = []
        sizes: list[Sample] = []
        taken: list[Sample] = []
        for queue in target_queue.queues(self._board.store):
            labels = {"target": queue.target}
            since = [times.unix(one.since) or now for one in queue]
            lengths.append((labels, len(since)))
            waits.append((labels, max(0.0, now - min(since, default=now))))
            if queue.size is not None:
                sizes.append((labels, queue.size))
                taken.append((labels, queue.busy))
        yield family("homerun_queue_length", "Runs that wait for slots of a target.", lengths)
        yield family(
            "homerun_queue_longest_wait_seconds", "How long the oldest of them has waited.", waits
        )
        yield family("homerun_slots", "Slots of a target.", sizes)
        yield family("homerun_slots_busy", "Slots of a target that are taken.", taken)

    def _count_causes(self, failed: list[tuple[str, str]]) -> dict[str, int]:
        known = self._causes
        self._causes = {one: known.get(one) or self._cause(*one) for one in failed}
        found: dict[str, int] = {}
        for cause in self._causes.values():
            found[cause] = found.get(cause, 0) + 1
        return found

    def _cause(self, folder: str, run_id: str) -> str:
        run_folder = f"{self._board.store.root}/{folder}/{run_id}"
        ended = facts.read(run_folder, layout.ENDED) or {}
        is_declared = ended.get("status") != status.FAILED
        return _DECLARED if is_declared else str(ended.get("cause"))


def _of_gpus() -> Iterator[str]:
    """The GPUs of this machine; nothing where there is none."""
    try:
        found = table.readings()
    except NoGpus:
        return
    figures: dict[str, list[Sample]] = {"busy": [], "used": [], "runs": []}
    for one in found:
        labels = {"gpu": one.device.index, "name": one.device.name}
        if one.percent is not None:
            figures["busy"].append((labels, one.percent))
        if one.used is not None:
            figures["used"].append((labels, one.used))
        try:
            figures["runs"].append((labels, len(shares.holders(one.device))))
        except (shares.SharesFlaw, OSError):
            continue
    yield family("homerun_gpu_busy_percent", "How busy a GPU is.", figures["busy"])
    yield family("homerun_gpu_memory_used_bytes", "Memory of a GPU in use.", figures["used"])
    yield family("homerun_gpu_runs", "Runs that have a GPU, or a part of it.", figures["runs"])


def family(name: str, says: str, samples: Iterable[Sample]) -> str:
    """One family of gauges in the text format."""
    lines = [f"# HELP {name} {_plain(says)}", f"# TYPE {name} gauge"]
    for labels, value in samples:
        said = ",".join(f'{key}="{_escaped(text)}"' for key, text in labels.items())
        lines.append(f"{name}{{{said}}} {value:.10g}")
    return "\n".join(lines) + "\n"


def _escaped(text: str) -> str:
    """The value of a label."""
    return _plain(text).replace('"', '\\"')


def _plain(text: str) -> str:
    return text.replace("\\", "\\\\").replace("\n", "\\n")
