"""The ledger: a number for each run, without a lock."""

from __future__ import annotations

import os

import pytest

from helpers import children
from runstore.run import ledger

MADE = "2026-11-21T05:21:02Z"


def ids(path: str) -> list[str]:
    return [line.run_id for line in ledger.newest_first(path)]


def test_a_number_is_the_line_counted_from_one(folder: str) -> None:
    path = f"{folder}/ledger"
    numbers = [ledger.add(path, f"run-{n}", MADE, child=n == 2) for n in range(3)]
    lines = list(ledger.newest_first(path))

    assert numbers == [1, 2, 3]
    assert [line.number for line in lines] == [3, 2, 1]
    assert [line.run_id for line in lines] == ["run-2", "run-1", "run-0"]
    assert [line.is_child for line in lines] == [True, False, False]
    assert lines[0].made == MADE
    assert os.path.getsize(path) == 3 * ledger.WIDTH


@pytest.mark.parametrize("torn", [b"", b"x", b"exp_1" * 30, b" " * 255])
def test_eight_writers_of_300_lines_get_distinct_numbers(folder: str, torn: bytes) -> None:
    path = f"{folder}/ledger"
    with open(path, "wb") as file:
        file.write(torn)

    def add_300(writer: int) -> list[int]:
        return [ledger.add(path, f"w{writer}-{n}", MADE, child=False) for n in range(300)]

    found = children.race(8, add_300)

    numbers = {n: f"w{w}-{i}" for w, own in enumerate(found) for i, n in enumerate(own)}
    assert len(numbers) == 2400
    assert {line.number: line.run_id for line in ledger.newest_first(path)} == numbers
    assert [own == sorted(own) for own in found] == [True] * 8


@pytest.mark.parametrize("size", [1, 5, 127, 128, 129, 150, 254, 255])
def test_a_torn_row_costs_only_itself(folder: str, size: int) -> None:
    path = f"{folder}/ledger"
    ledger.add(path, "first", MADE, child=False)
    with open(path, "ab") as file:
        file.write(ledger.format_line("torn", MADE, child=False)[:size])
    number = ledger.add(path, "second", MADE, child=False)

    assert ids(path) == ["second", "first"]
    assert [line.number for line in ledger.newest_first(path)] == [number, 1]


def test_a_line_that_straddles_two_rows_anywhere_is_in_neither() -> None:
    line = ledger.format_line("exp_1732147200_ab12cd34", MADE, child=False)
    for size in range(1, ledger.WIDTH):
        data = line[:size] + line + line
        rows = [data[at : at + ledger.WIDTH] for at in (0, ledger.WIDTH)]
        assert [ledger.parse(row, 1) for row in rows] == [None, None], size


def test_a_writer_killed_at_any_call_does_not_hinder_the_next(folder: str) -> None:
    path = f"{folder}/ledger"
    count = 1
    while children.dies_at(count, lambda: ledger.add(path, "dead", MADE, child=False), torn=True):
        ledger.add(path, f"alive-{count}", MADE, child=False)
        count += 1

    assert count == 3
    assert [name for name in ids(path) if name != "dead"] == ["alive-2", "alive-1"]


def test_newest_first_goes_over_pages_and_reads_no_more_than_it_gives(
    folder: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = f"{folder}/ledger"
    with open(path, "wb") as file:
        for n in range(1000):
            file.write(ledger.format_line(f"run-{n}", MADE, child=False))
    reads = []
    pread = os.pread
    monkeypatch.setattr(os, "pread", lambda *args: reads.append(args) or pread(*args))
    newest = ledger.newest_first(path)

    assert next(newest).run_id == "run-999"
    assert len(reads) == 1
    assert [line.run_id for line in newest] == [f"run-{n}" for n in range(998, -1, -1)]


def test_a_prefix_finds_ids_by_their_beginning_only(folder: str) -> None:
    path = f"{folder}/ledger"
    for name in ("abc", "xabc", "abd", "abc", "ab-t-2026"):
        ledger.add(path, name, MADE, child=False)
    with open(path, "ab") as file:
        file.write(b"abcd torn")

    assert ledger.find_prefix(path, "ab") == ["abc", "abd", "ab-t-2026"]
    assert ledger.find_prefix(path, "abc") == ["abc"]
    assert ledger.find_prefix(path, "2026") == []
    assert ledger.find_prefix(path, "é\udc80\n") == []
    assert ledger.find_prefix(f"{folder}/none", "ab") == []


@pytest.mark.parametrize("mask", [0x01, 0x20, 0x80, 0xFF])
def test_a_row_with_any_byte_flipped_never_raises(mask: int) -> None:
    row = ledger.format_line("exp_1", MADE, child=False)
    for at in range(ledger.WIDTH):
        flipped = ledger.parse(row[:at] + bytes([row[at] ^ mask]) + row[at + 1 :], 1)
        assert flipped is None or mask < 0x80


def test_what_is_no_ledger_has_no_lines(folder: str) -> None:
    os.mkdir(f"{folder}/ledger")

    assert ids(f"{folder}/ledger") == []
    assert ids(f"{folder}/none") == []
    assert ids(f"{folder}/none/ledger") == []
