"""Runs that a command is about, by name or by what they are like; and asking before it is done."""

from __future__ import annotations

import sys

from homerun.cli.errors import UsageError
from homerun.cli.options import shared
from homerun.cli.options.params import argument, option
from homerun.cli.output import console, prompts

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence
    from typing import Any, TypeVar

    from homerun.cli.invocation import Call
    from homerun.sdk.run import Run

    Function = TypeVar("Function", bound=Callable[..., Any])

_WHICH = "say which runs: their ids, or -e, --status, --tags, --where"
_SHOWN = 10


def of_runs(function: Function) -> Function:
    """The options by which runs are chosen, and `--yes`; `chosen` takes all but that."""
    declared = (
        argument("bare", metavar="[RUN]...", many=True, complete=shared.run_ids),
        option(
            "-r",
            "--run",
            "named",
            many=True,
            metavar="RUN",
            complete=shared.run_ids,
            help="A run: its id or the beginning of it, @last, …; can be given several times.",
        ),
        shared.experiment("Runs of this experiment."),
        shared.statuses("Runs of this status;"),
        shared.tags("Runs with this tag;"),
        shared.where("Runs for which this holds, as for run list;"),
        option("-y", "--yes", is_flag=True, help="Do it without asking."),
    )
    for declare in reversed(declared):
        function = declare(function)
    return function


class Choice:
    """The values of those options.

    Attributes:
        is_by_name: each run was named: nobody can have meant another one.
    """

    def __init__(
        self,
        call: Call,
        bare: Sequence[str],
        named: Sequence[str],
        statuses: Sequence[str],
        tags: Sequence[tuple[str, str | None]],
        where: Sequence[str],
    ) -> None:
        self._call = call
        self._words = [*bare, *named]
        self._statuses = statuses
        self._tags = [key if value is None else (key, value) for key, value in tags]
        self._where = where
        self.is_by_name = bool(self._words)
        asks = bool(statuses or tags or where)
        if self._words and asks:
            raise UsageError("name the runs, or say what they are like; not both")
        if not self._words and not asks and call.experiment is None:
            raise UsageError(_WHICH)

    def runs(self, children: bool, statuses: Sequence[str] = ()) -> list[Run]:
        """The runs, each once.

        Args:
            children: also runs that have a parent, where none is named.
            statuses: those of these statuses, unless the user names some.
        """
        found = {run.id: run for run in self._found(children, self._statuses or statuses)}
        return list(found.values())

    def _found(self, children: bool, statuses: Sequence[str]) -> Iterator[Run]:
        if self._words:
            yield from map(self._call.find, self._words)
            return
        workspace = self._call.workspace()
        for status in statuses or (None,):
            yield from workspace.get_runs(
                self._call.experiment,
                tags=self._tags,
                status=status,
                include_children=children,
                where=self._where,
            )


def check_asks(yes: bool) -> None:
    """Refuse what needs an answer where nobody can give one; before anything is looked at, so
    that a script learns it whatever there is.

    Raises:
        UsageError: there is nobody to ask.
    """
    if not yes and not (console.is_terminal(sys.stdin) and console.is_terminal(sys.stderr)):
        raise UsageError("nobody can be asked here: give --yes to do it all the same")


def is_sure(question: str, yes: bool, runs: Sequence[Run] = ()) -> bool:
    """Whether the user wants it.

    Args:
        runs: shown before the question.
    """
    if yes:
        return True
    for run in runs[:_SHOWN]:
        console.complain(f"  {run.id}  {run.get_status()}")
    if len(runs) > _SHOWN:
        console.complain(f"  … and {len(runs) - _SHOWN} more")
    return prompts.confirm(question)


def count(number: int, what: str = "run") -> str:
    """`1 run`, `1,234 runs`."""
    return f"{number:,} {what}" if number == 1 else f"{number:,} {what}s"


def size(number: float) -> str:
    """Bytes for people: `512 B`, `1.5 KiB`, `23 GiB`."""
    units = ["B", "KiB", "MiB", "GiB", "TiB"]
    while number >= 1023.5 and len(units) > 1:
        number /= 1024
        units.pop(0)
    digits = 0 if units[0] == "B" or number >= 9.95 else 1
    return f"{number:.{digits}f} {units[0]}"
