"""A batch after its end: its table again, its row in a list, its best run."""

from __future__ import annotations

import pytest

from homerun import Experiment, ScriptRunConfig, Workspace

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
    assert shown.last_line == "Failed: 2 Completed, 1 Failed"


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
        f"{batch.parent.id} is a batch: homerun show 1 shows the metrics of its runs\n"
    )


def test_a_tag_that_is_no_parameter_stands_in_the_table(invoke, experiment):
    configs = [ScriptRunConfig("source", "train.py", ["--lr", rate]) for rate in ("0.1", "0.2")]
    batch = experiment.submit_many(configs, [{"lr": "0.1", "who": "Ann"}, {"lr": "high"}])
    batch.wait_for_completion()

    rows = lines(invoke("run", "show", batch.parent.id, "-o", "table"))[-3:]

    assert [row[-1] for row in rows] == ["tags", "who=Ann", "lr=high"]
