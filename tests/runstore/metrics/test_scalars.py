"""Scalar points read many at once: the same as one by one, or not at all."""

from __future__ import annotations

import json
import os
import tempfile
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from runstore.fs import append
from runstore.metrics import log as metric_log
from runstore.metrics import scalars

OURS = b'\n{"n":"loss","v":0.5,"t":1732147200.123456}\n'
OTHER = b'\n{"n":"a,\\"v\\":1","v":-3,"t":7}\n'


def one_by_one(data: bytes) -> list[tuple[str, Any, Any]]:
    records, _ = append.parse(data)
    return [(r["n"], r["v"], r["t"]) for r in records]


def many(data: bytes) -> dict[str, tuple[list[Any], list[float]]] | None:
    found = scalars.parse(data, {})
    return None if found is None else {name: (values, times) for name, values, times in found}


def test_the_lines_of_our_own_writer_are_read_together() -> None:
    found = many(OURS + OTHER + OURS + b'\n{"n":"","v":1e400,"t":8}\n')

    assert found is not None
    assert list(found) == ["loss", 'a,"v":1', ""]
    assert found["loss"] == ([0.5, 0.5], [1732147200.123456] * 2)
    assert found['a,"v":1'] == ([-3], [7])
    assert found[""] == ([float("inf")], [8])


def test_a_name_that_is_spelled_in_two_ways_is_one_metric_in_order() -> None:
    spelled = (b'"a"', b'"\\u0061"')
    lines = [b'\n{"n":%s,"v":%d,"t":%d}\n' % (spelled[n % 2], n, n) for n in range(4)]

    assert many(b"".join(lines)) == {"a": ([0, 1, 2, 3], [0, 1, 2, 3])}


def test_heads_are_known_from_one_window_to_the_next() -> None:
    heads: dict[bytes, str] = {}
    for data in (OURS, OTHER, OTHER + OURS):
        found = scalars.parse(data, heads)
        assert found is not None

    assert [name for name, _, _ in found] == ['a,"v":1', "loss"]
    assert list(heads.values()) == ["loss", 'a,"v":1']


@pytest.mark.parametrize(
    "line",
    [
        b'\n{"n":"a","v":1}\n',
        b'\n{"n":"a","v":1,2}\n',
        b'\n{"n":"a","v":1\n\n{"n":"a","v":1,"t":2,"t":3}\n',
        b'\n{"n":"a","v":1}\n\n{"n":"a","v":1,"t":2,"t":3}\n',
        b'\n{"n":"a","v":0,"t":1,"t":0}\n\n{"n":"a","v":1}\n',
        b'\n{"n":"a","t":1,"v":2}\n',
        b'\n{"n":"a","v":1,"t":2}5\n',
        b'\n5{"n":"a","v":1,"t":2}\n',
        b'\n{"n":"a","v":1,"t":2}\n5\n',
        b'\n{"n":"a","v":1,"5t":2}\n',
        b'\n{"n":"a","v":,"t":2}\n',
        b'\n{"n":"a","v":1-2,"t":2}\n',
        b'\n{"n":"a","v":1 ,"t":2}\n',
        b'\n{"n":"a","v":NaN,"t":2}\n',
        b'\n{"n":"a","v":{"$f":"nan"},"t":2}\n',
        b'\n{"n":"a","v":"x","t":2}\n',
        b'\n{"n":"a","v":true,"t":2}\n',
        b'\n{"n":"a","v":[1],"t":2}\n',
        b'\n{"n":"a","v":1,"t":2,"s":3}\n',
        b'\n{"n":"a","v":1,"t":"x}\n\n{"n":",","v":1,"t":2}\n',
        b'\n{"n":5,"v":1,"t":2}\n',
        b'\n{"n":["a"],"v":1,"t":2}\n',
        b'\n{"n":"a\xff","v":1,"t":2}\n',
        b'\n{"n":"a","x":1,"v":1,"t":2}\n',
        b'\n{"n":"a"\n',
        b'\n{"n":\n"a","v":1,"t":2}\n',
        b'\n{"n":"a"\n,"v":1,"t":2}\n',
        b'\n"text"\n',
        b'{"n":"a","v":1,"t":2}\n{"n":"a","v":1,"t":2}\n',
        b'\n{"n":"a","v":' + b"9" * 5000 + b',"t":2}\n',
    ],
)
def test_a_window_with_any_other_line_is_left_to_the_reader_of_single_lines(line: bytes) -> None:
    assert many(OURS + line + OURS) is None
    assert many(line) is None
    assert many(line + OURS) is None
    assert many(OURS + line) is None


def test_more_metrics_than_are_worth_it_are_left_to_the_reader_of_single_lines() -> None:
    assert many(b"".join(b'\n{"n":"m%d","v":1,"t":2}\n' % n for n in range(100))) is None
    assert many(b"") is None
    assert many(b"\n\n") is None


NUMBERS = st.integers() | st.floats(allow_nan=False, allow_infinity=False)
POINTS = st.lists(st.tuples(st.sampled_from(["a", "", 'é\n"', "v"]), NUMBERS), max_size=6)
PIECES = st.sampled_from(
    [b"\n", b"{", b"}", b'"', b",", b"1", b"-", b"e", b'"t":', b',"t":', b'{"n":', b',"v":', b"\\"]
)


@settings(max_examples=200, deadline=None, database=None, derandomize=True)
@given(POINTS, st.data())
def test_any_window_is_read_as_line_by_line_or_not_at_all(
    points: list[tuple[str, float]], data: st.DataObject
) -> None:
    window = b"".join(
        b'\n{"n":%s,"v":%r,"t":%.6f}\n' % (json.dumps(name).encode(), value, number)
        for number, (name, value) in enumerate(points)
    )
    for _ in range(data.draw(st.integers(0, 3))):
        at = data.draw(st.integers(0, len(window)))
        cut = data.draw(st.integers(0, 3))
        window = window[:at] + data.draw(PIECES) + window[at + cut :]

    found = many(window)

    if found is not None:
        expected: dict[str, tuple[list[Any], list[float]]] = {}
        for name, value, time in one_by_one(window):
            series = expected.setdefault(name, ([], []))
            series[0].append(value)
            series[1].append(time)
        assert repr(found) == repr(expected)


def test_a_log_of_both_kinds_of_windows_keeps_every_point_in_order(folder: str) -> None:
    os.mkdir(f"{folder}/metrics")
    with open(f"{folder}/metrics/1-a.jsonl", "wb") as file:
        for block in range(4):
            for n in range(30_000):
                file.write(b'\n{"n":"%s","v":%d,"t":1.5}\n' % (b"ab"[n % 2 :][:1], n))
            file.write(b'\n{"n":"a","v":{"$f":"nan"},"t":2,"s":%d}\n\n{"n":"torn\n' % block)

    found, broken = metric_log.read(folder)

    assert broken == 4
    one = [*range(0, 30_000, 2), "nan"] * 4
    assert [str(v) if v != v else v for v in found["a"].values] == one
    assert found["b"].values == [*range(1, 30_000, 2)] * 4
    assert len(found["a"].times) == len(one)
    assert found["a"].steps is not None
    assert [n for n, step in enumerate(found["a"].steps) if step is not None] == [
        15_000,
        30_001,
        45_002,
        60_003,
    ]


def test_writers_of_both_kinds_are_merged_by_time() -> None:
    with tempfile.TemporaryDirectory() as folder:
        os.mkdir(f"{folder}/metrics")
        for name, line in (("1-a", b'{"n":"a","v":1,"t":1}'), ("2-b", b'{"n":"a","v":"x","t":0}')):
            with open(f"{folder}/metrics/{name}.jsonl", "wb") as file:
                file.write(b"\n" + line + b"\n")

        assert metric_log.read(folder)[0]["a"].values == ["x", 1]
