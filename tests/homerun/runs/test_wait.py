"""Waiting for a run: short waits are cheap, long ones are woken, and neither misses the end."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from helpers.fifo import Gate
from homerun import Run
from homerun.files.logs import follow
from homerun.system import linux


@pytest.fixture
def watched(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """The folders that are watched from now on."""
    found: list[str] = []
    watch_folder = linux.watch_folder

    def noted(path: str) -> int | None:
        found.append(path)
        return watch_folder(path)

    monkeypatch.setattr(linux, "watch_folder", noted)
    return found


def test_a_wait_that_is_over_soon_sets_up_no_watch(
    submit: Callable[[str], Run], watched: list[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("homerun.runs.wait._PATIENCE_S", 3600.0)
    run = submit("print('done')")

    run.wait_for_completion()

    assert run.get_status() == "Completed"
    assert watched == []


def test_a_wait_that_takes_longer_sets_up_one_watch_and_sees_the_end(
    submit: Callable[[str], Run],
    gate: Callable[[str], Gate],
    watched: list[str],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    door = gate("door")
    run = submit(door.passed)
    watch_folder = linux.watch_folder

    def then_open(path: str) -> int | None:
        made = watch_folder(path)
        door.open()
        return made

    monkeypatch.setattr(linux, "watch_folder", then_open)

    run.wait_for_completion()

    assert run.get_status() == "Completed"
    assert watched == [run.directory]


@pytest.mark.parametrize("patience", [0.0, 3600.0], ids=["watching", "looking"])
def test_whoever_follows_sees_every_line_and_the_end_in_either_way(
    submit: Callable[[str], Run], monkeypatch: pytest.MonkeyPatch, patience: float
) -> None:
    monkeypatch.setattr("homerun.runs.wait._PATIENCE_S", patience)
    run = submit("for i in range(20_000): print(i)")

    written = b"".join(follow.Following(run._record))

    assert written == b"".join(b"%d\n" % i for i in range(20_000))
    assert run.get_status() == "Completed"


def test_whoever_lets_output_gather_is_woken_by_the_end(
    submit: Callable[[str], Run], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("homerun.runs.wait._PATIENCE_S", 0.0)
    monkeypatch.setattr("homerun.runs.wait._REST_S", 3600.0)
    run = submit("print('done')")

    assert b"".join(follow.Following(run._record)) == b"done\n"
