"""The command `homerun`: which commands there are, and where each lives.

A module is loaded when one of its commands is named, or its help is wanted.
"""

from __future__ import annotations

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Sequence

    from homerun.cli.command import Command

HELP = """Training runs on your own machine, each with a record that you can read.

\b
Example:
  homerun run submit-script -e digits train.py --epochs 5
"""

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


def command(path: Sequence[str]) -> Command | None:
    """The command that these words lead to, if they lead to one; this loads its module."""
    place = COMMANDS.get(" ".join(path))
    if place is None or " " in "".join(path):  # the one word "run list" is not these two
        return None
    module, function = place
    found: Command = getattr(__import__(f"homerun.cli.{module}", fromlist=[function]), function)
    return found


def names(path: Sequence[str] = ()) -> list[str]:
    """The words that may follow these, for help and completion: groups first, then commands."""
    start = len(path)
    below = [known.split() for known in (*GROUPS, *COMMANDS)]
    return [one[start] for one in below if len(one) == start + 1 and one[:start] == [*path]]
