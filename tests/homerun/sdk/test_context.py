"""The run context: what a script sees of its run, whatever happens to the store."""

from __future__ import annotations

import json
import math
import multiprocessing
import os
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from helpers.fifo import Fifo, Gate
from helpers.probes import Interpreter
from helpers.wait import DEADLINE_S
from homerun import Experiment, Run, RunEnvironmentError, ScriptRunConfig, UserError, Workspace
from homerun.sdk import context as context_module


@pytest.fixture
def experiment(workspace_dir: Path) -> Experiment:
    return Experiment(Workspace.from_config(), "inside")


def submit(experiment: Experiment, name: str = "train.py", **fields: object) -> Run:
    return experiment.submit(ScriptRunConfig("source", name, **fields))  # type: ignore[arg-type]


def printed(run: Run) -> list[str]:
    return b"".join(run.stream()).decode().splitlines()


# Every interpreter


def test_a_script_logs_in_an_interpreter_that_has_nothing_installed(
    experiment: Experiment, script: Callable[..., Path], interpreter: Interpreter
) -> None:
    script(
        "train.py",
        """
        import sys
        from homerun import Run
        run = Run.get_context()
        for loss in (0.5, 0.25, float("nan")):
            run.log("loss", loss)
        run.log("minor", sys.version_info[1])
        run.log("step", 1.0, step=3, description="with a step")
        run.log("größe", "ü")
        run.flush()
        print(run.id, run.experiment.name, run.experiment.workspace.directory, run.get_status())
        print(len(run.get_metrics("loss")["loss"]), run.number, run.display_name == run.id)
        """,
    )

    run = submit(experiment, interpreter=interpreter.path)
    run.wait_for_completion()

    found = run.get_metrics()
    assert run.get_status() == "Completed"
    assert found["loss"][:2] == [0.5, 0.25]
    assert math.isnan(found["loss"][2])
    assert (found["minor"], found["step"], found["größe"]) == (interpreter.version[1], 1.0, "ü")
    assert printed(run) == [
        f"{run.id} inside {experiment.workspace.directory} Running",
        "3 1 True",
    ]


# One run, many threads and processes


def test_get_context_gives_the_same_run_at_every_call_and_in_every_thread(
    experiment: Experiment, script: Callable[..., Path]
) -> None:
    script(
        "train.py",
        """
        import sys, threading
        from homerun import Run
        sys.setswitchinterval(1e-6)
        start = threading.Barrier(8)
        found = []
        def look():
            start.wait()
            found.append(Run.get_context())
        threads = [threading.Thread(target=look) for _ in range(8)]
        [thread.start() for thread in threads]
        [thread.join() for thread in threads]
        assert {id(run) for run in found} == {id(Run.get_context())}
        assert len(found) == 8
        """,
    )

    run = submit(experiment)

    assert run.wait_for_completion()["status"] == "Completed"


def test_threads_that_log_at_once_lose_nothing(
    experiment: Experiment, script: Callable[..., Path]
) -> None:
    script(
        "train.py",
        """
        import sys, threading
        from homerun import Run
        sys.setswitchinterval(1e-6)
        run = Run.get_context()
        start = threading.Barrier(8)
        def work(number):
            start.wait()
            for i in range(200):
                run.log("point", number * 1000 + i)
        threads = [threading.Thread(target=work, args=(n,)) for n in range(8)]
        [thread.start() for thread in threads]
        [thread.join() for thread in threads]
        """,
    )

    run = submit(experiment)
    run.wait_for_completion()

    points = run.get_metrics()["point"]
    assert sorted(points) == [n * 1000 + i for n in range(8) for i in range(200)]
    assert len(run.get_metrics()["point"]) == len(set(points))


@pytest.mark.parametrize("method", multiprocessing.get_all_start_methods())
def test_workers_log_into_files_of_their_own_and_lose_nothing(
    experiment: Experiment, script: Callable[..., Path], method: str
) -> None:
    script(
        "train.py",
        f"""
        import multiprocessing, os
        from homerun import Run
        def work(number):
            run = Run.get_context()
            for i in range(100):
                run.log("point", number * 1000 + i)
            run.log("worker", os.getpid())
        if __name__ == "__main__":
            run = Run.get_context()
            run.log("point", -1)
            start = multiprocessing.get_context({method!r})
            workers = [start.Process(target=work, args=(n,)) for n in range(3)]
            [worker.start() for worker in workers]
            [worker.join() for worker in workers]
            run.log("point", -2)
        """,
    )

    run = submit(experiment)
    run.wait_for_completion()

    files = {path.name.split("-")[0] for path in Path(run.directory, "metrics").iterdir()}
    points = run.get_metrics()["point"]
    assert sorted(points) == [-2, -1, *(n * 1000 + i for n in range(3) for i in range(100))]
    assert set(map(str, run.get_metrics()["worker"])) < files
    assert len(files) == len(list(Path(run.directory, "metrics").iterdir())) == 4


# Values


def test_scalars_of_numpy_come_back_as_plain_values(
    experiment: Experiment, script: Callable[..., Path]
) -> None:
    pytest.importorskip("numpy")
    script(
        "train.py",
        """
        import numpy as np
        from homerun import Run
        run = Run.get_context()
        values = dict(f32=np.float32(0.5), f64=np.float64(0.1), f16=np.float16(2), i64=np.int64(3),
                      u8=np.uint8(7), yes=np.bool_(True), inf=np.float32("-inf"), text=np.str_("a"),
                      zero_d=np.array(1.5), one=np.array([2.5]))
        for name, value in values.items():
            run.log(name, value)
        """,
    )

    run = submit(experiment)
    run.wait_for_completion()

    found = run.get_metrics()
    plain = {"f32": 0.5, "f64": 0.1, "f16": 2.0, "i64": 3, "u8": 7, "yes": True, "text": "a"}
    assert found == {**plain, "inf": -math.inf, "zero_d": 1.5, "one": 2.5}
    assert {type(value) for value in found.values()} == {float, int, bool, str}


def _generator() -> object:
    yield 1


MANY = {
    "list": [1, 2],
    "range": range(3),
    "set": {1},
    "generator": _generator(),
    "generator function": _generator,
    "iterator": iter([1]),
}


@pytest.mark.parametrize("value", MANY.values(), ids=MANY.keys())
def test_many_values_are_refused_inside_and_outside_of_a_run(
    experiment: Experiment, script: Callable[..., Path], value: object
) -> None:
    script("train.py", "")
    runs = [submit(experiment), Run.get_context()]

    with pytest.raises(UserError, match="takes one value") as recorded:
        runs[0].log("loss", value)
    with pytest.raises(UserError, match="use log_list"):
        runs[1].log("loss", value)

    assert "\n" not in str(recorded.value)
    assert runs[0].get_metrics() == runs[1].get_metrics() == {}


@pytest.mark.parametrize("name", [None, 5, ["loss"], b"loss"], ids=repr)
def test_a_metric_is_named_by_text(
    experiment: Experiment, script: Callable[..., Path], name: object
) -> None:
    script("train.py", "")
    runs = [submit(experiment), Run.get_context()]

    with pytest.raises(UserError, match="a metric is named by text"):
        runs[0].log(name, 1.0)  # type: ignore[arg-type]
    with pytest.raises(UserError, match="a metric is named by text"):
        runs[1].log(name, 1.0)  # type: ignore[arg-type]

    assert runs[0].get_metrics() == runs[1].get_metrics() == {}


def test_names_and_texts_of_any_characters_come_back(
    experiment: Experiment, script: Callable[..., Path]
) -> None:
    script("train.py", "")
    names = ["", "a\nb", '"', "\\", "\0", "\ud800", "漢字", "x" * 10_000, "a/b", "../up"]
    run = submit(experiment)

    for name in names:
        run.log(name, name)

    assert run.get_metrics() == {name: name for name in names}


# A store that does not take the points


def test_a_full_disk_stops_no_training_and_is_said_once(
    workspace_dir: Path,
    script: Callable[..., Path],
    needs_user_mount: None,
    needs_pid_namespace: None,
) -> None:
    script("train.py", _FILLING + "print('begun')\n" + _LOGGING)

    seen = _in_mounts(workspace_dir, _SMALL_STORE, _SUBMITTING)

    said = [line for line in seen["output"] if line.startswith("homerun:")]
    assert seen["status"] == "Completed"
    assert [line for line in seen["output"] if line not in said] == ["begun", "trained 10"]
    assert len([line for line in said if "No space left on device" in line]) == 1
    assert said[-1] == "homerun: 10 metric points could not be stored"
    assert len(said) == 2
    assert seen["metrics"] == {"before": 1, "after": 2}


def test_a_warning_that_finds_no_room_either_stops_no_training(
    workspace_dir: Path,
    script: Callable[..., Path],
    needs_user_mount: None,
    needs_pid_namespace: None,
) -> None:
    """The log that standard error goes to lies on the full disk too."""
    script("train.py", _FILLING + _LOGGING)

    seen = _in_mounts(workspace_dir, _SMALL_STORE, _SUBMITTING)

    assert seen["status"] == "Completed"
    assert "trained 10" in seen["output"]
    assert seen["metrics"] == {"before": 1, "after": 2}


def test_a_store_that_becomes_read_only_stops_no_training_and_is_said_once(
    workspace_dir: Path,
    script: Callable[..., Path],
    needs_user_mount: None,
    needs_pid_namespace: None,
) -> None:
    script(
        "train.py",
        """
        import os, subprocess
        from homerun import Run
        store = os.environ["HOMERUN_STORE"]
        subprocess.run(["mount", "--bind", store, store], check=True)
        subprocess.run(["mount", "-o", "remount,bind,ro", store], check=True)
        run = Run.get_context()
        for i in range(10):
            run.log("lost", i)
        print("trained", run.dropped)
        """,
    )

    seen = _in_mounts(workspace_dir, "true", _SUBMITTING)

    assert seen["status"] == "Completed"
    assert seen["metrics"] == {}
    assert "trained 10" in seen["output"]
    assert len([line for line in seen["output"] if "Read-only file system" in line]) == 1
    assert seen["output"][-1] == "homerun: 10 metric points could not be stored"


def test_a_run_that_was_removed_stops_no_training(
    experiment: Experiment,
    script: Callable[..., Path],
    fifo: Callable[[str], Fifo],
    gate: Callable[[str], Gate],
) -> None:
    ready, done, door = fifo("ready"), fifo("done"), gate("door")
    script(
        "train.py",
        f"""
        from homerun import Run
        run = Run.get_context()
        print("up", file={ready.opened}); {door.passed}
        run.log("loss", 1.0)
        run.log("loss", 1.0, step=1)
        print(run.dropped, file={done.opened})
        """,
    )
    run = submit(experiment)
    ready.line()

    os.rename(run.directory, "removed")
    door.open()

    assert done.line() == "2"
    assert not os.path.exists(run.directory)


# fail() and cancel() by the script itself


@pytest.mark.parametrize("ending", ["", "raise SystemExit(0)"])
def test_a_script_that_declares_itself_failed_fails_with_exit_code_0(
    experiment: Experiment, script: Callable[..., Path], ending: str
) -> None:
    script(
        "train.py",
        f"""
        from homerun import Run
        run = Run.get_context()
        run.fail("the loss is nan", "NotANumber")
        run.log("after", 1)
        print(run.get_status())
        {ending}
        """,
    )

    run = submit(experiment)
    details = run.wait_for_completion(raise_on_error=False)

    assert details["status"] == run.get_status() == "Failed"
    assert details["error"]["error"]["code"] == "NotANumber"
    assert details["error"]["error"]["message"].startswith("the loss is nan\n")
    assert run.describe()["outcome"]["exit_code"] == 0
    assert run.get_metrics() == {"after": 1}
    assert printed(run) == ["Running"]


def test_a_script_may_fail_with_its_exception(
    experiment: Experiment, script: Callable[..., Path]
) -> None:
    script(
        "train.py",
        """
        from homerun import Run
        try:
            {}["missing"]
        except KeyError as error:
            Run.get_context().fail(error)
        """,
    )

    run = submit(experiment)
    details = run.wait_for_completion(raise_on_error=False)

    error = details["error"]["error"]
    assert error["code"] == "UserError"
    assert error["message"] == "User program failed with KeyError: 'missing'"


def test_a_script_that_cancels_itself_is_not_kept_waiting_and_ends_canceled(
    experiment: Experiment, script: Callable[..., Path], ready: Fifo
) -> None:
    script(
        "train.py",
        f"""
        import signal
        from homerun import Run
        signal.pthread_sigmask(signal.SIG_BLOCK, [signal.SIGTERM])
        run = Run.get_context()
        run.cancel()
        run.log("after", 1)
        print("not kept waiting", run.get_status(), file={ready.opened})
        signal.sigwait([signal.SIGTERM])
        """,
    )

    run = submit(experiment, grace_s=DEADLINE_S)

    assert ready.line() == "not kept waiting CancelRequested"
    assert run.wait_for_completion()["status"] == "Canceled"
    assert run.get_metrics() == {"after": 1}
    assert run.describe()["outcome"]["cause"] == "cancel"


# Without a run


def test_an_offline_run_prints_and_remembers(
    workspace_dir: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    run = Run.get_context()

    run.log("loss", 0.5)
    run.log("loss", 0.25, step=1)
    run.log("accuracy", 0.9)

    assert run.get_metrics() == {"loss": [0.5, 0.25], "accuracy": 0.9}
    assert run.get_metrics("accuracy") == {"accuracy": 0.9}
    assert run.get_metrics("nothing") == {}
    assert "Attempted to log scalar metric loss:\n0.25\n" in capsys.readouterr().out
    assert list(workspace_dir.iterdir()) == []


def test_an_offline_run_has_no_experiment_and_an_id_that_tells(workspace_dir: Path) -> None:
    run = Run.get_context()

    assert run.id.startswith("OfflineRun_")
    assert not hasattr(run, "experiment")
    assert (run.number, run.type, run.display_name) == (None, None, run.id)
    assert run.get_details() == {
        "runId": run.id,
        "target": "local",
        "status": "Running",
        "services": {},
        "properties": run.properties,
        "inputDatasets": [],
        "outputDatasets": [],
        "logFiles": {},
    }
    assert run.wait_for_completion()["status"] == "Running"
    assert repr(run) == f"OfflineRun(Id: {run.id},\nStatus: Running)"


def test_an_offline_run_answers_whatever_a_run_answers(
    workspace_dir: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    run = Run.get_context()

    run.flush()

    assert run.dropped == 0
    assert list(run.stream()) == []
    assert run.status == "Running"
    assert len({run, run}) == 1
    assert os.path.isabs(run.directory)


def test_an_offline_run_can_fail_and_be_canceled(
    workspace_dir: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    failed, canceled = Run.get_context(), Run.get_context()

    failed.fail("no data", "E1")
    canceled.cancel()

    assert (failed.get_status(), canceled.get_status()) == ("Failed", "Canceled")
    assert "E1:\nno data" in capsys.readouterr().out


def test_a_context_without_a_run_is_refused_where_offline_is_not_allowed(
    workspace_dir: Path,
) -> None:
    with pytest.raises(RunEnvironmentError, match="submit the script"):
        Run.get_context(allow_offline=False)


def test_looking_for_a_context_leaves_this_process_as_it_was(workspace_dir: Path) -> None:
    Run.get_context()

    assert context_module._found == {}


# Scripts on a small disk

_FILLING = """
import os
from homerun import Run
run = Run.get_context()
run.log("before", 1)
store = os.environ["HOMERUN_STORE"]
ballast = os.open(store + "/ballast", os.O_WRONLY | os.O_CREAT)
def fill():
    try:
        while os.write(ballast, bytes(65536)):
            pass
    except OSError:
        return
"""

_LOGGING = """
# What is open already has room up to the end of its last page.
pad = " " * 5000
fill()
for i in range(10):
    run.log("lost" + pad, i)
lost = run.dropped
os.unlink(store + "/ballast")
os.close(ballast)
run.log("after", 2)
print("trained", lost)
"""

_UNSHARE = ("unshare", "-rmpf", "--mount-proc", "--kill-child")
"""With a PID namespace: its end takes with it whatever hangs there."""

_SMALL_STORE = "mkdir .runs && mount -t tmpfs -o size=1m none .runs"

_SUBMITTING = """
import json
from homerun import Experiment, ScriptRunConfig, Workspace
experiment = Experiment(Workspace.from_config(), "faults")
run = experiment.submit(ScriptRunConfig("source", "train.py"))
run.wait_for_completion(raise_on_error=False)
output = b"".join(run.stream()).decode().splitlines()
print(json.dumps({"status": run.get_status(), "metrics": run.get_metrics(), "output": output}))
"""


def _in_mounts(folder: Path, mount: str, code: str) -> dict[str, Any]:
    """What a Python program says in a place with mounts of its own."""
    (folder / "child.py").write_text(code)
    done = subprocess.run(
        [*_UNSHARE, "sh", "-c", f"{mount} && exec {sys.executable} child.py"],
        cwd=folder,
        capture_output=True,
        text=True,
        timeout=DEADLINE_S,
    )
    assert done.returncode == 0, done.stderr
    seen: dict[str, Any] = json.loads(done.stdout)
    return seen
