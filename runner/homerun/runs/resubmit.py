"""Submitting a run again: the code of its snapshot, its command, tags and target.

What the record does not hold has to be said again: what stands behind each `*****`, and the values
of the environment variables that the run was given.
"""

from __future__ import annotations

import os

from homerun.base import messages
from homerun.base.errors import SubmitError, UserError
from homerun.base.secret_signs import MASK
from homerun.config import distributed, settings
from homerun.config.script_run_config import ScriptRunConfig
from homerun.environments import recipe
from homerun.runs.submit import RESUBMITTED_FROM, Request, submit
from runstore import look, status
from runstore.store import store_of

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence
    from typing import Any

    from homerun.environments.recipe import Recipe
    from runstore.run.record import Record


class Former(ScriptRunConfig):
    """What a run of the store was made with.

    Args:
        secrets: what stands behind each `*****` of its command, in this order.
        variables: environment variables; those of the run that are not among them are this
            process's own.
        changes: settings that are to be other ones.

    Raises:
        UserError: there are more or fewer secrets, a variable has no value, or a setting stays as
            it was.
        SubmitError: the run was no submitted one.
    """

    def __init__(
        self,
        record: Record,
        secrets: Sequence[str],
        variables: Mapping[str, object],
        changes: Mapping[str, Any],
    ) -> None:
        run = record.run
        if not record.is_submitted or not run.get("command"):
            raise SubmitError(f"run {record.id} was not submitted: only scripts can be run again")
        self._argv = _filled(record, secrets)
        count = len(run.get("arguments") or ())
        super().__init__(
            str(run.get("source_directory")),
            run.get("script"),
            self._argv[len(self._argv) - count :],
            compute_target=run.get("target"),
            environment_variables={**_own(record, variables), **variables},
            **settings.for_resubmit(run, changes),
        )
        self.environment = run.get("environment")
        self.recipe = _made(record.id, self.environment or {})
        self.processes = distributed.recorded(run.get("processes"))

    def source(self) -> str:
        """The folder that the code came from; it need not be there any more, except in place."""
        return super().source() if self.in_place else self.source_directory

    def script_path(self) -> str | None:
        """The script's path inside of the snapshot."""
        return self.script

    def argv(self) -> list[str]:
        """The same command line as before.

        Raises:
            SubmitError: its program is not there any more.
        """
        if os.path.isabs(self._argv[0]) and not os.access(self._argv[0], os.X_OK):
            raise SubmitError(f"there is no program {self._argv[0]!r} any more")
        return list(self._argv)


def _made(run_id: str, environment: Mapping[str, object]) -> Recipe | None:
    """The environment of a run with packages: what it was made of is not wholly on record."""
    if not environment.get("key"):
        return None
    folder = f"{recipe.home()}/{environment['key']}"
    if not recipe.is_ready(folder):
        raise SubmitError(f"the environment of run {run_id} is not there any more: submit it again")
    return recipe.Recipe(str(environment.get("name")), "", [], folder=folder)


def again(
    record: Record,
    secrets: Sequence[str] = (),
    variables: Mapping[str, object] | None = None,
    **changes: Any,
) -> Record:
    """Submit a run again; see `ScriptRun.resubmit`."""
    request = Request(
        store_of(record),
        record.experiment,
        Former(record, secrets, variables or {}, changes),
        tags=record.labels().tags,
        former=record,
    )
    made, told = submit(request)
    messages.tell(told)
    return made


def hidden(record: Record) -> list[str]:
    """The words of a run's command that hold a `*****`, once for each, the option in front."""
    found, before = [], ""
    for word in record.run.get("command") or ():
        shown = f"{before} {word}" if word == MASK and before.startswith("-") else word
        found += [shown] * word.count(MASK)
        before = word
    return found


def unset(record: Record) -> list[str]:
    """The environment variables that a run was given and that this process has not."""
    names = record.run.get("environment_variables") or ()
    return [name for name in names if name not in os.environ]


def failed(records: Sequence[Record]) -> Iterator[Record]:
    """Those of some runs, newest first, that failed and were not submitted again; oldest first."""
    done = {record.properties().get(RESUBMITTED_FROM) for record in records}
    for record in reversed(records):
        if record.id not in done and look.at(record).status == status.FAILED:
            yield record


def _filled(record: Record, secrets: Sequence[str]) -> list[str]:
    """The command with its secrets in place."""
    words: list[Any] = list(record.run["command"])
    wanted = sum(word.count(MASK) for word in words)
    if isinstance(secrets, str) or wanted != len(secrets):
        raise UserError(
            f"the command of run {record.id} hides {wanted} values behind {MASK}: give `secrets`, "
            "a list of them in their order"
        )
    rest = iter(secrets)
    for place, word in enumerate(words):
        first, *others = word.split(MASK)
        words[place] = first + "".join(f"{next(rest)}{other}" for other in others)
    return words


def _own(record: Record, given: Mapping[str, object]) -> dict[str, str]:
    """This process's values of the variables that the run was given."""
    names = [name for name in record.run.get("environment_variables") or () if name not in given]
    missing = [name for name in names if name not in os.environ]
    if missing:
        raise UserError(
            f"run {record.id} was given {', '.join(missing)}, whose values are in no record: set "
            "them, or give `environment_variables`"
        )
    return {name: os.environ[name] for name in names}
