"""Deleting runs: one rename to the trash, and one back; and removing them for good."""

from __future__ import annotations

import os
import signal
from collections.abc import Callable
from pathlib import Path

import pytest

from runstore import draft, layout, status
from runstore.draft import Draft
from runstore.errors import (
    AmbiguousPrefix,
    CorruptRecord,
    FormatTooNew,
    InvalidTransition,
    NotInTrash,
    RunExists,
    RunNotFound,
)
from runstore.fs import atomic, facts, lock
from runstore.index.query import Query
from runstore.index.search import search
from runstore.run import deleted
from runstore.run.record import Record
from runstore.store import Store
from runstore.upkeep import trash
from runstore.upkeep.check import check
from torture import faults
from torture.faults import Fault


@pytest.fixture
def ended(make_run: Callable[..., Record]) -> Callable[..., Record]:
    """Make a run that is over."""

    def make(*args: object, parent: Record | None = None, **asked: object) -> Record:
        if parent is not None:
            asked["parent"] = parent.id
        record = make_run(*args, **asked)
        record.publish(layout.ENDED, dict(status.ended(status.COMPLETED)))
        if parent is not None:
            draft.link(parent, record)
        return record

    return make


def _shown(store: Store) -> list[str]:
    return [record.id for record in store.runs()]


def _found(store: Store) -> list[str]:
    return [record.id for record in search(store, Query(children=True, sort="number"))]


def _children(record: Record) -> list[str]:
    return os.listdir(f"{record.path}/{layout.CHILDREN}")


def test_a_deleted_run_is_shown_nowhere_and_comes_back_whole(store, ended):
    kept, record = ended(), ended()
    atomic.write(f"{record.path}/mine", b"x")
    assert _found(store) == [kept.id, record.id]

    assert trash.delete(record) == [record.id]

    assert (_shown(store), _found(store)) == ([kept.id], [kept.id])
    assert store.get(record.id) is None
    with pytest.raises(RunNotFound):
        store.find(record.id)
    assert check(store) == []

    assert trash.restore(deleted.find(store, record.id[:-2])) == [record.id]

    assert _shown(store) == [record.id, kept.id]
    assert _found(store) == [kept.id, record.id]  # at once, though its line was read long ago
    assert atomic.read_bytes(f"{record.path}/mine") == b"x"
    assert not os.path.exists(f"{record.path}/{layout.DELETED}")
    assert check(store) == []


def test_a_deleted_run_that_is_damaged_is_named_and_stays_in_the_trash(store, ended):
    record = ended()
    trash.delete(record)
    (gone,) = deleted.entries(store)
    Path(gone.path, layout.RUN).write_text("{")
    with pytest.raises(CorruptRecord, match="store check"):
        trash.restore(gone)

    assert [one.id for one in deleted.entries(store)] == [record.id]


def test_numbers_are_never_given_twice(store, ended):
    first = ended()
    trash.purge(first)

    assert ended().run["number"] == 2


def test_an_id_in_the_trash_stays_taken_and_is_free_once_it_is_gone(store, ended):
    record = ended("exp", "nightly")
    trash.delete(record)
    for claim in (f"{store.root}/{layout.IDS}/nightly", record.path):
        if os.path.exists(claim):
            os.utime(claim, (0, 0))

    with pytest.raises(RunExists, match="in the trash"):
        ended("other", "nightly")
    assert check(store) == []

    trash.empty(store)

    assert ended("other", "nightly").experiment == "other"


def test_a_live_run_is_not_deleted_nor_one_whose_supervisor_is_at_work(store, make_run):
    live = make_run(alive=True)
    done = make_run(alive=True)
    done.publish(layout.ENDED, dict(status.ended(status.COMPLETED)))

    for record, words in ((live, "cancel it first"), (done, "try again")):
        for delete in (trash.delete, trash.purge):
            with pytest.raises(InvalidTransition, match=words):
                delete(record)

    assert set(_shown(store)) == {live.id, done.id}


def test_children_go_with_their_parent_and_come_back_with_it(store, ended):
    top = ended()
    child = ended(parent=top)
    grandchild = ended(parent=child)
    alone = ended(parent=top)
    trash.delete(alone)
    assert _children(top) == [child.id]

    assert trash.delete(top) == [grandchild.id, child.id, top.id]
    assert _shown(store) == []

    assert trash.restore(deleted.find(store, top.id)) == [grandchild.id, child.id, top.id]
    assert [one.id for one in deleted.entries(store)] == [alone.id]

    trash.restore(deleted.find(store, alone.id))
    assert set(_children(top)) == {child.id, alone.id}
    assert check(store) == []


def test_a_child_that_comes_back_before_its_parent_is_linked_to_it(store, ended):
    top = ended()
    child = ended(parent=top)
    trash.delete(child)
    trash.delete(top)

    trash.restore(deleted.find(store, child.id))
    assert check(store) == []
    trash.restore(deleted.find(store, top.id))

    assert os.path.samefile(f"{top.path}/{layout.CHILDREN}/{child.id}", child.path)
    assert check(store) == []


def test_a_run_with_a_live_child_stays_with_all_below_it(store, ended, make_run):
    top = ended()
    over = ended(parent=top)
    live = make_run(alive=True, parent=top.id)
    draft.link(top, live)

    with pytest.raises(InvalidTransition, match=live.id):
        trash.delete(top)

    assert set(_shown(store)) == {top.id, over.id, live.id}


def test_a_damaged_link_takes_no_stranger_along(store, ended):
    top, stranger = ended(), ended()
    draft.link(top, stranger)

    assert trash.delete(top) == [top.id]
    assert _shown(store) == [stranger.id]


def test_a_run_of_a_batch_that_goes_on_is_not_deleted(store, ended, make_run):
    batch = make_run(batch=2, kind=status.SUBMITTED, alive=True)
    child = ended(parent=batch)

    with pytest.raises(InvalidTransition, match=f"the batch {batch.id}"):
        trash.delete(child)


def test_what_is_not_in_the_trash_cannot_be_had_back(store, ended):
    ends = [ended("exp", "twin-1"), ended("exp", "twin-2")]
    for record in ends:
        trash.delete(record)

    with pytest.raises(NotInTrash):
        deleted.find(store, "nothing")
    with pytest.raises(NotInTrash):
        deleted.find(store, "")
    with pytest.raises(AmbiguousPrefix):
        deleted.find(store, "twin")


def test_a_run_comes_back_into_an_experiment_that_was_removed_by_hand(store, ended):
    record = ended("Größe")
    trash.delete(record)
    disk_folder = Path(store.root, record.experiment_folder)
    for path in disk_folder.iterdir():
        path.unlink()
    disk_folder.rmdir()

    trash.restore(deleted.find(store, record.id))

    assert [one.id for one in store.runs("Größe")] == [record.id]
    assert _found(store) == [record.id]
    assert check(store) == []


def test_a_folder_with_locked_and_endless_folders_is_removed_and_no_link_is_followed(
    store, ended, tmp_path
):
    record = ended()
    outside = tmp_path / "outside"
    outside.mkdir()
    (outside / "data").write_text("precious")
    work = Path(record.path, layout.WORK)
    work.mkdir()
    (work / "link").symlink_to(outside)
    (work / "locked").mkdir()
    (work / "locked" / "file").write_text("x")
    (work / "locked").chmod(0)
    here = os.open(work, os.O_RDONLY)
    for _ in range(1500):  # deeper than a path, and than Python's own calls
        os.mkdir("deep-folder", dir_fd=here)
        there = os.open("deep-folder", os.O_RDONLY, dir_fd=here)
        os.close(here)
        here = there
    os.close(here)

    trash.delete(record)
    gone, freed = trash.empty(store)

    assert gone == [record.id]
    assert freed > 0
    assert (outside / "data").read_text() == "precious"
    assert os.listdir(f"{store.root}/{layout.TRASH}/exp") == []


def test_only_what_is_old_enough_is_removed(store, ended):
    old, young = ended(), ended()
    for record in (old, young):
        trash.delete(record)
    os.utime(f"{deleted.find(store, old.id).path}/{layout.DELETED}", (0, 0))

    assert trash.empty(store, 86400.0)[0] == [old.id]
    assert [one.id for one in deleted.entries(store)] == [young.id]


def test_the_check_names_what_is_in_the_trash_and_in_the_store(store, ended):
    record = ended("exp", "twin")
    trash.delete(record)
    os.mkdir(f"{store.root}/exp/twin")
    copy = Record(store, "exp", "twin")
    facts.publish(copy.path, layout.RUN, facts.signed({"id": "twin", "experiment": "exp"}))

    assert [one.path for one in check(store)] == [f"{layout.TRASH}/exp/twin"]
    with pytest.raises(RunExists):
        trash.restore(deleted.find(store, "twin"))


def test_a_newer_store_is_not_written(store, ended):
    newer = {"format": layout.FORMAT + 1, "store_id": store.id, "lock": store.lock_kind}
    run_id = ended().id
    os.unlink(f"{store.root}/{layout.STORE}")
    facts.publish(store.root, layout.STORE, newer)
    record = Store(store.root).find(run_id)

    for act in (trash.delete, trash.purge):
        with pytest.raises(FormatTooNew):
            act(record)


def test_of_two_who_delete_one_run_one_does(store, ended):
    record = ended()
    again = Record(store, record.experiment_folder, record.id)
    trash.family_of(again)
    trash.delete(record)

    with pytest.raises(RunNotFound):
        trash.delete(again)


@pytest.mark.parametrize("act", ["delete", "restore", "purge"])
def test_whoever_is_killed_leaves_each_run_whole_in_one_place(store, ended, act):
    """A kill at each call in turn; the same call again then finishes the work."""
    hits = 0
    for nth in range(1, 500):
        top = ended("exp", f"{act}-{nth}")
        child = ended("exp", f"{act}-{nth}-child", parent=top)
        if act == "restore":
            trash.delete(top)
        was_killed = _killed(lambda: _act(store, act, top.id), nth)  # noqa: B023
        places = [
            (store.get(one.id) is not None) + deleted.holds(store, one.id) for one in (top, child)
        ]
        assert all(place <= 1 for place in places), nth
        assert act == "purge" or places == [1, 1], nth
        if was_killed:
            hits += 1
            _act(store, act, top.id)
        left = set(_shown(store)) & {top.id, child.id}
        assert left == ({top.id, child.id} if act == "restore" else set()), nth
        trash.empty(store)
        if not was_killed:
            break
    assert hits > 3
    for name in os.listdir(f"{store.root}/{layout.IDS}"):
        os.utime(f"{store.root}/{layout.IDS}/{name}", (0, 0))
    assert [one for one in check(store) if ".deleted" not in one.path] == []


def _act(store: Store, act: str, run_id: str) -> None:
    """What a person does who asks again: it may be done by now."""
    try:
        if act == "restore":
            trash.restore(deleted.find(store, run_id))
        else:
            getattr(trash, act)(store.find(run_id))
    except (RunNotFound, NotInTrash):
        return


def _killed(act: Callable[[], object], nth: int) -> bool:
    pid = os.fork()
    if not pid:
        code = 1
        try:
            faults.arm(Fault(faults.KILL, nth))
            act()
            code = 0
        finally:
            os._exit(code)
    code = os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1])
    assert code in (0, -signal.SIGKILL)
    return code != 0


def test_a_draft_of_a_given_id_that_was_deleted_meanwhile_is_refused(store, ended):
    """The claim of a run in the trash is never stale."""
    record = ended("exp", "mine")
    maker = Draft(store, "exp", "yours")
    trash.delete(record)
    maker.id = "mine"
    maker.record = Record(store, "exp", "mine")

    with pytest.raises(RunExists):
        maker.publish({"kind": status.SUBMITTED})
    maker.discard()
    assert maker.alive is None
    assert lock.is_held(f"{record.path}/{layout.ALIVE}", store.lock_kind) is False
