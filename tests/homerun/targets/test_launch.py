"""A supervisor that starts while its run is still being made."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

from helpers import process
from homerun import Experiment, Run, ScriptRunConfig, SubmitError, Workspace
from homerun.base import environ
from homerun.targets import launch
from homerun.targets.plan import Plan
from runstore import layout
from runstore.fs import facts


@pytest.fixture
def experiment(workspace_dir: Path, script: Callable[..., Path]) -> Experiment:
    script("noop.py", "print('done')")
    return Experiment(Workspace.from_config(), "early")


@pytest.fixture
def began(monkeypatch: pytest.MonkeyPatch) -> list[launch._Early]:
    """The supervisors that started early."""
    seen: list[launch._Early] = []
    begin = launch._Early

    def made(mark: str) -> launch._Early:
        seen.append(begin(mark))
        return seen[-1]

    monkeypatch.setattr(launch, "_Early", made)
    return seen


def submit(experiment: Experiment, name: str = "noop.py") -> Run:
    return experiment.submit(ScriptRunConfig("source", name))


def supervisor_of(run: Run) -> int:
    started = facts.read(run.directory, layout.STARTED) or {}
    return int(started["supervisor"]["pid"])


def leaves(early: launch._Early) -> bool:
    """Whether it ends by itself; it is a child of this process, which a submit collects too."""
    try:
        return os.waitpid(early.pid, 0)[1] == 0
    except ChildProcessError:
        return True


def test_a_supervisor_that_started_early_has_the_mark_the_lock_and_the_log_of_its_run(
    experiment: Experiment, began: list[launch._Early], script: Callable[..., Path]
) -> None:
    script("look.py", "import os; print(open(f'/proc/{os.getppid()}/environ').read())")

    run = submit(experiment, "look.py")
    run.wait_for_completion()

    (early,) = began
    assert supervisor_of(run) == early.pid
    assert f"{environ.SUPERVISES}={run._record.uuid}" in b"".join(run.stream()).decode()
    assert "started: " in Path(run.directory, layout.SUPERVISOR_LOG).read_text()
    assert launch._early == {}
    assert launch._unclaimed == []


def test_a_submit_that_fails_lets_its_early_supervisor_leave(
    experiment: Experiment, began: list[launch._Early], monkeypatch: pytest.MonkeyPatch
) -> None:
    def full(*given: object, **named: object) -> None:
        raise OSError(28, "No space left on device")

    with monkeypatch.context() as patch:
        patch.setattr("homerun.snapshots.work_copy.build", full)
        with pytest.raises(SubmitError):
            submit(experiment)

    (early,) = began
    assert leaves(early)
    assert list(experiment.workspace.get_runs()) == []
    assert launch._early == {}


def test_a_run_whose_early_supervisor_was_killed_gets_another_one(
    experiment: Experiment, began: list[launch._Early], monkeypatch: pytest.MonkeyPatch
) -> None:
    encode = Plan.encode

    def kill_first(plan: Plan) -> bytes:
        if not killed:
            os.kill(began[0].pid, signal.SIGKILL)
            killed.append(os.waitpid(began[0].pid, 0)[0])
        return encode(plan)

    killed: list[int] = []
    monkeypatch.setattr(Plan, "encode", kill_first)

    run = submit(experiment)
    run.wait_for_completion()

    assert run.get_status() == "Completed"
    assert supervisor_of(run) != began[0].pid


def test_an_early_supervisor_leaves_when_its_submitter_is_killed(workspace_dir: Path) -> None:
    code = """
        import os, signal
        from homerun.targets import launch
        launch.begin_early()
        (early,) = launch._early.values()
        print(early.pid, flush=True)
        os.kill(os.getpid(), signal.SIGKILL)
        """
    lines = "\n".join(line.strip() for line in code.splitlines())
    killed = subprocess.run([sys.executable, "-c", lines], stdout=subprocess.PIPE, check=False)

    assert killed.returncode == -signal.SIGKILL
    process.wait_gone(int(killed.stdout))


def test_a_stray_fork_of_the_submitter_keeps_no_early_supervisor(experiment: Experiment) -> None:
    launch.begin_early()
    (early,) = launch._early.values()
    held, kept = os.pipe()
    fork = os.fork()
    if fork == 0:
        os.close(kept)
        os.read(held, 1)
        os._exit(0 if launch.claim_early(is_wanted=True) is None else 1)

    launch.claim_early(is_wanted=False)

    assert leaves(early)
    os.close(held)
    os.close(kept)
    assert os.waitpid(fork, 0)[1] == 0


def test_a_run_that_may_have_to_wait_has_no_early_supervisor(
    experiment: Experiment, began: list[launch._Early]
) -> None:
    experiment.workspace.targets.add("narrow", slots=1)

    run = experiment.submit(ScriptRunConfig("source", "noop.py", compute_target="narrow"))
    run.wait_for_completion()

    assert run.get_status() == "Completed"
    assert began == []


def test_a_command_line_whose_run_has_to_wait_lets_the_supervisor_that_it_began_leave(
    experiment: Experiment,
) -> None:
    experiment.workspace.targets.add("narrow", slots=1)
    launch.begin_early()
    (early,) = launch._early.values()

    run = experiment.submit(ScriptRunConfig("source", "noop.py", compute_target="narrow"))

    assert leaves(early)
    run.wait_for_completion()
    assert run.get_status() == "Completed"


def test_more_locks_than_a_message_holds_go_to_a_supervisor_that_inherits_them() -> None:
    launch.begin_early()
    ((mark, early),) = launch._early.items()
    plan = Plan(mark=mark, store_id="", user="", shown="", cwd="", argv=[], env={}, ladder=[])

    assert not early.take_over("", plan, range(1000))

    assert leaves(early)
    launch._early.clear()
    launch._unclaimed.clear()
