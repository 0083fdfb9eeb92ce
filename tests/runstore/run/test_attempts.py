"""Which attempts of a run there are."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from runstore import layout
from runstore.run import attempts

PLANTED = 999_999_999


def began(folder: str, number: int) -> None:
    """Let an attempt be one that has started."""
    os.makedirs(attempts.folder(folder, number), exist_ok=True)
    Path(f"{attempts.folder(folder, number)}/{layout.STARTED}").touch()


def test_a_run_without_further_attempts_has_its_first(folder: str) -> None:
    assert attempts.further(folder) == []
    assert attempts.latest(folder) == attempts.begun(folder) == 1


def test_an_attempt_that_waits_is_the_latest_and_has_not_begun(folder: str) -> None:
    for number in (1, 2, 10):
        began(folder, number)
    attempts.plan(folder, 11, {})
    for other in ("012", "x", f"{layout.NEW}13-abc", "-4"):
        os.mkdir(f"{folder}/{layout.ATTEMPTS}/{other}")
    Path(f"{folder}/{layout.ATTEMPTS}/14").touch()

    assert attempts.further(folder) == [2, 10, 11]
    assert attempts.latest(folder) == 11
    assert attempts.begun(folder) == 10
    assert attempts.all_begun(folder) == [1, 2, 10]


def test_a_folder_with_a_high_number_is_one_more_and_not_counted_down_from(
    folder: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    began(folder, 2)
    os.mkdir(f"{folder}/{layout.ATTEMPTS}/{PLANTED}")
    looks = iter(range(10))  # and then there is an end
    is_there = os.path.lexists
    monkeypatch.setattr(os.path, "lexists", lambda path: next(looks) >= 0 and is_there(path))

    assert attempts.begun(folder) == 2
    assert attempts.further(folder) == [2, PLANTED]
