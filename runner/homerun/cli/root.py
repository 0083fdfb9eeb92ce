"""The command `homerun` and its groups. A module is loaded when one of its commands is named."""

from __future__ import annotations

import click

from homerun import __version__

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any

_ACCOUNTS = "homerun.cli.accounts"
_CANCEL = "homerun.cli.cancel"
_COMPARING = "homerun.cli.comparing"
_COMPLETION = "homerun.cli.completion"
_DELETE = "homerun.cli.delete"
_DOCTOR = "homerun.cli.doctor"
_ENVIRONMENTS = "homerun.cli.environments"
_EXPERIMENTS = "homerun.cli.experiments"
_KEEPING = "homerun.cli.keeping"
_LABELS = "homerun.cli.labels"
_LOGS = "homerun.cli.logs"
_METRICS = "homerun.cli.metrics"
_QUEUES = "homerun.cli.queues"
_RESUBMIT = "homerun.cli.resubmit"
_RUNS = "homerun.cli.runs"
_SNAPSHOTS = "homerun.cli.snapshots"
_STORE = "homerun.cli.store"
_STUDIO = "homerun.cli.studio"
_SUBMIT = "homerun.cli.submit"
_TARGETS = "homerun.cli.targets"
_TRASH = "homerun.cli.trash"
_WATCH = "homerun.cli.watch"
_WORKSPACES = "homerun.cli.workspaces"


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

    def resolve_command(
        self, ctx: click.Context, args: list[str]
    ) -> tuple[str | None, click.Command | None, list[str]]:
        """A command by the words of a command line; one that is not there is told with near ones.

        Raises:
            UsageError: there is no such command.
        """
        known = self.list_commands(ctx)
        if args[0] in known or args[0].startswith("-"):
            return super().resolve_command(ctx, args)
        from difflib import get_close_matches

        near = " or ".join(get_close_matches(args[0], known, 2))
        meant = f" (did you mean {near}?)" if near else ""
        path = ctx.command_path
        raise click.UsageError(f"there is no command {path} {args[0]}{meant}; see {path} --help")


@click.group(
    cls=Group,
    homes={
        "doctor": (_DOCTOR, "doctor"),
        "studio": (_STUDIO, "studio"),
        "completion": (_COMPLETION, "completion"),
        "login": (_ACCOUNTS, "login"),
    },
    context_settings={"help_option_names": ["-h", "--help"]},
)
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
        "compare": (_COMPARING, "compare"),
        "cancel": (_CANCEL, "cancel"),
        "delete": (_DELETE, "delete"),
        "snapshot": (_SNAPSHOTS, "snapshot"),
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


@root.group(
    cls=Group,
    homes={
        "check": (_STORE, "check"),
        "gc": (_KEEPING, "gc"),
        "stats": (_KEEPING, "stats"),
        "reindex": (_STORE, "reindex"),
    },
)
def store() -> None:
    """Look after the folder that holds the records.

    \b
    Example:
      homerun store check
    """


@store.group(
    cls=Group,
    homes={
        "list": (_TRASH, "list_trash"),
        "restore": (_TRASH, "restore"),
        "empty": (_TRASH, "empty"),
    },
)
def trash() -> None:
    """Look at deleted runs, bring them back, or remove them for good.

    \b
    Example:
      homerun store trash list
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


@root.group(cls=Group, homes={"attach": (_WORKSPACES, "attach")})
def folder() -> None:
    """Attach folders to experiments.

    \b
    Example:
      homerun folder attach -w myworkspace -g myresourcegroup
    """


@root.group(
    cls=Group,
    homes={
        "create": (_WORKSPACES, "create"),
        "list": (_WORKSPACES, "list_workspaces"),
        "show": (_WORKSPACES, "show"),
    },
)
def workspace() -> None:
    """Make and show the workspace, which is a folder here.

    \b
    Example:
      homerun workspace show
    """


@root.group(cls=Group, homes={"set": (_ACCOUNTS, "select"), "show": (_ACCOUNTS, "show")})
def account() -> None:
    """Say that no account is needed.

    \b
    Example:
      homerun account show
    """
