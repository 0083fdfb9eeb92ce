"""Metrics: each point is safe on return, and no writer hurts another."""

from __future__ import annotations

import json
import math
import os
import signal
import threading

import pytest

from helpers import children
from runstore.metrics import log as metric_log

POINTS = 10_000


def log(folder: str, name: str, *lines: str) -> None:
    os.makedirs(f"{folder}/metrics", exist_ok=True)
    with open(f"{folder}/metrics/{name}.jsonl", "a") as file:
        file.write("".join(f"\n{line}\n" for line in lines))


def test_sixteen_writers_some_killed_lose_no_acknowledged_point(folder: str) -> None:
    started = []
    for number in range(16):
        acknowledged, tell = os.pipe()
        pid = os.fork()
        if not pid:
            _write_points(folder, number, tell)
        os.close(tell)
        started.append((pid, acknowledged))
    for pid, acknowledged in started[:8]:
        os.read(acknowledged, 1)  # it has begun
        os.kill(pid, signal.SIGKILL)
    safe = []
    for number, (pid, acknowledged) in enumerate(started):
        with os.fdopen(acknowledged, "rb") as pipe:
            safe.append(len(pipe.read()) + (number < 8))
        os.waitpid(pid, 0)

    found, broken = metric_log.read(folder)

    assert safe[8:] == [POINTS] * 8
    assert broken <= 8
    for number, count in enumerate(safe):
        values = found[f"m{number}"].values
        assert values == [float(n) for n in range(len(values))]
        assert count <= len(values) <= count + 1


def _write_points(folder: str, number: int, tell: int) -> None:
    try:
        writer = metric_log.Writer(folder)
        for n in range(POINTS):
            writer.add_scalar(f"m{number}", float(n))
            os.write(tell, b".")
    finally:
        os._exit(0)


@pytest.mark.parametrize(
    "value",
    [
        0.1,
        -0.0,
        5e-324,
        1e16,
        3,
        10**30,
        True,
        None,
        "text",
        "\udc80",
        math.inf,
        -math.inf,
        math.nan,
    ],
    ids=repr,
)
def test_a_scalar_comes_back_as_it_was(folder: str, value: object) -> None:
    writer = metric_log.Writer(folder)
    writer.add_scalar("é", value)
    writer.add("é", value, step=3)
    writer.close()

    series = metric_log.read(folder)[0]["é"]

    assert [repr(v) for v in series.values] == [repr(value)] * 2
    assert series.steps == [None, 3]
    assert series.kinds is None
    assert len(series.times) == 2


def test_numpy_scalars_become_numbers(folder: str) -> None:
    numpy = pytest.importorskip("numpy")
    writer = metric_log.Writer(folder)
    for value in (numpy.float32(0.5), numpy.float64("nan"), numpy.int64(3), numpy.bool_(True)):
        writer.add_scalar("a", value)
    writer.close()

    assert repr(metric_log.read(folder)[0]["a"].values) == "[0.5, nan, 3, True]"


def test_lists_rows_and_tables_keep_their_kind_and_their_infinities(folder: str) -> None:
    writer = metric_log.Writer(folder)
    writer.add_scalar("a", 1.0)
    writer.add("a", [1.0, math.inf], kind=metric_log.LIST)
    writer.add("a", {"x": math.nan}, kind=metric_log.ROW, description="why")
    writer.add_scalar("a", 2.0)
    writer.close()

    series = metric_log.read(folder)[0]["a"]

    assert repr(series.values) == "[1.0, [1.0, inf], {'x': nan}, 2.0]"
    assert series.kinds is not None
    assert [*series.kinds, metric_log.SCALAR][:4] == ["scalar", "list", "row", "scalar"]


def test_a_value_without_a_json_form_is_refused_and_writes_nothing(folder: str) -> None:
    writer = metric_log.Writer(folder)
    for value in (b"bytes", object(), 1j):
        with pytest.raises(TypeError):
            writer.add_scalar("a", value)
    writer.close()

    assert metric_log.read(folder) == ({}, 0)


def test_a_fork_writes_a_file_of_its_own(folder: str) -> None:
    writer = metric_log.Writer(folder)
    writer.add_scalar("a", 1.0)
    children.in_child(lambda: writer.add_scalar("a", 2.0))
    writer.add_scalar("a", 3.0)
    writer.close()

    assert len(os.listdir(f"{folder}/metrics")) == 2
    assert metric_log.read(folder)[0]["a"].values == [1.0, 2.0, 3.0]


def test_a_fork_of_a_fork_writes_a_file_of_its_own_too(folder: str) -> None:
    writer = metric_log.Writer(folder)

    def log_in_two() -> None:
        writer.add_scalar("a", 2.0)
        children.in_child(lambda: writer.add("a", 3.0))
        writer.add_scalar("a", 4.0)

    writer.add_scalar("a", 1.0)
    children.in_child(log_in_two)

    assert len(os.listdir(f"{folder}/metrics")) == 3
    assert metric_log.read(folder)[0]["a"].values == [1.0, 2.0, 3.0, 4.0]


def test_a_point_is_written_with_its_time_to_the_microsecond(
    folder: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(metric_log, "time_ns", lambda: 1732147200123456789)
    writer = metric_log.Writer(folder)
    writer.add_scalar("a", 0.5)
    writer.add("a", 0.5, step=1)
    writer.close()

    (name,) = os.listdir(f"{folder}/metrics")
    with open(f"{folder}/metrics/{name}", encoding="utf-8") as file:
        first = file.read().split("\n")[1]

    assert first == '{"n":"a","v":0.5,"t":1732147200123456e-6}'
    assert metric_log.read(folder)[0]["a"].times == [1732147200.123456] * 2


def test_a_time_is_a_number_of_any_form(folder: str) -> None:
    os.mkdir(f"{folder}/metrics")
    with open(f"{folder}/metrics/1-a.jsonl", "w", encoding="utf-8") as file:
        for time in ("1732147200123456e-6", "1732147200.123457", "1732147201"):
            file.write(f'\n{{"n":"a","v":1.0,"t":{time}}}\n')

    times = metric_log.read(folder)[0]["a"].times

    assert times == [1732147200.123456, 1732147200.123457, 1732147201]


def test_threads_share_one_file_and_lose_nothing(folder: str) -> None:
    writer = metric_log.Writer(folder)
    gate = threading.Barrier(8)

    def work(number: int) -> None:
        gate.wait()
        for n in range(200):
            writer.add_scalar(f"m{number}", n)

    threads = [threading.Thread(target=work, args=(n,)) for n in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    writer.close()
    found, broken = metric_log.read(folder)

    assert broken == 0
    assert [found[f"m{n}"].values for n in range(8)] == [[*range(200)]] * 8


def test_a_point_after_close_opens_another_file(folder: str) -> None:
    writer = metric_log.Writer(folder)
    writer.close()
    writer.add_scalar("a", 1.0)
    writer.close()
    writer.add_scalar("a", 2.0)
    writer.close()

    assert metric_log.read(folder)[0]["a"].values == [1.0, 2.0]


def test_a_full_disk_is_told_at_once(folder: str, monkeypatch: pytest.MonkeyPatch) -> None:
    writer = metric_log.Writer(folder)
    writer.add_scalar("a", 1.0)
    with monkeypatch.context() as patched:
        patched.setattr(os, "write", lambda _fd, data: len(data) - 1)
        with pytest.raises(OSError, match="No space"):
            writer.add_scalar("a", 2.0)
        with pytest.raises(OSError, match="No space"):
            writer.add("a", 2.0, step=1)
    writer.close()


def test_writers_are_merged_by_time_and_each_keeps_its_order(folder: str) -> None:
    log(folder, "1-a", '{"n":"a","v":1,"t":10}', '{"n":"a","v":2,"t":5}', '{"n":"a","v":3,"t":30}')
    log(folder, "2-b", '{"n":"a","v":4,"t":20,"s":7}', '{"n":"b","v":5,"t":1,"k":"list"}')

    found, broken = metric_log.read(folder)

    assert broken == 0
    assert list(found) == ["b", "a"]
    assert found["a"].values == [1, 2, 4, 3]
    assert found["a"].steps == [None, None, 7, None]
    assert found["b"].kinds == ["list"]


BROKEN = (
    '{"n":"a","v":1',
    '{"n":"a","v":1}',
    '{"n":1,"v":1,"t":1}',
    '{"n":["a"],"v":1,"t":1}',
    '{"n":"a","v":1,"t":"now"}',
    '{"n":"a","v":1,"t":null}',
    '{"n":"a","v":NaN,"t":1}',
    '{"v":1,"t":1}',
    '"text"',
    "[]",
)


@pytest.mark.parametrize("line", BROKEN)
def test_a_line_that_is_no_point_is_counted_and_hurts_no_other(folder: str, line: str) -> None:
    log(folder, "1-a", '{"n":"a","v":1,"t":1}', line, '{"n":"a","v":2,"t":2}')
    log(folder, "2-b", line, '{"n":"a","v":3,"t":3}')

    found, broken = metric_log.read(folder)

    assert found["a"].values == [1, 2, 3]
    assert broken == 2


def test_odd_values_of_a_good_point_are_read_as_they_stand(folder: str) -> None:
    deep = "[" * 400 + "]" * 400
    lines = ('{"$f":[]}', '{"$f":"x"}', '{"$f":"nan","b":1}', deep, "1e999")
    log(folder, "1-a", *(f'{{"n":"a","v":{v},"t":1,"s":"x","k":[]}}' for v in lines))

    found, broken = metric_log.read(folder)

    assert broken == 0
    assert len(found["a"].values) == 5
    assert found["a"].steps == [None] * 5


def test_nesting_too_deep_for_python_is_a_broken_line(folder: str) -> None:
    deep = "[" * 9_000 + "]" * 9_000
    log(folder, "1-a", f'{{"n":"a","v":{deep},"t":1,"k":"list"}}', '{"n":"a","v":1,"t":1}')

    found, broken = metric_log.read(folder)

    assert found["a"].values == [1]
    assert broken == 1


def test_what_is_no_log_is_not_read(folder: str) -> None:
    os.makedirs(f"{folder}/metrics/folder.jsonl")
    with open(f"{folder}/metrics/notes.txt", "w") as file:
        file.write(json.dumps({"n": "a"}))

    assert metric_log.read(folder) == ({}, 0)
    assert metric_log.read(f"{folder}/none") == ({}, 0)


def test_a_number_of_a_known_time_keeps_its_time_and_its_step(folder: str) -> None:
    writer = metric_log.Writer(folder)
    writer.add_scalar_at("loss", 0.5, 1_700_000_000_123, 3)
    writer.add_scalar_at('odd "name"\n', math.nan, 0, None)
    writer.add_scalar_at("loss", -math.inf, 1_700_000_000_124, -1)
    writer.close()
    found, broken = metric_log.read(folder)

    assert broken == 0
    assert found["loss"].values == [0.5, -math.inf]
    assert found["loss"].times == [1_700_000_000.123, 1_700_000_000.124]
    assert found["loss"].steps == [3, -1]
    assert math.isnan(found['odd "name"\n'].values[0])
    assert found['odd "name"\n'].steps is None
