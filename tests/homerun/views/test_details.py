"""What a run tells of itself: details in the original's shape, and the description."""

from __future__ import annotations

import os
from collections.abc import Callable
from datetime import datetime
from pathlib import Path

import pytest

from helpers.fifo import Fifo, Gate
from homerun import Experiment, Run, ScriptRunConfig, UserError, Workspace
from homerun.runs import reconcile
from runstore.run import cache

ALWAYS = {
    "runId",
    "target",
    "status",
    "startTimeUtc",
    "services",
    "properties",
    "inputDatasets",
    "outputDatasets",
    "runDefinition",
    "logFiles",
    "submittedBy",
}


@pytest.fixture
def experiment(workspace_dir: Path) -> Experiment:
    return Experiment(Workspace.from_config(), "details")


def keys(details: dict[str, object]) -> set[str]:
    """The keys but that which may come late."""
    return set(details) - {"interpreter"}


def ended(experiment: Experiment, **fields: object) -> Run:
    run = experiment.submit(ScriptRunConfig("source", "train.py", **fields))  # type: ignore[arg-type]
    run.wait_for_completion(raise_on_error=False)
    return run


def utc(text: str) -> datetime:
    assert text.endswith("Z")
    return datetime.fromisoformat(text[:-1] + "+00:00")


def test_details_of_a_completed_run(experiment: Experiment, script: Callable[..., Path]) -> None:
    script("train.py", "print('hello')")

    run = ended(experiment, arguments=["--lr", 0.1], max_run_duration_seconds=300)

    details = run.get_details()
    assert keys(details) == {*ALWAYS, "endTimeUtc"}
    assert (details["runId"], details["status"]) == (run.id, "Completed")
    assert (details["target"], details["services"]) == ("local", {})
    assert details["inputDatasets"] == details["outputDatasets"] == []
    assert details["properties"] == run.describe()["properties"]
    assert all(type(text) is str for pair in details["properties"].items() for text in pair)
    assert utc(details["startTimeUtc"]) <= utc(details["endTimeUtc"])
    assert details["submittedBy"] == run.describe()["submitted_by"]
    assert Path(details["logFiles"]["user_logs/std_log.txt"]).read_text() == "hello\n"
    assert {type(path) for path in details["logFiles"].values()} == {str}
    definition = details["runDefinition"]
    assert definition["script"] == "train.py"
    assert definition["arguments"] == ["--lr", "0.1"]
    assert (definition["target"], definition["maxRunDurationSeconds"]) == ("local", 300)


def test_details_of_a_live_run_have_no_end(
    experiment: Experiment, script: Callable[..., Path], ready: Fifo, gate: Callable[[str], Gate]
) -> None:
    door = gate("door")
    script("train.py", f"print('up', file={ready.opened}); {door.passed}")
    run = experiment.submit(ScriptRunConfig("source", "train.py"))
    ready.line()

    details = run.get_details()
    shown = run.describe()
    process_of_it = os.stat(f"/proc/{shown['process']['supervisor_pid']}")
    door.open()
    run.wait_for_completion()

    assert keys(details) == ALWAYS
    assert details["status"] == "Running"
    assert not {"end_time_utc", "outcome", "error"} & set(shown)
    assert process_of_it.st_uid == os.getuid()


def test_the_error_of_a_failed_run_is_nested_twice_and_ends_in_its_last_20_lines(
    experiment: Experiment, script: Callable[..., Path]
) -> None:
    script("train.py", "for i in range(100): print('line', i)\nraise SystemExit(3)")

    run = ended(experiment)

    details = run.get_details()
    inner = details["error"]["error"]
    said, heading, *tail = inner["message"].split("\n")
    assert keys(details) == {*ALWAYS, "endTimeUtc", "error"}
    assert set(details["error"]) == {"error", "correlation", "environment", "location", "time"}
    assert set(inner) == {"code", "message", "messageParameters", "details"}
    assert (inner["code"], inner["details"]) == ("UserError", [])
    assert inner["messageParameters"] == {"cause": "exit_code", "exit_code": 3}
    assert (said, heading) == (
        "the script ended with exit code 3",
        "The last lines of its output:",
    )
    assert tail == [f"line {i}" for i in range(80, 100)]


def test_an_error_without_any_output_is_one_line(
    experiment: Experiment, script: Callable[..., Path]
) -> None:
    script("train.py", "raise SystemExit(3)")

    run = ended(experiment)

    assert run.get_details()["error"]["error"]["message"] == "the script ended with exit code 3"


@pytest.mark.parametrize("data", [b"\xff\xfe\n" * 30, b"x" * 200_000, b"\0\x1b[31m", "ü".encode()])
def test_an_error_quotes_output_of_any_bytes(
    experiment: Experiment, script: Callable[..., Path], data: bytes
) -> None:
    script("train.py", f"import os; os.write(1, {data[:6]!r} * {len(data) // 6 + 1}); os._exit(1)")

    message = ended(experiment).get_details()["error"]["error"]["message"]

    assert len(message.encode()) < 200_000
    assert message.startswith("the script ended with exit code 1\nThe last lines")


def test_details_of_a_canceled_run_have_no_error(
    experiment: Experiment, script: Callable[..., Path], ready: Fifo, gate: Callable[[str], Gate]
) -> None:
    script("train.py", f"print('up', file={ready.opened}); {gate('door').passed}")
    run = experiment.submit(ScriptRunConfig("source", "train.py"))
    ready.line()

    run.cancel()

    details = run.get_details()
    outcome = run.describe()["outcome"]
    assert keys(details) == {*ALWAYS, "endTimeUtc"}
    assert details["status"] == "Canceled"
    assert (outcome["cause"], outcome["signal"]) == ("cancel", "SIGTERM")


def test_describe_tells_what_the_command_line_shows(
    experiment: Experiment, script: Callable[..., Path]
) -> None:
    script("train.py", "")
    config = ScriptRunConfig("source", "train.py", ["a"])

    run = experiment.submit(config, tags={"quality": "great"})
    run.wait_for_completion()

    shown = run.describe()
    plain = {
        "run_id": run.id,
        "run_number": 1,
        "experiment_name": "details",
        "run_type": "azureml.scriptrun",
        "status": "Completed",
        "script_name": "train.py",
        "arguments": ["a"],
        "target": "local",
        "directory": run.directory,
        "tags": {"quality": "great"},
    }
    assert {key: shown[key] for key in plain} == plain
    assert utc(shown["created_utc"]) <= utc(shown["start_time_utc"]) <= utc(shown["end_time_utc"])
    assert set(shown["process"]) == {"pid", "supervisor_pid", "host"}
    assert shown["process"]["pid"] != shown["process"]["supervisor_pid"]
    outcome = {"exit_code": 0, "signal": None, "cause": None, "source": "supervisor"}
    assert {key: shown["outcome"][key] for key in outcome} == outcome
    assert min(shown["outcome"][key] for key in ("elapsed_s", "cpu_user_s", "peak_memory_kib")) >= 0
    assert not {"error", "warnings", "changed_originals", "parent_run_id"} & set(shown)


def test_fail_after_completed_is_a_mark_and_the_outcome_stays_readable(
    experiment: Experiment, script: Callable[..., Path]
) -> None:
    script("train.py", "print('fine')")
    run = ended(experiment)

    run.fail("the labels were wrong", "BadData")

    error = run.get_details()["error"]["error"]
    assert (run.get_status(), run.status) == ("Failed", "Failed")
    assert error["code"] == "BadData"
    assert error["message"].split("\n")[0] == "the labels were wrong"
    assert run.describe()["outcome"]["exit_code"] == 0
    assert experiment.workspace.get_run(run.id).get_status() == "Failed"


def test_fail_on_a_failed_run_changes_nothing(
    experiment: Experiment, script: Callable[..., Path]
) -> None:
    script("train.py", "raise SystemExit(3)")
    run = ended(experiment)
    before = run.get_details()

    run.fail("later words")

    assert run.get_details() == before


@pytest.mark.parametrize("details", [5, ["text"], b"bytes"], ids=repr)
def test_fail_refuses_details_that_are_no_words(
    experiment: Experiment, script: Callable[..., Path], details: object
) -> None:
    script("train.py", "")
    run = ended(experiment)

    with pytest.raises(UserError, match="text or an exception"):
        run.fail(details)  # type: ignore[arg-type]

    assert run.get_status() == "Completed"


def test_a_kept_description_is_not_read_again_and_shows_each_later_change_at_once(
    experiment: Experiment, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(cache, "is_fresh", lambda run_folder: False)
    run = experiment.start_logging(snapshot_directory=None, outputs=False)
    assert run.describe()["status"] == "Running"  # not kept: it goes on
    run.complete()
    first = run.describe()
    first["tags"]["from"] = "the caller"
    monkeypatch.setattr(
        reconcile, "bring_up_to_date", lambda record: pytest.fail("it was read again")
    )
    assert run.describe()["tags"] == {}
    monkeypatch.undo()
    monkeypatch.setattr(cache, "is_fresh", lambda run_folder: False)

    run.tag("quality", "good")
    run.add_properties({"data": "v2"})
    assert run.describe()["tags"] == {"quality": "good"}
    assert run.describe()["properties"]["data"] == "v2"
    run.fail("it is no good")
    assert run.describe()["status"] == "Failed"


def test_originals_behind_links_that_changed_during_the_run_are_listed(
    experiment: Experiment, script: Callable[..., Path]
) -> None:
    script("changed.csv", "1\n", "away")
    script("kept.csv", "1\n", "away")
    script("train.py", "open('data/changed.csv', 'a').write('2')\nopen('own.txt', 'w').write('x')")
    Path("source/data").symlink_to("../away")

    run = ended(experiment)

    assert run.describe()["changed_originals"] == ["data/changed.csv"]
    assert [row["path"] for row in run.describe()["linked"]] == ["data/"]
    assert Path("away/changed.csv").read_text() == "1\n2"
    assert not Path(run.directory, ".links").exists()
    log = Path(run.directory, "supervisor.log").read_text()
    assert "the original of data/changed.csv was changed since the submit" in log


def test_originals_that_change_after_the_run_are_not_its_doing(
    experiment: Experiment, script: Callable[..., Path]
) -> None:
    script("data.csv", "1\n", "away")
    script("train.py", "")
    Path("source/data").symlink_to("../away")
    run = ended(experiment)

    script("data.csv", "2\n", "away")

    assert "changed_originals" not in run.describe()


def test_a_run_is_shown_in_one_line_with_what_the_original_shows(
    experiment: Experiment, script: Callable[..., Path]
) -> None:
    script("train.py", "")

    run = ended(experiment)

    assert repr(run) == (
        f"Run(Experiment: details, Id: {run.id}, Type: azureml.scriptrun, Status: Completed)"
    )
    assert (run.type, run.display_name, run.number) == ("azureml.scriptrun", run.id, 1)


def test_a_run_can_be_had_by_id_or_prefix_in_every_way(
    experiment: Experiment, script: Callable[..., Path]
) -> None:
    script("train.py", "")
    run = ended(experiment)
    workspace = experiment.workspace

    found = [
        Run(experiment, run.id),
        Run(experiment, run.id[:-1]),
        Run.get(workspace, run.id),
        workspace.get_run(run.id),
        next(Run.list(experiment)),
    ]

    assert {one.id for one in found} == {run.id}
    assert {one.get_status() for one in found} == {"Completed"}
    assert len({*found, run}) == 1
