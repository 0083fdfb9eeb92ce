"""The end of a script is never lost to a moment's trouble between the reap and the outcome."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

from helpers import process
from helpers.fifo import Fifo, Gate
from helpers.wait import wait_until
from homerun import Experiment, Run, ScriptRunConfig, Workspace
from homerun.runs import stop

FILES = "%file"
LINKS = "link,linkat"

Start = Callable[..., Run]


@pytest.fixture
def start(
    workspace_dir: Path,
    script: Callable[..., Path],
    needs_strace: None,
    monkeypatch: pytest.MonkeyPatch,
) -> Start:
    """Submit a script, calls of whose supervisor fail as `strace` is told."""
    experiment = Experiment(Workspace.from_config(), "kept")

    def submit(code: str, calls: str, inject: str, *more: str, **options: object) -> Run:
        script("train.py", code)
        tracer = f"exec strace -qq -o /dev/null -e trace={calls} -e inject={calls}:{inject}"
        wrapper = workspace_dir / "python"
        wrapper.write_text(f'#!/bin/sh\n{tracer} {" ".join(more)} {sys.executable} "$@"\n')
        wrapper.chmod(0o755)
        real = os.path.realpath("/proc/self/exe")
        with monkeypatch.context() as patch:
            patch.setattr(sys, "executable", str(wrapper))
            config = ScriptRunConfig("source", "train.py", interpreter=real, **options)
            return experiment.submit(config)

    return submit


def ended(run: Run) -> tuple[object, ...]:
    run.wait_for_completion(raise_on_error=False)
    outcome = run.describe()["outcome"]
    return run.get_status(), outcome["cause"], outcome["exit_code"]


def log(run: Run) -> str:
    return Path(run.directory, "supervisor.log").read_text()


@pytest.mark.parametrize("error", ["EACCES", "EIO", "ENFILE", "EMFILE", "ENOMEM"])
def test_a_look_at_what_the_script_said_is_tried_again(start: Start, error: str) -> None:
    run = start("raise SystemExit(3)", FILES, f"error={error}:when=1..2", "-P ./failed.json")

    assert ended(run) == ("Failed", "exit_code", 3)
    assert "failed.json cannot be seen" in log(run)


@pytest.mark.parametrize("error", ["EACCES", "EIO", "ENOSPC", "EROFS"])
def test_the_facts_of_the_end_are_tried_again(start: Start, error: str) -> None:
    run = start("raise SystemExit(3)", LINKS, f"error={error}:when=2..4")

    assert ended(run) == ("Failed", "exit_code", 3)
    assert "exited.json cannot be published yet" in log(run)


def test_what_a_script_left_is_ended_though_no_process_can_be_seen_at_first(
    start: Start, ready: Fifo
) -> None:
    run = start(
        f"""
        import os, signal
        fifo = {ready.opened}
        if os.fork() == 0:
            print("up", file=fifo)
            while True: signal.pause()
        print("up", file=fifo)
        os._exit(3)
        """,
        "open,openat",
        "error=ENFILE:when=1..2",
        "-P /proc",
    )

    assert ended(run) == ("Failed", "exit_code", 3)
    assert "processes cannot be seen" in log(run)
    ready.eof()


def test_a_stop_request_that_cannot_be_read_keeps_no_script_from_being_stopped(
    start: Start, ready: Fifo
) -> None:
    run = start(
        f"""
        import os, signal
        signal.signal(signal.SIGTERM, signal.SIG_IGN)
        fifo = {ready.opened}
        print("up", file=fifo)
        while True: signal.pause()
        """,
        "open,openat",
        "error=EIO",
        "-P ./stop.json",
        grace_s=0.2,
    )
    ready.line()
    supervisor = run.describe()["process"]["supervisor_pid"]

    os.kill(supervisor, signal.SIGTERM)

    ready.eof()
    wait_until(lambda: "stop.json cannot be read" in log(run), "its outcome waits for the disk")
    assert run.get_status() not in ("Completed", "Failed", "Canceled")
    os.kill(supervisor, signal.SIGKILL)
    process.wait_gone(supervisor)


def test_a_retry_is_planned_though_the_disk_refuses_at_first(start: Start) -> None:
    run = start(
        "import os, sys; sys.exit('HOMERUN_ATTEMPT' not in os.environ)",
        "mkdir,mkdirat",
        "error=ENOSPC:when=1",
        "-P ./attempts",
        max_retries=1,
    )

    assert ended(run) == ("Completed", None, 0)
    assert run.attempt == 2


def test_a_log_belongs_to_its_readers_from_the_end_on(start: Start, tmp_path: Path) -> None:
    calls = tmp_path / "calls"
    run = start("", f"ftruncate,{LINKS}", "delay_enter=1", f"-o {calls}")

    assert ended(run) == ("Completed", None, 0)
    wait_until(lambda: "ended.json" in calls.read_text(), "the call is noted")
    before, _, _ = calls.read_text().partition("ended.json")
    assert "ftruncate(" in before  # a line that is written to the log meanwhile would be lost


DENIED = ("pidfd_send_signal", "error=EPERM")
"""As for a process that a set-uid program has made another user's."""


def test_a_run_ends_though_what_its_script_left_cannot_be_ended(
    start: Start, ready: Fifo, gate: Callable[[str], Gate]
) -> None:
    door, end = gate("door"), gate("end")
    run = start(
        f"""
        import os
        if os.fork() == 0:
            print(os.getpid(), file={ready.opened})
            {door.passed}
        else:
            {end.passed}
        """,
        *DENIED,
    )
    left = ready.line()
    end.open()

    assert ended(run) == ("Completed", None, 0)
    named = json.loads(Path(run.directory, "exited.json").read_text())["left"]
    assert [one.split()[0] for one in named] == [left]
    assert left in run.describe()["warnings"][0]
    door.open()
    ready.eof()


def test_a_cancel_whose_signals_reach_nothing_leaves_the_script_its_outcome(
    start: Start, ready: Fifo, gate: Callable[[str], Gate], monkeypatch: pytest.MonkeyPatch
) -> None:
    door = gate("door")
    code = f"fifo = {ready.opened}; print('up', file=fifo); {door.passed}; raise SystemExit(3)"
    run = start(code, *DENIED, grace_s=0.1)
    ready.line()
    monkeypatch.setattr(stop, "_BEYOND_GRACE_S", 0.0)

    run.cancel()
    wait_until(lambda: "still there after KILL" in log(run), "KILL has had its time")
    during = run.get_status()
    door.open()

    assert during == "CancelRequested"
    assert ended(run) == ("Failed", "exit_code", 3)
    assert "left" not in json.loads(Path(run.directory, "exited.json").read_text())


NO_INODE = """
import json, os, sys
from homerun import Experiment, ScriptRunConfig, Workspace
config = ScriptRunConfig("source", "train.py", grace_s=5)
run = Experiment(Workspace.from_config(), "kept").submit(config)
ready, door = (open(path, mode, buffering=0) for path, mode in zip(sys.argv[1:], ("rb", "r+b")))
assert ready.readline() == b"up\\n"
made = []
try:
    while True:
        made.append(".runs/ballast-%d" % len(made))
        os.close(os.open(made[-1], os.O_CREAT | os.O_WRONLY))
except OSError:
    pass
if sys.argv[3] == "cancel":
    from homerun.runs import stop
    stop._BEYOND_GRACE_S = 0.0
    run.cancel()
else:
    door.write(b"go\\n")
assert ready.read() == b""
for path in made[:-1]:
    os.unlink(path)
run.wait_for_completion(raise_on_error=False)
print(json.dumps([run.get_status(), run.describe()["outcome"]["cause"]]))
"""
MOUNT = 'mkdir .runs && mount -t tmpfs -o nr_inodes=400 none .runs && exec "$@"'


@pytest.mark.parametrize(
    ("how", "expected"),
    [
        ("cancel", ["Canceled", "cancel"]),
        ("end", ["Failed", "exit_code"]),
    ],
)
def test_without_an_inode_the_end_comes_as_soon_as_there_is_one(
    workspace_dir: Path,
    script: Callable[..., Path],
    needs_user_mount: None,
    ready: Fifo,
    gate: Callable[[str], Gate],
    how: str,
    expected: list[str],
) -> None:
    door = gate("door")
    script(
        "train.py",
        f"""
        import sys
        fifo = {ready.opened}
        print("up", file=fifo)
        {door.passed}
        sys.exit(3)
        """,
    )
    inside = [sys.executable, "-c", NO_INODE, str(ready.path), str(door.path), how]

    done = subprocess.run(
        ["unshare", "-rm", "sh", "-c", MOUNT, "sh", *inside], capture_output=True, text=True
    )

    assert done.returncode == 0, done.stderr
    assert json.loads(done.stdout) == expected
