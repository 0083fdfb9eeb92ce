"""What all routes share: the workspace, the table of its runs, and how the server was started."""

from __future__ import annotations

import os
import socket
import threading
import time
from functools import partial
from typing import TYPE_CHECKING, Any

from homerun.base import accounts
from homerun.base.installed import __version__
from homerun.base.lru import Lru
from homerun.base.times import instant
from homerun.metrics import summary
from homerun.project import file, goals
from homerun.views.comparison import importance
from homerun.views.feed import Feed
from homerun.views.live.home import Home
from homerun.views.live.scrape import Scrape
from homerun.views.table import Board

if TYPE_CHECKING:
    from homerun.sdk.run import Run
    from homerun.sdk.workspace import Workspace
    from homerun.studio.http.auth import Door
    from runstore.run.record import Record

_MOST_WEIGHTS = 4


class Desk:
    """The server's own things.

    Attributes:
        writing: held while something is submitted: one after the other.
        is_closing: the server ends, and with it each stream.
        cookie_path: where the page lies.
        param_weights: what metrics depend on, as it was last asked: it takes seconds.
        system_gauges: the summaries of what runs used of their machine that were read last.
    """

    def __init__(self, workspace: Workspace, door: Door, is_read_only: bool = False) -> None:
        self.workspace = workspace
        home = os.path.dirname(workspace.directory)
        project = file.nearest(home)
        self.board = Board(workspace.store, goals.of_project(project))
        self.home = Home(self.board, lambda metric: goals.way_of(metric, project))
        self.door = door
        self.is_read_only = workspace.store.only_looks = is_read_only
        self.writing = threading.Lock()
        self.pulse = Feed(self.board)
        self.scrape = Scrape(self.board)
        self.system_gauges = Lru(partial(summary.Gauges, of_system=True))
        self.param_weights = Lru(importance.answer, most=_MOST_WEIGHTS)
        self.is_closing = False
        self.cookie_path = "/"

    def warm_up(self) -> None:
        """Begin to read what is new in the store: the first page is asked for in a moment."""
        threading.Thread(target=self.board.warm_up, daemon=True).start()

    def close(self) -> None:
        """End the streams, and let go of the index."""
        self.end_streams()
        self.board.live.close()

    def end_streams(self) -> None:
        """Let each stream end now."""
        self.is_closing = True
        self.pulse.close()

    def run(self, run_id: str) -> Run:
        """A run by its id, or a beginning of it.

        Raises:
            RunNotFound, AmbiguousPrefix: there is no such one run.
        """
        return self.workspace.get_run(run_id)

    def record(self, run_id: str) -> Record:
        """The record of a run, by its id or a beginning of it.

        Raises:
            RunNotFound, AmbiguousPrefix: there is no such one run.
        """
        return self.run(run_id)._record

    def row(self, run_id: str, metrics: list[str] | None = None) -> dict[str, Any] | None:
        """A run as a row; None: it is gone."""
        found = self.board.rows([run_id], metrics or [])
        return found[0] if found else None

    def info(self) -> dict[str, Any]:
        """What the page shows of the store itself."""
        workspace = self.workspace
        return {
            "workspace": workspace.name,
            "store": workspace.directory,
            "home": os.path.dirname(workspace.directory),
            "version": __version__,
            "read_only": self.is_read_only,
            **self.board.totals(),
            "user": accounts.own_name(),
            "host": socket.gethostname(),
            "processors": os.cpu_count() or 1,
            "memory_kib": os.sysconf("SC_PHYS_PAGES") * os.sysconf("SC_PAGE_SIZE") // 1024,
            "default_target": workspace.targets.default,
            "targets": [one.name for one in workspace.targets],
            "has_token": self.door.has_token,
            "time": instant(time.time()),
            "goal": _told(self.board.goal),
            "cursor": self.board.cursor(),
        }


def _told(goal: tuple[str, bool] | None) -> dict[str, Any] | None:
    return None if goal is None else {"metric": goal[0], "is_most": goal[1]}
