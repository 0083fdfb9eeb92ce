"""`homerun store check`, and stores that are not as they should be."""

from __future__ import annotations

from pathlib import Path

import pytest


@pytest.fixture
def damaged(submit, script):
    """The folder of a run whose run.json is damaged."""
    script("train.py", "", ".")
    folder = Path(submit("train.py")["directory"])
    (folder / "run.json").write_text("{")
    return folder


def test_a_whole_store_has_nothing_to_report(cli, submit, script):
    script("train.py", "", ".")
    submit("train.py")

    assert cli("store", "check").json == []
    assert cli("store", "check", "-o", "table").code == 0


def test_a_damaged_file_is_named_and_the_check_exits_1(cli, damaged):
    done = cli("store", "check")

    assert done.code == 1
    assert [row["path"] for row in done.json] == [f"digits/{damaged.name}/run.json"]
    assert done.json[0]["repaired"] is False
    assert (damaged / "run.json").read_text() == "{"


def test_a_repair_moves_the_damaged_file_aside(cli, damaged):
    done = cli("store", "check", "--repair")

    assert [row["repaired"] for row in done.json] == [True]
    assert done.code == 0
    assert not (damaged / "run.json").exists()


def test_on_a_terminal_the_damaged_file_and_the_repair_are_named(terminal, damaged):
    shown = terminal("store", "check")

    assert shown.end() == 1
    assert damaged.name in shown.text.replace("\n", "")
    assert "homerun store check --repair" in shown.text


def test_a_damaged_store_json_is_one_line_on_submit(cli, damaged):
    Path(".runs/store.json").write_text("{")

    done = cli("run", "submit-script", "-e", "digits", "train.py")

    assert done.code == 1
    assert "store.json is damaged" in done.err
    assert len(done.err.splitlines()) == 1


def test_a_workspace_path_that_is_not_there_is_one_line(cli):
    done = cli("run", "list", "-p", "nowhere")

    assert done.code == 1
    assert done.err.startswith("homerun: there is no file or folder ")
