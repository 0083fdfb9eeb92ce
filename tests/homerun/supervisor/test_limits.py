"""Runs with limits: with whatever keeps them on this machine."""

from __future__ import annotations

import os
import signal
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from helpers import process
from helpers.fifo import Fifo, Gate
from helpers.wait import wait_until
from homerun import Experiment, Run, ScriptRunConfig, Workspace
from homerun.system.limits import groups
from homerun.system.limits.scopes import NoGroup

LIMIT = 100 << 20
FILL = """
    import os
    kept = bytearray(b"x") * (60 << 20)
    if os.fork() == 0:
        kept = bytearray(b"y") * (140 << 20)
    {wait}
"""


def groups_keep(*limits: str) -> bool:
    try:
        return groups.foreseen(limits) == set(limits)
    except NoGroup:
        return False


@pytest.fixture
def needs_groups() -> None:
    """Skip where no control group of version 2 can be made."""
    if not groups_keep("memory", "pids"):
        pytest.skip("no control group of version 2 can be made here: the watch is tried instead")


@pytest.fixture
def experiment(workspace_dir: Path) -> Experiment:
    return Experiment(Workspace.from_config(), "limits")


def submit(experiment: Experiment, script: str, **limits: Any) -> Run:
    return experiment.submit(ScriptRunConfig("source", script, **limits))


def in_force(run: Run, name: str) -> str:
    by: str = run.describe()["limits"][name]["by"]
    return by


def test_a_script_over_its_memory_limit_is_out_of_memory_and_its_neighbour_goes_on(
    experiment: Experiment, script: Callable[..., Path], ready: Fifo, gate: Callable[[str], Gate]
) -> None:
    script("fill.py", FILL.format(wait=gate("never").passed))
    door = gate("door")
    script("calm.py", f"print('up', file={ready.opened}); {door.passed}")
    neighbour = submit(experiment, "calm.py", memory="1GB")
    ready.line()

    run = submit(experiment, "fill.py", memory=LIMIT)
    run.wait_for_completion(raise_on_error=False)
    told = run.describe()
    lives = neighbour.get_status()
    door.open()
    neighbour.wait_for_completion()

    assert (told["status"], told["outcome"]["cause"]) == ("Failed", "out_of_memory")
    assert told["outcome"]["memory_peak"] >= 0.9 * LIMIT
    assert " its memory limit of 100 MiB: it had " in told["failure"]
    assert in_force(run, "memory") == ("group" if groups_keep("memory") else "watch")
    assert (lives, neighbour.get_status()) == ("Running", "Completed")


def test_a_limit_that_no_group_keeps_is_said_at_submit_and_on_record(
    experiment: Experiment, script: Callable[..., Path], capfd: pytest.CaptureFixture[str]
) -> None:
    script("train.py", "")
    run = submit(experiment, "train.py", memory="1GB", pids=500)
    run.wait_for_completion()

    said, flaws = capfd.readouterr().err, run.describe()["limits"].get("flaws", [])
    is_watched = in_force(run, "memory") == "watch"
    assert ("looked at every 1 s, and may go over the limit" in said) is is_watched
    assert bool(flaws) is is_watched
    assert all(flaw in Path(run.directory, "supervisor.log").read_text() for flaw in flaws)


def test_a_run_that_was_out_of_memory_is_retried(
    experiment: Experiment, script: Callable[..., Path], gate: Callable[[str], Gate]
) -> None:
    script(
        "train.py",
        f"""
        import os
        if os.environ.get("HOMERUN_ATTEMPT", "1") == "1":
            kept = bytearray(b"x") * (200 << 20)
            {gate("never").passed}
        """,
    )

    run = submit(experiment, "train.py", memory=LIMIT, max_retries=1, retry_on=["out_of_memory"])
    run.wait_for_completion()
    causes = [one.get("cause") for one in run.describe()["attempts"]]

    assert (run.get_status(), causes) == ("Completed", ["out_of_memory", None])


def test_a_script_that_traps_the_signal_and_leaves_well_was_out_of_memory_all_the_same(
    experiment: Experiment, script: Callable[..., Path], gate: Callable[[str], Gate]
) -> None:
    script(
        "train.py",
        f"""
        import os, signal
        signal.signal(signal.SIGTERM, lambda *_: os._exit(0))
        kept = bytearray(b"x") * (200 << 20)
        {gate("never").passed}
        """,
    )

    run = submit(experiment, "train.py", memory=LIMIT)
    run.wait_for_completion(raise_on_error=False)

    assert run.describe()["outcome"]["cause"] == "out_of_memory"


def test_a_kill_by_hand_below_a_limit_is_a_signal(
    experiment: Experiment, script: Callable[..., Path], ready: Fifo, gate: Callable[[str], Gate]
) -> None:
    script("train.py", f"print('up', file={ready.opened}); {gate('door').passed}")
    run = submit(experiment, "train.py", memory=LIMIT)
    ready.line()

    os.kill(run.describe()["process"]["pid"], signal.SIGKILL)
    run.wait_for_completion(raise_on_error=False)

    assert run.describe()["outcome"]["cause"] == "signal"


def test_a_cancel_of_a_run_with_limits_is_a_cancel(
    experiment: Experiment, script: Callable[..., Path], ready: Fifo, gate: Callable[[str], Gate]
) -> None:
    script("train.py", f"print('up', file={ready.opened}); {gate('door').passed}")
    run = submit(experiment, "train.py", memory=LIMIT, pids=50)
    ready.line()
    run.cancel()

    assert run.get_status() == "Canceled"


def test_a_script_has_the_processors_and_the_priority_that_it_was_given(
    experiment: Experiment, script: Callable[..., Path]
) -> None:
    script("train.py", "import os; print(len(os.sched_getaffinity(0)), os.nice(0))")
    run = submit(experiment, "train.py", cpus=1, nice=7)
    run.wait_for_completion()

    assert b"".join(run.stream()) == b"1 7\n"
    assert len(run.describe()["limits"]["cpus"]["processors"]) == 1
    assert run.describe()["limits"]["nice"] == {"value": 7, "by": "priority"}


def test_more_processes_than_its_limit_end_a_run_or_are_refused(
    experiment: Experiment, script: Callable[..., Path], gate: Callable[[str], Gate]
) -> None:
    script(
        "train.py",
        f"""
        import os
        for _ in range(8):
            if os.fork() == 0:
                break
        {gate("never").passed}
        """,
    )

    run = submit(experiment, "train.py", pids=5)
    run.wait_for_completion(raise_on_error=False)
    told = run.describe()

    assert told["status"] == "Failed"
    if in_force(run, "pids") == "group":
        assert told["outcome"]["cause"] == "exit_code"
        assert told["outcome"]["processes_refused"] >= 1
    else:
        assert told["outcome"]["cause"] == "process_limit"
        assert told["failure"].startswith("the script was over its limit of 5 processes")


def test_an_adopter_keeps_the_limits_of_the_run(
    experiment: Experiment, script: Callable[..., Path], ready: Fifo, gate: Callable[[str], Gate]
) -> None:
    door = gate("door")
    script(
        "train.py",
        f"""
        print("up", file={ready.opened}); {door.passed}
        kept = bytearray(b"x") * (200 << 20)
        {gate("never").passed}
        """,
    )
    run = submit(experiment, "train.py", memory=LIMIT)
    ready.line()
    supervisor = run.describe()["process"]["supervisor_pid"]
    os.kill(supervisor, signal.SIGKILL)
    process.wait_gone(supervisor)
    run.get_status()
    log = Path(run.directory, "supervisor.log")
    wait_until(lambda: "adopted" in log.read_text(), "an adopter")
    door.open()
    run.wait_for_completion(raise_on_error=False)

    assert run.describe()["outcome"]["cause"] == "out_of_memory"


def test_the_group_of_a_run_is_gone_with_it(
    needs_groups: None, experiment: Experiment, script: Callable[..., Path]
) -> None:
    script("train.py", "")
    run = submit(experiment, "train.py", memory="1GB")
    run.wait_for_completion()

    assert not Path(run.describe()["limits"]["group"]).exists()


def test_a_run_that_a_limited_run_submits_has_its_own_limits_or_none(
    needs_groups: None, experiment: Experiment, script: Callable[..., Path]
) -> None:
    fill = "kept = bytearray(b'x') * (150 << 20)"
    script("child.py", f"{fill}; print(open('/proc/self/cgroup').read())")
    script(
        "train.py",
        """
        from homerun import Run, ScriptRunConfig
        child = Run.get_context().submit_child(ScriptRunConfig(".", "child.py"))
        child.wait_for_completion()
        """,
    )
    run = submit(experiment, "train.py", memory=LIMIT)
    run.wait_for_completion()
    child = next(iter(run.get_children()))

    assert child.get_status() == "Completed"
    assert b"homerun-supervisors" in b"".join(child.stream())


# Checkpoints

SAVE = """
    import os
    for number in range(5):
        path = f"outputs/ckpt-{number}"
        open(path, "w").write("x" * 5000)
        os.utime(path, (1_000_000_000 + number,) * 2)
"""


def checkpoints(run: Run) -> list[str]:
    return sorted(os.listdir(f"{run.directory}/outputs"))


def removal(run: Run) -> str:
    log = Path(run.directory, "supervisor.log")
    wait_until(lambda: "keep_last" in log.read_text(), "a word on checkpoints")
    return log.read_text().splitlines()[-1]


def test_old_checkpoints_are_removed_at_the_end_and_one_line_says_so(
    experiment: Experiment, script: Callable[..., Path]
) -> None:
    script("train.py", SAVE)
    run = submit(experiment, "train.py", keep_last={"outputs/ckpt-*": 2})
    run.wait_for_completion()

    assert "keep_last outputs/ckpt-*=2: removed 3 of 5, " in removal(run)
    assert checkpoints(run) == ["ckpt-3", "ckpt-4"]


def test_a_run_that_a_person_tags_keeps_its_checkpoints(
    experiment: Experiment, script: Callable[..., Path], ready: Fifo, gate: Callable[[str], Gate]
) -> None:
    door = gate("door")
    wait = f"print('up', file={ready.opened}); {door.passed}"
    script("train.py", f"{SAVE}\n    {wait}")
    run = submit(experiment, "train.py", keep_last={"outputs/ckpt-*": 2})
    ready.line()
    run.tag("best")
    door.open()
    run.wait_for_completion()

    assert removal(run).endswith("keep_last: nothing is removed, since the run is tagged (best)")
    assert len(checkpoints(run)) == 5
