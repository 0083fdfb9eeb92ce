"""Labels: everybody writes, nobody waits, nothing is lost."""

from __future__ import annotations

import errno
import functools
import json
import os
import re
import shutil

import pytest

from helpers import children
from runstore.errors import ReadOnlyStore
from runstore.fs import append
from runstore.run import labels
from runstore.run.labels import DESCRIPTION, DISPLAY_NAME, TAG, UNTAG

CHANGES: list[tuple[str, str, object]] = [(TAG, "a", 1), (TAG, "b", 1)]


def log(folder: str, name: str, *lines: str) -> None:
    os.makedirs(f"{folder}/labels", exist_ok=True)
    with open(f"{folder}/labels/{name}.jsonl", "w") as file:
        file.write("".join(f"\n{line}\n" for line in lines))


def test_the_later_change_wins(folder: str) -> None:
    labels.write(folder, [(TAG, "a", 1), (TAG, "b", None), (DISPLAY_NAME, "", "one")])
    labels.write(folder, [(TAG, "a", 2), (UNTAG, "b", None), (DESCRIPTION, "", "why")])
    labels.write(folder, [(UNTAG, "never", None), (DISPLAY_NAME, "", "two")])
    found = labels.read(folder)

    assert found.tags == {"a": 2}
    assert (found.display_name, found.description) == ("two", "why")


def test_no_change_writes_nothing(folder: str) -> None:
    labels.write(folder, [])

    assert os.listdir(folder) == []
    assert labels.read(folder).tags == {}


def test_changes_apply_by_number_then_time_then_writer(folder: str) -> None:
    change = '{"label":"tag","key":"k","value":%s,"n":%d,"time":"%s"}'
    log(folder, "9-z", change % (1, 2, "a"), change % (2, 1, "z"))
    assert labels.read(folder).tags == {"k": 1}

    log(folder, "1-a", change % (3, 2, "b"))
    assert labels.read(folder).tags == {"k": 3}

    log(folder, "2-b", change % (4, 2, "b"))
    assert labels.read(folder).tags == {"k": 4}


def test_the_logs_of_two_copies_merge_as_their_union(folder: str) -> None:
    one, two = f"{folder}/one", f"{folder}/two"
    os.mkdir(one)
    labels.write(one, [(TAG, "a", 1)])
    shutil.copytree(one, two)
    labels.write(one, [(TAG, "b", 1)])
    labels.write(one, [(TAG, "a", 2)])
    labels.write(two, [(TAG, "c", 1)])
    shutil.copytree(f"{one}/labels", f"{two}/labels", dirs_exist_ok=True)
    shutil.copytree(f"{two}/labels", f"{one}/labels", dirs_exist_ok=True)

    assert labels.read(one).tags == labels.read(two).tags == {"a": 2, "b": 1, "c": 1}


def test_fifty_processes_tag_at_once_and_none_is_lost(folder: str) -> None:
    def tag(number: int) -> None:
        for n in range(4):
            labels.write(folder, [(TAG, f"{number}-{n}", n)])

    children.race(50, tag)

    assert labels.read(folder).tags == {f"{w}-{n}": n for w in range(50) for n in range(4)}


@pytest.mark.parametrize("torn", [False, True])
def test_a_writer_killed_at_any_call_changes_all_or_nothing_and_hurts_nobody(
    folder: str, torn: bool
) -> None:
    count = 0
    died = True
    while died:
        count += 1
        run = f"{folder}/{count}"
        os.mkdir(run)
        labels.write(run, [(TAG, "a", 0)])
        died = children.dies_at(count, functools.partial(labels.write, run, CHANGES), torn=torn)
        assert labels.read(run).tags == ({"a": 0} if died else {"a": 1, "b": 1})
        labels.write(run, [(TAG, "a", 2)])
        assert labels.read(run).tags["a"] == 2

    assert count > 3


@pytest.mark.parametrize(
    "line",
    [
        '{"label":"untag","key":[],"n":9}',
        '{"label":"tag","key":{},"value":1,"n":9}',
        '{"label":"tag","key":"b","value":1,"n":"9"}',
        '{"label":[],"key":"b","value":1,"n":9}',
        '{"label":"display_name","value":[1],"n":9}',
        '{"label":"description","value":{},"n":9}',
        '{"label":"of a later version","key":"b","value":1,"n":9}',
        '{"label":"tag"',
        "[]",
    ],
)
def test_a_damaged_change_changes_nothing(folder: str, line: str) -> None:
    labels.write(folder, [(TAG, "a", 1), (DISPLAY_NAME, "", "x"), (DESCRIPTION, "", "y")])
    log(folder, "1-a", line)
    found = labels.read(folder)

    assert found.tags == {"a": 1}
    assert (found.display_name, found.description) == ("x", "y")
    labels.write(folder, [(TAG, "a", 2)])
    assert labels.read(folder).tags == {"a": 2}


def test_a_removed_run_does_not_come_back(folder: str) -> None:
    with pytest.raises(FileNotFoundError):
        labels.write(f"{folder}/removed", [(TAG, "a", 1)])
    assert os.listdir(folder) == []


def test_what_is_archived_says_when_and_can_come_back(folder: str) -> None:
    change = '{"label":"archived","key":"","value":%s,"n":%d,"time":%s}'
    log(folder, "1-a", change % ("true", 1, '"then"'))
    assert labels.read(folder).archived == "then"

    for n, value in enumerate(["false", "1", "null"], 2):
        log(folder, "2-a", change % (value, n, '"later"'))
        assert labels.read(folder).archived is None

    log(folder, "2-a", change % ("true", 9, "7"))
    assert labels.read(folder).archived is None


def test_a_run_has_the_labels_that_it_was_made_with_until_they_change(folder: str) -> None:
    made = {"tags": {"a": 1, "b": 2}, "display_name": "one", "description": "why"}
    labels.write(folder, [(TAG, "b", 3), (DESCRIPTION, "", None)])
    found = labels.read(folder, made)

    assert found.tags == {"a": 1, "b": 3}
    assert (found.display_name, found.description) == ("one", None)
    assert made["tags"] == {"a": 1, "b": 2}


def test_damaged_labels_that_a_run_was_made_with_are_none(folder: str) -> None:
    found = labels.read(folder, {"tags": ["a"], "display_name": 1, "description": {}})

    assert (found.tags, found.display_name, found.description) == ({}, None, None)


def test_a_change_is_numbered_after_the_highest_name_that_can_be_ours(folder: str) -> None:
    os.mkdir(f"{folder}/labels")
    for name in ("7.1-a.jsonl", f"{10**17}.1-a.jsonl", f"{10**18}.1-a.jsonl", "x.jsonl", "²"):
        open(f"{folder}/labels/{name}", "w").close()
    labels.write(folder, [(TAG, "a", 1), (TAG, "b", 2)])
    (new,) = [name for name in os.listdir(f"{folder}/labels") if f".{os.getpid()}-" in name]

    assert new.startswith(f"{10**17 + 2}.")
    assert labels.read(folder).tags == {"a": 1, "b": 2}


def test_a_file_of_changes_is_named_by_its_last_number_and_its_writer(folder: str) -> None:
    labels.write(folder, CHANGES)
    labels.write(folder, CHANGES[:1])
    found = sorted(os.listdir(f"{folder}/labels"))

    assert [name.partition(".")[0] for name in found] == ["2", "3"]
    for name in found:
        assert re.fullmatch(rf"[0-9]+\.{os.getpid()}-[0-9a-f]{{8}}\.jsonl", name)
    with open(f"{folder}/labels/{found[0]}") as file:
        assert [json.loads(line)["n"] for line in file.read().split("\n") if line] == [1, 2]


def test_changes_count_only_in_files_of_changes(folder: str) -> None:
    log(folder, "1-a", '{"label":"tag","key":"a","value":1,"n":1}')
    os.rename(f"{folder}/labels/1-a.jsonl", f"{folder}/labels/1-a.jsonl.kept")

    assert labels.read(folder).tags == {}


def test_a_disk_that_takes_no_whole_change_is_full(
    folder: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(append, "write_record", lambda _descriptor, _line: False)

    with pytest.raises(OSError, match=os.strerror(errno.ENOSPC)):
        labels.write(folder, CHANGES)


def test_a_run_that_cannot_be_written_is_said_to_be_so(
    folder: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    def refuse(*_args: object, **_named: object) -> int:
        raise OSError(errno.EROFS, os.strerror(errno.EROFS))

    monkeypatch.setattr(os, "open", refuse)

    with pytest.raises(ReadOnlyStore):
        labels.write(folder, CHANGES)


def test_experiments_have_labels_under_another_name(folder: str) -> None:
    labels.write(folder, [(TAG, "a", 1)], "own")

    assert os.listdir(folder) == ["own"]
    assert labels.read(folder, name="own").tags == {"a": 1}
    assert labels.read(folder).tags == {}
