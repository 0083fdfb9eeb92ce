"""`homerun completion`, and the words that a shell is given."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest
from click.shell_completion import ShellComplete

from homerun import Experiment, Workspace
from homerun.cli.parsing import click_parser


def offered(*words: str) -> list[tuple[str, str | None]]:
    """What may stand in the place of the last word, each with its hint."""
    *before, begun = words
    found = ShellComplete(click_parser.top(), {}, "homerun", "_").get_completions(before, begun)
    return [(item.value, item.help) for item in found]


@pytest.fixture
def run_id(workspace_dir: Path) -> str:
    """The id of a completed run."""
    with Experiment(Workspace.from_config(), "digits").start_logging(
        snapshot_directory=None
    ) as run:
        pass
    return run.id


def test_a_run_is_offered_with_its_experiment_and_status(run_id):
    hint = "digits #1 Completed"

    assert offered("run", "show", run_id[:4]) == [(run_id, hint)]
    assert offered("run", "show", "-r", "") == [(run_id, hint)]  # of another experiment than here
    assert offered("run", "cancel", "-e", "digits", "") == [("1", hint)]
    assert offered("run", "show", "nothing") == []


def test_words_for_runs_are_offered_to_who_begins_one(run_id):
    assert [word for word, _ in offered("run", "show", "@")] == [
        *("@last", "@last-failed", "@running", "@best")
    ]


def test_a_path_is_left_to_the_shell_and_so_is_what_follows_a_script(workspace_dir):
    def kinds(*words):
        *before, begun = words
        found = ShellComplete(click_parser.top(), {}, "homerun", "_").get_completions(before, begun)
        return {(item.type, item.value) for item in found}

    assert ("file", "tr") in kinds("run", "tr")
    assert ("plain", "tree") in kinds("run", "tr")
    assert kinds("run", "-e", "digits", "tr") == {("file", "tr")}
    assert kinds("run", "train.py", "--l") == kinds("run", "train.py", "--lr", "--l")
    assert kinds("run", "train.py", "--l") == {("file", "--l")}
    assert kinds("run", "submit-script", "-d", "en") == {("file", "en")}
    assert kinds("run", "--source-directory", "co") == {("dir", "co")}
    assert ("plain", "--grid") in kinds("run", "--g")


def test_targets_fields_and_files_are_offered(run_id):
    run = Workspace.from_config().get_run(run_id)
    Path("a file.txt").touch()
    run.upload_file("results/a file.txt", "a file.txt")

    assert offered("run", "--target", "lo") == [("local", None)]
    assert ("duration", None) in offered("ls", "--where", "d")
    assert offered("files", run_id, "res") == [("results/a file.txt", None)]


def test_a_run_is_offered_by_its_display_name_where_one_is_begun(workspace_dir):
    start = Experiment(Workspace.from_config(), "digits").start_logging
    with start(display_name="base line", snapshot_directory=None):
        pass

    assert offered("show", "base") == [("base line", "digits #1 base line Completed")]
    assert offered("show", "-e", "digits", "") == [("1", "digits #1 base line Completed")]


def test_metrics_and_tags_are_offered_of_the_run_or_of_the_newest(workspace_dir):
    start = Experiment(Workspace.from_config(), "digits").start_logging
    with start(tags={"kept": "", "a b": ""}, snapshot_directory=None) as first:
        first.log("loss", 1)
    with start(tags={"other": ""}, snapshot_directory=None) as second:
        second.log("accuracy", 1)

    def words(*line):
        return {word for word, _ in offered(*line)}

    assert words("best", "") == words("best", "-e", "digits", "") == {"loss", "accuracy"}
    assert words("run", "metrics", first.id, "--name", "") == {"loss"}
    assert words("tag", first.id, "--remove", "") == {"kept", "a b"}
    assert words("run", "update", "-r", second.id, "--remove-tag", "") == {"other"}
    assert words("ls", "--tags", "k") == {"kept"}


def test_what_is_in_the_trash_is_offered_to_restore(workspace_dir):
    start = Experiment(Workspace.from_config(), "digits").start_logging
    with start(display_name="first", snapshot_directory=None) as run:
        pass
    start(display_name="stays", snapshot_directory=None).complete()
    run.delete()

    assert offered("restore", "") == [(run.id, "digits #1 first Completed")]
    assert [word for word, _ in offered("restore", "fir")] == ["first"]
    assert [word for word, _ in offered("restore", "@")] == ["@last"]


@pytest.mark.parametrize("shell", ["bash", "zsh", "fish"])
def test_the_completion_is_installed_once_and_what_is_there_stays(
    invoke, tmp_path, monkeypatch, shell
):
    monkeypatch.setenv("HOME", str(tmp_path))
    for name in ("ZDOTDIR", "XDG_CONFIG_HOME"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("SHELL", f"/usr/bin/{shell}")
    (tmp_path / ".bashrc").write_text("alias ll='ls -l'")

    first, second = invoke("completion", "--install").json, invoke("completion", "--install").json

    assert (first["is_new"], second["is_new"]) == (True, False)
    lines = Path(first["file"]).read_text().splitlines()
    assert lines[-1].count("homerun completion") == 1
    assert shell != "bash" or lines[0] == "alias ll='ls -l'"


def test_without_a_shell_that_is_known_one_has_to_be_named(invoke, monkeypatch):
    monkeypatch.setenv("SHELL", "/bin/tcsh")

    assert "say for which shell" in invoke("completion").err


def test_commands_options_and_their_values_are_offered(run_id):
    assert ("submit-script", "Run SCRIPT as a run of an experiment and...") in [
        (value, hint) for value, hint in offered("run", "")
    ]
    assert "--query" in [value for value, _ in offered("run", "list", "--")]
    assert [value for value, _ in offered("run", "list", "-o", "y")] == ["yaml", "yamlc"]
    assert [value for value, _ in offered("run", "list", "-e", "")] == ["digits"]


def test_where_is_no_store_or_a_damaged_one_nothing_is_offered_and_nothing_said(
    workspace_dir, capsys
):
    assert offered("run", "show", "") == []
    assert offered("run", "show", "-p", "nowhere", "") == []
    (workspace_dir / ".runs").mkdir()
    (workspace_dir / ".runs/store.json").write_text("{")

    assert offered("run", "show", "") == offered("run", "list", "-e", "") == []
    assert capsys.readouterr() == ("", "")


def test_behind_a_command_that_is_none_those_that_are_there_are_offered(capsys):
    assert "check" in [value for value, _ in offered("store", "chek", "")]
    assert capsys.readouterr() == ("", "")


def test_an_empty_variable_for_completion_changes_nothing(invoke, script, monkeypatch):
    script("fails.py", "raise SystemExit(3)", ".")
    monkeypatch.setenv("_HOMERUN_COMPLETE", "")

    assert invoke("run", "submit-script", "-e", "digits", "fails.py").code == 1


@pytest.mark.parametrize("shell", ["bash", "zsh", "fish"])
def test_the_script_of_each_shell_is_printed_as_it_is(invoke, shell):
    done = invoke("completion", shell)

    assert done.code == 0
    assert f"_HOMERUN_COMPLETE={shell}_complete" in done.text
    assert invoke("completion", shell, "-o", "json").json.rstrip() == done.text.rstrip()


def test_bash_takes_the_script_and_asks_the_command(workspace_dir, run_id):
    bin_dir = Path(sys.executable).parent
    command = (
        'eval "$(homerun completion bash)" && COMP_WORDS=(homerun run show dig) && COMP_CWORD=3 '
        '&& COMP_LINE="homerun run show dig" '
        '&& _homerun_completion homerun dig run && echo "${COMPREPLY[@]}"'
    )

    done = subprocess.run(
        ["bash", "-c", command],
        capture_output=True,
        text=True,
        env={**os.environ, "PATH": f"{bin_dir}:{os.environ['PATH']}"},
    )

    assert (done.stdout, done.returncode) == (f"{run_id}\n", 0), done.stderr
