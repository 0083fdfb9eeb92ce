"""`homerun run resubmit`: submit runs again."""

from __future__ import annotations

import sys

from homerun.cli.command import command
from homerun.cli.errors import UsageError
from homerun.cli.options import shared
from homerun.cli.options.params import option
from homerun.cli.output import prompts, render
from homerun.cli.result import Result
from homerun.runs import resubmit as again
from homerun.sdk.experiment import Experiment
from homerun.sdk.run import ScriptRun

TYPE_CHECKING = False
if TYPE_CHECKING:
    from homerun.cli.invocation import Call
    from homerun.sdk.run import Run


@command("resubmit")
@shared.one_run
@option("--failed", is_flag=True, help="All failed runs of the experiment (-e).")
def resubmit(call: Call, failed: bool) -> Result:
    """Submit a run again, or all that failed and were not submitted again yet.

    It uses the code of the run's snapshot, and the same command, tags and target. On a terminal it
    asks for values that the record hides, and for variables that are not set here. Returns at once
    and prints the new runs' ids and folders.

    \b
    Example:
      homerun run resubmit digits_1
      homerun run resubmit --failed -e digits
    """
    name = call.experiment
    if failed != (call.run_id is None) or (failed and name is None):
        raise UsageError("give a run (-r ID), or --failed and an experiment (-e NAME)")
    found = _failed(call, str(name)) if failed else [call.run()]
    said = [_ask(run) for run in found]
    made = [
        ScriptRun.of(again.again(run._record, *answers), run.experiment)
        for run, answers in zip(found, said)
    ]
    rows = [run.describe() for run in made]
    none = f"no failed run of {name} is left to resubmit"

    def shown() -> list[render.Part]:
        lines: list[render.Part] = [line for run in made for line in (run.id, run.directory)]
        return lines or [render.Note(none)]

    return Result(rows if failed else rows[0], shown)


def _failed(call: Call, name: str) -> list[Run]:
    experiment = Experiment.existing(call.workspace(), name)
    runs = experiment.get_runs(type=ScriptRun.RUN_TYPE, include_children=True)
    records = [run._record for run in runs]
    return [ScriptRun.of(record, experiment) for record in again.failed(records)]


def _ask(run: Run) -> tuple[list[str], dict[str, object]]:
    """Ask for what the record of a run lacks: secrets, and variables that are not set here."""
    hidden, unset = again.hidden(run._record), again.unset(run._record)
    if (hidden or unset) and not (sys.stdin is not None and sys.stdin.isatty()):
        what = ", ".join([*hidden, *unset])
        raise UsageError(
            f"the record of run {run.id} does not hold {what}: resubmit it on a terminal, which "
            "asks for it, or with run.resubmit() in Python"
        )
    secrets = [prompts.secret(f"{run.id}: {word}") for word in hidden]
    return secrets, {name: prompts.secret(f"{run.id}: {name}=") for name in unset}
