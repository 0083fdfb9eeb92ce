"""The options that commands share, each told once, and what the values of some mean.

A command's function never sees those that every command has: `homerun.cli.invocation` holds what
was given for them.
"""

from __future__ import annotations

from homerun.cli.errors import BadValue
from homerun.cli.options.kinds import OneOf
from homerun.cli.options.params import Param, argument, option
from homerun.cli.output.formats import FORMATS
from runstore.status import ALL

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable
    from typing import Any, TypeVar

    from homerun.cli.options.params import Offers

    Function = TypeVar("Function", bound=Callable[..., Any])


def shared() -> list[Param]:
    """The options that every command has."""
    return [
        Param(
            "-p", "--path", metavar="DIR", help="Find the workspace from DIR instead of from here."
        ),
        Param(
            *("-w", "--workspace-name", "workspace_name"),
            metavar="NAME",
            help="The workspace has to have this name.",
        ),
        Param(
            *("-g", "--resource-group", "resource_group"),
            metavar="NAME",
            help="The workspace's resource group: a label.",
        ),
        Param(
            *("--subscription", "--subscription-id", "subscription"),
            metavar="ID",
            help="The workspace's subscription: a label.",
        ),
        Param(
            *("-o", "--output"),
            kind=OneOf(FORMATS),
            metavar="FORMAT",
            help="How to print: json, jsonc, table, tsv, yaml, yamlc or none; else a table on a "
            "terminal, and JSON in a pipe.",
        ),
        Param(
            "--query", metavar="JMESPATH", help="Print only this part of the result, in this shape."
        ),
        Param(
            *("-t", "--output-metadata-file", "copy"),
            metavar="FILE",
            help="Write the result to FILE too, as JSON; FILE must not be there.",
        ),
        Param("--no-pager", is_flag=True, help="Never show a long list page by page."),
        Param("--no-color", is_flag=True, help="Without colours; as NO_COLOR does."),
        Param(
            *("--only-show-errors", "only_errors"),
            is_flag=True,
            help="No notices beside the result.",
        ),
        Param("--verbose", is_flag=True, help="Tell which workspace is used."),
        Param("--debug", is_flag=True, help="Show where in the program an error comes from."),
    ]


class Status(OneOf):
    """The status of a run, in whatever case."""

    name = "status"

    def __init__(self) -> None:
        super().__init__(ALL, in_any_case=True)


def experiment(text: str) -> Callable[[Function], Function]:
    """`-e`: an experiment, in these words of help."""
    return option(
        *("-e", "--experiment-name", "experiment"),
        metavar="NAME",
        help=text,
        complete=_experiments,
    )


def statuses(text: str = "Of this status only;") -> Callable[[Function], Function]:
    """`--status`: one or several."""
    return option(
        *("--status", "statuses"),
        kind=Status(),
        many=True,
        metavar="STATUS",
        help=f"{text} can be given several times.",
    )


def tags(text: str = "With this tag only;") -> Callable[[Function], Function]:
    """`--tags`: one or several, as pairs of key and value."""
    return option(
        "--tags",
        check=pairs,
        many=True,
        metavar="KEY[=VALUE]",
        help=f"{text} can be given several times.",
    )


def where(text: str = "Such as 'metrics.loss < 0.1';") -> Callable[[Function], Function]:
    """`--where`: one condition or several."""
    return option(
        "--where", many=True, metavar="CONDITION", help=f"{text} can be given several times."
    )


def run(function: Function) -> Function:
    """The run that is meant, as `-r ID` or as the bare word; `call.run()` gives it."""
    word = argument("run_word", metavar="[RUN]", complete=run_ids)
    named = option(
        *("-r", "--run", "run_id"),
        metavar="RUN",
        complete=run_ids,
        help="The run: its id or the beginning of it, @last, @last~1, @last-failed.",
    )
    return word(named(experiment("The run's experiment; else it is found.")(function)))


def run_ids(given: dict[str, Any], begun: str) -> Offers:
    """What a shell offers where a run is named."""
    from homerun.cli.options import offers

    return offers.runs(given, begun)


def _experiments(given: dict[str, Any], begun: str) -> Offers:
    from homerun.cli.options import offers

    return offers.experiments(given, begun)


def pairs(given: tuple[str, ...]) -> list[tuple[str, str | None]]:
    """Tags given as `KEY` or `KEY=VALUE`, each as a pair of the key and the value, or None."""
    found = []
    for text in given:
        key, equals, value = text.partition("=")
        if not key:
            raise BadValue(f"{text!r} is no KEY or KEY=VALUE")
        found.append((key, value if equals else None))
    return found


def rungs(given: str | None) -> list[tuple[str, float]] | None:
    """`INT:5,TERM:10` as pairs of a signal's name and seconds."""
    if given is None:
        return None
    found = []
    for rung in given.split(","):
        name, _, seconds = rung.partition(":")
        try:
            found.append((name.strip(), float(seconds)))
        except ValueError:
            raise BadValue(f"{rung!r} is no NAME:SECONDS, as INT:5") from None
    return found
