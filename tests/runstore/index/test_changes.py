"""What an index tells of changes: from a cursor on, each run once, and what is gone."""

from __future__ import annotations

import shutil
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from runstore import layout
from runstore.index import changes, pages
from runstore.index.cache import Cache
from runstore.index.live import Live
from runstore.index.query import Query
from runstore.run.record import Record
from runstore.store import Store

Make = Callable[[], Record]


@pytest.fixture
def live(store: Store) -> Iterator[Live]:
    made = Live(store)
    made.freshen()
    yield made
    made.close()


def since(live: Live, cursor: str) -> changes.Changes:
    live.freshen()
    with live.open() as cache:
        return changes.since(cache, cursor, 100)


def now(live: Live) -> str:
    with live.open() as cache:
        return live.cursor(cache)


def test_a_run_that_is_as_it_was_is_no_change(live: Live, make_run: Make) -> None:
    make_run()
    live.freshen()
    cursor = now(live)
    assert since(live, cursor).ids == []
    assert now(live) == cursor


def test_labels_and_metrics_are_changes_and_each_run_comes_once(live: Live, make_run: Make) -> None:
    run, other = make_run(), make_run()
    live.freshen(metrics=True)
    cursor = now(live)
    run.label([("tag", "fruit", "apple")])
    run.label([("tag", "fruit", "pear")])
    Path(run.path, layout.METRICS).mkdir()
    Path(run.path, layout.METRICS, "1.jsonl").write_text('\n{"n":"loss","v":1,"t":1}\n')
    live.freshen(metrics=True)
    found = since(live, cursor)
    assert found.ids == [run.id]
    with live.open() as cache:
        shown = {row.values["id"]: row for row in pages.page(cache, Query(), 0, 9, (), ["loss"])}
    assert shown[run.id].tags == {"fruit": "pear"}
    assert shown[run.id].metrics["loss"]["count"] == 1
    assert shown[other.id].metrics == {}


def test_what_is_removed_is_told_until_the_index_forgets(live: Live, make_run: Make) -> None:
    run = make_run()
    live.freshen()
    cursor = now(live)
    shutil.rmtree(run.path)
    found = since(live, cursor)
    assert (found.ids, found.removed) == ([], [run.id])


@pytest.mark.parametrize("cursor", ["", ".", "x.0", "1", "\u00b2.\u00b2", "-1.-1"])
def test_a_cursor_of_another_index_starts_anew(live: Live, cursor: str) -> None:
    assert since(live, cursor).is_reset


def test_more_changes_than_are_wanted_start_anew(live: Live, make_run: Make) -> None:
    cursor = now(live)
    for _ in range(3):
        make_run()
    live.freshen()
    with live.open() as cache:
        assert changes.since(cache, cursor, 2).is_reset
        assert len(changes.since(cache, cursor, 3).ids) == 3


def test_an_index_in_memory_answers_as_one_on_disk(live: Live, make_run: Make) -> None:
    run = make_run()
    own = Live(live.store)
    own._own, own._is_own_for_good = Cache(":memory:"), True
    own.freshen(metrics=True)
    with own.open() as cache:
        assert [row.values["id"] for row in pages.rows_of_ids(cache, [run.id, "nobody"], ())] == [
            run.id
        ]
    own.close()
