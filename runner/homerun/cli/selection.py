"""Select the runs that a command is about, by name or by what they match."""

from __future__ import annotations

from homerun.cli.errors import UsageError
from homerun.cli.options import shared
from homerun.cli.options.params import argument, option

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence
    from typing import Any, TypeVar

    from homerun.cli.invocation import Call
    from homerun.sdk.run import Run

    Function = TypeVar("Function", bound=Callable[..., Any])

_WHICH = "say which runs: their ids, or -e, --status, --tags, --where"


def of_runs(function: Function) -> Function:
    """Add the options that select runs, and `--yes`; `Choice` takes all but the latter."""
    declared = (
        argument("bare", metavar="[RUN]...", many=True, complete=shared.run_ids),
        option(
            "-r",
            "--run",
            "named",
            many=True,
            metavar="RUN",
            complete=shared.run_ids,
            help="A run: its number, id or name, @last, …; can be given several times.",
        ),
        shared.of_experiment("Runs of this experiment."),
        shared.statuses("Runs with this status;"),
        shared.tags("Runs with this tag;"),
        shared.where("Runs that match this condition, as in run list;"),
        option("-y", "--yes", is_flag=True, help="Do not ask for confirmation."),
    )
    for declare in reversed(declared):
        function = declare(function)
    return function


class Choice:
    """The values of those options.

    Attributes:
        is_by_name: each run was named, so none can be meant by mistake.
        is_by_condition: runs are meant that match something, each by itself.
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
        self.is_by_condition = asks = bool(statuses or tags or where)
        if self._words and asks:
            raise UsageError("name the runs, or select them by options; not both")
        if not self._words and not asks and call.experiment is None:
            raise UsageError(_WHICH)

    def runs(self, children: bool, statuses: Sequence[str] = ()) -> list[Run]:
        """The runs, each once.

        Args:
            children: include child runs, if no run is named.
            statuses: only runs with these, unless the user names some.
        """
        found = {run.id: run for run in self._found(children, self._statuses or statuses)}
        return list(found.values())

    def _found(self, children: bool, statuses: Sequence[str]) -> Iterator[Run]:
        if self._words:
            yield from map(self._call.find, self._words)
            return
        workspace = self._call.workspace()
        if self._where:
            from homerun.views import listing

            named = listing.keyed_fields(self._where)
            listing.check_keys(workspace.store, self._call.experiment, named)
        for status in statuses or (None,):
            yield from workspace.get_runs(
                self._call.experiment,
                tags=self._tags,
                status=status,
                include_children=children,
                where=self._where,
            )
