"""The index is fed while runs end, by marks and a process beside them; nothing hangs on either."""

from __future__ import annotations

import os
import threading
from collections.abc import Callable, Iterator
from itertools import islice
from pathlib import Path

import pytest

from runstore import layout, look, status
from runstore.fs import lock
from runstore.index import cache, metrics, refresh, row, verify
from runstore.index.cache import MEMORY, Cache
from runstore.index.live import Live
from runstore.index.query import Query, on
from runstore.index.refresh import Headway, Refresh
from runstore.index.search import search
from runstore.run import cache as run_cache
from runstore.run import change_marks, deleted, ledger
from runstore.run.record import Record
from runstore.store import Store
from runstore.upkeep import trash

Make = Callable[..., Record]
COMPLETED = {"status": status.COMPLETED, "cause": None}


def ended(record: Record) -> Record:
    """A run that has ended, and whose end was marked."""
    record.end(COMPLETED)
    change_marks.mark_end(record.store.root, record.id)
    return record


def known(store: Store) -> dict[str, str]:
    """The status of each run that the index has, without a look at the folders."""
    with Cache(store.root) as cache:
        return dict(cache.db.execute("SELECT id, status FROM runs"))


def found(store: Store, *wanted: str) -> list[str]:
    conditions = [on(*one.split(" ")) for one in wanted]
    return [one.id for one in search(store, Query(conditions))]


@pytest.fixture
def looked_at(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """The runs whose folders were read, in order."""
    seen: list[str] = []
    read = row.summary_of

    def reading(record: Record, looker: Callable[[Record], look.Look]) -> row.Summary | None:
        seen.append(record.id)
        return read(record, looker)

    monkeypatch.setattr(row, "summary_of", reading)
    return seen


@pytest.fixture
def small_parts(monkeypatch: pytest.MonkeyPatch) -> None:
    """Parts of two runs, and an index that lacks more than three lacks very many."""
    monkeypatch.setattr(refresh, "CHUNK", 2)
    monkeypatch.setattr(refresh, "SHORT", 2)
    monkeypatch.setattr("runstore.index.live.SHORT", 2)
    for module in ("search", "live"):
        monkeypatch.setattr(f"runstore.index.{module}.MANY", 3)


@pytest.fixture
def old(monkeypatch: pytest.MonkeyPatch) -> None:
    """No folder counts as changed a moment ago."""
    monkeypatch.setattr(run_cache, "is_fresh", lambda _: False)


def test_an_end_is_marked_also_where_no_index_was_ever_asked(store: Store, make_run: Make) -> None:
    run = ended(make_run())
    marks = Path(store.root, layout.INDEX, layout.INDEX_MARKS).read_bytes()
    assert [line[::2] for line in change_marks.parse(marks)] == [(run.id, change_marks.DONE)]
    assert os.stat(f"{store.root}/{layout.INDEX}").st_mode & 0o777 == 0o700


def test_one_end_in_a_step_says_that_the_index_is_to_be_fed(
    store: Store, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(change_marks, "STEP", 300)
    told = [change_marks.mark_end(store.root, f"run_{number}") for number in range(100)]
    size = os.stat(f"{store.root}/{layout.INDEX}/{layout.INDEX_MARKS}").st_size
    assert sum(told) == size // 300


def test_what_was_fed_is_not_read_again_by_the_first_question(
    store: Store, make_run: Make, looked_at: list[str], old: None
) -> None:
    runs = [ended(make_run(tags={"a": "1"})) for _ in range(3)]
    assert verify.feed(store)
    late = ended(make_run(tags={"a": "1"}))
    looked_at.clear()
    assert found(store, "tags.a = 1") == [one.id for one in reversed([*runs, late])]
    assert looked_at == [late.id]


def test_a_feeder_follows_a_run_from_its_begin_to_its_end(
    store: Store, make_run: Make, old: None
) -> None:
    run = make_run(alive=True)
    verify.feed(store)
    assert known(store) == {run.id: status.PREPARING}
    ended(run)
    verify.feed(store)
    assert known(store) == {run.id: status.COMPLETED}


def test_a_feeder_looks_at_what_waits_only_once_it_has_ended(
    store: Store, make_run: Make, looked_at: list[str], old: None
) -> None:
    waiting, late = make_run(alive=True), make_run(alive=True)
    verify.feed(store)
    with Cache(store.root) as cache:
        cache.db.execute("UPDATE runs SET status = ?", (status.QUEUED,))
    looked_at.clear()
    ended(late)
    verify.feed(store)
    assert looked_at == [late.id]
    assert known(store) == {waiting.id: status.QUEUED, late.id: status.COMPLETED}


def test_marks_that_are_lost_torn_or_hostile_cost_no_answer(
    store: Store, make_run: Make, old: None
) -> None:
    marks = Path(store.root, layout.INDEX, layout.INDEX_MARKS)
    runs = [ended(make_run(tags={"a": "1"}))]
    verify.feed(store)
    runs.append(ended(make_run(tags={"a": "1"})))
    marks.write_bytes(marks.read_bytes()[:-9])  # killed in the middle of an append
    with marks.open("ab") as file:
        file.write(b"\n../../other 1-00000000 done\n\xff\xfe done\n" + b"x" * 70_000)
    runs.append(ended(make_run(tags={"a": "1"})))
    verify.feed(store)
    assert found(store, "tags.a = 1") == [one.id for one in reversed(runs)]
    marks.unlink()
    runs.append(ended(make_run(tags={"a": "1"})))
    assert found(store, "tags.a = 1") == [one.id for one in reversed(runs)]


@pytest.mark.parametrize("at", [layout.INDEX, f"{layout.INDEX}/{layout.INDEX_MARKS}"])
def test_an_end_is_not_marked_through_a_planted_link(store: Store, tmp_path: Path, at: str) -> None:
    target = tmp_path / "target"
    if at == layout.INDEX:
        target.mkdir()
    else:
        target.write_bytes(b"mine")
        os.mkdir(f"{store.root}/{layout.INDEX}")
    os.symlink(target, f"{store.root}/{at}")
    assert not change_marks.mark_end(store.root, "run")
    assert list(target.iterdir()) == [] if target.is_dir() else target.read_bytes() == b"mine"


def test_a_full_disk_keeps_no_run_from_ending(
    store: Store, make_run: Make, monkeypatch: pytest.MonkeyPatch
) -> None:
    run = make_run()
    os.mkdir(f"{store.root}/{layout.INDEX}")
    os.symlink("/dev/full", tmp := f"{store.root}/full")
    monkeypatch.setattr(
        change_marks.atomic, "open_plain", lambda _, flags: os.open(tmp, flags, 0o600)
    )
    assert not change_marks.mark_end(store.root, run.id)


def test_a_feeder_leaves_the_index_to_the_one_that_is_at_it(store: Store, make_run: Make) -> None:
    ended(make_run())
    held = lock.take(f"{store.root}/{layout.INDEX}/{layout.INDEX_VERIFYING}", store.lock_kind)
    assert held is not None
    try:
        assert not verify.feed(store)
    finally:
        lock.release(held)
    assert verify.feed(store)


def test_labels_the_trash_and_what_comes_back_from_it_are_seen_in_a_fed_index(
    store: Store, make_run: Make, old: None
) -> None:
    run, gone = ended(make_run(tags={"a": "1"})), ended(make_run(tags={"a": "1"}))
    verify.feed(store)
    run.label([("tag", "a", "2")])
    trash.delete(gone)
    assert found(store, "tags.a = 1") == []
    assert found(store, "tags.a = 2") == [run.id]
    trash.restore(deleted.find(store, gone.id))
    assert found(store, "tags.a = 1") == [gone.id]


def test_an_index_that_lacks_many_is_read_the_newest_first_and_goes_on_after_a_kill(
    store: Store, make_run: Make, looked_at: list[str], small_parts: None, old: None
) -> None:
    def over() -> str:
        run = make_run()
        run.end(COMPLETED)
        return run.id

    runs = [over() for _ in range(5)]
    with Cache(store.root) as cache:
        Refresh(store, cache, look.at, most=2).run()  # and killed then
        assert looked_at == [runs[4], runs[3]]
        late = over()
        assert Refresh(store, cache, look.at).count_new() == 4
        Refresh(store, cache, look.at).run()
        assert looked_at == [runs[4], runs[3], late, *runs[1:3], runs[0]]
        assert Refresh(store, cache, look.at).count_new() == 0


def test_what_is_read_first_is_the_newest_of_all_experiments(
    store: Store, looked_at: list[str], old: None
) -> None:
    for second, experiment in enumerate(["a", "b", "c", "c", "b", "a"]):
        os.makedirs(folder := f"{store.root}/{experiment}", exist_ok=True)
        made = f"2026-11-21T05:21:0{second}Z"
        ledger.add(f"{folder}/{layout.LEDGER}", f"{experiment}_{second}", made, child=False)
    with Cache(store.root) as kept:
        for most in (3, 2, 5):
            Refresh(store, kept, look.at, most=most).run()
    expected = ["a_5", "b_4", "c_3", "c_2", "b_1", "a_0"]
    assert list(dict.fromkeys(looked_at)) == expected


def test_a_run_that_comes_back_from_the_trash_is_found_though_a_feeder_was_killed(
    store: Store, make_run: Make, monkeypatch: pytest.MonkeyPatch, old: None
) -> None:
    run = ended(make_run(tags={"a": "1"}))
    verify.feed(store)
    trash.delete(run)
    assert found(store, "tags.a = 1") == []
    trash.restore(deleted.find(store, run.id))
    with monkeypatch.context() as patched:
        patched.setattr(Store, "experiment_folders", lambda _: pytest.fail("killed"))
        with pytest.raises(pytest.fail.Exception):
            verify.feed(store)  # it has taken the marks
    assert found(store, "tags.a = 1") == [run.id]


def test_an_index_on_a_network_file_system_is_left_to_those_who_ask(
    store: Store, make_run: Make, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("runstore.fs.mounts.is_network", lambda _: True)
    ended(make_run())
    assert not verify.feed(store)
    assert os.listdir(f"{store.root}/{layout.INDEX}") == [layout.INDEX_MARKS]


def test_two_processes_that_make_an_index_share_the_work(
    store: Store, make_run: Make, looked_at: list[str], small_parts: None, old: None
) -> None:
    runs = sorted(ended(make_run()).id for _ in range(40))
    with Cache(store.root):
        pass  # it is there

    def work() -> None:
        with Cache(store.root, wait_s=30.0) as cache:
            Refresh(store, cache, look.at).run()

    both = [threading.Thread(target=work) for _ in range(2)]
    for one in both:
        one.start()
    for one in both:
        one.join()
    assert sorted(looked_at) == runs
    assert sorted(known(store)) == runs


def test_a_question_by_age_is_answered_from_the_folders_while_the_index_is_made(
    store: Store, make_run: Make, looked_at: list[str], small_parts: None
) -> None:
    runs = [ended(make_run(tags={"a": "1"})).id for _ in range(5)]
    asked: list[str] = []
    query = Query([on("tags.a", "=", "1")])
    answer = search(store, query, look.at, lambda: asked.append("verify"))
    assert [one.id for one in islice(answer, 2)] == [runs[4], runs[3]]
    assert looked_at == [runs[4], runs[3]]
    assert asked == ["verify"]
    assert [one.id for one in search(store, Query(sort="created"), look.at, lambda: None)] == runs


def test_a_look_at_very_many_runs_tells_how_far_it_is(monkeypatch: pytest.MonkeyPatch) -> None:
    clock = iter(range(0, 100, 1))
    monkeypatch.setattr(refresh.time, "monotonic", lambda: next(clock))
    told: list[str] = []
    headway = Headway(told.append, 9_000)
    for _ in range(6):
        headway.count(1_500)
    assert told == ["4,500 of 9,000 runs read", "9,000 of 9,000 runs read"]


def test_a_feeder_that_reads_metrics_lets_go_of_the_index_each_moment(
    store: Store, make_run: Make, monkeypatch: pytest.MonkeyPatch, old: None
) -> None:
    for _ in range(4):
        ended(make_run())
    seen: list[int] = []
    bring_up_to_date = metrics.bring_up_to_date

    def reading(cache: Cache, run: int, path: str) -> None:
        with Cache(store.root) as other:
            seen.append(other.db.execute("SELECT sum(metered) FROM runs").fetchone()[0])
        bring_up_to_date(cache, run, path)

    monkeypatch.setattr(metrics, "bring_up_to_date", reading)
    monkeypatch.setattr(refresh, "TURN_S", 0.0)
    assert verify.feed(store)
    assert seen == [0, 1, 2, 3]


def test_an_index_that_a_feeder_holds_is_asked_as_it_stands(
    store: Store, make_run: Make, monkeypatch: pytest.MonkeyPatch, old: None
) -> None:
    monkeypatch.setattr(cache, "_WAIT_S", 0.0)
    run = ended(make_run())
    verify.feed(store)
    ended(make_run())  # what a look would have to write
    kept = Live(store)
    held = lock.take(f"{store.root}/{layout.INDEX}/{layout.INDEX_VERIFYING}", store.lock_kind)
    assert held is not None
    try:
        with Cache(store.root) as feeder, feeder.writing():
            kept.freshen()
            with kept.open() as asked:
                assert (asked.path, [one[1] for one in asked.rows("1")]) == (feeder.path, [run.id])
            monkeypatch.setattr("runstore.index.live._STANDS_S", -1.0)
            kept.freshen()  # it is held for long: its writer may be stopped
            with kept.open() as asked:
                assert (asked.path, len(asked.rows("1"))) == (MEMORY, 2)
    finally:
        lock.release(held)
        kept.close()


@pytest.fixture
def live(store: Store) -> Iterator[tuple[Live, list[str]]]:
    asked: list[str] = []
    kept = Live(store, look.at, lambda: asked.append("verify"))
    yield kept, asked
    kept.close()


def test_an_index_that_is_kept_open_answers_while_another_process_makes_it(
    store: Store, make_run: Make, live: tuple[Live, list[str]], small_parts: None, old: None
) -> None:
    kept, asked = live
    runs = [ended(make_run()).id for _ in range(6)]
    kept.freshen()
    assert asked == ["verify"]
    assert sorted(known(store)) == sorted(runs[4:])
    assert kept.unread == (4, 6)
    verify.feed(store)
    kept.freshen()
    assert sorted(known(store)) == sorted(runs)
    assert kept.unread is None


def test_an_index_of_few_runs_is_made_at_once(
    store: Store, make_run: Make, live: tuple[Live, list[str]], small_parts: None
) -> None:
    kept, asked = live
    runs = [ended(make_run()).id for _ in range(3)]
    kept.freshen()
    assert (asked, kept.unread, sorted(known(store))) == ([], None, sorted(runs))
