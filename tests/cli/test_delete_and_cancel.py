"""`homerun run delete`, `run cancel`, `store trash …`, and the code of a run."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

from helpers import process
from helpers.wait import wait_until
from homerun import Experiment, Run, ScriptRunConfig, Workspace
from homerun.base import environ
from homerun.runs import stop_request
from runstore import status
from runstore.run import identity


@pytest.fixture
def running(workspace_dir: Path, script: Callable[..., Path], ready) -> Callable[[str], Run]:
    """Start a run that goes on until it is ended."""
    source = f"import signal\nprint('up', file={ready.opened})\nsignal.pause()\n"
    script("train.py", source)
    experiment = Experiment(Workspace.from_config(), "live")

    def start(run_id: str) -> Run:
        run = experiment.submit(ScriptRunConfig("source", "train.py"), run_id=run_id)
        ready.line()
        return run

    return start


def _ids(invoke) -> list[str]:
    return sorted(row["run_id"] for row in invoke("run", "list", "--children").json)


def test_runs_are_deleted_and_come_back(invoke, runs):
    done = invoke("run", "delete", "digits-1", "-r", "digits-2", "--yes")

    assert (done.code, done.json) == (
        0,
        {"run_ids": ["child", "digits-1", "digits-2"], "freed_bytes": 0},
    )
    assert _ids(invoke) == ["digits-3"]
    table = invoke("store", "trash", "list", "-o", "table").text.splitlines()
    assert table[0].split() == ["#", "run", "status", "experiment", "deleted", "by", "size"]
    assert sorted(line.split()[1] for line in table[1:]) == ["child", "digits-1", "digits-2"]

    back = invoke("store", "trash", "restore", "digits-1", "-o", "table")
    assert (back.text, back.err) == ("", "restored digits #1 (digits-1) and 1 run below it\n")
    assert _ids(invoke) == ["child", "digits-1", "digits-3"]

    emptied = invoke("store", "trash", "empty", "--yes")
    assert emptied.json["run_ids"] == ["digits-2"]
    assert emptied.json["freed_bytes"] > 0
    assert invoke("store", "trash", "list", "-o", "table").err == "the trash is empty\n"


def test_runs_are_deleted_by_what_they_are_like(invoke, runs):
    done = invoke("run", "delete", "--status", "failed", "--yes", "-o", "table")
    assert done.err == "moved 1 run to the trash; homerun restore digits/4 takes it back\n"
    assert _ids(invoke) == ["child", "digits-1", "digits-2"]

    none = invoke("run", "delete", "-e", "digits", "--tags", "a=b", "--yes", "-o", "table")
    assert (none.code, none.err) == (0, "no run matches; nothing was deleted\n")

    purged = invoke("run", "delete", "--where", "id = digits-2", "--purge", "--yes", "-o", "table")
    assert purged.err.startswith("removed 1 run for good: ")
    assert [row["run_id"] for row in invoke("store", "trash", "list").json] == ["digits-3"]


@pytest.mark.parametrize(
    ("words", "code", "said"),
    [
        (["run", "delete"], 2, "say which runs: their ids, or -e, --status, --tags, --where"),
        (["run", "delete", "digits-1"], 2, "add --yes"),
        (["run", "delete", "digits-1", "--status", "Failed", "--yes"], 2, "not both"),
        (["run", "delete", "", "--yes"], 2, "the run's id is empty"),
        (["run", "delete", "nothing", "--yes"], 1, "there is no run 'nothing'"),
        (["run", "delete", "-e", "nothing", "--yes"], 1, "there is no experiment 'nothing'"),
        (["run", "delete", "--where", "a b c", "--yes"], 2, "there is no field"),
        (["run", "cancel"], 2, "say which runs"),
        (["run", "snapshot", "digits-1"], 1, "run digits-1 has no snapshot"),
        (["store", "trash", "restore"], 2, "Missing argument"),
        (["store", "trash", "restore", "x"], 1, "homerun store trash list shows what is"),
        (["store", "trash", "empty", "--older-than", "5 pears", "--yes"], 2, "is not a valid age"),
        (["store", "trash", "empty", "--older-than", "30", "--yes"], 2, "is not a valid age"),
        (["store", "gc", "--older-than", "-1d"], 2, "is not a valid age"),
    ],
    ids=lambda value: " ".join(value) if isinstance(value, list) else "",
)
def test_a_misuse_is_one_line_with_the_right_code(invoke, runs, words, code, said):
    before = _ids(invoke)

    done = invoke(*words)

    assert (done.code, said in done.err, len(done.err.splitlines())) == (code, True, 1), done.err
    assert _ids(invoke) == before


def test_on_a_terminal_a_deletion_asks_with_count_and_size(runs, terminal):
    shown = terminal("run", "delete", "digits-1", "digits-2")
    shown.until(b"[y/N]")
    assert "  digits-1  Completed" in shown.text
    assert "move to the trash: 3 runs (3 Completed), 1 of them below others, " in shown.text
    shown.press(b"n\n")
    assert shown.end() == 1
    assert "nothing was deleted" in shown.text

    shown = terminal("run", "delete", "digits-1")
    shown.until(b"[y/N]")
    shown.press(b"y\n")
    assert shown.end() == 0
    assert [row["run_id"] for row in Workspace.from_config().trash.list()] != []


@pytest.mark.parametrize("key", [b"\x03", b"\x04"], ids=["Ctrl-C", "Ctrl-D"])
def test_a_question_that_is_broken_off_is_a_no_and_ends_its_line(runs, terminal, invoke, key):
    before = _ids(invoke)
    shown = terminal("run", "delete", "digits-1")
    shown.until(b"[y/N]: ")
    # A Ctrl-C before the interpreter waits for its line would be noticed with the next key only.
    wait_until(lambda: process.look(shown.process.pid).state == "S", "it waits for an answer")

    shown.press(key)

    assert shown.end() == 130
    assert shown.text.endswith("\n")
    assert _ids(invoke) == before


@pytest.fixture
def batch(workspace_dir: Path, script: Callable[..., Path]) -> dict[str, str]:
    """A batch of three of which one fails, and a failed run beside it: their ids by name."""
    script("train.py", "import sys\nsys.exit(int(sys.argv[1]))\n")
    experiment = Experiment(Workspace.from_config(), "digits")
    configs = [ScriptRunConfig("source", "train.py", [code]) for code in (0, 1, 0)]
    made = experiment.submit_many(configs, run_id="batch")
    made.wait_for_completion(raise_on_error=False)
    failed = [run.id for run in made if run.status == status.FAILED]
    alone = experiment.submit(ScriptRunConfig("source", "train.py", [1]), run_id="alone")
    alone.wait_for_completion(raise_on_error=False)
    return {"failed": failed[0], "batch": "batch", "alone": "alone"}


def test_a_deletion_by_status_takes_what_has_it_and_nothing_else(batch, invoke):
    before = set(_ids(invoke))

    done = invoke("run", "delete", "--status", "Failed", "--yes", "-o", "table")

    assert before - set(_ids(invoke)) == {batch["failed"], "alone"}
    assert "batch stays: runs below it do not match" in done.err
    assert "moved 2 runs to the trash" in done.err
    again = invoke("run", "delete", "--status", "Failed", "--yes", "-o", "table")
    assert "no run matches; nothing was deleted" in again.err
    assert len(_ids(invoke)) == 3


def test_a_deletion_by_status_takes_a_batch_with_all_that_matches(batch, invoke):
    invoke("run", "delete", "--where", "status in (Failed, Completed)", "--yes")

    assert _ids(invoke) == []


def test_the_question_of_a_deletion_counts_by_status(batch, terminal):
    shown = terminal("run", "delete", "batch")
    shown.until(b"[y/N]")

    assert "move to the trash: 4 runs (" in shown.text
    assert "2 Completed" in shown.text
    assert "2 Failed" in shown.text
    shown.press(b"n\n")
    assert shown.end() == 1


def test_a_running_run_is_not_deleted_and_the_line_says_what_to_do(invoke, running):
    run = running("live-1")

    done = invoke("run", "delete", "live-1", "--yes")

    said = (
        "run live-1 is Running: it cannot be deleted; cancel it first: homerun run cancel -r live-1"
    )
    assert (done.code, done.err) == (1, f"homerun: {said}\n")
    run.cancel()


def test_running_runs_are_canceled_by_what_they_are_like(invoke, running, runs):
    first, second = running("live-1"), running("live-2")
    refused = invoke("run", "cancel", "-e", "live")
    assert (refused.code, "add --yes" in refused.err) == (2, True)

    done = invoke("run", "cancel", "-e", "live", "--yes")

    assert done.code == 0
    assert {(row["run_id"], row["was"], row["status"]) for row in done.json} == {
        ("live-1", "Running", "Canceled"),
        ("live-2", "Running", "Canceled"),
    }
    assert {first.get_status(), second.get_status()} == {status.CANCELED}
    again = invoke("run", "cancel", "-e", "live", "--yes", "-o", "table")
    assert again.err == "no live run matches; nothing was canceled\n"
    several = invoke("run", "cancel", "live-1", "digits-1", "-o", "table")
    assert [line.split() for line in several.text.splitlines()] == [
        ["run", "was", "status"],
        ["live-1", "Canceled", "Canceled"],
        ["digits-1", "Completed", "Completed"],
    ]


def test_a_cancel_that_finds_the_run_still_going_says_so(invoke, running, monkeypatch):
    run = running("live-1")
    path = Path(run.directory, "started.json")
    started = json.loads(path.read_text())
    path.unlink()
    there = {"boot_id": "another", "supervisor": identity.process(os.getpid())}
    path.write_text(json.dumps({**started, **there}))

    with monkeypatch.context() as within:
        within.setattr(environ, "is_inside", lambda record: True)  # so it is not waited for
        done = invoke("run", "cancel", "live-1", "-o", "table")

    assert (done.code, done.text) == (1, "live-1: CancelRequested\n")
    assert done.err == (
        "it is asked to end and is not over yet; supervisor.log in its folder tells what is tried\n"
    )
    path.write_text(json.dumps(started))
    stop_request.wake_supervisor(run.directory)
    run.wait_for_completion(raise_on_error=False)
    assert run.get_status() == status.CANCELED


@pytest.fixture
def gone(workspace_dir: Path) -> Path:
    """The folder of a run of a host that does not answer any more."""
    source = """
import os
from homerun import Experiment, Workspace
run = Experiment(Workspace.from_config(), "away").start_logging(run_id="away-1", outputs=False)
print(run.directory, flush=True)
os._exit(0)
"""
    folder = Path(subprocess.check_output([sys.executable, "-c", source], text=True).strip())
    path = folder / "started.json"
    started = json.loads(path.read_text())
    path.unlink()
    there = {"boot_id": "another", "machine_id": "another", "host": "away"}
    path.write_text(json.dumps({**started, **there}))
    return folder


def test_a_run_of_a_host_that_is_gone_is_abandoned_by_its_name_and_a_yes(invoke, gone):
    canceled = invoke("run", "cancel", "away-1")
    ways = "homerun run fail --anyway -r away-1, or for all of its runs: homerun forget-host away"
    assert (canceled.code, ways in canceled.err) == (1, True)
    unsure = invoke("run", "cancel", "away-1", "--abandon")
    assert (unsure.code, "add --yes" in unsure.err) == (2, True)

    done = invoke("run", "cancel", "away-1", "--abandon", "--yes", "-o", "table")

    assert [line.split() for line in done.text.splitlines()][1] == [
        "away-1",
        "NotResponding",
        "Canceled",
    ]
    assert (done.code, done.err) == (
        0,
        "nothing is stopped: a script may still run there and write to the run's folder\n",
    )
    assert invoke("run", "show", "away-1").json["outcome"]["cause"] == "abandoned"
    again = invoke("run", "cancel", "-e", "away", "--abandon", "--yes", "-o", "table")
    assert (again.code, again.err) == (0, "no live run matches; nothing was canceled\n")


def test_a_run_of_a_host_that_is_gone_is_failed_anyway_with_a_reason(invoke, gone):
    refused = invoke("run", "fail", "away-1", "-o", "table")
    assert (refused.code, "it belongs to away; go there" in refused.text) == (1, True)
    unsure = invoke("run", "fail", "away-1", "--anyway")
    assert (unsure.code, "add --yes" in unsure.err) == (2, True)

    line = ("run", "fail", "away-1", "--anyway", "--yes", "--reason", "burnt", "-o", "table")
    done = invoke(*line)

    rows = [row.split() for row in done.text.splitlines()]
    assert (done.code, rows[1]) == (0, ["away-1", "NotResponding", "Failed"])
    assert done.err.startswith("nothing is stopped: ")
    shown = invoke("run", "show", "away-1").json
    assert (shown["status"], shown["outcome"]["cause"]) == ("Failed", "abandoned")


def test_a_host_that_is_gone_is_forgotten_with_all_runs_that_it_does_not_answer_for(invoke, gone):
    why = invoke("run", "why", "away-1").json
    assert why["what"] == "it ran on away, or in a container, which this machine cannot ask"
    of_all = "for all runs of that host: homerun forget-host away"
    assert why["advice"] == [
        "if it is gone for good: homerun run fail away-1 --anyway",
        f"{of_all} (homerun help troubleshooting notresponding)",
    ]
    other = invoke("forget-host", "elsewhere", "--yes", "-o", "table")
    assert (other.code, "no run of elsewhere is NotResponding" in other.err) == (0, True)
    assert not (gone / "ended.json").exists()

    done = invoke("forget-host", "away", "--yes")

    assert [(row["run_id"], row["status"]) for row in done.json] == [("away-1", "Failed")]
    told = invoke("run", "why", "away-1").json
    assert (told["what"], told["cause"]) == ("its host away is gone for good", "abandoned")


def test_a_run_that_goes_on_is_stopped_and_failed_and_one_that_is_over_is_failed_too(
    invoke, script, ready
):
    script("train.py", f"print('up', file={ready.opened}); import time; time.sleep(1000)")
    live = Experiment(Workspace.from_config(), "digits").submit(
        ScriptRunConfig("source", "train.py"), run_id="live"
    )
    over = Experiment(Workspace.from_config(), "digits").start_logging(run_id="over", outputs=False)
    over.complete()
    ready.line()

    done = invoke("run", "fail", "live", "over", "--reason", "the data was wrong")

    assert [(row["was"], row["status"]) for row in done.json] == [
        ("Running", "Failed"),
        ("Completed", "Failed"),
    ]
    assert live.get_details()["error"]["error"]["message"] == "the data was wrong"
    nothing = invoke("run", "fail", "-e", "digits", "--yes", "-o", "table")
    assert (nothing.code, nothing.err) == (0, "no live run matches; nothing was declared failed\n")


def test_on_a_terminal_the_risk_is_told_before_a_run_is_abandoned(gone, terminal):
    shown = terminal("run", "cancel", "away-1", "--abandon")
    shown.until(b"[y/N]")
    shown.press(b"n\n")

    assert shown.end() == 1
    said = " ".join(shown.text.split())
    assert "a script may still run there and write to the run's folder; abandon 1 run?" in said
    assert not (gone / "ended.json").exists()


def test_the_code_of_a_run_comes_as_a_folder_and_as_an_archive(invoke, workspace_dir, script):
    script("train.py", "print(1)\n")
    run = Experiment(Workspace.from_config(), "digits").start_logging(
        run_id="coded", snapshot_directory="source", outputs=False
    )
    run.complete()

    folder = invoke("run", "snapshot", "coded", "-o", "table")
    archive = invoke("run", "snapshot", "-r", "coded", "--zip", "-d", "zips").json["path"]

    assert folder.text == f"{workspace_dir}/coded\n"
    assert os.listdir("coded") == ["train.py"]
    assert Path(archive).parent == workspace_dir / "zips"
    again = invoke("run", "snapshot", "coded")
    assert (again.code, "is not empty" in again.err) == (1, True)
