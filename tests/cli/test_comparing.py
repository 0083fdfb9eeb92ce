"""`homerun run compare`."""

from __future__ import annotations

from pathlib import Path

import pytest

from homerun import Experiment, Workspace


@pytest.fixture
def runs(workspace_dir: Path) -> list[str]:
    """The ids of two runs that are over."""
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


def test_json_has_all_of_it(cli, runs):
    found = cli("run", "compare", *runs).json

    assert found["runs"] == runs
    (rate,) = (row for row in found["differences"] if row["section"] == "metrics")
    assert rate == {"section": "metrics", "name": "rate", "values": [0.5, 0.25]}
    assert {"section": "tags", "name": "\x1b[31mkind", "value": "mlp"} in found["same"]
    assert cli("run", "compare", runs[0]).last_line == (
        "homerun: a comparison is of two runs or more, each of them named once"
    )
