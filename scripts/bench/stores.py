"""Filling a store with ended runs, written as the product writes them, some thousands a second.

The index is fed meanwhile, as the product has it fed while runs end.

Each has what a submitted run has: run.json, started.json, exited.json, ended.json, `alive`, and a
log of metrics; only its script was never started. Every tenth is tagged `quality = good`. The
first has children.
"""

from __future__ import annotations

import os
import time
from typing import Any

from runstore import draft, layout, names, status
from runstore.fs import append, atomic, facts, json_write
from runstore.index import verify
from runstore.run import change_marks, identity, ledger
from runstore.run.record import Record
from runstore.store import Store, store_of

FILES = 10
"""Files and folders of a run, at most."""
SIZE = 30_000
"""What a run takes of a file system in memory, in bytes, at most."""
CHILDREN = 50
EXPERIMENTS = ("digits", "fruits", "houses", "weather")
TAG = ("quality", "good")
_EVERY = 10
_RATES = (0.1, 0.03, 0.01, 0.003)
_AT_ONCE = 25_000
"""Ids of one second hold a double more often, the more there are."""


def fill(root: str, runs: int) -> Store:
    """Make a store of so many runs, in four experiments.

    Returns:
        The store; the run that has children is the oldest of the first experiment.
    """
    store = Store(root).for_writing()
    each = runs // len(EXPERIMENTS)
    for experiment in EXPERIMENTS:
        store.make_experiment(experiment)
    parent = _write(store, EXPERIMENTS[0], 1)[0]
    _write(store, EXPERIMENTS[0], CHILDREN, parent)
    _write(store, EXPERIMENTS[0], each - CHILDREN - 1)
    for experiment in EXPERIMENTS[1:]:
        _write(store, experiment, each)
    return store


def fill_below(root: str, runs: int, below: int) -> Store:
    """Make a store of so many runs in one experiment, the last of which has so many children."""
    store = Store(root).for_writing()
    store.make_experiment(EXPERIMENTS[0])
    parent = _write(store, EXPERIMENTS[0], runs)[-1]
    for made in range(0, below, _AT_ONCE):
        _write(store, EXPERIMENTS[0], min(_AT_ONCE, below - made), parent)
    return store


def oldest(store: Store) -> str:
    """The id of the run that has children."""
    path = f"{store.root}/{EXPERIMENTS[0]}/{layout.LEDGER}"
    return next(iter(ledger.between(path, 0, 1))).run_id


def _write(store: Store, experiment: str, runs: int, parent: Record | None = None) -> list[Record]:
    home = f"{store.root}/{experiment}"
    ids = _fresh_ids(home, experiment, runs)
    second = time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime())
    path = f"{home}/{layout.LEDGER}"
    first = ledger.add_many(path, ids, second, child=parent is not None)
    here = {**identity.here(), "store_id": store.id}
    user = facts.user_name()
    made = []
    for number, run_id in enumerate(ids, first):
        record = Record(store, experiment, run_id)
        asked = _asked(record, experiment, number, parent, here)
        _write_run(record, asked, here, user)
        if parent is not None:
            draft.link(parent, record)
        made.append(record)
    return made


def _fresh_ids(home: str, experiment: str, count: int) -> list[str]:
    """Ids by chance, of which 25,000 in one second hold a double once in fourteen times."""
    found: dict[str, None] = {}
    while len(found) < count:
        run_id = names.new_run_id(experiment)
        if not os.path.exists(f"{home}/{run_id}"):
            found[run_id] = None
    return list(found)


def _write_run(
    record: Record, asked: dict[str, object], here: dict[str, object], user: str
) -> None:
    hidden = f"{os.path.dirname(record.path)}/{layout.NEW}{record.id}"
    atomic.make_new_folder(hidden)
    atomic.make_new_folder(f"{hidden}/{layout.METRICS}")
    descriptor = append.open_for_append(f"{hidden}/{layout.METRICS}/1-{record.id[-8:]}.jsonl")
    loss = int(record.id[-8:], 16) / (1 << 32)  # as most metrics, another in each run
    append.write_record(descriptor, f'{{"n":"loss","v":{loss!r},"t":1795254535.788435}}')
    os.close(descriptor)
    atomic.write(f"{hidden}/{layout.ALIVE}", b"")
    inode = os.stat(f"{hidden}/{layout.ALIVE}").st_ino
    place = {**here, "alive_inode": inode}
    written: list[tuple[str, dict[str, object]]] = [
        (layout.RUN, {**asked, "submitted_from": place}),
        (layout.STARTED, {**_STARTED, **place}),
        (layout.EXITED, _EXITED),
        (layout.ENDED, _ENDED),
    ]
    for name, fact in written:
        data = json_write.pretty(facts.signed(fact, user)).encode()
        atomic.write(f"{hidden}/{name}", data)
    os.rename(hidden, record.path)
    if change_marks.mark_end(record.store.root, record.id):
        verify.feed(store_of(record))


def _asked(
    record: Record, experiment: str, number: int, parent: Record | None, here: dict[str, Any]
) -> dict[str, object]:
    rate = _RATES[number % len(_RATES)]
    arguments = ["--epochs", "5", "--rate", str(rate)]
    return {
        "id": record.id,
        "uuid": names.new_uuid(),
        "number": number,
        "experiment": experiment,
        "parent": parent.id if parent else None,
        "kind": status.SUBMITTED,
        "type": "azureml.scriptrun",
        "tags": dict([TAG] if number % _EVERY == 0 else [("quality", "poor")]),
        "script": "train.py",
        "arguments": arguments,
        "params": {"epochs": 5, "rate": rate},
        "command": ["/usr/bin/python3", "train.py", *arguments],
        "environment_variables": [],
        "source_directory": "/home/somebody/digits",
        "in_place": False,
        "snapshot": "51abd47667f6a0cf87e6d80c301d9b6cea0a1bd1",
        "target": "local",
        "grace_s": 10.0,
        "on_exit": "sweep",
    }


_STARTED: dict[str, object] = {
    "attempt": 1,
    "script": {"pid": 2, "start_ticks": 277622, "pidfd_inode": 113596},
    "supervisor": {"pid": 1, "start_ticks": 277616, "pidfd_inode": 113592},
    "grace_s": 10.0,
    "memory_kills": 0,
    "limit_s": None,
    "clock_s": 2776.223887,
}
_EXITED: dict[str, object] = {
    "wait_status": 0,
    "exit_code": 0,
    "signal": None,
    "source": "supervisor",
    "elapsed_s": 0.121884,
    "cpu_user_s": 0.03937,
    "cpu_system_s": 0.00328,
    "peak_memory_kib": 11484,
}
_ENDED: dict[str, object] = {
    "status": status.COMPLETED,
    "cause": None,
    "exit_code": 0,
    "signal": None,
    "source": "supervisor",
}
