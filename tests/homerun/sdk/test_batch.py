"""Batches: many runs below one parent, whose end is theirs, whoever submitted may exit."""

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
from helpers.wait import DEADLINE_S, wait_until
from homerun import Experiment, Run, RunFailed, ScriptRunConfig, SubmitError, UserError, Workspace
from homerun.sdk.batch import Batch
from runstore import layout
from runstore.fs import facts
from runstore.queue.queue import Queue

EXITS = "import sys; sys.exit(int(sys.argv[1]))"


@pytest.fixture
def experiment(workspace_dir: Path, script: Callable[..., Path]) -> Experiment:
    script("exits.py", EXITS)
    return Experiment(Workspace.from_config(), "batch")


@pytest.fixture
def hold(
    experiment: Experiment,
    ready: Fifo,
    gate: Callable[[str], Gate],
    script: Callable[..., Path],
) -> Gate:
    door = gate("door")
    script("hold.py", f"{ready.opened}.write('up\\n'); {door.passed}")
    return door


def configs(*codes: int, **options: object) -> list[ScriptRunConfig]:
    return [ScriptRunConfig("source", "exits.py", [code], **options) for code in codes]  # type: ignore[arg-type]


def holding(count: int, **options: object) -> list[ScriptRunConfig]:
    return [ScriptRunConfig("source", "hold.py", **options) for _ in range(count)]  # type: ignore[arg-type]


def test_a_batch_is_completed_when_all_of_it_is(experiment: Experiment) -> None:
    batch = experiment.submit_many(configs(0, 0, 0), [{"n": n} for n in range(3)])

    assert batch.wait_for_completion() == ["Completed"] * 3
    assert batch.parent.get_status() == "Completed"
    assert [run.get_tags() for run in batch] == [{"n": "0"}, {"n": "1"}, {"n": "2"}]
    assert {run.id for run in batch.parent.get_children()} == {run.id for run in batch}
    last = max((facts.read(run.directory, layout.ENDED) or {})["time"] for run in batch)
    assert (facts.read(batch.parent.directory, layout.ENDED) or {})["time"] == last


def test_a_batch_is_failed_when_one_of_it_is(experiment: Experiment) -> None:
    batch = experiment.submit_many(configs(0, 3))

    with pytest.raises(RunFailed, match="not all of its runs completed"):
        batch.wait_for_completion()

    assert batch.parent.get_status() == "Failed"
    outcome = batch.parent.describe()["outcome"]
    assert outcome["cause"] == "child_not_completed"


def test_a_batch_goes_on_until_its_last_run_is_over(
    experiment: Experiment, hold: Gate, ready: Fifo
) -> None:
    batch = experiment.submit_many(holding(2, max_concurrent_runs=1))
    ready.line()

    assert batch.parent.get_status() == "Running"
    assert next(batch.progress()) == {"Running": 1, "Queued": 1}
    hold.open()
    ready.line()
    assert batch.parent.get_status() == "Running"
    hold.open()
    *_, last = batch.progress()
    assert last == {"Completed": 2}
    assert batch.parent.get_status() == "Completed"
    ready.eof()


def test_a_batch_outlives_the_process_that_submitted_it(
    experiment: Experiment, hold: Gate, ready: Fifo
) -> None:
    code = """
from homerun import Experiment, ScriptRunConfig, Workspace
config = ScriptRunConfig("source", "hold.py", max_concurrent_runs=1)
batch = Experiment(Workspace.from_config(), "batch").submit_many([config] * 2)
print(batch.parent.id)
"""
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True)
    parent = experiment.workspace.get_run(done.stdout.strip())
    ready.line()

    assert parent.get_status() == "Running"

    hold.open(2)
    parent.wait_for_completion()
    assert parent.get_status() == "Completed"
    ready.eof()


def test_a_notebook_that_holds_another_run_open_keeps_no_batch_going(
    experiment: Experiment,
) -> None:
    with experiment.start_logging(snapshot_directory=None, outputs=False):
        batch = experiment.submit_many(configs(0))
        batch.wait_for_completion()

        assert batch.parent.get_status() == "Completed"


def test_canceling_a_batch_starts_none_of_those_that_wait(
    experiment: Experiment, hold: Gate, ready: Fifo
) -> None:
    batch = experiment.submit_many(holding(6, max_concurrent_runs=2))
    ready.line(), ready.line()

    batch.cancel()

    assert [run.get_status() for run in batch] == ["Canceled"] * 6
    assert batch.parent.get_status() == "Canceled"
    begun = [os.path.exists(f"{run.directory}/{layout.STARTED}") for run in batch]
    assert begun == [True, True, False, False, False, False]
    ready.eof()


def test_the_source_is_looked_at_once(
    experiment: Experiment, monkeypatch: pytest.MonkeyPatch
) -> None:
    from homerun.snapshots import scan as snapshot_scan

    looks: list[str] = []
    scan = snapshot_scan.scan

    def counted(folder: str, **options: object) -> object:
        looks.append(folder)
        return scan(folder, **options)  # type: ignore[arg-type]

    monkeypatch.setattr(snapshot_scan, "scan", counted)
    batch = experiment.submit_many(configs(0, 0, 0))
    batch.wait_for_completion()

    assert len(looks) == 1


@pytest.mark.parametrize(
    ("given", "tags"),
    [([], None), (["train.py"], None), ("two", [{}])],
)
def test_what_is_wrong_is_found_before_anything_is_made(
    experiment: Experiment, given: object, tags: list[dict[str, object]] | None
) -> None:
    wanted = configs(0, 0) if given == "two" else given

    with pytest.raises(UserError):
        experiment.submit_many(wanted, tags)  # type: ignore[arg-type]
    with pytest.raises(SubmitError):
        experiment.submit_many([*configs(0), ScriptRunConfig("source", "missing.py")])

    assert list(experiment.get_runs(include_children=True)) == []


def test_a_batch_that_cannot_be_submitted_whole_is_failed_and_canceled(
    experiment: Experiment, monkeypatch: pytest.MonkeyPatch
) -> None:
    from homerun.sdk import batch as sdk_batch

    submit = sdk_batch.submit
    made: list[str] = []

    def full(request: object) -> object:
        if len(made) == 2:
            raise SubmitError("the disk is full")
        found = submit(request)  # type: ignore[arg-type]
        made.append(found[0].id)
        return found

    experiment.workspace.store.for_writing()
    Queue(experiment.workspace.directory, "local").pause()
    monkeypatch.setattr(sdk_batch, "submit", full)
    with pytest.raises(SubmitError, match="the disk is full"):
        experiment.submit_many(configs(0, 0, 0))

    (parent,) = experiment.get_runs()
    assert parent.get_status() == "Failed"
    assert [run.get_status() for run in parent.get_children()] == ["Canceled"] * 2


def test_a_submitter_that_is_killed_halfway_leaves_no_batch_that_runs_for_ever(
    experiment: Experiment, ready: Fifo
) -> None:
    code = f"""
import signal
from homerun import Experiment, ScriptRunConfig, Workspace
from homerun.sdk import batch
submit = batch.submit
def stuck(request):
    made = submit(request)
    {ready.opened}.write("made\\n")
    signal.pause()
batch.submit = stuck
config = ScriptRunConfig("source", "exits.py", [0])
Experiment(Workspace.from_config(), "batch").submit_many([config] * 3)
"""
    submitter = subprocess.Popen([sys.executable, "-c", code])
    ready.line()
    (parent,) = experiment.get_runs()
    (child,) = parent.get_children()
    child.wait_for_completion()
    assert parent.get_status() == "Running"  # more may come

    submitter.kill()
    submitter.wait(DEADLINE_S)

    assert parent.get_status() == "Failed"
    assert parent.describe()["outcome"]["cause"] == "process_exited"
    assert child.get_status() == "Completed"


def test_a_batch_whose_processes_were_all_killed_is_finished_by_who_waits(
    experiment: Experiment, hold: Gate, ready: Fifo
) -> None:
    batch = experiment.submit_many([*holding(1, max_concurrent_runs=1), *configs(0, 0)])
    ready.line()
    started = facts.read(batch[0].directory, layout.STARTED) or {}
    for who in ("supervisor", "script"):
        found = process.look(int(started[who]["pid"]))
        assert found is not None
        process.send(found, signal.SIGKILL)

    statuses = batch.wait_for_completion(raise_on_error=False)

    assert statuses == ["Failed", "Completed", "Completed"]
    assert batch.parent.get_status() == "Failed"
    ready.eof()
    hold.close()


# From the shell

GRID = ("run", "submit-script", "-e", "batch", "--source-directory", "source")

LOGS = """
    import sys
    from homerun import Run

    values = dict(zip(sys.argv[1::2], sys.argv[2::2]))
    Run.get_context().log("loss", float(values["--lr"]))
    sys.exit(int(values["--seed"]) == 7)
"""


def cli(*words: str) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, "-m", "homerun", *words]
    return subprocess.run(command, capture_output=True, text=True, timeout=2 * DEADLINE_S)


def test_a_grid_gives_a_run_for_each_combination_tagged_with_it(
    experiment: Experiment, script: Callable[..., Path]
) -> None:
    script("train.py", LOGS)

    done = cli(
        *GRID, "--tags", "of=grid", "--grid", "lr=0.1,0.5", "--grid", "seed=0..2", "train.py"
    )

    told = json.loads(done.stdout)
    assert (done.returncode, told["status"], told["tags"]) == (0, "Completed", {"of": "grid"})
    assert [row["arguments"] for row in told["children"][:2]] == [
        ["--lr", "0.1", "--seed", "0"],
        ["--lr", "0.1", "--seed", "1"],
    ]
    assert told["children"][5]["tags"] == {"of": "grid", "lr": "0.5", "seed": "2"}
    assert [row["metrics"]["loss"] for row in told["children"]] == [0.1] * 3 + [0.5] * 3


def test_a_grid_of_secrets_leaves_none_on_record(experiment: Experiment) -> None:
    done = cli(*GRID, "--grid", "api-key=canary-1,canary-2", "exits.py")

    assert len(json.loads(done.stdout)["children"]) == 2
    files = Path(experiment.workspace.directory).rglob("*.json*")
    assert [path for path in files if b"canary" in path.read_bytes()] == []


def test_a_grid_with_a_failed_run_exits_1_and_shows_all_in_a_table(
    experiment: Experiment, script: Callable[..., Path]
) -> None:
    script("train.py", LOGS)

    done = cli(*GRID, "-o", "table", "--grid", "lr=1", "--grid", "seed=6..8", "train.py")

    assert done.returncode == 1
    assert [line.split()[1] for line in done.stdout.splitlines()] == [
        "status",
        "Completed",
        "Failed",
        "Completed",
    ]
    assert done.stdout.splitlines()[2].split()[:3] == ["3", "Failed", "7"]
    assert "Failed: 2 Completed, 1 Failed" in done.stderr


@pytest.mark.parametrize("grid", ["lr", "=1", "lr=", "lr=1,,2", "--lr=1", "n=9..0", "n=0..99999"])
def test_what_is_no_grid_is_wrong_usage(experiment: Experiment, grid: str) -> None:
    done = cli(*GRID, "--grid", grid, "exits.py")

    assert done.returncode == 2
    assert len(done.stderr.splitlines()) == 1
    assert list(experiment.get_runs(include_children=True)) == []


def test_ctrl_c_cancels_the_whole_batch(experiment: Experiment, hold: Gate, ready: Fifo) -> None:
    limited = ("--max-concurrent-runs", "1", "--grid", "n=0..3")
    following = subprocess.Popen(
        [sys.executable, "-m", "homerun", *GRID, *limited, "hold.py"],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )
    ready.line()
    wait_until(lambda: len(list(_batch(experiment))) == 4, "all are submitted")

    following.send_signal(signal.SIGINT)

    told = following.communicate(timeout=DEADLINE_S)
    assert following.returncode == 130
    assert "canceled by Ctrl-C: batch batch_" in told[1]
    assert [run.get_status() for run in _batch(experiment)] == ["Canceled"] * 4
    ready.eof()


def _batch(experiment: Experiment) -> list[Run]:
    parents = list(experiment.get_runs())
    return list(parents[0].get_children()) if parents else []


def test_a_batch_that_is_not_followed_tells_its_parent(experiment: Experiment) -> None:
    told = json.loads(cli(*GRID, "--async", "--grid", "code=0", "exits.py").stdout)

    parent = experiment.workspace.get_run(told["run_id"])
    parent.wait_for_completion(raise_on_error=False)
    assert parent.get_status() == "Failed"  # exits.py takes `--code` for no number
    assert isinstance(Batch(parent, list(parent.get_children()))[0], Run)
