"""`homerun run resubmit`: the same again."""

from __future__ import annotations

import sys

import click

from homerun.cli import options

TYPE_CHECKING = False
if TYPE_CHECKING:
    from homerun.run import Run


@click.command("resubmit")
@click.option("-r", "--run", "run_id", metavar="ID", help="The run's id, or its beginning.")
@click.option("--failed", is_flag=True, help="What failed in the experiment of -e.")
@click.option("-e", "--experiment-name", "experiment", metavar="NAME", help="With --failed.")
@options.common
def resubmit(
    run_id: str | None, failed: bool, experiment: str | None, path: str | None, output: str | None
) -> int:
    """Submit a run again, or all that failed and were not submitted again yet.

    The code is that of the run's snapshot; command, tags and target are the same. Values that the
    record hides, and variables that are not set here, are asked for on a terminal. Returns at once
    and prints the new runs' ids and folders.

    \b
    Example:
      homerun run resubmit -r digits_1
      homerun run resubmit --failed -e digits
    """
    from homerun import resubmit as again
    from homerun.cli import render, words

    if failed != (experiment is not None) or failed == bool(run_id):
        raise click.UsageError("give a run (-r ID), or --failed and an experiment (-e NAME)")
    found = _failed(path, str(experiment)) if failed else [options.find(path, str(run_id))]
    said = [_ask(run) for run in found]
    made = [again.again(run, *answers) for run, answers in zip(found, said)]
    if options.wants_json(output):
        rows = [run.describe() for run in made]
        render.json(rows if failed else rows[0])
        return 0
    for run in made:
        click.echo(f"{run.id}\n{run.directory}")
    if not made:
        words.say(f"no run of {experiment} has failed and was not submitted again")
    return 0


def _failed(path: str | None, name: str) -> list[Run]:
    from homerun import resubmit as again
    from homerun.experiment import Experiment

    return list(again.failed(Experiment.existing(options.workspace(path), name)))


def _ask(run: Run) -> tuple[list[str], dict[str, object]]:
    """What the record of a run does not tell: secrets, and variables that are not set here."""
    from homerun import resubmit as again

    hidden, unset = again.hidden(run), again.unset(run)
    if (hidden or unset) and not (sys.stdin is not None and sys.stdin.isatty()):
        what = ", ".join([*hidden, *unset])
        raise click.UsageError(
            f"the record of run {run.id} does not tell {what}: resubmit it on a terminal, which "
            "asks, or by run.resubmit() in Python"
        )
    secrets = [str(_asked(f"{run.id}: {word}")) for word in hidden]
    return secrets, {name: _asked(f"{run.id}: {name}=") for name in unset}


def _asked(text: str) -> object:
    return click.prompt(text, hide_input=True, err=True, prompt_suffix=" ? ")
