"""Whoever is killed, whenever: no run stays half made, none is Completed by guess."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import textwrap
from collections.abc import Callable
from functools import partial
from pathlib import Path

import pytest

from helpers import process
from helpers.fifo import Fifo, Gate
from helpers.wait import wait_until
from homerun import Experiment, Run, ScriptRunConfig, Workspace

TERMINAL = ("Completed", "Failed", "Canceled")

SUBMIT = """
    from homerun import Experiment, ScriptRunConfig, Workspace
    experiment = Experiment(Workspace.from_config(), "crashes")
    experiment.submit(ScriptRunConfig("source", "train.py"), tags={"a": "b"})
"""


@pytest.fixture
def experiment(workspace_dir: Path) -> Experiment:
    return Experiment(Workspace.from_config(), "crashes")


def _kill(pid: int) -> None:
    os.kill(pid, signal.SIGKILL)
    process.wait_gone(pid)


def _submitter(code: str = SUBMIT) -> list[str]:
    return [sys.executable, "-c", textwrap.dedent(code)]


def test_a_submitter_killed_right_after_submit_costs_the_run_nothing(
    workspace_dir: Path, script: Callable[..., Path], ready: Fifo, gate: Callable[[str], Gate]
) -> None:
    door = gate("door")
    script(
        "train.py",
        f"""
        from homerun import Run
        run = Run.get_context()
        print("up", file={ready.opened}); {door.passed}
        for i in range(1000):
            run.log("loss", i)
        """,
    )
    killed = subprocess.run(_submitter(SUBMIT + "    import os; os.kill(os.getpid(), 9)\n"))
    ready.line()
    door.open()

    (run,) = Workspace.from_config().get_runs()
    run.wait_for_completion()

    assert killed.returncode == -signal.SIGKILL
    assert run.get_metrics() == {"loss": list(range(1000))}


@pytest.mark.parametrize(
    "calls",
    ["mkdir", "rename", "link,linkat", "symlink,symlinkat", "fsync", "fcntl", "clone,vfork"],
)
def test_a_submitter_killed_at_any_call_leaves_no_half_run(
    workspace_dir: Path,
    script: Callable[..., Path],
    needs_strace: None,
    calls: str,
) -> None:
    script("train.py", "from homerun import Run; Run.get_context().log('loss', 1.0)")
    assert subprocess.run(_submitter()).returncode == 0
    for run in Workspace.from_config().get_runs():
        run.wait_for_completion()

    for k in range(_calls_of_a_bare_start(calls) + 1, 200):
        inject = f"inject={calls}:signal=KILL:when={k}"
        strace = ["strace", "-qq", "-o", "/dev/null", "-e", f"trace={calls}", "-e", inject]
        done = subprocess.run([*strace, *_submitter()], capture_output=True)
        for run in Workspace.from_config().get_runs():
            run.wait_for_completion(raise_on_error=False)
            _check_whole(run)
        if done.returncode == 0:
            break
    else:
        pytest.fail("the submit never came through")


def _calls_of_a_bare_start(calls: str) -> int:
    """How many such calls an interpreter makes before anything of ours runs."""
    done = subprocess.run(
        ["strace", "-qq", "-o", "/dev/stderr", "-e", f"trace={calls}", sys.executable, "-c", "0"],
        capture_output=True,
        text=True,
    )
    return sum("(" in line for line in done.stderr.splitlines())


def _check_whole(run: Run) -> None:
    outcome = run.describe()["outcome"]
    if run.get_status() == "Completed":
        assert run.get_metrics() == {"loss": 1.0}
    else:
        assert (run.get_status(), outcome["cause"]) == ("Failed", "never_started")
    assert run.describe()["tags"] == {"a": "b"}


def test_a_killed_supervisor_is_replaced_and_the_exit_code_is_true(
    experiment: Experiment, script: Callable[..., Path], ready: Fifo, gate: Callable[[str], Gate]
) -> None:
    door = gate("door")
    script(
        "train.py",
        f"""
        import os, sys
        print("up", file={ready.opened}); {door.passed}
        if sys.argv[1] == "crash":
            os.kill(os.getpid(), 11)
        sys.exit(int(sys.argv[1]))
        """,
    )
    runs = [
        experiment.submit(ScriptRunConfig("source", "train.py", [how])) for how in (0, 3, "crash")
    ]
    assert [ready.line() for _ in runs] == ["up"] * 3
    for run in runs:
        _kill(run.describe()["process"]["supervisor_pid"])
        wait_until(partial(_is_adopted, run), "the script is adopted")
    while_adopted = [run.get_status() for run in runs]
    door.open(3)
    for run in runs:
        run.wait_for_completion(raise_on_error=False)

    outcomes = [run.describe()["outcome"] for run in runs]
    assert while_adopted == ["Running"] * 3
    assert [run.get_status() for run in runs] == ["Completed", "Failed", "Failed"]
    assert [outcome["exit_code"] for outcome in outcomes] == [0, 3, None]
    assert outcomes[2]["signal"] == "SIGSEGV"
    assert all(outcome["source"] in ("exit_record", "zombie") for outcome in outcomes)


def _is_adopted(run: Run) -> bool:
    run.get_status()  # whoever looks adopts
    return "adopted" in Path(run.directory, "supervisor.log").read_text()


def test_a_run_without_a_supervisor_can_be_canceled(
    experiment: Experiment, script: Callable[..., Path], ready: Fifo
) -> None:
    script(
        "train.py",
        f"""
        import os, signal
        signal.signal(signal.SIGTERM, signal.SIG_IGN)
        fifo = {ready.opened}
        if os.fork() == 0:
            os.setsid()
            print("up", file=fifo)
        while True: signal.pause()
        """,
    )
    run = experiment.submit(ScriptRunConfig("source", "train.py", grace_s=0.2))
    ready.line()
    _kill(run.describe()["process"]["supervisor_pid"])

    run.cancel()

    assert run.get_status() == "Canceled"
    ready.eof()


def test_supervisor_and_script_killed_is_failed_at_the_next_look(
    experiment: Experiment, script: Callable[..., Path], ready: Fifo
) -> None:
    script("train.py", f"import signal; print('up', file={ready.opened}); signal.pause()")
    run = experiment.submit(ScriptRunConfig("source", "train.py"))
    ready.line()
    processes = run.describe()["process"]
    for pid in (processes["supervisor_pid"], processes["pid"]):
        _kill(pid)

    status = run.get_status()

    assert status == "Failed"
    assert run.describe()["outcome"]["cause"] == "lost_exit_status"
    assert run.describe()["outcome"]["source"] is None


@pytest.mark.parametrize("moment", ["before started", "before exited", "before ended"])
def test_a_supervisor_that_dies_between_two_facts_leaves_a_true_status(
    experiment: Experiment,
    script: Callable[..., Path],
    ready: Fifo,
    needs_strace: None,
    monkeypatch: pytest.MonkeyPatch,
    workspace_dir: Path,
    moment: str,
) -> None:
    k = {"before started": 1, "before exited": 2, "before ended": 3}[moment]
    script("train.py", f"print('ran', file={ready.opened})")
    # Of an interpreter that is known there is one link more.
    monkeypatch.setenv("XDG_CACHE_HOME", str(workspace_dir / "cache"))
    wrapper = workspace_dir / "python"
    wrapper.write_text(
        "#!/bin/sh\n"
        f"exec strace -qq -o /dev/null -e trace=link,linkat "
        f'-e inject=link,linkat:signal=KILL:when={k} {sys.executable} "$@"\n'
    )
    wrapper.chmod(0o755)
    monkeypatch.setattr(sys, "executable", str(wrapper))
    run = experiment.submit(ScriptRunConfig("source", "train.py", interpreter=_real_python()))

    run.wait_for_completion(raise_on_error=False)

    outcome = run.describe()["outcome"]
    expected = {
        "before started": ("Failed", "never_started"),
        "before exited": ("Failed", "lost_exit_status"),
        "before ended": ("Completed", None),
    }
    assert (run.get_status(), outcome["cause"]) == expected[moment]


def _real_python() -> str:
    return os.path.realpath("/proc/self/exe")
