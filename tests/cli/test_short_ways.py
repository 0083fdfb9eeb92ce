"""The commands of a day: short names, names of runs, and `homerun run SCRIPT`."""

from __future__ import annotations

import json
import os
import signal
import sys
from pathlib import Path

import pytest

from homerun import Experiment, Workspace
from runstore.errors import InvalidName

TRAIN = """
import sys
from homerun import Run
Run.get_context().log("loss", float(sys.argv[-1]))
print("trained with", sys.argv[1:])
"""


@pytest.fixture
def train(script):
    script("train.py", TRAIN, ".")


@pytest.fixture
def meant(invoke):
    """The id of the run that words name."""
    return lambda *words: invoke("show", *words, "--query", "run_id").json


def start(experiment: str, **how: object) -> str:
    run = Experiment(Workspace.from_config(), experiment).start_logging(
        snapshot_directory=None, outputs=False, **how
    )
    run.complete()
    return str(run.id)


def test_a_script_is_run_and_the_first_line_says_which_run_it_is(cli, train):
    done = cli("run", "train.py", "--lr", "0.1")

    assert (done.code, done.text) == (0, "trained with ['--lr', '0.1']\n")
    first = done.err.splitlines()[1]  # behind that of the new store
    assert first.startswith("workspace #1  python ")
    assert first.endswith("  log: homerun logs 1")


def test_the_line_for_the_log_shows_it_from_here_also_of_another_experiment(cli, train):
    line = cli("run", "-e", "digits", "train.py", "1").err.splitlines()[1]

    assert cli(*line.partition("log: homerun ")[2].split()).text == "trained with ['1']\n"


def test_detached_and_quiet_prints_the_id_alone(cli, train):
    done = cli("run", "-dq", "train.py", "1")

    assert cli("wait", done.text.strip()).code == 0
    assert done.text.count("\n") == 1


def test_quiet_waits_without_the_output_and_exits_as_the_run_ended(cli, script):
    script("fails.py", "print('out')\nraise SystemExit(3)", ".")

    done = cli("run", "-q", "fails.py")

    assert done.code == 1
    assert cli("show", done.text.strip(), "--query", "status").json == "Failed"


def test_a_quiet_batch_prints_its_id_alone(cli, train):
    done = cli("run", "--grid", "lr=1,2", "-q", "train.py")

    assert (done.code, done.text.count("\n")) == (0, 1)
    assert len(cli("ls", "--parent-run-id", done.text.strip()).json) == 2


def test_any_program_is_run_behind_two_dashes(cli, workspace_dir):
    Path("go.sh").write_text("#!/bin/sh\necho went $1\n")
    Path("go.sh").chmod(0o755)

    assert cli("run", "--", "echo", "-n", "hi", "--").text == "hi --"
    assert cli("run", "--", "./go.sh", "far").text == "went far\n"
    assert cli("run", "./go.sh", "near").text == "went near\n"


def test_a_program_by_its_full_path_runs_here_and_its_folder_is_no_code(cli, workspace_dir):
    done = cli("run", "/bin/echo", "hi")

    assert done.text == "hi\n"
    assert cli("show", "1").json.get("script_name") is None
    assert "reading the source folder" not in done.err


def test_a_module_is_run(cli, workspace_dir):
    Path("package").mkdir()
    Path("package/__init__.py").touch()
    Path("package/train.py").write_text("import sys; print(__name__, sys.argv[1:])")

    assert cli("run", "-m", "package.train", "--lr", "1").text == "__main__ ['--lr', '1']\n"


def test_a_word_that_is_a_command_is_the_command_and_a_path_is_the_file(cli, workspace_dir):
    Path("list").write_text("#!/bin/sh\necho the file\n")
    Path("list").chmod(0o755)

    assert cli("run", "list").json == []
    assert cli("run", "./list").text == "the file\n"


@pytest.mark.parametrize(
    ("word", "meant"),
    [("tran.py", "train.py"), ("lst", "list"), ("./tran.py", "train.py"), ("echo", "run --")],
)
def test_what_is_neither_script_nor_command_is_refused_and_makes_nothing(
    invoke, train, word, meant
):
    done = invoke("run", word)

    assert done.code == 2
    assert f"there is no script or command {word!r}" in done.err
    assert meant in done.err
    assert not Path(".runs").exists()


def test_name_note_and_variables_are_given_at_submit(cli, script):
    script("says.py", "import os; print(os.environ['A'], os.environ['B'])", ".")

    done = cli(
        *("run", "--name", "baseline", "--note", "the first", "--env", "A=1", "--env", "B"),
        "says.py",
        B="here",
    )

    row = cli("show", "baseline").json
    assert done.text == "1 here\n"
    assert (row["display_name"], row["description"]) == ("baseline", "the first")


def test_a_variable_without_a_value_here_is_refused(invoke, train):
    done = invoke("run", "--env", "NOT_SET_HERE", "train.py")

    assert done.code == 2
    assert "'NOT_SET_HERE' is not a valid NAME=VALUE, nor a variable that is set here" in done.err


def test_the_projects_file_says_experiment_variables_and_target(cli, script):
    script("says.py", "import os; print(os.environ['A'])", ".")
    Path("homerun.toml").write_text('experiment = "said"\nenv = { A = "from the file" }\n')

    assert cli("run", "says.py").text == "from the file\n"
    assert cli("run", "--env", "A=from the line", "says.py").text == "from the line\n"
    assert [row["experiment_name"] for row in cli("ls").json] == ["said", "said"]


def test_the_activated_environment_runs_the_script(cli, script, workspace_dir):
    script("says.py", "import sys; print(sys.executable)", ".")
    folder = workspace_dir / "active" / "bin"
    folder.mkdir(parents=True)
    (folder / "python").write_text(f'#!/bin/sh\necho activated; exec {sys.executable} "$@"\n')
    (folder / "python").chmod(0o755)

    done = cli("run", "says.py", VIRTUAL_ENV=str(folder.parent))

    assert done.text.splitlines()[0] == "activated"
    assert "  python active/bin/python  " in done.err
    own = cli("run", "--python", sys.executable, "says.py", VIRTUAL_ENV=str(folder.parent))
    assert own.text.splitlines()[0] != "activated"


def test_a_missing_module_names_the_python_and_how_to_choose_another(cli, script):
    script("needs.py", "import not_installed_here", ".")

    done = cli("run", "needs.py")

    assert f"{sys.executable} has no module not_installed_here" in done.last_line
    assert "--python" in done.last_line


def test_a_missing_module_is_named_below_a_traceback_of_any_length(cli, script):
    calls = [f"def f{n}():\n    f{n + 1}()\n" for n in range(20)]
    script("deep.py", "".join(calls) + "def f20():\n    import not_installed_here\nf0()", ".")

    assert "has no module not_installed_here" in cli("run", "deep.py").last_line


def test_a_dry_run_tells_and_makes_nothing(cli, train):
    done = cli("run", "--dry-run", "--grid", "lr=1,2", "train.py", "--password", "geheim")

    told = done.json
    assert told["command"][1:] == ["train.py", "--password", "*****"]
    assert told["grid"] == [{"lr": "1"}, {"lr": "2"}]
    assert (told["experiment"], told["files"]) == ("workspace", 1)
    assert not Path(".runs").exists()


def test_a_dry_run_of_what_cannot_run_says_why(cli, train):
    assert "there is no program" in cli("run", "--dry-run", "--", "no-such-program").last_line


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (["--run-id", "taken"], "a run 'taken' exists already"),
        (["--run-id", "17"], "a number alone means the run of that number"),
        (["-e", "a.b"], "'a.b' is not a valid experiment name"),
    ],
)
def test_a_dry_run_refuses_what_a_submit_would(cli, train, words, said):
    cli("run", "--run-id", "taken", "train.py", "1")

    for more in (["--dry-run"], []):
        done = cli("run", *words, *more, "train.py", "1")
        assert (done.code, said in done.err) == (1, True), done.err
    assert len(cli("ls", "--children").json) == 1


@pytest.mark.parametrize("more", [[], ["--grid", "lr=1,2"]])
def test_a_target_that_is_not_defined_is_this_machine_with_one_notice(cli, train, more):
    done = cli("run", "--target", "none", *more, "train.py", "1")

    assert done.code == 0
    assert done.err.count("there is no target 'none' here: the run is placed on this machine") == 1


def test_a_dry_run_in_a_store_that_may_not_be_written_says_so(cli, train, workspace_dir):
    cli("run", "train.py", "1")
    Path(".runs/store.json").write_text('{"format": 99, "id": "x"}')

    done = cli("run", "--dry-run", "train.py", "1")

    assert done.code == 1
    assert done.last_line == cli("run", "train.py", "1").last_line


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (["-m", "train.py"], "homerun run train.py runs the file"),
        (["-m", "package/train"], "homerun run -m package.train"),
        (["-q", "-o", "json", "train.py"], "-q prints the id alone"),
        (["-e", "x", "list"], "options go behind the command: homerun run list"),
    ],
)
def test_what_is_put_in_the_wrong_way_is_told_the_right_one(invoke, train, words, said):
    done = invoke("run", *words)

    assert (done.code, said in done.err) == (2, True), done.err


def test_options_of_every_command_may_stand_before_it(cli, script, workspace_dir):
    script("train.py", TRAIN, "there")

    assert cli("-p", "there", "run", "train.py", "1").code == 0
    row = cli("-o", "json", "--path=there", "ls").json[0]
    assert (row["run_number"], row["experiment_name"]) == (1, "there")
    assert cli("run", "-p", "there", "list").json == [row]
    assert cli("store", "-p", "there", "check").code == 0
    assert cli("-p", "there", "--no-color", "show", "1", "-o", "tsv").code == 0


@pytest.mark.parametrize(
    ("words", "said"),
    [
        ("-e digits ls", "-e goes behind the command: homerun ls -e …"),
        ("-d run train.py", "-d goes behind the command: homerun run -d …"),
        ("-p there", "which command? e.g. homerun ls -p there"),
        ("-p there lss", "there is no command homerun lss (did you mean ls?)"),
        ("--nothing ls", "No such option '--nothing'"),
    ],
)
def test_an_option_that_stands_wrongly_before_the_command_says_where_it_goes(
    invoke, workspace_dir, words, said
):
    done = invoke(*words.split())

    assert (done.code, said in done.err) == (2, True), done.err


def test_runs_of_a_grid_are_chosen_at_random(cli, train):
    done = cli("run", "--grid", "lr=log:1e-5..1e-1", "--random", "3", "train.py")

    values = [float(row["tags"]["lr"]) for row in done.json["children"]]
    assert len(set(values)) == 3
    assert all(1e-5 <= value <= 1e-1 for value in values)


@pytest.mark.parametrize("words", [["--detach"], ["-o", "json"], ["--name", "x"], ["--tags=a=b"]])
def test_options_of_homerun_behind_the_script_are_pointed_out(cli, train, words):
    done = cli("run", "train.py", *words, "1")

    name = words[0].partition("=")[0]
    assert f"{name} stands behind the script, which gets it; homerun's own go before" in done.err
    assert done.text == f"trained with {[*words, '1']}\n"


@pytest.mark.parametrize(
    "text",
    [
        "parser.add_argument('--name')",
        "def main(name: str): ...",
        "class Arguments: name = ''",
        "from arguments import parser",
    ],
)
def test_options_that_the_script_takes_are_not_pointed_out(invoke, script, text):
    script("arguments.py", "parser.add_argument('-n', '--name')", ".")
    script("takes.py", f"parser = 0\n{text}", ".")

    assert "stands behind" not in invoke("run", "--dry-run", "takes.py", "--name", "x").err
    assert "--note stands behind" in invoke("run", "--dry-run", "takes.py", "--note", "x").err
    assert "stands behind" not in invoke("run", "--dry-run", "takes.py", "--", "--note").err


def test_ctrl_c_cancels_what_runs_quietly(start, script, gate):
    wait = gate("wait")
    script("waits.py", wait.passed, ".")
    process = start("run", "-q", "waits.py")
    run_id = process.stdout.readline().decode().strip()

    process.send_signal(signal.SIGINT)

    assert process.wait(60) == 130
    assert Workspace.from_config().get_run(run_id).get_status() == "Canceled"


def test_a_run_is_named_by_its_number_in_the_current_experiment(workspace_dir, meant, monkeypatch):
    first, _, other = start("digits"), start("digits"), start("other")
    monkeypatch.setenv("HOMERUN_EXPERIMENT", "other")

    assert meant("1") == meant("#1") == other
    assert meant("digits/1") == first
    monkeypatch.setenv("HOMERUN_EXPERIMENT", "digits")
    assert meant("1") == first


def test_a_number_that_only_one_experiment_has_is_found_from_anywhere(workspace_dir, meant):
    start("digits")
    second = start("digits")
    start("other")

    assert meant("2") == second


def test_a_number_of_several_experiments_lists_them(workspace_dir, invoke):
    ids = [start("digits"), start("other")]

    done = invoke("show", "1")

    assert done.code == 1
    assert "'1' names several runs: " in done.err
    assert all(f"({run_id})" in done.err for run_id in ids)
    assert "digits #1 Completed 0s ago" in done.err


def test_a_run_is_named_by_any_part_of_its_id_of_four_letters(workspace_dir, meant, invoke):
    run_id = start("digits")

    assert meant(run_id[-8:]) == meant(run_id[-8:-4]) == meant(run_id[3:14]) == run_id
    assert "there is no run" in invoke("show", run_id[-3:]).err


def test_digits_name_a_run_by_the_random_end_of_its_id_where_no_run_has_that_number(
    workspace_dir, meant, invoke
):
    start("digits", run_id="digits_1795974190_90068001")

    assert meant("9006") == meant("06800") == "digits_1795974190_90068001"
    assert "there is no run '1795'" in invoke("show", "1795").err
    start("digits", run_id="digits_1795974190_90068002")
    assert "'90068' names several runs" in invoke("show", "90068").err


def test_a_run_is_named_by_its_display_name(workspace_dir, meant, invoke):
    run_id = start("digits", display_name="base line")
    start("digits", display_name="twin")
    start("digits", display_name="twin")

    assert meant("base line") == run_id
    assert "'twin' names several runs: digits #2" in invoke("show", "twin").err


def test_an_id_that_is_a_number_is_refused_and_found_first_where_an_older_version_gave_it(
    cli, train, meant
):
    done = cli("run", "--run-id", "5", "train.py", "1")
    assert done.code == 1
    assert "'5' is not a valid run id: a number alone means the run of that number" in done.err
    with pytest.raises(InvalidName):
        start("digits", run_id="5")

    run = Path(Workspace.from_config().store.root, "digits", start("digits"))
    fact = json.loads((run / "run.json").read_text())
    (run / "run.json").write_text(json.dumps({**fact, "id": "1"}))
    run.rename(run.with_name("1"))

    assert meant("1") == "1"


def test_words_name_the_last_the_running_and_the_best(workspace_dir, meant, invoke):
    experiment = Experiment(Workspace.from_config(), "digits")
    ids = []
    for loss in (3.0, 1.0, 2.0):
        run = experiment.start_logging(snapshot_directory=None, outputs=False)
        run.log("loss", loss)
        ids.append(run.id)
        if loss != 1.0:
            run.complete()

    assert meant("@last") == meant("last/digits") == meant("@last/digits") == ids[2]
    assert meant("@running") == meant("running/digits") == ids[1]
    assert "minimize" in invoke("show", "@best").err
    Path("homerun.toml").write_text('experiment = "digits"\nminimize = ["loss"]\n')
    assert meant("@best") == meant("best/digits") == ids[1]
    assert meant("@best~2") == ids[0]
    Workspace.from_config().get_run(ids[1]).cancel()


def test_the_best_run_of_a_grid_comes_first(cli, train):
    cli("run", "--grid", "lr=3,1,2", "train.py")

    rows = cli("best", "loss").json

    assert [row["metrics"]["loss"]["last"] for row in rows] == [1.0, 2.0, 3.0]
    assert cli("best", "loss", "--max", "--last", "1").json[0]["metrics"]["loss"]["max"] == 3


def test_a_run_is_run_again_with_another_option(cli, train):
    cli("run", "train.py", "--a", "1", "--lr", "0.1")

    row = cli("rerun", "1", "--", "--lr", "0.2").json

    assert row["arguments"] == ["--a", "1", "--lr", "0.2"]
    assert cli("wait", row["run_id"]).code == 0


def test_a_rerun_keeps_the_words_that_are_no_options(cli, train):
    cli("run", "train.py", "--lr", "0.1", "1.5")
    cli("run", "train.py", "--fast", "1.5")

    assert cli("rerun", "1", "--", "--lr", "0.2").json["arguments"] == ["--lr", "0.2"]
    refused = cli("rerun", "2", "--", "--fast")
    assert refused.code == 1
    assert "is '1.5' the value of --fast, or an argument of its own?" in refused.err


def test_a_rerun_of_a_run_of_a_grid_is_tagged_with_its_own_value(cli, train):
    cli("run", "--grid", "lr=0.1", "--tags", "kept", "train.py")

    row = cli("rerun", "2", "--", "--lr", "0.7").json

    assert row["tags"] == {"kept": None, "lr": "0.7"}


def test_a_number_whose_run_is_gone_names_no_other_run(cli, train):
    cli("run", "-e", "workspace", "train.py", "1")
    other = cli("run", "-e", "other", "-q", "train.py", "1").text.strip()

    assert cli("rm", "1", "--yes").code == 0
    assert "there is no run '1'" in cli("rm", "1", "--yes").err
    assert cli("show", "other/1", "--query", "run_id").json == other
    assert "there is no run '1795'" in cli("show", "1795").err  # the ids hold it


def test_a_parameter_that_is_called_as_a_column_takes_no_columns_place(cli, train):
    cli("run", "--name", "first", "train.py", "--status", "odd", "--name", "x", "1")
    cli("run", "--name", "second", "train.py", "--status", "even", "--name", "y", "1")

    done = cli("ls", "-o", "table")

    head = done.text.splitlines()[0].split()
    assert {"name", "status", "params.name", "params.status"} <= set(head)
    assert "first" in done.text
    assert "Completed" in done.text


def test_a_name_behind_ls_says_how_it_is_meant(invoke, workspace_dir):
    done = invoke("ls", "digits")

    assert done.code == 2
    assert "homerun ls -e digits" in done.err


def test_columns_that_are_none_name_the_file_that_says_them(invoke, workspace_dir):
    Path("homerun.toml").write_text('columns = ["lr"]\n')

    assert f"{workspace_dir}/homerun.toml: columns: there is no field 'lr'" in invoke("ls").err


def test_the_best_run_is_none_that_failed(cli, script):
    script("t.py", TRAIN + "\nsys.exit(int(sys.argv[1] == 'fail'))", ".")
    cli("run", "t.py", "fail", "0.1")
    cli("run", "t.py", "go", "0.2")

    assert [row["run_number"] for row in cli("best", "loss").json] == [2]


def test_a_run_is_run_again_with_the_code_of_now(cli, script):
    script("train.py", "print('old')", ".")
    cli("run", "train.py")
    script("train.py", "print('new')", ".")

    ids = [cli("rerun", "1", "--code", code).json["run_id"] for code in ("snapshot", "now")]

    assert cli("wait", *ids).code == 0
    assert [cli("logs", run_id).text for run_id in ids] == ["old\n", "new\n"]


def test_waiting_ends_with_the_first_or_all_and_tells_how(cli, start, script, gate):
    wait = gate("wait")
    script("waits.py", wait.passed, ".")
    script("fails.py", "raise SystemExit(3)", ".")
    slow = cli("run", "-d", "-q", "waits.py").text.strip()
    fails = cli("run", "-d", "-q", "fails.py").text.strip()

    first = cli("wait", slow, fails, "--any")
    assert (first.code, [row["run_id"] for row in first.json]) == (1, [fails])
    assert "was not over after 0.1 s; it goes on" in cli("wait", slow, "--timeout", "0.1s").err
    process = start("wait", slow)
    wait.open()
    assert process.wait(60) == 0
    assert [row["status"] for row in cli("wait", slow, fails).json] == ["Completed", "Failed"]


def test_why_says_cause_exception_and_what_to_do(cli, script):
    script("needs.py", "print('begins')\nopen('nothing.csv')", ".")
    cli("run", "needs.py")

    told = cli("why").json

    assert told["what"] == "the script ended with exit code 1"
    assert told["exception"].startswith("FileNotFoundError: [Errno 2] No such file")
    assert told["last_lines"][0] == "begins"
    assert any("--in-place" in line for line in told["advice"])


def test_why_of_a_canceled_run_says_who_and_when(cli, script, gate):
    wait = gate("wait")
    script("waits.py", wait.passed, ".")
    cli("run", "-d", "-q", "waits.py")
    cli("stop", "1")

    done = cli("why", "1")
    assert done.code == 0, done.err
    told = done.json

    assert (told["status"], told["what"]) == ("Canceled", "the run was canceled")
    assert told["by"]
    assert told["at"].endswith("Z")


def test_why_of_a_run_that_was_canceled_with_its_parent_says_so(cli, script):
    script("wait.py", "import signal; signal.pause()", ".")
    made = cli("run", "-d", "-e", "digits", "--grid", "lr=0.1", "wait.py").json
    cli("stop", made["run_id"])
    (child,) = cli("ls", "--parent-run-id", made["run_id"]).json

    told = cli("why", child["run_id"]).json

    assert told["what"] == "the run was canceled: its parent was canceled"


def test_stopping_a_run_that_is_over_says_so(cli, train):
    cli("run", "train.py", "1")

    done = cli("stop", "1", "-o", "table")

    assert "it was over already; nothing was canceled" in done.err
    assert done.text.endswith(": Completed\n")


def test_files_are_listed_printed_and_copied(cli, script, workspace_dir):
    script("writes.py", "open('outputs/a b.txt', 'w').write('text')", ".")
    cli("run", "writes.py")

    names = {row["name"] for row in cli("files", "1").json}
    assert names == {"outputs/a b.txt", "user_logs/std_log.txt"}
    assert cli("files", "1", "outputs/a b.txt").text == "text"
    folder = cli("files", "1", "--folder").text
    assert folder.endswith("\n")
    assert Path(folder.rstrip("\n"), "outputs/a b.txt").read_text() == "text"
    assert cli("files", "1", "--folder", "-o", "json").json == folder.rstrip("\n")
    assert cli("files", "1", "outputs/a b.txt", "--folder").text == (
        f"{folder.rstrip()}/outputs/a b.txt\n"
    )
    assert cli("files", "1", "-d", "here").code == 0
    assert Path("here/outputs/a b.txt").read_text() == "text"
    assert cli("files", "1", "../run.json").code == 1
    assert os.path.realpath(folder.rstrip()) == os.path.realpath(
        cli("open", "1", DISPLAY="", WAYLAND_DISPLAY="").text.rstrip()
    )


def test_files_that_a_script_left_elsewhere_in_its_folder_are_named_with_their_place(cli, script):
    source = "import os; os.mkdir('ckpt'); open('ckpt/last', 'w'); open('a.csv', 'w')"
    script("writes.py", f"{source}; os.symlink('a.csv', 'a.link')", ".")
    cli("run", "writes.py")
    folder = cli("files", "1", "--folder").text.rstrip()

    told = " ".join(cli("files", "1", "-o", "table").err.split())

    [place] = Path(folder, "work").iterdir()
    assert told == f"the script also left a.csv, ckpt/ in {place}"
    assert Path(place, "ckpt/last").exists()


def test_what_lies_in_the_copy_of_a_run_that_goes_on_is_not_called_left(cli, script):
    script("waits.py", "import signal; signal.pause()", ".")
    cli("run", "-d", "waits.py")

    assert "left" not in cli("files", "1", "-o", "table").err
    cli("stop", "1")


def test_the_code_of_a_run_is_compared_with_that_of_another_and_of_now(cli, script):
    script("train.py", "print('old')\n", ".")
    cli("run", "train.py")
    assert cli("diff", "1", "-o", "json").json == {"diff": ""}
    script("train.py", "print('new')\nif 1:\n\tprint('tab')\n", ".")
    cli("run", "train.py")

    for words in (["1"], ["1", "2"]):
        diff = cli("diff", *words).text
        assert {"-print('old')", "+print('new')", "+\tprint('tab')"} <= set(diff.splitlines())
        assert cli("diff", *words, "-o", "json").json == {"diff": diff}
    same = cli("diff", "2")
    assert (same.text, same.last_line) == ("", "the code is the same")


def test_tags_are_set_and_removed(cli, train):
    cli("run", "--tags", "draft", "train.py", "1")

    assert cli("tag", "1", "keep", "a=b c", "--remove", "draft").json["tags"] == {
        "keep": None,
        "a": "b c",
    }


def test_what_was_deleted_comes_back(cli, train):
    run_id = cli("run", "-q", "train.py", "1").text.strip()

    assert cli("rm", run_id, "--yes").code == 0
    assert cli("ls").json == []
    assert cli("restore", run_id).json == {"run_ids": [run_id]}


@pytest.mark.parametrize("how", ["2", "#2", "workspace/2", "base line", "@last", "PART"])
def test_a_deleted_run_is_named_as_any_other_and_told_when_it_is_back(cli, invoke, train, how):
    cli("run", "-q", "train.py", "1")
    cli("run", "--name", "base line", "train.py", "1")
    run_id = cli("show", "2", "--query", "run_id").json
    deleted = cli("rm", "2", "--yes", "-o", "table")

    back = invoke("restore", how.replace("PART", run_id[-5:]), "-o", "table")

    assert deleted.err == "moved 1 run to the trash; homerun restore 2 takes it back\n"
    assert back.err == f"restored workspace #2 base line ({run_id})\n"


def test_a_deleted_run_that_is_asked_for_is_said_to_be_in_the_trash(cli, train):
    cli("run", "train.py", "1")
    cli("rm", "1", "--yes")

    assert "it was deleted; homerun restore 1 takes it back" in cli("show", "1").err
    assert "there is no run '2' in the trash" in cli("restore", "2").err


def test_a_batch_comes_back_with_its_runs_also_where_these_are_named_too(cli, train):
    cli("run", "--grid", "lr=1,2", "train.py")
    cli("rm", "1", "--yes")

    back = cli("restore", "1", "3", "-o", "table")

    assert back.err.splitlines() == [back.err.splitlines()[0]]
    assert "#1" in back.err
    assert back.err.endswith(" and 2 runs below it\n")
    assert len(cli("ls", "--children").json) == 3


def test_the_configuration_is_shown_with_where_it_comes_from(cli, workspace_dir):
    Path("homerun.toml").write_text('experiment = "said"\nmaximize = ["acc"]\n')

    told = cli("config").json

    place = f"{workspace_dir}/homerun.toml"
    assert told["experiment"] == {"value": "said", "source": place}
    assert told["goal"] == {"value": "highest acc", "source": place}
    assert told["python"] == {"value": sys.executable, "source": "homerun's own"}


@pytest.mark.parametrize(
    ("habit", "word"), [("ps", "ls"), ("kill", "stop"), ("list", "ls"), ("rename", "run update")]
)
def test_habits_are_understood(invoke, habit, word):
    assert f"did you mean {word}?" in invoke(habit).err


@pytest.mark.parametrize(
    ("given", "seconds"), [("90", 90.0), ("90s", 90.0), ("1.5m", 90.0), ("1h30m", 5400.0)]
)
def test_a_duration_has_a_unit_or_is_seconds(cli, train, given, seconds):
    cli("run", "--max-run-duration", given, "train.py", "1")

    run = json.loads(next(Path(".runs").glob("*/*/run.json")).read_text())
    assert run["max_run_duration_seconds"] == seconds
