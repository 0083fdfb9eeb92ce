"""Options that commands share, and what they mean."""

from __future__ import annotations

import sys

import click

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable
    from typing import Any, TypeVar

    from homerun.run import Run
    from homerun.workspace import Workspace

    Command = TypeVar("Command", bound=Callable[..., Any])

JSON = "json"
TABLE = "table"


def pairs(
    context: click.Context, option: click.Parameter, given: tuple[str, ...]
) -> list[tuple[str, str | None]]:
    """Tags given as `KEY` or `KEY=VALUE`, each as a pair of the key and the value, or None."""
    found = []
    for text in given:
        key, equals, value = text.partition("=")
        if not key:
            raise click.BadParameter(f"{text!r} is no KEY or KEY=VALUE")
        found.append((key, value if equals else None))
    return found


def rungs(
    context: click.Context, option: click.Parameter, given: str | None
) -> list[tuple[str, float]] | None:
    """`INT:5,TERM:10` as pairs of a signal's name and seconds."""
    if given is None:
        return None
    found = []
    for rung in given.split(","):
        name, _, seconds = rung.partition(":")
        try:
            found.append((name.strip(), float(seconds)))
        except ValueError:
            raise click.BadParameter(f"{rung!r} is no NAME:SECONDS, as INT:5") from None
    return found


def common(command: Command) -> Command:
    """The options that every command has: where to look, and how to print."""
    path = click.option(
        "-p", "--path", metavar="DIR", help="Find the workspace from DIR instead of from here."
    )
    output = click.option(
        "-o",
        "--output",
        type=click.Choice([JSON, TABLE]),
        help="How to print; a table on a terminal, else JSON.",
    )
    return path(output(command))


def run_id(command: Command) -> Command:
    """`-r`: the run that is meant."""
    return click.option(
        "-r",
        "--run",
        "run_id",
        required=True,
        metavar="ID",
        callback=_not_empty,
        help="The run's id, or its beginning.",
    )(command)


def _not_empty(context: click.Context, option: click.Parameter, given: str) -> str:
    """An empty beginning would mean any run; it mostly comes from a shell variable not set."""
    if not given:
        raise click.BadParameter("it is empty; homerun run list shows the ids")
    return given


def wants_json(output: str | None) -> bool:
    """Whether to print JSON: asked for, or nobody is there to look at a table."""
    if output is None:
        return sys.stdout is None or not sys.stdout.isatty()
    return output == JSON


def workspace(path: str | None, wakes: bool = True) -> Workspace:
    """The workspace of a folder, or of the current one.

    Args:
        wakes: start what waits there for a slot that is free. Whoever should have done that may
            have been killed; so any command sets a queue going again.
    """
    from homerun.workspace import Workspace

    found = Workspace.from_config(path)
    if wakes:
        found.wake_queues()
    return found


def find(path: str | None, run_id: str) -> Run:
    """The run with an id, or a beginning of one, in the workspace of a folder."""
    return workspace(path).get_run(run_id)
