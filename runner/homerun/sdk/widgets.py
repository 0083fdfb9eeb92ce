"""A run as a notebook shows it while it goes on; elsewhere, a few lines of text."""

from __future__ import annotations

import sys
from threading import Thread

from homerun.runs import wait
from homerun.sdk import html
from runstore.errors import StoreError

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any

    from homerun import Run

_PAUSE_S = 1.0


class RunDetails:
    """Shows a run: its status, its last metrics, its children.

    Args:
        run_instance: any run.
    """

    def __init__(self, run_instance: Run) -> None:
        self._run = run_instance

    def show(self, render_lib: object = None, widget_settings: object = None) -> None:
        """Show the run, and return at once.

        In a notebook what is shown keeps up with the run until it is over, also while other cells
        are executed. The arguments are the original's and have no effect.
        """
        # A notebook's kernel is made of IPython: where that is not loaded, there is none.
        ipython = sys.modules.get("IPython")
        shell = None if ipython is None else ipython.get_ipython()
        if getattr(shell, "kernel", None) is None:
            print("\n".join(_lines(self._run)))
            return
        self._show_live(ipython)

    def get_widget_data(self) -> dict[str, Any]:
        """What is shown, as data."""
        run = self._run
        return {
            "run_id": run.id,
            "status": run.get_status(),
            "run_properties": run.get_details(),
            "run_metrics": run.get_metrics(),
            "child_runs": [{"run_id": c.id, "status": c.get_status()} for c in run.get_children()],
        }

    def _show_live(self, ipython: Any) -> None:
        page = html.details(self._run)
        handle = ipython.display.display(ipython.display.HTML(page), display_id=True)
        if hasattr(self._run, "experiment"):  # an offline run is this process's own
            given = (self._run, ipython, handle, page)
            Thread(target=_follow, args=given, name="RunDetails", daemon=True).start()


def _follow(run: Run, ipython: Any, handle: Any, page: str) -> None:
    """Update what is shown when it has changed, until the run is over."""
    try:
        for _ in wait.looks(run._record, pause=_PAUSE_S, at_once=True):
            now = html.details(run)
            if now != page:
                page = now
                handle.update(ipython.display.HTML(page))
    except (OSError, StoreError):
        return  # the run was removed: what is shown is what it was


def _lines(run: Run) -> list[str]:
    rows = {**html.facts(run), **html.last_metrics(run)}
    lines = [f"{name}: {'' if value is None else value}" for name, value in rows.items()]
    return lines + [f"Child: {c.id} ({c.get_status()})" for c in html.newest_children(run)]
