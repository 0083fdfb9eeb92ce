"""What registers a model or a dataset is killed at any system call: no half version is ever seen.

The kills are real: the kernel stops the process at each system call, and SIGKILL ends it there. The
short form tries some of the calls, from a place that the seed gives; `TORTURE=long` tries each.
"""

from __future__ import annotations

import os
import random
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from helpers.children import race
from helpers.ptrace import can_trace, killed_at
from homerun.assets import contents, datasets, models
from homerun.assets.versions import Shelf
from runstore import layout
from runstore.store import Store
from runstore.upkeep.check import check
from runstore.upkeep.findings import YOUNG_S
from runstore.upkeep.garbage import collect
from torture.report import IS_LONG, SEED

STEP = 1 if IS_LONG else 11
MAKERS = 50
FEW = 40 // STEP
"""Each act has more system calls: they are really counted."""
WEIGHTS = b"w" * 3000

Act = Callable[[Store], object]


@pytest.fixture
def store(workspace_dir: Path) -> Store:
    (workspace_dir / "net/deep").mkdir(parents=True)
    (workspace_dir / "net/weights").write_bytes(WEIGHTS)
    (workspace_dir / "net/deep/words").write_bytes(b"v")
    made = Store(str(workspace_dir / layout.STORE_FOLDER)).for_writing()
    register_model(made)  # the first of each is made before: its folders are there
    register_data(made)
    return made


@pytest.fixture(scope="module", autouse=True)
def needs_ptrace() -> None:
    """Skip where no process may trace its child."""
    if not can_trace():
        pytest.skip("the kernel lets no process trace its child here")


def register_model(store: Store) -> int:
    """The number of the next version of a model of two files."""
    said = models.said_of(tags={"a": "1"}, properties={"b": "2"}, description="c")
    return models.register_local(store, "iris", "net", said).number


def register_data(store: Store) -> int:
    """The number of the next version of a dataset."""
    definition = {"type": datasets.FILE, "sources": [{"path": f"/{os.urandom(4).hex()}"}]}
    made = datasets.register_dataset(
        store, definition, "data", "c", {"a": "1"}, is_new_version=True
    )
    return made.number


def delete_model(store: Store) -> None:
    """Delete the latest version of the model."""
    models.shelf(store).delete(models.get(store, "iris"))


def label_model(store: Store) -> None:
    """Change the latest version's tags and description, and add a property."""
    found = models.get(store, "iris")
    found.label(models.replaced(found, {"a": os.urandom(4).hex(), "d": "4"}, "new"))
    found.add_properties({"p": "1"})


def shelves(store: Store) -> Iterator[Shelf]:
    yield models.shelf(store)
    yield datasets.shelf(store)


def are_whole(store: Store) -> dict[str, list[int]]:
    """The versions that can be seen, each of which is whole; none is refused."""
    found: dict[str, list[int]] = {}
    for shelf in shelves(store):
        for one in shelf.seen():
            assert not isinstance(one, Exception), one
            assert (one.tags.get("a") is not None, bool(one.description)) == (True, True)
            if shelf.kind == models.KIND:
                kept = one.said["files"]
                assert [file["path"] for file in kept] == ["net/deep/words", "net/weights"]
                read = [b"".join(contents.checked_parts(one.files, file)) for file in kept]
                assert read == [b"v", WEIGHTS]
            else:
                assert datasets.definition_of(store, one.said["dataset_id"])["sources"]
            found.setdefault(one.name, []).append(one.number)
    return found


def grow_old(store: Store) -> None:
    """Let everything be as old as what a collector takes."""
    then = time.time() - 2 * YOUNG_S
    for folder, folders, files in os.walk(store.root):
        for name in (*folders, *files):
            os.utime(f"{folder}/{name}", (then, then), follow_symlinks=False)


def left_over(store: Store) -> list[str]:
    """What is hidden in the registry, and of no version."""
    home = Path(store.root)
    found = [
        *home.glob(".models/*/.*"),
        *home.glob(".datasets/*/.*"),
        *home.glob(".datasets/.ids/.*"),
    ]
    return [str(one.relative_to(home)) for one in found]


def kill_at_each(store: Store, act: Act, after: Callable[[], object]) -> int:
    """Kill an act at its calls, one after the other, until it comes through; how often it was."""
    kills, count = 0, 1 + random.Random(SEED).randrange(STEP)
    while killed_at(count, lambda: act(Store(store.root))):
        after()
        count += STEP
        kills += 1
    return kills


@pytest.mark.parametrize("act", [register_model, register_data])
def test_a_maker_that_is_killed_at_any_call_leaves_no_half_version(store: Store, act: Act) -> None:
    name = "iris" if act is register_model else "data"
    seen = [1]

    def look() -> None:
        numbers = sorted(are_whole(store)[name])
        assert numbers in (seen, [*seen, seen[-1] + 1])  # the last one may have appeared
        seen[:] = numbers

    kills = kill_at_each(store, act, look)

    assert kills > FEW
    assert act(store) == sorted(are_whole(store)[name])[-1]
    before = are_whole(store)
    grow_old(store)
    collect(store)
    assert left_over(store) == []
    assert check(store) == []
    assert are_whole(store) == before
    assert act(store) == before[name][0] + 1


def test_a_deletion_that_is_killed_at_any_call_leaves_the_version_or_takes_it(store: Store) -> None:
    latest = [register_model(store)]
    outcomes = set()

    def look() -> None:
        seen = are_whole(store)["iris"]
        assert seen in ([latest[0], 1], [1])
        outcomes.add(len(seen))
        if seen == [1]:  # it is gone: another one is to be deleted by what comes
            latest[0] = register_model(store)

    kills = kill_at_each(store, delete_model, look)

    assert kills > FEW
    assert 2 in outcomes
    assert are_whole(store)["iris"] == [1]
    grow_old(store)
    collect(store)
    assert check(store) == []
    assert register_model(store) == latest[0] + 1


def test_labels_of_a_version_are_whole_whenever_their_writer_is_killed(store: Store) -> None:
    def look() -> None:
        are_whole(store)
        register_model(store)  # what writers have left of labels is more to read for the next one

    kills = kill_at_each(store, label_model, look)

    assert kills > FEW
    version = models.get(store, "iris")
    assert (version.tags["d"], version.description) == ("4", "new")
    assert version.properties == {"b": "2", "p": "1"}
    assert check(store) == []


def test_of_fifty_processes_that_register_both_each_gets_numbers_of_its_own(store: Store) -> None:
    def register(number: int) -> list[int]:
        here, acts = Store(store.root), (register_model, register_data)
        return [act(here) for act in (acts if number % 2 else reversed(acts))]

    made = race(MAKERS, register)

    assert are_whole(store) == {name: list(range(MAKERS + 1, 0, -1)) for name in ("iris", "data")}
    assert sorted(number for pair in made for number in pair) == sorted([*range(2, MAKERS + 2)] * 2)
    assert left_over(store) == []
    assert check(store) == []
