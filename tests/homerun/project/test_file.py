"""What a project says of itself, and which file is read."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from homerun.base.errors import UserError
from homerun.project import file


def test_homerun_toml_holds_for_its_folder_and_those_below(workspace_dir: Path) -> None:
    Path("homerun.toml").write_text('experiment = "digits"\nminimize = ["loss"]\n')
    below = workspace_dir / "a" / "b"
    below.mkdir(parents=True)

    found = file.nearest(str(below))

    assert found.path == f"{workspace_dir}/homerun.toml"
    assert found.said == {"experiment": "digits", "minimize": ["loss"]}


def test_a_table_of_pyproject_says_the_same(workspace_dir: Path) -> None:
    Path("pyproject.toml").write_text('[project]\nname = "x"\n[tool.homerun]\ntarget = "gpu"\n')

    assert file.nearest(".").said == {"target": "gpu"}


@pytest.mark.parametrize("text", ["[project]\nname = 'x'\n", "# homerun\n", "not = toml =", ""])
def test_a_pyproject_that_does_not_speak_of_homerun_is_passed_by(
    workspace_dir: Path, text: str
) -> None:
    Path("homerun.toml").write_text('experiment = "above"\n')
    below = workspace_dir / "below"
    below.mkdir()
    (below / "pyproject.toml").write_text(text)

    assert file.nearest(str(below)).said == {"experiment": "above"}


def test_the_nearest_file_is_not_mixed_with_one_further_up(workspace_dir: Path) -> None:
    Path("homerun.toml").write_text('experiment = "above"\ntarget = "gpu"\n')
    below = workspace_dir / "below"
    below.mkdir()
    (below / "homerun.toml").write_text('experiment = "below"\n')

    assert file.nearest(str(below)).said == {"experiment": "below"}


def test_without_a_file_nothing_is_said(workspace_dir: Path) -> None:
    assert (file.nearest(".").path, file.nearest(".").said) == ("", {})


def test_a_file_that_all_may_write_is_passed_by_aloud(
    workspace_dir: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    Path("homerun.toml").write_text('python = "/bin/evil"\n')
    Path("homerun.toml").chmod(0o666)

    assert file.nearest(".").said == {}
    assert "homerun.toml may be written by all users: it is passed by" in capsys.readouterr().err


def test_a_pipe_in_its_place_hangs_nothing(workspace_dir: Path) -> None:
    os.mkfifo("homerun.toml")

    assert file.nearest(".").said == {}


def test_a_link_is_passed_by_where_it_may_be_somebody_elses(workspace_dir: Path) -> None:
    Path("own.toml").write_text('python = ".venv/bin/python"\n')
    Path("homerun.toml").symlink_to("own.toml")

    assert file.nearest(".").said == {}


REFUSED = {
    "no TOML": ("experiment = ", "is not valid TOML"),
    "a word that is none": ('pyton = "x"', "says 'pyton'; it can say experiment, python"),
    "a number for a text": ("experiment = 3", 'experiment is a text, such as "digits", not 3'),
    "a text for a list": ('minimize = "loss"', 'minimize is a list of texts, such as ["loss"]'),
    "a list for a table": ('env = ["a"]', "env is a table of variables"),
    "a variable without a name": (
        'env = { "" = "1" }',
        "is not a valid name for an environment variable",
    ),
    "a rule that is none": ('rules = { stop = ["loss > 3"] }', "stop_if: 'loss' cannot be watched"),
    "an action that is none": ('rules = { halt = ["a"] }', "rules is a table of stop, fail, retry"),
    "bytes that are not text": ("\udcff", "is not valid TOML"),
}


@pytest.mark.parametrize(("text", "words"), REFUSED.values(), ids=REFUSED.keys())
def test_what_cannot_be_said_is_refused_with_the_file(
    workspace_dir: Path, text: str, words: str
) -> None:
    Path("homerun.toml").write_bytes(text.encode(errors="surrogateescape"))

    with pytest.raises(UserError) as refused:
        file.nearest(".")

    assert str(workspace_dir / "homerun.toml") in refused.value.message
    assert words in refused.value.message


def test_the_rules_of_a_project_are_those_of_a_submit(workspace_dir: Path) -> None:
    text = '[rules]\nstop = "metrics.loss is nan"\ntag = ["good: metrics.acc > 0.9"]\n'
    Path("homerun.toml").write_text(text)

    assert file.nearest(".").said["rules"] == {
        "stop_if": ["metrics.loss is nan"],
        "tag_if": ["good: metrics.acc > 0.9"],
    }
