"""Collecting what nobody needs: what goes, what stays, and what stays out of caution."""

from __future__ import annotations

import os
from collections.abc import Callable
from pathlib import Path

import pytest

from helpers.children import in_child
from runstore import layout, status
from runstore.draft import Draft
from runstore.fs import atomic, facts, lock
from runstore.run import snapshot_claims
from runstore.run.record import Record
from runstore.store import Store
from runstore.upkeep import garbage, trash
from runstore.upkeep.check import check
from runstore.upkeep.garbage import collect

OLD = (1_000_000_000, 1_000_000_000)


@pytest.fixture
def snapshot(store: Store) -> Callable[[str], str]:
    """Make a snapshot of that name; its folder."""

    def make(name: str) -> str:
        path = f"{store.root}/{layout.SNAPSHOTS}/{name}"
        os.makedirs(f"{path}/{layout.SNAPSHOT_TREE}")
        Path(path, layout.SNAPSHOT_TREE, "train.py").write_text("print(1)\n" * 1000)
        Path(path, layout.SNAPSHOT_MANIFEST).write_text("{}")
        return path

    return make


def _left(store: Store) -> set[str]:
    found = os.listdir(f"{store.root}/{layout.SNAPSHOTS}")
    return {name for name in found if name[0] != "."}


def _end(record: Record) -> Record:
    record.publish(layout.ENDED, dict(status.ended(status.COMPLETED)))
    return record


def test_a_snapshot_that_no_run_names_goes_and_its_bytes_are_told(store, snapshot, make_run):
    snapshot("used")
    snapshot("later")
    snapshot("nobody")
    make_run(snapshot="used")
    make_run().add_property(snapshot_claims.KEPT_LATER, "later")

    looked = collect(store, dry_run=True)
    assert [(one.what, one.path) for one in looked.items] == [("snapshot", ".snapshots/nobody")]
    assert looked.size > 9000
    assert _left(store) == {"used", "later", "nobody"}

    done = collect(store)

    assert [one.path for one in done.items] == [".snapshots/nobody"]
    assert done.size > 9000
    assert _left(store) == {"used", "later"}
    assert collect(store).items == []


def test_a_deleted_run_keeps_its_snapshot_until_it_is_gone_for_good(store, snapshot, make_run):
    snapshot("code")
    record = _end(make_run(snapshot="code"))
    trash.delete(record)

    assert collect(store).items == []
    assert collect(store, trash_days=0, dry_run=True).items != []

    found = collect(store, trash_days=0)

    assert [one.what for one in found.items] == [garbage.TRASHED, garbage.SNAPSHOT]
    assert _left(store) == set()


def test_a_snapshot_that_is_claimed_stays_and_so_does_one_claimed_meanwhile(store, snapshot):
    claimed = snapshot_claims.claim(snapshot("claimed"))
    assert collect(store).items == []
    seen = snapshot_claims.Unclaimed(store, makes=True)
    assert seen.names() == set()
    snapshot_claims.let_go(claimed)

    seen = snapshot_claims.Unclaimed(store, makes=True)
    snapshot_claims.let_go(snapshot_claims.claim(f"{seen.root}/claimed"))

    assert seen.remove("claimed") is None
    assert _left(store) == {"claimed"}
    assert [one.path for one in collect(store).items] == [".snapshots/claimed"]
    with pytest.raises(FileNotFoundError):
        snapshot_claims.claim(f"{seen.root}/claimed")


def test_a_claim_ends_with_its_process_and_is_none_of_its_children(store, snapshot):
    path = snapshot("code")
    in_child(lambda: snapshot_claims.claim(path) and None)
    claimed = snapshot_claims.claim(path)
    read, write = os.pipe()
    up, tell = os.pipe()
    child = os.fork()
    if not child:
        os.close(write)
        os.write(tell, b".")
        os.read(read, 1)
        os._exit(0)
    os.read(up, 1)
    try:
        assert collect(store).items == []
        snapshot_claims.let_go(claimed)
        assert [one.what for one in collect(store).items] == [garbage.SNAPSHOT]
    finally:
        for end in (read, write, up, tell):
            os.close(end)
        os.waitpid(child, 0)


def test_a_run_that_cannot_be_read_keeps_all_snapshots(store, snapshot, make_run, monkeypatch):
    snapshot("code")
    record = make_run()
    read = atomic.read_bytes

    def fail(path: str, *most: int, **how: bool) -> bytes | None:
        if path == f"{record.path}/{layout.RUN}":
            raise OSError(5, "Input/output error", path)
        return read(path, *most, **how)

    monkeypatch.setattr(atomic, "read_bytes", fail)
    found = collect(store)

    assert found.items == []
    said = f"exp/{record.id} cannot be read (Input/output error), and may need any of them"
    assert found.kept == [f"snapshots and owners are kept: {said}"]


def test_a_damaged_run_keeps_the_snapshots_that_it_still_names(store, snapshot, make_run):
    for name in ("torn", "moved", "nobody"):
        snapshot(name)
    torn, moved = make_run(snapshot="torn"), make_run(snapshot="moved")
    for record in (torn, moved):
        path = Path(record.path, layout.RUN)
        path.write_bytes(path.read_bytes()[:-3])
    os.rename(f"{moved.path}/{layout.RUN}", f"{moved.path}/{layout.DAMAGED}{layout.RUN}-1")

    collect(store)

    assert _left(store) == {"torn", "moved"}


def test_what_killed_processes_left_goes_once_it_is_old(store, snapshot):
    draft = Draft(store, "exp")
    held = draft.take_alive()
    live = Draft(store, "exp")
    live.take_alive()
    lock.release(held)
    gone = f"{store.root}/exp/{layout.GONE}1"
    os.makedirs(gone)
    half = f"{store.root}/{layout.SNAPSHOTS}/{layout.NEW}999999999-1"
    os.makedirs(half)
    removed = f"{store.root}/{layout.SNAPSHOTS}/{layout.GONE}2"
    os.makedirs(removed)
    names = [os.path.relpath(path, store.root) for path in (gone, removed, draft.path, half)]
    assert [one.path for one in collect(store).items] == names[:2]

    for path in (draft.path, half, live.path):
        os.utime(path, OLD)

    assert [one.path for one in collect(store).items] == [names[3], names[2]]
    assert os.path.isdir(live.path)
    draft.alive = None
    live.discard()
    assert check(store) == []


def test_a_dead_owners_file_goes_once_its_runs_are_over(store, make_run):
    folder = f"{store.root}/{layout.OWNERS}"
    os.makedirs(folder)
    for name in ("999999999-dead", "999999998-needed", f"{os.getpid()}-lives"):
        atomic.write(f"{folder}/{name}", b"")
        os.utime(f"{folder}/{name}", OLD)
    held = lock.take(f"{folder}/999999997-held", store.lock_kind)
    os.utime(f"{folder}/999999997-held", OLD)
    record = make_run(kind=status.INTERACTIVE)
    facts.publish(record.path, layout.STARTED, {"owner": "999999998-needed", "process": {"pid": 1}})

    assert [one.path for one in collect(store).items] == [".owners/999999999-dead"]

    record.publish(layout.ENDED, dict(status.ended(status.COMPLETED)))
    assert [one.path for one in collect(store).items] == [".owners/999999998-needed"]
    assert held is not None
    lock.release(held)


def test_the_chart_data_of_a_run_goes_when_the_run_is_gone_for_good(store, make_run):
    kept, deleted = _end(make_run()), _end(make_run())
    for run_id in (kept.id, deleted.id, "gone"):
        os.makedirs(f"{store.root}/{layout.INDEX}/{layout.SERIES}/{run_id}")
    trash.delete(deleted)

    assert [one.path for one in collect(store).items] == [".index/series/gone"]
    trash.empty(store)
    assert os.listdir(f"{store.root}/{layout.INDEX}/{layout.SERIES}") == [kept.id]


def test_a_roll_of_sampled_runs_goes_when_none_of_them_goes_on_and_no_process_has_it(
    store, make_run
):
    rolls = Path(store.root, layout.SAMPLER)
    for name, run in {"over": _end(make_run()), "live": make_run(), "held": None}.items():
        folder = rolls / name
        folder.mkdir(parents=True)
        (folder / layout.SAMPLER_LOCK).write_bytes(b"")
        if run is not None:
            (folder / run.id).write_text("exp\n")
        os.utime(folder, OLD)
    (rolls / "young").mkdir()
    (rolls / "linked").symlink_to(store.root)

    held = lock.join(f"{rolls}/held/{layout.SAMPLER_LOCK}", alone=True)
    assert [one.path for one in collect(store).items] == [".sampler/over"]

    assert held is not None
    lock.release(held)
    assert [one.path for one in collect(store).items] == [".sampler/held"]
    assert sorted(os.listdir(rolls)) == ["linked", "live", "young"]


def test_an_interpreters_answer_goes_when_no_run_has_it(store, make_run):
    answers = Path(store.root, layout.INTERPRETERS)
    answers.mkdir()
    for name in ("used.json", "unused.json", "young.json"):
        (answers / name).write_text("{}")
    os.link(answers / "used.json", f"{make_run().path}/{layout.INTERPRETER}")
    for name in ("used.json", "unused.json"):
        os.utime(answers / name, OLD)

    collected = collect(store)

    assert [(one.what, one.path) for one in collected.items] == [
        ("interpreter", ".interpreters/unused.json")
    ]
    assert sorted(os.listdir(answers)) == ["used.json", "young.json"]


def test_nothing_is_changed_by_a_look(store, snapshot, make_run):
    snapshot("code")
    trash.delete(_end(make_run()))
    before = _everything(store)

    collect(store, dry_run=True, trash_days=0)

    assert _everything(store) == before


def test_where_other_machines_share_the_store_a_young_snapshot_stays(store, snapshot, monkeypatch):
    path = snapshot("code")
    monkeypatch.setattr("runstore.fs.mounts.is_network", lambda _: True)

    assert (collect(store).items, len(collect(store).kept)) == ([], 1)
    os.utime(f"{path}/{layout.SNAPSHOT_USED}", OLD)
    assert [one.what for one in collect(store).items] == [garbage.SNAPSHOT]


def _everything(store: Store) -> dict[str, int]:
    return {
        f"{folder}/{name}": os.lstat(f"{folder}/{name}").st_mtime_ns
        for folder, folders, files in os.walk(store.root)
        for name in (*folders, *files)
    }
