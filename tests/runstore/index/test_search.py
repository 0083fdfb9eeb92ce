"""The index answers as a look at every run would, whatever was done to the store, by whomever."""

from __future__ import annotations

import json
import math
import os
import shutil
import signal
import sqlite3
import subprocess
import sys
import tempfile
import traceback
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, precondition, rule

from runstore import layout, look, status
from runstore.draft import Draft, write_rows
from runstore.errors import InvalidQuery
from runstore.fs import facts, lock
from runstore.index import cache as index_cache
from runstore.index import marks_read, pages
from runstore.index.cache import Cache
from runstore.index.conditions import parse
from runstore.index.live import Live
from runstore.index.query import Query
from runstore.index.search import newest, scan, search, summaries
from runstore.index.verify import reindex
from runstore.metrics import log as metric_log
from runstore.run import cache as run_cache
from runstore.run import change_marks, labels
from runstore.run.record import Record
from runstore.store import Store

EXPERIMENTS = ("one", "two")
KEYS = st.sampled_from(["a", "b.c", "ü"])
VALUES = st.sampled_from(["1", "2", "10", "x", "X y", ""])
NUMBERS = st.sampled_from([0.5, 1.0, -2.0, 1e9, float("nan"), float("inf")])

QUERIES = [
    [],
    ["tags.a"],
    ["tags.a = 1"],
    ["tags.a != 1"],
    ["tags.a >= 2"],
    ["tags.b.c ~ X"],
    ["properties.a = x"],
    ["status = Completed"],
    ["status = Failed", "tags.a = 1"],
    ["status = Running"],
    ["parent = nobody"],
    ["metrics.loss < 1"],
    ["metrics.loss.min = -2"],
    ["metrics.loss.count > 1", "tags.a"],
    ["metrics.loss"],
    ["text ~ x"],
    ["description ~ Y"],
    ["name"],
    ["experiment = one"],
    ["number <= 3"],
    ["params.lr = 0.1"],
    ["params.lr != 0.1"],
    ["params.lr > 0.05", "params.lr <= 2"],
    ["params.lr in (0.1, auto)"],
    ["params.fast = true or params.lr = auto"],
    ["params.opt ~ DA"],
    ["params.lr"],
    ["params.logged > 1"],
    ["metrics.loss = nan"],
    ["metrics.loss != nan"],
    ["metrics.loss = inf or metrics.loss < 0"],
    ['metrics."loss.min" > 0'],
    ['metrics."loss".min < 1'],
    ["metrics.loss.min"],
    ["metrics.loss.max >= 1"],
    ["created > 1h"],
    ["created < 1h ago"],
    ["ended = 2026-11-29"],
    ["ended != 2026-11-29", "duration >= 0s"],
    ["duration_s < 1h or status in (Failed, running)"],
    ["memory > 1KB"],
    ["error ~ failed"],
    ["error"],
    ["tags.a >= 2 and (number > 1 or tags.b.c)"],
]
SORTS = [
    *(None, "created", "-metrics.loss", "metrics.loss", "tags.a", "-tags.a", "-status", "number"),
    *("params.lr", "-params.lr", "metrics.loss.min", "-metrics.loss.max", "error", "duration"),
]
PARAMS: list[object] = [0.1, 1, 2, True, False, "auto", "adam", None, "0.1", 10**30]


def make(store: Store, experiment: str = "one", **asked: Any) -> Record:
    """A run that is going on, as long as this process holds it."""
    draft = Draft(store, experiment)
    alive = draft.take_alive()
    record = draft.publish({"kind": status.SUBMITTED, **asked})
    lock.release(alive)
    return record


def end(record: Record, how: str = status.COMPLETED) -> None:
    facts.publish(record.path, layout.ENDED, facts.signed({"status": how, "cause": None}))


def ids(store: Store, *conditions: str, **options: Any) -> list[str]:
    query = Query([parse(text) for text in conditions], **options)
    return [record.id for record in search(store, query)]


def scanned(store: Store, query: Query) -> list[str]:
    return [record.id for record in scan(store, query, look.at)]


@pytest.fixture
def store(tmp_path: Path) -> Store:
    made = Store(str(tmp_path / ".runs"))
    made.make()
    return made


def forget_verifying(store: Store) -> None:
    """A minute passes: the next query looks at all runs."""
    with sqlite3.connect(f"{store.root}/{layout.INDEX}/{layout.INDEX_FILE}") as db:
        db.execute("DELETE FROM facts WHERE key = 'verified'")
    db.close()


# What this software writes is found at once


def test_a_run_is_found_by_its_tag_as_soon_as_it_has_it(store: Store) -> None:
    record = make(store)
    end(record)
    assert ids(store, "tags.a = 1") == []

    record.label([(labels.TAG, "a", "1")])

    assert ids(store, "tags.a = 1") == [record.id]


def test_a_mark_on_a_run_that_is_over_changes_its_status_in_lists(store: Store) -> None:
    record = make(store)
    end(record)
    assert ids(store, "status = Completed") == [record.id]

    record.publish(layout.MARK, {"status": status.FAILED})

    assert (ids(store, "status = Completed"), ids(store, "status = Failed")) == ([], [record.id])


def test_a_writer_killed_before_its_second_mark_is_waited_for(store: Store) -> None:
    record = make(store)
    end(record)
    settle(store)
    mark = change_marks.Mark(store.root, record.id)
    mark.__enter__()
    assert ids(store, "tags.a") == []  # the mark is read, and the change is not made yet

    labels.write(record.path, [(labels.TAG, "a", "1")])

    assert ids(store, "tags.a") == [record.id]


def test_a_change_begun_before_there_was_an_index_is_found(store: Store) -> None:
    record = make(store)
    end(record)
    mark = change_marks.Mark(store.root, record.id)
    mark.__enter__()
    settle(store)

    labels.write(record.path, [(labels.TAG, "a", "1")])
    mark.__exit__()

    assert ids(store, "tags.a") == [record.id]


def test_metrics_of_a_live_run_are_read_on_from_where_they_were(store: Store) -> None:
    record = make(store)
    writer = metric_log.Writer(record.path)
    writer.add_scalar("loss", 2.0)
    assert ids(store, "metrics.loss < 1") == []

    writer.add_scalar("loss", 0.5)

    assert ids(store, "metrics.loss < 1") == [record.id]
    assert ids(store, "metrics.loss.max = 2", "metrics.loss.count = 2") == [record.id]
    writer.close()


@pytest.mark.parametrize("sort", ["metrics.loss", "-metrics.loss"])
@pytest.mark.parametrize("near", [0, 3, 100])
def test_the_best_by_a_metric_are_the_first_of_all_sorted_by_it(
    store: Store, sort: str, near: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    values = [2.0, 1.0, 1.0, math.nan, 3.0, 1.0, None, 2.0, math.inf, 0.5, 1.0, None]
    for number, value in enumerate(values):
        record = make(store, "two" if number % 3 == 0 else "one", tags={"even": str(number % 2)})
        if value is not None:
            writer = metric_log.Writer(record.path)
            writer.add_scalar("loss", value)
            writer.close()
        end(record)
    monkeypatch.setattr(index_cache, "_NEAR", near)
    for asked in (
        Query(sort=sort),
        Query(sort=sort, experiment="one"),
        Query([parse("tags.even = 1")], sort=sort),
        Query([parse("metrics.loss < 2.5")], sort=sort),
    ):
        whole = scanned(store, asked)
        assert [record.id for record in search(store, asked)] == whole
        with Cache(store.root) as cache:
            last = cache.last_run()
            for count in range(1, len(values) + 1):
                assert [one[1] for one in cache.select(asked, last, count)] == whole[:count]
                for skip in range(len(values)):
                    page = pages.page(cache, asked, skip, count, (), ())
                    assert [row.values["id"] for row in page] == whole[skip : skip + count]


@pytest.mark.parametrize("sort", ["params.rate", "-params.rate", "tags.width", "-tags.width"])
@pytest.mark.parametrize("near", [0, 3, 100])
def test_the_first_by_a_parameter_or_a_tag_are_the_first_of_all_sorted_by_it(
    store: Store, sort: str, near: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    rates = [0.1, 2, "auto", 0.1, 10, None, "2", 0.1, "10.5", "nan", "auto", "-inf", 0.1, None]
    for number, rate in enumerate(rates):
        tags = {"even": str(number % 2), **({} if rate is None else {"width": str(rate)})}
        params = {} if rate is None else {"rate": rate}
        end(make(store, "two" if number % 3 == 0 else "one", tags=tags, params=params))
    monkeypatch.setattr(index_cache, "_NEAR", near)
    field = sort.lstrip("-")
    for asked in (
        Query(sort=sort),
        Query(sort=sort, experiment="one"),
        Query([parse("tags.even = 1")], sort=sort),
        Query([parse(f"{field} < 2.5")], sort=sort),
        Query([parse(f"{field} >= 0.1")], sort=sort),
        Query([parse(f"{field} != auto")], sort=sort),
    ):
        whole = scanned(store, asked)
        assert [record.id for record in search(store, asked)] == whole
        with Cache(store.root) as cache:
            for count in range(1, len(rates) + 1):
                for skip in range(len(rates)):
                    page = pages.page(cache, asked, skip, count, (), ())
                    assert [row.values["id"] for row in page] == whole[skip : skip + count]


def test_a_log_that_another_of_its_size_has_replaced_is_counted_again(store: Store) -> None:
    record = make(store)
    log = Path(record.path, "metrics/1-foreign.jsonl")
    log.parent.mkdir(exist_ok=True)
    log.write_text('{"n":"loss","v":2.5,"t":1}\n')
    assert ids(store, "metrics.loss = 2.5") == [record.id]

    log.with_name("new").write_text('{"n":"loss","v":0.5,"t":1}\n')
    log.with_name("new").rename(log)

    assert ids(store, "metrics.loss = 0.5", "metrics.loss.count = 1") == [record.id]


def test_whole_numbers_of_any_size_are_metrics_like_others(store: Store) -> None:
    record = make(store)
    writer = metric_log.Writer(record.path)
    writer.add_scalar("edge", 2**63 - 1)
    writer.add_scalar("long", 2**63)
    writer.add_scalar("huge", 10**400)
    writer.add_scalar("low", -(10**400))
    writer.close()
    with open(f"{record.path}/metrics/1-foreign.jsonl", "w") as file:
        file.write(f'\n{{"n":"late","v":1,"t":{10**400}}}\n')

    assert ids(store, "metrics.edge > 1e18", "metrics.long > 9e18") == [record.id]
    assert ids(store, "metrics.huge > 1e300", "metrics.low < -1e300") == [record.id]
    assert ids(store, "metrics.late = 1") == [record.id]


def test_a_run_with_an_impossible_number_takes_no_list_down(store: Store) -> None:
    other, record = make(store), make(store)
    end(record)
    path = f"{record.path}/{layout.RUN}"
    with open(path) as file:
        asked = {**json.load(file), "number": 10**30}
    os.chmod(path, 0o600)
    with open(path, "w") as file:
        json.dump(asked, file)

    assert ids(store, "created") == [record.id, other.id]
    assert ids(store, "number >= 1") == [other.id]


def test_a_row_that_nobody_began_becomes_canceled_with_its_parent(store: Store) -> None:
    parent = make(store)
    alive = os.open(f"{parent.path}/{layout.ALIVE}", os.O_RDWR)
    rows = write_rows(parent, [{"kind": status.INTERACTIVE, "tags": {}} for _ in range(3)])
    end(parent)
    lock.release(alive)

    found = ids(store, f"parent = {parent.id}", "status = Canceled")

    assert found == [row.id for row in rows[::-1]]


def test_newest_come_first_and_children_only_if_asked_for(store: Store) -> None:
    parent = make(store)
    (child,) = write_rows(parent, [{"kind": status.INTERACTIVE, "tags": {"a": "1"}}])
    late = make(store, "two", tags={"a": "1"})

    assert ids(store) == [late.id, parent.id]
    assert ids(store, children=True) == [late.id, child.id, parent.id]
    assert ids(store, "tags.a", children=True, experiment="one") == [child.id]


def test_the_newest_on_top_are_the_same_by_ledger_and_by_index(
    store: Store, monkeypatch: pytest.MonkeyPatch
) -> None:
    made = [make(store, experiment) for experiment in ("one", "two", "one")]
    write_rows(made[0], [{"kind": status.INTERACTIVE, "tags": {}} for _ in range(5)])
    queries = [Query(), Query(experiment="one")]
    by_ledger = [[one.id for one in newest(store, query)] for query in queries]
    assert not os.path.exists(f"{store.root}/{layout.INDEX}")
    ids(store)

    monkeypatch.setattr("runstore.index.search._LONG", 1)
    late = make(store, "one")

    by_index = [[one.id for one in newest(store, query)] for query in queries]
    assert by_index == [[late.id, *found] for found in by_ledger]
    assert by_ledger == [[one.id for one in made[::-1]], [made[2].id, made[0].id]]


@pytest.mark.parametrize("is_indexed", [True, False])
def test_the_summaries_of_runs_are_those_of_their_logs_and_children(
    store: Store, is_indexed: bool
) -> None:
    parent = make(store)
    rows = write_rows(parent, [{"kind": status.INTERACTIVE, "tags": {}} for _ in range(3)])
    end(rows[0])
    writer = metric_log.Writer(parent.path)
    writer.add_scalar("loss", 2.0)
    writer.add_scalar("loss", 0.5)
    writer.close()
    if not is_indexed:
        Path(store.root, layout.INDEX).write_text("in the way")

    for _ in range(2):  # the second time by what the index knows already
        metrics, below, _ = summaries(store, [rows[0], parent])

        assert metrics[parent.id] == {
            "loss": {"last": 0.5, "min": 0.5, "max": 2.0, "mean": 1.25, "count": 2}
        }
        assert metrics[rows[0].id] == {}
        assert below.get(rows[0].id, {}) == {}
        assert below[parent.id]["Completed"] == 1
        assert sum(below[parent.id].values()) == 3


@pytest.mark.parametrize("is_indexed", [True, False])
def test_the_best_below_a_run_is_no_failed_one_and_of_equal_ones_the_newest(
    store: Store, is_indexed: bool
) -> None:
    parent, other = make(store), make(store)
    values = (0.5, 0.25, 0.25, 0.1, float("nan"))
    rows = write_rows(parent, [{"kind": status.INTERACTIVE, "tags": {}} for _ in values])
    for record, value in zip(rows, values):
        writer = metric_log.Writer(record.path)
        writer.add_scalar("loss", value)
        writer.close()
        end(record, status.FAILED if value == 0.1 else status.COMPLETED)
    if not is_indexed:
        Path(store.root, layout.INDEX).write_text("in the way")
    newest_quarter = max(rows[1:3], key=lambda one: (one.created, one.id))

    for _ in range(2):
        least = summaries(store, [parent, other], goal=("loss", False))[2]
        most = summaries(store, [parent, other], goal=("loss", True))[2]

        number = newest_quarter.run["number"]
        assert least == {parent.id: (0.25, newest_quarter.id, number)}
        assert most == {parent.id: (0.5, rows[0].id, rows[0].run["number"])}
        assert summaries(store, [parent], goal=("acc", True))[2] == {}


def test_text_that_no_encoding_has_is_found_too(store: Store) -> None:
    record = make(store, tags={"a": "half \udc80"}, description="\ud800")
    writer = metric_log.Writer(record.path)
    writer.add_scalar("m\udc80", 1.0)
    writer.close()

    assert ids(store, "tags.a = half \udc80", "description ~ \ud800") == [record.id]
    assert ids(store, "metrics.m\udc80 = 1") == [record.id]


def test_a_store_that_another_made_meanwhile_has_an_index_too(tmp_path: Path) -> None:
    early = Store(str(tmp_path / ".runs"))
    assert ids(early, "tags.a") == []
    other = Store(early.root)
    other.make()
    record = make(other, tags={"a": "1"})

    assert ids(early, "tags.a") == [record.id]
    assert os.path.exists(f"{early.root}/{layout.INDEX}/{layout.INDEX_FILE}")


# What others do is found when all runs are looked at


def test_folders_copied_in_edited_and_removed_are_found_after_a_minute(
    store: Store, tmp_path: Path
) -> None:
    first, second = make(store), make(store)
    for record in (first, second):
        end(record)
    assert len(ids(store, "status = Completed")) == 2
    other = Store(str(tmp_path / "other"))
    other.make()
    foreign = make(other)
    end(foreign)
    shutil.copytree(foreign.path, f"{store.root}/one/{foreign.id}")
    shutil.rmtree(first.path)
    labels.write(second.path, [(labels.TAG, "by", "hand")])  # past the marks, as a copy would be

    forget_verifying(store)

    assert set(ids(store, "status = Completed")) == {foreign.id, second.id}
    assert ids(store, "tags.by = hand") == [second.id]


def test_a_removed_run_is_never_shown_even_before_that(store: Store) -> None:
    first, second = make(store), make(store)
    assert len(ids(store, "status = Failed")) == 2

    shutil.rmtree(second.path)

    assert ids(store, "status = Failed") == [first.id]


def test_reindex_finds_everything_at_once_and_adds_lines_to_the_ledger(
    store: Store, tmp_path: Path
) -> None:
    here = make(store)
    other = Store(str(tmp_path / "other"))
    other.make()
    foreign = make(other)
    shutil.copytree(foreign.path, f"{store.root}/one/{foreign.id}")

    assert reindex(store) == 2

    lines = Path(store.root, "one", layout.LEDGER).read_text().split()
    assert {here.id, foreign.id} <= set(lines)


# The index itself


def test_the_index_can_be_removed_damaged_or_copied_at_any_moment(store: Store) -> None:
    record = make(store, tags={"a": "1"})
    path = Path(store.root, layout.INDEX, layout.INDEX_FILE)
    assert ids(store, "tags.a") == [record.id]

    path.unlink()
    assert ids(store, "tags.a") == [record.id]
    shutil.rmtree(path.parent)
    assert ids(store, "tags.a") == [record.id]
    path.write_bytes(b"no database at all" * 1000)
    assert ids(store, "tags.a") == [record.id]


def test_an_index_of_an_earlier_version_is_removed_once_there_is_one_of_this(store: Store) -> None:
    record = make(store, tags={"a": "1"})
    folder = Path(store.root, layout.INDEX)
    own = int(layout.INDEX_FILE.partition("-")[2].partition(".")[0])
    older = {f"runs-{own - 1}.sqlite{end}" for end in ("", "-wal", "-shm", "-journal")}
    others = {f"runs-{own + 1}.sqlite", "runs-x.sqlite", f"runs-{own - 1}.sqlite.old", "1.sqlite"}
    folder.mkdir()
    for name in (*older, *others):
        (folder / name).write_text("of others")
    (folder / "runs-1.sqlite").symlink_to(folder / "1.sqlite")

    assert ids(store, "tags.a") == [record.id]

    left = set(os.listdir(folder))
    assert not left & older
    assert left >= {*others, "runs-1.sqlite", layout.INDEX_FILE}


ENDLESS = "WITH RECURSIVE n (x) AS (SELECT 1 UNION ALL SELECT x + 1 FROM n) SELECT 'k' || x AS key"


@pytest.mark.parametrize(
    "planted",
    [
        f"DROP TABLE facts; CREATE VIEW facts AS {ENDLESS}, x AS value FROM n;",
        f"CREATE TRIGGER t AFTER UPDATE ON runs BEGIN INSERT INTO facts {ENDLESS}, 1 FROM n; END",
        "CREATE TABLE more (x);",
        "DROP INDEX pairs_by_key;",
    ],
)
def test_an_index_with_anything_but_our_tables_is_made_again(store: Store, planted: str) -> None:
    record = make(store, tags={"a": "1"})
    assert ids(store, "tags.a") == [record.id]
    path = Path(store.root, layout.INDEX, layout.INDEX_FILE)
    db = sqlite3.connect(path)
    db.executescript(planted)
    db.close()

    assert ids(store, "tags.a") == [record.id]
    assert store.find(record.id).id == record.id


def test_a_run_whose_time_is_half_a_character_takes_no_list_down(store: Store) -> None:
    record = make(store, tags={"a": "1"})
    path = Path(record.path, layout.RUN)
    path.chmod(0o600)
    path.write_text(json.dumps({**record.run, "time": "\ud800"}))
    shutil.rmtree(f"{store.root}/{layout.INDEX}", ignore_errors=True)

    assert ids(store, "tags.a") == [record.id]


def test_marks_that_were_read_and_are_long_begin_anew(
    store: Store, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(marks_read, "_FULL", 200)
    record = make(store)
    end(record)
    ids(store)

    for number in range(12):
        record.label([(labels.TAG, "n", str(number))])
        assert ids(store, f"tags.n = {number}") == [record.id]

    files = [name for name in os.listdir(f"{store.root}/{layout.INDEX}") if "marks" in name]
    assert len(files) > 1


def test_a_copied_store_does_not_believe_the_index_of_the_other(
    store: Store, tmp_path: Path
) -> None:
    end(make(store, tags={"a": "1"}))
    ids(store, "tags.a")
    other = Store(str(tmp_path / "other"))
    other.make()
    shutil.copytree(f"{store.root}/{layout.INDEX}", f"{other.root}/{layout.INDEX}")

    assert ids(other, "tags.a") == []


def test_where_no_index_can_be_made_every_run_is_looked_at(store: Store) -> None:
    record = make(store, tags={"a": "1"})
    Path(store.root, layout.INDEX).write_text("in the way")

    assert ids(store, "tags.a") == [record.id]


def test_an_index_that_is_locked_for_long_is_done_without(
    store: Store, monkeypatch: pytest.MonkeyPatch
) -> None:
    from runstore.index import cache

    record = make(store, tags={"a": "1"})
    ids(store, "tags.a")
    monkeypatch.setattr(cache, "_WAIT_S", 0.0)
    other = sqlite3.connect(f"{store.root}/{layout.INDEX}/{layout.INDEX_FILE}")
    other.execute("BEGIN EXCLUSIVE")

    assert ids(store, "tags.a") == [record.id]
    other.close()


@pytest.fixture
def stopped(store: Store) -> Iterator[subprocess.Popen[str]]:
    """A process that writes to the index, and is stopped meanwhile."""
    ids(store)
    code = (
        "import os, signal, sqlite3, sys; db = sqlite3.connect(sys.argv[1], isolation_level=None);"
        "db.execute('BEGIN IMMEDIATE'); os.kill(os.getpid(), signal.SIGSTOP)"
    )
    path = f"{store.root}/{layout.INDEX}/{layout.INDEX_FILE}"
    with subprocess.Popen([sys.executable, "-c", code, path], text=True) as holder:
        os.waitid(os.P_PID, holder.pid, os.WSTOPPED | os.WNOWAIT)
        yield holder
        holder.kill()


def test_a_stopped_writer_of_the_index_keeps_a_query_waiting_once_and_for_a_moment(
    store: Store, stopped: subprocess.Popen[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    waited: list[float] = []
    connect = sqlite3.connect

    def noted(*given: Any, timeout: float = 5.0, **named: Any) -> sqlite3.Connection:
        waited.append(timeout)
        return connect(*given, timeout=timeout, **named)

    monkeypatch.setattr(sqlite3, "connect", noted)
    record = make(store, tags={"a": "1"})

    assert ids(store, "tags.a") == [record.id]
    assert sum(waited) <= 1.0
    assert stopped.poll() is None


def test_an_index_that_is_kept_open_does_without_a_stopped_writers_until_that_is_over(
    store: Store, stopped: subprocess.Popen[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    from runstore.index import cache

    monkeypatch.setattr(cache, "_WAIT_S", 0.0)
    live = Live(store)
    first = make(store, tags={"a": "1"})

    live.freshen()
    during = known(live)
    second = make(store, tags={"a": "1"})
    changed = live.checked([(first.experiment_folder, first.id, "another stamp")])
    live.freshen()
    later = known(live)
    stopped.kill()
    stopped.wait()
    live.freshen()
    with Cache(store.root) as kept:
        after = {run_id for _, run_id, _ in kept.select(Query(), kept.last_run())}
    live.close()

    assert (during, changed) == ({first.id}, False)
    assert later == after == {first.id, second.id}


def test_a_row_that_turns_out_to_be_stale_waits_for_no_stopped_writer(
    store: Store, monkeypatch: pytest.MonkeyPatch
) -> None:
    from runstore.index import cache

    monkeypatch.setattr(cache, "_WAIT_S", 0.0)
    record = make(store, tags={"a": "1"})
    live = Live(store)
    live.freshen()
    place = (record.experiment_folder, record.id, "another stamp")
    with Cache(store.root) as another, another.writing():
        is_right = live.checked([place])
        found = known(live)
    live.close()

    assert (is_right, found) == (False, {record.id})


def known(live: Live) -> set[str]:
    with live.open() as cache:
        return {run_id for _, run_id, _ in cache.select(Query(), cache.last_run())}


def test_a_query_waits_for_no_other_process_where_nothing_has_changed(
    store: Store, monkeypatch: pytest.MonkeyPatch
) -> None:
    from runstore.index import cache, search

    monkeypatch.setattr(run_cache, "is_fresh", lambda path: False)
    record = make(store, tags={"a": "1"})
    end(record)
    record.label([(labels.TAG, "b", "2")])
    ids(store)

    monkeypatch.setattr(search, "scan", lambda *_: pytest.fail("the index was busy"))
    with cache.Cache(store.root) as another, another.writing():
        found = ids(store, "tags.b = 2")

    assert found == [record.id]


def test_processes_that_query_and_write_at_once_lose_nothing(store: Store) -> None:
    def work(number: int) -> None:
        for round in range(5):
            record = make(store, EXPERIMENTS[number % 2], tags={"by": str(number)})
            end(record)
            record.label([(labels.TAG, "round", str(round))])
            found = ids(store, f"tags.by = {number}", f"tags.round = {round}")
            assert found == [record.id]

    assert in_children(work, 6) == [0] * 6
    assert len(ids(store, "tags.round")) == 30


def test_a_query_killed_anywhere_leaves_an_index_that_tells_the_truth(store: Store) -> None:
    for number in range(6):
        end(make(store, tags={"a": str(number)}))
    wanted = ids(store, "tags.a")
    shutil.rmtree(f"{store.root}/{layout.INDEX}")

    for k in range(1, 60, 4):
        killed = in_children(lambda _, k=k: killed_at_call(store, k), 1)  # type: ignore[misc]
        assert ids(store, "tags.a") == wanted
        if killed == [0]:
            break
        shutil.rmtree(f"{store.root}/{layout.INDEX}")


def killed_at_call(store: Store, k: int) -> None:
    """Ask, and die at the k-th statement."""
    from runstore.index import cache

    class Dying(sqlite3.Connection):
        left = k

        def execute(self, *given: Any) -> sqlite3.Cursor:
            Dying.left -= 1
            if not Dying.left:
                os.kill(os.getpid(), signal.SIGKILL)
            return super().execute(*given)

    connect = sqlite3.connect
    sqlite3.connect = lambda *given, **named: connect(*given, **named, factory=Dying)
    assert cache
    ids(store, "tags.a")


def in_children(work: Callable[[int], None], count: int) -> list[int]:
    """Run something in forked children at once; their exit statuses."""
    pids = []
    for number in range(count):
        pid = os.fork()
        if not pid:
            code = 1
            try:
                work(number)
                code = 0
            except BaseException:  # noqa: BLE001 - it is told, and must not return into the test
                os.write(2, traceback.format_exc().encode())
            finally:
                os._exit(code)
        pids.append(pid)
    return [os.waitpid(pid, 0)[1] for pid in pids]


def settle(store: Store) -> None:
    """Make the index take all runs for settled, as it would two seconds later."""
    ids(store)
    with sqlite3.connect(f"{store.root}/{layout.INDEX}/{layout.INDEX_FILE}") as db:
        db.execute("UPDATE runs SET settled = 1 WHERE ended IS NOT NULL")
    db.close()


@pytest.mark.parametrize(
    "text", ["colour = red", "metrics.loss < high", "tags. = 1", "metrics.loss ~ 1", ""]
)
def test_a_condition_that_is_none_is_refused(text: str) -> None:
    with pytest.raises(InvalidQuery):
        parse(text)


class Index(RuleBasedStateMachine):
    """Whatever is done to a store in whatever order, the index answers as a scan does."""

    def __init__(self) -> None:
        super().__init__()
        self.home = tempfile.mkdtemp()
        self.store = Store(f"{self.home}/.runs")
        self.store.make()
        self.runs: list[Record] = []
        self.locks: dict[str, int] = {}
        self.is_foreign = False

    def teardown(self) -> None:
        for descriptor in self.locks.values():
            lock.release(descriptor)
        shutil.rmtree(self.home)

    @rule(
        experiment=st.sampled_from(EXPERIMENTS),
        key=KEYS,
        value=VALUES,
        lives=st.booleans(),
        name=st.sampled_from(["lr", "fast", "opt"]),
        param=st.sampled_from(PARAMS),
    )
    def make_run(
        self, experiment: str, key: str, value: str, lives: bool, name: str, param: object
    ) -> None:
        draft = Draft(self.store, experiment)
        alive = draft.take_alive()
        asked: dict[str, object] = {"kind": status.SUBMITTED, "tags": {key: value}}
        asked["script"] = "train.py"
        asked["params"] = {name: param}
        record = draft.publish(asked)
        self.runs.append(record)
        if lives:
            self.locks[record.id] = alive
        else:
            lock.release(alive)
            end(record)

    @precondition(lambda self: self.runs)
    @rule(data=st.data(), count=st.integers(1, 3))
    def make_rows(self, data: st.DataObject, count: int) -> None:
        parent = data.draw(st.sampled_from(self.runs))
        if parent.exists():
            asked: list[dict[str, object]] = [{"kind": status.INTERACTIVE, "tags": {"a": "1"}}]
            self.runs += write_rows(parent, asked * count)

    @precondition(lambda self: self.locks)
    @rule(data=st.data(), how=st.sampled_from([status.COMPLETED, status.FAILED, None]))
    def end_run(self, data: st.DataObject, how: str | None) -> None:
        run_id = data.draw(st.sampled_from(sorted(self.locks)))
        record = next(one for one in self.runs if one.id == run_id)
        if how and record.exists():
            end(record, how)
        lock.release(self.locks.pop(run_id))

    @precondition(lambda self: self.runs)
    @rule(data=st.data(), key=KEYS, value=VALUES, what=st.sampled_from("tupdml"))
    def write(self, data: st.DataObject, key: str, value: str, what: str) -> None:
        record = data.draw(st.sampled_from(self.runs))
        if not record.exists():
            return
        if what == "p":
            if key not in record.properties():
                record.add_property(key, value)
        elif what == "m":
            if record.fact(layout.ENDED):
                record.publish(layout.MARK, {"status": status.FAILED})
        else:
            names = {"l": labels.PARAM, "t": labels.TAG, "u": labels.UNTAG, "d": labels.DESCRIPTION}
            key = {"d": "", "l": "logged"}.get(what, key)
            record.label([(names[what], key, value)])

    @precondition(lambda self: self.locks)
    @rule(data=st.data(), value=NUMBERS, name=st.sampled_from(["loss", "loss", "loss.min"]))
    def log(self, data: st.DataObject, value: float, name: str) -> None:
        run_id = data.draw(st.sampled_from(sorted(self.locks)))
        record = next(one for one in self.runs if one.id == run_id)
        if record.exists():
            writer = metric_log.Writer(record.path)
            writer.add_scalar(name, value)
            writer.close()

    @precondition(lambda self: self.runs)
    @rule(data=st.data())
    def remove_by_hand(self, data: st.DataObject) -> None:
        record = data.draw(st.sampled_from(self.runs))
        shutil.rmtree(record.path, ignore_errors=True)

    @precondition(lambda self: self.runs)
    @rule(data=st.data(), key=KEYS, value=VALUES)
    def edit_by_hand(self, data: st.DataObject, key: str, value: str) -> None:
        record = data.draw(st.sampled_from(self.runs))
        if record.exists():
            labels.write(record.path, [(labels.TAG, key, value)])
            self.is_foreign = True

    @rule(whole=st.booleans())
    def delete_the_index(self, whole: bool) -> None:
        folder = f"{self.store.root}/{layout.INDEX}"
        if whole:
            shutil.rmtree(folder, ignore_errors=True)
        elif os.path.exists(f"{folder}/{layout.INDEX_MARKS}"):
            ids(self.store)  # what nobody has read yet, nobody can miss
            os.unlink(f"{folder}/{layout.INDEX_MARKS}")

    @rule(k=st.integers(1, 80))
    def ask_and_be_killed(self, k: int) -> None:
        in_children(lambda _: killed_at_call(self.store, k), 1)

    @rule()
    def two_seconds_pass(self) -> None:
        if os.path.exists(f"{self.store.root}/{layout.INDEX}"):
            settle(self.store)

    @invariant()
    def the_index_answers_as_a_scan_does(self) -> None:
        if self.is_foreign:
            ids(self.store)
            forget_verifying(self.store)
            self.is_foreign = False
        for conditions in QUERIES:
            query = Query([parse(text) for text in conditions], children=True)
            found = [record.id for record in search(self.store, query)]
            assert sorted(found) == sorted(scanned(self.store, query)), conditions
        for sort in SORTS:
            query = Query(sort=sort, experiment="one")
            if os.path.isdir(f"{self.store.root}/one"):
                found = [record.id for record in search(self.store, query)]
                assert found == scanned(self.store, query), sort


TestIndex = pytest.mark.filterwarnings("default")(Index.TestCase)
TestIndex.settings = settings(
    max_examples=12,
    stateful_step_count=14,
    deadline=None,
    derandomize=True,
    suppress_health_check=list(HealthCheck),
)
