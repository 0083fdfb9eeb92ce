"""The command `homerun`: which commands there are, and where each lives.

A module is loaded when one of its commands is named, or its help is wanted.
"""

from __future__ import annotations

import click

from homerun import __version__

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any

GROUPS = {
    "run": ("Submit, follow, list and cancel runs.", "run list --last 20"),
    "experiment": ("List experiments.", "experiment list"),
    "queue": ("See the runs that wait for a slot, and hold them back.", "queue list"),
    "target": (
        "Say where runs are placed, and how many at once.",
        "target add small --type local --slots 1",
    ),
    "store": ("Look after the folder that holds the records.", "store check"),
    "store trash": (
        "Look at deleted runs, bring them back, or remove them for good.",
        "store trash list",
    ),
    "env": (
        "Look after the environments that are made for runs with packages.",
        "env list",
    ),
    "folder": (
        "Attach folders to experiments.",
        "folder attach -w myworkspace -g myresourcegroup",
    ),
    "workspace": (
        "Make and show the workspace, which is a folder here.",
        "workspace show",
    ),
    "account": ("Say that no account is needed.", "account show"),
}
"""Each with what it is for, and an example."""

COMMANDS = {
    "run submit-script": ("submit", "submit_script"),
    "run resubmit": ("resubmit", "resubmit"),
    "run list": ("runs", "list_runs"),
    "run tree": ("labels", "tree"),
    "run update": ("labels", "update"),
    "run show": ("runs", "show"),
    "run compare": ("comparing", "compare"),
    "run cancel": ("cancel", "cancel"),
    "run delete": ("delete", "delete"),
    "run snapshot": ("snapshots", "snapshot"),
    "run monitor-logs": ("runs", "monitor_logs"),
    "run download-logs": ("runs", "download_logs"),
    "run logs": ("logs", "logs"),
    "run metrics": ("metrics", "metrics"),
    "run watch": ("watch", "watch"),
    "experiment list": ("experiments", "list_experiments"),
    "queue list": ("queues", "list_queues"),
    "queue pause": ("queues", "pause"),
    "queue resume": ("queues", "resume"),
    "target list": ("targets", "list_targets"),
    "target add": ("targets", "add"),
    "target remove": ("targets", "remove"),
    "store check": ("store", "check"),
    "store gc": ("keeping", "gc"),
    "store stats": ("keeping", "stats"),
    "store reindex": ("store", "reindex"),
    "store trash list": ("trash", "list_trash"),
    "store trash restore": ("trash", "restore"),
    "store trash empty": ("trash", "empty"),
    "env list": ("environments", "list_environments"),
    "env build": ("environments", "build"),
    "env gc": ("environments", "gc"),
    "folder attach": ("workspaces", "attach"),
    "workspace create": ("workspaces", "create"),
    "workspace list": ("workspaces", "list_workspaces"),
    "workspace show": ("workspaces", "show"),
    "account set": ("accounts", "select"),
    "account show": ("accounts", "show"),
    "doctor": ("doctor", "doctor"),
    "studio": ("studio", "studio"),
    "completion": ("completion", "completion"),
    "login": ("accounts", "login"),
}
"""Each with its module in this package and its function there."""


class Group(click.Group):
    """A group, known by the words that lead to it."""

    def __init__(self, name: str, path: str = "", **settings: Any) -> None:
        super().__init__(name, **settings)
        self._before = f"{path} " if path else ""

    def list_commands(self, ctx: click.Context) -> list[str]:
        """The names of its groups and commands, for help and completion."""
        start = len(self._before)
        known = (*GROUPS, *COMMANDS)
        names = [path[start:] for path in known if path.startswith(self._before)]
        return [name for name in names if " " not in name]

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:
        """A group or a command by its name; this loads the command's module."""
        path = self._before + cmd_name
        if path in GROUPS:
            summary, example = GROUPS[path]
            return Group(cmd_name, path, help=f"{summary}\n\n\b\nExample:\n  homerun {example}")
        if path not in COMMANDS:
            return None
        module, function = COMMANDS[path]
        found = getattr(__import__(f"homerun.cli.{module}", fromlist=[function]), function)
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


@click.command(cls=Group, context_settings={"help_option_names": ["-h", "--help"]})
@click.version_option(__version__, prog_name="homerun", message="%(prog)s %(version)s")
def root() -> None:
    """Training runs on your own machine, each with a record that you can read.

    \b
    Example:
      homerun run submit-script -e digits train.py --epochs 5
    """
