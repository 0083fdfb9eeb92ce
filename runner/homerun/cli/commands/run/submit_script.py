"""`homerun run submit-script`: the one command whose start has to be quick."""

from __future__ import annotations

import functools
import os

from homerun.cli.command import command
from homerun.cli.interrupts import Interrupted, Interrupts, reading_source
from homerun.cli.options import shared
from homerun.cli.options.kinds import Decimal, Number
from homerun.cli.options.params import argument, option
from homerun.cli.output import console
from homerun.cli.result import Result
from homerun.targets.plan import DEFAULT_GRACE_S

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable
    from typing import Any

    from homerun.cli.invocation import Call
    from homerun.cli.options.grids import Axis
    from homerun.cli.output import render
    from homerun.config.environment import Environment
    from homerun.config.run_configuration import RunConfiguration
    from homerun.config.script_run_config import ScriptRunConfig
    from runstore.run.record import Record


def _words(given: str | None) -> list[str] | None:
    """Words between commas; of none, None."""
    return None if given is None else [word.strip() for word in given.split(",")]


def _axes(given: tuple[str, ...]) -> list[Axis]:
    if not given:
        return []
    from homerun.cli.options import grids  # most submits are no batch

    return grids.axes(given)


@command(
    "submit-script",
    takes_rest=True,
    usage="[-e EXPERIMENT] [OPTIONS]",
)
@shared.of_experiment("The experiment (default: the one that the folder is attached to).")
@option(
    "-c",
    "--run-configuration-name",
    "named",
    metavar="NAME",
    help="A run configuration: a name in .azureml/, or the path of a file.",
)
@option(
    "-d",
    "--conda-dependencies",
    "conda",
    metavar="FILE",
    help="A conda environment file: the packages of this run.",
)
@option("--async", "detach", is_flag=True, help="Return at once; print id and folder.")
@option("--in-place", is_flag=True, help="Run in the source folder itself instead of in a copy.")
@option(
    "--copy-limit",
    check=shared.size,
    metavar="SIZE",
    help="Copy ignored and large files for the run up to SIZE, e.g. 20GB; the rest is linked "
    "to the originals (default: 1GB).",
)
@option(
    "--source-directory",
    "source",
    metavar="DIR",
    help="The folder with the code (default: this one).",
)
@option("--python", "interpreter", metavar="INTERPRETER", help="The Python that runs the script.")
@option(
    "--grace",
    "grace_s",
    kind=Decimal(),
    metavar="SECONDS",
    help=f"Seconds between SIGTERM and SIGKILL when canceled (default: {DEFAULT_GRACE_S:g}).",
)
@option(
    "--signals",
    "stop_signals",
    check=shared.rungs,
    metavar="NAME:SECONDS,…",
    help="Signals before SIGKILL, each with its wait, instead of --grace: INT:5,TERM:10.",
)
@option(
    "--max-run-duration",
    "limit",
    kind=Decimal(),
    metavar="SECONDS",
    help="Stop the run after this many seconds.",
)
@option(
    "--max-retries",
    kind=Number(),
    metavar="N",
    help="Restart a failed script at most N times.",
)
@option(
    "--retry-on",
    check=_words,
    metavar="CAUSE,…",
    help="Retry after these causes (default: exit_code,signal,out_of_memory); also "
    "host_restarted, exit:N.",
)
@option(
    "--retry-delay",
    "retry_delay_s",
    kind=Decimal(),
    metavar="SECONDS",
    help="Seconds before the first retry; doubled at each retry.",
)
@shared.tags("A tag;")
@option(
    "--ignore-conda-packages",
    "ignore_conda_packages",
    is_flag=True,
    help="Without conda, skip the conda packages that pip does not have.",
)
@option("--run-id", "own_id", metavar="ID", help="The run's id (default: a new one).")
@option("--target", "--ct", metavar="NAME", help="Where to run (default: the default target).")
@option("--slots", kind=Number(1, 999), metavar="N", help="Slots that it takes (default: 1).")
@option(
    "--priority",
    kind=Number(0, 9999),
    metavar="N",
    help="The highest of the waiting runs starts first (default: 0).",
)
@option(
    "--max-concurrent-runs",
    kind=Number(1, 999),
    metavar="N",
    help="Wait while the target has N live runs.",
)
@option(
    "--grid",
    "axes",
    check=_axes,
    many=True,
    metavar="KEY=VALUES",
    help="A batch: one run for each value or combination of values, e.g. lr=0.1,0.01, seed=0..9, "
    "lr=log:1e-5..1e-1:5, flag:amp or pair:model.lr=0.1,0.01.",
)
@option(
    "-m",
    "--module",
    ends=True,
    metavar="MODULE",
    help="Run a module, as python -m does, instead of SCRIPT; what follows are its arguments.",
)
@option("--command", "line", metavar="LINE", help="Run a line of the shell instead of SCRIPT.")
@argument("script")
@argument("arguments", many=True)
def submit_script(
    call: Call,
    named: str | None,
    conda: str | None,
    detach: bool,
    tags: list[tuple[str, str | None]],
    own_id: str | None,
    module: str | None,
    line: str | None,
    script: str | None,
    arguments: tuple[str, ...],
    source: str | None,
    limit: float | None,
    target: str | None,
    axes: list[Axis],
    **settings: Any,
) -> Result | int:
    """Run SCRIPT as a run of an experiment and follow its output to the end.

    SCRIPT is a Python file, a notebook (its arguments are parameters), a shell or R script, or a
    program.

    What follows SCRIPT are the script's arguments. Its output goes to standard output, unchanged;
    messages about the run go to standard error. Exits 0 only if the run Completed. Ctrl-C and
    SIGTERM cancel the run. A run configuration may name the script.

    With --grid it is a batch: child runs of one run, each with `--KEY VALUE` after its arguments
    (`--KEY` for flag:KEY, `KEY=VALUE` for pair:KEY).
    At the end a table lists them; exits 0 only if all Completed.

    \b
    Example:
      homerun run submit-script -e digits --tags lr=0.1 train.py --epochs 5
      homerun run submit-script -e digits --grid lr=0.1,0.01 --grid seed=0..9 train.py
    """
    from homerun.config.script_run_config import ScriptRunConfig
    from homerun.runs import start

    packages = _packages(conda) if conda else None
    loaded = _loaded(call.path, named, limit, target, packages) if named else None
    if module is not None:
        arguments = (*(() if script is None else (script,)), *(arguments or ()))
        script = f"-m {module}"
    words = arguments or _own_arguments(loaded)

    def config(*more: str) -> ScriptRunConfig:
        return ScriptRunConfig(
            source or call.path,
            script,
            [*words, *more],
            loaded,
            command=line,
            compute_target=None if loaded else target,
            environment=None if loaded else packages,
            max_run_duration_seconds=None if loaded else limit,
            **settings,
        )

    name = call.attached_experiment() if call.experiment is None else call.experiment
    first = config()
    first.argv()  # nothing is made for a script that is not there
    labels = dict(tags)
    if axes:
        from homerun.cli.commands.run import submit_grid
        from homerun.sdk.experiment import Experiment

        home = Experiment(call.workspace(), name)
        return submit_grid.submit_and_follow(
            submit_grid.GridRequest(home, config, axes, labels, own_id), detach, call
        )
    store = call.store()
    if detach:
        return _detached(start.submit_to(store, name, first, labels, own_id))
    return _followed(functools.partial(start.submit_to, store, name, first, labels, own_id), call)


def _packages(file: str) -> Environment:
    """An environment with the packages of a conda environment file, named after the file."""
    from homerun.config.environment import Environment

    name = os.path.splitext(os.path.basename(file))[0]
    return Environment.from_conda_specification(name, file)


def _loaded(
    path: str | None,
    named: str,
    limit: float | None,
    target: str | None,
    packages: Environment | None,
) -> RunConfiguration:
    """A run configuration; time limit, target and packages of the command line override it."""
    from homerun.config.run_configuration import RunConfiguration

    found = RunConfiguration.find(named, path or ".")
    if limit is not None:
        found.max_run_duration_seconds = limit
    if target is not None:
        found.target = target
    if packages is not None:
        found.environment.name = packages.name
        found.environment.python.conda_dependencies = packages.python.conda_dependencies
        found.environment.python.user_managed_dependencies = False
    return found


def _own_arguments(loaded: RunConfiguration | None) -> list[object]:
    """Take the arguments out of a run configuration: a grid appends its own."""
    if loaded is None:
        return []
    taken, loaded.arguments = loaded.arguments, []
    return taken


def _followed(submit: Callable[[], Record], call: Call) -> Result | int:
    with Interrupts() as interrupts:
        interrupts.only_in(reading_source())
        try:
            record = submit()
        except Interrupted as interrupted:
            console.inform(f"stopped by {interrupted.by}: no run was submitted")
            return interrupted.exit_code
        from homerun.cli.commands.run import follow  # loaded while the run starts

        return follow.or_cancel(record, call, interrupts)


def _detached(record: Record) -> Result:
    from homerun.cli.commands.run import follow
    from homerun.views import details

    def shown() -> list[render.Part]:
        follow.say_if_it_waits(record)
        return [record.id, record.path]

    return Result(details.row_of(record), shown)
