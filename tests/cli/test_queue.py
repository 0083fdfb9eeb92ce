"""`homerun queue …`, `homerun target …`, and what is said of a run that waits."""

from __future__ import annotations

import json
import os
import signal
from pathlib import Path

import pytest

from helpers import process
from helpers.wait import DEADLINE_S, holds_within, wait_until
from runstore import layout
from runstore.fs import facts
from runstore.run import identity

SUBMIT = ("run", "submit-script", "-e", "digits")


@pytest.fixture
def held(cli, script, ready, gate):
    """A target `small` of one slot, with a run on it that waits at a gate."""
    door = gate("door")
    script("hold.py", f"{ready.opened}.write('up\\n'); {door.passed}", ".")
    script("noop.py", "print('done')", ".")
    assert cli("target", "add", "small", "--slots", "1").code == 0
    row = cli(*SUBMIT, "--target", "small", "--async", "hold.py").json
    ready.line()
    yield row
    door.open()
    wait_until(lambda: cli("run", "list", "--status", "Queued").json == [], "nothing waits")
    assert cli("run", "monitor-logs", "-r", row["run_id"]).code in (0, 1)
    ready.eof()


def enter(cli, *options):
    return cli(*SUBMIT, "--target", "small", "--async", *options, "noop.py").json["run_id"]


def test_the_queue_is_listed_with_position_reason_and_priority(cli, held):
    low, high = enter(cli), enter(cli, "--priority", "5", "--slots", "2")

    local, small = cli("queue", "list").json

    assert (local["target"], local["waiting"]) == ("local", [])
    assert (small["slots"], small["busy"], small["paused"]) == (1, 1, False)
    first, second = small["waiting"]
    assert (first["run_id"], first["position"], first["priority"]) == (high, 1, 5)
    assert (first["slots"], first["reason"]) == (2, "the only slot is busy")
    assert (second["run_id"], second["reason"]) == (low, "behind 1 other")
    assert second["script_name"] == "noop.py"
    shown = cli("queue", "list", "--target", "small", "-o", "table").out.decode()
    assert shown.splitlines()[0] == "small: 1 of 1 busy, 2 waiting"
    assert low in shown


def test_a_run_that_waits_says_where_and_why(cli, held):
    waits = enter(cli)

    row = cli("run", "show", "-r", waits).json
    table = cli("run", "list", "-o", "table").out.decode()
    card = cli("run", "show", "-r", waits, "-o", "table").out.decode()

    assert row["status"] == "Queued"
    assert row["queue"]["position"] == 1
    assert row["queue"]["since_utc"].endswith("Z")
    assert "#1: the only slot is busy" in table
    assert "#1: the only slot is busy" in card


def test_a_paused_queue_starts_nothing_until_it_is_resumed(cli, script):
    script("noop.py", "", ".")
    cli("target", "add", "local", "--slots", "1")
    assert cli("queue", "pause").json["paused"]
    run_id = cli(*SUBMIT, "--async", "noop.py").json["run_id"]

    assert cli("run", "list").json[0]["queue"]["reason"] == "the queue is paused"

    assert not cli("queue", "resume").json["paused"]
    assert cli("run", "monitor-logs", "-r", run_id).code == 0


def test_who_follows_a_run_that_waits_is_told_so_once_and_then_sees_its_output(
    cli, start, script, ready, gate
):
    door = gate("door")
    script("hold.py", f"{ready.opened}.write('up\\n'); {door.passed}", ".")
    script("noop.py", "print('done')", ".")
    cli("target", "add", "local", "--slots", "1")
    cli(*SUBMIT, "--async", "hold.py")
    ready.line()
    process = start(*SUBMIT, "noop.py")

    line = process.stderr.readline().decode()
    door.open()

    assert "waits: position 1 in the queue of local: the only slot is busy" in line
    assert process.stdout.read() == b"done\n"
    assert process.wait(DEADLINE_S) == 0
    assert b"waits" not in process.stderr.read()
    ready.eof()


def test_ctrl_c_while_it_waits_cancels_the_run_which_never_starts(cli, start, held):
    process = start(*SUBMIT, "--target", "small", "noop.py")
    assert b"waits" in process.stderr.readline()

    process.send_signal(signal.SIGINT)

    assert process.wait(DEADLINE_S) == 130
    run = cli("run", "list").json[0]
    assert (run["status"], run["script_name"]) == ("Canceled", "noop.py")
    assert not os.path.exists(f"{run['directory']}/{layout.STARTED}")


def test_after_everything_was_killed_the_next_command_sets_the_queue_going(cli, held):
    waiting = [enter(cli) for _ in range(3)]
    started = facts.read(held["directory"], layout.STARTED)
    for who in ("supervisor", "script"):
        process.send(process.look(int(started[who]["pid"])), signal.SIGKILL)
    for who in ("supervisor", "script"):
        assert holds_within(lambda who=who: not identity.lives(started[who]), DEADLINE_S)

    assert cli("experiment", "list").code == 0  # looks at none of the runs that wait

    folder = os.path.dirname(held["directory"])
    ended = [f"{folder}/{run_id}/{layout.ENDED}" for run_id in waiting]
    wait_until(lambda: all(map(os.path.exists, ended)), "all that waited are over")


def test_max_concurrent_runs_holds_for_whoever_starts_the_run(cli, script, ready, gate):
    door = gate("door")
    script("hold.py", f"{ready.opened}.write('up\\n'); {door.passed}", ".")
    limited = (*SUBMIT, "--async", "--max-concurrent-runs", "1")
    first, second = (cli(*limited, "hold.py").json["run_id"] for _ in range(2))
    ready.line()

    cli("run", "list")  # which would start it, under no limit

    assert cli("run", "show", "-r", second).json["status"] == "Queued"
    door.open(2)
    assert cli("run", "monitor-logs", "-r", second).code == 0
    assert cli("run", "monitor-logs", "-r", first).code == 0
    ready.eof()


# Targets


def test_targets_are_added_changed_and_removed(cli):
    assert [row["name"] for row in cli("target", "list").json] == ["local"]

    cli("target", "add", "small", "--type", "local", "--slots", "1", "--default")
    small = cli("target", "list").json[1]
    assert small == {"name": "small", "type": "local", "slots": 1, "default": True}
    assert cli("target", "add", "small", "--slots", "3").json[1]["slots"] == 3

    assert [row["default"] for row in cli("target", "remove", "small").json] == [True]
    assert json.loads(Path(".runs", layout.SETTINGS).read_text()) == {"targets": {}}


@pytest.mark.parametrize(
    "words", [("remove", "nowhere"), ("add", "a/b"), ("add", ".x"), ("add", ""), ("add", "é")]
)
def test_what_is_no_target_is_one_line(cli, words):
    done = cli("target", *words)

    assert done.code == 1
    assert len(done.err.splitlines()) == 1


def test_a_target_that_runs_wait_for_is_not_removed(cli, held):
    waits = enter(cli)

    done = cli("target", "remove", "small")

    assert done.code == 1
    assert "runs wait for the target 'small'" in done.err
    assert cli("run", "show", "-r", waits).json["status"] == "Queued"


def test_settings_that_are_no_json_let_nothing_start_and_say_so(cli, held):
    waits = enter(cli)
    path = Path(".runs", layout.SETTINGS)
    kept = path.read_text()
    path.write_text("{")

    refused = [cli("target", "add", "x"), cli("queue", "list"), cli(*SUBMIT, "noop.py")]
    reason = cli("run", "show", "-r", waits).json["queue"]["reason"]
    path.write_text(kept)

    assert {(done.code, len(done.err.splitlines())) for done in refused} == {(1, 1)}
    assert "holds no settings (line 1, column 2" in reason


def waiting_ids(cli):
    return [row["run_id"] for row in cli("queue", "list", "-t", "small").json[0]["waiting"]]


def test_a_run_that_waits_is_moved_to_the_front_before_another_and_to_the_end(cli, held):
    first, second, third = enter(cli), enter(cli), enter(cli)

    told = cli("queue", "move", third).json
    assert [row["run_id"] for row in told["waiting"]] == [third, first, second]
    assert told["waiting"][0]["position"] == 1

    cli("queue", "move", second, "--before", first)
    assert waiting_ids(cli) == [third, second, first]
    cli("queue", "move", third, "--last")
    assert waiting_ids(cli) == [second, first, third]
    assert cli("run", "show", "-r", third).json["queue"]["position"] == 3


def test_what_does_not_wait_is_not_moved(cli, held):
    waits = enter(cli)

    for line in (("move", held["run_id"]), ("move", waits, "--before", held["run_id"])):
        refused = cli("queue", *line)
        assert refused.code == 1
        assert f"run {held['run_id']} does not wait for small: it is Running" in refused.err
    assert cli("queue", "move", waits, "--before", waits).code == 0
    assert cli("queue", "move", waits, "--before", waits, "--last").code == 2
    assert waiting_ids(cli) == [waits]


def test_t_is_the_target_of_a_queue_and_no_file_of_that_name_is_written(cli, held):
    assert cli("queue", "pause", "-t", "small").json["target"] == "small"
    assert cli("queue", "resume", "-t", "small").json["paused"] is False
    assert cli("queue", "list", "-t", "none").code == 1
    assert not os.path.exists("small")
    told = cli("queue", "list", "--output-metadata-file", "copy.json")
    assert json.loads(Path("copy.json").read_text()) == told.json
