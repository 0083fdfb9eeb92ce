"""`homerun store check`, `gc` and `stats`."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from runstore import layout
from runstore.fs import mounts


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


def test_what_takes_room_is_told_by_experiment_and_run_the_largest_first(invoke, submit, script):
    script("train.py", "open('outputs/model', 'wb').write(b'x' * 200_000)", ".")
    large = submit("train.py")["run_id"]
    script("train.py", "", ".")
    submit("train.py")

    found = invoke("du").json
    lines = invoke("du", "-o", "table").text.splitlines()
    of_one = invoke("du", "-e", "digits", "--largest", "1").json

    runs = found["runs"]
    assert [runs[0]["run_id"], runs[0]["run_number"], len(runs)] == [large, 1, 2]
    assert runs[0]["size_bytes"] > 200_000 > runs[1]["size_bytes"]
    of_runs = sum(one["size_bytes"] for one in found["experiments"])
    assert of_runs == sum(one["size_bytes"] for one in runs)
    assert found["size_bytes"] == of_runs + sum(found["parts"].values())
    assert list(found["parts"].values()) == sorted(found["parts"].values(), reverse=True)
    assert lines[0].split() == ["size", "what"]
    assert lines[1].endswith("2 runs")
    assert len(of_one["runs"]) == 1
    assert "parts" not in of_one


def test_a_file_with_several_names_counts_once(invoke, submit, script):
    script("train.py", "open('outputs/a', 'wb').write(b'x' * 500_000)", ".")
    folder = Path(submit("train.py")["directory"])
    before = invoke("du").json["size_bytes"]
    os.link(folder / "outputs/a", folder / "outputs/b")

    after = invoke("du").json["size_bytes"]

    assert after - before < 100_000


def test_an_experiment_that_is_not_there_has_no_size(invoke, submit, script):
    script("train.py", "", ".")
    submit("train.py")

    done = invoke("du", "-e", "nowhere")

    assert done.code == 1
    assert "there is no experiment 'nowhere'" in done.err


def test_a_disk_that_is_nearly_full_is_told_at_submit_and_by_what_counts_bytes(
    invoke, submit, script, monkeypatch
):
    script("train.py", "", ".")
    submit("train.py")
    monkeypatch.setattr(mounts, "room", lambda _: (3 << 30, 100 << 30))

    done = invoke("run", "submit-script", "-e", "digits", "train.py")
    batch = invoke("run", "submit-script", "-e", "digits", "--grid", "x=1,2,3", "train.py")
    told = invoke("store", "stats").json["disk"]
    shown = invoke("du", "-o", "table")

    line = "only 3.0 GiB of 100 GiB are free on the disk of the store: homerun du says"
    assert done.err.count(line) == 1
    assert batch.err.count(line) == 1
    assert told == {"free_bytes": 3 << 30, "size_bytes": 100 << 30, "is_nearly_full": True}
    assert "3.0 GiB of 100 GiB free: the disk is nearly full" in shown.text + shown.err


@pytest.mark.parametrize(
    ("free", "size", "is_full"),
    [(40, 1000, False), (9, 1000, True), (11, 1000, False), (4, 100, True), (6, 100, False)],
)
def test_a_disk_is_nearly_full_below_5_percent_of_a_large_one_below_10_gib(free, size, is_full):
    assert mounts.is_nearly_full(free << 30, size << 30) is is_full
    assert mounts.is_nearly_full((1 << 30) - 1, 2 << 30) is True
