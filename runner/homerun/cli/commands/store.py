"""`homerun store …`: the folder that holds the records."""

from __future__ import annotations

from homerun.base import sizes
from homerun.cli.command import command
from homerun.cli.errors import UsageError
from homerun.cli.options import shared, times
from homerun.cli.options.kinds import Number
from homerun.cli.options.params import argument, option
from homerun.cli.output import render, text
from homerun.cli.output.progress import Progress, WaitingLine
from homerun.cli.result import Result
from homerun.config import workspaces
from homerun.targets import trust as store_trust

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any

    from homerun.cli.invocation import Call

_DAY_S = 86400.0
_REPAIR = "homerun store check --repair moves damaged files aside; nothing is lost"


@command("check")
@option("--repair", is_flag=True, help="Move damaged files aside, remove leftovers.")
def check(call: Call, repair: bool) -> Result:
    """Name every damaged file of the store; exits 1 while there are any.

    \b
    Example:
      homerun store check --repair
    """
    here = call.workspace()
    with WaitingLine("reading every record"):
        found = here.check(repair=repair)
    rows = [{"path": one.path, "problem": one.problem, "repaired": one.repaired} for one in found]
    left = sum(not one.repaired for one in found)

    def shown() -> list[render.Part]:
        if not rows:
            return [render.Note(f"{here.directory}: nothing is damaged")]
        lines: list[render.Part] = [_line(row) for row in rows]
        return [*lines, render.Note(_REPAIR)] if left and not repair else lines

    return Result(rows, shown, 1 if left else 0)


@command("reindex")
def reindex(call: Call) -> Result:
    """Find at once what was copied in, removed or edited by hand.

    Otherwise that is found within a minute. The index is a cache: nothing is lost without it.

    \b
    Example:
      homerun store reindex
    """
    here = call.workspace()
    with WaitingLine("reading every run"):
        count = here.reindex()
    told = {"directory": here.directory, "runs": count}
    return Result(told, lambda: [f"{here.directory}: {text.plural(count)}"])


@command("gc")
@option("--dry-run", is_flag=True, help="Only say what would be removed.")
@option(
    "--older-than",
    "seconds",
    check=times.age,
    metavar="AGE",
    help="Remove trash that was deleted this long ago (default: 30d).",
)
def gc(call: Call, dry_run: bool, seconds: float | None) -> Result:
    """Remove garbage: code that no run names, leftovers of killed processes, old trash.

    Runs may be submitted meanwhile. Nothing of a run that is not in the trash is touched, but old
    checkpoints of one with --keep-last.

    \b
    Example:
      homerun store gc --dry-run
    """
    keeping = call.workspace().keeping
    days = None if seconds is None else seconds / _DAY_S
    with Progress("looking at runs", keeping.count_runs()) as progress:
        found = keeping.collect(dry_run=dry_run, trash_days=days, progress=progress)
    return Result(found, lambda: _garbage(found), 1 if found["failed"] else 0)


@command("stats")
@option(
    "--largest",
    kind=Number(least=0),
    default=5,
    metavar="N",
    help="List the N largest runs (default: 5).",
)
def stats(call: Call, largest: int) -> Result:
    """Count the runs by status and experiment, and the bytes that each part takes.

    \b
    Example:
      homerun store stats
    """
    keeping = call.workspace().keeping
    with Progress("looking at runs", keeping.count_runs()) as progress:
        found = keeping.statistics(largest, progress)
    return Result(found, lambda: _numbers(found))


@command("du")
@shared.of_experiment("Only this experiment, with its runs.")
@option(
    "--largest",
    kind=Number(least=0),
    default=10,
    metavar="N",
    help="List the N largest runs (default: 10).",
)
def disk_use(call: Call, largest: int) -> Result:
    """Say what takes how much room on the disk, by experiment and run, the largest first.

    \b
    Example:
      homerun du
      homerun du -e digits
    """
    here = call.workspace()
    call.check_experiment(here)
    keeping = here.keeping
    with Progress("looking at runs", keeping.count_runs()) as progress:
        found = keeping.disk_use(call.experiment, largest, progress)
    return Result(found, lambda: _disk_use(found))


@command("trust")
@argument("folder", metavar="[STORE]")
@option("--shared", is_flag=True, help="Even if other accounts may write in it.")
def trust(call: Call, folder: str | None, shared: bool) -> Result:
    """Let a store start, stop and adopt runs for you on this machine.

    A store that you made here does so already. One that you received, restored from a backup or
    copied is only read: its files say which commands run. It says what it is going to start, and
    the commands that it runs at the end of a run (`on_end` in settings.json) are trusted as they
    are now.

    \b
    Example:
      homerun store trust
      homerun store trust /data/project/.runs
    """
    told = store_trust.trust_store(workspaces.store_at(folder or call.path), shared)

    def shown() -> list[render.Part]:
        lines = [f"{told['directory']} acts for you now; runs that wait: {told['waiting']}"]
        lines += [f"at the end of a run: {hook}" for hook in told["on_end"]]
        return [render.Note(text.printable(line)) for line in lines]

    return Result(told, shown)


@command("distrust")
@argument("folder", metavar="[STORE]")
def distrust(call: Call, folder: str | None) -> Result:
    """Let a store only be read, until it is trusted again. What runs goes on.

    \b
    Example:
      homerun store distrust
    """
    told = store_trust.distrust_store(workspaces.store_at(folder or call.path))
    return Result(told, lambda: [render.Note(f"{told['directory']} is only read now")])


@command("share")
@option("--group", metavar="GROUP", help="Let this group read it, now and later.")
@option("--off", is_flag=True, help="Let no group read it any more.")
def share(call: Call, group: str | None, off: bool) -> Result:
    """Let a group read the store; without an option, say whom it is shared with.

    Members list, follow and compare your runs, and nothing of theirs starts, stops or changes any.
    What runs that wait are started with, environments and their logs stay yours alone. What your
    scripts write is readable as your umask says.

    \b
    Example:
      homerun store share --group ml
      homerun store share
      homerun store share --off
    """
    if off and group is not None:
        raise UsageError("say --group or --off, not both")
    keeping = call.workspace().keeping
    with WaitingLine("looking at every file"):
        told = keeping.unshare() if off else keeping.share(group) if group else keeping.shared()
    return Result(told, lambda: [render.Note(text.printable(line)) for line in _sharing(told)])


def _sharing(told: dict[str, Any]) -> list[str]:
    """Whom a store is shared with, and what is in the way, in lines."""
    group, store = told["group"], told["directory"]
    if group is None:
        return [f"{store} is shared with no group: homerun store share --group NAME shares it"]
    lines = [f"{store} is shared with the group {group}, which reads it"]
    for path in told["closed_above"]:
        lines.append(f"the group may not pass {path}: `chmod o+x {path}` lets all pass, not list")
    if told["hidden_files"]:
        left = f"{told['hidden_files']} files and folders of the record are not the group's to read"
        lines.append(f"{left}: homerun store share --group {group} opens them")
    if told["private_files"]:
        lines.append(f"files of scripts that are private, by their umask: {told['private_files']}")
    return lines


def _line(row: dict[str, object]) -> str:
    """A finding, in the form in which compilers print theirs."""
    done = " (repaired)" if row["repaired"] else ""
    return f"{row['path']}: {row['problem']}{done}"


def _garbage(found: dict[str, Any]) -> list[render.Part]:
    lines = [[one["what"], one["path"], sizes.shown(one["size_bytes"])] for one in found["items"]]
    parts: list[render.Part] = []
    if lines:
        parts.append(render.Table(["what", "path", "size"], lines))
    parts += [render.Note(line) for line in (*found["kept"], *found["failed"])]
    freed = sizes.shown(found["freed_bytes"])
    if not lines:
        parts.append(render.Note("there is nothing to remove"))
    elif found["dry_run"]:
        line = f"{freed} would be freed; homerun store gc, without --dry-run, does it"
        parts.append(render.Note(line))
    else:
        parts.append(render.Note(f"{freed} freed"))
    return parts


_BESIDE = {"records": "rest"}
"""What the parts beside the runs are called for people."""


def _disk_use(found: dict[str, Any]) -> list[render.Part]:
    rows = [
        [sizes.shown(one["size_bytes"]), one["experiment_name"], text.plural(one["runs"])]
        for one in found["experiments"]
    ]
    rows += [
        [sizes.shown(size), _BESIDE.get(name, name), ""]
        for name, size in found.get("parts", {}).items()
        if size
    ]
    parts: list[render.Part] = [render.Table(["size", "what", ""], rows)]
    runs = [
        [sizes.shown(one["size_bytes"]), one["experiment_name"], one["run_number"], one["run_id"]]
        for one in found["runs"]
    ]
    if runs:
        parts += ["", render.Table(["size", "experiment", "#", "largest run"], runs)]
    parts += ["", render.Note(f"{sizes.shown(found['size_bytes'])} in {found['directory']}")]
    return [*parts, *_room(found)]


def _room(found: dict[str, Any]) -> list[render.Part]:
    """How much room is left on the disk, and what to do where that is little."""
    disk = found.get("disk")
    if not disk:
        return []
    free = f"{sizes.shown(disk['free_bytes'])} of {sizes.shown(disk['size_bytes'])} free"
    is_full = disk["is_nearly_full"]
    return [render.Note(f"{free}{': the disk is nearly full' if is_full else ''}")]


def _numbers(found: dict[str, Any]) -> list[render.Part]:
    statuses = found["statuses"]
    card = {
        "store": found["directory"],
        "runs": f"{found['runs']:,}",
        **{f"  {name}": f"{statuses[name]:,}" for name in sorted(statuses)},
        "bytes": sizes.shown(found["size_bytes"]),
        **{f"  {name}": sizes.shown(bytes_) for name, bytes_ in found["parts"].items()},
    }
    parts: list[render.Part] = [render.Card(card)]
    experiments = [
        [row["experiment_name"], f"{row['runs']:,}", sizes.shown(row["size_bytes"])]
        for row in found["experiments"]
    ]
    if experiments:
        parts += ["", render.Table(["experiment", "runs", "size"], experiments)]
    largest = [
        [row["run_id"], row["status"], row["experiment_name"], sizes.shown(row["size_bytes"])]
        for row in found["largest"]
    ]
    if largest:
        columns = ["largest run", "status", "experiment", "size"]
        parts += ["", render.Table(columns, largest, ("experiment",))]
    return [*parts, "", *_room(found)] if _room(found) else parts
