"""`homerun env …`: the environments that are made for runs with packages."""

from __future__ import annotations

from time import time

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

_NONE_YET = "there are no environments yet; a run whose configuration has packages makes one"
_NO_PACKAGES = "it has no packages: the interpreter that submits runs the script"
_COLUMNS = ["key", "name", "packages", "made", "last used"]


@command("list")
def list_environments(call: Call) -> Result:
    """List the environments in the cache, the one that was used last at the end.

    \b
    Example:
      homerun env list
    """
    rows, now = environments.kept(), time()

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
    help="That of a run configuration: a name in .azureml/, or the path of a file.",
)
@option("--version", metavar="VERSION", help="Of a registered environment; else the latest.")
@option(
    "--ignore-conda-packages",
    "ignore_conda",
    is_flag=True,
    help="Go on without packages of conda that pip has not, where there is no conda.",
)
@argument("name")
def build(
    call: Call, named: str | None, version: str | None, ignore_conda: bool, name: str | None
) -> Result:
    """Make the environment NAME, which is registered, or that of a run configuration.

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
    help="Not used for so many days; else 30.",
)
def gc(call: Call, days: float) -> Result:
    """Remove environments that were not used for a while, and what killed builds left.

    One that a run uses stays. A run that asks for one that was removed has it made again.

    \b
    Example:
      homerun env gc --older-than 7
    """
    removed = environments.collect(days)
    line = f"removed {len(removed)} of {len(removed) + len(environments.kept())}"
    return Result(removed, lambda: [render.Note(line)])


def _wanted(call: Call, name: str | None, version: str | None, named: str | None) -> Environment:
    if named is not None:
        return RunConfiguration.find(named, call.path or ".").environment
    return Environment.get(call.workspace(), str(name), version)


def _ago(row: dict[str, object], now: float) -> list[str]:
    return [text.ago(row["made"], now), text.ago(row["used"], now)]
