"""What a real shell makes of TAB: bash, zsh and fish on a terminal."""

from __future__ import annotations

import os
import shutil
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

from homerun import Experiment, Workspace
from homerun.cli import shells

PROMPT = "READY> "
FISH = """function fish_prompt; echo -n '{}'; end
set -g fish_greeting
set -g fish_autosuggestion_enabled 0
"""
STARTS = {
    "bash": (["bash", "--rcfile", ".bashrc", "-i"], ".bashrc", "PS1='{}'\n"),
    "zsh": (["zsh", "-i"], ".zshrc", "PROMPT='{}'\nunsetopt promptcr promptsp\n"),
    "fish": (["fish", "-i"], ".config/fish/config.fish", FISH),
}
"""How each is started, the file that it reads, and what it is told there."""


@pytest.fixture(params=STARTS)
def typed(
    request: pytest.FixtureRequest,
    workspace_dir: Path,
    tmp_path: Path,
    terminal: Callable[..., object],
    monkeypatch: pytest.MonkeyPatch,
) -> Callable[[str, str], str]:
    """Type a line in a shell that has loaded the completion, until a text is shown."""
    shell = request.param
    if shutil.which(shell) is None:
        pytest.skip(f"there is no {shell} here")
    program, name, told = STARTS[shell]
    home = tmp_path / "home"
    (home / name).parent.mkdir(parents=True)
    (home / name).write_text(told.format(PROMPT))
    # Without it a first fish reads all manual pages in a process of its own.
    (home / ".local/share/fish/generated_completions").mkdir(parents=True)
    monkeypatch.setenv("HOME", str(home))
    (home / "bin").mkdir()
    for short in ("homerun", "hr"):  # an environment that was made before has no `hr`
        (home / "bin" / short).symlink_to(Path(sys.executable).with_name("homerun"))
    path = f"{home}/bin:{Path(sys.executable).parent}:{os.environ['PATH']}"
    monkeypatch.setenv("PATH", path)
    shells.load_completion(shell)

    def type_in(line: str, until: str) -> str:
        one = terminal(
            program=[word.replace(".bashrc", str(home / ".bashrc")) for word in program],
            HOME=str(home),
            ZDOTDIR=str(home),
            XDG_CONFIG_HOME=str(home / ".config"),
            XDG_DATA_HOME=str(home / ".local/share"),
            PATH=path,
        )
        one.until(PROMPT.encode())
        one.press(line.encode())
        one.until(until.encode())
        return str(one.text)

    return type_in


def script(name: str) -> None:
    Path(name).write_text("import sys; print('ran', sys.argv[1:], end='.')")


def test_a_script_is_completed_blanks_included(typed: Callable[[str, str], str]) -> None:
    script("my train.py")

    assert "ran []." in typed("homerun run my\t\n", "ran []")


def test_behind_the_script_files_are_completed(typed: Callable[[str, str], str]) -> None:
    script("train.py")
    Path("data set.csv").touch()

    assert "ran ['data set.csv']." in typed("homerun run train.py data\t\n", "ran ['data set.csv']")


def test_a_folder_is_completed_where_one_is_meant(typed: Callable[[str, str], str]) -> None:
    Path("code").mkdir()
    script("code/train.py")
    Path("code.txt").touch()

    typed("homerun run --source-directory cod\t train.py\n", "ran []")


def test_a_command_and_a_run_are_completed(typed: Callable[[str, str], str]) -> None:
    run = Experiment(Workspace.from_config(), "digits").start_logging(
        run_id="baseline", snapshot_directory=None, outputs=False
    )
    run.complete()

    typed("homerun sho\tbasel\t--query status\n", "Completed")


@pytest.fixture
def named() -> None:
    """A run with a name of two words, a metric and a tag, and one in the trash."""
    start = Experiment(Workspace.from_config(), "digits").start_logging
    with start(
        display_name="base line", tags={"my tag": "", "other": ""}, snapshot_directory=None
    ) as run:
        run.log("train/loss", 0.25)
    with start(display_name="thrown-away", snapshot_directory=None) as gone:
        pass
    gone.delete()


def test_names_metrics_tags_words_values_and_the_trash_are_completed(
    typed: Callable[[str, str], str], named: None
) -> None:
    shown = typed(
        "homerun show base\t--query display_name -o tsv; "
        "homerun best -e digits --min tr\t--query '[].metrics' -o yaml; "
        "homerun restore thr\t; "
        "homerun tag base\\ line --remove my\t--output=ts\t--query 'keys(tags)'; "
        "homerun show @runn\t\n",
        "no run '@running'",
    )

    lines = shown.splitlines()
    assert "base line" in lines
    assert "  train/loss:" in [line.replace("- ", "  ") for line in lines]
    assert "    last: 0.25" in lines
    assert any(line.startswith("restored digits #2 thrown-away") for line in lines)
    assert "other" in lines


def test_the_short_name_is_completed_as_the_long_one(typed: Callable[[str, str], str]) -> None:
    script("my train.py")

    assert "ran []." in typed("hr run my\t\n", "ran []")
