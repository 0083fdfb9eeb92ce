"""Causes are true: what is said of an end is known."""

from __future__ import annotations

import os
import select
import signal
import subprocess
import sys
import uuid
from collections.abc import Callable, Iterator
from functools import partial
from pathlib import Path

import pytest

from helpers import process
from helpers.fifo import Fifo, Gate
from helpers.wait import holds_within, wait_until
from homerun import Experiment, Run, ScriptRunConfig, Workspace
from homerun.supervisor.attempt import Attempt

SUBMIT = (
    "from homerun import Experiment, ScriptRunConfig, Workspace;"
    "run = Experiment(Workspace.from_config(), 'causes').submit("
    "ScriptRunConfig('source', 'train.py'));"
    "run.wait_for_completion(raise_on_error=False); print(run.id)"
)


@pytest.fixture
def group() -> Iterator[Callable[..., Path]]:
    """Make a control group with a limit; skip where this user may not."""
    made: list[Path] = []

    def make(controller: str, limits: dict[str, str]) -> Path:
        for top in (f"/sys/fs/cgroup/{controller}", "/sys/fs/cgroup"):
            path = Path(top, f"homerun-test-{uuid.uuid4().hex}")
            try:
                path.mkdir()
                made.append(path)
            except OSError:
                continue
            give(Path(top), controller)
            for name, value in limits.items():
                if (path / name).exists():
                    (path / name).write_text(value)
                    return path
        pytest.skip(f"no control group with {controller} can be made here")

    yield make
    for path in made:
        wait_until(partial(is_removed, path), "the end of all in the group")


def give(top: Path, controller: str) -> None:
    """Let the groups below a group of version 2 have a controller, where it has it."""
    try:
        if controller in (top / "cgroup.controllers").read_text().split():
            (top / "cgroup.subtree_control").write_text(f"+{controller}")
    except OSError:
        return  # of version 1, or another's


def is_removed(group: Path) -> bool:
    """Remove a group, which is refused while a process is in it."""
    try:
        group.rmdir()
    except OSError:
        return False
    return True


def submit_in(group: Path) -> Run:
    """Submit from a process within a control group, and wait for the end."""
    line = f'echo $$ > {group}/cgroup.procs; exec "$0" -c "$1"'
    done = subprocess.run(
        ["/bin/sh", "-c", line, sys.executable, SUBMIT], capture_output=True, text=True, check=True
    )
    return Run.get(Workspace.from_config(), done.stdout.split()[-1])


def test_a_limit_of_processes_is_named_where_no_script_can_be_started(
    workspace_dir: Path, script: Callable[..., Path], group: Callable[..., Path]
) -> None:
    script("train.py", "")

    run = submit_in(group("pids", {"pids.max": "2"}))

    assert run.describe()["outcome"]["cause"] == "cannot_start"
    assert "ulimit -u" in run.get_details()["error"]["error"]["message"]


MEMORY = {"memory.limit_in_bytes": "100M", "memory.max": "100M"}
FILL = "kept = [bytearray(1 << 20) for _ in range(400)]"


def test_a_script_that_is_killed_for_want_of_memory_says_so(
    workspace_dir: Path, script: Callable[..., Path], group: Callable[..., Path]
) -> None:
    script("train.py", f"open('/proc/self/oom_score_adj', 'w').write('1000')\n{FILL}")

    run = submit_in(group("memory", MEMORY))

    assert run.describe()["outcome"]["cause"] == "out_of_memory"


def test_a_script_that_is_killed_after_a_child_had_no_memory_says_signal(
    workspace_dir: Path, script: Callable[..., Path], group: Callable[..., Path]
) -> None:
    script("fill.py", f"open('/proc/self/oom_score_adj', 'w').write('1000')\n{FILL}")
    script(
        "train.py",
        """
        import os, signal, subprocess, sys
        print(subprocess.call([sys.executable, "fill.py"]))
        subprocess.call(["/bin/sleep", "0.3"])
        os.kill(os.getpid(), signal.SIGKILL)
        """,
    )

    run = submit_in(group("memory", MEMORY))

    assert b"".join(run.stream()) == b"-9\n"
    assert run.describe()["outcome"]["cause"] == "signal"


class Counted:
    """A group that has counted so many kills."""

    def __init__(self, number: int) -> None:
        self.number = number

    def count(self) -> int:
        return self.number

    def told(self, descriptor: int, before: int) -> int:
        return self.number


def attempt_beside(counted: int, before: int, is_dying: bool) -> Attempt:
    """An attempt whose group has counted so many kills."""
    one = Attempt.__new__(Attempt)
    one.memory, one.memory_wakes, one.over, one.stopped, one.limits = 7, 0, False, None, None
    one.kills = Counted(counted)  # type: ignore[assignment]
    one.kills_before = before
    one.is_dying = lambda: is_dying  # type: ignore[method-assign]
    return one


@pytest.mark.parametrize(("is_dying", "cause"), [(True, True), (False, False)])
def test_a_kill_for_want_of_memory_counts_only_while_the_script_dies(
    is_dying: bool, cause: bool
) -> None:
    one = attempt_beside(3, before=2, is_dying=is_dying)

    one.look_at_memory()

    assert one.is_out_of_memory(signal.SIGKILL) is cause
    assert one.is_out_of_memory(signal.SIGTERM) is False


def test_a_kill_by_hand_in_a_group_that_once_had_no_memory_left_is_a_signal() -> None:
    one = attempt_beside(3, before=3, is_dying=True)

    one.look_at_memory()

    assert one.is_out_of_memory(signal.SIGKILL) is False


def test_a_group_that_only_waits_for_memory_is_not_listened_to_for_long() -> None:
    one = attempt_beside(2, before=2, is_dying=False)
    one.memory = os.open("/dev/null", os.O_RDONLY)
    one.poll = select.poll()
    one.poll.register(one.memory)
    looks = iter(range(1000))

    holds_within(lambda: (next(looks), one.look_at_memory(), one.memory is None)[2], 30)

    assert one.memory is None


def test_an_adopter_with_another_clock_keeps_the_time_limit_of_the_script(
    needs_time_namespace: None,
    workspace_dir: Path,
    script: Callable[..., Path],
    ready: Fifo,
    gate: Callable[[str], Gate],
) -> None:
    script("train.py", f"print('up', file={ready.opened}); {gate('door').passed}")
    config = ScriptRunConfig("source", "train.py", max_run_duration_seconds=3600)

    run = Experiment(Workspace.from_config(), "causes").submit(config)
    ready.line()
    supervisor = run.describe()["process"]["supervisor_pid"]
    os.kill(supervisor, signal.SIGKILL)
    process.wait_gone(supervisor)
    look = [sys.executable, "-m", "homerun", "run", "show", run.id]
    apart = ["unshare", "-T", "--boottime", "1000000", "--"]
    subprocess.run([*apart, *look], capture_output=True, check=True)
    log = Path(run.directory, "supervisor.log")
    wait_until(lambda: "adopted" in log.read_text(), "an adopter")
    run.cancel()

    assert run.get_status() == "Canceled"
    assert "time limit" not in log.read_text()
