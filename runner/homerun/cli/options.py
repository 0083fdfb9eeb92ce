"""The options that commands share, each told once, and what the values of some mean.

Those that every command has are made when a command line is parsed. A command's function never
sees them: `homerun.cli.call` holds what was given.
"""

from __future__ import annotations

import click
from click.types import StringParamType

from runstore.status import ALL

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable
    from typing import Any, TypeVar

    from click.shell_completion import CompletionItem

    Command = TypeVar("Command", bound=Callable[..., Any])


TABLE = "table"
FORMATS = ("json", "jsonc", TABLE, "tsv", "yaml", "yamlc", "none")


def shared() -> list[click.Option]:
    """The options that every command has."""
    flag, option = _flag, click.Option
    return [
        option(
            ["-p", "--path"],
            metavar="DIR",
            help="Find the workspace from DIR instead of from here.",
        ),
        option(
            ["-w", "--workspace-name", "workspace_name"],
            metavar="NAME",
            help="The workspace has to have this name.",
        ),
        option(
            ["-g", "--resource-group", "resource_group"],
            metavar="NAME",
            help="The workspace's resource group: a label.",
        ),
        option(
            ["--subscription", "--subscription-id", "subscription"],
            metavar="ID",
            help="The workspace's subscription: a label.",
        ),
        option(
            ["-o", "--output"],
            type=click.Choice(FORMATS),
            metavar="FORMAT",
            help="How to print: json, jsonc, table, tsv, yaml, yamlc or none; else a table on a "
            "terminal, and JSON in a pipe.",
        ),
        option(
            ["--query"],
            metavar="JMESPATH",
            help="Print only this part of the result, in this shape.",
        ),
        option(
            ["-t", "--output-metadata-file", "copy"],
            metavar="FILE",
            help="Write the result to FILE too, as JSON; FILE must not be there.",
        ),
        flag("--no-pager", "no_pager", "Never show a long list page by page."),
        flag("--no-color", "no_color", "Without colours; as NO_COLOR does."),
        flag("--only-show-errors", "only_errors", "No notices beside the result."),
        flag("--verbose", "verbose", "Tell which workspace is used."),
        flag("--debug", "debug", "Show where in the program an error comes from."),
    ]


def _flag(name: str, key: str, text: str) -> click.Option:
    return click.Option([name, key], is_flag=True, help=text)


class Number(click.IntRange):
    """A whole number between two others."""

    name = "whole number"


class Status(StringParamType):
    """The status of a run, in whatever case."""

    name = "status"

    def convert(self, value: str, param: click.Parameter | None, ctx: click.Context | None) -> str:
        """The status as it is spelled."""
        for known in ALL:
            if known.casefold() == value.casefold():
                return known
        message = f"{value!r} is none; there are {', '.join(ALL)}"
        raise click.BadParameter(message, ctx, param)

    def shell_complete(
        self, ctx: click.Context, param: click.Parameter, incomplete: str
    ) -> list[CompletionItem]:
        """Those that begin so."""
        from click.shell_completion import CompletionItem

        begun = incomplete.casefold()
        return [CompletionItem(known) for known in ALL if known.casefold().startswith(begun)]


def experiment(text: str, required: bool = False) -> Callable[[Command], Command]:
    """`-e`: an experiment, in these words of help."""
    return click.option(
        "-e",
        "--experiment-name",
        "experiment",
        metavar="NAME",
        required=required,
        help=text,
        shell_complete=_experiments,
    )


def run(command: Command) -> Command:
    """The run that is meant, as `-r ID` or as the bare word; `call.run()` gives it."""
    word = click.argument("run_word", metavar="[RUN]", required=False, shell_complete=run_ids)
    named = click.option(
        "-r",
        "--run",
        "run_id",
        metavar="RUN",
        shell_complete=run_ids,
        help="The run: its id or the beginning of it, @last, @last~1, @last-failed.",
    )
    return word(named(experiment("The run's experiment; else it is found.")(command)))


def run_ids(ctx: click.Context, param: click.Parameter, begun: str) -> list[CompletionItem]:
    """What a shell offers where a run is named."""
    from homerun.cli import completion

    return completion.runs(ctx, begun)


def _experiments(ctx: click.Context, param: click.Parameter, begun: str) -> list[CompletionItem]:
    from homerun.cli import completion

    return completion.experiments(ctx, begun)


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
