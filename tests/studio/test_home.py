"""What the start page's one answer says, over real runs."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any
from unittest import mock

import pytest

from helpers.asgi import Client
from helpers.wait import wait_until
from homerun import Experiment, Run, ScriptRunConfig, Workspace
from homerun.views.live import home as home_view

from .conftest import Shelf

BARE: dict[str, Any] = {"snapshot_directory": None, "outputs": False}


@pytest.fixture(autouse=True)
def at_once(monkeypatch: pytest.MonkeyPatch) -> None:
    """An answer is never older than the question."""
    monkeypatch.setattr(home_view, "_FRESH_S", 0.0)


@pytest.fixture
def client(shelf: Callable[..., Shelf]) -> Client:
    return shelf().sign_in()


def home(client: Client, **asked: str) -> Any:
    query = "&".join(f"{name}={value}" for name, value in asked.items())
    return client.get(f"/api/home?{query}").json


def run_of(name: str = "digits") -> Run:
    return Experiment(Workspace.from_config(), name).start_logging(**BARE)


def test_failures_with_the_same_error_stand_together_until_they_were_seen(client: Client) -> None:
    for number in (1, 2):
        run_of().fail(f"CUDA out of memory: {number} GiB")
    run_of("nightly").fail("CUDA out of memory: 80 GiB")
    run_of().fail("the file is gone")
    run_of().complete()

    failed = home(client)["failed"]

    assert (failed["total"], failed["kinds"], failed["more"]) == (4, 2, False)
    gone, memory = failed["groups"]
    assert (gone["error"], gone["count"]) == ("the file is gone", 1)
    assert (memory["error"], memory["count"]) == ("CUDA out of memory: 80 GiB", 3)
    assert [(one["experiment"], one["number"]) for one in memory["runs"]] == [
        *(("nightly", 1), ("digits", 2), ("digits", 1))
    ]
    assert memory["ids"] == [one["id"] for one in memory["runs"]]

    assert home(client, since=failed["until"])["failed"]["total"] == 0
    later = run_of()
    later.fail("again")
    (group,) = home(client, since=failed["until"])["failed"]["groups"]
    assert group["ids"] == [later.id]


def test_a_run_that_failed_by_one_below_it_is_no_failure_of_its_own(client: Client) -> None:
    parent = run_of()
    child = parent.child_run()
    child.fail("too hot")
    parent.fail("a run below it failed")

    (group,) = home(client)["failed"]["groups"]

    assert (group["error"], group["ids"]) == ("too hot", [child.id])


def test_what_is_no_time_is_refused(client: Client) -> None:
    assert client.get("/api/home?since=soon").status == 400


def test_a_metric_that_runs_are_judged_by_and_that_is_nan_needs_its_user(client: Client) -> None:
    run, other = run_of(), run_of()
    for value in (0.5, float("nan")):
        run.log("eval/loss", value)
        run.log("temperature", value)
    for value in (float("nan"), 0.5):
        other.log("eval/loss", value)

    nans = home(client)["nans"]

    assert nans["total"] == 1
    assert [(one["run"]["id"], one["metrics"]) for one in nans["runs"]] == [(run.id, ["eval/loss"])]
    run.complete()
    other.complete()
    assert home(client, since="2999-01-01")["nans"]["total"] == 0


def test_a_run_that_waits_for_long_says_why(client: Client, script: Callable[..., Path]) -> None:
    script("train.py", "")
    workspace = Workspace.from_config()
    workspace.targets.add("local", slots=1)
    workspace.queue("local").pause()
    run = Experiment(workspace, "digits").submit(ScriptRunConfig("source", "train.py"))
    assert home(client)["waiting"] == {"total": 0, "runs": []}

    with mock.patch.object(home_view, "_LONG_S", -60.0):
        waiting = home(client)["waiting"]

    (row,) = waiting["runs"]
    assert (waiting["total"], row["run"]["id"]) == (1, run.id)
    assert (row["reason"], row["target"]) == ("the queue is paused", "local")
    local = next(one for one in home(client)["machine"]["targets"] if one["target"] == "local")
    assert (local["slots"], local["waiting"], local["paused"]) == (1, 1, True)
    workspace.queue("local").resume()
    run.wait_for_completion()


def test_what_goes_on_tells_how_far_it_is_its_limit_and_its_last_line(
    client: Client, script: Callable[..., Path]
) -> None:
    script(
        "train.py",
        """
        import signal
        from homerun import Run

        run = Run.get_context()
        run.log("loss", 0.5, step=250)
        run.log("total_steps", 1000)
        run.log("progress", 0.25)
        print("first")
        print("\\x1b[31mstep 250\\x1b[0m", end="\\n\\n")
        signal.pause()
        """,
    )
    best = run_of()
    best.log("loss", 0.25)
    best.complete()
    config = ScriptRunConfig("source", "train.py", max_run_duration_seconds=3600)
    run = Experiment(Workspace.from_config(), "digits").submit(config)

    def has_printed() -> bool:
        return any("step 250" in one["line"] for one in home(client)["running"]["runs"])

    wait_until(has_printed, "the last line of the script")
    running = home(client)["running"]

    local = next(one for one in home(client)["machine"]["targets"] if one["target"] == "local")
    assert (local["busy"], local["active"], local["waiting"]) == (0, 1, 0)
    (row,) = running["runs"]
    assert (running["total"], row["run"]["id"], row["limit_s"]) == (1, run.id, 3600)
    assert (row["progress"], row["total_steps"], row["value"]) == (0.25, 1000, 0.5)
    assert row["run"]["started"] < row["ends"]
    assert row["line"] == "\x1b[31mstep 250\x1b[0m"
    assert row["goal"] == {
        "metric": "loss",
        "is_most": False,
        "is_best": False,
        "best": {"metric": "loss", "value": 0.25, "run_id": best.id, "run_number": 1},
    }
    run.cancel()


def test_a_run_that_does_not_log_the_goal_of_its_experiment_has_one_of_its_own(
    client: Client,
) -> None:
    for value in (0.25, 0.5):
        other = run_of()
        other.log("accuracy", value)
        other.log("loss", value)
        other.complete()
    run = run_of()
    run.log("loss", 0.75)

    answer = home(client)

    (row,) = answer["running"]["runs"]
    assert answer["experiments"][0]["goal"]["metric"] == "accuracy"
    assert (row["goal"]["metric"], row["value"]) == ("loss", 0.75)
    assert row["goal"]["best"]["value"] == 0.25
    run.complete()


def test_a_link_in_place_of_a_log_is_not_followed(client: Client, tmp_path: Path) -> None:
    secret = tmp_path / "secret"
    secret.write_text("canary")
    run = run_of()
    logs = Path(run.directory, "user_logs")
    logs.mkdir(exist_ok=True)
    (logs / "std_log.txt").unlink(missing_ok=True)
    (logs / "std_log.txt").symlink_to(secret)

    (row,) = home(client)["running"]["runs"]

    assert row["line"] == ""
    run.complete()


def test_a_finished_run_is_compared_with_the_best_of_the_others(client: Client) -> None:
    values = (0.5, 0.25, 0.75)
    runs = [run_of() for _ in values]
    for run, value in zip(runs, values):
        run.log("loss", value)
        run.complete()
    failed = run_of()
    failed.log("loss", 0.0)
    failed.fail()

    answer = home(client)

    found = {one["run"]["id"]: one for one in answer["finished"]["runs"]}
    assert [*found] == [run.id for run in reversed(runs)]
    assert found[runs[1].id]["goal"]["is_best"]
    assert found[runs[1].id]["goal"]["best"]["run_id"] == runs[0].id
    assert not found[runs[2].id]["goal"]["is_best"]
    assert found[runs[2].id]["goal"]["best"]["value"] == 0.25
    assert found[runs[2].id]["run"]["metrics"]["loss"]["last"] == 0.75
    (experiment,) = answer["experiments"]
    assert (experiment["ended"], experiment["failed"]) == (4, 1)
    assert experiment["goal"]["best"]["run_id"] == runs[1].id


def test_a_metric_whose_name_does_not_tell_what_is_better_is_no_goal_unless_it_is_said(
    shelf: Callable[..., Shelf], workspace_dir: Path
) -> None:
    run = run_of()
    run.log("distance", 3.0)
    run.complete()
    assert home(shelf().sign_in())["experiments"][0]["goal"] is None

    (workspace_dir / "homerun.toml").write_text('maximize = ["distance"]')

    goal = home(shelf().sign_in())["experiments"][0]["goal"]
    assert (goal["metric"], goal["is_most"], goal["best"]["value"]) == ("distance", True, 3.0)


def test_a_metric_of_an_evaluation_is_the_goal_before_one_of_the_training(client: Client) -> None:
    for names in (("train/loss", "val/loss"), ("train/loss", "val/loss"), ("train/loss",)):
        run = run_of()
        for name in names:
            run.log(name, 1.0)
        run.complete()

    assert home(client)["experiments"][0]["goal"]["metric"] == "val/loss"


def test_the_machine_tells_its_memory_and_the_disk_of_the_store(client: Client) -> None:
    run_of().complete()

    machine = home(client)["machine"]

    assert 0 < machine["memory_used_bytes"] <= machine["memory_bytes"]
    assert 0 <= machine["disk"]["free_bytes"] <= machine["disk"]["bytes"]
    assert [one["is_default"] for one in machine["targets"]] == [True]


def test_a_store_that_is_not_there_yet_needs_no_one(client: Client) -> None:
    answer = home(client)

    lists = ("failed", "nans", "waiting", "silent", "running", "finished")
    assert [answer[name]["total"] for name in lists] == [0] * 6
    assert (answer["experiments"], answer["machine"]["disk"]) == ([], None)
