"""Making a run: whatever kills its maker, there is a whole run or none."""

from __future__ import annotations

import functools
import os
from collections.abc import Callable
from pathlib import Path

import pytest

from helpers import children
from runstore import layout, look, names, status
from runstore.draft import Draft
from runstore.errors import FormatTooNew, InvalidName, RunExists
from runstore.fs import facts, lock
from runstore.run import labels
from runstore.run.record import Record
from runstore.store import Store
from runstore.upkeep import check

ASKED: dict[str, object] = {"kind": status.SUBMITTED, "script": "a.py", "parent": None}


def make(root: str, run_id: str | None = None) -> tuple[Record, int]:
    draft = Draft(Store(root), "exp", run_id)
    alive = draft.take_alive()
    labels.write(draft.path, [(labels.TAG, "a", "b")])
    return draft.publish(ASKED), alive


@pytest.mark.parametrize("torn", [False, True])
@pytest.mark.parametrize("run_id", [None, "given"])
def test_a_maker_killed_at_any_call_leaves_a_whole_run_or_none(
    tmp_path: Path, run_id: str | None, torn: bool
) -> None:
    count = 1
    whole = 0
    while True:
        root = str(tmp_path / f"{count}")
        died = children.dies_at(count, functools.partial(make, root, run_id), torn=torn)
        store = Store(root)
        runs = list(store.runs())
        assert len(runs) <= 1
        for run in runs:
            whole += 1
            assert run.run["id"] == run.id
            assert run.labels().tags == {"a": "b"}
            assert look.at(run).outcome == status.outcome({})
            assert store.find(run.id).id == run.id
        assert all(found.repaired for found in check.check(store, repair=os.path.isdir(root)))
        assert check.check(store) == []
        if not died:
            break
        again, alive = make(root, None if run_id is None else "other")
        assert next(Store(root).runs()).id == again.id
        assert look.at(again).is_held
        lock.release(alive)
        count += 1

    assert count > 20
    assert whole >= 2


def test_a_made_run_is_whole_private_and_numbered(store: Store) -> None:
    first, second = Draft(store, "exp"), Draft(store, "exp")
    descriptors = [draft.take_alive() for draft in (first, second)]
    records = [draft.publish(ASKED) for draft in (first, second)]

    assert [record.run["number"] for record in records] == [1, 2]
    assert [look.at(record).status for record in records] == [status.PREPARING] * 2
    assert os.stat(records[0].path).st_mode & 0o777 == 0o700
    assert [run.id for run in store.runs("exp")] == [second.id, first.id]
    for descriptor in descriptors:
        lock.release(descriptor)
    assert {look.at(record).status for record in records} == {status.FAILED}


def test_a_draft_is_not_visible_and_a_discarded_one_leaves_nothing(store: Store) -> None:
    draft = Draft(store, "exp")
    draft.take_alive()
    facts.publish(draft.path, layout.RUN, {"id": draft.id})

    assert list(store.runs()) == []
    assert store.get(draft.id) is None

    draft.discard()

    assert sorted(os.listdir(f"{store.root}/exp")) == [layout.EXPERIMENT, layout.LEDGER]


def test_of_ten_makers_of_one_id_one_wins(store: Store) -> None:
    def try_to(number: int) -> bool:
        try:
            draft = Draft(store, f"exp{number % 2}", "mine")
        except RunExists:
            return False
        draft.take_alive()
        try:
            draft.publish(ASKED)
        except RunExists:
            draft.discard()
            return False
        return True

    won = children.race(10, try_to)

    assert sum(won) == 1
    assert [run.id for run in store.runs()] == ["mine"]
    assert store.find("min").id == "mine"
    assert [f.problem for f in check.check(store)] == []


def test_a_given_id_that_is_there_is_refused(make_run: Callable[..., Record], store: Store) -> None:
    make_run(run_id="mine")
    for experiment in ("exp", "other"):
        with pytest.raises(RunExists, match="'mine'"):
            Draft(store, experiment, "mine")


@pytest.mark.parametrize("run_id", ["", ".", "..", "-a", "a/b", "a b", "é", "a\n", "x" * 129, "\0"])
def test_an_id_that_no_run_may_have_is_refused(store: Store, run_id: str) -> None:
    with pytest.raises(InvalidName):
        Draft(store, "exp", run_id)
    assert list(store.runs()) == []


def test_a_stale_claim_of_a_killed_maker_is_taken_over(
    store: Store, monkeypatch: pytest.MonkeyPatch
) -> None:
    os.mkdir(f"{store.root}/{layout.IDS}")
    facts.publish(f"{store.root}/{layout.IDS}", "mine", {"id": "mine"})
    draft = Draft(store, "exp", "mine")
    with pytest.raises(RunExists):
        draft.publish(ASKED)
    draft.discard()

    import time

    now = time.time()
    monkeypatch.setattr(time, "time", lambda: now + 100)
    assert Draft(store, "exp", "mine").publish(ASKED).exists()


def test_a_store_of_a_newer_format_is_not_written(tmp_path: Path) -> None:
    facts.publish(str(tmp_path), layout.STORE, {"format": 2, "store_id": "x", "lock": "new"})
    store = Store(str(tmp_path))

    with pytest.raises(FormatTooNew, match="format 2"):
        Draft(store, "exp")
    assert os.listdir(tmp_path) == [layout.STORE]
    assert names.is_run_id(names.new_run_id("exp"))


def test_ids_made_at_once_are_all_different() -> None:
    ids = names.new_run_ids("exp", 100_000)

    assert len(set(ids)) == len(ids)
    assert all(map(names.is_run_id, ids))
