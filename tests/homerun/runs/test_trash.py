"""Looking after runs from the SDK: deleting, canceling many, their code, garbage and numbers."""

from __future__ import annotations

import os
from collections.abc import Callable
from pathlib import Path
from typing import Any
from zipfile import ZipFile

import pytest

from helpers import process
from helpers.fifo import Fifo
from homerun import Experiment, Run, ScriptRunConfig, UserError, Workspace
from runstore import layout
from runstore.errors import InvalidTransition, NotInTrash, RunExists
from runstore.fs import trust

LIVES = "import signal\nprint('up', file=open({fifo!r}, 'w'), flush=True)\nsignal.pause()\n"


@pytest.fixture
def workspace(workspace_dir: Path) -> Workspace:
    return Workspace.from_config()


@pytest.fixture
def experiment(workspace: Workspace) -> Experiment:
    return Experiment(workspace, "digits")


@pytest.fixture
def noted(experiment: Experiment) -> Callable[..., Run]:
    """An interactive run that is over."""

    def make(**named: Any) -> Run:
        run = experiment.start_logging(snapshot_directory=None, outputs=False, **named)
        run.complete()
        return run

    return make


def submitted(experiment: Experiment, **fields: Any) -> Run:
    return experiment.submit(ScriptRunConfig("source", "train.py", **fields))


def ids(workspace: Workspace) -> list[str]:
    return [run.id for run in workspace.get_runs(include_children=True)]


# Deleting


def test_a_deleted_run_waits_in_the_trash_and_comes_back(
    workspace: Workspace, experiment: Experiment, script: Callable[..., Path]
) -> None:
    script("train.py", "open('outputs/model', 'w').write('weights')")
    run = submitted(experiment)
    run.wait_for_completion()

    assert run.delete() == [run.id]

    assert ids(workspace) == []
    (row,) = workspace.trash.list()
    assert (row["run_id"], row["status"], row["experiment_name"]) == (run.id, "Completed", "digits")
    assert row["size_bytes"] > 0
    with pytest.raises(RunExists, match="in the trash"):
        experiment.start_logging(run_id=run.id, snapshot_directory=None, outputs=False)

    assert workspace.trash.restore(run.id) == [run.id]
    assert (run.get_status(), run.get_file_names().count("outputs/model")) == ("Completed", 1)
    assert workspace.check() == []


def test_a_running_run_is_not_deleted_and_one_just_canceled_is(
    workspace: Workspace, experiment: Experiment, script: Callable[..., Path], ready: Fifo
) -> None:
    script("train.py", LIVES.format(fifo=str(ready.path)))
    run = submitted(experiment)
    ready.line()

    with pytest.raises(InvalidTransition, match="cancel it first"):
        run.delete()

    run.cancel()
    assert run.delete(purge=True) == [run.id]
    assert workspace.trash.list() == []
    assert not os.path.exists(run.directory)


def test_what_ran_within_a_deleted_script_keeps_its_outcome(
    workspace: Workspace, experiment: Experiment, script: Callable[..., Path]
) -> None:
    script(
        "train.py",
        """
        from homerun import Experiment, Run
        here = Run.get_context().experiment.workspace
        Experiment(here, "inner").start_logging(snapshot_directory=None, outputs=False)
        """,
    )
    run = submitted(experiment)
    run.wait_for_completion()

    run.delete(purge=True)

    assert [one.get_status() for one in workspace.get_runs("inner")] == ["Completed"]


def test_many_are_deleted_at_once_with_those_below_them(
    workspace: Workspace, noted: Callable[..., Run], experiment: Experiment
) -> None:
    top = experiment.start_logging(snapshot_directory=None, outputs=False)
    child = top.child_run()
    child.complete()
    top.complete()
    other = noted()

    wanted = workspace.keeping.to_delete([top, child, other])
    assert (set(wanted["run_ids"]), wanted["below"]) == ({top.id, child.id, other.id}, [])
    assert workspace.keeping.to_delete([top])["below"] == [child.id]
    assert wanted["size_bytes"] > 0

    told: list[int] = []
    done = workspace.keeping.delete([top, child, other], tell=told.append)

    assert set(done["run_ids"]) == {top.id, child.id, other.id}
    assert told == [2, 3]
    assert workspace.trash.empty(older_than_days=1)["run_ids"] == []
    assert len(workspace.trash.empty()["run_ids"]) == 3
    with pytest.raises(NotInTrash):
        workspace.trash.restore(top.id)


# Canceling many


def test_many_are_canceled_in_the_time_of_one(
    workspace: Workspace,
    experiment: Experiment,
    noted: Callable[..., Run],
    script: Callable[..., Path],
    ready: Fifo,
) -> None:
    script(
        "train.py",
        f"""
        import os, signal
        signal.signal(signal.SIGTERM, signal.SIG_IGN)
        open({str(ready.path)!r}, "w").write(f"{{os.getpid()}}\\n")
        while True: signal.pause()
        """,
    )
    stubborn = [submitted(experiment, grace_s=0.3) for _ in range(3)]
    pids = [int(ready.line()) for _ in stubborn]
    over = noted()

    rows = workspace.cancel_runs([*stubborn, over])

    assert [row["was"] for row in rows] == ["Running"] * 3 + ["Completed"]
    assert [row["status"] for row in rows] == ["Canceled"] * 3 + ["Completed"]
    assert [row["error"] for row in rows] == [None] * 4
    assert not any(map(process.is_alive, pids))


# Code


def test_the_code_of_a_run_comes_back_as_a_folder(
    experiment: Experiment, script: Callable[..., Path], capsys: pytest.CaptureFixture[str]
) -> None:
    script(".amlignore", "*.csv\n")
    script("train.py", "")
    script("lib/tool.py", "tool = 1\n").chmod(0o700)
    script("kept.csv", "1")
    gone = script("gone.csv", "1")
    os.symlink("lib/tool.py", "source/link.py")
    run = submitted(experiment)
    run.wait_for_completion()
    gone.unlink()

    folder = Path(run.unpack_snapshot("code"))

    assert folder == Path.cwd() / "code"
    assert {str(path.relative_to(folder)) for path in folder.rglob("*")} == {
        *(".amlignore", "train.py", "lib", "lib/tool.py", "link.py", "kept.csv")
    }
    assert os.readlink(folder / "link.py") == "lib/tool.py"
    assert os.access(folder / "lib/tool.py", os.X_OK)
    assert (folder / "kept.csv").is_symlink() is False
    assert "gone.csv is left out" in capsys.readouterr().err
    with pytest.raises(UserError, match="not empty"):
        run.unpack_snapshot("code")


def test_a_damaged_manifest_leads_out_of_no_folder(
    workspace: Workspace, experiment: Experiment, script: Callable[..., Path]
) -> None:
    script("train.py", "")
    run = submitted(experiment)
    run.wait_for_completion()
    path = Path(workspace.directory, layout.SNAPSHOTS, str(run.get_snapshot_id()))
    manifest = path / layout.SNAPSHOT_MANIFEST
    manifest.write_text(manifest.read_text().replace('"train.py"', '".."'))

    with pytest.raises(UserError, match="no snapshot"):
        run.unpack_snapshot("code")
    assert sorted(os.listdir(".")) == [".runs", "source"]


@pytest.mark.parametrize(
    "change",
    [
        ('"kind": "file"', '"kind": "linked", "target": "id_rsa"'),
        ('"kind": "file"', '"kind": "link", "target": "../../id_rsa"'),
        ('"kind": "file"', '"kind": "link", "target": "/etc/passwd"'),
        ('"path": "train.py"', '"path": "/train.py"'),
        ('"path": "train.py"', '"path": "../train.py"'),
        ('"path": "train.py"', '"path": "a//train.py"'),
    ],
)
def test_a_manifest_that_names_what_lies_outside_is_no_snapshot(
    workspace: Workspace,
    experiment: Experiment,
    script: Callable[..., Path],
    change: tuple[str, str],
) -> None:
    run = _rewritten(workspace, experiment, script, change)

    with pytest.raises(UserError, match="no snapshot"):
        run.restore_snapshot(path="zips")
    assert sorted(os.listdir(".")) == [".runs", "source"]


@pytest.mark.parametrize("kind", ["linked", "linked folder"])
def test_of_a_store_that_is_not_trusted_no_original_is_packed(
    workspace: Workspace, experiment: Experiment, script: Callable[..., Path], kind: str
) -> None:
    secret = script("secret.txt", "secret", folder="elsewhere")
    target = secret if kind == "linked" else secret.parent
    planted = f'"kind": "{kind}", "target": "{target}"'
    run = _rewritten(workspace, experiment, script, ('"kind": "file"', planted))
    trust.forget(workspace.directory, run._record.store.id)

    with ZipFile(_again(run).restore_snapshot(path="zips")) as packed:
        assert packed.namelist() == []


def test_no_file_of_keys_is_packed(
    workspace: Workspace, experiment: Experiment, script: Callable[..., Path]
) -> None:
    secret = script("id_rsa", "secret", folder="elsewhere")
    planted = f'"kind": "linked", "target": "{secret}"'
    run = _rewritten(workspace, experiment, script, ('"kind": "file"', planted))

    with ZipFile(run.restore_snapshot(path="zips")) as packed:
        assert packed.namelist() == []


def _again(run: Run) -> Run:
    """The run as another process sees it."""
    return Workspace.from_config().get_run(run.id)


def _rewritten(
    workspace: Workspace,
    experiment: Experiment,
    script: Callable[..., Path],
    change: tuple[str, str],
) -> Run:
    """A run whose manifest says something else."""
    script("train.py", "")
    run = submitted(experiment)
    run.wait_for_completion()
    folder = Path(workspace.directory, layout.SNAPSHOTS, str(run.get_snapshot_id()))
    manifest = folder / layout.SNAPSHOT_MANIFEST
    text = manifest.read_text()
    assert change[0] in text
    manifest.write_text(text.replace(*change))
    return run


# The whole store


def test_numbers_of_a_store_are_those_of_its_runs(
    workspace: Workspace, experiment: Experiment, noted: Callable[..., Run]
) -> None:
    large = noted()
    Path(large.directory, layout.USER_LOGS).mkdir(exist_ok=True)
    Path(large.directory, layout.STD_LOG).write_bytes(b"x" * 100_000)
    noted().fail()
    noted().delete()
    counted: list[int] = []

    found = workspace.keeping.statistics(largest=1, progress=counted.append)

    assert (found["runs"], found["statuses"]) == (2, {"Completed": 1, "Failed": 1})
    assert [row["run_id"] for row in found["largest"]] == [large.id]
    assert found["parts"]["logs"] > 90_000
    assert found["parts"]["trash"] > 0
    assert found["size_bytes"] == sum(found["parts"].values())
    assert (found["experiments"][0]["experiment_name"], counted[-1]) == ("digits", 2)
    assert workspace.keeping.count_runs() == 3


def test_an_empty_folder_has_nothing_to_keep(workspace: Workspace) -> None:
    assert workspace.keeping.statistics()["runs"] == 0
    assert workspace.keeping.collect()["items"] == []
    assert workspace.trash.list() == []
    assert workspace.trash.empty() == {"run_ids": [], "freed_bytes": 0}
    assert os.listdir(".") == []
