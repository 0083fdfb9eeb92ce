"""`homerun run submit-script`: output, summary, exit code, and what it refuses."""

from __future__ import annotations

import json
import os
import shlex
import subprocess
import sys
from pathlib import Path

import pytest

from helpers.wait import DEADLINE_S

SUBMIT = ("run", "submit-script", "-e", "digits")

LOGS = """
    import sys
    from homerun import Run

    run = Run.get_context()
    run.log("loss", 0.5)
    run.log("loss", 0.25)
    print("trained")
    sys.exit(int(sys.argv[1]) if sys.argv[1:] else 0)
"""


def entries(folder: Path) -> list[str]:
    return sorted(os.listdir(folder))


def test_standard_output_holds_exactly_the_bytes_of_the_script(cli, script):
    script("raw.py", r"import os; os.write(1, b'\xff\x00one\r\n'); os.write(2, b'two')", ".")

    done = cli(*SUBMIT, "raw.py")

    assert done.out == b"\xff\x00one\r\ntwo"
    assert done.code == 0


@pytest.mark.usefixtures("store_made")
def test_the_summary_on_standard_error_names_status_metrics_and_folder(cli, script):
    script("train.py", LOGS, ".")

    done = cli(*SUBMIT, "train.py")

    assert done.out == b"trained\n"
    assert done.err.startswith("Completed in ")
    assert "exit code 0" in done.err
    assert "loss 0.25" in done.err
    assert f"{os.getcwd()}/.runs/digits/digits_" in done.err


def test_a_failed_script_exits_1_and_the_last_line_says_why_and_what_tells_more(cli, script):
    script("train.py", LOGS, ".")

    done = cli(*SUBMIT, "train.py", "3")

    assert done.code == 1
    assert "the script ended with exit code 3" in done.last_line
    why = cli(*done.last_line.partition("; homerun ")[2].removesuffix(" tells more").split())
    assert Path(why.json["log"]).read_text() == "trained\n"


def test_a_script_that_a_signal_ended_is_summed_up_with_its_signal(cli, script):
    script("train.py", "import os; os.kill(os.getpid(), 11)", ".")

    done = cli(*SUBMIT, "train.py")

    assert done.code == 1
    assert "SIGSEGV" in done.last_line


def test_options_behind_the_script_belong_to_the_script(cli, script):
    script("args.py", "import sys; print(sys.argv[1:])", ".")

    done = cli(*SUBMIT, "args.py", "--async", "-e", "x", "--", "-o", "json", "--help")

    assert done.out == b"['--async', '-e', 'x', '--', '-o', 'json', '--help']\n"


def test_two_dashes_may_stand_before_the_script(cli, script):
    script("args.py", "import sys; print(sys.argv[1:])", ".")

    done = cli(*SUBMIT, "--", "args.py", "-x")

    assert done.out == b"['-x']\n"


@pytest.mark.usefixtures("store_made")
def test_with_json_asked_for_standard_output_holds_the_run_alone(cli, script):
    script("train.py", LOGS, ".")

    done = cli(*SUBMIT, "-o", "json", "train.py")

    assert done.json["status"] == "Completed"
    assert done.json["outcome"]["exit_code"] == 0
    assert done.err.startswith("trained\n")


def test_async_prints_id_and_folder_as_json_and_leaves_the_run_going(cli, script, ready, gate):
    wait = gate("wait")
    script("slow.py", f"{ready.opened}.write('up\\n'); {wait.passed}; print('late')", ".")

    done = cli(*SUBMIT, "--async", "slow.py")
    ready.line()
    wait.open()

    assert done.code == 0
    assert done.json["directory"].endswith(f"/.runs/digits/{done.json['run_id']}")
    assert cli("run", "monitor-logs", "-r", done.json["run_id"]).out == b"late\n"


@pytest.mark.usefixtures("store_made")
def test_async_on_a_terminal_prints_two_lines(terminal, script, cli):
    script("train.py", LOGS, ".")

    shown = terminal(*SUBMIT, "--async", "train.py")

    assert shown.end() == 0
    run_id, folder = shown.text.splitlines()
    assert folder == f"{os.getcwd()}/.runs/digits/{run_id}"
    assert cli("run", "monitor-logs", "-r", run_id).code == 0


def test_tags_and_a_given_id_are_on_record(cli, submit, script):
    script("train.py", LOGS, ".")

    row = submit("--tags", "lr=0.1=x", "--tags", "good", "--run-id", "first", "train.py")

    assert row["run_id"] == "first"
    assert row["tags"] == {"lr": "0.1=x", "good": None}
    again = cli(*SUBMIT, "--run-id", "first", "train.py")
    assert again.code == 1
    assert again.last_line.startswith("homerun: a run 'first' exists already")


def test_a_tag_without_a_name_is_wrong_usage(cli, script):
    script("train.py", LOGS, ".")

    done = cli(*SUBMIT, "--tags", "=1", "train.py")

    assert done.code == 2
    assert "'=1' is not a valid tag: give KEY or KEY=VALUE" in done.err


def test_in_place_the_script_works_in_the_source_folder_itself(submit, script, workspace_dir):
    script("write.py", "open('made.txt', 'w').close()", "code")

    submit("--in-place", "--source-directory", "code", "write.py")

    assert (workspace_dir / "code" / "made.txt").exists()


def test_the_path_option_names_workspace_and_source_of_another_folder(cli, script, workspace_dir):
    script("train.py", LOGS, "elsewhere")

    done = cli(*SUBMIT, "-p", "elsewhere", "train.py")

    assert done.code == 0
    assert (workspace_dir / "elsewhere" / ".runs").is_dir()
    assert cli("run", "list").json == []
    assert len(cli("run", "list", "-p", "elsewhere").json) == 1


def test_another_interpreter_runs_the_script(submit, script, workspace_dir):
    script("train.py", "", ".")
    wrapper = workspace_dir / "python"
    wrapper.write_text("#!/bin/sh\necho wrapped > wrapped.txt\n")
    wrapper.chmod(0o700)

    row = submit("--python", str(wrapper), "train.py")

    assert Path(row["directory"], "work/workspace/wrapped.txt").read_text() == "wrapped\n"


def test_a_run_at_its_time_limit_fails_and_says_so(cli, script, gate):
    script("slow.py", gate("never").passed, ".")

    done = cli(*SUBMIT, "--max-run-duration", "0.2", "--grace", "0.1", "slow.py")

    assert done.code == 1
    assert "the run was stopped at its time limit" in done.last_line


def refused(cli, *args: str) -> str:
    """The one line with which a command is refused, that has changed nothing."""
    before = entries(Path.cwd())
    done = cli(*args)
    assert done.code == 1
    assert done.out == b""
    assert len(done.err.splitlines()) == 1
    assert entries(Path.cwd()) == before
    return done.err


def test_an_experiment_name_with_a_slash_is_refused(cli, script):
    script("train.py", LOGS, ".")

    line = refused(cli, "run", "submit-script", "-e", "a/b", "train.py")

    assert line.startswith("homerun: 'a/b' is not a valid experiment name")


def test_a_missing_script_is_refused(cli):
    line = refused(cli, *SUBMIT, "nowhere.py")

    assert line.startswith("homerun: there is no script nowhere.py in the source directory")


def test_a_script_outside_of_the_source_folder_is_refused(cli, script):
    script("train.py", LOGS, ".")
    os.mkdir("code")

    line = refused(cli, *SUBMIT, "--source-directory", "code", "../train.py")

    assert "is outside of the source directory" in line


def test_a_missing_interpreter_is_refused(cli, script):
    script("train.py", LOGS, ".")

    assert "no program 'nopython'" in refused(cli, *SUBMIT, "--python", "nopython", "train.py")


def test_a_store_of_a_newer_format_is_listed_but_not_submitted_to(cli, submit, script):
    script("train.py", LOGS, ".")
    run_id = submit("train.py")["run_id"]
    store = Path(".runs/store.json")
    newer = {**json.loads(store.read_text()), "format": 999}
    store.write_text(json.dumps(newer))

    assert "install a newer homerun" in refused(cli, *SUBMIT, "train.py")
    assert [row["run_id"] for row in cli("run", "list").json] == [run_id]


def test_wrong_usage_is_one_line_that_names_the_help_and_exits_2(cli):
    done = cli("run", "submit-script", "--slots", "many", "train.py")

    assert done.code == 2
    assert done.err.startswith("homerun: Invalid value for '--slots': 'many' is not a valid")
    assert done.err.count("\n") == 1


@pytest.mark.usefixtures("store_made")
def test_when_the_reader_of_the_output_is_gone_the_run_continues_and_that_is_said(
    start, cli, script, gate
):
    wait = gate("wait")
    script("two.py", f"print('one'); {wait.passed}; print('two')", ".")
    process = start(*SUBMIT, "two.py")
    assert process.stdout.readline() == b"one\n"

    process.stdout.close()
    wait.open()

    assert process.wait(DEADLINE_S) == 1
    line = process.stderr.read().decode()
    assert len(line.splitlines()) == 1
    follow = shlex.split(line.split("still running: homerun ")[1])
    assert cli(*follow).out == b"one\ntwo\n"


def test_a_full_disk_under_standard_output_is_said_in_one_line(script, cli):
    script("train.py", LOGS, ".")
    with open("/dev/full", "w") as full:
        done = subprocess.run(
            [sys.executable, "-m", "homerun", *SUBMIT, "train.py"],
            stdout=full,
            stderr=subprocess.PIPE,
        )

    line = done.stderr.decode()
    assert done.returncode == 1
    assert "No space left on device" in line
    assert cli(*shlex.split(line.split("still running: homerun ")[1])).code == 0


@pytest.mark.parametrize(
    ("line", "code"), [("train.py", 0), ("fails.py", 1), ("--slots none train.py", 2)]
)
def test_a_full_disk_under_standard_error_changes_neither_output_nor_exit_code(script, line, code):
    script("train.py", "print('one')", ".")
    script("fails.py", "print('one'); raise SystemExit(3)", ".")
    with open("/dev/full", "w") as full:
        done = subprocess.run(
            [sys.executable, "-m", "homerun", *SUBMIT, *line.split()],
            stdout=subprocess.PIPE,
            stderr=full,
        )

    assert (done.returncode, done.stdout) == (code, b"" if code == 2 else b"one\n")


def test_a_run_configuration_is_found_by_name_and_by_path(cli, script, workspace_dir):
    script("train.py", "import os, sys; print(sys.argv[1:], os.environ['A'])", ".")
    (workspace_dir / ".azureml").mkdir()
    file = workspace_dir / ".azureml/sklearn.runconfig"
    file.write_text(
        "script: train.py\narguments: [--own]\nenvironmentVariables: {A: here}\n", encoding="utf-8"
    )

    for named in ("sklearn", "sklearn.runconfig", str(file)):
        assert cli(*SUBMIT, "-c", named).out == b"['--own'] here\n"
    done = cli(*SUBMIT, "-c", "sklearn", "--max-run-duration", "60", "train.py", "--lr", "1")
    assert done.out == b"['--lr', '1'] here\n"
    assert "run_config: not used" in done.err


def test_a_run_configuration_that_is_not_there_is_said_with_those_that_are(
    cli, script, workspace_dir
):
    (workspace_dir / ".azureml").mkdir()
    (workspace_dir / ".azureml/sklearn.runconfig").touch()

    refusal = refused(cli, *SUBMIT, "-c", "sklaern")

    assert "there is no run configuration 'sklaern'" in refusal
    assert "there are sklearn" in refusal


def test_without_a_script_anywhere_there_is_nothing_to_run(cli, workspace_dir):
    assert "there is nothing to run: give a script or a command" in refused(cli, *SUBMIT)


def test_a_script_that_failed_is_started_again_and_the_attempts_are_shown(cli, script):
    fails = "import os, sys; print('up'); sys.exit(0 if os.environ.get('HOMERUN_ATTEMPT') else 75)"
    script("train.py", fails, ".")
    wish = ("--run-id", "r", "--max-retries", "1", "--retry-on", "signal,exit:75")

    done = cli(*SUBMIT, *wish, "--retry-delay", "0.01", "train.py")

    assert (done.code, done.out) == (0, b"up\nup\n")
    shown = cli("run", "show", "-r", "r", "-o", "table").out.decode()
    assert "1: exit code 75" in shown
    assert "2: exit code 0" in shown


def test_a_cause_that_there_is_none_of_is_one_line(cli, script):
    script("train.py", "", ".")

    done = cli(*SUBMIT, "--max-retries", "1", "--retry-on", "sometimes", "train.py")

    assert done.code == 1
    assert "retry_on holds 'sometimes'" in done.last_line


def test_a_grid_puts_its_own_behind_the_arguments_of_a_run_configuration(
    cli, script, workspace_dir
):
    script("train.py", "", ".")
    (workspace_dir / "grid.runconfig").write_text(
        "script: train.py\narguments: [--own]\ntarget: gpu-cluster\n", encoding="utf-8"
    )

    done = cli(*SUBMIT, "-c", "grid", "--target", "local", "--grid", "lr=1,2", "-o", "json")

    assert done.code == 0
    assert "not used" not in done.err
    assert "there is no target" not in done.err
    asked = [json.loads(path.read_text()) for path in Path(".runs/digits").glob("*/run.json")]
    given = sorted(run["arguments"] for run in asked if run["parent"])
    assert given == [["--own", "--lr", "1"], ["--own", "--lr", "2"]]


def test_a_copy_limit_leaves_links_that_the_end_names(invoke, script, workspace_dir):
    script(".gitignore", "*.pt\n", ".")
    script("best.pt", "best", ".")
    script("train.py", "open('best.pt', 'w').write('mine')", ".")

    copied = invoke("run", "submit-script", "-e", "digits", "--copy-limit", "1GB", "train.py")
    then = (workspace_dir / "best.pt").read_text()
    linked = invoke("run", "submit-script", "-e", "digits", "--copy-limit", "3", "train.py")

    assert (copied.code, "linked" in copied.err, then) == (0, False, "best")
    assert "linked, not copied: best.pt (4 B)\n" in linked.err
    assert "CHANGED  the original of best.pt, which is outside of the run\n" in linked.err
    assert (workspace_dir / "best.pt").read_text() == "mine"


def test_a_copy_limit_that_is_no_size_is_refused(invoke, script):
    script("train.py", "", ".")

    done = invoke("run", "submit-script", "-e", "digits", "--copy-limit", "lots", "train.py")

    assert (done.code, done.err.count("\n")) == (2, 1)
    assert "'lots' is not a valid size, e.g. 500MB or 20GB" in done.err


def test_a_new_store_is_said_and_made_beside_the_project(cli, script, workspace_dir, monkeypatch):
    script("tools/train.py", "print('ran')", "project")
    (workspace_dir / "project/.git").mkdir()
    monkeypatch.chdir(workspace_dir / "project/tools")

    first, second = cli(*SUBMIT, "train.py"), cli(*SUBMIT, "train.py")

    root = os.path.realpath(workspace_dir / "project/.runs")
    assert first.err.startswith(f"homerun: new store: {root}\n")
    assert "new store" not in second.err
    assert cli("run", "list").json[0]["status"] == "Completed"


def test_no_store_is_made_in_a_folder_that_is_no_project(cli, script, workspace_dir, monkeypatch):
    script("train.py", "print('ran')", "project")
    monkeypatch.setenv("TMPDIR", str(workspace_dir))

    refused = cli(*SUBMIT, "project/train.py", "--x")
    listed = cli("run", "list")
    homeless = cli(*SUBMIT, "--source-directory", "project", "train.py")
    asked = cli(*SUBMIT, "--source-directory", "project", "train.py", HOMERUN_STORE="here")

    assert (refused.code, refused.err.count("\n")) == (1, 1)
    assert "a run takes no copy of" in refused.err
    assert (listed.code, listed.json) == (0, [])
    assert (homeless.code, homeless.err.count("\n")) == (1, 1)
    assert "no store is made in" in homeless.err
    assert (asked.code, asked.out) == (0, b"ran\n")


def test_much_to_read_is_said_once_with_what_to_do(cli, script, workspace_dir):
    script("train.py", "", ".")
    for number in range(2001):
        (workspace_dir / f"{number}.txt").touch()

    first, second = cli(*SUBMIT, "train.py"), cli(*SUBMIT, "train.py")

    said = f"homerun: reading the source folder {workspace_dir} (2,002 files, 0 B); what .gitignore"
    assert said in first.err
    assert "reading" not in second.err
