"""The widgets of `homerun top`: lines of styled text, and a line in which something is typed."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING

from rich.segment import Segment
from rich.style import Style
from textual.events import Blur, Click, MouseScrollDown, MouseScrollUp
from textual.geometry import Region
from textual.message import Message
from textual.strip import Strip
from textual.widget import Widget
from textual.widgets import Input

from homerun.cli.top.styles import styles

if TYPE_CHECKING:
    from homerun.cli.top.columns import Line

_WHEEL = 3


class LineView(Widget):
    """Shows lines; it paints only those that have changed."""

    def __init__(self, name: str, colours: bool) -> None:
        super().__init__(id=name)
        self._lines: list[Line] = []
        self._styles = {name: Style(**one) for name, one in styles(colours).items()}

    def show(self, lines: Sequence[Line]) -> None:
        """Show these lines from now on."""
        before, self._lines = self._lines, list(lines)
        if len(before) != len(self._lines):
            self.refresh()
            return
        changed = [y for y, line in enumerate(self._lines) if line != before[y]]
        if changed:
            self.refresh(*(Region(0, y, self.size.width, 1) for y in changed))

    def render_line(self, y: int) -> Strip:
        """One line as Textual has it. The texts are segments: none is read as markup."""
        line = self._lines[y] if y < len(self._lines) else []
        segments = [Segment(part, self._styles.get(name)) for part, name in line]
        return Strip(segments).adjust_cell_length(self.size.width)


class RunTable(LineView, can_focus=True):
    """The table, which the mouse can point at."""

    class Picked(Message):
        """A line was clicked."""

        def __init__(self, y: int) -> None:
            self.y = y
            super().__init__()

    class Turned(Message):
        """The wheel was turned by so many lines."""

        def __init__(self, lines: int) -> None:
            self.lines = lines
            super().__init__()

    def on_click(self, event: Click) -> None:
        """Say which line."""
        self.post_message(self.Picked(event.y))

    def on_mouse_scroll_down(self, event: MouseScrollDown) -> None:
        """Some lines down."""
        self.post_message(self.Turned(_WHEEL))

    def on_mouse_scroll_up(self, event: MouseScrollUp) -> None:
        """Some lines up."""
        self.post_message(self.Turned(-_WHEEL))


class Answer(Input):
    """A line for what is typed as the answer to a question; it is there as long as one is asked.

    Attributes:
        question: what is asked, "" where nothing is.
    """

    class Closed(Message):
        """Nothing is asked any more."""

    def __init__(self) -> None:
        super().__init__(id="answer")
        self.question = ""
        self.cursor_blink = False
        self._then: Callable[[str], None] | None = None

    def ask(self, question: str, then: Callable[[str], None], typed: str = "") -> None:
        """Ask something; `then` takes what is typed."""
        self.question, self._then = question, then
        self.value = typed
        self.cursor_position = len(typed)
        self.display = True
        self.screen.set_focus(self)  # at once: what is typed next is part of the answer

    def confirm(self, question: str, then: Callable[[], None]) -> None:
        """Ask for a yes, for which `y` is enough."""
        self.ask(f"{question} y/n", lambda typed: then() if typed.casefold()[:1] == "y" else None)

    def close(self) -> None:
        """Ask no more."""
        self.question, self._then = "", None
        self.display = False
        self.post_message(self.Closed())

    def on_input_changed(self, event: Input.Changed) -> None:
        """A yes or no needs no Enter."""
        event.stop()
        if self.question.endswith(" y/n") and event.value.casefold() in ("y", "n"):
            self._take(event.value)

    def on_input_submitted(self, event: Input.Submitted) -> None:
        """What was typed is the answer."""
        event.stop()
        self._take(event.value)

    def on_blur(self, event: Blur) -> None:
        """Who goes elsewhere does not answer."""
        if self.question:
            self.close()

    def _take(self, typed: str) -> None:
        then = self._then
        self.close()
        if then is not None:
            then(typed)
