"""Runs in sandboxes, containers and on old kernels: no stranger is signalled, and what is missing
is said or done without.
"""

from __future__ import annotations

import json
import shutil
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

from helpers.fifo import Fifo, Gate
from helpers.trusted import trusted
from helpers.wait import wait_until
from homerun import Experiment, ScriptRunConfig, Workspace
from homerun.runs import stop_request
from runstore import look, status
from runstore.errors import InvalidTransition
from runstore.fs import lock
from runstore.queue import place
from runstore.run import identity

SUBMIT = """
import sys
from homerun import Experiment, ScriptRunConfig, Workspace
from homerun.base.errors import HomerunError
try:
    run = Experiment(Workspace.from_config(), "apart").submit(ScriptRunConfig("source", "train.py"))
    run.wait_for_completion(raise_on_error=False)
    print(run.get_status())
except HomerunError as error:
    print(error)
"""


def output_of(*command: str) -> str:
    done = subprocess.run([*command, sys.executable, "-c", SUBMIT], capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
    return done.stdout


FOREIGN = ("unshare", "-rpf", "--kill-child")
NONE = (
    "unshare",
    "-rmpf",
    "--kill-child",
    "sh",
    "-c",
    'mount -t tmpfs none /proc && exec "$@"',
    "sh",
)


def test_with_the_proc_of_another_namespace_nothing_is_started_and_no_stranger_is_signalled(
    workspace_dir: Path, script: Callable[..., Path], ready: Fifo, needs_pid_namespace: None
) -> None:
    script("train.py", f"open({str(ready.path)!r}, 'w').write('began')")

    said = output_of(*FOREIGN)

    assert said.startswith("the /proc that is mounted here is that of another PID namespace, so a ")
    assert not list(Workspace.from_config().get_runs("apart"))


def test_without_a_proc_a_submit_says_what_is_missing(
    workspace_dir: Path, script: Callable[..., Path], needs_pid_namespace: None
) -> None:
    script("train.py", "")

    assert output_of(*NONE).startswith("no /proc is mounted here, so a run's processes could not")


LOOK = """
import os
from homerun.system import process_tree
from runstore.run import identity
me = identity.process(os.getpid())
def tried(act):
    try:
        return act()
    except ImportError as error:
        return type(error).__name__
print(bool(identity.proc_flaw()), identity.read_stat(os.getpid()), me["start_ticks"])
print(tried(lambda: process_tree.below(os.getpid(), "mark")))
print(tried(lambda: process_tree.processes_of_run("run", None, "/tmp")))
print(identity.lives({**me, "pidfd_inode": 0, "start_ticks": 5}))
print(identity.open_same({**me, "pidfd_inode": 0, "start_ticks": 5}))
"""


def test_a_proc_of_another_namespace_tells_nothing_of_processes_here(
    needs_pid_namespace: None,
) -> None:
    done = subprocess.run([*FOREIGN, sys.executable, "-c", LOOK], capture_output=True, text=True)

    assert done.stderr == ""
    assert done.stdout.split("\n") == [
        "True None 0",
        "ForeignProc",
        "ForeignProc",
        "True",  # unknown counts as alive
        "None",  # and is not signalled
        "",
    ]


WITHOUT: dict[str, str] = {"memfd_create": "ENOSYS", "pidfd_open": "ENOSYS", "prctl": "EPERM"}


@pytest.mark.parametrize(("call", "error"), WITHOUT.items(), ids=WITHOUT.keys())
def test_a_kernel_without_a_call_runs_scripts_all_the_same(
    call: str,
    error: str,
    workspace_dir: Path,
    script: Callable[..., Path],
    needs_strace: None,
) -> None:
    script("train.py", "")

    said = output_of("strace", "-f", "-qq", "-o", "/dev/null", "-e", f"inject={call}:error={error}")

    assert said == "Completed\n"


def test_without_dev_fd_a_script_runs_and_inherits_nothing(
    workspace_dir: Path, script: Callable[..., Path], needs_pid_namespace: None
) -> None:
    # From 200 on: what `homerun stacks` reads, of this very Python.
    source = """
        import os
        inherited = [number for number in os.listdir("/proc/self/fd") if int(number) < 200]
        raise SystemExit(len(inherited) - 4)
    """
    script("train.py", source)
    without = ("unshare", "-rmpf", "--mount-proc", "--kill-child", "sh", "-c", _MOUNTS, "sh")

    assert output_of(*without) == "Completed\n"


_MOUNTS = """
mkdir dev && mount --bind /dev dev && mount -t tmpfs none /dev
for name in null zero urandom; do touch /dev/$name && mount --bind dev/$name /dev/$name; done
exec "$@"
"""


def test_a_held_lock_is_alive_whatever_the_boot_id_is_said_to_be(
    workspace_dir: Path, script: Callable[..., Path], ready: Fifo
) -> None:
    script(
        "train.py",
        f"open({str(ready.path)!r}, 'w').write('began\\n'); import signal; signal.pause()",
    )
    run = Experiment(Workspace.from_config(), "held").submit(ScriptRunConfig("source", "train.py"))
    ready.line()
    path = Path(run.directory, "started.json")
    started = json.loads(path.read_text())
    path.unlink()
    path.write_text(json.dumps({**started, "boot_id": "another"}))

    seen = look.at(run._record)
    run.cancel()

    assert (seen.status, run.get_status()) == (status.RUNNING, status.CANCELED)


def test_what_is_like_a_supervisor_of_another_boot_and_has_not_its_lock_is_not_signalled(
    workspace_dir: Path, script: Callable[..., Path], ready: Fifo
) -> None:
    script(
        "train.py",
        f"open({str(ready.path)!r}, 'w').write('began\\n'); import signal; signal.pause()",
    )
    run = Experiment(Workspace.from_config(), "held").submit(ScriptRunConfig("source", "train.py"))
    ready.line()
    path = Path(run.directory, "started.json")
    started = json.loads(path.read_text())
    path.unlink()
    with subprocess.Popen(["cat"], stdin=subprocess.PIPE, stdout=subprocess.PIPE) as stranger:
        like = {**started, "boot_id": "another", "supervisor": identity.process(stranger.pid)}
        path.write_text(json.dumps(like))

        stop_request.wake_supervisor(run.directory)

        assert stranger.communicate(b"lives") == (b"lives", None)
    path.write_text(json.dumps(started))
    run.cancel()
    assert run.get_status() == status.CANCELED


def test_a_run_of_a_container_that_is_gone_is_abandoned_and_not_canceled(
    workspace_dir: Path, script: Callable[..., Path], ready: Fifo, needs_pid_namespace: None
) -> None:
    script(
        "train.py",
        f"open({str(ready.path)!r}, 'w').write('began\\n'); import signal; signal.pause()",
    )
    inside = ["unshare", "-rmpf", "--mount-proc", "--kill-child", sys.executable, "-c", SUBMIT]
    with subprocess.Popen(inside, stdout=subprocess.DEVNULL) as container:
        ready.line()
        container.kill()
    workspace = Workspace.from_config()
    [run] = workspace.get_runs("apart")
    alive = f"{run.directory}/alive"
    wait_until(lambda: not lock.is_held(alive, workspace.store.lock_kind), "it is gone")
    with pytest.raises(InvalidTransition, match=f"good: homerun run fail --anyway -r {run.id}"):
        run.cancel()

    [row] = workspace.abandon_runs([run])
    [again] = workspace.abandon_runs([run])

    assert row == {"run_id": run.id, "was": "NotResponding", "status": "Canceled", "error": None}
    assert again == {**row, "was": "Canceled"}
    assert json.loads(Path(run.directory, "ended.json").read_text())["cause"] == "abandoned"
    assert json.loads(Path(run.directory, "stop.json").read_text())["kind"] == status.CANCEL


FAMILY = """
import os
from homerun import Experiment, ScriptRunConfig, Workspace
above = Experiment(Workspace.from_config(), "apart").start_logging(outputs=None)
child = above.child_run("child")
grandchild = child.child_run("grandchild")
live = child.submit_child(ScriptRunConfig("source", "train.py"))
print(*(one.id for one in (above, child, grandchild, live)), flush=True)
os._exit(0)
"""


def test_the_runs_below_an_abandoned_run_go_with_it_but_for_those_that_live(
    workspace_dir: Path, script: Callable[..., Path], gate: Callable[[str], Gate]
) -> None:
    door = gate("door")
    script("train.py", door.passed)
    made = subprocess.check_output([sys.executable, "-c", FAMILY], text=True).split()
    workspace = Workspace.from_config()
    *gone, live = map(workspace.get_run, made)
    for one in gone:
        path = Path(one.directory, "started.json")
        started = json.loads(path.read_text())
        path.unlink()
        path.write_text(json.dumps({**started, "boot_id": "another", "machine_id": "another"}))

    rows = workspace.abandon_runs(gone)
    door.open()
    live.wait_for_completion()

    told = [(row["run_id"], row["was"], row["status"]) for row in rows]
    assert sorted(told) == sorted((one.id, "NotResponding", "Canceled") for one in gone)
    assert live.get_status() == "Completed"


@pytest.mark.parametrize(
    ("changed", "said"),
    [
        ({}, "Running: it cannot be abandoned: this machine can tell how it goes"),
        ({"pid_namespace": 5}, "NotResponding: it cannot be abandoned: a process has its lock"),
        ({"store_id": "0" * 32}, "NotResponding: it cannot be abandoned: a process has its lock"),
    ],
    ids=["here", "another container that lives", "another store"],
)
def test_a_run_that_lives_is_not_abandoned(
    changed: dict[str, object],
    said: str,
    workspace_dir: Path,
    script: Callable[..., Path],
    ready: Fifo,
) -> None:
    script(
        "train.py",
        f"open({str(ready.path)!r}, 'w').write('began\\n'); import signal; signal.pause()",
    )
    run = Experiment(Workspace.from_config(), "apart").submit(ScriptRunConfig("source", "train.py"))
    ready.line()
    path = Path(run.directory, "started.json")
    started = json.loads(path.read_text())
    path.unlink()
    path.write_text(json.dumps({**started, **changed}))

    [row] = run.experiment.workspace.abandon_runs([run])

    assert said in row["error"]
    assert not Path(run.directory, "stop.json").exists()
    assert not Path(run.directory, "ended.json").exists()
    path.write_text(json.dumps(started))
    run.cancel()


def test_a_copy_of_a_run_of_this_machine_is_not_abandoned(
    workspace_dir: Path, script: Callable[..., Path], ready: Fifo
) -> None:
    script(
        "train.py",
        f"open({str(ready.path)!r}, 'w').write('began\\n'); import signal; signal.pause()",
    )
    run = Experiment(Workspace.from_config(), "apart").submit(ScriptRunConfig("source", "train.py"))
    ready.line()
    shutil.copytree(".runs", "copy/.runs", symlinks=True)
    trusted("copy/.runs")
    copied = Workspace.from_config("copy")

    [row] = copied.abandon_runs([copied.get_run(run.id)])

    assert "NotResponding: it cannot be abandoned: this is a copy of a run" in row["error"]
    run.cancel()


@pytest.mark.parametrize(
    ("fields", "may"),
    [({}, True), ({"pid_namespace": 5}, True), ({"root": "1:2"}, False)],
    ids=["here", "another PID namespace", "another container"],
)
def test_a_run_that_waits_starts_in_its_own_container_alone(
    fields: dict[str, object], may: bool, workspace_dir: Path, script: Callable[..., Path]
) -> None:
    script("train.py", "")
    run = Experiment(Workspace.from_config(), "apart").submit(ScriptRunConfig("source", "train.py"))
    run.wait_for_completion()
    path = Path(run.directory, "run.json")
    asked = json.loads(path.read_text())
    asked["submitted_from"].update(fields)
    path.write_text(json.dumps(asked))
    again = Workspace.from_config().store.find(run.id)

    assert place.may_start_here(again) is may
