"""Bad input and bad places: one clear line, and nothing is changed."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from helpers import process
from helpers.fifo import Fifo, Gate
from helpers.wait import DEADLINE_S, wait_until
from homerun import Experiment, HomerunError, Run, ScriptRunConfig, Workspace
from homerun.system import children
from runstore.errors import FormatTooNew, StoreError


@pytest.fixture
def experiment(workspace_dir: Path) -> Experiment:
    return Experiment(Workspace.from_config(), "bad")


def everything(folder: Path) -> dict[str, object]:
    """Every path below a folder, with what it holds and when that was last changed."""
    return {str(path.relative_to(folder)): _holds(path) for path in sorted(folder.rglob("*"))}


def _holds(path: Path) -> object:
    kept = path.lstat()
    if path.is_symlink():
        return os.readlink(path), kept.st_mtime_ns
    return kept.st_mode, kept.st_mtime_ns, path.read_bytes() if path.is_file() else None


def in_child(folder: Path, code: str, *around: str) -> dict[str, Any]:
    """What a Python program answers, run inside of other commands; it prints one JSON object."""
    (folder.parent / "child.py").write_text(_BEGINNING + code)
    done = subprocess.run(
        [*around, sys.executable, str(folder.parent / "child.py")],
        cwd=folder,
        capture_output=True,
        text=True,
        timeout=DEADLINE_S,
    )
    expected = ("new store: ", "are free on the disk of the store")
    told = [line for line in done.stderr.splitlines() if not any(e in line for e in expected)]
    assert (done.returncode, told) == (0, [])
    answer: dict[str, Any] = json.loads(done.stdout)
    return answer


_BEGINNING = """
import json, os
from homerun import Experiment, HomerunError, Run, ScriptRunConfig, Workspace
from runstore.errors import StoreError
def refused(act):
    try:
        act()
    except (HomerunError, StoreError) as error:
        return str(error)
    return "it was not refused"
def submit():
    experiment = Experiment(Workspace.from_config(), "bad")
    experiment.submit(ScriptRunConfig("source", "train.py"))
"""


def mounted(*commands: str) -> tuple[str, ...]:
    """The words that run a command in a place with mounts and process ids of its own."""
    line = " && ".join([*commands, 'exec "$0" "$@"'])
    return ("unshare", "-rmpf", "--mount-proc", "--kill-child", "sh", "-c", line)


# What a caller gets wrong


WRONG: dict[str, tuple[Callable[[Experiment], object], str]] = {
    "an unknown id": (lambda e: e.workspace.get_run("nothing"), "list the runs"),
    "an unknown id of an experiment": (lambda e: Run(e, "nothing"), "list the runs"),
    "an ambiguous prefix": (lambda e: e.workspace.get_run("twin"), "give more of it"),
    "an experiment with a slash": (lambda e: Experiment(e.workspace, "a/b"), "use 1 to 255"),
    "a workspace with a slash": (lambda e: Workspace.create("a/bc"), "use 3 to 33"),
    "another workspace": (lambda e: Workspace.get("other"), "go to the folder"),
    "a taken id": (lambda e: _submit(e, run_id="twin-1"), "choose another id"),
    "an id with a slash": (lambda e: _submit(e, run_id="a/b"), "use 1 to 128"),
    "a script outside": (lambda e: _submit(e, script="../outside.py"), "move it there"),
    "a missing script": (lambda e: _submit(e, script="none.py"), "no script none.py in the source"),
    "a missing folder": (
        lambda e: _submit(e, source="none"),
        "source directory none is not a folder",
    ),
    "arguments as one text": (lambda e: _submit(e, arguments="--lr 1"), "a list of texts"),
    "an argument that is None": (lambda e: _submit(e, arguments=[None]), "use texts and numbers"),
    "no config": (lambda e: e.submit("train.py"), "takes a ScriptRunConfig"),  # type: ignore[arg-type]
    "tags that are a list": (lambda e: _submit(e, tags=["x"]), "a dict of texts"),
    "an interpreter that is missing": (lambda e: _submit(e, interpreter="no-py"), "no program"),
}


@pytest.mark.parametrize(("act", "message"), WRONG.values(), ids=WRONG.keys())
def test_what_a_caller_gets_wrong_is_one_line_and_changes_nothing(
    experiment: Experiment,
    script: Callable[..., Path],
    workspace_dir: Path,
    act: Callable[[Experiment], object],
    message: str,
) -> None:
    script("train.py", "")
    script("outside.py", "", folder=".")
    for run_id in ("twin-1", "twin-2"):
        _submit(experiment, run_id=run_id).wait_for_completion()
    _settled()
    before = everything(workspace_dir)

    with pytest.raises((HomerunError, StoreError), match=message) as raised:
        act(experiment)

    assert "\n" not in str(raised.value)
    assert everything(workspace_dir) == before


def _submit(
    experiment: Experiment,
    script: str = "train.py",
    *,
    source: str = "source",
    run_id: str | None = None,
    tags: object = None,
    **fields: object,
) -> Run:
    config = ScriptRunConfig(source, script, **fields)  # type: ignore[arg-type]
    return experiment.submit(config, tags=tags, run_id=run_id)  # type: ignore[arg-type]


def _settled() -> None:
    """Supervisors tidy up after the end of their runs."""
    wait_until(lambda: not children.reap(), "all supervisors have left")


# A store of a newer format


def test_a_store_of_a_newer_format_is_read_and_never_written(
    experiment: Experiment,
    script: Callable[..., Path],
    ready: Fifo,
    gate: Callable[[str], Gate],
    workspace_dir: Path,
) -> None:
    door = gate("door")
    script(
        "ended.py", "from homerun import Run; Run.get_context().log('loss', 1.0); print('hello')"
    )
    script("train.py", f"print('up', file={ready.opened}); {door.passed}")
    _submit(experiment, "ended.py", run_id="ended").wait_for_completion()
    _settled()
    _submit(experiment, run_id="live")
    ready.line()
    store = workspace_dir / ".runs/store.json"
    store.write_text(json.dumps({**json.loads(store.read_text()), "format": 999}))
    before = everything(workspace_dir)

    workspace = Workspace.from_config()
    newer = Experiment(workspace, "bad")
    runs = {run.id: run for run in newer.get_runs()}
    read: dict[str, object] = {run_id: run.get_status() for run_id, run in runs.items()}
    read["loss"] = runs["ended"].get_metrics()["loss"]
    read["output"] = b"".join(runs["ended"].stream())
    read["details"] = runs["ended"].get_details()["status"]
    said = [
        _refusal(lambda: _submit(newer)),
        _refusal(runs["live"].cancel),
        _refusal(runs["live"].fail),
        _refusal(runs["ended"].fail),
        _refusal(lambda: Workspace.create("new-ws", exist_ok=True)),
        _refusal(
            lambda: Experiment(workspace, "new").submit(ScriptRunConfig("source", "train.py"))
        ),
    ]
    after = everything(workspace_dir)
    door.open()

    assert read == {
        "ended": "Completed",
        "live": "Running",
        "loss": 1.0,
        "output": b"hello\n",
        "details": "Completed",
    }
    assert len(said) == 6
    assert {text.partition(": it can be read")[2] for text in said} == {
        " but not written; install a newer homerun"
    }
    assert after == before
    assert runs["live"].wait_for_completion()["status"] == "Completed"


def _refusal(act: Callable[[], object]) -> str:
    with pytest.raises(FormatTooNew) as raised:
        act()
    return str(raised.value)


# A store that cannot be written


def test_a_read_only_store_is_read_and_tells_the_truth_of_a_dead_run(
    experiment: Experiment,
    script: Callable[..., Path],
    ready: Fifo,
    gate: Callable[[str], Gate],
    workspace_dir: Path,
    needs_user_mount: None,
) -> None:
    script("ended.py", "from homerun import Run; Run.get_context().log('loss', 1.0)")
    script("train.py", f"print('up', file={ready.opened}); {gate('door').passed}")
    _submit(experiment, "ended.py", run_id="ended").wait_for_completion()
    _submit(experiment, run_id="dead")
    ready.line()
    _kill_without_an_outcome("dead")
    _settled()
    before = everything(workspace_dir)

    seen = in_child(
        workspace_dir,
        """
workspace = Workspace.from_config()
dead, ended = workspace.get_run("dead"), workspace.get_run("ended")
print(json.dumps({
    "list": [run.id for run in workspace.get_runs()],
    "dead": [dead.get_status(), dead.describe()["outcome"]["cause"], dead.get_status()],
    "ended": [ended.get_status(), ended.get_metrics("loss")["loss"]],
    "submit": refused(submit),
    "new": refused(lambda: Experiment(workspace, "new").submit(
        ScriptRunConfig("source", "train.py"))),
    "mark": refused(ended.fail),
}))
""",
        *("unshare", "-rm", "sh", "-c"),
        'mount --bind . . && mount -o remount,bind,ro . && cd "$PWD" && exec "$0" "$@"',
    )

    assert seen["list"] == ["dead", "ended"]
    assert seen["dead"] == ["Failed", "lost_exit_status", "Failed"]
    assert seen["ended"] == ["Completed", 1.0]
    assert {"\n" in seen[wish] for wish in ("submit", "new", "mark")} == {False}
    assert {"(it is read-only); reading works" in seen[w] for w in ("submit", "new", "mark")} == {
        True
    }
    assert everything(workspace_dir) == before
    assert not (workspace_dir / ".runs/bad/dead/ended.json").exists()


def _kill_without_an_outcome(run_id: str) -> None:
    started = json.loads(Path(f".runs/bad/{run_id}/started.json").read_text())
    supervisor = process.look(started["supervisor"]["pid"])
    script = process.look(started["script"]["pid"])
    assert supervisor is not None
    assert script is not None
    process.send(supervisor, signal.SIGSTOP)  # it shall not see the script's end
    process.kill([supervisor, script])


def test_a_file_system_without_hard_links_is_said_in_one_line_and_nothing_is_left(
    workspace_dir: Path, script: Callable[..., Path], needs_strace: None
) -> None:
    script("train.py", "")
    before = everything(workspace_dir)

    seen = in_child(workspace_dir, "print(json.dumps({'said': refused(submit)}))", *_NO_LINKS)

    assert seen["said"].endswith(
        "(its file system has no hard links); reading works, use another folder (HOMERUN_STORE) "
        "to submit (homerun help troubleshooting reads)"
    )
    assert "\n" not in seen["said"]
    assert everything(workspace_dir) == {**before, **_at_most_an_empty_store(workspace_dir)}


def test_a_store_on_a_file_system_without_hard_links_is_read_and_no_run_is_left_by_a_submit(
    experiment: Experiment, script: Callable[..., Path], workspace_dir: Path, needs_strace: None
) -> None:
    script("train.py", "")
    _submit(experiment, run_id="first").wait_for_completion()
    _settled()
    before = set(everything(workspace_dir))

    seen = in_child(
        workspace_dir,
        """
workspace = Workspace.from_config()
statuses = [run.get_status() for run in workspace.get_runs()]
print(json.dumps({"said": refused(submit), "before": statuses,
                  "after": [run.id for run in workspace.get_runs()]}))
""",
        *_NO_LINKS,
    )

    assert seen["before"] == ["Completed"]
    assert seen["after"] == ["first"]
    assert "(its file system has no hard links)" in seen["said"]
    assert "\n" not in seen["said"]
    assert set(everything(workspace_dir)) == before


_NO_LINKS = (
    *("strace", "-f", "-qq", "-o", "/dev/null"),
    *("-e", "trace=link,linkat", "-e", "inject=link,linkat:error=EPERM"),
)


def _at_most_an_empty_store(folder: Path) -> dict[str, object]:
    """The folder itself may have been made; it holds nothing, and is no store."""
    found = {path: held for path, held in everything(folder).items() if path.startswith(".runs")}
    assert set(found) <= {".runs"}
    return found


@pytest.mark.parametrize("in_place", [False, True], ids=["copied", "in place"])
@pytest.mark.parametrize("experiment", ["bad", "new"])
def test_a_full_disk_at_submit_is_said_in_one_line_and_leaves_no_half_run(
    workspace_dir: Path,
    script: Callable[..., Path],
    experiment: str,
    in_place: bool,
    needs_user_mount: None,
    needs_pid_namespace: None,
) -> None:
    script("train.py", "x = 1\n" * 20_000)

    seen = in_child(
        workspace_dir,
        f"""
workspace = Workspace.from_config()
Experiment(workspace, "bad")
config = ScriptRunConfig("source", "train.py", in_place={in_place})
def submit():
    return Experiment(workspace, {experiment!r}).submit(config)
with open(".runs/ballast", "wb", buffering=0) as ballast:
    try:
        while ballast.write(bytes(16384)):
            pass
    except OSError:
        pass
before = sorted(os.listdir(".runs") + os.listdir(".runs/bad"))
said = refused(submit)
after = sorted(os.listdir(".runs") + os.listdir(".runs/bad"))
os.unlink(".runs/ballast")
submit().wait_for_completion()
print(json.dumps({{"said": said, "left": sorted(set(after) - set(before)),
                  "runs": [run.get_status() for run in workspace.get_runs()]}}))
""",
        *mounted("mkdir .runs", "mount -t tmpfs -o size=512k none .runs"),
    )

    assert "No space left on device" in seen["said"]
    assert "make room" in seen["said"]
    assert "\n" not in seen["said"]
    assert seen["left"] in ([], [".snapshots"])
    assert seen["runs"] == ["Completed"]


# Damage


@pytest.mark.parametrize(
    "damage", [b"", b"{", b"[]", b"\xff\xfe\0", b"[" * 100_000, b'{"time": 5, "number": "x"}']
)
def test_a_damaged_run_is_listed_and_never_takes_the_others_down(
    experiment: Experiment, script: Callable[..., Path], damage: bytes
) -> None:
    script("train.py", "print('hello')")
    for run_id in ("good", "damaged"):
        _submit(experiment, run_id=run_id).wait_for_completion()
    _settled()
    Path(".runs/bad/damaged/run.json").write_bytes(damage)

    workspace = Workspace.from_config()
    listed = {run.id: run for run in Experiment(workspace, "bad").get_runs()}

    assert set(listed) == {run.id for run in workspace.get_runs()} == {"good", "damaged"}
    assert listed["good"].get_details()["status"] == "Completed"
    assert {run.get_status() for run in listed.values()} == {"Completed"}
    assert listed["damaged"].get_details()["runId"] == "damaged"
    assert listed["damaged"].describe()["status"] == "Completed"
    assert listed["damaged"].experiment.name == "bad"
    assert workspace.get_run("damag").id == "damaged"
    assert b"".join(listed["damaged"].stream()) == b"hello\n"
    assert "damaged" in repr(listed["damaged"])
    assert Path(".runs/bad/damaged/run.json").read_bytes() == damage


def test_a_damaged_run_warns_of_what_is_damaged(
    experiment: Experiment, script: Callable[..., Path]
) -> None:
    script("train.py", "")
    run = _submit(experiment, run_id="damaged")
    run.wait_for_completion()
    Path(".runs/bad/damaged/run.json").write_bytes(b"{")

    found = experiment.workspace.get_run("damaged")

    assert found.get_details()["warnings"] == [
        {"source": "homerun", "message": found.describe()["warnings"][0]}
    ]
    assert found.describe()["warnings"] == [
        "run.json is damaged; run `homerun store check --repair`"
    ]


def test_a_damaged_store_is_read_and_refuses_to_be_written(
    experiment: Experiment, script: Callable[..., Path], workspace_dir: Path
) -> None:
    script("train.py", "")
    _submit(experiment, run_id="first").wait_for_completion()
    _settled()
    Path(".runs/store.json").write_bytes(b"{")
    before = everything(workspace_dir)

    workspace = Workspace.from_config()
    listed = [(run.id, run.get_status()) for run in workspace.get_runs()]
    with pytest.raises(StoreError, match=r"store\.json") as raised:
        _submit(Experiment(workspace, "bad"))

    assert [run_id for run_id, _ in listed] == ["first"]
    assert "\n" not in str(raised.value)
    assert everything(workspace_dir) == before
