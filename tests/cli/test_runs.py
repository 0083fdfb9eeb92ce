"""The commands about runs that are there: JSON for programs, tables for people."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

LOGS = """
    from homerun import Run

    run = Run.get_context()
    for value in (3.0, 1.0, 2.0):
        run.log("loss", value)
    run.log("note", "good")
    run.log("lost", float("nan"))
    print("trained")
"""


@pytest.fixture
def train(script, submit):
    """One finished run."""
    script("train.py", LOGS, ".")
    return submit("--tags", "lr=0.1", "train.py", "--epochs", "3")


def test_run_list_gives_the_newest_first_and_at_most_so_many(cli, submit, script):
    script("train.py", LOGS, ".")
    ids = [submit("train.py")["run_id"], submit("train.py", experiment="other")["run_id"]]
    ids.append(submit("train.py")["run_id"])

    assert [row["run_id"] for row in cli("run", "list").json] == ids[::-1]
    assert [row["run_id"] for row in cli("run", "list", "--last", "2").json] == ids[:0:-1]
    assert [row["run_id"] for row in cli("run", "list", "-e", "other").json] == [ids[1]]


def test_a_row_holds_the_keys_of_azure_and_ours(cli, train):
    row = cli("run", "list").json[0]

    assert row["run_number"] == 1
    assert row["status"] == "Completed"
    assert row["script_name"] == "train.py"
    assert row["arguments"] == ["--epochs", "3"]
    assert row["tags"] == {"lr": "0.1"}
    assert row["properties"] == {}
    assert row["created_utc"].endswith("Z")
    assert set(row["process"]) >= {"pid", "supervisor_pid"}
    assert set(row["outcome"]) >= {"exit_code", "signal", "cause", "source"}
    assert os.path.isdir(row["directory"])


def test_an_empty_list_is_an_empty_array_for_programs(cli):
    done = cli("run", "list")

    assert (done.json, done.err, done.code) == ([], "", 0)


def test_an_empty_list_is_a_line_that_helps_for_people(cli, workspace_dir):
    done = cli("run", "list", "-o", "table")

    assert done.out == b""
    assert "homerun run SCRIPT" in done.err
    assert os.listdir(workspace_dir) == []


def test_an_unknown_experiment_is_an_error_and_is_not_made(cli, train):
    done = cli("run", "list", "-e", "digit")

    assert done.code == 1
    assert done.err.startswith("homerun: there is no experiment 'digit'")
    assert [row["name"] for row in cli("experiment", "list").json] == ["digits"]


def test_the_beginning_of_an_id_is_enough(cli, train):
    done = cli("run", "show", "-r", train["run_id"][:-3])

    assert done.json["run_id"] == train["run_id"]


def test_a_beginning_that_two_runs_share_is_refused(cli, train, submit):
    submit("train.py")

    done = cli("run", "show", "-r", "digits_")

    assert done.code == 1
    assert done.err.startswith("homerun: 'digits_' names several runs: digits #1 Completed ")
    assert len(done.err.splitlines()) == 1


@pytest.mark.parametrize("command", ["show", "cancel", "monitor-logs", "metrics"])
@pytest.mark.parametrize("run_id", ["nothing", "../x", "a/b", "é", "-"])
def test_an_unknown_id_is_one_line_for_every_command(cli, train, command, run_id):
    done = cli("run", command, f"-r{run_id}")

    assert done.code == 1
    assert done.out == b""
    assert done.err.startswith("homerun: there is no run ")
    assert len(done.err.splitlines()) == 1


def test_an_empty_id_is_wrong_usage_and_not_any_run(cli, train):
    done = cli("run", "cancel", "-r", "")

    assert done.code == 2
    assert "the run's id is empty; homerun ls shows the ids" in done.err


def test_a_damaged_run_json_does_not_take_the_list_down(cli, submit, train):
    damaged = submit("train.py")
    Path(damaged["directory"], "run.json").write_text("{")

    rows = {row["run_id"]: row for row in cli("run", "list").json}

    assert rows[train["run_id"]]["status"] == "Completed"
    assert rows[damaged["run_id"]]["status"] == "Completed"
    assert "run.json is damaged" in rows[damaged["run_id"]]["warnings"][0]
    assert damaged["run_id"].encode() in cli("run", "list", "-o", "table").out
    assert cli("run", "show", "-o", "table", "-r", damaged["run_id"]).code == 0


def test_cancel_prints_the_final_status_of_a_live_run(cli, script, ready):
    script(
        "endless.py", f"import signal\nup = {ready.opened}\nup.write('up\\n')\nsignal.pause()", "."
    )
    run_id = cli("run", "submit-script", "-e", "digits", "--async", "endless.py").json["run_id"]
    ready.line()

    done = cli("run", "cancel", "-o", "table", "-r", run_id)

    assert done.out.decode() == f"{run_id}: Canceled\n"
    assert done.code == 0
    ready.eof()


def test_cancel_of_an_ended_run_keeps_its_status(cli, train):
    done = cli("run", "cancel", "-r", train["run_id"])

    assert done.json["status"] == "Completed"
    assert done.code == 0


def test_metrics_are_strict_json_by_name(cli, train):
    assert cli("run", "metrics", "-r", train["run_id"]).json == {
        "loss": [3.0, 1.0, 2.0],
        "note": "good",
        "lost": "NaN",
    }


def test_the_table_of_metrics_has_last_least_most_and_count(terminal, train):
    shown = terminal("run", "metrics", "-r", train["run_id"])

    assert shown.end() == 0
    rows = [line.split() for line in shown.text.splitlines()]
    assert rows[0][:5] == ["name", "last", "min", "max", "count"]
    assert rows[1][:5] == ["loss", "2", "1", "3", "3"]
    assert rows[2][:5] == ["note", "good", "-", "-", "1"]
    assert rows[3][:5] == ["lost", "nan", "-", "-", "1"]


def test_a_metric_whose_name_has_wide_characters_is_whole_and_in_line(terminal, submit, script):
    script("train.py", "from homerun import Run; Run.get_context().log('損失', 0.5)", ".")
    row = submit("train.py")

    shown = terminal("run", "metrics", "-r", row["run_id"])

    assert shown.end() == 0
    assert shown.text.splitlines()[1].split()[:5] == ["損失", "0.5", "0.5", "0.5", "1"]


def test_a_run_without_metrics_is_a_line_for_people_and_an_empty_object_for_programs(
    cli, script, submit
):
    script("quiet.py", "", ".")
    run_id = submit("quiet.py")["run_id"]

    assert cli("run", "metrics", "-r", run_id).json == {}
    assert "has logged no metrics" in cli("run", "metrics", "-o", "table", "-r", run_id).err


def test_monitor_logs_shows_an_ended_run_and_exits_as_it_did(cli, script, submit):
    script("fails.py", "print('one'); raise SystemExit(3)", ".")
    run_id = submit("fails.py")["run_id"]

    done = cli("run", "monitor-logs", "-r", run_id)

    assert done.out == b"one\n"
    assert done.code == 1
    assert "exit code 3" in done.last_line


def test_download_logs_copies_them_into_a_folder_and_names_the_copies(cli, train, workspace_dir):
    run_id = train["run_id"]

    for_people = cli("run", "download-logs", "-r", run_id, "-d", "some/logs", "-o", "table")
    for_programs = cli("run", "download-logs", "-r", run_id, "-d", "others")

    names = ["user_logs/std_log.txt", "supervisor.log"]
    assert (for_people.code, for_people.err) == (0, "")
    assert for_people.out.decode().splitlines() == [f"some/logs/{name}" for name in names]
    assert for_programs.json == [f"others/{name}" for name in names]
    assert (workspace_dir / "some/logs/user_logs/std_log.txt").read_text() == "trained\n"


def test_download_logs_into_a_file_is_refused_in_a_line(cli, train, workspace_dir):
    (workspace_dir / "file").write_text("mine")

    done = cli("run", "download-logs", "-r", train["run_id"], "-d", "file")

    assert done.code == 1
    assert done.err.count("\n") == 1
    assert "file/user_logs/std_log.txt" in done.last_line


def test_the_list_names_the_file_of_an_image_and_the_columns_of_a_table(cli, script, submit):
    script("image.gif", "GIF89a", ".")
    script(
        "train.py",
        """
        from homerun import Run
        run = Run.get_context()
        run.log_image("picture", path="image.gif")
        run.log_table("points", {"x": [1, 2], "y": [3, 4]})
        """,
        ".",
    )
    assert submit("train.py")["status"] == "Completed"

    shown = [
        cli("run", "list", "-o", "table", "--sort", f"metrics.{name}").out.decode().splitlines()
        for name in ("picture", "points")
    ]

    (heading, picture), (_, points) = shown
    assert " picture " in heading
    assert " image.gif " in picture
    assert " a table of x, y " in points


GRID = """
import sys
from homerun import Run
lr, seed = float(sys.argv[2]), int(sys.argv[4])
if seed == 1 and lr == 1:
    raise ValueError("no such data")
Run.get_context().log("loss", 1 / lr + seed)
"""


@pytest.fixture
def grid(cli, script):
    """A batch of four, of which one fails, and a run beside it."""
    script("grid.py", GRID, ".")
    cli("run", "submit-script", "-e", "g", "--grid", "lr=0.5,1", "--grid", "seed=0..1", "grid.py")
    cli("run", "submit-script", "-e", "g", "grid.py", "--lr", "0.1", "--seed", "7")


def test_the_best_run_of_a_grid_comes_first_and_a_batch_is_one_row(cli, grid):
    best = cli("run", "list", "-e", "g", "--sort", "metrics.loss").json
    plain = cli("run", "list", "-e", "g").json

    assert [row["params"] for row in best][:2] == [{"lr": 1, "seed": 0}, {"lr": 0.5, "seed": 0}]
    assert best[0]["metrics"] == {
        "loss": {"last": 1.0, "min": 1.0, "max": 1.0, "mean": 1.0, "count": 1}
    }
    assert [row.get("children", {}).get("total") for row in plain] == [None, 4]
    assert plain[1]["children"]["by_status"] == {"Completed": 3, "Failed": 1}


def test_a_status_list_has_children_and_says_why_they_failed(cli, grid):
    rows = cli("run", "list", "--status", "Failed", "-e", "g").json
    shown = cli("run", "list", "--where", "status = failed", "--columns", "params.lr,error")
    text = cli("run", "list", "--status", "Failed", "-o", "table", "--columns", "number, error")

    assert [row["failure"] for row in rows] == [
        "ValueError: no such data",
        "not all of its runs completed",
    ]
    assert len(shown.json) == 2
    assert text.out.decode().split("\n")[:2] == [
        "number  error",
        "5       ValueError: no such data",
    ]


def test_a_run_can_be_named_whatever_columns_are_shown(cli, grid, submit, script):
    submit(script("t.py", ""), experiment="other")

    def head(*words):
        return cli("ls", "-o", "table", *words).out.decode().splitlines()[0].split()

    assert head("-e", "g", "--columns", "status,params.lr") == ["#", "status", "params.lr"]
    assert head("--columns", "status") == ["#", "status", "experiment"]
    assert head("--columns", "experiment,number") == ["experiment", "number"]
    assert head("--columns", "id,status") == ["id", "status"]


def test_a_list_shows_what_differs_among_the_parameters_and_how_many_there_are(cli, grid):
    shown = cli("run", "list", "-e", "g", "--children", "--last", "2", "-o", "table")

    heading, first, second = shown.out.decode().splitlines()
    assert heading.split()[:5] == ["#", "name", "status", "lr", "seed"]
    assert [first.split()[3:5], second.split()[3:5]] == [["0.1", "7"], ["1", "1"]]
    assert "2 of 6 runs; --last 6 shows all" in shown.err


@pytest.mark.parametrize(
    ("options", "says"),
    [
        (["--columns", "lr"], "there is no field 'lr'; did you mean params.lr"),
        (["--columns", "number,text"], "name a column"),
        (["--where", "created > yesterday"], "'yesterday' is not a valid time for created: write"),
        (["--sort", "loss"], "did you mean params.loss or metrics.loss"),
    ],
)
def test_a_field_or_value_that_is_none_is_refused_in_a_line(cli, train, options, says):
    done = cli("run", "list", *options)

    assert done.code != 0
    assert says in done.err
    assert done.out == b""


def test_monitor_logs_into_a_closed_pipe_ends_quietly(cli, start, script, gate):
    wait = gate("wait")
    script("two.py", f"print('one'); {wait.passed}; print('two')", ".")
    run_id = cli("run", "submit-script", "-e", "digits", "--async", "two.py").json["run_id"]
    process = start("run", "monitor-logs", "-r", run_id)
    assert process.stdout.readline() == b"one\n"

    process.stdout.close()
    wait.open()

    assert process.wait(30) == 1
    assert process.stderr.read() == b""
    assert cli("run", "monitor-logs", "-r", run_id).out == b"one\ntwo\n"


def test_the_list_on_a_terminal_of_80_columns_shows_whole_ids(terminal, submit, script):
    script("a_script_with_a_rather_long_name.py", LOGS, ".")
    tags = ("--tags", "learning_rate=0.001", "--tags", "quality=fantastic run")
    row = submit(*tags, "a_script_with_a_rather_long_name.py", experiment="explore-runs")

    shown = terminal("run", "list")

    assert shown.end() == 0
    heading, line = shown.text.splitlines()
    assert heading.split() == ["#", "name", "status", "took", "started", "script", "tags"]
    assert line.startswith(f"1  {row['run_id']} ")
    assert " Completed " in line
    assert len(line) <= 80


def test_a_terminal_too_narrow_for_all_columns_loses_the_last_ones(terminal, submit, script):
    script("train.py", LOGS, ".")
    row = submit("--tags", "lr=0.1", "train.py", experiment="an-experiment-of-medium-length")

    shown = terminal("run", "list")

    assert shown.end() == 0
    heading, line = shown.text.splitlines()
    assert heading.split() == ["#", "name", "status", "took"]
    assert line.startswith(f"1  {row['run_id']} ")
    assert len(line) <= 80


def test_an_id_that_is_wider_than_the_terminal_is_still_whole(terminal, submit, script):
    script("train.py", LOGS, ".")
    row = submit("--run-id", "x" * 100, "train.py")

    shown = terminal("run", "list")

    assert shown.end() == 0
    assert row["run_id"] in shown.text


def test_a_status_is_coloured_unless_the_user_wants_none(terminal, train):
    coloured, plain = terminal("run", "list"), terminal("run", "list", NO_COLOR="1")

    assert coloured.end() == plain.end() == 0
    assert b"\x1b[32m" in coloured.raw
    assert b"\x1b[32m" not in plain.raw


def test_a_tag_cannot_steer_the_terminal_nor_be_read_as_markup(terminal, submit, script):
    script("train.py", LOGS, ".")
    submit("--tags", "a=\x1b]\x07", "--tags", "b=[red]", "--run-id", "r", "train.py")

    shown = terminal("run", "list")

    assert shown.end() == 0
    assert b"\x1b]" not in shown.raw
    assert r"a=\x1b]\x07 b=[red]" in shown.text


def test_show_on_a_terminal_names_what_a_person_asks_for(terminal, script, submit):
    script("fails.py", "print('one'); raise SystemExit(3)", ".")
    row = submit("fails.py")

    shown = terminal("run", "show", "-r", row["run_id"])

    assert shown.end() == 0
    fields = dict(line.split(maxsplit=1) for line in shown.text.splitlines() if line[0] != " ")
    assert fields["run"].strip() == row["run_id"]
    assert fields["status"].strip() == "Failed"
    assert fields["exit"].split() == ["code", "3"]
    assert "the script ended with exit code 3" in fields["error"]


def test_a_table_that_is_asked_for_in_a_pipe_is_not_cut(cli, train):
    done = cli("run", "show", "-o", "table", "-r", train["run_id"])

    assert train["directory"].encode() in done.out
