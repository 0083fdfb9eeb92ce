"""The page of `homerun --help` is click's, and needs no click."""

from __future__ import annotations

import os
import subprocess
import sys

import pytest

from homerun.cli import command_table
from homerun.cli.parsing import click_parser, front_page


def run(columns: str, code: str) -> str:
    """What a program says on a terminal of so many columns."""
    env = {**os.environ, "COLUMNS": columns}
    made = subprocess.run(
        [sys.executable, "-c", code], env=env, check=True, capture_output=True, text=True
    )
    return made.stdout


ASK = "import sys; from homerun.cli import entry; entry.run_command_line(['--help'])"
TELL_CLICK = f"{ASK}; print('click' in sys.modules)"


def test_the_page_is_the_one_that_click_writes(capsys: pytest.CaptureFixture[str]) -> None:
    click_parser.run_line(["--help"])
    assert front_page.text() == capsys.readouterr().out


@pytest.mark.parametrize("columns", ["80", "200"])
def test_the_page_needs_no_click(columns: str) -> None:
    assert run(columns, TELL_CLICK) == f"{front_page.text()}False\n"


def test_a_narrow_terminal_has_a_narrow_page() -> None:
    *page, is_click = run("60", TELL_CLICK).splitlines()
    assert is_click == "True"
    assert max(map(len, page)) <= 60


def test_every_command_of_the_front_page_has_its_summary() -> None:
    lines = front_page.text().splitlines()
    for name, summary in command_table.SUMMARIES.items():
        assert any(line.split()[:2] == [name, summary.split()[0]] for line in lines)
