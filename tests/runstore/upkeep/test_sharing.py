"""Sharing a store with a group: who reads what, while runs are made too."""

from __future__ import annotations

import os
import stat
import threading
from pathlib import Path

import pytest

from runstore import draft
from runstore.errors import StoreError
from runstore.fs import atomic, facts
from runstore.queue.queue import Queue
from runstore.store import Store
from runstore.upkeep import sharing

GROUP = os.getegid()


@pytest.fixture
def store(tmp_path: Path) -> Store:
    """A store with a run."""
    made = Store(str(tmp_path / ".runs")).for_writing()
    make_run(made, "first")
    return made


def make_run(store: Store, run_id: str) -> Path:
    """The folder of a new run, with a lock and a fact."""
    made = draft.Draft(store, "e", run_id)
    held = made.take_alive()
    record = made.publish({"kind": "submitted"}, sync=False)
    os.close(held)
    record.publish("stop.json", {})
    record.label([("tag", "a", "1")])
    return Path(record.path)


def modes(store: Store) -> dict[str, int]:
    """The permissions of everything in a store, by path."""
    found = [Path(store.root), *Path(store.root).rglob("*")]
    return {str(path): stat.S_IMODE(path.lstat().st_mode) for path in found}


def closed(store: Store) -> list[str]:
    """What a group can't read, but for the lock of maintainers."""
    found = modes(store)
    return [path for path, mode in found.items() if not mode & 0o040 and "maintenance" not in path]


def test_a_new_store_is_its_owners_alone(store: Store) -> None:
    assert {mode & 0o077 for mode in modes(store).values()} == {0}
    assert sharing.look(store).group is None


def test_a_shared_store_is_the_groups_to_read_now_and_later(store: Store) -> None:
    found = sharing.share(store, GROUP)
    make_run(store, "second")

    assert (found.group, found.hidden, found.kept) == (GROUP, 0, 0)
    assert closed(store) == []
    assert {mode & 0o027 for mode in modes(store).values()} == {0}
    assert sharing.look(store).hidden == 0


def test_a_store_that_is_shared_no_more_is_as_it_was(store: Store) -> None:
    before = modes(store)
    sharing.share(store, GROUP)

    assert sharing.unshare(store).group is None
    after = {path: mode for path, mode in modes(store).items() if "maintenance" not in path}

    assert after == before


def test_what_runs_are_started_with_is_never_shared(store: Store) -> None:
    waiting = Queue(store.root, "local")
    entry = waiting.add("first", b"SECRET=1")
    sharing.share(store, GROUP)
    later = waiting.add("second", b"SECRET=2")
    waiting.keep("second", b"SECRET=3")

    secret = (entry.path, later.path, waiting.kept("second"))
    assert [stat.S_IMODE(os.stat(path).st_mode) for path in secret] == [0o600] * 3
    assert stat.S_IMODE(os.stat(waiting.folder).st_mode) == atomic.SHARED_FOLDER


@pytest.mark.parametrize("name", [".environments", ".index"])
def test_environments_and_the_index_are_never_shared(store: Store, name: str) -> None:
    sharing.share(store, GROUP)

    made = atomic.make_folders(store.root, name, "below")
    facts.publish(made, "1.json", {})

    assert modes(store)[f"{store.root}/{name}"] == 0o700
    assert modes(store)[f"{made}/1.json"] == 0o600


def test_what_a_script_made_private_stays_private(store: Store) -> None:
    outputs = Path(store.root, "e/first/work/project/outputs")
    outputs.mkdir(parents=True)
    (outputs / "private").touch(mode=0o600)
    (outputs / "open").touch(mode=0o644)

    found = sharing.share(store, GROUP)

    assert found.kept == 1
    assert stat.S_IMODE((outputs / "private").stat().st_mode) == 0o600
    assert stat.S_IMODE((outputs / "open").stat().st_mode) == 0o644
    assert outputs.stat().st_mode & 0o2050 == 0o2050


def test_copies_that_are_to_go_at_the_end_stay_recognisable(store: Store) -> None:
    run = Path(store.root, "e/first")
    copy = run / "work/project/train.py"
    copy.parent.mkdir(parents=True)
    copy.touch(mode=0o644)
    (run / ".copies").touch(mode=0o600)
    before = copy.stat().st_ctime_ns

    sharing.share(store, GROUP)

    assert copy.stat().st_ctime_ns == before


def test_a_file_outside_that_a_script_has_linked_into_the_store_is_left_alone(
    store: Store, tmp_path: Path
) -> None:
    outside = tmp_path / "secret"
    outside.touch(mode=0o600)
    os.link(outside, f"{store.root}/e/first/labels/1.jsonl")
    os.symlink(outside, f"{store.root}/e/first/failed.json")

    sharing.share(store, GROUP)

    assert stat.S_IMODE(outside.stat().st_mode) == 0o600


def test_runs_that_are_made_while_a_store_is_shared_are_shared(store: Store) -> None:
    begun = threading.Event()

    def make() -> None:
        for number in range(40):
            make_run(store, f"r{number}")
            begun.set()

    maker = threading.Thread(target=make)
    maker.start()
    begun.wait()
    sharing.share(store, GROUP)
    maker.join()

    assert closed(store) == []


def test_a_store_whose_file_system_hands_down_no_group_is_not_shared(
    store: Store, monkeypatch: pytest.MonkeyPatch
) -> None:
    before = modes(store)
    monkeypatch.setattr(atomic, "make_new_folder", os.mkdir)  # as if the bit were not inherited
    monkeypatch.setattr(atomic, "is_shared", lambda _: False)

    with pytest.raises(StoreError, match="hands down no group"):
        sharing.share(store, GROUP)

    assert {key: mode for key, mode in modes(store).items() if key in before} == before


def test_what_a_process_made_without_knowing_of_the_sharing_is_counted_and_mended(
    store: Store,
) -> None:
    sharing.share(store, GROUP)
    late = Path(store.root, "e/first/ended.json")
    late.touch(mode=0o600)

    assert sharing.look(store).hidden == 1
    assert sharing.share(store, GROUP).hidden == 0


def test_a_folder_above_that_the_group_may_not_pass_is_told(store: Store, tmp_path: Path) -> None:
    tmp_path.chmod(0o700)

    assert str(tmp_path) in sharing.share(store, GROUP).closed

    tmp_path.chmod(0o711)
    assert str(tmp_path) not in sharing.look(store).closed
