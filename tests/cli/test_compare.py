"""`homerun run compare`."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from homerun import Experiment, Workspace
from homerun.environments import interpreter


@pytest.fixture
def runs(workspace_dir: Path, monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """The ids of two runs that are over; what they ran with is not on record."""
    monkeypatch.setattr(interpreter, "note_own", lambda *_: None)
    experiment = Experiment(Workspace.from_config(), "compared")
    found = []
    for name, rate in (("one", 0.5), ("two", 0.25)):
        Path("code").mkdir(exist_ok=True)
        Path("code/train.py").write_text(f"rate = {rate}\n", encoding="utf-8")
        run = experiment.start_logging(snapshot_directory="code", display_name=name)
        run.tag("\x1b[31mkind", "mlp")
        run.log("rate", rate)
        run.complete()
        found.append(run.id)
    return found


def test_a_table_tells_what_differs_and_how_much_is_the_same(cli, runs):
    done = cli("run", "compare", *runs, "--code", "-o", "table")

    heading, *lines = done.out.decode().splitlines()
    assert heading.split() == ["what", "of", "#1", "#2"]
    cells = [line.split() for line in lines]
    assert ["metrics", "rate", "0.5", "0.25"] in cells
    assert "+rate = 0.25" in lines
    assert not any("kind" in line for line in lines)
    assert done.last_line.endswith("that are the same; --all shows them")
    everything = cli("run", "compare", *runs, "--all", "-o", "table").out.decode()
    assert "\\x1b[31mkind" in everything


def test_packages_that_only_some_have_are_one_row_where_they_are_many(cli, runs):
    for run_id, count in zip(runs, (20, 5)):
        folder = Path(Workspace.from_config().get_run(run_id).directory)
        packages = [f"p{number}=={count}" for number in range(count)]
        said = {"version": "3", "packages": packages}
        (folder / "interpreter.json").write_text(json.dumps(said), encoding="utf-8")

    table = cli("run", "compare", *runs, "-o", "table").out.decode()
    everything = cli("run", "compare", *runs, "--all", "-o", "table").out.decode()

    cells = [line.split() for line in table.splitlines()]
    assert ["packages", "p0", "20", "5"] in cells
    assert ["(15", "that", "not", "all", "have)", "15", "0"] in cells
    assert not any("p19" in line for line in cells)
    assert ["p19", "20", "-"] in [line.split() for line in everything.splitlines()]


def test_json_has_all_of_it(cli, runs):
    found = cli("run", "compare", *runs).json

    assert found["runs"] == runs
    (rate,) = (row for row in found["differences"] if row["section"] == "metrics")
    assert rate == {"section": "metrics", "name": "rate", "values": [0.5, 0.25]}
    assert {"section": "tags", "name": "\x1b[31mkind", "value": "mlp"} in found["same"]
    assert cli("run", "compare", runs[0]).last_line == (
        "homerun: a comparison is of two runs or more, or of a batch: name each run once"
    )


MANY = 7


@pytest.fixture
def many(workspace_dir: Path, monkeypatch: pytest.MonkeyPatch) -> str:
    """The id of a run with seven below it, which differ in ten parameters and ten metrics."""
    monkeypatch.setattr(interpreter, "note_own", lambda *_: None)
    parent = Experiment(Workspace.from_config(), "many").start_logging(snapshot_directory=None)
    for at in range(MANY):
        child = parent.child_run()
        child.log_params({f"param {n}": f"/one/path/that/goes/on/and/on/{at}" for n in range(10)})
        child.log_params({"optimizer": "adam", "status": at})
        for n in range(10):
            child.log(f"metric {n}", at / 7)
        child.log("same", 1)
        child.tag("status", str(at))
        child.tag("by", "ann" if at else "bob")
        child.complete()
    parent.complete()
    return parent.id


def test_of_more_than_three_runs_each_is_a_row_with_what_differs_in_columns(cli, many):
    done = cli("run", "compare", many, "-o", "table")

    heading, *rows = done.text.splitlines()
    assert heading.split()[:2] == ["#", "status"]
    assert all(name in heading for name in ("params.status", "param 9", "metric 9"))
    assert not any(name in heading for name in ("optimizer", "same", "metric 0.min"))
    assert [row.split()[:2] for row in rows] == [[str(n + 2), "Completed"] for n in range(MANY)]
    assert all(row.count(f"/on/{at}") == 10 for at, row in enumerate(rows))
    assert "what else differs: tags (1); -o json tells, or a comparison of two" in done.err
    everything = cli("run", "compare", many, "--all", "-o", "table").text
    assert {"optimizer", "same"} <= set(everything.splitlines()[0].split())


def test_on_a_narrow_terminal_columns_are_left_out_and_named(terminal, many):
    found = terminal("run", "compare", many)
    assert found.end() == 0

    heading, *rows = found.text.splitlines()[: MANY + 1]
    assert all(len(line) <= 80 for line in (heading, *rows))
    assert "param 0" in heading
    assert "metric 0" in heading
    assert "and 16 more; a wider terminal shows more, -o json all" in found.text


def test_three_runs_with_long_values_fit_a_terminal(terminal, workspace_dir, monkeypatch):
    monkeypatch.setattr(interpreter, "note_own", lambda *_: None)
    experiment = Experiment(Workspace.from_config(), "compared")
    found = []
    for end in "abc":
        run = experiment.start_logging(snapshot_directory=None)
        run.log_params({"path": f"/a/path/that/goes/on/and/on/and/on/{end}"})
        run.complete()
        found.append(run.id)

    shown = terminal("run", "compare", *found)
    assert shown.end() == 0

    (line,) = (one for one in shown.text.splitlines() if "path" in one)
    assert len(line) <= 80
    assert all(f"/on/{end}" in line for end in "abc")
