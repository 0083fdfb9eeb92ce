"""Stopping a run: whoever asks, whatever the script does against it, nothing stays alive."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import threading
from collections.abc import Callable
from pathlib import Path

import pytest

from helpers import process
from helpers.fifo import Fifo, Gate
from helpers.wait import wait_until
from homerun import Experiment, Run, ScriptRunConfig, Workspace
from homerun.targets import registry

UP = "print(os.getpid(), file=fifo)"

STUBBORN = {
    "obeys": """
        {up}
        signal.pause()
        """,
    "ignores TERM": """
        signal.signal(signal.SIGTERM, signal.SIG_IGN)
        {up}
        while True: signal.pause()
        """,
    "traps TERM and exits 0": """
        signal.signal(signal.SIGTERM, lambda *_: os._exit(0))
        {up}
        while True: signal.pause()
        """,
    "forks": """
        if os.fork() == 0:
            signal.signal(signal.SIGTERM, signal.SIG_IGN)
            while True: signal.pause()
        {up}
        signal.pause()
        """,
    "double-forks with setsid": """
        if os.fork() == 0:
            os.setsid()
            if os.fork():
                os._exit(0)
            signal.signal(signal.SIGTERM, signal.SIG_IGN)
            {up}
            while True: signal.pause()
        os.wait()
        signal.pause()
        """,
    "was stopped": """
        {up}
        os.kill(os.getpid(), signal.SIGSTOP)
        """,
    "chain of forks": """
        signal.signal(signal.SIGTERM, signal.SIG_IGN)
        if os.fork() == 0:
            {up}
            for _ in range(20000):
                if os.fork():
                    os._exit(0)
        while True: signal.pause()
        """,
}


@pytest.fixture
def experiment(workspace_dir: Path) -> Experiment:
    return Experiment(Workspace.from_config(), "explore-runs")


@pytest.fixture
def running(experiment: Experiment, script: Callable[..., Path], ready: Fifo) -> Callable[..., Run]:
    """Submit a script that says when it is up, and come back when it is."""

    def start(body: str, **options: object) -> Run:
        lines = [line.strip("\n") for line in body.format(up=UP).splitlines()]
        indent = min((len(x) - len(x.lstrip()) for x in lines if x.strip()), default=0)
        code = "\n".join(line[indent:] for line in lines)
        script("train.py", f"import os, signal\nfifo = {ready.opened}\n{code}\n")
        options.setdefault("grace_s", 0.3)
        run = experiment.submit(ScriptRunConfig("source", "train.py", **options))
        ready.line()
        return run

    return start


@pytest.mark.parametrize("body", STUBBORN.values(), ids=STUBBORN.keys())
def test_cancel_ends_everything_and_then_the_status_is_canceled(
    running: Callable[..., Run], ready: Fifo, body: str
) -> None:
    run = running(body)

    run.cancel()

    assert run.get_status() == "Canceled"
    ready.eof()  # every process of the tree held it
    assert run.describe()["outcome"]["cause"] == "cancel"


def test_term_to_the_supervisor_cancels_too(running: Callable[..., Run], ready: Fifo) -> None:
    run = running(STUBBORN["double-forks with setsid"])

    os.kill(run.describe()["process"]["supervisor_pid"], signal.SIGTERM)
    run.wait_for_completion()

    assert run.get_status() == "Canceled"
    ready.eof()


def test_fail_on_a_live_run_stops_it_and_it_is_failed(
    running: Callable[..., Run], ready: Fifo
) -> None:
    run = running(STUBBORN["ignores TERM"])

    run.fail("it diverged", "Diverged")

    error = run.get_details()["error"]["error"]
    assert run.get_status() == "Failed"
    assert (error["code"], error["message"].splitlines()[0]) == ("Diverged", "it diverged")
    ready.eof()


def test_a_time_limit_ends_the_run_failed(running: Callable[..., Run], ready: Fifo) -> None:
    run = running(STUBBORN["obeys"], max_run_duration_seconds=1.0)

    run.wait_for_completion(raise_on_error=False)

    assert (run.get_status(), run.describe()["outcome"]["cause"]) == ("Failed", "timeout")
    ready.eof()


def test_a_script_that_ends_in_its_grace_is_not_killed(running: Callable[..., Run]) -> None:
    run = running(
        """
        def finish(*_):
            open("outputs/checkpoint", "w").write("saved")
            os._exit(5)
        signal.signal(signal.SIGTERM, finish)
        {up}
        while True: signal.pause()
        """,
        grace_s=20,
    )

    run.cancel()

    assert Path(run.directory, "outputs/checkpoint").read_text() == "saved"
    assert run.describe()["outcome"]["exit_code"] == 5
    assert run.get_status() == "Canceled"


def test_a_cancel_that_comes_too_late_changes_nothing(
    experiment: Experiment, script: Callable[..., Path]
) -> None:
    script("train.py", "")
    run = experiment.submit(ScriptRunConfig("source", "train.py"))
    run.wait_for_completion()

    run.cancel()

    assert run.get_status() == "Completed"
    assert "stop.json" not in os.listdir(run.directory)


def test_a_cancel_right_after_submit_lets_nothing_run_or_ends_it(
    experiment: Experiment, script: Callable[..., Path]
) -> None:
    script("train.py", "import signal\nsignal.pause()")
    runs = [experiment.submit(ScriptRunConfig("source", "train.py")) for _ in range(5)]

    for run in runs:
        run.cancel()

    assert [run.get_status() for run in runs] == ["Canceled"] * 5


def test_fifty_cancels_at_once_are_one(running: Callable[..., Run], ready: Fifo) -> None:
    run = running(STUBBORN["ignores TERM"])
    callers = [threading.Thread(target=run.cancel) for _ in range(50)]

    for caller in callers:
        caller.start()
    for caller in callers:
        caller.join()

    log = Path(run.directory, "supervisor.log").read_text()
    assert run.get_status() == "Canceled"
    assert log.count("TERM to") == 1
    ready.eof()


def test_the_first_of_cancel_and_fail_counts(running: Callable[..., Run]) -> None:
    run = running(STUBBORN["ignores TERM"], grace_s=1)
    canceling = threading.Thread(target=run.cancel)
    stop = Path(run.directory, "stop.json")

    canceling.start()
    while not stop.exists():
        canceling.join(0.001)
    run.fail("too late")
    canceling.join()

    assert run.describe()["outcome"]["cause"] == "cancel"


def test_what_a_script_leaves_running_is_ended_with_it(
    running: Callable[..., Run], ready: Fifo
) -> None:
    run = running(
        """
        beside, told = os.pipe()
        if os.fork() == 0:
            os.setsid()
            {up}
            os.write(told, b'.')
            signal.pause()
        os.read(beside, 1)  # or the sweep could come before the other process is up
        """
    )

    run.wait_for_completion()

    assert run.get_status() == "Completed"
    ready.eof()


def test_on_exit_leave_lets_it_run_on(
    running: Callable[..., Run], ready: Fifo, gate: Callable[[str], Gate]
) -> None:
    door = gate("door")
    run = running(
        f"""
        if os.fork() == 0:
            {{up}}
            {door.passed}
            print('still here', file=fifo)
        """,
        on_exit="leave",
    )

    run.wait_for_completion()
    door.open()

    assert ready.line() == "still here"
    ready.eof()


@pytest.mark.parametrize("environment", ["os.environ", "{}"])
@pytest.mark.parametrize("how", ["ends", "is canceled"])
def test_what_an_inner_run_leaves_running_outlives_the_outer_one(
    experiment: Experiment,
    script: Callable[..., Path],
    ready: Fifo,
    gate: Callable[[str], Gate],
    how: str,
    environment: str,
) -> None:
    door, leave = gate("door"), gate("leave")
    daemon = f"fifo = {ready.opened}; print('up', file=fifo); {door.passed}; print('on', file=fifo)"
    script(
        "inner.py",
        f"""
        import os, sys
        if os.fork() == 0:
            os.setsid()
            os.execve(sys.executable, ["python", "-c", {daemon!r}], {environment})
        """,
    )
    script(
        "outer.py",
        f"""
        from homerun import Run, ScriptRunConfig
        run = Run.get_context()
        inner = run.submit_child(ScriptRunConfig(".", "inner.py", on_exit="leave"))
        inner.wait_for_completion()
        {leave.passed}
        """,
    )
    outer = experiment.submit(ScriptRunConfig("source", "outer.py", grace_s=0.3))
    assert ready.line() == "up"
    (inner,) = outer.get_children()
    inner.wait_for_completion()
    local = registry.get(inner._record.store.root)
    wait_until(lambda: not local.is_alive(inner._record), "its lock is free")

    if how == "ends":
        leave.open()
        outer.wait_for_completion()
    else:
        outer.cancel()
    door.open()

    assert ready.line() == "on"
    ready.eof()
    process.wait_gone(inner.describe()["process"]["supervisor_pid"])


def test_a_run_submitted_inside_a_run_outlives_it_and_its_cancel(
    experiment: Experiment, script: Callable[..., Path], ready: Fifo, gate: Callable[[str], Gate]
) -> None:
    door = gate("door")
    script(
        "inner.py", f"print('inner', file={ready.opened}); {door.passed}; print('done', flush=True)"
    )
    script(
        "outer.py",
        """
        import signal, sys
        from homerun import Run, ScriptRunConfig
        run = Run.get_context()
        child = run.experiment.submit(ScriptRunConfig(".", "inner.py"))
        print(child.id, flush=True)
        if sys.argv[1] == "stay":
            signal.pause()
        """,
    )
    outers = [
        experiment.submit(ScriptRunConfig("source", "outer.py", [word], grace_s=0.3))
        for word in ("leave", "stay")
    ]
    assert [ready.line(), ready.line()] == ["inner", "inner"]

    outers[0].wait_for_completion()
    outers[1].cancel()
    inners = [Run(experiment, _first_line(outer)) for outer in outers]
    while_they_ran = [inner.get_status() for inner in inners]
    door.open(2)
    for inner in inners:
        inner.wait_for_completion()

    assert [outer.get_status() for outer in outers] == ["Completed", "Canceled"]
    assert while_they_ran == ["Running", "Running"]
    assert [inner.get_status() for inner in inners] == ["Completed", "Completed"]


def _first_line(run: Run) -> str:
    return b"".join(run.stream()).decode().splitlines()[0]


def test_the_run_goes_on_when_its_submitter_leaves(
    workspace_dir: Path, script: Callable[..., Path], ready: Fifo, gate: Callable[[str], Gate]
) -> None:
    door = gate("door")
    script("train.py", f"print('up', file={ready.opened}); {door.passed}")
    submit = (
        "from homerun import *; import os\n"
        "e = Experiment(Workspace.from_config(), 'left')\n"
        "print(e.submit(ScriptRunConfig('source', 'train.py')).id)\n"
    )
    done = subprocess.run([sys.executable, "-c", submit], capture_output=True, text=True)
    ready.line()
    run = Workspace.from_config().get_run(done.stdout.strip())
    supervisor = run.describe()["process"]["supervisor_pid"]

    while_it_ran = run.get_status()
    door.open()
    run.wait_for_completion()

    assert (while_it_ran, run.get_status()) == ("Running", "Completed")
    process.wait_gone(supervisor)
