"""Submit a batch (`--grid`): a progress bar while it runs, a table of its runs at the end."""

from __future__ import annotations

from time import monotonic

from homerun.base import masking
from homerun.cli.commands.run.follow import Hint, print_id
from homerun.cli.interrupts import Interrupted, Interrupts, reading_source, waiting
from homerun.cli.output import batch_table, console, render, text
from homerun.cli.output.progress import Progress
from homerun.cli.result import Result
from homerun.project import goals
from homerun.views import listing
from runstore.status import COMPLETED, TERMINAL

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from typing import Any

    from homerun.cli.invocation import Call
    from homerun.cli.options.grids import Row
    from homerun.config.script_run_config import ScriptRunConfig
    from homerun.sdk.batch import Batch
    from homerun.sdk.experiment import Experiment
    from homerun.sdk.run import Run


class GridRequest:
    """A batch to submit.

    Args:
        home: the experiment.
        config: makes a run's configuration from its extra arguments.
        rows: the combinations: the values of each run, and its extra arguments.
        labels: tags of the batch and of each run.
        run_id: the batch's id; None: one is made.
        about: display name and description of the batch.
    """

    def __init__(
        self,
        home: Experiment,
        config: Callable[..., ScriptRunConfig],
        rows: list[Row],
        labels: dict[str, str | None],
        run_id: str | None,
        about: dict[str, str | None],
    ) -> None:
        self._about = about
        self._home = home
        self._config = config
        self._rows = rows
        self._labels = labels
        self._run_id = run_id

    def submit(self) -> Batch:
        """Submit it."""
        configs = [self._config(*words) for _, words in self._rows]
        tags = [{**self._labels, **_shown(values)} for values, _ in self._rows]
        return self._home.submit_many(
            configs, tags, parent_tags=self._labels, run_id=self._run_id, **self._about
        )


def _shown(row: dict[str, str]) -> dict[str, str | None]:
    """A combination as tags; what looks like a secret is masked, as in the recorded arguments."""
    return {key: masking.arguments([f"--{key}", value])[-1] for key, value in row.items()}


def submit_and_follow(
    request: GridRequest, detach: bool, call: Call, quiet: bool = False
) -> Result | int:
    """Submit a batch and follow it to its end; exits 0 only if all runs Completed.

    Args:
        detach: return at once.
        quiet: print the batch's id alone.
    """
    if detach:
        return _detached(request.submit(), quiet)
    with Interrupts() as interrupts:
        interrupts.only_in(reading_source())
        try:
            with Hint("submitting; Ctrl-C cancels what is submitted already"):
                batch = request.submit()
        except Interrupted as interrupted:
            console.inform(f"stopped by {interrupted.by}: what was submitted is canceled")
            return interrupted.exit_code
        if quiet:
            print_id(batch.parent.id)
        try:
            interrupts.anywhere()
            if quiet:
                batch.wait_for_completion(raise_on_error=False)
            else:
                _follow(batch)
        except Interrupted as interrupted:
            return _cancel(batch, interrupted, interrupts)
        if quiet:
            code = 0 if batch.parent.get_status() == COMPLETED else 1
            return Result({}, code=code, only_if_asked=True)
        return _conclude(batch, call)


def _detached(batch: Batch, quiet: bool) -> Result:
    parent = batch.parent
    if quiet:
        print_id(parent.id)
    shown = [parent.id, parent.directory]
    return Result(parent.describe(), lambda: shown, only_if_asked=quiet)


def _follow(batch: Batch) -> None:
    parent = batch.parent
    console.inform(
        f"{text.printable(parent.experiment.name)} #{parent.number}  {len(batch)} runs below "
        f"{parent.id}"
    )
    began = monotonic()
    with Progress("", len(batch), at_once=True) as tell:
        for counts in batch.progress():
            over = sum(count for name, count in counts.items() if name in TERMINAL)
            told = batch_table.counted(counts)
            tell(over, f"{text.duration(monotonic() - began)}  {told}")


def _conclude(batch: Batch, call: Call) -> Result:
    """Show all of its runs, and its status."""
    parent = batch.parent
    row = parent.describe()
    told = {**row, "children": [_row(one) for one in batch]}

    def shown() -> Iterator[render.Part]:
        goal = goals.of_project(call.project())
        (listed,) = listing.describe_all([parent._record], goal)
        found = batch_table.rows_of_batch(parent._record)
        name = call.name_of(parent._record)
        yield from batch_table.parts(found, listed, name, goal.metric if goal else None)
        yield render.Note(f"  batch    {parent.id}  (again: homerun show {name})")
        yield render.Note(f"  folder   {text.printable(parent.directory)}")

    return Result(told, shown, 0 if row["status"] == COMPLETED else 1)


def _row(one: Run) -> dict[str, Any]:
    """A run's row, with the last value of each of its metrics."""
    metrics = one.get_metrics().items()
    last = {
        name: value[-1] if isinstance(value, list) and value else value for name, value in metrics
    }
    return {**one.describe(), "metrics": last}


def _cancel(batch: Batch, interrupted: Interrupted, interrupts: Interrupts) -> Result | int:
    """Cancel all of it; a second signal ends the wait, not the cancel."""
    interrupts.only_in(waiting())
    parent = batch.parent
    try:
        with Hint(f"canceling batch {parent.id}; Ctrl-C again stops waiting for it"):
            batch.cancel()
    except Interrupted:
        console.inform(f"not waiting any longer: the runs of batch {parent.id} are being canceled")
        return interrupted.exit_code
    console.inform(f"canceled by {interrupted.by}: batch {parent.id}")
    return Result(parent.describe(), code=interrupted.exit_code, only_if_asked=True)
