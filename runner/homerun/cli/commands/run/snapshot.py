"""`homerun run snapshot`: the code of a run."""

from __future__ import annotations

from homerun.cli.command import command
from homerun.cli.options import shared
from homerun.cli.options.params import option
from homerun.cli.result import Result

TYPE_CHECKING = False
if TYPE_CHECKING:
    from homerun.cli.invocation import Call


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
