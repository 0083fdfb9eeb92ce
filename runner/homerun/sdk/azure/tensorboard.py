"""TensorBoard of runs under the original's name; `homerun.files.tensorboard` starts it."""

from __future__ import annotations

import os
import webbrowser

from homerun.files.tensorboard.server import PORT, TensorBoardServer

TYPE_CHECKING = False
if TYPE_CHECKING:
    from homerun import Run


class Tensorboard:
    """TensorBoard of runs: their event files, and their scalars.

    Args:
        runs: a run or several.
        local_root: a folder to keep links and scalars in meanwhile; None: that of temporary files.
        port: where it answers, on this machine only.
    """

    def __init__(
        self,
        runs: Run | list[Run] | tuple[Run, ...],
        local_root: str | None = None,
        port: int = PORT,
    ) -> None:
        many = list(runs) if isinstance(runs, (list, tuple)) else [runs]
        titled = [(run.id, run._record) for run in many]
        root = None if local_root is None else os.path.abspath(local_root)
        self._server = TensorBoardServer(lambda: titled, root, port)

    def start(self, start_browser: bool = False) -> str:
        """Start it; what comes is its address. It ends with `stop` or with this process.

        Raises:
            MissingExtra: there is no TensorBoard.
            UserError: the port is taken or none, or it has been started.
            HomerunError: it ended at once.
        """
        address = self._server.start()
        if start_browser:
            webbrowser.open(address)
        return address

    def stop(self) -> None:
        """End it. Does nothing where it is not running."""
        self._server.stop()
