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
  homerun run train.py --epochs 5
"""

GROUPS = {
    "run": ("Submit, follow, list and cancel runs.", "run list --last 20"),
    "experiment": ("List experiments.", "experiment list"),
    "queue": (
        "List waiting runs; pause and resume a queue, set how many run at once.",
        "queue slots 2",
    ),
    "target": (
        "Set where runs are placed, and how many at once.",
        "target add small --type local --slots 1",
    ),
    "store": ("Check, clean and measure the folder that holds the records.", "store check"),
    "store trash": (
        "List deleted runs, restore them, or remove them for good.",
        "store trash list",
    ),
    "model": (
        "Keep models: list, show, download, register and delete them.",
        "model list",
    ),
    "datastore": (
        "Set which folders the names of datastores stand for.",
        "datastore add images /data/images",
    ),
    "dataset": ("List and show registered datasets.", "dataset list"),
    "env": (
        "List, build and remove the environments of runs with packages.",
        "env list",
    ),
    "notify": ("Try how notifications reach you.", "notify test"),
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
    "run SCRIPT": ("commands.submit.script", "script"),
    "run submit-script": ("commands.submit.submit_script", "submit_script"),
    "run resubmit": ("commands.submit.resubmit", "resubmit"),
    "top": ("commands.run.watch", "top"),
    "run list": ("commands.run.list", "list_runs"),
    "run tree": ("commands.run.tree", "tree"),
    "run update": ("commands.run.update", "update"),
    "run show": ("commands.run.show", "show"),
    "run compare": ("commands.run.compare", "compare"),
    "run cancel": ("commands.run.cancel", "cancel"),
    "run fail": ("commands.run.cancel", "fail"),
    "run delete": ("commands.run.delete", "delete"),
    "run snapshot": ("commands.run.files", "snapshot"),
    "run monitor-logs": ("commands.run.logs", "monitor_logs"),
    "run monitor-tensorboard": ("commands.machine.tensorboard", "monitor_tensorboard"),
    "run download-logs": ("commands.run.logs", "download_logs"),
    "run logs": ("commands.run.logs", "logs"),
    "run metrics": ("commands.run.metrics", "metrics"),
    "run plot": ("commands.run.metrics", "plot"),
    "run report": ("commands.machine.report", "report"),
    "run best": ("commands.run.best", "best"),
    "run why": ("commands.run.why", "why"),
    "run stacks": ("commands.machine.stacks", "stacks"),
    "run wait": ("commands.run.wait", "wait_for"),
    "run tag": ("commands.run.update", "tag"),
    "run files": ("commands.run.files", "files"),
    "run open": ("commands.run.files", "open_run"),
    "run diff": ("commands.run.files", "diff"),
    "run watch": ("commands.run.watch", "watch"),
    "experiment list": ("commands.experiment", "list_experiments"),
    "queue list": ("commands.queue", "list_queues"),
    "queue move": ("commands.queue", "move"),
    "queue pause": ("commands.queue", "pause"),
    "queue resume": ("commands.queue", "resume"),
    "queue slots": ("commands.queue", "slots"),
    "target list": ("commands.target", "list_targets"),
    "target add": ("commands.target", "add"),
    "target set": ("commands.target", "set_rules"),
    "target show": ("commands.target", "show"),
    "target default": ("commands.target", "set_default"),
    "target test": ("commands.target", "test"),
    "target remove": ("commands.target", "remove"),
    "store check": ("commands.store", "check"),
    "store gc": ("commands.store", "gc"),
    "store stats": ("commands.store", "stats"),
    "store reindex": ("commands.store", "reindex"),
    "du": ("commands.store", "disk_use"),
    "store trust": ("commands.store", "trust"),
    "store distrust": ("commands.store", "distrust"),
    "store share": ("commands.store", "share"),
    "store trash list": ("commands.trash", "list_trash"),
    "store trash restore": ("commands.trash", "restore"),
    "store trash empty": ("commands.trash", "empty"),
    "model list": ("commands.assets.model", "list_models"),
    "model show": ("commands.assets.model", "show"),
    "model download": ("commands.assets.model", "download"),
    "model register": ("commands.assets.model", "register"),
    "model delete": ("commands.assets.model", "delete"),
    "datastore list": ("commands.assets.data", "list_datastores"),
    "datastore add": ("commands.assets.data", "add_datastore"),
    "datastore default": ("commands.assets.data", "default_datastore"),
    "datastore remove": ("commands.assets.data", "remove_datastore"),
    "dataset list": ("commands.assets.data", "list_datasets"),
    "dataset show": ("commands.assets.data", "show_dataset"),
    "env list": ("commands.env", "list_environments"),
    "env build": ("commands.env", "build"),
    "env gc": ("commands.env", "gc"),
    "folder attach": ("commands.folder", "attach"),
    "workspace create": ("commands.workspace", "create"),
    "workspace list": ("commands.workspace", "list_workspaces"),
    "workspace show": ("commands.workspace", "show"),
    "account set": ("commands.account", "select"),
    "account show": ("commands.account", "show"),
    "notify test": ("commands.machine.notify", "test"),
    "doctor": ("commands.machine.doctor", "doctor"),
    "forget-host": ("commands.machine.hosts", "forget_host"),
    "studio": ("commands.studio", "studio"),
    "tensorboard": ("commands.machine.tensorboard", "tensorboard"),
    "help": ("commands.machine.help", "help_on"),
    "schema": ("commands.machine.schema", "schema"),
    "self-check": ("commands.machine.self_check", "self_check"),
    "config": ("commands.config", "config"),
    "completion": ("commands.machine.completion", "completion"),
    "login": ("commands.account", "login"),
}
"""Each with its module in this package and its function there."""

SHORT = {
    "ls": "run list",
    "show": "run show",
    "logs": "run logs",
    "stop": "run cancel",
    "rerun": "run resubmit",
    "wait": "run wait",
    "why": "run why",
    "stacks": "run stacks",
    "best": "run best",
    "compare": "run compare",
    "plot": "run plot",
    "report": "run report",
    "diff": "run diff",
    "files": "run files",
    "open": "run open",
    "tag": "run tag",
    "rm": "run delete",
    "restore": "store trash restore",
}
"""The short names of commands that are typed every day."""

SECTIONS = (
    ("Run", "homerun run train.py --lr 0.1", "run ls show logs top stop wait why stacks rerun"),
    ("Compare", "homerun best loss", "best compare plot report tensorboard diff files open model"),
    ("Keep order", "homerun tag 17 keep", "tag rm restore du"),
    (
        "Set up",
        "homerun config",
        (
            "help config studio completion doctor self-check schema forget-host notify queue "
            "target experiment store env"
        ),
    ),
    ("As in Azure ML", "homerun folder attach", "folder workspace datastore dataset account login"),
)
"""The commands of the first help page in the order of use, each section with an example."""

SUMMARIES = {
    "ls": "List runs, the newest first, a batch as one row.",
    "show": "Show everything about a run; of a batch the table of its runs, too.",
    "logs": "Show what a run has printed, or another of its logs (default: the newest run).",
    "top": (
        "Show runs on the whole terminal, live: first those that run, then those that ended last."
    ),
    "stop": "Cancel runs, with all of their processes, and print their final status.",
    "wait": "Wait until runs are over, and print how each of them ended.",
    "why": (
        "Say what happened to a run, why, and what can be done (default: the last one that Failed)."
    ),
    "stacks": (
        "Print the Python stacks of all processes of a run that goes on (default: the newest run)."
    ),
    "rerun": "Submit a run again, or all that failed and were not submitted again yet.",
    "best": (
        "List the best runs of an experiment by the last value of a metric, the best one first."
    ),
    "compare": "Show how runs differ: parameters, metrics, tags, code, environment.",
    "plot": "Draw metrics of runs as curves: in the terminal, or to a file.",
    "report": "Write runs, or those of a view, as one HTML page that needs nothing else.",
    "diff": (
        "Show how the code of two runs differs, or the code of a run and the source folder now."
    ),
    "files": "List the files of a run: its results, logs and uploads.",
    "open": "Open the folder of a run, or one of its files, with the desktop's program for it.",
    "tag": "Set tags of a run, or remove them, and print what it has now.",
    "rm": "Move runs to the store's trash, with all below them.",
    "restore": "Restore deleted runs, with the child runs that were deleted with them.",
    "du": "Say what takes how much room on the disk, by experiment and run, the largest first.",
    "config": "Show what holds for runs that are submitted here, and where each value comes from.",
    "studio": "See and steer runs in a browser, until Ctrl-C.",
    "tensorboard": (
        "See runs in TensorBoard, until Ctrl-C: their event files, and the metrics that they log."
    ),
    "completion": "Print the script that makes a shell complete commands, options, files and runs.",
    "doctor": (
        "Check what works on this machine and in this store, and say what to do about the rest."
    ),
    "forget-host": (
        "Declare failed the NotResponding runs of a host, because it is gone for good."
    ),
    "help": (
        "Show a page of the manual (default: the list of all), a section, or a command's help."
    ),
    "schema": (
        "Print the JSON schema of what a command answers with -o json (default: list the commands)."
    ),
    "self-check": (
        "Check that this install works: run, cancel and read back scripts in a temporary folder."
    ),
    "login": "Do nothing, and say that no account is needed.",
}
"""What the first help page says of its commands: their modules are not loaded for it."""

HABITS = {
    "ps": "ls",
    "list": "ls",
    "runs": "ls",
    "jobs": "ls",
    "status": "ls",
    "history": "ls",
    "kill": "stop",
    "cancel": "stop",
    "abort": "stop",
    "delete": "rm",
    "remove": "rm",
    "log": "logs",
    "tail": "logs",
    "follow": "logs",
    "submit": "run",
    "exec": "run",
    "start": "run",
    "launch": "run",
    "retry": "rerun",
    "restart": "rerun",
    "resubmit": "rerun",
    "describe": "show",
    "info": "show",
    "watch": "run watch",
    "rename": "run update",
    "name": "run update",
    "label": "tag",
    "undelete": "restore",
    "metrics": "run metrics",
    "download": "files",
    "trash": "store trash",
    "gc": "store gc",
    "slots": "queue slots",
    "ui": "studio",
    "settings": "config",
    "version": "--version",
}
"""What people type by habit, and what it is called here."""

DIRECT = {"run": "SCRIPT"}
"""Groups that are commands themselves, where the next word is none of theirs."""

_HELP = ("-h", "--help")


def split_line(line: Sequence[str]) -> tuple[list[str], list[str]]:
    """A command line as the words that name a command, and the rest."""
    count = 1
    while " ".join(line[:count]) in GROUPS and count < len(line):
        count += 1
    path, rest = list(line[:count]), list(line[count:])
    group = " ".join(path[:-1])
    if group in DIRECT and path[-1] not in (*_HELP, *words_after(path[:-1])):
        return [*path[:-1], DIRECT[group]], [path[-1], *rest]
    return path, rest


def is_word(path: Sequence[str], word: str) -> bool:
    """Whether a word continues the name of a group or a command."""
    return word in words_after(path)


def as_typed(path: Sequence[str]) -> str:
    """A command's name as it is typed."""
    words = list(path)
    if words and DIRECT.get(" ".join(words[:-1])) == words[-1]:
        words.pop()
    return " ".join(["homerun", *words])


def command(path: Sequence[str]) -> Command | None:
    """The command of this name, if there is one; this loads its module."""
    name = " ".join(path)
    place = COMMANDS.get(SHORT.get(name, name))
    if place is None or " " in "".join(path):  # the one word "run list" is not these two
        return None
    module, function = place
    found: Command = getattr(__import__(f"homerun.cli.{module}", fromlist=[function]), function)
    return found


def words_after(path: Sequence[str] = ()) -> list[str]:
    """The words that may follow these, for help and completion: groups first, then commands."""
    start, direct = len(path), DIRECT.get(" ".join(path))
    below = [known.split() for known in (*SHORT, *GROUPS, *COMMANDS)]
    words = [one[start] for one in below if len(one) == start + 1 and one[:start] == [*path]]
    return [word for word in words if word != direct]
