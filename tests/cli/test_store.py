"""`homerun store check`, `gc` and `stats`."""

from __future__ import annotations

from pathlib import Path

import pytest

from runstore import layout


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


def test_garbage_is_named_counted_and_removed(invoke, runs):
    gone = Path(".runs", layout.SNAPSHOTS, "0" * 40)
    (gone / layout.SNAPSHOT_TREE).mkdir(parents=True)
    (gone / layout.SNAPSHOT_MANIFEST).write_text("{}")

    looked = invoke("store", "gc", "--dry-run", "-o", "table")
    assert gone.exists()
    assert looked.text.splitlines()[1].split()[:2] == ["snapshot", f".snapshots/{'0' * 40}"]
    assert "would be freed; homerun store gc, without --dry-run, does it" in looked.err

    assert [one["what"] for one in invoke("store", "gc").json["items"]] == ["snapshot"]
    assert not gone.exists()
    assert invoke("store", "gc", "-o", "table").err == "there is nothing to remove\n"


def test_the_numbers_of_a_store_are_shown(invoke, runs):
    found = invoke("store", "stats", "--largest", "1").json
    assert found["statuses"] == {"Completed": 3, "Failed": 1}
    assert len(found["largest"]) == 1

    lines = invoke("store", "stats", "-o", "table").text.splitlines()
    assert ["runs", "4"] in [line.split() for line in lines]
    assert any(line.startswith("digits ") for line in lines)
