"""Deleting, restoring, removing and collecting, with a fault at each of their calls in turn."""

from __future__ import annotations

import os
import traceback
from itertools import count
from pathlib import Path

import pytest

from runstore import draft, layout, status
from runstore.draft import Draft
from runstore.errors import StoreError
from runstore.fs import lock
from runstore.run import deleted
from runstore.run.record import Record
from runstore.store import Store
from runstore.upkeep import garbage, trash
from runstore.upkeep.check import check
from torture import faults, report
from torture.faults import Fault

ACTS = ("delete", "restore", "purge", "collect")
KINDS = (faults.EIO, faults.ENOSPC, faults.EACCES, faults.EMFILE, faults.SHORT, faults.TORN)
TRIED = KINDS[: report.size(1, len(KINDS))]
STEP = report.size(5, 1)
"""In the short form every fifth call fails, and those are others for each act."""


@pytest.mark.parametrize("act", ACTS)
def test_a_fault_leaves_each_run_whole_in_one_place(tmp_path: Path, act: str) -> None:
    store = Store(str(tmp_path / layout.STORE_FOLDER)).for_writing()
    tries, breaks = 0, []
    for kind in TRIED:
        for lasts in (False, True):
            for nth in count(1 + (report.SEED + ACTS.index(act)) % STEP, STEP):
                tries += 1
                top = _ended(store, f"{act}-{tries}")
                child = _ended(store, f"{act}-{tries}-child", top)
                if act in ("restore", "collect"):
                    trash.delete(top)
                was_hit, said = _play(store, act, top.id, Fault(kind, nth, lasts=lasts))
                if said:
                    breaks.append(f"{kind} {nth}: {said}")
                for one in (top, child):
                    places = (store.get(one.id) is not None) + deleted.holds(store, one.id)
                    if places > 1 or (places < 1 and act in ("delete", "restore")):
                        breaks.append(f"{kind} {nth}: {one.id} is in {places} places")
                if store.get(top.id) is not None:
                    trash.purge(top)
                trash.empty(store)
                if not was_hit:
                    break
    report.settle(f"{act}: faults at its calls", tries, breaks)
    for name in os.listdir(f"{store.root}/{layout.IDS}"):
        os.utime(f"{store.root}/{layout.IDS}/{name}", (0, 0))
    assert [one for one in check(store) if one.cure is None] == []


def _ended(store: Store, run_id: str, parent: Record | None = None) -> Record:
    maker = Draft(store, "exp", run_id, parent=parent)
    held = maker.take_alive()
    record = maker.publish({"kind": status.SUBMITTED}, sync=False)
    lock.release(held)
    record.publish(layout.ENDED, dict(status.ended(status.COMPLETED)))
    if parent is not None:
        draft.link(parent, record)
    return record


def _play(store: Store, act: str, run_id: str, fault: Fault) -> tuple[bool, str]:
    """Do it in a child that is armed; whether the fault came, and what else was raised."""
    answer, tell = os.pipe()
    pid = os.fork()
    if not pid:
        code = 1
        try:
            faults.arm(fault)
            try:
                _act(store, act, run_id)
            except (StoreError, OSError):
                pass
            finally:
                faults.disarm()
            code = 0 if fault.hits else 3
        except BaseException:  # noqa: BLE001 - it is what the case is about
            os.write(tell, traceback.format_exc()[-500:].encode())
        finally:
            os._exit(code)
    os.close(tell)
    with open(answer) as file:
        said = file.read()
    code = os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1])
    return code != 3, said


def _act(store: Store, act: str, run_id: str) -> None:
    if act == "restore":
        trash.restore(deleted.find(store, run_id))
    elif act == "collect":
        garbage.collect(store, trash_days=0)
    else:
        getattr(trash, act)(store.find(run_id))
