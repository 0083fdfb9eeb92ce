"""A scope of systemd's, asked for through a program that answers like busctl."""

from __future__ import annotations

import os
from collections.abc import Callable
from pathlib import Path

import pytest

from homerun.system.limits import scopes
from homerun.system.limits.scopes import NoGroup

Answer = Callable[[str], Path]


@pytest.fixture
def busctl(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Answer:
    """Have busctl be a script of these lines; what it was called with lies in the file `asked`."""
    told = tmp_path / "cgroup"
    told.write_text("0::/user.slice/session-3.scope\n")
    (tmp_path / "bus").touch()
    real = scopes.atomic.read_or_empty
    monkeypatch.setattr(
        scopes.atomic,
        "read_or_empty",
        lambda path: told.read_bytes() if path == "/proc/self/cgroup" else real(path),
    )
    monkeypatch.setenv("XDG_RUNTIME_DIR", str(tmp_path))

    def answers(lines: str) -> Path:
        program = tmp_path / "busctl"
        program.write_text(f'#!/bin/sh\necho "$@" > {tmp_path}/asked\n{lines}\n')
        program.chmod(0o755)
        monkeypatch.setattr(scopes, "BUSCTL", str(program))
        return tmp_path / "asked"

    return answers


def test_the_process_itself_is_put_into_a_scope_that_is_its_own_to_fill(
    busctl: Answer, tmp_path: Path
) -> None:
    asked = busctl(f"echo 0::/user.slice/homerun-run-ab12.1.scope > {tmp_path}/cgroup")

    scopes.enter_scope("homerun-run-ab12.1.scope")

    words = asked.read_text()
    assert f"PIDs au 1 {os.getpid()} Delegate b true" in words
    assert "StartTransientUnit ssa(sv)a(sa(sv)) homerun-run-ab12.1.scope fail 4" in words


def test_what_systemd_has_against_it_is_said(busctl: Answer) -> None:
    busctl("echo 'Failed to connect to bus: No such file or directory' >&2; exit 1")

    with pytest.raises(NoGroup, match=r"makes no scope: Failed to connect to bus: No such file"):
        scopes.enter_scope("homerun-run-ab12.1.scope")


def test_a_systemd_that_does_not_do_it_is_not_waited_for_for_ever(
    busctl: Answer, monkeypatch: pytest.MonkeyPatch
) -> None:
    busctl("exit 0")
    monkeypatch.setattr(scopes, "_ANSWER_S", 0)

    with pytest.raises(NoGroup, match="it does not answer"):
        scopes.enter_scope("homerun-run-ab12.1.scope")


def test_without_its_program_or_bus_it_is_not_asked(
    busctl: Answer, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    busctl("exit 0")
    scopes.check_manager()
    monkeypatch.setattr(os, "geteuid", lambda: 1000)
    (tmp_path / "bus").unlink()
    with pytest.raises(NoGroup, match="systemd does not run for this user"):
        scopes.check_manager()
    monkeypatch.setattr(scopes, "BUSCTL", str(tmp_path / "none"))

    with pytest.raises(NoGroup, match=r"there is no .*none to ask systemd with"):
        scopes.check_manager()
