"""A tree of processes looks the same through /proc and, where there is none, through psutil."""

from __future__ import annotations

import errno
import os
import signal
import subprocess
import sys
from collections.abc import Iterator

import pytest

from helpers.sources import SOURCE_ROOTS
from helpers.wait import wait_until
from homerun.system import process_tree
from runstore import names
from runstore.run import identity

RUN = names.new_uuid()
TREE = "sleep 1000 & (sleep 1000 & sleep 1000 & wait) & setsid sleep 1000 & wait"
SIZE = 6
"""The first shell, the four that sleep, and the shell between."""


@pytest.fixture
def root() -> Iterator[int]:
    """A shell with a tree below it, all started with the mark of the run."""
    env = {**os.environ, "HOMERUN_RUN_UUID": RUN}
    shell = subprocess.Popen(["/bin/sh", "-c", TREE], env=env)

    def is_whole() -> bool:
        found = [shell.pid, *(one.pid for one in process_tree.below(shell.pid, RUN))]
        return len(found) == SIZE and all(process_tree._has_mark(pid, RUN) for pid in found)

    wait_until(is_whole, "the tree has grown")
    below = process_tree.below(shell.pid, RUN)
    yield shell.pid
    for pid in (shell.pid, *(one.pid for one in below)):
        try:
            os.kill(pid, signal.SIGKILL)
        except ProcessLookupError:
            continue
    shell.wait()


def shown(found: list[process_tree.Process]) -> set[tuple[int, int, bool]]:
    return {(one.pid, one.parent, one.is_marked) for one in found}


def without_proc(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(identity, "has_proc", lambda: False)
    monkeypatch.setattr(identity, "_is_linux", lambda: False)
    monkeypatch.setattr(identity, "read_or_empty", lambda path: b"")


@pytest.mark.parametrize("number", [errno.EACCES, errno.EIO, errno.EMFILE])
def test_a_proc_that_cannot_be_read_just_now_is_no_empty_machine(
    root: int, monkeypatch: pytest.MonkeyPatch, number: int
) -> None:
    def refuse(path: str) -> str:
        raise OSError(number, os.strerror(number), path)

    with monkeypatch.context() as patch:
        patch.setattr(os, "readlink", refuse)
        with pytest.raises(OSError, match=os.strerror(number)):
            process_tree.below(root, RUN)
        assert identity.read_stat(root) is None
        assert "cannot be read now" in identity.proc_flaw()

    assert len(process_tree.below(root, RUN)) == SIZE - 1


def test_what_lives_below_is_the_same_by_psutil(root: int, monkeypatch: pytest.MonkeyPatch) -> None:
    by_proc = shown(process_tree.below(root, RUN))

    without_proc(monkeypatch)
    by_psutil = shown(process_tree.below(root, RUN))

    assert len(by_proc) == SIZE - 1
    assert by_psutil == by_proc


def test_what_carries_the_mark_of_a_run_is_the_same_by_psutil(
    root: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    by_proc = shown(process_tree.processes_of_run(RUN, None))
    of_another = process_tree.processes_of_run(names.new_uuid(), None)
    variables = {part for part in process_tree.environment(root) if part}

    without_proc(monkeypatch)
    by_psutil = shown(process_tree.processes_of_run(RUN, None))

    assert len(by_proc) == SIZE
    assert by_psutil == by_proc
    assert process_tree.processes_of_run(names.new_uuid(), None) == of_another == []
    assert set(process_tree.environment(root)) == variables


def test_a_tree_is_ended_by_what_psutil_saw(root: int, monkeypatch: pytest.MonkeyPatch) -> None:
    without_proc(monkeypatch)
    monkeypatch.setattr(identity, "open_pidfd", lambda pid: None)
    seen = process_tree.below(root, RUN)

    reached = process_tree.send(seen, RUN, signal.SIGKILL)

    assert {one.pid for one in reached} == {one.pid for one in seen}
    wait_until(lambda: not process_tree.below(root, RUN), "nothing is left of it")


def test_a_process_that_began_at_another_time_is_not_signalled(
    root: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    without_proc(monkeypatch)
    seen = process_tree.below(root, RUN)
    for one in seen:
        one.ticks -= 1_000_000

    assert process_tree.send(seen, RUN, signal.SIGKILL) == []


def test_an_identity_holds_without_proc(root: int, monkeypatch: pytest.MonkeyPatch) -> None:
    without_proc(monkeypatch)
    monkeypatch.setattr(identity, "open_pidfd", lambda pid: None)

    known = identity.process(root)

    assert known["start_ticks"]
    assert identity.lives(known)
    assert not identity.lives({**known, "start_ticks": 1})


def test_where_psutil_is_missing_too_a_look_fails_and_what_lived_counts_as_alive(
    root: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    known = identity.process(root)
    without_proc(monkeypatch)
    monkeypatch.setattr(identity, "open_pidfd", lambda pid: None)
    monkeypatch.setitem(sys.modules, "psutil", None)

    with pytest.raises(ImportError):
        process_tree.below(root, RUN)
    assert identity.lives(known)


def test_with_a_proc_a_look_does_not_load_psutil() -> None:
    code = (
        f"import sys; sys.path += {[str(root) for root in SOURCE_ROOTS]!r}\n"
        "from homerun.system import exit_status, process_tree\n"
        "from runstore.run import identity\n"
        "process_tree.below(1, 'run'), process_tree.processes_of_run('run', None)\n"
        "exit_status.is_open(1)\n"
        "identity.lives(identity.process(1)), identity.read_stat(1 << 30)\n"
        "print('psutil' in sys.modules)"
    )
    told = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert told.stdout == "False\n"
