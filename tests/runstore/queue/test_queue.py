"""The queue of a target: what waits, in which order, and who has the slots."""

from __future__ import annotations

import contextlib
import errno
import os
import time
from collections.abc import Callable, Iterator
from typing import Any

import pytest

from helpers import children
from helpers.errors import fails
from runstore import layout, status
from runstore.errors import ReadOnlyStore, RunExists
from runstore.fs import atomic, facts, lock
from runstore.queue import queue
from runstore.queue.queue import Entry, Queue
from runstore.run import identity
from runstore.run.record import Record
from runstore.store import Store


@pytest.fixture
def local(store: Store) -> Queue:
    """The queue of the target `local`, with nothing in it."""
    return Queue(store.root, "local")


@pytest.fixture
def kind(store: Store) -> str:
    return store.lock_kind


@pytest.fixture
def taken() -> Iterator[list[int]]:
    """Slots to give back."""
    held: list[int] = []
    yield held
    for descriptor in held:
        lock.release(descriptor)


def ids(waiting: Queue) -> list[str]:
    return [entry.run_id for entry in waiting.entries()]


def test_the_highest_priority_goes_first_and_then_who_came_first(local: Queue) -> None:
    for run_id, priority in (("a", 0), ("b", 5), ("c", 0), ("d", queue.HIGHEST), ("e", 5)):
        local.add(run_id, b"", priority=priority)

    assert ids(local) == ["d", "b", "e", "a", "c"]
    assert [entry.priority for entry in local.entries()] == [9999, 5, 5, 0, 0]
    assert [local.position(entry) for entry in local.entries()] == [1, 2, 3, 4, 5]


def test_an_entry_says_what_its_run_wants_and_holds_what_it_is_started_with(
    local: Queue,
) -> None:
    added = local.add("run.1", b"plan", slots=3, limit=4)
    (found,) = local.entries()

    assert found.name == added.name == "9999.000000000001.3of4.run.1"
    assert (found.slots, found.limit, found.run_id) == (3, 4, "run.1")
    assert (added.slots, added.limit, added.run_id) == (3, 4, "run.1")
    assert (found.path, found.read()) == (f"{local.folder}/{found.name}", b"plan")
    assert os.stat(found.path).st_mode & 0o777 == 0o600
    assert (local.add("other", b"").slots, local.entries()[1].limit) == (1, None)


@pytest.mark.parametrize(
    ("asked", "name", "gpus", "gpu_mib"),
    [
        pytest.param({}, "9999.000000000001.1.a", 0, None, id="none"),
        pytest.param({"gpus": 2}, "9999.000000000001.1g2.a", 2, None, id="whole"),
        pytest.param({"gpus": 1, "gpu_mib": 512}, "9999.000000000001.1g1m512.a", 1, 512, id="part"),
        pytest.param({"gpus": 2, "limit": 4}, "9999.000000000001.1of4g2.a", 2, None, id="limit"),
    ],
)
def test_an_entry_says_how_many_gpus_its_run_wants_and_how_much_of_each(
    local: Queue, asked: dict[str, int], name: str, gpus: int, gpu_mib: int | None
) -> None:
    added = local.add("a", b"", **asked)  # type: ignore[arg-type]
    (found,) = local.entries()

    assert found.name == added.name == name
    assert [(one.gpus, one.gpu_mib) for one in (added, found)] == [(gpus, gpu_mib)] * 2
    assert [(one.slots, one.limit) for one in (added, found)] == [(1, asked.get("limit"))] * 2
    assert local.has_gpu_entries() is bool(gpus)


def test_an_entry_asks_for_no_gpus_unless_it_is_made_with_some(local: Queue) -> None:
    assert Entry(local.folder, "9999.000000000001.1.a", 1, "a").gpus == 0


def test_an_entry_is_moved_in_front_of_another_or_behind_all(local: Queue) -> None:
    first, second, third = (local.add(run_id, b"") for run_id in "abc")
    local.move(third, first)
    in_front = ids(local)
    local.move(third, None)
    behind = ids(local)
    local.move(first, None)

    assert (in_front, behind, ids(local)) == (list("cab"), list("abc"), list("bca"))
    assert [local.position(one) for one in (first, second, third)] == [3, 1, 2]


@pytest.mark.parametrize("gone", ["moved", "before"])
def test_nothing_is_moved_where_one_of_the_entries_has_started_meanwhile(
    local: Queue, gone: str
) -> None:
    moved, _, before = (local.add(run_id, b"") for run_id in "abc")
    (moved if gone == "moved" else before).remove()
    left = ids(local)
    with pytest.raises(FileNotFoundError, match="a" if gone == "moved" else "c"):
        local.move(moved, before)
    if gone == "moved":
        with pytest.raises(FileNotFoundError, match="a"):
            local.move(moved, None)

    assert ids(local) == left


def test_where_the_entry_has_gone_that_was_asked_for_it_would_be_the_last(local: Queue) -> None:
    gone = local.add("a", b"")
    local.add("b", b"")
    gone.remove()

    assert local.position(gone) == 2


def test_an_entry_is_there_until_it_is_removed_by_any_process(local: Queue) -> None:
    entry = local.add("a", b"x")
    assert entry.exists()
    assert not local.is_empty()
    for _ in range(2):
        entry.remove()

    assert not entry.exists()
    assert entry.read() is None
    assert local.is_empty()
    assert ids(local) == []


def test_fifty_that_come_at_once_get_places_of_their_own(local: Queue) -> None:
    names = children.race(50, lambda n: local.add(f"run-{n}", b"", sync=False).name)

    assert local.names() == sorted(names)
    assert sorted(int(name.split(".")[1]) for name in names) == list(range(1, 51))


@pytest.mark.parametrize(
    "name",
    [
        *("a", "1.2.3", "x.2.3.run", "1.2.x.run", "1.2.3of.run", "1.2.3ofx.run", "1.2.of3.run"),
        *(
            "1.2.3g.run",
            "1.2.3gx.run",
            "1.2.g3.run",
            "1.2.3m4.run",
            "1.2.3g1m.run",
            "1.2.3g1mx.run",
        ),
    ],
)
def test_a_name_that_is_none_of_an_entry_does_not_wait(local: Queue, name: str) -> None:
    entry = local.add("a", b"")
    with open(f"{local.folder}/{name}", "w"):
        pass

    assert local.entry(name) is None
    assert [found.name for found in local.in_order()] == [entry.name]
    assert name in local.names()


def test_a_disk_that_is_full_leaves_no_part_of_an_entry(
    local: Queue, monkeypatch: pytest.MonkeyPatch
) -> None:
    local.add("a", b"")

    def fill_up(path: str, *_: object, **__: object) -> None:
        with open(path, "wb") as file:
            file.write(b"par")
        raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))

    monkeypatch.setattr(queue.atomic, "write", fill_up)

    with pytest.raises(OSError, match=os.strerror(errno.ENOSPC)):
        local.add("b", b"whole")
    assert ids(local) == ["a"]
    assert sorted(os.listdir(local.folder))[0] == layout.QUEUE_TICKETS
    assert len(os.listdir(local.folder)) == 2


def test_what_waits_survives_a_power_cut_unless_that_is_not_wanted(
    local: Queue, monkeypatch: pytest.MonkeyPatch
) -> None:
    synced: list[str] = []
    monkeypatch.setattr(os, "fsync", lambda of: synced.append(os.readlink(f"/proc/self/fd/{of}")))
    hidden, kept = f"{local.folder}/{layout.NEW}b", local.kept("b")
    local.add("a", b"", sync=False)
    assert synced == []
    local.add("b", b"")
    assert synced == [hidden, local.folder]
    local.keep("b", b"")

    assert synced == [hidden, local.folder, kept, local.folder]


def test_what_a_run_is_started_with_is_its_owners_alone_in_a_store_that_is_shared(
    local: Queue,
) -> None:
    local.add("a", b"")
    os.chmod(local.folder, atomic.SHARED_FOLDER)
    local.keep("b", b"")
    paths = [local.add("b", b"").path, local.kept("b")]

    assert [os.stat(path).st_mode & 0o777 for path in paths] == [0o600, 0o600]


def test_a_queue_that_cannot_be_listed_just_now_gives_nothing_to_start(
    local: Queue, monkeypatch: pytest.MonkeyPatch
) -> None:
    local.add("a", b"")

    for look in ("names_in", "has_visible"):
        monkeypatch.setattr(queue.atomic, look, fails(errno.EIO))

    assert (local.is_empty(), local.names(), ids(local)) == (True, [], [])


def test_a_queue_that_cannot_be_looked_at_just_now_is_not_entered(
    local: Queue, kind: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    local.add("a", b"")
    local.pause()

    monkeypatch.setattr(queue.atomic, "is_folder", fails(errno.EIO))

    assert (local.names(), local.is_paused, local.busy(1, kind)) == ([], False, 0)


def test_what_is_kept_does_not_wait(local: Queue) -> None:
    local.keep("a", b"plan")

    with open(local.kept("a"), "rb") as file:
        assert file.read() == b"plan"
    assert os.stat(local.kept("a")).st_mode & 0o777 == 0o600
    assert local.is_empty()
    assert ids(local) == []


@pytest.mark.parametrize(("age_s", "content"), [(60.0, b"first"), (60.5, b"second")])
def test_what_is_kept_of_a_removed_run_of_the_same_id_is_replaced_after_a_minute(
    local: Queue, monkeypatch: pytest.MonkeyPatch, age_s: float, content: bytes
) -> None:
    local.keep("a", b"first")
    os.utime(local.kept("a"), (1_000_000, 1_000_000))
    monkeypatch.setattr(time, "time", lambda: 1_000_000 + age_s)
    with contextlib.suppress(RunExists):
        local.keep("a", b"second")

    with open(local.kept("a"), "rb") as file:
        assert file.read() == content


def test_a_run_whose_id_another_process_takes_meanwhile_is_not_kept(
    local: Queue, monkeypatch: pytest.MonkeyPatch
) -> None:
    local.keep("a", b"first")
    with pytest.raises(RunExists, match="removed just now"):
        local.keep("a", b"second")
    os.utime(local.kept("a"), (0, 0))
    monkeypatch.setattr(atomic, "unlink_if_there", lambda _path: None)

    with pytest.raises(RunExists, match="removed just now"):
        local.keep("a", b"second")


def test_what_is_kept_takes_the_place_of_what_another_process_is_just_removing(
    local: Queue, monkeypatch: pytest.MonkeyPatch
) -> None:
    local.pause()
    answers = iter([fails(errno.EEXIST), atomic.write])

    def write(*given: Any, **named: Any) -> None:
        next(answers)(*given, **named)

    monkeypatch.setattr(atomic, "write", write)
    local.keep("a", b"plan")

    assert atomic.read_bytes(local.kept("a")) == b"plan"


def test_a_queue_that_is_not_there_is_empty_and_a_link_is_none(
    local: Queue, store: Store, tmp_path: Any
) -> None:
    assert (local.is_empty(), local.names(), local.busy(2, store.lock_kind)) == (True, [], 0)
    assert (local.is_paused, local.paused_since()) == (False, None)
    local.resume()
    elsewhere = tmp_path / "elsewhere"
    elsewhere.mkdir()
    (elsewhere / "9999.000000000001.1.run").touch()
    (elsewhere / layout.QUEUE_PAUSED).write_text('{"time": "then"}')
    os.makedirs(f"{store.root}/{layout.QUEUE}", exist_ok=True)
    os.symlink(elsewhere, local.folder)

    assert (local.is_empty(), local.names()) == (True, [])
    assert (local.is_paused, local.paused_since()) == (False, None)
    local.resume()
    assert (elsewhere / layout.QUEUE_PAUSED).exists()
    with pytest.raises(OSError, match="local"):
        local.add("a", b"")


def test_a_paused_queue_says_since_when_until_it_goes_on(local: Queue) -> None:
    local.pause()
    since = local.paused_since()
    local.pause()

    assert local.is_paused
    assert since is not None
    assert local.paused_since() == since
    for _ in range(2):
        local.resume()
    assert (local.is_paused, local.paused_since()) == (False, None)
    local.pause()
    assert local.is_paused


def test_a_pause_that_cannot_be_written_is_said(
    local: Queue, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(queue.atomic, "make_folders", fails(errno.EROFS))

    with pytest.raises(ReadOnlyStore):
        local.pause()


def test_the_targets_with_a_queue_are_named(local: Queue, store: Store) -> None:
    assert queue.names(store.root) == ()
    local.add("a", b"")
    Queue(store.root, "gpu").add("b", b"")

    assert queue.names(store.root) == ["gpu", "local"]


def test_slots_are_taken_together_or_not_at_all(local: Queue, kind: str, taken: list[int]) -> None:
    first = local.take_slots(2, 3, kind)
    assert first is not None
    taken += first

    assert local.busy(3, kind) == 2
    assert local.take_slots(2, 3, kind) is None
    assert local.busy(3, kind) == 2
    rest = local.take_slots(1, 3, kind)
    assert rest is not None
    taken += rest
    assert [len(first), len(rest), local.busy(3, kind)] == [2, 1, 3]
    assert local.take_slots(1, 3, kind) is None
    assert local.take_slots(4, 3, kind) is None
    assert local.busy(3, kind) == 3


def test_a_search_for_slots_ends_where_there_are_too_few(
    local: Queue, kind: str, taken: list[int], monkeypatch: pytest.MonkeyPatch
) -> None:
    taken += local.take_slots(1, 1, kind) or []
    asked: list[str] = []
    take = lock.take

    def note(path: str, kind: str) -> int | None:
        asked.append(path.rpartition("/")[2])
        return take(path, kind)

    monkeypatch.setattr(lock, "take", note)

    assert local.take_slots(3, 3, kind) is None
    assert asked == ["0"]
    more = local.take_slots(1, 4, kind)
    assert more is not None
    taken += more
    assert asked == ["0", "0", "1"]


def test_slots_that_were_taken_before_one_was_missing_are_given_back(
    local: Queue, kind: str, taken: list[int]
) -> None:
    first, *others = local.take_slots(3, 3, kind) or []
    taken += others
    lock.release(first)

    assert local.take_slots(2, 3, kind) is None
    assert local.busy(3, kind) == 2


def test_a_slot_is_known_by_its_file(
    local: Queue, store: Store, kind: str, taken: list[int]
) -> None:
    taken += local.take_slots(2, 2, kind) or []
    other = os.open(os.devnull, os.O_RDONLY)
    try:
        assert [local.is_one_of(held, 2) for held in taken] == [True, True]
        assert [local.is_one_of(held, 1) for held in taken] == [True, False]
        assert not local.is_one_of(other, 5)
        os.unlink(f"{store.root}/{layout.SLOTS}/local/0")
        assert [local.is_one_of(held, 2) for held in taken] == [False, True]
    finally:
        os.close(other)


@pytest.fixture
def queued(local: Queue, make_run: Callable[..., Record]) -> Callable[..., tuple[Entry, Record]]:
    """A run that waits."""

    def make(run_id: str) -> tuple[Entry, Record]:
        entry = local.add(run_id, b"")
        return entry, make_run(run_id=run_id)

    return make


def test_what_may_start_is_given_in_order_and_what_has_begun_or_ended_goes(
    local: Queue, store: Store, queued: Callable[..., tuple[Entry, Record]]
) -> None:
    (first, one), (begun, two), (over, three), (last, four) = map(queued, "abcd")
    facts.publish(two.path, layout.STARTED, {"script": {}})
    facts.publish(three.path, layout.ENDED, {"status": status.CANCELED})
    found = [(entry.name, record.id) for entry, record in local.startable(store)]

    assert found == [(first.name, one.id), (last.name, four.id)]
    assert [begun.exists(), over.exists()] == [False, False]


def test_what_is_being_made_or_was_submitted_elsewhere_stays_and_does_not_start(
    local: Queue,
    store: Store,
    queued: Callable[..., tuple[Entry, Record]],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    unmade = local.add("unmade", b"")
    elsewhere, _ = queued("elsewhere")
    queued("here")
    monkeypatch.setattr(queue.place, "may_start_here", lambda record: record.id == "here")

    assert [record.id for _, record in local.startable(store)] == ["here"]
    assert [unmade.exists(), elsewhere.exists()] == [True, True]


@pytest.mark.parametrize("whose", ["entry", "run"])
def test_what_another_user_has_put_there_stays_and_does_not_start(
    local: Queue,
    store: Store,
    queued: Callable[..., tuple[Entry, Record]],
    monkeypatch: pytest.MonkeyPatch,
    whose: str,
) -> None:
    entry, record = queued("a")
    strange = entry.path if whose == "entry" else record.path
    monkeypatch.setattr(type(store), "owns", lambda _store, path: path != strange)

    assert list(local.startable(store)) == []
    assert entry.exists()


def test_a_run_that_cannot_be_read_keeps_no_other_from_starting(
    local: Queue,
    store: Store,
    queued: Callable[..., tuple[Entry, Record]],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    (first, one), (_, two) = map(queued, "ab")
    is_settled = queue.place.is_settled

    def fail_first(record: Record) -> bool:
        if record.id == one.id:
            raise OSError(errno.EIO, os.strerror(errno.EIO))
        return is_settled(record)

    monkeypatch.setattr(queue.place, "is_settled", fail_first)

    assert [record.id for _, record in local.startable(store)] == [two.id]
    assert first.exists()


def test_each_machine_of_a_shared_store_has_a_keeper_of_its_own(
    local: Queue, monkeypatch: pytest.MonkeyPatch
) -> None:
    line = local
    here = line.take_keeper_lock()
    assert line.lacking() == frozenset()
    line.note_lacking(["a"])
    assert line.lacking() == {"a"}
    assert here is not None
    assert line.take_keeper_lock() is None
    monkeypatch.setattr(identity, "machine_id", lambda: "0123456789abcdef")
    there = line.take_keeper_lock()
    assert there is not None
    assert line.lacking() == frozenset()

    lock.release(here)
    lock.release(there)


def test_what_lacks_gpus_is_not_known_of_a_damaged_file_nor_of_one_behind_a_link(
    local: Queue, store: Store, tmp_path: Any
) -> None:
    local.add("a", b"")
    local.note_lacking(["a"])
    (told,) = [name for name in os.listdir(local.folder) if name.startswith(layout.QUEUE_LACKING)]
    os.rename(local.folder, tmp_path / "elsewhere")
    os.symlink(tmp_path / "elsewhere", local.folder)
    behind_link = local.lacking()
    os.unlink(local.folder)
    os.rename(tmp_path / "elsewhere", local.folder)
    atomic.replace_bytes(f"{local.folder}/{told}", b'{"entries": 7}')

    assert (behind_link, local.lacking()) == (frozenset(), frozenset())
