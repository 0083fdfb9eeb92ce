"""The options that commands share, each declared once, and how the values of some are parsed.

A command's function does not get those that every command has: `homerun.cli.invocation` holds
their values.
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
        Param("-p", "--path", metavar="DIR", help="Look for the workspace from DIR upwards."),
        Param(
            *("-w", "--workspace-name", "workspace_name"),
            metavar="NAME",
            help="Fail unless the workspace has this name.",
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
            help="json, jsonc, table, tsv, yaml, yamlc or none (default: table on a terminal, json "
            "in a pipe).",
        ),
        Param("--query", metavar="JMESPATH", help="Filter and reshape the result."),
        Param(
            *("-t", "--output-metadata-file", "copy"),
            metavar="FILE",
            help="Also write the result to FILE, as JSON; FILE must not exist.",
        ),
        Param("--no-pager", is_flag=True, help="Do not page long output."),
        Param("--no-color", is_flag=True, help="No colours, as with NO_COLOR."),
        Param(
            *("--only-show-errors", "only_errors"),
            is_flag=True,
            help="Print errors only, no notices.",
        ),
        Param("--verbose", is_flag=True, help="Say which workspace is used."),
        Param("--debug", is_flag=True, help="Show where in the program an error comes from."),
    ]


class Status(OneOf):
    """The status of a run; case does not matter."""

    name = "status"

    def __init__(self) -> None:
        super().__init__(ALL, in_any_case=True)


def of_experiment(text: str, section: str = "") -> Callable[[Function], Function]:
    """`-e`: an experiment, with this text as help."""
    return option(
        *("-e", "--experiment-name", "experiment"),
        metavar="NAME",
        help=text,
        complete=_experiments,
        section=section,
    )


def statuses(text: str = "Only runs with this status;") -> Callable[[Function], Function]:
    """`--status`: one or several."""
    return option(
        *("--status", "statuses"),
        kind=Status(),
        many=True,
        metavar="STATUS",
        help=f"{text} can be given several times.",
    )


def tags(
    text: str = "Only runs with this tag;", section: str = ""
) -> Callable[[Function], Function]:
    """`--tags`: one or several, as pairs of key and value."""
    return option(
        "--tags",
        check=tag_pairs,
        many=True,
        complete=tags_offered,
        metavar="KEY[=VALUE]",
        help=f"{text} can be given several times.",
        section=section,
    )


def where(
    text: str = "Only runs that match, e.g. 'metrics.loss < 0.1';",
) -> Callable[[Function], Function]:
    """`--where`: one condition or several."""
    return option(
        "--where",
        many=True,
        complete=fields_offered,
        metavar="CONDITION",
        help=f"{text} can be given several times.",
    )


def one_run(function: Function) -> Function:
    """One run, as `-r ID` or as an argument; `call.run()` returns it."""
    word = argument("run_word", metavar="[RUN]", complete=run_ids)
    named = option(
        *("-r", "--run", "run_id"),
        metavar="RUN",
        complete=run_ids,
        help="The run: its number, id or name, or @last, @last~1, @last-failed, @running, @best.",
    )
    return word(named(of_experiment("The run's experiment (optional).")(function)))


def run_ids(given: dict[str, Any], begun: str) -> Offers:
    """The run ids that a shell offers."""
    from homerun.cli.options import offers

    return offers.run_offers(given, begun)


def targets_offered(given: dict[str, Any], begun: str) -> Offers:
    """The targets that a shell offers."""
    from homerun.cli.options import offers

    return offers.target_offers(given, begun)


def run_files(given: dict[str, Any], begun: str) -> Offers:
    """The files of the run that was named before."""
    from homerun.cli.options import offers

    return offers.file_offers(given, begun)


def fields_offered(given: dict[str, Any], begun: str) -> Offers:
    """The fields of runs that a list can be sorted by, filtered by, or show."""
    from homerun.cli.options import offers

    return offers.field_offers(given, begun)


def metrics_offered(given: dict[str, Any], begun: str) -> Offers:
    """The metrics of the run that was named before, or of the newest runs."""
    from homerun.cli.options import offers

    return offers.metric_offers(given, begun)


def tags_offered(given: dict[str, Any], begun: str) -> Offers:
    """The tags of the run that was named before, or of the newest runs."""
    from homerun.cli.options import offers

    return offers.tag_offers(given, begun)


def _experiments(given: dict[str, Any], begun: str) -> Offers:
    from homerun.cli.options import offers

    return offers.experiment_offers(given, begun)


def tag_pairs(given: tuple[str, ...]) -> list[tuple[str, str | None]]:
    """Tags given as `KEY` or `KEY=VALUE`, each as a pair of the key and the value, or None."""
    found = []
    for text in given:
        key, equals, value = text.partition("=")
        if not key:
            raise BadValue(f"{text!r} is not a valid tag: give KEY or KEY=VALUE")
        found.append((key, value if equals else None))
    return found


def size(given: str | None) -> int | None:
    """`500 MB` or `20GiB` as bytes."""
    from homerun.base import sizes
    from homerun.base.errors import UserError

    try:
        return None if given is None else sizes.read("it", given)
    except UserError:
        raise BadValue(f"{given!r} is not a valid size, e.g. 500MB or 20GB") from None


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
            raise BadValue(f"{rung!r} is not a valid NAME:SECONDS, e.g. INT:5") from None
    return found
