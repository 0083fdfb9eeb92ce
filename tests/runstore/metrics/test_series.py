"""Series say what the metrics say: no spike is lost, nothing moves, the cache never matters."""

from __future__ import annotations

import errno
import json
import os
import shutil
from math import isnan
from pathlib import Path
from random import Random
from tempfile import TemporaryDirectory
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from helpers.children import dies_at, race
from runstore import layout
from runstore.draft import Draft
from runstore.fs import facts, lock
from runstore.fs.json_write import dumps
from runstore.metrics import cache_file, numbers
from runstore.metrics import log as metric_log
from runstore.metrics.chart import Bucket, Chart, names, series
from runstore.metrics.follower import Follower
from runstore.store import Store

ALL = 1 << 30
RUN = "run_1"
NOISE = [b"\n{half\n", b'\n["list"]\n', b'\n{"n":1,"v":1,"t":1}\n', b'\n{"n":"a","v":1}\n']
QUICK = settings(max_examples=30, deadline=None, database=None)
SEEDS = st.integers(0, 1 << 32)


@pytest.fixture
def always_cached(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(numbers, "_SMALL", -1)
    monkeypatch.setattr(numbers, "_SHARE", 1 << 60)


@pytest.fixture
def run_folder(tmp_path: Path) -> str:
    return made(str(tmp_path))


def made(folder: str) -> str:
    """A run in a new store."""
    draft = Draft(Store(f"{folder}/{layout.STORE_FOLDER}").for_writing(), "exp", RUN)
    alive = draft.take_alive()
    record = draft.publish({"kind": "submitted"})
    lock.release(alive)
    os.mkdir(f"{record.path}/{layout.METRICS}")
    return record.path


def cache_of(run_folder: str) -> str:
    return os.path.dirname(cache_file.path_of(run_folder))


def log_of(run_folder: str, writer: str = "1") -> str:
    return f"{run_folder}/{layout.METRICS}/{writer}{layout.APPENDED}"


def line(value: object, at: float, name: str = "a", **more: object) -> bytes:
    return f"\n{dumps({'n': name, 'v': value, 't': at, **more})}\n".encode()


def write(run_folder: str, *lines: bytes, writer: str = "1") -> None:
    with open(log_of(run_folder, writer), "ab") as file:
        file.write(b"".join(lines))


def log_values(run_folder: str, *values: float, start: int = 0) -> None:
    write(run_folder, *(line(value, start + at) for at, value in enumerate(values)))


def some_lines(random: Random, count: int, start: float) -> list[bytes]:
    """What a writer may log, and what else may be found in its file."""
    at, lines = start, []
    for _ in range(count):
        at += random.choice([0.0, 0.25, 1.0, 1.0, -0.5])
        value: object = random.choice([random.random(), random.randrange(-9, 9), 0.5, -0.0])
        rare = random.randrange(40)
        if rare < 4:
            value = [float("nan"), float("inf"), float("-inf"), 10**400][rare]
        more = {"s": random.randrange(50)} if random.randrange(3) else {}
        if rare == 5:
            lines.append(random.choice(NOISE))
        elif rare == 6:
            lines.append(line(random.choice(["text", True, None]), at))
        elif rare == 7:
            lines.append(line([1.0, 2.0], at, k="list"))
        elif rare == 8:
            lines.append(line(value, at, "b"))
        lines.append(line(value, at, **more))
    return lines


def said(run_folder: str, name: str = "a") -> list[tuple[float, int | None]]:
    """The numbers and steps of a metric as `metrics.read` has them."""
    found = metric_log.read(run_folder)[0].get(name)
    if found is None:
        return []
    steps = (found.steps or []) + [None] * len(found.values)
    rows = zip(found.values, found.kinds_of_all(), steps)
    return [
        (as_float(value), step)
        for value, kind, step in rows
        if kind == metric_log.SCALAR and type(value) in (int, float)
    ]


def as_float(value: float) -> float:
    try:
        return float(value)
    except OverflowError:
        return float("inf") if value > 0 else float("-inf")


def summed(points: list[tuple[float, int | None]], size: int) -> list[Bucket]:
    """The buckets of points, the plain way."""
    found = []
    for at in range(0, len(points), size):
        values = [value for value, _ in points[at : at + size]]
        whole = [value for value in values if not isnan(value)]
        ends = at, at + len(values) - 1
        low, high = (min(whole), max(whole)) if whole else (None, None)
        gaps = len(values) - len(whole)
        found.append(Bucket(*ends, low, high, values[-1], len(values), gaps))
    return found


def plain(chart: Chart) -> Any:
    """Something to compare: NaN is not itself."""
    return [repr(tuple(one)) for one in chart.buckets], chart.size, chart.points, chart.broken


def without_cache(run_folder: str, *given: Any, **options: Any) -> Chart:
    """The same from a copy that is in no store."""
    with TemporaryDirectory() as folder:
        shutil.copytree(f"{run_folder}/{layout.METRICS}", f"{folder}/run/{layout.METRICS}")
        return series(f"{folder}/run", *given, **options)


# What a series says


@pytest.mark.usefixtures("always_cached")
@pytest.mark.parametrize("count", [0, 1, 31, 32, 33, 255, 256, 300, 2048, 5000])
@pytest.mark.parametrize("width", [1, 7, 100, 1000])
def test_buckets_are_those_of_all_points(run_folder: str, count: int, width: int) -> None:
    write(run_folder, *some_lines(Random(count), count, 0.0))
    points = said(run_folder)

    for _ in ("written", "read"):
        chart = series(run_folder, "a", width)
        assert chart.points == len(points)
        assert list(map(repr, chart.buckets)) == list(map(repr, summed(points, chart.size)))
        assert len(chart.buckets) <= width
        assert chart.size == 1 or len(summed(points, chart.size // 2)) > width


@pytest.mark.usefixtures("always_cached")
def test_a_spike_is_in_a_chart_of_any_width(run_folder: str) -> None:
    values = [0.0] * 3000
    values[1234], values[2999] = 99.0, -99.0
    log_values(run_folder, *values)

    for width in (1, 2, 10, 333, 3000):
        buckets = series(run_folder, "a", width).buckets
        assert [one.x_first <= 1234 <= one.x_last for one in buckets if one.max == 99.0] == [True]
        assert [one.x_first <= 2999 <= one.x_last for one in buckets if one.min == -99.0] == [True]


@QUICK
@given(SEEDS, st.integers(1, 4), st.integers(1, 200))
def test_batches_of_several_writers_are_as_metrics_read_has_them(
    seed: int, writers: int, width: int
) -> None:
    random = Random(seed)
    with TemporaryDirectory() as folder, pytest.MonkeyPatch.context() as patch:
        patch.setattr(numbers, "_SHARE", 1 << 60)
        run_folder, at = made(folder), 0.0
        for _ in range(5):
            patch.setattr(numbers, "_SMALL", random.choice([-1, -1, 1 << 20]))
            for _ in range(random.randrange(3)):
                lines = some_lines(random, random.randrange(200), at + random.randrange(-60, 60))
                write(run_folder, *lines, writer=str(random.randrange(writers)))
            at += 50.0
            points = said(run_folder)
            exact = series(run_folder, "a", ALL, x="step")
            found = [(one.last, one.x_first) for one in exact.buckets]
            assert repr(found) == repr(points)
            chart = series(run_folder, "a", width)
            assert list(map(repr, chart.buckets)) == list(map(repr, summed(points, chart.size)))
            for x in ("index", "step", "time"):
                cached, anew = (of(run_folder, "a", width, x) for of in (series, without_cache))
                assert plain(cached) == plain(anew)


@QUICK
@given(SEEDS, st.integers(0, 700), st.integers(1, 700), st.integers(1, 300))
def test_a_complete_bucket_never_changes(seed: int, before: int, more: int, width: int) -> None:
    with TemporaryDirectory() as folder, pytest.MonkeyPatch.context() as patch:
        patch.setattr(numbers, "_SMALL", -1)
        run_folder = made(folder)
        write(run_folder, *some_lines(Random(seed), before, 0.0))
        first = series(run_folder, "a", width)
        write(run_folder, *some_lines(Random(seed + 1), more, 1e6))
        then = series(run_folder, "a", width)

    factor = then.size // first.size
    complete = [repr(one) for one in first.buckets if one.count == first.size]
    if factor == 1:
        assert list(map(repr, then.buckets[: len(complete)])) == complete
    borders = {one.x_first for one in then.buckets}
    assert borders <= {one.x_first for one in first.buckets} | set(
        range(first.buckets[-1].x_first if first.buckets else 0, then.points)
    )
    assert [one.x_first for one in then.buckets] == list(range(0, then.points, then.size))


@QUICK
@given(SEEDS, st.integers(1, 1500), st.integers(1, 100), st.data())
def test_a_range_has_every_point_within_in_finer_buckets(
    seed: int, count: int, width: int, data: st.DataObject
) -> None:
    random = Random(seed)
    with TemporaryDirectory() as folder, pytest.MonkeyPatch.context() as patch:
        patch.setattr(numbers, "_SMALL", -1)
        run_folder = made(folder)
        write(run_folder, *(line(n, n + random.random(), s=n // 3) for n in range(count)))
        x = data.draw(st.sampled_from(["index", "step", "time"]))
        since = data.draw(st.floats(-10, count + 10))
        until = data.draw(st.floats(since, count + 10))
        every = series(run_folder, "a", ALL, x).buckets
        chart = series(run_folder, "a", width, x, since, until)

    within = [one.last for one in every if since <= one.x_first <= until]
    assert len(chart.buckets) <= width
    for value in within:
        assert sum(one.min <= value <= one.max for one in chart.buckets) == 1
    if chart.size == 1:
        assert [one.last for one in chart.buckets] == within
    else:
        assert len(within) + 2 * chart.size > width * chart.size / 2


def test_a_range_without_points_is_empty(run_folder: str) -> None:
    log_values(run_folder, *range(100))

    assert series(run_folder, "a", since=3.2, until=3.8).buckets == []
    assert series(run_folder, "a", x="time", since=1000.0).buckets == []
    assert series(run_folder, "a", x="step", until=1000.0).buckets == []
    assert series(run_folder, "none").points == 0
    assert series(f"{run_folder}/none", "a").buckets == []


def test_steps_may_run_backwards(run_folder: str) -> None:
    write(run_folder, *(line(n, n, s=step) for n, step in enumerate([*range(90), *range(90)])))

    chart = series(run_folder, "a", ALL, "step", 10, 11)

    assert [one.last for one in chart.buckets] == [10.0, 11.0, 100.0, 101.0]


def test_a_bucket_is_cut_where_the_step_falls(run_folder: str) -> None:
    steps = [*range(50), *range(20), *range(10, 70)]
    write(run_folder, *(line(at, at, s=step) for at, step in enumerate(steps)))
    found = series(run_folder, "a", 5, "step")
    assert [tuple(one) for one in found.buckets] == [
        (0, 31, 0, 31, 31, 32, 0),
        (32, 49, 32, 49, 49, 18, 0),
        (0, 13, 50, 63, 63, 14, 0),
        (14, 19, 64, 69, 69, 6, 0),
        (10, 35, 70, 95, 95, 26, 0),
        (36, 67, 96, 127, 127, 32, 0),
        (68, 69, 128, 129, 129, 2, 0),
    ]
    within = series(run_folder, "a", 5, "step", since=45, until=55)
    assert [(one.x_first, one.x_last, one.last) for one in within.buckets] == [
        (32, 49, 49),
        (36, 67, 127),
    ]


def test_a_fall_within_the_first_bucket_is_seen(run_folder: str) -> None:
    steps = [*range(20), *range(100)]
    write(run_folder, *(line(at, at, s=step) for at, step in enumerate(steps)))
    first, second, *_ = series(run_folder, "a", 4, "step").buckets
    assert (first.x_last, first.last, second.x_first, second.last) == (19, 19, 0, 31)


def test_points_without_a_step_are_shown_without_one(run_folder: str) -> None:
    write(run_folder, line(1.0, 1), line(2.0, 2, s=7), line(3.0, 3, s=1 << 70))

    buckets = series(run_folder, "a", x="step").buckets

    assert [one.x_first for one in buckets] == [None, 7, None]
    assert [one[:2] for one in series(run_folder, "a", 1, "step").buckets] == [(7, 7)]


def test_gaps_are_counted_and_infinities_kept(run_folder: str) -> None:
    write(run_folder, *(line(float(text), 1) for text in ("nan", "-inf", "1", "inf", "nan")))

    (whole,) = series(run_folder, "a", 1).buckets
    first = series(run_folder, "a").buckets[0]

    assert whole[2:4] == (float("-inf"), float("inf"))
    assert isnan(whole.last)
    assert (whole.count, whole.gaps) == (5, 2)
    assert first[2:4] == (None, None)
    assert (first.count, first.gaps) == (1, 1)


@pytest.mark.usefixtures("always_cached")
def test_a_long_gap_hides_nothing_beside_it(run_folder: str) -> None:
    values = [float("nan")] * 100 + [5.0, -5.0] + [float("nan")] * 400
    log_values(run_folder, *values)

    for _ in ("written", "read"):
        (whole,) = series(run_folder, "a", 1).buckets
        assert whole[2:4] == (-5.0, 5.0)
        assert (whole.count, whole.gaps) == (502, 500)
        halves = series(run_folder, "a", 16).buckets
        assert [one.max for one in halves if one.gaps < one.count] == [5.0]


def test_a_clock_that_was_set_back_stands_still(run_folder: str) -> None:
    write(run_folder, *(line(n, at) for n, at in enumerate([10, 20, 5, 6, 30])))

    chart = series(run_folder, "a", x="time")

    assert [one.x_first for one in chart.buckets] == [10, 20, 20, 20, 30]
    assert [one.last for one in chart.buckets] == [0, 1, 2, 3, 4]


def test_metrics_without_numbers_are_no_series(run_folder: str) -> None:
    write(run_folder, line("text", 1, "t"), line([1], 1, "l", k="list"), line(1, 2), line(2, 3, ""))

    assert names(run_folder) == ["a", ""]
    assert series(run_folder, "t").buckets == []


@pytest.mark.parametrize("wrong", [{"x": "steps"}, {"width": 0}, {"since": float("nan")}])
def test_what_no_chart_can_have_is_refused(run_folder: str, wrong: dict[str, Any]) -> None:
    with pytest.raises(ValueError, match=next(iter(wrong))):
        series(run_folder, "a", **wrong)


# Logs that grow, and worse


@pytest.mark.usefixtures("always_cached")
def test_the_cache_of_an_earlier_version_goes_once_there_is_one_of_this(run_folder: str) -> None:
    os.makedirs(cache_of(run_folder))
    Path(cache_of(run_folder), layout.SERIES_FORMER).write_text("series 1")
    log_values(run_folder, 1.0, 2.0)

    assert series(run_folder, "a").points == 2

    assert os.listdir(cache_of(run_folder)) == [layout.SERIES_FILE]


@pytest.mark.usefixtures("always_cached")
def test_half_a_line_comes_when_it_is_whole(run_folder: str) -> None:
    log_values(run_folder, 1.0, 2.0)
    whole = line(3.0, 3)
    for cut in range(1, len(whole) - 1):
        write(run_folder, whole[:cut], writer="1")
        assert series(run_folder, "a").points == 2
        os.truncate(log_of(run_folder), os.path.getsize(log_of(run_folder)) - cut)
    write(run_folder, whole)

    assert series(run_folder, "a").points == 3


@pytest.mark.usefixtures("always_cached")
def test_broken_lines_are_skipped_and_counted_once(run_folder: str) -> None:
    log_values(run_folder, 1.0)
    write(run_folder, *NOISE)
    assert series(run_folder, "a").broken == len(NOISE)
    log_values(run_folder, 2.0)
    write(run_folder, b'\n{"n":["a"],"v":1,"t":1}\n{"n":"a","v":1,"t":true}\n')

    chart = series(run_folder, "a")

    assert (chart.points, chart.broken) == (2, len(NOISE) + 2)


def cut(path: str) -> None:
    os.truncate(path, os.path.getsize(path) // 2)


def cut_and_written_on(path: str) -> None:
    size = os.path.getsize(path)
    os.truncate(path, 0)
    with open(path, "ab") as file:
        while file.tell() < size + 100:
            file.write(line(77.0, 5000))


def replaced(path: str) -> None:
    shutil.copy(path, f"{path}.new")
    with open(f"{path}.new", "ab") as file:
        file.write(line(5.0, 6))
    os.rename(f"{path}.new", path)


HARMS = [cut, cut_and_written_on, replaced, os.unlink]


@pytest.mark.usefixtures("always_cached")
@pytest.mark.parametrize("harm", HARMS)
def test_a_log_that_was_cut_or_replaced_is_counted_anew(run_folder: str, harm: Any) -> None:
    log_values(run_folder, *range(500))
    write(run_folder, *some_lines(Random(1), 300, 100.0), writer="2")
    series(run_folder, "a")

    harm(log_of(run_folder))

    assert plain(series(run_folder, "a", 50)) == plain(without_cache(run_folder, "a", 50))
    assert series(run_folder, "a").points == len(said(run_folder))


@pytest.mark.usefixtures("always_cached")
def test_a_folder_or_a_pipe_among_the_logs_is_none(run_folder: str) -> None:
    log_values(run_folder, 1.0)
    os.mkdir(log_of(run_folder, "folder"))
    os.mkfifo(log_of(run_folder, "pipe"))

    assert series(run_folder, "a").points == 1
    assert len(Follower(run_folder).read().points) == 1


@pytest.mark.usefixtures("always_cached")
def test_a_chart_is_drawn_while_others_write_and_draw(run_folder: str) -> None:
    def take_part(number: int) -> int:
        if number < 2:
            writer = metric_log.Writer(run_folder)
            for value in range(3000):
                writer.add_scalar("a", float(value))
            writer.close()
            return 3000
        seen = 0
        while seen < 1500:
            chart = series(run_folder, "a", 64)
            assert seen <= chart.points == sum(one.count for one in chart.buckets)
            seen = chart.points
        return 0

    assert race(4, take_part) == [3000, 3000, 0, 0]
    assert plain(series(run_folder, "a", 64)) == plain(without_cache(run_folder, "a", 64))


# The cache


def test_a_small_log_has_no_cache(run_folder: str) -> None:
    log_values(run_folder, *range(100))

    assert series(run_folder, "a").points == 100
    assert not os.path.exists(cache_of(run_folder))


@pytest.mark.usefixtures("always_cached")
def test_what_a_cache_holds_is_not_read_again(
    run_folder: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    log_values(run_folder, *range(5000))
    series(run_folder, "a")
    read: list[dict[str, Any]] = []
    add = numbers.Numbers._add
    monkeypatch.setattr(
        numbers.Numbers,
        "_add",
        lambda self, writer, found: (read.extend(found), add(self, writer, found))[1],
    )

    assert series(run_folder, "a").points == 5000
    assert read == []
    log_values(run_folder, 1.0, start=6000)
    assert series(run_folder, "a").points == 5001
    assert len(read) == 1


@pytest.mark.usefixtures("always_cached")
@pytest.mark.parametrize("torn", [False, True])
def test_a_reader_killed_at_any_call_leaves_a_cache_that_tells_the_truth(
    run_folder: str, torn: bool
) -> None:
    log_values(run_folder, *range(300))
    count = 0
    while True:
        count += 1
        log_values(run_folder, float(count), start=300 + count)
        was_killed = dies_at(count, lambda: series(run_folder, "a", 10), torn=torn)
        chart = series(run_folder, "a", 10)
        assert chart.points == 300 + count
        assert plain(chart) == plain(without_cache(run_folder, "a", 10))
        assert os.listdir(cache_of(run_folder)) == [layout.SERIES_FILE]
        if not was_killed:
            break
        if count % 2:
            shutil.rmtree(cache_of(run_folder))
    assert count > 4


@pytest.mark.usefixtures("always_cached")
def test_a_cache_can_be_removed_at_any_moment(
    run_folder: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    log_values(run_folder, *range(300))
    expected = plain(without_cache(run_folder, "a", 10))
    for call in ("pread", "write", "fsync", "rename", "ftruncate", "mkdir"):
        original = getattr(os, call)

        def remove_first(*given: Any, **named: Any) -> Any:
            shutil.rmtree(cache_of(run_folder), ignore_errors=True)
            return original(*given, **named)  # noqa: B023 - it is used up in this round

        with monkeypatch.context() as patch:
            patch.setattr(os, call, remove_first)
            assert plain(series(run_folder, "a", 10)) == expected
        assert plain(series(run_folder, "a", 10)) == expected


@pytest.mark.usefixtures("always_cached")
def test_a_damaged_cache_is_as_good_as_none(run_folder: str) -> None:
    log_values(run_folder, *range(300))
    expected = plain(series(run_folder, "a", 10))
    path = cache_file.path_of(run_folder)
    whole = Path(path).read_bytes()
    head = json.loads(whole[whole.rfind(b'{"bytes"') : -24])
    assert head["metrics"]["a"][0] == 300

    for damaged in (b"", whole[:-1], whole[:100], whole + b"x", bytes(len(whole)), whole[5:]):
        Path(path).write_bytes(damaged)
        assert plain(series(run_folder, "a", 10)) == expected
        log_values(run_folder)
    flipped = bytearray(whole)
    flipped[-30] ^= 1
    Path(path).write_bytes(flipped)
    assert plain(series(run_folder, "a", 10)) == expected
    assert Path(path).read_bytes() == whole


@pytest.mark.usefixtures("always_cached")
@pytest.mark.parametrize("code", [errno.ENOSPC, errno.EROFS, errno.EIO])
@pytest.mark.parametrize("call", ["mkdir", "write", "fsync", "rename"])
def test_a_store_that_cannot_be_written_is_read(
    run_folder: str, monkeypatch: pytest.MonkeyPatch, call: str, code: int
) -> None:
    log_values(run_folder, *range(300))

    def refuse(*_: object, **__: object) -> None:
        raise OSError(code, os.strerror(code))

    monkeypatch.setattr(os, call, refuse)

    assert series(run_folder, "a", 10).points == 300
    left = os.listdir(cache_of(run_folder)) if os.path.exists(cache_of(run_folder)) else []
    assert layout.SERIES_FILE not in left
    assert left == [] or call == "rename"


@pytest.mark.usefixtures("always_cached")
def test_nothing_is_written_where_there_is_no_store_or_a_newer_one(tmp_path: Path) -> None:
    alone = str(tmp_path / "exp" / "run")
    os.makedirs(f"{alone}/{layout.METRICS}")
    log_values(alone, 1.0)
    newer = made(str(tmp_path))
    log_values(newer, 1.0)
    root = tmp_path / layout.STORE_FOLDER
    stated = json.loads((root / layout.STORE).read_text())
    (root / layout.STORE).unlink()
    facts.publish(str(root), layout.STORE, {**stated, "format": layout.FORMAT + 1})

    assert series(alone, "a").points == series(newer, "a").points == 1
    assert sorted(os.listdir(tmp_path)) == [layout.STORE_FOLDER, "exp"]
    assert not os.path.exists(root / layout.INDEX)


@pytest.mark.usefixtures("always_cached")
def test_a_cache_that_was_renamed_just_now_is_not_written_to(
    run_folder: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    log_values(run_folder, *range(300))
    series(run_folder, "a")
    path = cache_file.path_of(run_folder)
    whole = Path(path).read_bytes()
    log_values(run_folder, 1.0, start=400)
    take = lock.take

    def take_late(new: str, kind: str) -> int | None:
        """Another opened the file, was slow, and locks it when it has its name already."""
        os.rename(path, new)
        held = take(new, kind)
        os.rename(new, path)
        return held

    monkeypatch.setattr(lock, "take", take_late)

    assert series(run_folder, "a").points == 301
    assert Path(path).read_bytes() == whole


@pytest.mark.usefixtures("always_cached")
def test_many_readers_at_once_write_one_cache(run_folder: str) -> None:
    log_values(run_folder, *range(2000))

    found = race(6, lambda _: series(run_folder, "a", 100).points)

    assert found == [2000] * 6
    assert os.listdir(cache_of(run_folder)) == [layout.SERIES_FILE]
    assert series(run_folder, "a", 100).points == 2000


# Following


def test_a_follower_gives_each_point_once(run_folder: str) -> None:
    follower = Follower(run_folder)
    assert follower.read().points == []
    write(run_folder, line(1.0, 1, s=4), line({"x": [1, 2]}, 2, "t", k="table"), line("x", 3)[:-3])

    news = follower.read()

    assert [tuple(point)[:5] for point in news.points] == [
        ("a", 1.0, 1, 4, "scalar"),
        ("t", {"x": [1, 2]}, 2, None, "table"),
    ]
    assert (news.is_anew, news.is_all, news.broken) == (False, True, 0)
    assert follower.read().points == []
    write(run_folder, line("x", 3)[-3:], *NOISE)
    news = follower.read()
    assert [point.value for point in news.points] == ["x"]
    assert news.broken == len(NOISE)


@pytest.mark.parametrize("harm", HARMS)
def test_a_follower_begins_anew_when_a_log_was_cut_or_replaced(run_folder: str, harm: Any) -> None:
    log_values(run_folder, *range(50))
    write(run_folder, line(1.5, 7), writer="2")
    follower = Follower(run_folder)
    assert len(follower.read().points) == 51

    harm(log_of(run_folder))
    news = follower.read()

    assert news.is_anew
    assert [point.value for point in news.points] == [value for value, _ in said(run_folder)]
    assert not follower.read().is_anew


def test_a_follower_reads_much_in_parts(run_folder: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("runstore.metrics.follower._AT_ONCE", 1)
    for writer in ("1", "2", "3"):
        write(run_folder, line(float(writer), 1), writer=writer)
    follower = Follower(run_folder)

    found = [follower.read() for _ in range(4)]

    assert [[point.value for point in news.points] for news in found] == [[1.0], [2.0], [3.0], []]
    assert [news.is_all for news in found] == [False, False, False, True]


@QUICK
@given(SEEDS)
def test_what_followers_give_is_all_there_is(seed: int) -> None:
    random = Random(seed)
    with TemporaryDirectory() as folder:
        os.mkdir(f"{folder}/{layout.METRICS}")
        follower, found = Follower(folder), []
        for _ in range(6):
            writer = str(random.randrange(3))
            write(folder, *some_lines(random, random.randrange(30), 0.0), writer=writer)
            found += [point for point in follower.read().points if point.name == "a"]
        whole = metric_log.read(folder)[0].get("a", metric_log.Series())

    assert sorted(repr(point.value) for point in found) == sorted(map(repr, whole.values))


@pytest.mark.usefixtures("always_cached")
def test_a_log_that_cannot_be_read_is_told(
    run_folder: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    log_values(run_folder, *range(10))
    series(run_folder, "a")
    log_values(run_folder, 1.0, start=20)

    def refuse(*_: object) -> None:
        raise PermissionError(errno.EACCES, "not yours")

    monkeypatch.setattr("runstore.fs.append.windows", refuse)

    with pytest.raises(PermissionError):
        series(run_folder, "a")
    with pytest.raises(PermissionError):
        Follower(run_folder).read()
