"""Submits that race collections of garbage, which are killed at any of their calls."""

from __future__ import annotations

import os
import signal
from pathlib import Path
from random import Random
from typing import Any

from helpers.children import race
from homerun.snapshots import scan, snapshot, work_copy
from runstore import layout, status
from runstore.draft import Draft
from runstore.fs import lock
from runstore.run import deleted
from runstore.run.record import Record
from runstore.store import Store
from runstore.upkeep import trash
from runstore.upkeep.check import check
from runstore.upkeep.garbage import collect
from torture import faults, report
from torture.faults import Fault

MAKERS = 3
FILES = ("train.py", "package/model.py")

GIB = 1 << 30


def test_no_run_is_ever_without_its_snapshot(tmp_path: Path) -> None:
    store = Store(str(tmp_path / layout.STORE_FOLDER)).for_writing()
    for name in "ab":  # makers share both
        for file in FILES:
            path = tmp_path / name / file
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_text(f"print({name!r})\n")
    count = report.size(40, 1000)

    def play(number: int) -> dict[str, Any]:
        if number == MAKERS:
            return _collect(store.root, tmp_path)
        try:
            return _make(store.root, tmp_path, number, count)
        finally:
            (tmp_path / f"done-{number}").touch()

    *made, collected = race(MAKERS + 1, play)

    breaks = [line for one in made for line in one["breaks"]]
    report.settle("submits beside collections that are killed", MAKERS * count, breaks)
    assert all(collected.values()), f"this shows nothing: {collected}"
    trash.empty(store)
    collect(store)
    assert [name for name in os.listdir(f"{store.root}/{layout.SNAPSHOTS}") if name[0] != "."] == []
    assert check(store) == []


def _make(root: str, home: Path, number: int, count: int) -> dict[str, Any]:
    """Make runs as a submit does, and delete them again, in one way or another."""
    store, chance = Store(root), Random(report.SEED + number)
    breaks = []
    for turn in range(count):
        folder = str(home / "ab"[(turn + number) % 2])
        taken = snapshot.take(scan.scan(folder, store=root), f"{root}/{layout.SNAPSHOTS}")
        draft = Draft(store, "exp")
        alive = draft.take_alive()
        os.mkdir(f"{draft.path}/{layout.WORK}")
        work_copy.build(taken, draft.path, folder, GIB)
        record = draft.publish({"kind": status.SUBMITTED, "snapshot": taken.id}, sync=False)
        taken.let_go()
        record.publish(layout.ENDED, dict(status.ended(status.COMPLETED)))
        lock.release(alive)
        for _ in range(chance.choice((0, 1, 2))):
            breaks += _missing(record, "before")
            trash.delete(record)
            breaks += _missing(deleted.find(store, record.id), "in the trash")
            trash.restore(deleted.find(store, record.id))
        breaks += _missing(record, "after")
        if turn < count - 1:
            trash.purge(record)
        else:
            trash.delete(record)
    return {"breaks": breaks}


def _missing(record: Record, when: str) -> list[str]:
    """What a run's snapshot lacks of what it has to hold."""
    path = f"{record.store.root}/{layout.SNAPSHOTS}/{record.run['snapshot']}"
    names = [layout.SNAPSHOT_MANIFEST, *(f"{layout.SNAPSHOT_TREE}/{file}" for file in FILES)]
    return [f"{when}: {name} is gone" for name in names if not os.path.exists(f"{path}/{name}")]


def _collect(root: str, home: Path) -> dict[str, Any]:
    """Collect again and again; every other time the collector is killed, at any of its calls."""
    chance = Random(report.SEED)
    killed = snapshots = 0
    while not all((home / f"done-{number}").exists() for number in range(MAKERS)):
        pid = os.fork()
        if not pid:
            try:
                faults.arm(Fault(faults.KILL, chance.randint(1, 100)))
                collect(Store(root))
            finally:
                os._exit(0)
        code = os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1])
        killed += code == -signal.SIGKILL
        snapshots += sum(one.what == "snapshot" for one in collect(Store(root)).items)
    return {"killed": killed, "snapshots": snapshots}
