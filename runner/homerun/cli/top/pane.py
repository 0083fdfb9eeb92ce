"""The pane of the selected run: the courses of its metrics, the end of its log, its children."""

from __future__ import annotations

import re

from homerun.cli.output import text
from homerun.cli.top import charts, columns
from homerun.cli.top.columns import cut, justified, title_of
from runstore import status

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any

    from homerun.cli.top.columns import Line, Row

CHARTS, LOG, BELOW = "metrics", "log", "children"
_TWO, _THREE = 96, 170
"""From these widths on two or three parts stand side by side."""
_LEAST_CHART = 4
_COLUMNS = ("number", "name", "status", "params", "goal", "time")
"""What is shown of a child."""
_RULE, _LEVEL = "│", "─"
_COLOURS = re.compile(r"\x1b\[[0-9;:]{0,40}m")


class Pane:
    """What is shown of the selected run.

    Attributes:
        first: the part that comes first: CHARTS, LOG, BELOW; None: the first that there is.
        goal: the metric of the children that is looked at.
    """

    def __init__(self) -> None:
        self.first: str | None = None
        self.goal: str | None = None
        self.seen: dict[str, Any] = {}

    def parts(self) -> list[str]:
        """The parts that have something to show, the one that was chosen first."""
        there = {CHARTS: "charts", LOG: "log", BELOW: "below"}
        found = [part for part, key in there.items() if self.seen.get(key)] or [LOG]
        at = found.index(self.first) if self.first in found else 0
        return found[at:] + found[:at]

    def turn(self) -> None:
        """Let the next part come first."""
        parts = self.parts()
        self.first = parts[1] if len(parts) > 1 else parts[0]

    def lines(self, row: Row | None, wide: int, high: int, now: float) -> list[Line]:
        """A title, and the parts below it."""
        if high < 1:
            return []
        if row is None:
            return [[(justified("", wide, False), "title")], *([[]] * (high - 1))]
        parts = self.parts()
        count = min(len(parts), 3 if wide >= _THREE else 2 if wide >= _TWO else 1)
        made: list[Line] = [self._title(row, parts, count, wide)]
        widths = _widths(parts[:count], wide)
        blocks = [self._part(part, width, high - 1, now) for part, width in zip(parts, widths)]
        for y in range(high - 1):
            line: Line = []
            for at, (block, width) in enumerate(zip(blocks, widths)):
                line += [(f" {_RULE} ", "dim")] if at else [(" ", "")]
                line += _padded(block[y] if y < len(block) else [], width)
            made.append(line)
        return made

    def _title(self, row: Row, parts: list[str], count: int, wide: int) -> Line:
        told = f" {title_of(row)} · {columns.status_of(row)} "
        why = (row.get("waits") or "").partition(": ")[2] or row.get("description")
        if why:
            told += f"· {text.printable(why)} "
        others = " ".join(parts[count:])
        more = f" tab: {others} " if others else ""
        room = max(0, wide - 2 - text.width(more))
        kept = cut(told, room)
        rule = _LEVEL * (room - text.width(kept))
        return [(_LEVEL * 2, "dim"), (kept, "title"), (rule, "dim"), (more, "dim")]

    def _part(self, part: str, wide: int, high: int, now: float) -> list[Line]:
        if part == CHARTS:
            return _charts(self.seen["charts"], wide, high)
        if part == BELOW:
            return _below(self.seen["below"], self.goal, wide, high, now)
        return _log(self.seen.get("log"), wide, high)


def _widths(parts: list[str], wide: int) -> list[int]:
    """The room of each part; the log takes the largest."""
    room = wide - 1 - 3 * (len(parts) - 1)
    share = {CHARTS: 2, LOG: 3, BELOW: 3}
    total = sum(share[part] for part in parts)
    widths = [room * share[part] // total for part in parts]
    widths[-1] += room - sum(widths)
    return widths


def _log(found: list[str] | None, wide: int, high: int) -> list[Line]:
    """The last lines; of a progress bar the last state. Colours are left out, the rest is shown."""
    if found is None:
        return []
    if not found:
        return [[("nothing was printed yet", "dim")]]
    shown = []
    for line in found:
        last = next((part for part in reversed(line.split("\r")) if part), "")
        plain = _COLOURS.sub("", last.expandtabs())
        shown.append(cut(text.printable(plain), wide))
    return [[(line, "")] for line in shown[-high:]]


def _charts(found: list[dict[str, Any]], wide: int, high: int) -> list[Line]:
    """As many charts as there is room for, and of the other metrics their last values."""
    count = max(1, min(len(found), high // (_LEAST_CHART + 1)))
    rest = found[count:]
    room = high - (1 if rest else 0)
    made: list[Line] = []
    for at, one in enumerate(found[:count]):
        tall = room * (at + 1) // count - room * at // count
        made += _chart(one, wide, tall)
    if rest:
        told = "  ".join(f"{_name(one)} {columns.number_of(one['last'])}" for one in rest)
        made.append([(cut(told, wide), "dim")])
    return made


def _chart(one: dict[str, Any], wide: int, tall: int) -> list[Line]:
    ends = charts.extent(one["points"])
    low, top = ("", "") if ends is None else map(columns.number_of, ends)
    scale = max(text.width(low), text.width(top))
    name, value = _name(one), columns.number_of(one["last"])
    step = "" if one["last_step"] is None else f"  step {one['last_step']}"
    title = cut(f"{name} {value}{step}", wide)
    made: list[Line] = [[(title, "value")]]
    drawn = charts.braille(one["points"], wide - scale - 1, tall - 1)
    for y, line in enumerate(drawn):
        label = top if y == 0 else low if y == tall - 2 else ""
        made.append([(justified(label, scale, True) + " ", "dim"), (line, "chart")])
    return made


def _name(one: dict[str, Any]) -> str:
    return text.printable(one["name"])


def _below(rows: list[Row], goal: str | None, wide: int, high: int, now: float) -> list[Line]:
    """The runs below it, in a table of their own: those that wait come last."""
    rows = sorted(rows, key=lambda row: row["status"] in _WAITING)
    seen = [{**row, "goal": _goal(row, goal)} for row in rows[: max(1, high - 1)]]
    shown = columns.Shown(seen, goal)
    every = [one for one in shown.columns(now, None) if one.name in _COLUMNS]
    fits = columns.fitted(every, seen, wide)
    gap = columns.gap_of(wide)
    heading = gap.join(justified(one.heading, width, one.is_right) for one, width in fits)
    rest = len(rows) - len(seen)
    more = f"{gap}and {rest:,} more" if rest else ""
    made: list[Line] = [[(cut(heading + more, wide), "dim")]]
    for row in seen:
        line: Line = []
        for column, width in fits:
            style = row["status"] if column.name == "status" else ""
            line += [(columns.cell(row, column, width), style), (gap, "")]
        made.append(line)
    return made


def _goal(row: Row, goal: str | None) -> dict[str, Any] | None:
    """The metric that is looked at, as the index knows it."""
    known = row["metrics"].get(goal)
    return None if known is None else {"name": goal, "last": known["last"]}


_WAITING = (status.QUEUED, status.NOT_STARTED)


def _padded(line: Line, wide: int) -> Line:
    used = sum(text.width(part) for part, _ in line)
    return [*line, (" " * max(0, wide - used), "")]
