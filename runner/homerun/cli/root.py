"""The command `homerun` and its groups. A module is loaded when one of its commands is named."""

from __future__ import annotations

import click

from homerun import __version__

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any

_ENVIRONMENTS = "homerun.cli.environments"
_EXPERIMENTS = "homerun.cli.experiments"
_LABELS = "homerun.cli.labels"
_LOGS = "homerun.cli.logs"
_METRICS = "homerun.cli.metrics"
_QUEUES = "homerun.cli.queues"
_RESUBMIT = "homerun.cli.resubmit"
_RUNS = "homerun.cli.runs"
_STORE = "homerun.cli.store"
_SUBMIT = "homerun.cli.submit"
_TARGETS = "homerun.cli.targets"
_WATCH = "homerun.cli.watch"


class Group(click.Group):
    """A group whose commands live in modules of their own, by name: (module, function)."""

    homes: dict[str, tuple[str, str]]

    def __init__(self, *args: Any, homes: dict[str, tuple[str, str]], **options: Any) -> None:
        super().__init__(*args, **options)
        self.homes = homes

    def list_commands(self, ctx: click.Context) -> list[str]:
        """The commands' names, for help and completion."""
        return [*self.commands, *self.homes]

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:
        """A command by its name; this loads its module."""
        if cmd_name not in self.homes:
            return super().get_command(ctx, cmd_name)
        module, function = self.homes[cmd_name]
        found = getattr(__import__(module, fromlist=[function]), function)
        return found if isinstance(found, click.Command) else None


@click.group(cls=Group, homes={}, context_settings={"help_option_names": ["-h", "--help"]})
@click.version_option(__version__, prog_name="homerun", message="%(prog)s %(version)s")
def root() -> None:
    """Training runs on your own machine, each with a record that you can read.

    \b
    Example:
      homerun run submit-script -e digits train.py --epochs 5
    """


@root.group(
    cls=Group,
    homes={
        "submit-script": (_SUBMIT, "submit_script"),
        "resubmit": (_RESUBMIT, "resubmit"),
        "list": (_RUNS, "list_runs"),
        "tree": (_LABELS, "tree"),
        "update": (_LABELS, "update"),
        "show": (_RUNS, "show"),
        "cancel": (_RUNS, "cancel"),
        "monitor-logs": (_RUNS, "monitor_logs"),
        "download-logs": (_RUNS, "download_logs"),
        "logs": (_LOGS, "logs"),
        "metrics": (_METRICS, "metrics"),
        "watch": (_WATCH, "watch"),
    },
)
def run() -> None:
    """Submit, follow, list and cancel runs.

    \b
    Example:
      homerun run list --last 20
    """


@root.group(cls=Group, homes={"list": (_EXPERIMENTS, "list_experiments")})
def experiment() -> None:
    """List experiments.

    \b
    Example:
      homerun experiment list
    """


@root.group(
    cls=Group,
    homes={
        "list": (_QUEUES, "list_queues"),
        "pause": (_QUEUES, "pause"),
        "resume": (_QUEUES, "resume"),
    },
)
def queue() -> None:
    """See the runs that wait for a slot, and hold them back.

    \b
    Example:
      homerun queue list
    """


@root.group(
    cls=Group,
    homes={
        "list": (_TARGETS, "list_targets"),
        "add": (_TARGETS, "add"),
        "remove": (_TARGETS, "remove"),
    },
)
def target() -> None:
    """Say where runs are placed, and how many at once.

    \b
    Example:
      homerun target add small --type local --slots 1
    """


@root.group(cls=Group, homes={"check": (_STORE, "check"), "reindex": (_STORE, "reindex")})
def store() -> None:
    """Look after the folder that holds the records.

    \b
    Example:
      homerun store check
    """


@root.group(
    cls=Group,
    homes={
        "list": (_ENVIRONMENTS, "list_environments"),
        "build": (_ENVIRONMENTS, "build"),
        "gc": (_ENVIRONMENTS, "gc"),
    },
)
def env() -> None:
    """Look after the environments that are made for runs with packages.

    \b
    Example:
      homerun env list
    """
