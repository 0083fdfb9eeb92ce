"""The last line of `homerun top`: a question, else an error, else a message, else the keys."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Any

from homerun.cli.output import text
from homerun.cli.top.columns import cut
from homerun.cli.top.help import key_line

if TYPE_CHECKING:
    from textual.app import App
    from textual.timer import Timer

    from homerun.cli.top.columns import Line

_MESSAGE_S = 5.0


class Foot:
    """What it says. A message stays for some seconds, or until what it announces is done.

    Args:
        changed: called when there is something else to show.
    """

    def __init__(self, app: App[Any], changed: Callable[[], object]) -> None:
        self._app = app
        self._changed = changed
        self._told, self._style = "", ""
        self._timer: Timer | None = None

    def say(self, told: str, is_error: bool = False, stays: bool = False) -> None:
        """Show a message, for a while or until the next one."""
        self._told, self._style = told, "error" if is_error else "question"
        if self._timer is not None:
            self._timer.stop()
        self._timer = None if stays else self._app.set_timer(_MESSAGE_S, self.hush)
        self._changed()

    def hush(self) -> None:
        """Show no message."""
        self._told, self._timer = "", None
        self._changed()

    def line(self, wide: int, question: str, error: str | None) -> Line:
        """The line."""
        style = "question" if question else "error" if error else self._style
        told = question or error or self._told
        if told:
            return [(cut(f" {text.printable(told)}", wide), style)]
        return key_line(wide)
