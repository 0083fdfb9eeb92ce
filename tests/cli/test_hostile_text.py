"""What a run has written never acts on a terminal, in whatever format it is shown."""

from __future__ import annotations

import json
import re
from collections.abc import Callable
from itertools import product
from pathlib import Path
from typing import Any

import pytest
import yaml

from homerun import Experiment, Run, ScriptRunConfig, Workspace
from homerun.cli.output import formats
from runstore import layout

EVIL = "a\x1b]52;c;cm0=\x07b\x1b]0;title\x1b\\c\x1b[2J\x9b2J\u202ed\u2028e\x7f\rf"
SCRIPT = f"""
    import sys
    from homerun import Run

    run = Run.get_context()
    run.log({EVIL!r}, 1.0)
    run.log("text", {EVIL!r})
    print({EVIL!r})
    print("\\x1b[31mred\\x1b[0m")
    sys.stdout.buffer.write(b"\\x9b2J\\xff" + bytes(range(7)) + b"\\n")
    if "fail" in sys.argv:
        raise ValueError({EVIL!r})
"""
ALLOWED = re.compile(r"\x1b\[[0-9;:]*m")
FORMATS = ("json", "jsonc", "yaml", "yamlc", "tsv", "table")
QUERY = '[{"x\\u001b]0;y\\u202e": display_name}]'


@pytest.fixture
def evil(workspace_dir: Path, script: Callable[..., Path]) -> Run:
    script("train.py", SCRIPT)
    config = ScriptRunConfig("source", "train.py", ["fail", f"x\n{EVIL}"])
    tags = {EVIL.replace("\r", ""): EVIL}
    run = Experiment(Workspace.from_config(), "odd").submit(config, tags)
    run.wait_for_completion(raise_on_error=False)
    run.display_name = run.description = EVIL
    run.add_properties({"odd": EVIL})
    return run


def check(shown: str) -> None:
    """Whether a terminal would only show a text."""
    left = ALLOWED.sub("", shown)
    assert [c for c in left if not c.isprintable() and c not in "\r\n\t"] == [], shown


COMMANDS = [
    *(("run", verb, "-o", form) for verb, form in product(("show", "list", "metrics"), FORMATS)),
    *(("run", "show", "-o", form, "--query", QUERY) for form in FORMATS),
    *(("run", "logs"), ("run", "monitor-logs"), ("run", "metrics", "--csv"), ("run", "tree")),
    ("experiment", "list"),
]


@pytest.mark.parametrize("words", COMMANDS, ids=" ".join)
def test_on_a_terminal_it_is_only_shown(
    terminal: Callable[..., Any], evil: Run, words: tuple[str, ...]
) -> None:
    is_of_run = words[1] in ("show", "metrics", "logs", "monitor-logs", "tree")
    shown = terminal(*words, *(["-r", evil.id] if is_of_run else []), PAGER="cat")
    shown.end()
    check(shown.raw.decode())
    assert shown.raw.strip()


def test_a_log_keeps_its_colours_and_shows_the_rest(
    terminal: Callable[..., Any], evil: Run
) -> None:
    shown = terminal("run", "logs", "-r", evil.id)
    shown.end()
    assert b"\x1b[31mred\x1b[0m" in shown.raw
    assert rb"a\x1b]52;c;cm0=\x07b\x1b]0;title\x1b" in shown.raw
    raw = terminal("run", "logs", "-r", evil.id, "--raw")
    raw.end()
    assert b"\x1b]52;c;cm0=\x07" in raw.raw


def test_in_a_pipe_a_log_is_as_it_was_written(cli: Callable[..., Any], evil: Run) -> None:
    log = Path(evil.directory, layout.STD_LOG).read_bytes()
    assert cli("run", "logs", "-r", evil.id, "--no-fold").out == log


@pytest.mark.parametrize("form", ["json", "yaml", "tsv"])
def test_in_a_pipe_there_is_none_either(cli: Callable[..., Any], evil: Run, form: str) -> None:
    check(cli("run", "show", "-r", evil.id, "-o", form).text)


def test_json_and_yaml_mean_what_was_written() -> None:
    said = {EVIL: [EVIL, "größe 日本", "\u3000語 👩\u200d🔬", "\ud800", "two\nlines", "tab\t"]}
    text = formats.json(said)
    check(text)
    assert json.loads(text) == said
    said[EVIL].remove("\ud800")
    text = formats.formatted(said, "yaml", coloured=False)
    check(text)
    assert yaml.safe_load(text) == said
    assert "größe" in text


def test_an_argument_forges_no_line_of_the_supervisors_log(evil: Run) -> None:
    text = Path(evil.directory, layout.SUPERVISOR_LOG).read_bytes().decode()
    check(text)
    assert all(re.match(r"\d{4}-\d\d-\d\dT", line) for line in text.splitlines()), text


def test_an_error_shows_what_was_typed(terminal: Callable[..., Any]) -> None:
    shown = terminal("run", "show", "-r", EVIL)
    assert shown.end() != 0
    check(shown.raw.decode())
