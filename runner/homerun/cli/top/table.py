"""The table of `homerun top`: the rows, which one is selected, which are in sight, as lines."""

from __future__ import annotations

from homerun.cli.output import text
from homerun.cli.top import columns
from homerun.cli.top.columns import Shown, cell, cut, fitted, gap_of, justified
from runstore import status

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Sequence

    from homerun.cli.top.columns import Line, Row

FOLD = "fold"
"""The id of the line that stands for the runs that wait."""

_WAITING = (status.QUEUED, status.NOT_STARTED)
_STYLED = {"goal": "value", "trend": "value", "number": "dim", "experiment": "dim"}


class Table:
    """What is shown, and what is selected.

    Attributes:
        selected: the id of the selected run, FOLD, or None where there is nothing.
        is_folded: whether the runs that wait are one line.
    """

    def __init__(self, goal: str | None = None) -> None:
        self.selected: str | None = None
        self.is_folded = True
        self._goal = goal
        self._first = 0
        self._rows: Sequence[Row] = ()
        self._counts: dict[str, int] = {}
        self._shown = Shown((), goal)
        self._high = 1

    @property
    def goal(self) -> str | None:
        """The metric that is looked at."""
        return self._shown.goal

    @property
    def row(self) -> Row | None:
        """The selected run."""
        return next((row for row in self._rows if row["id"] == self.selected), None)

    def row_of(self, run_id: str) -> Row | None:
        """One of the runs."""
        return next((row for row in self._rows if row["id"] == run_id), None)

    def take(self, rows: Sequence[Row], counts: dict[str, int]) -> None:
        """Show these runs; who was selected stays it, or who stands in its place."""
        at = self._at()
        self._rows, self._counts = rows, counts
        self._shown = Shown(rows, self._goal)
        ids = self._ids()
        if self.selected not in ids:
            self.selected = ids[min(at, len(ids) - 1)] if ids else None

    def move(self, steps: int) -> None:
        """Select the line so many further down."""
        ids = self._ids()
        if ids:
            self.selected = ids[min(len(ids) - 1, max(0, self._at() + steps))]

    def page(self, pages: int) -> None:
        """Select the line so many pages further down."""
        self.move(pages * max(1, self._high - 2))

    def select_line(self, y: int) -> bool:
        """Select what stands in a line of the table. False: nothing does."""
        ids = self._ids()
        at = self._first + y - 1
        if y < 1 or at >= len(ids):
            return False
        self.selected = ids[at]
        return True

    def fold(self) -> None:
        """Show the runs that wait as one line, or each."""
        self.is_folded = not self.is_folded
        ids = self._ids()
        if self.selected not in ids:
            self.selected = FOLD if FOLD in ids else None

    def in_sight(self) -> tuple[str, ...]:
        """The ids of the runs in sight."""
        shown = self._ids()[self._first : self._first + max(1, self._high - 1)]
        return tuple(one for one in shown if one != FOLD)

    def head(self, wide: int, narrowing: str = "") -> Line:
        """How many runs there are, by what becomes of them."""
        told = [f"{count:,} {name}" for name, count in self._counts.items() if name not in _OVER]
        over = sum(count for name, count in self._counts.items() if name in _OVER)
        parts = [*sorted(told, key=lambda one: one.split()[1] in _WAITING), f"{over:,} ended"]
        line = " · ".join(parts)
        if narrowing:
            line += f" · /{text.printable(narrowing)}"
        return [(justified(f" homerun top   {line}", wide), "head")]

    def lines(self, wide: int, high: int, now: float, sort: str | None = None) -> list[Line]:
        """A heading, and a line for each run in sight."""
        self._high = high
        ids = self._ids()
        at, room = self._at(), max(1, high - 1)
        self._first = max(min(self._first, at, max(0, len(ids) - room)), at - room + 1, 0)
        by_id = {row["id"]: row for row in self._rows}
        seen = [by_id.get(one) for one in ids[self._first : self._first + room]]
        rows = [row for row in seen if row is not None]
        fits = fitted(self._shown.columns(now, sort), rows, wide - 1)
        heading = gap_of(wide - 1).join(
            justified(one.heading, width, one.is_right) for one, width in fits
        )
        made: list[Line] = [[(justified(f" {heading}", wide), "column")]]
        for row in seen:
            run_id = FOLD if row is None else row["id"]
            line = self._fold_line(wide) if row is None else _line(row, fits, wide)
            made.append(_selected(line, wide) if run_id == self.selected else line)
        if not ids:
            made.append([(justified(" no runs", wide), "dim")])
        return made[:high]

    def _ids(self) -> list[str]:
        """The lines from the top, in the order of the rows."""
        found: list[str] = []
        for row in self._rows:
            if row["status"] in _WAITING:
                if FOLD not in found:
                    found.append(FOLD)
                if self.is_folded:
                    continue
            found.append(row["id"])
        return found

    def _at(self) -> int:
        ids = self._ids()
        return ids.index(self.selected) if self.selected in ids else 0

    def _fold_line(self, wide: int) -> Line:
        waiting = [name for name in _WAITING if self._counts.get(name)]
        told = " + ".join(
            f"{self._counts[name]:,} {'queued' if name == status.QUEUED else 'not started'}"
            for name in waiting
        )
        sign = "+" if self.is_folded else "-"
        hint = "space unfolds" if self.is_folded else "space folds"
        return [(cut(f" {sign} {told}", wide), "waiting"), (cut(f"   {hint}", wide), "dim")]


_OVER = (status.COMPLETED, status.FAILED, status.CANCELED)


def _line(row: Row, fits: list[tuple[columns.TopColumn, int]], wide: int) -> Line:
    line: Line = [(" ", "")]
    for at, (column, width) in enumerate(fits):
        made = cell(row, column, width)
        style = row["status"] if column.name == "status" else _STYLED.get(column.name, "")
        line.append((made, style))
        if at < len(fits) - 1:
            line.append((gap_of(wide - 1), ""))
    return line


def _selected(line: Line, wide: int) -> Line:
    return [(justified("".join(part for part, _ in line), wide), "selected")]
