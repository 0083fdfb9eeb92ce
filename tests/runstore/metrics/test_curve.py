"""Curves gather all points of a metric, as a plain loop over them would."""

from __future__ import annotations

import os
from array import array
from math import inf, isclose, isnan, nan
from pathlib import Path
from typing import Any
from unittest import mock

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from runstore import layout
from runstore.fs.json_write import dumps
from runstore.metrics import buckets, curve, points, samples
from runstore.metrics.buckets import Bucket, Grid
from runstore.metrics.curve import Curve
from runstore.metrics.sums import Sums

QUICK = settings(max_examples=60, deadline=None, database=None)
NUMBERS = st.one_of(
    st.floats(),
    st.sampled_from([nan, inf, -inf, 0.0, -0.0, 1.7e308, -1.7e308, 5e-324]),
    st.integers(-9, 9).map(float),
)
XS = st.one_of(st.integers(0, 40), st.integers(-(1 << 62), 1 << 62))


def gathered(one: Curve, grid: Grid | None, since: float = -inf, until: float = inf) -> Any:
    """The buckets of each segment."""
    return [[*one.gathered(part, grid)] for part in one.within(since, until)]


def bucket_of(points: list[tuple[int, float]]) -> Bucket:
    """A bucket of points, the plain way."""
    known = [value for _, value in points if not isnan(value) and value not in (inf, -inf)]
    ends = points[0][0], points[-1][0]
    mean = None
    for value in known:
        mean = (mean or 0.0) + value / len(known)
    shown = (known[0], known[-1], min(known), max(known), mean) if known else (None,) * 5
    values = [value for _, value in points]
    others = sum(map(isnan, values)), values.count(inf), values.count(-inf)
    return Bucket(*ends, *shown, len(known), *others)


def is_same(left: Bucket, right: Bucket) -> bool:
    """Whether two buckets say the same, but for the rounding of a sum."""
    scale = max(abs(left.min or 0.0), abs(left.max or 0.0))
    means = left.mean, right.mean
    near = means == (None, None) or isclose(*means, rel_tol=1e-9, abs_tol=scale * 1e-12 + 5e-324)
    return near and repr(left._replace(mean=0)) == repr(right._replace(mean=0))


@QUICK
@given(st.lists(st.tuples(XS, NUMBERS), min_size=1, max_size=80), st.integers(1, 30))
def test_the_buckets_of_a_curve_are_those_of_a_plain_loop(
    points: list[tuple[int, float]], places: int
) -> None:
    xs, values = zip(*points)
    grid = buckets.over(min(xs), max(xs), places)

    found = gathered(Curve(array("q", xs), Sums(array("d", values))), grid)

    strokes: list[list[tuple[int, float]]] = [[]]
    for point in points:
        if strokes[-1] and point[0] < strokes[-1][-1][0]:
            strokes.append([])
        strokes[-1].append(point)
    if len(strokes) > buckets.MOST_FALLS + 1:
        strokes = [sorted(points, key=lambda point: point[0])]
    assert len(found) == len(strokes)
    for stroke, part in zip(strokes, found):
        assert sum(one.count + one.nans + one.highs + one.lows for one in part) == len(stroke)
        at = 0
        for one in part:
            size = one.count + one.nans + one.highs + one.lows
            assert is_same(one, bucket_of(stroke[at : at + size]))
            at += size
        places_of = [grid.place(one.x_first) for one in part]
        assert places_of == sorted(places_of)


@QUICK
@given(st.lists(st.integers(0, 500), min_size=1, max_size=80), st.integers(1, 30))
def test_a_bucket_holds_just_the_points_of_its_place(xs: list[int], places: int) -> None:
    ordered = sorted(xs)
    grid = Grid(-0.5, 500 / places)

    (part,) = gathered(Curve(array("q", ordered), Sums(array("d", map(float, ordered)))), grid)

    expected = sorted({grid.place(x) for x in ordered})
    assert [grid.place(one.x_first) for one in part] == expected
    assert [grid.place(one.x_last) for one in part] == expected


def test_a_grid_has_so_many_places_and_the_outer_points_in_their_middles() -> None:
    grid = buckets.over(10, 109, 100)

    assert [grid.place(x) for x in (10, 11, 60, 109)] == [0, 1, 50, 99]
    assert buckets.over(7, 7, 50).place(7) == 0
    assert buckets.over(-(1 << 62), 1 << 62, 9).place(1 << 62) == 8


def test_no_spike_among_a_million_points_is_lost() -> None:
    values = array("d", bytes(8_000_000))
    values[654_321] = 50.0

    curve_of = Curve(array("q", range(1_000_000)), Sums(values))
    (part,) = gathered(curve_of, buckets.over(0, 999_999, 100))

    assert [(one.min, one.max) for one in part].count((0.0, 50.0)) == 1
    (seen,) = [one for one in part if one.max == 50.0]
    assert seen.x_first <= 654_321 <= seen.x_last
    assert seen.mean == 50.0 / seen.count


def test_steps_that_fall_again_and_again_have_no_order_and_are_sorted() -> None:
    xs = [at ^ 1 for at in range(2 * buckets.MOST_FALLS + 4)]

    found = Curve(array("q", xs), Sums(array("d", map(float, xs))))

    assert found.is_sorted
    assert found.segments == [(0, len(xs))]
    assert [*found.xs] == [*found.values] == sorted(xs)


def log(folder: Path, *points: dict[str, Any], writer: str = "1") -> None:
    os.makedirs(folder / layout.METRICS, exist_ok=True)
    lines = "".join(f"\n{dumps({'n': 'a', **point})}\n" for point in points)
    (folder / layout.METRICS / f"{writer}{layout.APPENDED}").write_text(lines)


def test_each_axis_places_the_points_as_they_were_logged(tmp_path: Path) -> None:
    steps = [None, 5, None, 7, 6]
    at = [10.0, 11.0, 13.0, 16.0, 20.0]
    log(
        tmp_path,
        *({"v": 1.0, "t": t, **({} if s is None else {"s": s})} for s, t in zip(steps, at)),
    )

    found = {axis: curve.read(str(tmp_path), ["a"], axis)[0][0] for axis in curve.AXES}

    assert [*found["step"].xs] == [5, 5, 5, 7, 6]
    assert found["step"].segments == [(0, 4), (4, 5)]
    assert [*found["time"].xs] == at
    assert [*found["relative"].xs] == [0.0, 1.0, 3.0, 6.0, 10.0]
    assert [*found["index"].xs] == [0, 1, 2, 3, 4]
    assert found["time"].segments == [(0, 5)]


def test_samples_are_on_one_clock_that_begins_with_the_first_of_them(tmp_path: Path) -> None:
    with mock.patch.object(samples, "time_ns", side_effect=[10 * 10**9, 15 * 10**9]):
        kept = samples.SampleLog(str(tmp_path))
        kept.add({"memory": 1})
        kept.add({"memory": 2, "cpu_percent": 50})

    names = ["system/memory", "system/cpu_percent", "system/threads"]
    found, _ = curve.read(str(tmp_path), names, "relative", kept_in=layout.SYSTEM)

    assert [[*one.xs] for one in found] == [[0.0, 5.0], [5.0], []]


def test_another_attempt_begins_another_stroke_on_every_axis(tmp_path: Path) -> None:
    log(tmp_path, *({"v": 1.0, "t": float(at), "s": at} for at in range(6)))

    for axis in curve.AXES:
        ((found,), _) = curve.read(str(tmp_path), ["a"], axis, begins=[3.0, 99.0])
        assert found.segments == [(0, 3), (3, 6)]


def test_points_without_any_step_stand_at_their_numbers(tmp_path: Path) -> None:
    log(tmp_path, {"v": 2, "t": 1.0}, {"v": 3, "t": 2.0})

    (found, other), broken = curve.read(str(tmp_path), ["a", "other"])

    assert [*found.xs] == [0, 1]
    assert (len(other), broken) == (0, 0)
    with pytest.raises(ValueError, match="no axis 'epoch': step, time, relative, index"):
        curve.read(str(tmp_path), ["a"], "epoch")


@settings(max_examples=25, deadline=None, database=None)
@given(
    st.lists(NUMBERS, min_size=300, max_size=600),
    st.integers(1, 40),
    st.integers(0, 600),
    st.integers(0, 600),
)
def test_sums_of_blocks_say_what_the_points_say(
    values: list[float], places: int, since: int, until: int
) -> None:
    steps = array("q", range(len(values)))
    levels = [
        b"".join(
            points.ROW.pack(*row[: points.COUNT])
            for row in points.rows_of(steps, array("d", values), steps, size)  # type: ignore[arg-type]
            if row[points.COUNT] == size
        )
        for size in (points.block_size(0), points.block_size(1))
    ]
    grid = buckets.over(0, len(values) - 1, places)

    found = gathered(Curve(steps, Sums(array("d", values), levels)), grid, since, until)

    plain = gathered(Curve(steps, Sums(array("d", values))), grid, since, until)
    assert len(found) == len(plain) == (since <= min(until, len(values) - 1))
    for left, right in zip(*found or [[]], *plain or [[]]):
        assert is_same(left, right)
