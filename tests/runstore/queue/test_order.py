"""Runs of a queue that people moved: they start where they were put, as in a list."""

from __future__ import annotations

import os
import random

import pytest

from runstore import layout
from runstore.queue.queue import Entry, Queue
from runstore.store import Store
from runstore.upkeep import check_queue


@pytest.fixture
def local(store: Store) -> Queue:
    """The queue of the target `local`, with nothing in it."""
    return Queue(store.root, "local")


def ids(waiting: Queue) -> list[str]:
    return [entry.run_id for entry in waiting.entries()]


def entry_of(waiting: Queue, run_id: str) -> Entry:
    return next(entry for entry in waiting.entries() if entry.run_id == run_id)


@pytest.mark.parametrize("seed", range(5))
def test_runs_that_are_moved_and_started_keep_the_order_of_a_plain_list(
    local: Queue, seed: int
) -> None:
    chance = random.Random(seed)
    for n in range(8):
        local.add(f"run-{n}", b"", priority=chance.choice([0, 0, 5]), sync=False)
    model = ids(local)

    for _ in range(80):
        moved = chance.choice(model)
        model.remove(moved)
        before = chance.choice([None, *model])
        local.move(entry_of(local, moved), before and entry_of(local, before))
        model.insert(model.index(before) if before else len(model), moved)
        assert ids(local) == model
        assert [local.position(entry) for entry in local.entries()] == list(range(1, 9))


def test_a_run_that_comes_later_goes_behind_those_of_its_priority(local: Queue) -> None:
    for run_id in ("a", "b", "c"):
        local.add(run_id, b"")
    local.move(entry_of(local, "c"), entry_of(local, "a"))

    local.add("later", b"")
    local.add("urgent", b"", priority=1)

    assert ids(local) == ["urgent", "c", "a", "b", "later"]


def test_a_run_gets_the_priority_of_the_one_that_it_is_put_before(local: Queue) -> None:
    local.add("urgent", b"", priority=5)
    local.add("plain", b"")
    local.move(entry_of(local, "plain"), entry_of(local, "urgent"))

    local.add("also urgent", b"", priority=5)

    assert ids(local) == ["plain", "urgent", "also urgent"]


@pytest.mark.parametrize("damage", [b"", b"x", b"1 2 3", b"9999 1/0", b"\xff\xff", b"9" * 9000])
def test_a_damaged_rank_counts_for_nothing(local: Queue, damage: bytes) -> None:
    for run_id in ("a", "b"):
        local.add(run_id, b"")
    local.move(entry_of(local, "b"), entry_of(local, "a"))
    (rank,) = [name for name in os.listdir(local.folder) if name.startswith(layout.QUEUE_MOVED)]
    with open(f"{local.folder}/{rank}", "wb") as file:
        file.write(damage)

    assert ids(local) == ["a", "b"]


def test_a_run_that_started_meanwhile_is_not_moved(local: Queue) -> None:
    first, second = local.add("a", b""), local.add("b", b"")
    first.remove()

    for moved, before in ((first, second), (second, first)):
        with pytest.raises(FileNotFoundError, match=r"^a$"):
            local.move(moved, before)
    assert not any(name.startswith(layout.QUEUE_MOVED) for name in os.listdir(local.folder))


def test_what_a_run_was_moved_by_goes_with_the_next_move_or_a_check(
    local: Queue, store: Store
) -> None:
    entries = {run_id: local.add(run_id, b"") for run_id in ("a", "b", "c")}
    local.move(entries["c"], entries["a"])
    entries["c"].remove()
    old = f"{layout.QUEUE_MOVED}000000000003"
    assert old in os.listdir(local.folder)

    os.utime(f"{local.folder}/{old}", (0, 0))
    found = [one.path for one in check_queue.check_queues(store)]
    local.move(entries["b"], entries["a"])

    assert f"{layout.QUEUE}/local/{old}" in found
    assert old not in os.listdir(local.folder)
    assert ids(local) == ["b", "a"]
