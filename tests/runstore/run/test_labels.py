"""Labels: everybody writes, nobody waits, nothing is lost."""

from __future__ import annotations

import functools
import os
import shutil

import pytest

from helpers import children
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
