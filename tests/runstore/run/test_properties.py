"""Properties: set once, whoever races."""

from __future__ import annotations

import os

import pytest

from helpers import children
from runstore import names
from runstore.errors import CorruptRecord, PropertyExists
from runstore.run import properties


def test_of_fifty_racers_one_wins_and_the_others_are_told_its_value(folder: str) -> None:
    def add(number: int) -> str:
        try:
            properties.add(folder, "k", str(number))
        except PropertyExists as error:
            return error.value
        return str(number)

    said = children.race(50, add)

    assert len(set(said)) == 1
    assert properties.read(folder) == {"k": said[0]}


def test_the_same_value_again_is_fine_and_another_is_not(folder: str) -> None:
    properties.add(folder, "k", "v")
    properties.add(folder, "k", "v")
    with pytest.raises(PropertyExists, match="'k' is 'v'"):
        properties.add(folder, "k", "w")

    assert properties.read(folder) == {"k": "v"}


@pytest.mark.parametrize(
    "key", ["", ".", "..", "a/b", "é\n\0", "\udc80", "x" * 5000, "%", ".k.1.aaaaaaaa"]
)
def test_an_odd_key_comes_back(folder: str, key: str) -> None:
    properties.add(folder, key, "v")
    properties.add(folder, "other", "w")

    assert properties.read(folder) == {key: "v", "other": "w"}


@pytest.mark.parametrize("content", ["", "{", "[]", '{"key":1,"value":"v"}', '{"key":"k"}'])
def test_a_damaged_property_is_absent_and_not_overwritten(folder: str, content: str) -> None:
    os.mkdir(f"{folder}/properties")
    with open(f"{folder}/properties/{names.to_file_name('k')}", "w") as file:
        file.write(content)

    assert properties.read(folder) == {}
    with pytest.raises((CorruptRecord, PropertyExists)):
        properties.add(folder, "k", "other")


def test_a_removed_run_does_not_come_back(folder: str) -> None:
    with pytest.raises(FileNotFoundError):
        properties.add(f"{folder}/removed", "k", "v")
    assert os.listdir(folder) == []
