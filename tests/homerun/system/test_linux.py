"""Whether the machine is going down, as the program of systemd says it."""

from __future__ import annotations

from pathlib import Path

import pytest

from helpers import process
from homerun.system import linux


@pytest.mark.parametrize(
    ("says", "expected"),
    [
        ("echo stopping; exit 1", True),
        ("echo running", False),
        ("echo degraded; exit 1", False),
        ("exit 1", False),
    ],
)
def test_the_machine_goes_down_when_systemd_says_so(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, says: str, expected: bool
) -> None:
    systemctl(tmp_path, monkeypatch, says)

    assert linux.is_going_down() is expected


def systemctl(folder: Path, monkeypatch: pytest.MonkeyPatch, says: str) -> None:
    program = folder / "systemctl"
    program.write_text(f'#!/bin/sh\n[ "$1" = is-system-running ] || exit 9\n{says}\n')
    program.chmod(0o755)
    monkeypatch.setattr(linux, "_SYSTEMCTL", str(program))
    monkeypatch.setattr(linux, "_SYSTEMD", str(folder))


def test_a_systemd_that_does_not_answer_says_nothing_and_is_left_behind_by_none(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    noted = tmp_path / "pid"
    systemctl(
        tmp_path, monkeypatch, f"echo $$ > {noted}.new; mv {noted}.new {noted}; exec sleep 99"
    )
    monkeypatch.setattr(linux, "_ANSWER_MS", 300)

    assert linux.is_going_down() is False
    assert not noted.exists() or not process.is_alive(int(noted.read_text()))


def test_where_there_is_no_systemd_the_machine_goes_down_unseen(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(linux, "_SYSTEMD", str(tmp_path / "missing"))
    monkeypatch.setattr(linux, "_LAST_PHASE", b"no such name")

    assert linux.is_going_down() is False


def test_a_program_that_is_missing_says_nothing(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(linux, "_SYSTEMD", str(tmp_path))
    monkeypatch.setattr(linux, "_SYSTEMCTL", str(tmp_path / "missing"))

    assert linux.is_going_down() is False
