"""What `homerun top` does to runs. Each call may take a while: none is made in the terminal's
thread.
"""

from __future__ import annotations

from homerun.base import messages
from homerun.base.errors import UserError
from homerun.sdk import bulk
from homerun.views.live.close_up import CloseUp

TYPE_CHECKING = False
if TYPE_CHECKING:
    from homerun.sdk.workspace import Workspace
    from homerun.views.table import Board


class Deeds:
    """What can be done with the runs of a workspace, each named by its id.

    Every method raises `BaseError` where the run does not allow it, and OSError.
    """

    def __init__(self, workspace: Workspace, board: Board) -> None:
        self._workspace = workspace
        self._board = board

    def stop(self, run_id: str) -> None:
        """Ask for the end of a run and of all below it."""
        bulk.cancel(self._workspace.get_run(run_id))

    def rerun(self, run_id: str) -> str:
        """Submit a run again; the id of the new one."""
        try:
            with messages.Kept():
                return bulk.again(self._workspace.get_run(run_id))
        except bulk.SecretsNeeded as error:
            raise UserError(f"{error.message}: homerun run resubmit {run_id}") from error

    def tag(self, run_id: str, typed: str) -> None:
        """Set a tag, typed as `key=value` or `key`."""
        key, equals, value = typed.partition("=")
        self._workspace.get_run(run_id).tag(key.strip(), value.strip() if equals else None)

    def near(self, run_id: str) -> CloseUp:
        """The run, seen from near."""
        return CloseUp(self._board, self._workspace.get_run(run_id)._record)
