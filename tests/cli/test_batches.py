"""A batch after its end: its table again, its row in a list, its best run."""

from __future__ import annotations

import pytest

from homerun import Batch, Experiment, ScriptRunConfig, UserError, Workspace
from homerun.sdk import bulk

TRAIN = """
    import sys
    from homerun import Run

    rate = float(sys.argv[2])
    Run.get_context().log("loss", rate / 2)
    sys.exit(rate > 0.3)
"""


@pytest.fixture
def experiment(workspace_dir, script):
    script("train.py", TRAIN)
    return Experiment(Workspace.from_config(), "digits")


@pytest.fixture
def goal(workspace_dir):
    (workspace_dir / "homerun.toml").write_text('minimize = ["loss"]\n')


def batch_of(experiment, *rates, **options):
    configs = [ScriptRunConfig("source", "train.py", ["--lr", rate], **options) for rate in rates]
    batch = experiment.submit_many(configs, [{"lr": rate} for rate in rates])
    batch.wait_for_completion(raise_on_error=False)
    return batch


def lines(done):
    return [line.split() for line in done.text.splitlines()]


def test_the_table_of_a_batch_can_be_had_again(invoke, experiment):
    batch = batch_of(experiment, "0.1", "0.2", "0.4")

    shown = invoke("run", "show", batch.parent.id, "-o", "table")

    assert shown.code == 0
    assert ["runs", "below", "3", "runs,", "2", "ok,", "1", "failed"] in lines(shown)
    table = lines(shown)[-4:]
    assert table[0] == ["#", "status", "lr", "loss", "took", "run"]
    assert [row[:4] for row in table[1:]] == [
        ["2", "Completed", "0.1", "0.05"],
        ["3", "Completed", "0.2", "0.1"],
        ["4", "Failed", "0.4", "0.2"],
    ]
    assert [row[-1] for row in table[1:]] == [run.id for run in batch]
    assert shown.last_line == "Failed: 2 Completed, 1 Failed; homerun why digits/1"


def test_json_of_a_batch_holds_its_runs_and_the_best_of_them(invoke, experiment, goal):
    batch = batch_of(experiment, "0.2", "0.1", "0.4")

    row = invoke("run", "show", batch.parent.id).json

    assert [one["run_id"] for one in row["runs"]] == [run.id for run in batch]
    assert [one["params"]["lr"] for one in row["runs"]] == [0.2, 0.1, 0.4]
    assert row["runs"][0]["metrics"]["loss"]["last"] == 0.1
    best = {"metric": "loss", "value": 0.05, "run_id": batch[1].id, "run_number": 3}
    assert row["children"]["best"] == best
    (listed,) = invoke("run", "list").json
    assert listed["children"] == row["children"]


def test_a_batch_is_shown_while_it_goes_on(invoke, experiment, script, gate, ready):
    door = gate("door")
    script("waits.py", f"{ready.opened}.write('up\\n'); {door.passed}")
    configs = [ScriptRunConfig("source", "waits.py", max_concurrent_runs=1) for _ in range(2)]
    batch = experiment.submit_many(configs)
    ready.line()

    shown = invoke("run", "show", batch.parent.id, "-o", "table")

    assert [row[1] for row in lines(shown)[-2:]] == ["Running", "Queued"]
    assert shown.last_line == "Running: 1 Running, 1 Queued"
    door.open(2)
    batch.wait_for_completion()


@pytest.mark.parametrize(
    ("says", "told"),
    [
        ("", "3 runs, 2 ok, 1 failed"),
        ('minimize = ["loss"]', "3 runs, 2 ok, best loss 0.05 (#2)"),
        ('maximize = ["loss"]', "3 runs, 2 ok, best loss 0.1 (#3)"),
        ('minimize = ["acc"]', "3 runs, 2 ok, 1 failed"),
    ],
)
def test_a_batch_is_one_row_that_tells_how_its_runs_went(
    invoke, experiment, workspace_dir, says, told
):
    (workspace_dir / "homerun.toml").write_text(says)
    batch_of(experiment, "0.1", "0.2", "0.4")

    shown = invoke("run", "list", "-o", "table")

    assert len(lines(shown)) == 2
    assert shown.text.rstrip().endswith(told)
    assert shown.last_line == "--children lists the runs below, too"


def test_unfolded_each_run_of_a_batch_names_it(invoke, experiment):
    batch_of(experiment, "0.1", "0.2")

    shown = invoke("run", "list", "--children", "-o", "table")

    assert [line.split()[0] for line in shown.text.splitlines()] == ["#", "3", "2", "1"]
    assert [line.split()[-1] for line in shown.text.splitlines()[1:3]] == ["-", "-"]
    assert shown.text.splitlines()[1].count("#1") == 1
    assert "--children" not in shown.err


def test_the_best_of_a_batch_is_none_of_another(invoke, experiment):
    batch_of(experiment, "0.05")
    batch = batch_of(experiment, "0.2", "0.1")

    shown = invoke("run", "best", "loss", "--parent-run-id", batch.parent.id)

    assert [row["run_id"] for row in shown.json] == [batch[1].id, batch[0].id]


def test_the_metrics_of_a_batch_are_those_of_its_runs(invoke, experiment):
    batch = batch_of(experiment, "0.1")

    shown = invoke("run", "metrics", batch.parent.id, "-o", "table")

    assert (shown.code, shown.out) == (0, b"")
    assert shown.err == (
        f"{batch.parent.id} is a batch: homerun show digits/1 shows the metrics of its runs\n"
    )


def test_a_tag_that_is_no_parameter_stands_in_the_table(invoke, experiment):
    configs = [ScriptRunConfig("source", "train.py", ["--lr", rate]) for rate in ("0.1", "0.2")]
    batch = experiment.submit_many(configs, [{"lr": "0.1", "who": "Ann"}, {"lr": "high"}])
    batch.wait_for_completion()

    rows = lines(invoke("run", "show", batch.parent.id, "-o", "table"))[-3:]

    assert [row[-1] for row in rows] == ["tags", "who=Ann", "lr=high"]


# Again, and why


def test_a_batch_is_submitted_again_as_another_with_the_same_parameters(invoke, experiment):
    former = batch_of(experiment, "0.1", "0.4")
    former.parent.display_name = "rates"

    done = invoke("run", "resubmit", former.parent.id)

    assert done.json["display_name"] == "rates"
    assert done.json["properties"]["homerun.resubmitted_from"] == former.parent.id
    again = Batch.of(experiment.workspace.get_run(done.json["run_id"]))
    assert again.wait_for_completion(raise_on_error=False) == ["Completed", "Failed"]
    assert [run.describe()["params"] for run in again] == [{"lr": 0.1}, {"lr": 0.4}]
    assert [run.get_tags() for run in again] == [{"lr": "0.1"}, {"lr": "0.4"}]
    assert [run.get_properties()["homerun.resubmitted_from"] for run in again] == [
        run.id for run in former
    ]


def test_options_and_the_code_of_now_are_those_of_each_run(invoke, experiment, script):
    former = batch_of(experiment, "0.1", "0.2")
    script("train.py", "import sys; print('new', *sys.argv[1:])")

    row = invoke("run", "resubmit", former.parent.id, "--code", "now", "--", "--lr", "0.3").json

    again = Batch.of(experiment.workspace.get_run(row["run_id"]))
    assert again.wait_for_completion() == ["Completed", "Completed"]
    shown = invoke("run", "logs", row["run_id"]).text.splitlines()
    assert [line.partition(" | ")[2] for line in shown] == ["new --lr 0.3"] * 2


def test_nothing_of_a_batch_is_submitted_again_where_one_of_it_cannot_be(invoke, experiment):
    config = ScriptRunConfig("source", "train.py", ["--lr", "0.1", "--token", "canary"])
    former = experiment.submit_many([config, config])
    former.wait_for_completion()

    done = invoke("run", "resubmit", former.parent.id)

    assert done.code == 2
    assert "does not hold --token *****" in done.last_line
    assert len(invoke("run", "list", "--children").json) == 3
    again = former.resubmit(["canary-2"])
    assert again.wait_for_completion() == ["Completed", "Completed"]


def test_a_run_that_is_no_batch_is_refused_as_one(experiment):
    run = experiment.submit(ScriptRunConfig("source", "train.py", ["--lr", "0.1"]))
    run.wait_for_completion()

    with pytest.raises(UserError, match="is not a batch"):
        Batch.of(run)


def test_studio_submits_a_batch_again_as_a_whole(experiment):
    former = batch_of(experiment, "0.1", "0.2")

    made = bulk.again(former.parent)

    again = Batch.of(experiment.workspace.get_run(made))
    assert again.wait_for_completion() == ["Completed", "Completed"]


def test_what_failed_is_not_submitted_again_once_a_copy_of_it_goes_well(invoke, experiment, script):
    failed = batch_of(experiment, "0.4")[0]
    first = invoke("run", "resubmit", "--failed", "-e", "digits")
    (copy,) = first.json
    assert copy["properties"]["homerun.resubmitted_from"] == failed.id
    experiment.workspace.get_run(copy["run_id"]).wait_for_completion(raise_on_error=False)
    script("train.py", "pass")

    second = invoke("run", "resubmit", "--failed", "-e", "digits", "--code", "now")
    (again,) = second.json
    assert again["properties"]["homerun.resubmitted_from"] == copy["run_id"]
    experiment.workspace.get_run(again["run_id"]).wait_for_completion()
    third = invoke("run", "resubmit", "--failed", "-e", "digits")

    assert (third.code, third.json) == (0, [])
    assert "#2 as #4 (Completed), #3 as #4 (Completed)" in third.err


def test_what_failed_in_a_batch_is_submitted_again_and_nothing_of_other_batches(
    invoke, experiment, script
):
    other, batch = batch_of(experiment, "0.5"), batch_of(experiment, "0.4")

    (copy,) = invoke("run", "resubmit", batch.parent.id, "--failed").json
    assert copy["properties"]["homerun.resubmitted_from"] == batch[0].id
    experiment.workspace.get_run(copy["run_id"]).wait_for_completion(raise_on_error=False)
    (again,) = invoke("run", "resubmit", batch.parent.id, "--failed").json
    assert again["properties"]["homerun.resubmitted_from"] == copy["run_id"]

    assert invoke("run", "show", other[0].id).json["status"] == "Failed"
    single = invoke("run", "resubmit", other[0].id, "--failed")
    assert single.code == 2
    assert f"run {other[0].id} is not a batch" in single.err


def test_why_a_batch_failed_is_told_by_the_ways_in_which_its_runs_did(invoke, experiment, script):
    source = """
        import sys
        at = int(sys.argv[2])
        if at == 9:
            sys.exit(7)
        raise ValueError(f"diverged at {at}.5") if at else SystemExit(0)
    """
    script("fails.py", source)
    configs = [ScriptRunConfig("source", "fails.py", ["--at", at]) for at in (0, 1, 9, 2)]
    batch = experiment.submit_many(configs)
    batch.wait_for_completion(raise_on_error=False)

    found = invoke("run", "why", batch.parent.id).json
    shown = invoke("run", "why", batch.parent.id, "-e", "digits", "-o", "table").text

    assert found["what"] == "3 of 4 runs failed, 1 Completed"
    assert [(one["count"], one["what"]) for one in found["failures"]] == [
        (2, "ValueError: diverged at 1.5"),
        (1, "the script ended with exit code 7"),
    ]
    assert [one["run_number"] for one in found["failures"][0]["runs"]] == [3, 5]
    assert found["failures"][0]["last_lines"][-1] == "ValueError: diverged at 1.5"
    assert found["advice"] == [
        "homerun why digits/3",
        "homerun why digits/4",
        f"homerun rerun digits/{found['run_number']} --failed",
    ]
    assert "2 x ValueError: diverged at 1.5  (#3, #5)" in shown


def test_the_logs_of_a_batch_are_copied_into_a_folder_for_each_run(invoke, experiment):
    batch = batch_of(experiment, "0.1", "0.2")

    copies = invoke("run", "download-logs", batch.parent.id, "-d", "logs").json

    assert [f"logs/{run.id}/user_logs/std_log.txt" in copies for run in batch] == [True, True]
