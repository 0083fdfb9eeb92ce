"""`homerun env …`: the environments of runs with packages."""

from __future__ import annotations

import time

from homerun.base import messages
from homerun.cli.command import command
from homerun.cli.errors import UsageError
from homerun.cli.options.kinds import Decimal
from homerun.cli.options.params import argument, option
from homerun.cli.output import render, text
from homerun.cli.result import Result
from homerun.config import environment
from homerun.config.environment import Environment
from homerun.config.run_configuration import RunConfiguration
from homerun.environments import manage as environments

TYPE_CHECKING = False
if TYPE_CHECKING:
    from homerun.cli.invocation import Call

_NONE_YET = "there are no environments; a run whose configuration has packages creates one"
_NO_PACKAGES = "it has no packages: the interpreter that submits also runs the script"
_COLUMNS = ["key", "name", "packages", "made", "last used"]


@command("list")
def list_environments(call: Call) -> Result:
    """List the environments in the cache and in the store, the most recently used one last.

    \b
    Example:
      homerun env list
    """
    rows, now = environments.kept(_root(call)), time.time()

    def shown() -> list[render.Part]:
        lines = [[row["key"], row["name"], len(row["packages"]), *_ago(row, now)] for row in rows]
        return [render.Table(_COLUMNS, lines, ("made",)) if lines else render.Note(_NONE_YET)]

    return Result(rows, shown)


@command("build")
@option(
    "-c",
    "--run-configuration-name",
    "named",
    metavar="NAME",
    help="The environment of a run configuration: a name in .azureml/, or a file's path.",
)
@option(
    "--version",
    metavar="VERSION",
    help="Version of a registered environment (default: the latest).",
)
@option(
    "--ignore-conda-packages",
    "ignore_conda",
    is_flag=True,
    help="Without conda, skip the conda packages that pip does not have.",
)
@argument("name")
def build(
    call: Call, named: str | None, version: str | None, ignore_conda: bool, name: str | None
) -> Result:
    """Build the registered environment NAME, or that of a run configuration.

    What the installer says goes to standard error.

    \b
    Example:
      homerun env build -c train
    """
    if (name is None) == (named is None):
        raise UsageError("give the name of a registered environment, or -c NAME")
    wanted = _wanted(call, name, version, named)
    folder, said = environments.build(
        wanted.name, environment.packages(wanted), environment.interpreter(wanted), ignore_conda
    )
    messages.tell(said)
    told = {"name": wanted.name, "directory": folder or None}
    return Result(told, lambda: [folder or render.Note(_NO_PACKAGES)])


@command("gc")
@option(
    "--older-than",
    "days",
    kind=Decimal(least=0),
    default=30.0,
    metavar="DAYS",
    help="Not used for this many days (default: 30).",
)
def gc(call: Call, days: float) -> Result:
    """Remove environments that were not used for a while, and leftovers of killed builds.

    An environment that a run uses stays. A run whose environment was removed builds it again.

    \b
    Example:
      homerun env gc --older-than 7
    """
    root = _root(call)
    removed = environments.collect(days, root)
    line = f"removed {len(removed)} of {len(removed) + len(environments.kept(root))}"
    return Result(removed, lambda: [render.Note(line)])


def _wanted(call: Call, name: str | None, version: str | None, named: str | None) -> Environment:
    if named is not None:
        return RunConfiguration.find(named, call.path or ".").environment
    return Environment.get(call.workspace(), str(name), version)


def _root(call: Call) -> str:
    return call.workspace(wakes=False).store.root


def _ago(row: dict[str, object], now: float) -> list[str]:
    return [text.ago(row["made"], now), text.ago(row["used"], now)]
