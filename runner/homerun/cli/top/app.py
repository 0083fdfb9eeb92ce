"""`homerun top` on the terminal: what is shown where, and what each key does."""

from __future__ import annotations

import asyncio
import gc
import os
import signal
import sys
import threading
import time
from collections.abc import Callable
from typing import TYPE_CHECKING, Any

from textual.app import App, ComposeResult
from textual.binding import Binding
from textual.events import Resize
from textual.message import Message

from homerun.cli.output import console
from homerun.cli.top import picture
from homerun.cli.top.asks import Asks
from homerun.cli.top.columns import cut, justified
from homerun.cli.top.foot import Foot
from homerun.cli.top.help import HELP
from homerun.cli.top.near import Near
from homerun.cli.top.order import Order
from homerun.cli.top.pane import Pane
from homerun.cli.top.table import FOLD, Table
from homerun.cli.top.widgets import Answer, LineView, RunTable
from runstore import status
from runstore.errors import BaseError

if TYPE_CHECKING:
    from textual.driver import Driver

    from homerun.cli.top.columns import Line
    from homerun.cli.top.deeds import Deeds
    from homerun.cli.top.picture import Picture
    from homerun.views.live.watchlist import Watchlist

_KEYS = (
    *(("up,k", "move(-1)"), ("down,j", "move(1)")),
    *(("pageup", "page(-1)"), ("pagedown", "page(1)")),
    *(("home", "move(-1000000)"), ("end", "move(1000000)")),
    *(("enter,l", "enlarge"), ("tab", "turn"), ("space", "fold")),
    *(("s,c", "ask('stop')"), ("r", "ask('rerun')"), ("t", "ask('tag')")),
    *(("slash", "filter"), ("o", "order(1)"), ("O", "order(0)")),
    *(("question_mark,h", "help"), ("q", "leave"), ("escape", "back")),
    *(("ctrl+c", "interrupt"), ("ctrl+z", "suspend_process")),
)
_WHILE_ASKED = ("back", "interrupt", "suspend_process")
"""What keys do also while something is typed; the others are part of the answer then."""
_LOOK_S = 0.1
_SIGNALS = (signal.SIGINT, signal.SIGTERM)


class Noticed(Message):
    """There may be something new to show."""


class Top(App[None]):
    """The application.

    Args:
        deeds: gives what can be done with runs; called in threads, after the first screen.
        goal: the metric that is looked at; None: the first one that each run has logged.
        minimizes: whether less of a metric is better.
        colours: whether they are wanted.
        first: what stands on the terminal so far, if anything does.

    Attributes:
        interrupted: the signal that ended it, if one did.
    """

    ENABLE_COMMAND_PALETTE = False
    CSS = """
    Screen { layout: vertical; }
    LineView { height: 1; }
    Answer, Answer:focus, Answer.-ansi { height: 1; border: none; padding: 0 1; display: none; }
    """
    BINDINGS = [Binding(keys, action, priority=True) for keys, action in _KEYS]

    def __init__(
        self,
        deeds: Callable[[], Deeds],
        watched: Watchlist,
        goal: str | None = None,
        minimizes: Callable[[str], bool] = lambda metric: False,
        colours: bool = True,
        first: Picture | None = None,
    ) -> None:
        self._first = first
        self._is_drawn = threading.Event()
        super().__init__(ansi_color=True)
        self.interrupted: int | None = None
        self._watched = watched
        self._table = Table(goal)
        self._pane = Pane()
        self._near = Near(self, lambda run_id: deeds().near(run_id), self._take_near)
        self._lines = {name: LineView(name, colours) for name in ("head", "pane", "foot")}
        self._lines["table"] = RunTable("table", colours)
        self._high: dict[str, int] = {}
        self._answer = Answer()
        self._is_large = self._helps = False
        self._filter = ""
        self._order = Order(minimizes)
        self._foot = Foot(self, self._draw)
        self._asks = Asks(self, deeds, self._answer, self._foot, watched.again)

    def get_driver_class(self) -> type[Driver]:
        """Leave the first picture on the terminal, and what was typed in it, until there is more
        than that.
        """
        driver = super().get_driver_class()
        if self._first is None or not self._first.painted:
            return driver
        return _keeping(driver, self._first, self._is_drawn)

    def compose(self) -> ComposeResult:
        """The widgets from the top."""
        for name in ("head", "table", "pane", "foot"):
            yield self._lines[name]
        yield self._answer

    def check_action(self, action: str, parameters: tuple[object, ...]) -> bool | None:
        """Whether a key does that now. The bindings have priority, so what is typed ahead comes to
        whom it is meant for.
        """
        return action in _WHILE_ASKED or not self._answer.question

    def on_mount(self) -> None:
        """Begin to listen: to the watched runs, to the clock, to signals."""
        self._lines["table"].focus()
        self._watched.told = self._notice
        self.set_interval(1.0, self._tick)
        if not self.is_headless:
            loop = asyncio.get_running_loop()
            for number in _SIGNALS:
                loop.add_signal_handler(number, self._end_by, number)
        self.on_noticed()
        self.call_after_refresh(self._is_drawn.set)

    async def on_unmount(self) -> None:
        """Let go of what was opened."""
        self._watched.told = _nothing
        await self._near.close()

    def on_resize(self, event: Resize) -> None:
        """Fill the new size."""
        self.call_after_refresh(self._draw)

    def on_noticed(self) -> None:
        """Show what is new."""
        rows = self._watched.rows
        if rows is not None:
            self._table.take(rows, self._watched.counts)
        self._asks.settle(self._table.row_of)
        self._draw()
        self._near.read()
        if rows is not None and not gc.isenabled():
            gc.freeze()  # what was loaded for the first screen stays, and is not searched again
            gc.enable()

    def on_answer_closed(self) -> None:
        """The table has the keys again."""
        self.screen.set_focus(self._lines["table"])
        self._draw()

    def on_run_table_picked(self, event: RunTable.Picked) -> None:
        """Select what was clicked; the line of those that wait unfolds."""
        if self._table.select_line(event.y) and self._table.selected == FOLD:
            self._table.fold()
        self._draw()

    def on_run_table_turned(self, event: RunTable.Turned) -> None:
        """The wheel selects."""
        self.action_move(event.lines)

    # What is shown

    def _draw(self) -> None:
        wide, high = self.size
        now, asks = time.time(), bool(self._answer.question)
        table, pane = self._heights(high - 2 - asks)
        self._fit("table", table)
        self._fit("pane", pane)
        self._lines["head"].show([self._head(wide)])
        self._lines["table"].show(self._table_lines(wide, table, now))
        row = self._table.row
        if row is None or row["id"] != self._near.run_id:
            self._pane.seen = {}
        self._pane.goal = self._table.goal
        self._lines["pane"].show(self._pane.lines(row, wide, pane, now))
        foot = self._foot.line(wide, self._answer.question, self._watched.error)
        self._lines["foot"].show([foot])
        self._seek()

    def _heights(self, high: int) -> tuple[int, int]:
        """The lines of the table and of the pane."""
        if self._helps:
            return high, 0
        return (0, high) if self._is_large else picture.heights(high)

    def _fit(self, name: str, high: int) -> None:
        widget = self._lines[name]
        if self._high.get(name) != high:
            self._high[name] = high
            widget.display = high > 0
            widget.styles.height = max(1, high)

    def _head(self, wide: int) -> Line:
        if self._watched.rows is None:
            return [(justified(" homerun top   …", wide), "head")]
        return self._table.head(wide, self._filter)

    def _table_lines(self, wide: int, high: int, now: float) -> list[Line]:
        lines: list[Line] = []
        if self._helps:
            lines = [[(cut(f" {line}", wide), "")] for line in HELP]
        elif self._watched.rows is not None:
            lines = self._table.lines(wide, high, now, self._sort())
        return picture.to_height(lines, high)

    def _seek(self) -> None:
        """Have what is in sight now read, and the selected run."""
        ids = self._table.in_sight()
        if ids != self._watched.in_sight:
            self._watched.in_sight = ids
            known = {row["id"] for row in self._watched.rows or () if "of" in row}
            if not known.issuperset(ids):
                self._watched.again()
        row = self._table.row
        if row is not None:
            self._near.turn_to(row["id"])

    def _take_near(self, seen: dict[str, Any]) -> None:
        self._pane.seen = seen
        self._draw()

    def _tick(self) -> None:
        """Once a second: the clock goes on."""
        self._end_with_terminal()
        if any(row["status"] not in status.TERMINAL for row in self._watched.rows or ()):
            self._draw()
            if not self._near.follows:
                self._near.read()

    # What the keys do

    def action_move(self, steps: int) -> None:
        """Select another run."""
        self._helps = False
        self._table.move(steps)
        self._draw()

    def action_page(self, pages: int) -> None:
        """Select the run a page away."""
        self._table.page(pages)
        self._draw()

    def action_enlarge(self) -> None:
        """The pane on the whole screen, and back; the line of those that wait unfolds."""
        if self._table.selected == FOLD:
            self._table.fold()
        else:
            self._is_large = not self._is_large
        self._draw()

    def action_turn(self) -> None:
        """The next part of the pane first."""
        self._pane.turn()
        self._draw()

    def action_fold(self) -> None:
        """Fold or unfold those that wait."""
        self._table.fold()
        self._draw()

    def action_help(self) -> None:
        """The help, and back."""
        self._helps = not self._helps
        self._draw()

    async def action_back(self) -> None:
        """One layer less; from the table: all runs again."""
        if self._answer.question:
            self._answer.close()
        elif self._helps or self._is_large:
            self._helps = self._is_large = False
        elif self._filter:
            self._narrow("")
        self._draw()

    async def action_leave(self) -> None:
        """One layer less; from the table: quit."""
        if self._helps or self._is_large:
            await self.action_back()
        else:
            self.exit()

    def action_interrupt(self) -> None:
        """Ctrl-C."""
        self._end_by(signal.SIGINT)

    def action_order(self, step: int) -> None:
        """The next order, or (0) the same the other way around."""
        if step:
            self._order.step(self._table.goal)
        else:
            self._order.turn()
        self._narrow(self._filter)
        self._foot.say(self._order.words(self._table.goal))

    def action_filter(self) -> None:
        """Ask for a filter."""
        what = "filter: metrics.loss < 0.1 and tags.fruit = apple, or plain words"
        self._answer.ask(what, self._narrow, self._filter)
        self._draw()

    def action_ask(self, what: str) -> None:
        """Ask before something is done to the selected run: `stop`, `rerun` or `tag`."""
        row = self._table.row
        if row is not None:
            self._helps = False
            {"stop": self._asks.stop, "rerun": self._asks.rerun, "tag": self._asks.tag}[what](row)
            self._draw()

    def _narrow(self, typed: str) -> None:
        """Show what fits; a filter that is none is said, and the one before stays."""
        try:
            self._watched.narrow(typed, self._sort())
            self._filter = typed
        except BaseError as error:
            self._foot.say(error.message, is_error=True)

    def _sort(self) -> str | None:
        return self._order.field(self._table.goal)

    def _notice(self) -> None:
        """In the thread of the feed: also where this one waits for the terminal."""
        self._end_with_terminal()
        self.post_message(Noticed())

    def _end_with_terminal(self) -> None:
        """End the process if its terminal is gone: Textual would wait for ever to draw on it.
        It holds nothing that has to be put in order.
        """
        if not self.is_headless and not console.is_terminal(sys.__stdin__):
            signal.raise_signal(signal.SIGHUP)
            os._exit(128 + signal.SIGHUP)  # the signal is ignored, as by nohup

    def _end_by(self, number: int) -> None:
        self.interrupted = number
        self.exit()


def _nothing() -> None:
    return None


def _keeping(driver: type[Driver], first: Picture, is_drawn: threading.Event) -> type[Driver]:
    """A driver that clears nothing before there is something else, and reads no key before that."""

    class Keeping(driver):  # type: ignore[misc, valid-type]
        def start_application_mode(self) -> None:
            super().start_application_mode()
            if not first.is_over:
                first.is_over = True
                self.attrs_before = first.attributes
                self.write(first.painted)
                self.flush()

        def run_input_thread(self) -> None:
            while not is_drawn.wait(_LOOK_S) and not self.exit_event.is_set():
                pass
            super().run_input_thread()

    return Keeping
