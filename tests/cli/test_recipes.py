"""The recipes of docs/resources.md: what failed in the last days, by target, and all of one run."""

from __future__ import annotations

import re
import shlex
from collections import Counter
from pathlib import Path

import pytest

from homerun import Experiment, ScriptRunConfig, Workspace

PAGE = Path(__file__).parents[2] / "docs" / "resources.md"
SECTION = "## What failed, and where"


@pytest.fixture
def lines() -> list[list[str]]:
    """The command lines of the section, without what a shell does with them."""
    text = PAGE.read_text().partition(SECTION)[2].partition("\n## ")[0]
    found = [line.partition(" | ")[0] for line in re.findall(r"^\$ homerun (.*)$", text, re.M)]
    return [shlex.split(line.replace("17", "2")) for line in found]


def test_the_questions_of_the_page_on_monitoring_are_answered(lines, script, invoke):
    script("train.py", "import sys; sys.exit(int(sys.argv[1]))")
    workspace = Workspace.from_config()
    experiment = Experiment(workspace, "digits")
    for code in ("0", "3", "0"):
        run = experiment.submit(ScriptRunConfig("source", "train.py", [code]))
        run.wait_for_completion(raise_on_error=False)
    failed, by_target, record, files = (
        invoke(*line, "-e", "digits") if line[0] == "ls" else invoke(line[0], "digits/2", *line[2:])
        for line in lines
    )

    assert all(done.code == 0 for done in (failed, by_target, record, files))
    assert [row["run_number"] for row in failed.json] == [2]
    counts = Counter(tuple(line.split("\t")) for line in by_target.text.splitlines())
    assert counts == {("local", "Completed"): 2, ("local", "Failed"): 1}
    assert (record.json["run_number"], record.json["status"]) == (2, "Failed")
    assert "user_logs/std_log.txt" in files.text


def test_the_same_in_python(script):
    pandas = pytest.importorskip("pandas")
    script("train.py", "")
    workspace = Workspace.from_config()
    run = Experiment(workspace, "digits").submit(ScriptRunConfig("source", "train.py"))
    run.wait_for_completion()
    frame = workspace.to_pandas(where="started > 5d")

    counted = frame.groupby(["target", "status"]).size()
    assert isinstance(counted, pandas.Series)
    assert counted.to_dict() == {("local", "Completed"): 1}
