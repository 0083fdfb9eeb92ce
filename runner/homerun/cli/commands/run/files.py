"""`homerun run files`, `open`, `diff`, `snapshot`: what a run made, and the code it ran with."""

from __future__ import annotations

import itertools
import os
import sys

from homerun.base import sizes
from homerun.base.errors import UserError
from homerun.cli.command import command
from homerun.cli.commands.run import follow
from homerun.cli.options import shared
from homerun.cli.options.params import argument, option
from homerun.cli.output import render, text
from homerun.cli.result import Result
from homerun.files import browse
from homerun.views.comparison import code_diff

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any

    from homerun.cli.invocation import Call
    from runstore.run.record import Record

_PIECE = 1 << 20
_TAB = 8
_MOST_NAMED = 5


@command("files")
@shared.one_run
@argument("name", metavar="[FILE]", complete=shared.run_files)
@option("-d", "--output-dir", "folder", metavar="DIR", help="Copy the files into this folder.")
@option(
    "--folder", "only_path", is_flag=True, help="Print the path of the run's folder, or of FILE."
)
def files(call: Call, name: str | None, folder: str | None, only_path: bool) -> Result | int:
    """List the files of a run: its results, logs and uploads. With FILE, print that file.

    What the script wrote elsewhere in its folder is named below them.

    \b
    Example:
      homerun run files @last
      homerun run files @last outputs/result.txt
      cd "$(homerun run files @last --folder)"
    """
    run = call.run()
    record = run._record
    if only_path:
        return _path(_path_of(record, name))
    if folder is not None:
        run.download_files(prefix=name, output_directory=folder)
        return Result({"directory": os.path.abspath(folder)}, lambda: [os.path.abspath(folder)])
    if name is not None:
        return _print(record, name, call)
    rows = [_row(record, one) for one in run.get_file_names()]

    def shown() -> list[render.Part]:
        if not rows:
            return [render.Note(f"run {record.id} has no files"), *_left(record)]
        cells = [[row["name"], sizes.shown(row["bytes"])] for row in rows]
        return [render.Table(["file", "size"], cells), *_left(record)]

    return Result(rows, shown)


@command("open")
@shared.one_run
@argument("name", metavar="[FILE]", complete=shared.run_files)
def open_run(call: Call, name: str | None) -> Result:
    """Open the folder of a run, or one of its files, with the desktop's program for it.

    Without a desktop it prints the path.

    \b
    Example:
      homerun run open @last outputs/loss.png
    """
    path = _path_of(call.record(call.run_id), name)
    if sys.platform == "darwin" or os.environ.get("DISPLAY") or os.environ.get("WAYLAND_DISPLAY"):
        import webbrowser

        webbrowser.open(f"file://{path}")
    return _path(path)


@command("diff")
@argument("first", metavar="RUN", required=True, complete=shared.run_ids)
@argument("other", metavar="[RUN]", complete=shared.run_ids)
def diff(call: Call, first: str, other: str | None) -> Result:
    """Show how the code of two runs differs, or the code of a run and the source folder now.

    \b
    Example:
      homerun run diff digits_1
      homerun run diff digits_1 digits_2
    """
    record = call.record(first)
    if code_diff.files(record) is None:
        raise UserError(f"run {record.id} has no snapshot of its code: there is nothing to compare")
    if other is None:
        found = code_diff.against_source(record)
    else:
        found = code_diff.unified(record, call.record(other))
    lines = [line.expandtabs(_TAB) for line in found.split("\n")[:-1]]
    same = [render.Note("the code is the same")]
    return Result({"diff": found}, lambda: lines or same, plain=found)


@command("snapshot")
@shared.one_run
@option(
    "-d",
    "--output-dir",
    "folder",
    metavar="DIR",
    help="The folder, new or empty (default: one named after the run's id, here).",
)
@option("--zip", "packs", is_flag=True, help="Write a zip archive to DIR (default: here) instead.")
def snapshot(call: Call, folder: str | None, packs: bool) -> Result:
    """Get the code that a run ran with, as a folder or an archive, and print its path.

    \b
    Example:
      homerun run snapshot @last -d code
    """
    found = call.run()
    if packs:
        path = found.restore_snapshot(path=folder or ".")
    else:
        path = found.unpack_snapshot(folder or found.id)
    told = {"run_id": found.id, "snapshot_id": found.get_snapshot_id(), "path": path}
    return Result(told, lambda: [path])


def _left(record: Record) -> list[render.Part]:
    """Where the rest lies that its script has written."""
    folder, found = browse.left_in_copy(record)
    if not found:
        return []
    more = f" and {len(found) - _MOST_NAMED} more" if len(found) > _MOST_NAMED else ""
    named = ", ".join(map(text.printable, found[:_MOST_NAMED]))
    return [render.Note(f"the script also left {named}{more} in {text.printable(folder)}")]


def _path(path: str) -> Result:
    """A path; a pipe gets it as a shell needs it."""
    return Result(path, lambda: [path], plain=f"{path}\n")


def _row(record: Record, name: str) -> dict[str, Any]:
    with browse.RunFile(record, name) as file:
        return {"name": name, "bytes": file.size, "modified_utc": file.modified}


def _path_of(record: Record, name: str | None) -> str:
    """The path of a run's folder, or of one of its files."""
    if name is None:
        return record.path
    with browse.RunFile(record, name):  # it is one of the run's
        return f"{record.path}/{name}"


def _print(record: Record, name: str, call: Call) -> int:
    """Write a file to standard output; on a terminal only what is text."""
    with browse.RunFile(record, name) as file:
        pieces = (file.read(at, _PIECE) for at in itertools.count(0, _PIECE))
        shown = follow.Output(record, call, itertools.takewhile(bool, pieces))
        try:
            shown.follow()
        except follow.OutputLost as lost:
            raise lost.reason from None
        shown.close_line()
    return 0
