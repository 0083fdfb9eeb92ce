"""What a start of the command loads, and the help that every command gives."""

from __future__ import annotations

import os
import re
import runpy
import shlex
import subprocess
import sys
from pathlib import Path

import pytest

import homerun
from helpers.commands import COMMANDS
from homerun.cli import command_table
from homerun.cli.parsing.click_parser import Clicked

ROOT = Path(__file__).parents[2]
ENDLESS = ["studio", "--no-browser"]
WATCH = ["run", "watch", "-e", "digits"]
DOCS = ROOT / "docs" / "cli.md"


def loaded(*args: str) -> set[str]:
    """The modules that a command loads, itself and not its run."""
    done = subprocess.run(
        [sys.executable, "-X", "importtime", "-m", "homerun", *args],
        capture_output=True,
        text=True,
        env={name: value for name, value in os.environ.items() if name != "COLUMNS"},
    )
    assert done.returncode == 0, done.stderr
    lines = [line for line in done.stderr.splitlines() if line.startswith("import time:")]
    return {line.rsplit("|", 1)[1].strip() for line in lines}


def packages(modules: set[str]) -> set[str]:
    return {name.split(".")[0] for name in modules}


def test_the_version_is_told_without_the_sdk(workspace_dir):
    modules = loaded("--version")

    assert not modules & {"homerun.sdk.workspace", "homerun.sdk.run", "homerun.runs.submit", "json"}


def test_a_submit_loads_nothing_that_is_heavy(workspace_dir, script):
    script("train.py", "", ".")

    modules = packages(loaded("run", "submit-script", "-e", "digits", "train.py"))

    assert "homerun" in modules
    assert not modules & {
        "click",
        "inspect",
        "subprocess",
        "shutil",
        "pathlib",
        "logging",
        "pathspec",
    }


@pytest.mark.parametrize(
    "line", ["list --sort -created", "show @last", "logs @last", "metrics @last", "cancel @last"]
)
def test_what_is_asked_for_most_is_done_without_click(invoke, script, line):
    script("train.py", "", ".")
    invoke("run", "submit-script", "-e", "digits", "train.py")

    modules = packages(loaded("run", *line.split()))

    assert "homerun" in modules
    assert not modules & {"click", "inspect"}


def test_the_version_is_that_of_the_package(invoke):
    assert invoke("--version").out.decode() == f"homerun {homerun.__version__}\n"


@pytest.mark.parametrize("words", [(), ("run",), ("experiment",), ("store",)])
def test_a_group_without_a_command_shows_its_help(invoke, words):
    done = invoke(*words)

    shown = done.out.decode() + done.err
    assert "Commands:" in shown or "Run (homerun run train.py --lr 0.1):" in shown
    assert "Traceback" not in done.err


def test_the_first_page_says_of_each_command_what_its_own_page_does():
    pages = {name: Clicked(command_table.command([name])) for name in command_table.SUMMARIES}

    assert {name: one.get_short_help_str(200) for name, one in pages.items()} == (
        command_table.SUMMARIES
    )


def test_the_first_page_loads_no_command(workspace_dir):
    assert not [name for name in loaded("--help") if name.startswith("homerun.cli.commands.")]


def test_an_unknown_command_is_one_line_and_exits_2(invoke):
    done = invoke("store", "frobnicate")

    assert done.code == 2
    assert done.err.startswith("homerun: there is no command homerun store frobnicate; see")
    assert len(done.err.splitlines()) == 1


@pytest.mark.parametrize("words", COMMANDS, ids=" ".join)
def test_every_command_explains_itself_with_an_example(invoke, words):
    asked = [word for word in words if word not in command_table.DIRECT.values()]

    done = invoke(*asked, "--help")

    assert done.code == 0
    assert f"Example:\n    homerun {' '.join(asked)}" in done.out.decode()


def test_the_documentation_has_every_command_and_its_options_as_the_help_tells_them():
    reference = runpy.run_path(str(ROOT / "scripts" / "reference.py"))

    assert reference["rewritten"](DOCS.read_text()) == DOCS.read_text(), "make reference"


@pytest.mark.parametrize("words", COMMANDS, ids=" ".join)
def test_every_command_takes_the_options_of_all_and_no_name_twice(words):
    params = COMMANDS[words].params
    names = [name for param in params for name in (*param.names, param.off_name) if name]

    assert {"--path", "--query", "--output", "--only-show-errors", "--debug"} <= set(names)
    assert len(names) == len(set(names))
    assert len({param.key for param in params}) == len(params)


def test_the_commands_of_the_documentation_run_as_written(
    invoke, workspace_dir, tmp_path, monkeypatch
):
    monkeypatch.setenv("HOME", str(tmp_path))  # some write to the user's files
    text = DOCS.read_text()
    for name, source in re.findall(r'```python title="(.*?)"\n(.*?)```', text, re.DOTALL):
        (workspace_dir / name).write_text(source)
    written = [line for line in text.splitlines() if line.startswith("$ homerun ")]
    commands = [shlex.split(re.split(r" [|>]", line)[0])[2:] for line in written]
    own_group = str(os.getgid())  # there is no group `ml` on most machines
    commands = [[own_group if word == "ml" else word for word in words] for words in commands]
    ending = [words for words in commands if words not in (ENDLESS, WATCH)]

    failed = [words for words in ending if invoke(*words).code != 0]

    assert len(commands) >= len(COMMANDS)
    assert failed == []
