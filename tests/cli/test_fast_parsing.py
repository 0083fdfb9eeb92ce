"""A command line that is right is read without click, and means what click would make of it."""

from __future__ import annotations

import click
import pytest
from hypothesis import assume, given, settings
from hypothesis import strategies as st

from helpers.commands import COMMANDS
from homerun.cli import command_table
from homerun.cli.parsing import click_parser, fast

WORDS = [
    "3",
    "0",
    "-1",
    "1.5",
    "none",
    "x",
    "-",
    "--",
    "a=b",
    "a",
    "=",
    "lr=1,2",
    "s=0..3",
    "[?a]",
    "Running",
    "completed",
    "json",
    "xml",
    "INT:5,TERM:1",
    "30d",
    "2026-11-21",
    "@last",
    "(",
    "é",
    "train.py",
    "--unknown",
    "-x",
    "-fx",
    "-h",
    "--help",
    "bash",
    "local",
    "--epochs=5",
    "-created",
    "�",
]
WORDS.append("")

PLAIN = [
    "run list",
    "run list --last 3 --status completed --tags a=b --tags c -e digits",
    "run list --skip=2 --sort -created [?status]",
    "run show digits_1",
    "run show -r digits_1 -o table --no-color",
    "run logs -f digits_1 --tail 5 --no-fold",
    "run submit-script -e digits --tags lr=0.1 train.py --epochs 5 -e -- --tags",
    "run submit-script --grid lr=1,2 --grid s=0..3 --slots 2 train.py",
    "run submit-script -e digits -m package.train --lr 1 -e x -- y",
    "run submit-script --slots 2 --module=package.train",
    "run train.py --lr 1 -- x",
    "run -d --name a train.py",
    "run -- make train -- x",
    "run --slots 2 -m package.train --lr 1",
    "run resubmit digits_1 -- --lr 1",
    "ls --last 3",
    "rerun 17 --code now -- --lr 1",
    "restore one",
    "run cancel one two --yes",
    "store trash restore one two",
    "doctor",
]

CLICKS = [
    "",
    "run",
    "--version",
    "run list --help",
    "run --help",
    "run --slots",
    "lis",
    "run list --las 3",
    "run list --last",
    "run list --last x",
    "run list --last=",
    "run list --children=yes",
    "run list -- word",
    "run logs -f5 digits_1",
    "run show one two",
    "run download-logs digits_1",
    "store trash restore",
    "target add",
    "login --service-principal",
]


def of_click(path: tuple[str, ...], line: list[str]) -> dict[str, object] | None:
    """What click makes of the words behind a command; None: an error, or help."""
    command = click_parser.Clicked(COMMANDS[path])
    try:
        return dict(command.make_context(path[-1], list(line)).params)
    except (click.UsageError, click.exceptions.Exit):
        return None


@st.composite
def lines(draw: st.DrawFn) -> tuple[tuple[str, ...], list[str]]:
    """A command and words behind it, of which many are options that it has."""
    path = draw(st.sampled_from(sorted(COMMANDS)))
    params = [param for param in COMMANDS[path].params if param.is_option]
    flags = [
        [name]
        for param in params
        if param.is_flag
        for name in (*param.names, *filter(None, [param.off_name]))
    ]
    names = [name for param in params if not param.is_flag for name in param.names]
    word, name = st.sampled_from(WORDS), st.sampled_from(names)
    pieces = st.one_of(
        st.tuples(name, word),
        st.tuples(st.builds("{}={}".format, name, word)),
        st.sampled_from(flags),
        st.tuples(word),
        st.tuples(name),
    )
    return path, [part for piece in draw(st.lists(pieces, max_size=4)) for part in piece]


@settings(max_examples=1500, deadline=None)
@given(lines())
def test_what_is_read_without_click_is_what_click_reads(
    given_line: tuple[tuple[str, ...], list[str]],
) -> None:
    path, words = given_line

    is_direct = path[-1] == command_table.DIRECT.get(" ".join(path[:-1]))
    line = [*path[:-1], *words] if is_direct else [*path, *words]
    assume(tuple(command_table.split_line(line)[0]) == path)

    found = fast.parse_line(line)

    if found is not None:
        assert found[:2] == (command_table.as_typed(path), COMMANDS[path])
        assert found[2] == of_click(path, words)


@pytest.mark.parametrize("line", PLAIN)
def test_a_common_line_needs_no_click(line: str) -> None:
    _, command, values = fast.parse_line(line.split()) or pytest.fail("left to click")

    path, words = command_table.split_line(line.split())
    named = " ".join(path)
    long = tuple(command_table.SHORT.get(named, named).split())
    assert COMMANDS[long] is command
    assert values == of_click(long, words)


@pytest.mark.parametrize("line", CLICKS)
def test_help_and_whatever_is_wrong_is_left_to_click(line: str) -> None:
    assert fast.parse_line(line.split()) is None


@pytest.mark.parametrize("line", [["run list"], ["store trash", "list"], ["store", "trash list"]])
def test_one_word_with_a_blank_names_no_command(line: list[str]) -> None:
    assert fast.parse_line(line) is None
