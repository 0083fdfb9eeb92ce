"""The ledger: a number for each run, without a lock."""

from __future__ import annotations

import errno
import fcntl
import os
import time

import pytest

from helpers import children
from helpers.errors import fails
from runstore.errors import StoreError
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


def test_a_part_finds_the_ids_that_hold_it_each_once(folder: str) -> None:
    path = f"{folder}/ledger"
    for name in ("abc", "xabc", "abd", "abc", "ab-t-2026"):
        ledger.add(path, name, MADE, child=False)
    with open(path, "ab") as file:
        file.write(b"abcd torn")

    assert ledger.find_part(path, "ab") == ["abc", "xabc", "abd", "ab-t-2026"]
    assert ledger.find_part(path, "abc") == ["abc", "xabc"]
    assert ledger.find_part(path, "2026") == ["ab-t-2026"]  # not by the time that they were made
    assert ledger.find_part(path, "c") == ["abc", "xabc"]  # nor by their kind
    assert ledger.find_part(path, "é\udc80\n") == []
    assert ledger.find_part(f"{folder}/none", "ab") == []


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


def test_lines_that_are_added_together_follow_each_other(folder: str) -> None:
    path = f"{folder}/ledger"
    ledger.add(path, "first", MADE, child=False)

    assert ledger.add_many(path, ["a", "b", "c"], MADE, child=True) == 2
    assert [line.number for line in ledger.newest_first(path)] == [4, 3, 2, 1]
    assert ids(path) == ["c", "b", "a", "first"]
    assert [line.is_child for line in ledger.newest_first(path)] == [True, True, True, False]


def test_a_line_has_its_fields_at_their_places() -> None:
    line = ledger.format_line("run-1", MADE, child=True)

    assert len(line) == ledger.WIDTH == 256
    assert line == b"run-1".ljust(128) + b" " + MADE.encode().ljust(20) + b" c".ljust(106) + b"\n"


def test_the_longest_id_fits(folder: str) -> None:
    longest = "x" * 128
    ledger.add(f"{folder}/ledger", longest, MADE, child=False)

    assert ids(f"{folder}/ledger") == [longest]


def test_rows_are_counted_with_those_that_are_no_lines(folder: str) -> None:
    path = f"{folder}/ledger"
    ledger.add(path, "first", MADE, child=False)
    with open(path, "ab") as file:
        file.write(b"x" * 300)
    os.symlink(path, f"{folder}/link")

    assert ledger.count(path) == 2
    assert ledger.count(f"{folder}/link") == 0
    with pytest.raises(FileNotFoundError):
        ledger.count(f"{folder}/none")


def test_lines_between_two_numbers_are_read_in_order(folder: str) -> None:
    path = f"{folder}/ledger"
    ledger.add_many(path, ["a", "b", "c", "d"], MADE, child=False)
    with open(path, "rb+") as file:
        file.seek(ledger.WIDTH)
        file.write(b" " * (ledger.WIDTH - 1) + b"\n")

    assert [(line.number, line.run_id) for line in ledger.between(path, 0, 3)] == [
        (1, "a"),
        (3, "c"),
    ]
    assert [line.run_id for line in ledger.between(path, 2, 4)] == ["c", "d"]
    assert [line.run_id for line in ledger.between(path, 3, 9)] == ["d"]
    assert ledger.between(path, 1, 1) == []


def test_a_ledger_of_a_thousand_runs_is_searched_to_its_end(folder: str) -> None:
    path = f"{folder}/ledger"
    ledger.add_many(path, [f"run-{n}" for n in range(1000)], MADE, child=False)

    assert ledger.find_part(path, "run-999") == ["run-999"]
    assert len(ledger.survey(path).ids) == 1000


def test_a_survey_tells_ids_damaged_rows_and_a_torn_end(folder: str) -> None:
    path = f"{folder}/ledger"
    ledger.add_many(path, ["a", "b"], MADE, child=False)
    with open(path, "ab") as file:
        file.write(b" " * (ledger.WIDTH - 1) + b"\n" + b"x" * ledger.WIDTH + b"torn")
    found = ledger.survey(path)

    assert (found.ids, found.broken, found.tail) == ({"a", "b"}, [4], 4)
    none = ledger.survey(f"{folder}/none")
    assert (none.ids, none.broken, none.tail) == (set(), [], 0)


def test_an_unaligned_end_is_padded_blanked_and_kept_beside_the_ledger(folder: str) -> None:
    path = f"{folder}/ledger"
    ledger.add(path, "a", MADE, child=False)
    with open(path, "ab") as file:
        file.write(b"torn")
    ledger.align(path)
    found = ledger.survey(path)

    assert (found.ids, found.broken, found.tail) == ({"a"}, [], 0)
    with open(path, "rb") as file:
        assert file.read()[ledger.WIDTH :] == b" " * 255 + b"\n"
    (kept,) = set(os.listdir(folder)) - {"ledger"}
    assert kept.startswith(".damaged-ledger-2-")
    with open(f"{folder}/{kept}", "rb") as file:
        assert file.read() == b"torn".ljust(ledger.WIDTH - 1) + b"\n"
    assert ledger.add(path, "b", MADE, child=False) == 3


def test_an_aligned_end_stays_as_it_is(folder: str) -> None:
    path = f"{folder}/ledger"
    ledger.add(path, "a", MADE, child=False)
    ledger.align(path)

    assert os.listdir(folder) == ["ledger"]
    assert os.path.getsize(path) == ledger.WIDTH


def test_a_damaged_row_gets_its_line_again_and_a_whole_one_is_left(folder: str) -> None:
    path = f"{folder}/ledger"
    ledger.add_many(path, ["a", "b", "c"], MADE, child=False)
    with open(path, "rb+") as file:
        file.seek(ledger.WIDTH)
        file.write(b"?")
    line = ledger.format_line("bb", MADE, child=True)
    for number in (1, 2, 3, 4):
        ledger.replace(path, number, line)

    assert ids(path) == ["c", "bb", "a"]
    assert len(os.listdir(folder)) == 2
    assert os.path.getsize(path) == 3 * ledger.WIDTH


def test_a_disk_that_takes_no_whole_line_is_named(
    folder: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = f"{folder}/ledger"
    write = os.write
    monkeypatch.setattr(os, "write", lambda descriptor, data: write(descriptor, data[:100]))

    with pytest.raises(StoreError, match="is the disk full"):
        ledger.add(path, "a", MADE, child=False)


def test_a_writer_leaves_the_padding_to_another_that_is_at_it(
    folder: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = f"{folder}/ledger"
    with open(path, "ab") as other:
        other.write(b"torn")
        other.flush()
        fcntl.flock(other, fcntl.LOCK_EX)
        waited: list[float] = []

        def pad_meanwhile(seconds: float) -> None:
            waited.append(seconds)
            if len(waited) == 3:
                other.write(b" " * (-os.path.getsize(path) % ledger.WIDTH - 1) + b"\n")
                other.flush()

        monkeypatch.setattr(time, "sleep", pad_meanwhile)
        number = ledger.add(path, "a", MADE, child=False)

    assert waited == [0.0, 0.001, 0.002]
    assert [(line.number, line.run_id) for line in ledger.newest_first(path)] == [(number, "a")]


def test_an_end_that_another_process_is_padding_is_left_to_it(
    folder: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = f"{folder}/ledger"
    waited: list[float] = []
    monkeypatch.setattr(time, "sleep", waited.append)
    with open(path, "ab") as other:
        other.write(b"torn")
        other.flush()
        fcntl.flock(other, fcntl.LOCK_EX)
        ledger.align(path)

    assert waited == [0.0]
    assert (os.listdir(folder), os.path.getsize(path)) == (["ledger"], 4)


def test_where_files_have_no_locks_an_unaligned_end_is_padded_all_the_same(
    folder: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = f"{folder}/ledger"
    with open(path, "wb") as file:
        file.write(b"torn")

    monkeypatch.setattr(fcntl, "flock", fails(errno.ENOLCK))

    assert ledger.add(path, "a", MADE, child=False) == 3


def test_a_ledger_that_cannot_be_read_just_now_is_not_empty(
    folder: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = f"{folder}/ledger"
    ledger.add(path, "a", MADE, child=False)

    monkeypatch.setattr(os, "open", fails(errno.EMFILE))

    with pytest.raises(OSError, match="Too many open files"):
        ids(path)
    assert ledger.find_part(path, "a") == []


@pytest.mark.parametrize(
    ("at", "wrong"),
    [
        (128, "x"),
        (133, "x"),
        (139, "x"),
        (148, "x"),
        (149, "x"),
        (150, "x"),
        (151, "x"),
        (254, "x"),
        (255, " "),
    ],
)
def test_a_row_with_anything_out_of_its_place_is_no_line(at: int, wrong: str) -> None:
    row = ledger.format_line("a", MADE, child=False).decode()

    assert ledger.parse(row.encode(), 1) is not None
    assert ledger.parse((row[:at] + wrong + row[at + 1 :]).encode(), 1) is None
    assert ledger.parse(row.encode() + b" ", 1) is None


def test_lines_of_children_are_passed_over_and_no_other_is(folder: str) -> None:
    path = f"{folder}/ledger"
    for n in range(600):
        ledger.add(path, f"run-{n}", MADE, child=n % 7 != 3)
    with open(path, "ab") as file:
        file.write(b"t" * 300)  # a killed writer's
    ledger.add(path, "last", MADE, child=False)

    found = [line.number for line in ledger.newest_first(path, children=False)]

    assert found == [line.number for line in ledger.newest_first(path) if not line.is_child]
    assert len(found) == 87
