"""`homerun run resubmit`: submit runs again."""

from __future__ import annotations

import sys

from homerun.cli.command import command
from homerun.cli.commands.run import follow
from homerun.cli.errors import UsageError
from homerun.cli.options import shared
from homerun.cli.options.kinds import OneOf
from homerun.cli.options.params import argument, option
from homerun.cli.options.submit import bounds
from homerun.cli.output import console, prompts, render
from homerun.cli.result import Result
from homerun.runs import resubmit as again
from homerun.sdk.batch import Batch
from homerun.sdk.experiment import Experiment
from homerun.sdk.run import ScriptRun

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Mapping
    from typing import Any

    from homerun.cli.invocation import Call
    from homerun.sdk.run import Run
    from runstore.run.record import Record

_MOST_TOLD = 8


@command("resubmit", usage="[OPTIONS]")
@shared.one_run
@option("--failed", is_flag=True, help="The failed runs of a batch, or of an experiment (-e).")
@option(
    "--code",
    kind=OneOf((again.SNAPSHOT, again.NOW)),
    default=again.SNAPSHOT,
    metavar="WHICH",
    help="The code of the run's snapshot, or of its source folder now (default: snapshot).",
)
@bounds
@argument("words", many=True, follows_dashes=True)
def resubmit(call: Call, failed: bool, code: str, words: tuple[str, ...], **limits: Any) -> Result:
    """Submit a run again, or all that failed and were not submitted again yet.

    It uses the code of the run's snapshot, and the same command, tags and target; of a batch all
    runs, as a new batch. What follows `--` are options of the script that replace those of the
    same name, or are added. On a terminal it asks for values that the record hides, and for
    variables that are not set here. Returns at once and prints the new runs' ids and folders.

    --failed leaves out a run of which a copy goes on or has Completed, and says so.

    \b
    Example:
      homerun run resubmit digits_1
      homerun run resubmit digits_1 -- --lr 0.2
      homerun run resubmit digits_1 --memory 32GB
      homerun run resubmit --failed -e digits
      homerun run resubmit 9 --failed
    """
    if call.run_id is None and not (failed and call.experiment is not None):
        raise UsageError("give a run (-r ID), or --failed and an experiment (-e NAME)")
    changes = words
    named = None if call.run_id is None else call.run()
    if failed and named is not None and not named._record.is_batch:
        raise UsageError(f"run {named.id} is not a batch; to submit it again, leave out --failed")
    found = _failed(call, named) if failed else [call.run()]
    known = call.project().said.get("env", {})
    said = [_ask(run, changes, known) for run in found]
    other = {name: value for name, value in limits.items() if value is not None}
    made = [_again(run, *answers, changes, code, other) for run, answers in zip(found, said)]
    rows = [run.describe() for run in made]
    place = call.experiment if named is None else f"batch {call.name_of(named._record)}"
    none = f"no failed run of {place} is left to resubmit"

    def shown() -> list[render.Part]:
        for run in made:
            follow.say_what_began(run._record, None, call.name_of(run._record))
        lines: list[render.Part] = [line for run in made for line in (run.id, run.directory)]
        return lines or [render.Note(none)]

    return Result(rows if failed else rows[0], shown)


def _failed(call: Call, batch: Run | None) -> list[Run]:
    """The failed runs of a batch, or of the experiment that was named, to be submitted again."""
    named = str(call.experiment)
    experiment = batch.experiment if batch else Experiment.existing(call.workspace(), named)
    runs = experiment.get_runs(type=ScriptRun.RUN_TYPE, include_children=True)
    failures = again.Failures([run._record for run in runs], batch.id if batch else None)
    if failures.skipped:
        told = [
            f"{_number(one)} as {_number(copy)} ({failures.status(copy)})"
            for one, copy in failures.skipped
        ]
        more = len(told) - _MOST_TOLD
        rest = [f"and {more} more"] if more > 0 else []
        shown = ", ".join([*told[:_MOST_TOLD], *rest])
        console.inform(f"left out, as submitted again before: {shown}")
    return [ScriptRun.of(record, experiment) for record in failures.left]


def _number(record: Record) -> str:
    number = record.run.get("number")
    return f"#{number}" if number else record.id


def _again(
    run: Run,
    secrets: list[str],
    variables: dict[str, object],
    changes: tuple[str, ...],
    code: str,
    other: dict[str, Any],
) -> Run:
    if not run._record.is_batch:
        made = again.again(run._record, secrets, variables, arguments=changes, code=code, **other)
        return ScriptRun.of(made, run.experiment)
    batch = Batch.of(run)
    return batch.resubmit(secrets, variables, arguments=changes, code=code, **other).parent


def _ask(
    run: Run, changes: tuple[str, ...], known: Mapping[str, str]
) -> tuple[list[str], dict[str, object]]:
    """Ask for what the record of a run lacks: secrets, and variables that are not set here.

    Args:
        known: the values of variables that the project's file says.
    """
    record = run._record
    hidden = again.hidden(record, changes)
    unset = [name for name in again.unset(record) if name not in known]
    if (hidden or unset) and not (sys.stdin is not None and sys.stdin.isatty()):
        what = ", ".join([*hidden, *unset])
        raise UsageError(
            f"the record of run {run.id} does not hold {what}: resubmit it on a terminal, which "
            "asks for it, or with run.resubmit() in Python"
        )
    secrets = [prompts.secret(f"{run.id}: {word}") for word in hidden]
    asked = {name: prompts.secret(f"{run.id}: {name}=") for name in unset}
    own = {name: known[name] for name in again.variables_of(record) if name in known}
    return secrets, {**own, **asked}
