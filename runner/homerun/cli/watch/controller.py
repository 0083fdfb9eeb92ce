"""`homerun run watch`: the selection, what each key does, and what is shown."""

from __future__ import annotations

import time

from homerun.cli.output import console, text
from homerun.cli.watch import fullscreen, layout
from homerun.sdk import bulk
from homerun.views.watchlist import LogEnd
from runstore.errors import BaseError
from runstore.status import TERMINAL

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable
    from typing import Any

    from homerun.cli.watch.fullscreen import FullScreen
    from homerun.sdk.run import Run
    from homerun.sdk.workspace import Workspace
    from homerun.views.watchlist import LogEnd, Watchlist

_FLOOR_S = 1.0
_LOG_PACE_S = 0.1
"""How often a fast log is shown."""


class Watcher:
    """The table, or a log or the help over it, and a question in the last line."""

    def __init__(self, workspace: Workspace, watched: Watchlist, screen: FullScreen) -> None:
        self._workspace = workspace
        self._watched = watched
        self._screen = screen
        self._selected: str | None = None
        self._first = 0
        self._needle = ""
        self._told = ""
        self._helps = False
        self._log: LogEnd | None = None
        self._asked = ""
        self._typed: str | None = None
        self._then: Callable[[str], None] | None = None
        self._is_over = False

    def run(self) -> None:
        """Show the runs and handle keys until the user quits."""
        try:
            while not self._is_over:
                self._screen.paint(self._frame())
                self._wait()
        finally:
            self._close_log()

    # What is shown

    def _frame(self) -> list[str]:
        wide, high = self._screen.size
        room = wide - 1, max(1, high - 2)  # the last column stays free: no terminal wraps a line
        if self._helps:
            first, body = console.bold("homerun run watch"), list(layout.HELP)
        elif self._log is not None:
            first = console.bold(f"log of {self._selected}: {self._log.status()}")
            body = layout.log_lines(self._log.lines(room[1]), room)
        else:
            first, body = self._table(room)
        body = [layout.cut(line, room[0]) if self._helps else line for line in body][: room[1]]
        body += [""] * (room[1] - len(body))
        return [first, *body, self._footer(room[0])][:high]

    def _table(self, room: tuple[int, int]) -> tuple[str, list[str]]:
        every = self._watched.rows
        if every is None:
            return console.bold("runs: …"), []
        found = self._rows()
        ids = [row["id"] for row in found]
        if self._selected not in ids:
            self._selected = ids[0] if ids else None
        at = ids.index(self._selected) if self._selected else 0
        lines = max(1, room[1] - 1)
        self._first = max(min(self._first, at, max(0, len(ids) - lines)), at - lines + 1)
        shown = found[self._first : self._first + lines]
        asked = tuple(row["id"] for row in shown)
        if asked != self._watched.asked:
            self._watched.asked = asked
            if any("shown" not in row for row in shown):
                self._watched.again()
        head = layout.head(found, len(every), self._needle, room[0])
        return head, layout.table_lines(shown, self._selected, room, time.time())

    def _footer(self, wide: int) -> str:
        if self._typed is not None:
            return layout.cut(f"{self._asked}{text.printable(self._typed)}", wide - 1) + "▏"
        line = self._watched.error or self._told
        if not line:
            line = "q back" if self._log is not None or self._helps else layout.KEYS
        return layout.cut(text.printable(line), wide)

    def _rows(self) -> list[dict[str, Any]]:
        every = self._watched.rows or []
        return [row for row in every if layout.contains(row, self._needle)]

    # What the keys do

    def _wait(self) -> None:
        log = self._log
        others = [log.fileno()] if log is not None and log.fileno() >= 0 else []
        for key in self._screen.keys(_FLOOR_S, *others):
            if self._typed is not None:
                self._type(key)
            else:
                self._press(key)
        if log is not None and self._log is log:
            log.taken()
            for key in self._screen.keys(_LOG_PACE_S):
                self._press(key)

    def _press(self, key: str) -> None:
        self._told = ""
        if key == "q" or key == fullscreen.ESCAPE:
            self._back(key)
        elif key == "?":
            self._helps = not self._helps
        elif self._helps or self._log is not None:
            return
        elif key == "/":
            self._ask("filter: ", self._filter, self._needle)
        else:
            self._move(key)
            act = {"l": self._follow, fullscreen.ENTER: self._follow, "c": self._ask_cancel}
            act |= {"t": self._ask_tag, "o": self._open}
            run = self._run() if key in act else None
            if run is not None:
                act[key](run)

    def _back(self, key: str) -> None:
        """One layer less; from the table `q` quits, and Escape shows all runs again."""
        if self._helps:
            self._helps = False
        elif self._log is not None:
            self._close_log()
        elif key == "q":
            self._is_over = True
        else:
            self._needle = ""

    def _move(self, key: str) -> None:
        ids = [row["id"] for row in self._rows()]
        if not ids:
            return
        at = ids.index(self._selected) if self._selected in ids else 0
        page = max(1, self._screen.size[1] - 3)
        steps = {"j": 1, fullscreen.DOWN: 1, "k": -1, fullscreen.UP: -1}
        steps |= {fullscreen.PAGE_DOWN: page, fullscreen.PAGE_UP: -page}
        steps |= {fullscreen.HOME: -len(ids), fullscreen.END: len(ids)}
        self._selected = ids[min(len(ids) - 1, max(0, at + steps.get(key, 0)))]

    def _run(self) -> Run | None:
        """The selected run."""
        if self._selected is None:
            return None
        try:
            return self._workspace.get_run(self._selected)
        except BaseError as error:
            self._told = error.message
            return None

    def _follow(self, run: Run) -> None:
        self._log = LogEnd(run._record)

    def _close_log(self) -> None:
        if self._log is not None:
            self._log.close()
            self._log = None

    def _open(self, run: Run) -> None:
        self._told = run.directory

    def _ask_cancel(self, run: Run) -> None:
        if run.get_status() in TERMINAL:
            self._told = f"run {run.id} is already over"
            return

        def cancel(answer: str) -> None:
            if answer.strip().casefold() in ("y", "yes"):
                self._try(run, "is being canceled", lambda: bulk.cancel(run))
            else:
                self._told = f"run {run.id} continues"

        self._ask(f"cancel {run.id}? y/n ", cancel)

    def _ask_tag(self, run: Run) -> None:
        def tag(typed: str) -> None:
            key, equals, value = typed.partition("=")
            if key:
                said = f"has the tag {text.printable(typed)}"
                self._try(run, said, lambda: run.tag(key, value if equals else None))

        self._ask("tag (key=value): ", tag)

    def _try(self, run: Run, said: str, act: Callable[[], object]) -> None:
        try:
            act()
            self._told = f"run {run.id} {said}"
        except (BaseError, OSError) as error:
            self._told = getattr(error, "message", None) or str(error)
        self._watched.again()

    def _filter(self, typed: str) -> None:
        self._needle = typed.strip()

    # The question in the last line

    def _ask(self, question: str, then: Callable[[str], None], typed: str = "") -> None:
        self._asked, self._then, self._typed = question, then, typed

    def _type(self, key: str) -> None:
        assert self._typed is not None
        if key == fullscreen.BACK:
            self._typed = self._typed[:-1]
        elif key == fullscreen.ESCAPE:
            self._typed = None
        elif key == fullscreen.ENTER or (self._asked.endswith("y/n ") and key in "ynYN"):
            answer = self._typed if key == fullscreen.ENTER else key
            self._typed = None
            if self._then is not None:
                self._then(answer)
        elif len(key) == 1:
            self._typed += key
