"""`homerun experiment list`."""

from __future__ import annotations


def test_experiments_are_listed_with_their_latest_run(cli, submit, script):
    script("train.py", "", ".")
    submit("train.py", experiment="b")
    latest = submit("train.py", experiment="b")
    submit("train.py", experiment="a")

    rows = cli("experiment", "list").json

    assert [row["name"] for row in rows] == ["a", "b"]
    assert rows[1]["latestRun"]["runId"] == latest["run_id"]
    assert rows[1]["latestRun"]["runNumber"] == 2
    assert rows[1]["latestRun"]["status"] == "Completed"


def test_the_table_of_experiments_names_each(terminal, submit, script):
    script("train.py", "", ".")
    row = submit("train.py")

    shown = terminal("experiment", "list")

    assert shown.end() == 0
    assert shown.text.splitlines()[1].split()[:4] == ["digits", row["run_id"], "1", "Completed"]


def test_no_experiments_are_an_empty_array_or_a_line_that_helps(cli):
    assert cli("experiment", "list").json == []
    assert "there are no experiments" in cli("experiment", "list", "-o", "table").err
