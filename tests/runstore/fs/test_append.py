"""Append logs: a torn record costs only itself."""

from __future__ import annotations

import json
import os
from collections.abc import Callable
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from helpers import children
from runstore.fs import append

RECORDS = [{"n": number, "text": "x" * number} for number in range(5)]


def write(path: str, *pieces: bytes) -> None:
    with open(path, "ab") as file:
        file.write(b"".join(pieces))


def line(record: object) -> bytes:
    return b"\n" + json.dumps(record).encode() + b"\n"


def test_records_come_back_in_order(folder: str) -> None:
    path = f"{folder}/log"
    descriptor = append.open_for_append(path)
    assert all(append.write_record(descriptor, json.dumps(record)) for record in RECORDS)
    os.close(descriptor)

    assert append.read(path) == (RECORDS, os.path.getsize(path), 0)


def test_a_log_that_is_not_there_is_empty(folder: str) -> None:
    assert append.read(f"{folder}/log") == ([], 0, 0)
    assert append.read(folder) == ([], 0, 0)


def test_a_torn_record_in_the_middle_costs_only_itself(folder: str) -> None:
    path = f"{folder}/log"
    write(path, line({"a": 1}), line({"torn": "record"})[:-5], line({"b": 2}))

    assert append.read(path)[0] == [{"a": 1}, {"b": 2}]
    assert append.read(path)[2] == 1


def test_a_line_that_is_too_long_costs_only_itself(
    folder: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(append, "MOST_LINE", 1 << 20)
    path = f"{folder}/log"
    write(path, line({"a": 1}), line({"long": "x" * (5 << 20)}), line({"b": 2}))

    assert append.read(path) == ([{"a": 1}, {"b": 2}], os.path.getsize(path), 1)


def test_the_holes_of_a_sparse_log_take_no_time_to_be_read(folder: str) -> None:
    path = f"{folder}/log"
    write(path, line({"a": 1}))
    os.truncate(path, 1 << 40)
    write(path, line({"b": 2}))

    assert append.read(path) == ([{"a": 1}, {"b": 2}], os.path.getsize(path), 1)


def test_a_reader_goes_on_where_it_stopped_and_an_unfinished_line_is_not_yet(folder: str) -> None:
    path = f"{folder}/log"
    write(path, line({"a": 1}), line({"b": 2})[:-3])
    first, offset, broken = append.read(path)
    write(path, line({"b": 2})[-3:], line({"c": 3}))

    assert (first, broken) == ([{"a": 1}], 0)
    assert append.read(path, offset)[0] == [{"b": 2}, {"c": 3}]


def test_a_live_reader_sees_each_record_once_while_others_append(folder: str) -> None:
    path = f"{folder}/log"

    def work(number: int) -> list[int]:
        if number:
            descriptor = append.open_for_append(path)
            for n in range(500):
                append.write_record(
                    descriptor, json.dumps({"w": number, "n": n, "fill": "x" * 200})
                )
            os.close(descriptor)
            return []
        seen: list[dict[str, Any]] = []
        offset = broken = 0
        while len(seen) < 1000:
            records, offset, bad = append.read(path, offset)
            seen += records
            broken += bad
        return [broken, *(r["w"] * 1000 + r["n"] for r in seen)]

    broken, *seen = children.race(3, work)[0]

    assert broken == 0
    assert sorted(seen) == [*range(1000, 1500), *range(2000, 2500)]
    assert [n for n in seen if n < 2000] == [*range(1000, 1500)]


@pytest.mark.parametrize(
    ("lines", "good"),
    [
        ([b'{"a":1', b'"b":2}'], []),
        ([b"1,2"], []),
        ([b'{"a":1},{"b":2}'], []),
        ([b'{"a":1', b'"b":2},{"c":3}'], []),
        ([b'{"a":1},{"b":2}', b'{"c":3', b'"d":4}'], []),
        ([b"[1]", b'"text"', b"null", b"5"], []),
        ([b'{"a":NaN}', b'{"a":Infinity}', b'{"a":-Infinity}'], []),
        ([b'{"a":' + b"[" * 100_000 + b"]" * 100_000 + b"}"], []),
        ([b'{"a":' + b"9" * 5000 + b"}"], None),
        ([b"\0" * 50, b"\xff\xfe", b"{}x"], []),
        ([b'{"a":{"b":[1,2]}}', b"{}"], [{"a": {"b": [1, 2]}}, {}]),
    ],
)
def test_what_is_no_record_is_skipped_and_never_joined(
    lines: list[bytes], good: list[object] | None
) -> None:
    whole = b'{"z":0}'
    records, broken = append.parse(b"\n".join([whole, *lines, whole]) + b"\n")

    assert records[0] == records[-1] == {"z": 0}
    if good is not None:
        assert records[1:-1] == good
        assert broken == len(lines) - len(good)


def test_a_line_longer_than_a_window_is_whole(folder: str) -> None:
    path = f"{folder}/log"
    big = {"text": "x" * (3 << 20)}
    write(path, line({"a": 1}), line(big), line({"b": 2}))

    assert append.read(path) == ([{"a": 1}, big, {"b": 2}], os.path.getsize(path), 0)


def test_more_than_a_block_of_lines_loses_only_the_broken_ones(folder: str) -> None:
    path = f"{folder}/log"
    records = [{"n": n} for n in range(20_000)]
    write(path, *map(line, records[:9000]), b'\n{"n":\n', *map(line, records[9000:]))

    assert append.read(path) == (records, os.path.getsize(path), 1)


def test_a_log_cut_at_any_byte_loses_only_the_record_that_is_cut(folder: str) -> None:
    path = f"{folder}/log"
    whole = b"".join(map(line, RECORDS))
    ends = [len(b"".join(map(line, RECORDS[: n + 1]))) for n in range(len(RECORDS))]
    for cut in range(len(whole) + 1):
        with open(path, "wb") as file:
            file.write(whole[:cut] + line({"next": "writer"}))
        records, _, broken = append.read(path)
        kept = [r for r, end in zip(RECORDS, ends) if end - 1 <= cut]
        assert records == [*kept, {"next": "writer"}]
        assert broken <= 1


JSON = st.recursive(
    st.none()
    | st.booleans()
    | st.integers()
    | st.floats(allow_nan=False, allow_infinity=False)
    | st.text(),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(), inner, max_size=3),
    max_leaves=8,
)


@settings(max_examples=100, deadline=None, database=None)
@given(st.lists(st.dictionaries(st.text(), JSON, max_size=3), min_size=1, max_size=5), st.data())
def test_any_records_cut_anywhere_lose_only_the_last(
    records: list[dict[str, Any]], data: st.DataObject
) -> None:
    lines = [line(record) for record in records]
    cut = data.draw(st.integers(0, len(lines[-1])))

    found, broken = append.parse(b"".join(lines[:-1]) + lines[-1][:cut] + line({"next": 1}))

    assert found[: len(records) - 1] == records[:-1]
    assert found[-1] == {"next": 1}
    assert broken <= 1
    assert len(found) + broken <= len(records) + 1


def test_a_short_write_is_told(folder: str, monkeypatch: pytest.MonkeyPatch) -> None:
    descriptor = append.open_for_append(f"{folder}/log")
    monkeypatch.setattr(os, "write", lambda _fd, data: len(data) - 1)

    assert append.write_record(descriptor, "{}") is False
    os.close(descriptor)


def test_a_survey_counts_broken_lines_and_names_the_first(folder: str) -> None:
    path = f"{folder}/log"
    write(path, line({"n": 1}), b'\n{"n":\n', line({"m": 1}), line({"n": 2}), b'\n{"n"')
    size = len(line({"n": 1}))

    assert append.survey(path, lambda record: "n" in record)[:2] == (2, size + 1)
    assert append.survey(path, lambda record: "n" in record)[2] == os.path.getsize(path) - 4


@pytest.mark.parametrize("make", [os.mkfifo, os.mkdir], ids=["pipe", "folder"])
def test_what_is_no_file_has_no_records_and_is_not_waited_for(
    folder: str, make: Callable[[str], None]
) -> None:
    make(f"{folder}/log")

    assert list(append.windows(f"{folder}/log")) == []
