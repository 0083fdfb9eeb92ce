"""The columns of `homerun top`: what stands in them, and which of them fit."""

from __future__ import annotations

from homerun.base import sizes, times
from homerun.cli.output import text
from homerun.cli.top import charts
from runstore import status

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable, Sequence
    from typing import Any

    Row = dict[str, Any]
    Part = tuple[str, str]
    """A text, and the name of its style: one of those in `styles.STYLES`, or ""."""
    Line = list[Part]

SIGNS = {
    status.RUNNING: "▶",
    status.FINALIZING: "▶",
    status.CANCEL_REQUESTED: "◼",
    status.PREPARING: "▷",
    status.QUEUED: "…",
    status.NOT_STARTED: "…",
    status.NOT_RESPONDING: "?",
    status.COMPLETED: "✓",
    status.FAILED: "✗",
    status.CANCELED: "◼",
}
"""A shape for each status: nothing is told by colour alone."""

_WIDE = 100
_TREND = 8
_LONGEST = 40
_SHRINKING = (
    *(("name", 14), ("trend", 5), ("params", 20), ("name", 8), ("experiment", 6)),
    *(("params", 12), ("status", 11), ("goal", 7), ("trend", 4)),
)
"""Which columns give way where there is little room, in turn, and to which width."""
_EXPENDABLE = (
    *("trend", "gpu memory", "memory", "experiment", "eta", "cpu", "gpu", "params", "goal"),
    *("time", "number"),
)
"""Which columns are left out where that is not enough."""


class TopColumn:
    """One column.

    Attributes:
        heading: what stands above it.
        make: gives its text for a row.
        most: its width at most.
    """

    __slots__ = ("heading", "is_right", "make", "most", "name")

    def __init__(
        self,
        name: str,
        heading: str,
        make: Callable[[Row], str],
        most: int = _LONGEST,
        is_right: bool = False,
    ) -> None:
        self.name = name
        self.heading = heading
        self.make = make
        self.most = most
        self.is_right = is_right


class Shown:
    """What all rows have in common that says how each one is shown.

    Args:
        rows: all rows of the list.
        goal: the metric that is looked at; None: the one that most of the runs have logged first.
    """

    def __init__(self, rows: Sequence[Row], goal: str | None) -> None:
        self.goal = goal or _most_frequent(rows)
        self.differing = _differing(rows)
        self.has_experiments = len({row["experiment"] for row in rows}) > 1

    def columns(self, now: float, sort: str | None) -> list[TopColumn]:
        """All columns, from the left; those in which nothing stands are left out by `fitted`."""

        def head(name: str, field: str) -> str:
            arrow = "▼" if sort == f"-{field}" else "▲" if sort == field else ""
            return name + arrow

        goal = text.printable(self.goal or "metric")
        found = [
            TopColumn("number", "#", lambda row: _said(row["number"]), 7, is_right=True),
            TopColumn("name", head("name", "name"), name_of, 28),
            TopColumn("status", "status", status_of, 17),
            TopColumn("params", "parameters", self._params, 60),
            TopColumn("goal", head(goal, f"metrics.{self.goal}"), self._goal, 20, is_right=True),
            TopColumn("trend", "", trend_of, _TREND),
            TopColumn("time", head("time", "duration_s"), lambda row: time_of(row, now), 8, True),
            TopColumn("eta", "left", lambda row: left_of(row, now), 9, is_right=True),
            TopColumn("cpu", head("cpu", "cpu_percent"), cpu_of, 6, is_right=True),
            TopColumn("memory", head("mem", "memory"), memory_of, 7, is_right=True),
            TopColumn("gpu", "gpu", gpu_of, 6, is_right=True),
            TopColumn("gpu memory", "vram", gpu_memory_of, 7, is_right=True),
        ]
        if self.has_experiments:
            experiment = TopColumn("experiment", "exp.", experiment_cell, 16)
            found.insert(0, experiment)
        return found

    def _params(self, row: Row) -> str:
        below = row.get("below")
        if below:
            return below_of(below)
        keys = self.differing.get(_kind(row), set())
        known = row["params"]
        return " ".join(
            f"{text.printable(key)}={_short(known[key])}" for key in known if key in keys
        )

    def _goal(self, row: Row) -> str:
        goal = row.get("goal")
        if not goal:
            return ""
        value = number_of(goal["last"])
        other = "" if goal["name"] == self.goal else f"{text.printable(goal['name'])} "
        return other + value


def gap_of(wide: int) -> str:
    """What stands between columns."""
    return "  " if wide >= _WIDE else " "


def fitted(columns: list[TopColumn], rows: Sequence[Row], room: int) -> list[tuple[TopColumn, int]]:
    """The columns that fit, each with its width."""
    gap = len(gap_of(room))
    natural = {}
    for column in columns:
        wide = max((text.width(column.make(row)) for row in rows), default=0)
        if wide or column.name in ("name", "status"):
            natural[column.name] = min(column.most, max(wide, text.width(column.heading)))
    found = [column for column in columns if column.name in natural]

    def excess() -> int:
        return sum(natural.values()) + gap * (len(natural) - 1) - room

    for name, least in _SHRINKING:
        if name in natural and excess() > 0:
            natural[name] = max(min(least, natural[name]), natural[name] - excess())
    for name in _EXPENDABLE:
        if excess() > 0:
            natural.pop(name, None)
    return [(column, natural[column.name]) for column in found if column.name in natural]


def cut(line: str, wide: int) -> str:
    """A line, cut to this width."""
    if text.width(line) <= wide:
        return line
    kept, used = [], 0
    for character in line:
        used += text.width(character)
        if used >= wide:
            break
        kept.append(character)
    return "".join(kept) + ("…" if wide > 0 else "")


def cell(row: Row, column: TopColumn, wide: int) -> str:
    """What stands in a row's cell of this width; a sparkline is drawn as wide as that is."""
    made = trend_of(row, wide) if column.name == "trend" else column.make(row)
    return justified(made, wide, column.is_right)


def justified(line: str, wide: int, is_right: bool = False) -> str:
    """A line of exactly this width."""
    kept = cut(line, wide)
    blank = " " * (wide - text.width(kept))
    return blank + kept if is_right else kept + blank


# What stands in the columns


def title_of(row: Row) -> str:
    """A run as people name it: `digits #17`."""
    number = row["number"]
    return text.printable(row["id"] if number is None else f"{row['experiment']} #{number}")


def name_of(row: Row) -> str:
    """The name that it was given, else its script."""
    given = row["name"] if row["name"] != row["id"] else row["script"] or row["id"]
    depth = row.get("depth") or 0
    return "  " * (depth - 1) + ("└ " if depth else "") + text.printable(given)


def experiment_cell(row: Row) -> str:
    """Its experiment."""
    return text.printable(row["experiment"])


def status_of(row: Row) -> str:
    """A shape and the word; of one that waits also its place, and of a silent one for how long."""
    waits = (row.get("waits") or "").partition(":")[0]
    parts = (SIGNS.get(row["status"], "?"), row["status"], waits, text.silent(row.get("silent_s")))
    return " ".join(part for part in parts if part)


def trend_of(row: Row, wide: int = _TREND) -> str:
    """The course of the metric."""
    return charts.sparkline((row.get("goal") or {}).get("trend") or (), wide)


def seconds_of(row: Row, now: float) -> float | None:
    """How long it took, or has taken so far."""
    if row["duration_s"] is not None:
        return float(row["duration_s"])
    begun = times.unix(row["started"])
    is_known = begun is not None and row["status"] != status.NOT_RESPONDING
    return max(0.0, float(int(now - begun))) if is_known and begun is not None else None


def time_of(row: Row, now: float) -> str:
    """The same for people."""
    seconds = seconds_of(row, now)
    return "" if seconds is None else "0 s" if seconds == 0 else text.duration(seconds)


def left_of(row: Row, now: float) -> str:
    """How long it will go on; nothing where that is not known."""
    ends = row.get("ends")
    left = None if ends is None or row["status"] != status.RUNNING else ends - now
    return "" if left is None or left < 0 else f"~{text.duration(float(round(left)))}"


def cpu_of(row: Row) -> str:
    """The processors that its processes use."""
    return _percent(row.get("cpu_percent"))


def memory_of(row: Row) -> str:
    """The memory that its processes hold."""
    return _size(row.get("memory"))


def gpu_of(row: Row) -> str:
    """How busy its GPUs are."""
    return _percent(row.get("gpu_percent"))


def gpu_memory_of(row: Row) -> str:
    """The memory of GPUs that its processes hold."""
    return _size(row.get("gpu_memory"))


def _percent(used: float | None) -> str:
    return "" if used is None else f"{used:.0f}%"


def _size(held: float | None) -> str:
    return "" if held is None else sizes.shown(held).replace("iB", "").replace(" ", "")


def below_of(below: dict[str, Any]) -> str:
    """What became of the runs below one: `9 runs: 7 ✓ 2 ▶, best loss 0.21 (#23)`."""
    counted = [f"{count} {SIGNS.get(name, name)}" for name, count in below["by_status"].items()]
    best = text.best_in(below)
    return f"{text.plural(below['total'])}: {' '.join(counted)}" + (f", {best}" if best else "")


def number_of(value: object) -> str:
    """A metric's value in four digits, as much as a glance takes in."""
    return f"{value:.4g}" if isinstance(value, float) else text.short_number(value)


def _said(value: object) -> str:
    return "" if value is None else text.printable(value)


def _short(value: object) -> str:
    return cut(text.of_param(value), _LONGEST)


def _kind(row: Row) -> tuple[object, object]:
    """Runs of one kind are told apart by their parameters: those of one script."""
    return row["experiment"], row["script"]


def _differing(rows: Sequence[Row]) -> dict[tuple[object, object], set[str]]:
    """Of each kind of runs the parameters that are not the same in all; of a single run, all."""
    kinds: dict[tuple[object, object], list[dict[str, Any]]] = {}
    for row in rows:
        known = row["params"]
        if known:
            kinds.setdefault(_kind(row), []).append(known)
    return {kind: _not_the_same(known) for kind, known in kinds.items()}


def _not_the_same(known: list[dict[str, Any]]) -> set[str]:
    keys = {key for one in known for key in one}
    if len(known) == 1:
        return keys
    return {key for key in keys if len({repr(one.get(key)) for one in known}) > 1}


def _most_frequent(rows: Sequence[Row]) -> str | None:
    names = [row["goal"]["name"] for row in rows if row.get("goal")]
    return max(dict.fromkeys(names), key=names.count, default=None)
