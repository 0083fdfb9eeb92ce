"""`homerun env …`: the environments that are made for runs with packages."""

from __future__ import annotations

import click

from homerun.cli import options

TYPE_CHECKING = False
if TYPE_CHECKING:
    from homerun.environment import Environment

_COLUMNS = ["key", "name", "packages", "made", "last used"]


@click.command("list")
@options.common
def list_environments(path: str | None, output: str | None) -> int:
    """List the environments in the cache, the one that was used last at the end.

    \b
    Example:
      homerun env list
    """
    from time import time

    from homerun import environments
    from homerun.cli import render, words

    rows, now = environments.kept(), time()
    if options.wants_json(output):
        render.json(rows)
    elif rows:
        shown = ([row["key"], row["name"], len(row["packages"]), *_ago(row, now)] for row in rows)
        render.table(_COLUMNS, [*shown], ("made",))
    else:
        words.say("there are no environments yet; a run whose configuration has packages makes one")
    return 0


@click.command()
@click.option(
    "-c",
    "--run-configuration-name",
    "named",
    metavar="NAME",
    help="That of a run configuration: a name in .azureml/, or the path of a file.",
)
@click.option("--version", metavar="VERSION", help="Of a registered environment; else the latest.")
@click.option(
    "--ignore-conda-packages",
    "ignore_conda",
    is_flag=True,
    help="Go on without packages of conda that pip has not, where there is no conda.",
)
@options.common
@click.argument("name", required=False)
def build(
    named: str | None,
    version: str | None,
    ignore_conda: bool,
    path: str | None,
    output: str | None,
    name: str | None,
) -> int:
    """Make the environment NAME, which is registered, or that of a run configuration.

    What the installer says goes to standard error.

    \b
    Example:
      homerun env build -c train
    """
    from homerun import environments, notices
    from homerun.cli import render, words

    if (name is None) == (named is None):
        raise click.UsageError("give the name of a registered environment, or -c NAME")
    wanted = _wanted(path, name, version, named)
    folder, told = environments.build(wanted, ignore_conda)
    notices.tell(told)
    if options.wants_json(output):
        render.json({"name": wanted.name, "directory": folder or None})
    elif folder:
        click.echo(folder)
    else:
        words.say("it has no packages: the interpreter that submits runs the script")
    return 0


@click.command()
@click.option(
    "--older-than",
    "days",
    type=click.FloatRange(min=0),
    default=30.0,
    metavar="DAYS",
    help="Not used for so many days; else 30.",
)
@options.common
def gc(days: float, path: str | None, output: str | None) -> int:
    """Remove environments that were not used for a while, and what killed builds left.

    One that a run uses stays. A run that asks for one that was removed has it made again.

    \b
    Example:
      homerun env gc --older-than 7
    """
    from homerun import environments
    from homerun.cli import render, words

    removed = environments.collect(days)
    if options.wants_json(output):
        render.json(removed)
    else:
        words.say(f"removed {len(removed)} of {len(removed) + len(environments.kept())}")
    return 0


def _wanted(
    path: str | None, name: str | None, version: str | None, named: str | None
) -> Environment:
    from homerun.environment import Environment
    from homerun.runconfig import RunConfiguration

    if named is not None:
        return RunConfiguration.find(named, path or ".").environment
    return Environment.get(options.workspace(path), str(name), version)


def _ago(row: dict[str, object], now: float) -> list[str]:
    from homerun.cli import words

    return [words.ago(row["made"], now), words.ago(row["used"], now)]
