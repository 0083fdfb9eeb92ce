"""Names, and the file names that follow from them."""

from __future__ import annotations

import os

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from runstore import names
from runstore.errors import InvalidName

ANY_TEXT = st.text(st.characters(exclude_categories=[]), max_size=300)


@pytest.mark.parametrize("name", ["a", "0x", "1-1", "A-b_c", "x" * 128, "exp_1732147200_ab12cd34"])
def test_a_plain_run_id_is_accepted(name: str) -> None:
    assert names.check_run_id(name) == name


@pytest.mark.parametrize("name", ["", "-a", "_a", ".a", "a.b", "a/b", "a\n", "é", "x" * 129, "a\0"])
def test_any_other_run_id_is_refused(name: str) -> None:
    with pytest.raises(InvalidName):
        names.check_run_id(name)


@pytest.mark.parametrize("name", ["5", "0", "1795912297"])
def test_a_number_is_refused_as_a_new_id_but_was_one_before(name: str) -> None:
    with pytest.raises(InvalidName, match=f"means the run of that number; use run-{name}"):
        names.check_run_id(name)
    assert names.is_run_id(name)


@pytest.mark.parametrize("name", ["a", "0-_", "Exp", "x" * 255, "größe"])
def test_a_plain_experiment_name_is_accepted(name: str) -> None:
    assert names.check_experiment(name) == name
    assert names.is_run_id(names.new_run_id(name))


@pytest.mark.parametrize("name", ["", "-a", "a b", "a/b", "..", "x" * 256, "éa", "a.b", "a\n"])
def test_any_other_experiment_name_is_refused(name: str) -> None:
    with pytest.raises(InvalidName):
        names.check_experiment(name)


def test_a_hundred_ids_made_at_once_differ() -> None:
    assert len({names.new_run_id("exp") for _ in range(100)}) == 100


@pytest.mark.parametrize("name", ["exp", "größe", "x" * 255, "-", "\udc80", ""])
def test_a_hashed_folder_is_short_plain_and_its_own(name: str) -> None:
    folder = names.hashed_folder(name)

    assert names.is_run_id(folder)
    assert len(folder) <= 89
    assert names.is_folder_of(folder, name)
    assert not names.is_folder_of(folder, name + "x")


def test_composed_and_decomposed_letters_share_a_folder() -> None:
    assert names.hashed_folder("\u00e9") != names.hashed_folder("e")
    assert names.hashed_folder("a\u00e9")[-8:] == names.hashed_folder("ae\u0301")[-8:]


@settings(max_examples=200, deadline=None, database=None)
@given(ANY_TEXT)
def test_any_key_is_a_file_name_that_is_hidden_from_nobody(key: str) -> None:
    name = names.to_file_name(key)

    assert 0 < len(os.fsencode(name)) <= 255
    assert name.isascii()
    assert not set(name) & set("/\0\n *?")
    assert name[0] != "."


@settings(max_examples=200, deadline=None, database=None)
@given(ANY_TEXT, ANY_TEXT)
def test_two_keys_never_share_a_file_name(one: str, two: str) -> None:
    assert (names.to_file_name(one) == names.to_file_name(two)) == (one == two)


@pytest.mark.parametrize(
    ("one", "two"), [("", "%"), (".a", "%2Ea"), ("x" * 300, "x" * 301), ("é" * 90, "é" * 91)]
)
def test_keys_that_look_alike_do_not_share_a_file_name(one: str, two: str) -> None:
    assert names.to_file_name(one) != names.to_file_name(two)
