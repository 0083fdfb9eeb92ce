"""The command `homerun` and its groups."""

from __future__ import annotations

import click

from homerun import __version__
from homerun.cli.experiments import experiment
from homerun.cli.runs import run
from homerun.cli.store import store


@click.group(context_settings={"help_option_names": ["-h", "--help"]})
@click.version_option(__version__, prog_name="homerun", message="%(prog)s %(version)s")
def root() -> None:
    """Training runs on your own machine, each with a record that you can read.

    \b
    Example:
      homerun run submit-script -e digits train.py --epochs 5
    """


for group in (run, experiment, store):
    root.add_command(group)
