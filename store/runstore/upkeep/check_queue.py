"""The check of the queues: what a killed submitter or starter left holds environment values."""

from __future__ import annotations

import os

from runstore import layout
from runstore.fs import atomic
from runstore.queue import order, place, queue
from runstore.queue.queue import Queue
from runstore.upkeep.findings import YOUNG_S, Finding, age_s, names_or_none, remover

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from runstore.store import Store


def check_queues(store: Store) -> Iterator[Finding]:
    """Entries whose run never appeared, was removed, or has started; and half-written ones."""
    for name in queue.names(store.root):
        waiting = Queue(store.root, name)
        files = names_or_none(waiting.folder)
        for file in files:
            problem = _problem(store, waiting, file, files)
            if problem:
                path = f"{waiting.folder}/{file}"
                yield Finding(os.path.relpath(path, store.root), problem, remover(store.root, path))


def _problem(store: Store, waiting: Queue, name: str, names: Sequence[str]) -> str:
    """What is wrong with a file of a queue; a young one may be of a process at work."""
    is_young = age_s(f"{waiting.folder}/{name}") <= YOUNG_S
    if name.startswith(layout.NEW):
        return "" if is_young else "a killed submitter left it half-written"
    if name.startswith(layout.QUEUE_KEPT):
        record = store.get(name[len(layout.QUEUE_KEPT) :])
        if record is None:
            return "" if is_young else "no run has this id"
        return "its run is over" if record.fact(layout.ENDED) else ""
    if order.is_of_none(name, names) and not is_young:
        return "what it moved waits no more"
    entry = None if name[:1] == "." else waiting.entry(name)
    if entry is None:
        return ""
    record = store.get(entry.run_id)
    if record is None:
        return "" if is_young else "no run has this id"
    if atomic.read_bytes(f"{record.path}/{layout.ENDED}"):
        return "its run is over"
    return "its run has started" if place.has_begun(record) and not is_young else ""
