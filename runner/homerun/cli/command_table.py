"""The table of commands: the name of each, and the module and function that implement it.

A module is loaded when one of its commands, or its help, is asked for.
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
    "queue": ("List waiting runs; pause and resume a queue.", "queue list"),
    "target": (
        "Set where runs are placed, and how many at once.",
        "target add small --type local --slots 1",
    ),
    "store": ("Check, clean and measure the folder that holds the records.", "store check"),
    "store trash": (
        "List deleted runs, restore them, or remove them for good.",
        "store trash list",
    ),
    "env": (
        "List, build and remove the environments of runs with packages.",
        "env list",
    ),
    "folder": (
        "Attach folders to experiments.",
        "folder attach -w myworkspace -g myresourcegroup",
    ),
    "workspace": (
        "Create and show the workspace, a folder on this machine.",
        "workspace show",
    ),
    "account": ("Say that no account is needed.", "account show"),
}
"""Each with its summary, and an example."""

COMMANDS = {
    "top": ("commands.run.watch", "top"),
    "run submit-script": ("commands.run.submit_script", "submit_script"),
    "run resubmit": ("commands.run.resubmit", "resubmit"),
    "run list": ("commands.run.list", "list_runs"),
    "run tree": ("commands.run.tree", "tree"),
    "run update": ("commands.run.update", "update"),
    "run show": ("commands.run.show", "show"),
    "run compare": ("commands.run.compare", "compare"),
    "run cancel": ("commands.run.cancel", "cancel"),
    "run delete": ("commands.run.delete", "delete"),
    "run snapshot": ("commands.run.snapshot", "snapshot"),
    "run monitor-logs": ("commands.run.logs", "monitor_logs"),
    "run download-logs": ("commands.run.logs", "download_logs"),
    "run logs": ("commands.run.logs", "logs"),
    "run metrics": ("commands.run.metrics", "metrics"),
    "run watch": ("commands.run.watch", "watch"),
    "experiment list": ("commands.experiment", "list_experiments"),
    "queue list": ("commands.queue", "list_queues"),
    "queue pause": ("commands.queue", "pause"),
    "queue resume": ("commands.queue", "resume"),
    "target list": ("commands.target", "list_targets"),
    "target add": ("commands.target", "add"),
    "target remove": ("commands.target", "remove"),
    "store check": ("commands.store", "check"),
    "store gc": ("commands.store", "gc"),
    "store stats": ("commands.store", "stats"),
    "store reindex": ("commands.store", "reindex"),
    "store trust": ("commands.store", "trust"),
    "store distrust": ("commands.store", "distrust"),
    "store share": ("commands.store", "share"),
    "store trash list": ("commands.trash", "list_trash"),
    "store trash restore": ("commands.trash", "restore"),
    "store trash empty": ("commands.trash", "empty"),
    "env list": ("commands.env", "list_environments"),
    "env build": ("commands.env", "build"),
    "env gc": ("commands.env", "gc"),
    "folder attach": ("commands.folder", "attach"),
    "workspace create": ("commands.workspace", "create"),
    "workspace list": ("commands.workspace", "list_workspaces"),
    "workspace show": ("commands.workspace", "show"),
    "account set": ("commands.account", "select"),
    "account show": ("commands.account", "show"),
    "doctor": ("commands.doctor", "doctor"),
    "studio": ("commands.studio", "studio"),
    "completion": ("commands.completion", "completion"),
    "login": ("commands.account", "login"),
}
"""Each with its module in this package and its function there."""


def command(path: Sequence[str]) -> Command | None:
    """The command of this name, if there is one; this loads its module."""
    place = COMMANDS.get(" ".join(path))
    if place is None or " " in "".join(path):  # the one word "run list" is not these two
        return None
    module, function = place
    found: Command = getattr(__import__(f"homerun.cli.{module}", fromlist=[function]), function)
    return found


def words_after(path: Sequence[str] = ()) -> list[str]:
    """The words that may follow these, for help and completion: groups first, then commands."""
    start = len(path)
    below = [known.split() for known in (*GROUPS, *COMMANDS)]
    return [one[start] for one in below if len(one) == start + 1 and one[:start] == [*path]]
