"""Series for charts say of all points what a plain loop over them says."""

from __future__ import annotations

import os
import weakref
from array import array
from collections.abc import Iterator
from math import floor, inf, isclose, isfinite, isnan, nan
from pathlib import Path
from random import Random
from tempfile import TemporaryDirectory
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from homerun.base.errors import UserError
from homerun.metrics import chart, curves, groups
from homerun.metrics.chart import Wish
from homerun.metrics.groups import RunGroup
from runstore import layout
from runstore.draft import Draft
from runstore.fs import facts, lock
from runstore.fs.json_write import dumps
from runstore.metrics import curve, numbers, smoothing
from runstore.metrics.curve import Curve
from runstore.metrics.sums import Sums
from runstore.run.record import Record
from runstore.store import Store

QUICK = settings(max_examples=25, deadline=None, database=None)
SEEDS = st.integers(0, 1 << 32)
Point = tuple[float, float]
COLUMNS = ("x_first", "x_last", "min", "max", "mean", "last", "count", "nans", "highs", "lows")


def made(folder: str) -> Record:
    """A run in a new store."""
    draft = Draft(Store(f"{folder}/{layout.STORE_FOLDER}").for_writing(), "exp", "run_1")
    alive = draft.take_alive()
    record = draft.publish({"kind": "submitted"})
    lock.release(alive)
    os.mkdir(f"{record.path}/{layout.METRICS}")
    return record


@pytest.fixture
def record(tmp_path: Path) -> Record:
    return made(str(tmp_path))


def log(record: Record, steps: list[int], values: list[float], start: float = 0.0) -> None:
    lines = "".join(
        f"\n{dumps({'n': 'a', 'v': value, 't': start + at, 's': step})}\n"
        for at, (step, value) in enumerate(zip(steps, values))
    )
    with open(f"{record.path}/{layout.METRICS}/1{layout.APPENDED}", "a") as file:
        file.write(lines)


def shown(record: Record, cursor: str | None = None, **wish: Any) -> dict[str, Any]:
    """The one series of the run."""
    (row,) = chart.read([record], ["a"], Wish(**wish), cursor)["series"]
    return row


def some(random: Random, count: int) -> tuple[list[int], list[float]]:
    """Steps of a script that is begun again now and then, and what it logs."""
    steps, step = [], 0
    for _ in range(count):
        step = random.randrange(max(1, step)) if random.random() < 4 / count else step
        steps.append(step)
        step += random.choice([0, 1, 1, 1, 5])
    odd = [nan, inf, -inf, 1e300]
    return steps, [
        random.choice(odd) if random.random() < 0.02 else random.gauss(0, 1) for _ in range(count)
    ]


def strokes_of(points: list[Point]) -> Iterator[list[Point]]:
    """Points, cut where x falls."""
    stroke: list[Point] = []
    for point in points:
        if stroke and point[0] < stroke[-1][0]:
            yield stroke
            stroke = []
        stroke.append(point)
    if stroke:
        yield stroke


def expected(
    points: list[Point], span: float, low: float, high: float
) -> tuple[list[list[Any]], list[int]]:
    """The buckets of points within and the cuts between strokes, the plain way."""
    found: list[list[Any]] = []
    cuts: list[int] = []
    for whole in strokes_of(points):
        stroke = [point for point in whole if low <= point[0] <= high]
        if not stroke:
            continue
        cuts.append(len(found))
        groups: list[list[Point]] = []
        for point in stroke:
            if span and groups and floor(groups[-1][0][0] / span) == floor(point[0] / span):
                groups[-1].append(point)
            else:
                groups.append([point])
        for group in groups:
            values = [value for _, value in group]
            known = [value for value in values if isfinite(value)]
            least, most, mean, last = None, None, None, None
            if known:
                least, most, last = min(known), max(known), known[-1]
                mean = float(np.mean(np.array(known) / 4)) * 4  # 1e300 may be there many times
            counts = len(known), sum(map(isnan, values)), values.count(inf), values.count(-inf)
            found.append([group[0][0], group[-1][0], least, most, mean, last, *counts])
    return found, cuts[1:]


def check(row: dict[str, Any], points: list[Point], low: float = -inf, high: float = inf) -> None:
    """Whether a series says what these points say."""
    buckets, cuts = expected(points, row["span"], low, high)
    mean = COLUMNS.index("mean")
    found = [list(one) for one in zip(*(row[key] for key in COLUMNS))]
    assert len(found) == len(buckets)
    for left, right in zip(found, buckets):
        near, wanted = left.pop(mean), right.pop(mean)
        assert left == right
        scale = max(abs(right[2] or 0), abs(right[3] or 0))
        assert (near is wanted is None) or isclose(near, wanted, abs_tol=scale * 1e-12)
    assert row["cuts"] == cuts


@QUICK
@given(SEEDS, st.integers(1, 800), st.integers(1, 300), st.booleans())
def test_buckets_by_step_are_those_of_a_plain_loop(
    seed: int, count: int, width: int, is_cached: bool
) -> None:
    with TemporaryDirectory() as folder, pytest.MonkeyPatch.context() as patch:
        patch.setattr(numbers, "_SMALL", -1 if is_cached else 1 << 20)
        record = made(folder)
        steps, values = some(Random(seed), count)
        log(record, steps, values)

        for _ in ("written", "read"):
            row = shown(record, width=width)

            check(row, list(zip(steps, values)))
            places = {floor(x / (row["span"] or 1)) for x in row["x_first"]}
            assert len(places) <= width or row["span"] == 0
            assert (row["span"] == 0) == (count <= width)


@QUICK
@given(SEEDS, st.integers(1, 800), st.integers(1, 200), st.integers(-50, 4000), st.integers(0, 900))
def test_a_range_has_all_points_within_in_finer_places(
    seed: int, count: int, width: int, since: int, more: int
) -> None:
    with TemporaryDirectory() as folder:
        record = made(folder)
        steps, values = some(Random(seed), count)
        log(record, steps, values)

        row = shown(record, width=width, since=since, until=since + more)

    span = row["span"]
    low, high = since, since + more
    within = [step for step in steps if low <= step <= high]
    if span and within:
        low = floor(min(within) / span) * span
        high = floor(max(within) / span) * span + span - 1e-9
    check(row, list(zip(steps, values)), low, high)


@QUICK
@given(SEEDS, st.lists(st.integers(1, 300), min_size=2, max_size=6), st.integers(1, 200))
def test_what_is_new_since_a_cursor_makes_the_whole(
    seed: int, parts: list[int], width: int
) -> None:
    random = Random(seed)
    with TemporaryDirectory() as folder:
        record = made(folder)
        kept: dict[str, Any] = {}
        cursor, at, step = None, 0.0, 0
        for count in parts:
            steps = [step + one for one in range(count)]
            step = random.choice([0, steps[-1] + 1])
            log(record, steps, [random.random() for _ in steps], at)
            at += count
            answer = chart.read([record], ["a"], Wish(width), cursor)
            cursor = answer["cursor"]
            for row in answer["series"]:
                first = 0 if row["anew"] else row["from"]
                for key in (*COLUMNS, "cuts"):
                    kept[key] = (
                        row[key] if key == "cuts" else [*kept.get(key, [])[:first], *row[key]]
                    )
            whole = shown(record, width=width)
            assert kept == {key: whole[key] for key in (*COLUMNS, "cuts")}
        assert chart.read([record], ["a"], Wish(width), cursor)["series"] == []


def append(record: Record, writer: int, *points: dict[str, Any]) -> None:
    """Let a writer log some numbers of `a`."""
    with open(f"{record.path}/{layout.METRICS}/{writer}{layout.APPENDED}", "a") as file:
        file.writelines(f"\n{dumps({'n': 'a', **point})}\n" for point in points)


def test_with_the_first_step_all_points_stand_elsewhere_and_come_anew(record: Record) -> None:
    append(record, 1, *({"v": 1.0, "t": float(at)} for at in range(3)))
    before = chart.read([record], ["a"], Wish())
    append(record, 1, {"v": 0.5, "t": 3.0, "s": 100})

    row = shown(record, before["cursor"])

    assert before["series"][0]["x"] == "index"
    assert (row["anew"], row["from"], row["x"]) == (True, 0, "step")
    assert row["x_first"] == [100, 100, 100, 100]


@pytest.mark.parametrize("x", ["time", "relative", "index"])
def test_a_point_of_another_writer_that_belongs_before_known_ones_brings_all_anew(
    record: Record, x: str
) -> None:
    append(record, 1, *({"v": float(at), "t": float(at)} for at in (1, 2, 3, 4)))
    cursor = chart.read([record], ["a"], Wish(x=x))["cursor"]
    append(record, 2, {"v": 1.5, "t": 1.5})

    row = shown(record, cursor, x=x)

    assert (row["anew"], row["from"]) == (True, 0)
    assert row["last"] == [1.0, 1.5, 2.0, 3.0, 4.0]


def test_a_point_of_another_writer_behind_the_known_ones_comes_alone(record: Record) -> None:
    append(record, 1, *({"v": float(at), "t": float(at)} for at in (1, 2, 3, 4)))
    cursor = chart.read([record], ["a"], Wish(x="time"))["cursor"]
    append(record, 2, {"v": 5.0, "t": 5.0})

    row = shown(record, cursor, x="time")

    assert (row["anew"], row["from"], row["last"]) == (False, 3, [4.0, 5.0])


@QUICK
@given(SEEDS, st.integers(1, 40), st.sampled_from(["step", "time", "relative", "index"]))
def test_what_is_new_of_several_writers_makes_the_whole(seed: int, width: int, x: str) -> None:
    random = Random(seed)
    with TemporaryDirectory() as folder:
        record = made(folder)
        times = [0.0, 0.0, 0.0]
        kept: dict[str, list[Any]] = {}
        cursor = None
        for _ in range(6):
            writer = random.randrange(3)
            for _ in range(random.randrange(12)):
                times[writer] += random.choice([0, 1, 5])
                point = {"v": random.random(), "t": times[writer]}
                append(record, writer, point | random.choice([{}, {"s": random.randrange(9)}]))
            answer = chart.read([record], ["a"], Wish(width, x), cursor)
            cursor = answer["cursor"]
            for row in answer["series"]:
                first = 0 if row["anew"] else row["from"]
                kept = {key: [*kept.get(key, [])[:first], *row[key]] for key in COLUMNS}
            whole = shown(record, width=width, x=x)
            assert kept == {key: whole[key] for key in COLUMNS}


@pytest.mark.parametrize(
    "cursor",
    ["x", "4", "4:0.0", "4:0.0:step:9:0", "4:0.0:step:-1:0", "3:0.0:step:2:0", ",", "a:b:c:d:e"],
)
def test_a_cursor_that_no_answer_gave_brings_all(record: Record, cursor: str) -> None:
    log(record, [0, 1, 2, 3, 4], [1.0, 2.0, 3.0, 4.0, 5.0])

    row = shown(record, cursor)

    assert (row["anew"], row["x_first"]) == (True, [0, 1, 2, 3, 4])


def test_times_and_numbers_are_places_too_and_without_steps_it_is_the_number(
    record: Record,
) -> None:
    lines = "".join(f"\n{dumps({'n': 'a', 'v': at, 't': 100.0 + at * 2})}\n" for at in range(3))
    Path(f"{record.path}/{layout.METRICS}/1{layout.APPENDED}").write_text(lines)

    rows = {x: shown(record, x=x) for x in ("step", "time", "relative", "index")}

    assert {x: (row["x"], row["x_first"]) for x, row in rows.items()} == {
        "step": ("index", [0, 1, 2]),
        "time": ("time", [100.0, 102.0, 104.0]),
        "relative": ("relative", [0.0, 2.0, 4.0]),
        "index": ("index", [0, 1, 2]),
    }


def test_another_attempt_is_another_stroke_though_its_steps_go_on(record: Record) -> None:
    log(record, [0, 1, 2, 3], [1.0, 2.0, 3.0, 4.0], start=1_000.0)
    folder = f"{record.path}/{layout.ATTEMPTS}/2"
    os.makedirs(folder)
    Path(f"{folder}/{layout.STARTED}").write_text('{"time": "1970-01-01T00:16:42+00:00"}')

    assert shown(record)["cuts"] == [2]
    assert shown(record, x="time")["cuts"] == [2]


def test_a_planted_attempt_is_one_more_stroke_and_is_not_counted_up_to(
    record: Record, monkeypatch: pytest.MonkeyPatch
) -> None:
    log(record, [0, 1, 2, 3], [1.0, 2.0, 3.0, 4.0], start=1_000.0)
    folder = f"{record.path}/{layout.ATTEMPTS}/999999999"
    os.makedirs(folder)
    Path(f"{folder}/{layout.STARTED}").write_text('{"time": "1970-01-01T00:16:42+00:00"}')
    reads = iter(range(10))  # and then there is an end
    read = facts.read
    monkeypatch.setattr(facts, "read", lambda *given: next(reads) >= 0 and read(*given))

    assert shown(record)["cuts"] == [2]


def test_steps_in_no_order_are_sorted_and_said_to_be(record: Record) -> None:
    steps = [at ^ 1 for at in range(1000)]
    log(record, steps, [float(step) for step in steps])

    row = shown(record, width=50)

    assert row["sorted"]
    check(row, [(step, float(step)) for step in range(1000)])


@pytest.mark.parametrize("x", ["time", "relative"])
@pytest.mark.parametrize("width", [1, 2, 3, 4, 600])
@pytest.mark.parametrize("most", [1.7e308, 1.7976931348623157e308, inf])
def test_times_as_far_apart_as_can_be_have_places(
    record: Record, x: str, width: int, most: float
) -> None:
    times = [-most, *(0.0 for _ in range(1000)), most]
    told = [repr(at).replace("inf", "1e999") for at in times]
    lines = "".join(f'\n{{"n": "a", "v": 1.0, "t": {at}}}\n' for at in told)
    Path(f"{record.path}/{layout.METRICS}/1{layout.APPENDED}").write_text(lines)

    row = shown(record, x=x, width=width)

    assert sum(row["count"]) == 1002
    assert 2 <= len(row["x_first"]) <= max(4, width)
    assert all(map(isfinite, (row["span"], *row["x_first"], *row["x_last"])))
    found = curves.curves_of([record], ["a"], x)
    (part,) = found[0].describe(curves.grid_of(found, width))["segments"]
    assert sum(part["count"]) == 1002
    assert 2 <= len(part["x_first"]) <= max(3, width)


@pytest.mark.parametrize("width", [1, 2])
def test_steps_on_both_sides_of_0_have_two_finite_places(record: Record, width: int) -> None:
    log(record, [-5, 0, 5], [1.0, 2.0, 3.0])

    row = shown(record, width=width)

    assert (row["span"], row["x_first"], row["x_last"]) == (8, [-5, 0], [-5, 5])


# Another metric as the axis


def log_as(record: Record, name: str, *points: dict[str, Any], writer: int = 1) -> None:
    with open(f"{record.path}/{layout.METRICS}/{writer}{layout.APPENDED}", "a") as file:
        file.writelines(f"\n{dumps({'n': name, **point})}\n" for point in points)


def placed(record: Record) -> tuple[list[float], list[float], int]:
    """Where the points of `a` stand by `b`, what they are, and how many have no place."""
    row = shown(record, x="metrics.b")
    assert row["x"] == "metrics.b"
    return row["x_last"], row["last"], row["left_out"]


def test_points_stand_at_the_number_that_another_metric_has_at_their_step(record: Record) -> None:
    for step in range(4):
        log_as(record, "a", {"v": float(step), "t": step * 2.0, "s": step})
        log_as(record, "b", {"v": step * 100.0, "t": step * 2.0 + 1, "s": step})

    assert placed(record) == ([0, 100, 200, 300], [0, 1, 2, 3], 0)


def test_a_metric_that_is_logged_seldom_stands_where_the_other_was_at_that_step(
    record: Record,
) -> None:
    log_as(record, "b", *({"v": step * 10.0, "t": float(step), "s": step} for step in range(2, 9)))
    # The one of step 4 was computed beside the training, and logged late.
    log_as(record, "a", {"v": 0.0, "t": 1.0, "s": 1}, {"v": 4.0, "t": 7.0, "s": 4}, writer=2)

    assert placed(record) == ([40], [4], 1)


def test_what_was_logged_again_goes_with_the_other_of_the_same_attempt(record: Record) -> None:
    for attempt in (0, 1):
        for step in range(3):
            at = attempt * 10.0 + step
            log_as(record, "a", {"v": attempt + step / 10, "t": at, "s": step})
            log_as(record, "b", {"v": attempt * 100.0 + step, "t": at + 0.5, "s": step})
    log_as(record, "a", {"v": 9.0, "t": 20.0, "s": 5})

    xs, values, left_out = placed(record)

    assert (xs, left_out) == ([0, 1, 2, 100, 101, 102, 102], 0)
    assert values == [0.0, 0.1, 0.2, 1.0, 1.1, 1.2, 9.0]


def test_without_steps_as_many_points_go_together_and_else_the_last_one_before(
    record: Record,
) -> None:
    for at in range(3):
        log_as(record, "a", {"v": float(at), "t": at * 2.0})
        log_as(record, "b", {"v": at + 0.5, "t": at * 2.0 + 1})
    assert placed(record) == ([0.5, 1.5, 2.5], [0, 1, 2], 0)

    log_as(record, "a", {"v": 3.0, "t": 9.0})
    assert placed(record) == ([0.5, 1.5, 2.5], [1, 2, 3], 1)


def test_a_point_whose_place_would_be_no_finite_number_is_left_out_and_counted(
    record: Record,
) -> None:
    for step, place in enumerate([1.0, nan, inf, 2.0]):
        log_as(record, "a", {"v": float(step), "t": float(step), "s": step})
        log_as(record, "b", {"v": place, "t": float(step), "s": step})

    assert placed(record) == ([1, 2], [0, 3], 2)


@pytest.mark.parametrize("x", ["metrics.", "tokens", "metric.b"])
def test_an_axis_that_there_is_not_is_refused(record: Record, x: str) -> None:
    with pytest.raises(UserError, match=r"step, time, relative, index or metrics\.NAME"):
        shown(record, x=x)


# Groups


def several(tmp_path: Path, *logged: list[tuple[int, float]]) -> list[Record]:
    """Runs of a store with these steps and numbers."""
    store = Store(f"{tmp_path}/{layout.STORE_FOLDER}").for_writing()
    found = []
    for points in logged:
        draft = Draft(store, "exp")
        alive = draft.take_alive()
        found.append(draft.publish({"kind": "submitted"}))
        lock.release(alive)
        os.mkdir(f"{found[-1].path}/{layout.METRICS}")
        log(found[-1], [step for step, _ in points], [value for _, value in points])
    return found


def grouped(records: list[Record], **wish: Any) -> dict[str, Any]:
    (row,) = groups.read([RunGroup(["x"], records)], ["a"], Wish(**wish))["groups"]
    return row


def test_a_group_is_what_numpy_says_of_its_runs_at_each_step(tmp_path: Path) -> None:
    random = Random(5)
    values = np.array([[random.gauss(0, 1) for _ in range(50)] for _ in range(4)])
    records = several(tmp_path, *([*enumerate(map(float, one))] for one in values))

    row = grouped(records)

    assert (row["places"], row["span"], row["count"]) == ([*range(50)], 1, [4] * 50)
    assert np.allclose(row["mean"], values.mean(axis=0))
    assert np.allclose(row["std"], values.std(axis=0, ddof=1))
    assert (row["min"], row["max"]) == ([*values.min(axis=0)], [*values.max(axis=0)])


def test_runs_that_log_at_other_steps_count_with_what_lies_between_theirs(tmp_path: Path) -> None:
    records = several(
        tmp_path, [(0, 0.0), (10, 10.0)], [(4, 0.0), (5, 2.0)], [(5, nan), (3, 1.0), (9, 1.0)]
    )

    row = grouped(records)

    grid = np.arange(11)
    lines = [np.interp(grid, [0, 10], [0, 10]), np.interp(grid, [4, 5], [0, 2], nan, nan)]
    lines.append(np.interp(grid, [3, 9], [1, 1], nan, nan))
    assert row["places"] == [*grid]
    assert row["count"] == [*np.isfinite(lines).sum(axis=0)]
    assert np.allclose(row["mean"], np.nanmean(lines, axis=0))
    assert row["std"][0] is None


def test_a_group_of_many_points_has_each_run_s_mean_of_a_place(tmp_path: Path) -> None:
    values = np.arange(2 * 1024, dtype=float).reshape(2, 1024)
    records = several(tmp_path, *([*enumerate(map(float, one))] for one in values))

    row = grouped(records, width=16)

    assert row["span"] == 64
    assert row["places"] == [place * 64 + 31.5 for place in range(16)]
    assert np.allclose(row["mean"], values.mean(axis=0).reshape(16, 64).mean(axis=1))


def test_of_a_run_that_was_begun_again_the_later_points_count(tmp_path: Path) -> None:
    records = several(tmp_path, [(0, 1.0), (1, 1.0), (2, 1.0), (0, 5.0), (1, 5.0)])

    assert grouped(records)["mean"] == [5.0, 5.0, 1.0]


def test_a_range_of_a_group_has_what_lies_within_and_lines_over_its_border(tmp_path: Path) -> None:
    records = several(tmp_path, [(0, 0.0), (100, 100.0)], [(step, 1.0) for step in range(100)])

    row = grouped(records, since=40, until=42)

    assert (row["places"], row["count"]) == ([40, 41, 42], [2, 2, 2])
    assert row["max"] == [40, 41, 42]


def test_a_group_is_of_averages_where_these_were_asked_for(tmp_path: Path) -> None:
    first, second = [1.0, 0.0, 5.0, 2.0], [0.0, 1.0, 1.0, 7.0]
    records = several(tmp_path, [*enumerate(first)], [*enumerate(second)])

    row = grouped(records, smooth="ema:0.5")

    expected_mean = np.mean([debiased(first, 0.5), debiased(second, 0.5)], axis=0)
    assert np.allclose(row["mean"], expected_mean)


def test_a_group_has_its_mean_without_the_average_too(tmp_path: Path) -> None:
    first, second = [1.0, 0.0, 5.0, 2.0], [0.0, 1.0, 1.0, 7.0]
    records = several(tmp_path, [*enumerate(first)], [*enumerate(second)])
    asked = [RunGroup(["x"], records)], ["a"], Wish(smooth="ema:0.5"), ["mean", "raw"]

    (row,) = groups.read(*asked)["groups"]

    plain = grouped(records)
    assert (row["raw"], row["points"]) == (plain["mean"], 8)
    assert row["mean"] == grouped(records, smooth="ema:0.5")["mean"]
    assert "raw" not in plain
    asked = [RunGroup(["x"], records)], ["a"], Wish(since=1, until=2), ["raw"]
    (row,) = groups.read(*asked)["groups"]
    assert (row["raw"], row["points"]) == ([0.5, 3.0], 4)


def test_the_points_of_a_large_group_are_not_all_held_at_once(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    lengths = [9, 0, 30, 17, 25, 3]
    records = several(tmp_path, *([(at, at / 7) for at in range(count)] for count in lengths))
    at_once = grouped(records, width=8)
    alive: list[weakref.ref[Curve]] = []
    most = 0
    read = curve.read

    def counted(*given: Any) -> tuple[list[Curve], int]:
        nonlocal most
        found = read(*given)
        alive[:] = [one for one in alive if one() is not None] + [weakref.ref(found[0][0])]
        most = max(most, sum(len(held) for one in alive if (held := one()) is not None))
        return found

    monkeypatch.setattr(curve, "read", counted)
    monkeypatch.setattr(groups, "_MOST_KEPT", 10, raising=False)

    assert grouped(records, width=8) == at_once
    assert most <= 10 + 2 * 30


def test_groups_of_too_many_points_are_refused_with_how_many_may_be(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    records = several(tmp_path, [(0, 1.0), (1, 1.0)], [(0, 2.0), (1, 2.0)])
    asked = [RunGroup([at], [one]) for at, one in enumerate(records)], ["a"], Wish()
    monkeypatch.setattr(groups, "MOST_POINTS", 3, raising=False)

    with pytest.raises(UserError, match="more than 3 points"):
        groups.read(*asked)
    monkeypatch.setattr(groups, "MOST_POINTS", 4)
    assert len(groups.read(*asked)["groups"]) == 2


def test_only_groups_that_have_changed_come_again(tmp_path: Path) -> None:
    records = several(tmp_path, [(0, 1.0)], [(0, 2.0)])
    asked = [RunGroup([at], [one]) for at, one in enumerate(records)], ["a"], Wish(), ["mean"]
    cursor = groups.read(*asked)["cursor"]
    assert groups.read(*asked, cursor)["groups"] == []
    log(records[1], [1], [3.0], start=9.0)

    (row,) = groups.read(*asked, cursor)["groups"]

    assert (row["values"], row["runs"], row["mean"]) == ([1], [records[1].id], [2.0, 3.0])
    assert "std" not in row


def test_a_statistic_that_there_is_not_is_refused(record: Record) -> None:
    with pytest.raises(UserError, match="give mean, std, min, max"):
        groups.read([RunGroup([], [record])], ["a"], Wish(), ["median"])


def test_too_many_places_in_one_answer_are_refused_with_how_many_may_be(record: Record) -> None:
    with pytest.raises(UserError, match="give width=2000"):
        chart.read([record], [str(at) for at in range(200)], Wish(5_000))


# Averages


def debiased(values: list[float], weight: float) -> list[float | None]:
    found: list[float | None] = []
    total = share = 0.0
    for value in values:
        if isfinite(value):
            total = weight * total + (1 - weight) * value
            share = weight * share + (1 - weight)
        found.append(total / share if share else None)
    return found


def running(values: list[float], width: int) -> list[float | None]:
    found: list[float | None] = []
    for at in range(len(values)):
        near = values[max(0, at - width // 2) : at + width - width // 2]
        known = [one for one in near if isfinite(one)]
        found.append(float(np.mean(known)) if known else None)
    return found


def gaussian(values: list[float], width: float) -> list[float | None]:
    found: list[float | None] = []
    for at in range(len(values)):
        near = [(away, values[away]) for away in range(len(values)) if abs(away - at) <= 4 * width]
        known = [
            (np.exp(-0.5 * ((away - at) / width) ** 2), one) for away, one in near if isfinite(one)
        ]
        share = sum(weight for weight, _ in known)
        found.append(float(sum(w * one for w, one in known) / share) if known else None)
    return found


@QUICK
@given(SEEDS, st.integers(1, 400), st.booleans())
def test_averages_are_of_all_points_at_the_last_one_of_each_bucket(
    seed: int, count: int, has_odd: bool
) -> None:
    random = Random(seed)
    values = [random.gauss(0, 1) for _ in range(count)]
    for _ in range(count // 20 if has_odd else 0):
        values[random.randrange(count)] = random.choice([nan, inf, -inf])
    wanted = sorted(random.sample(range(count), min(count, 20)))
    plain = {
        "ema:0.9": debiased(values, 0.9),
        "mean:7": running(values, 7),
        "mean:100": running(values, 100),
        "gauss:5": gaussian(values, 5),
    }

    for word, all_of_them in plain.items():
        found = smoothing.parse(word)(Sums(array("d", values)), (0, count), wanted)
        for one, at in zip(found, wanted):
            expected_one = all_of_them[at]
            assert (one is expected_one is None) or isclose(
                one or 0, expected_one or 0, abs_tol=1e-9
            )


def test_an_average_means_the_same_at_every_width_and_in_every_range(record: Record) -> None:
    random = Random(5)
    values = [random.gauss(0, 1) for _ in range(3000)]
    log(record, [*range(3000)], values)
    every = debiased(values, 0.99)

    for wish in ({"width": 10}, {"width": 400}, {"width": 50, "since": 1000, "until": 2000}):
        row = shown(record, smooth="ema:0.99", **wish)
        assert len(row["smooth"]) == len(row["x_last"])
        for x, value in zip(row["x_last"], row["smooth"]):
            assert isclose(value, every[x] or 0, abs_tol=1e-12)


def test_each_stroke_is_averaged_by_itself(record: Record) -> None:
    log(record, [0, 1, 0, 1], [1.0, 1.0, 9.0, 9.0])

    assert shown(record, smooth="ema:0.9")["smooth"] == pytest.approx([1.0, 1.0, 9.0, 9.0])


@pytest.mark.parametrize(
    "wrong",
    [
        *({"x": "epoch"}, {"width": 0}, {"width": 10_001}, {"since": nan}),
        *({"smooth": word} for word in ("ema", "ema:1", "mean:0", "gauss:x", "gauss:1e9", "a:1")),
    ],
)
def test_what_no_chart_can_have_is_refused_in_one_line(
    record: Record, wrong: dict[str, Any]
) -> None:
    log(record, [0], [1.0])

    with pytest.raises(UserError) as caught:
        shown(record, **wrong)
    assert "\n" not in str(caught.value)
