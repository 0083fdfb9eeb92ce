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
    assert heading.split() == ["what", "of", *runs]
    cells = [line.split() for line in lines]
    assert ["metrics", "rate", "0.5", "0.25"] in cells
    assert "+rate = 0.25" in lines
    assert not any("kind" in line for line in lines)
    assert done.last_line.endswith("more are the same; --all shows them")
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
        "homerun: a comparison is of two runs or more: name each of them once"
    )
