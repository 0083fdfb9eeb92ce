"""A row of the table: a figure, its spread, and the budget that it has to keep."""

from __future__ import annotations

import statistics
from collections.abc import Iterable
from dataclasses import dataclass

COLUMNS = ("what", "measured", "spread", "budget", "kept", "beside")


@dataclass(frozen=True)
class Row:
    """One figure.

    Attributes:
        value, unit: the figure; the unit "x" is a ratio to the floor.
        low, high: the quartiles around it, where it is a median.
        budget: what it may at most be, or at least where `at_least` is set; None: none was set.
        beside: the floor that it stands on, or a figure to read it by.
    """

    name: str
    value: float
    unit: str
    low: float | None = None
    high: float | None = None
    budget: float | None = None
    at_least: bool = False
    beside: str = ""

    @property
    def is_kept(self) -> bool | None:
        """Whether the budget is kept; None where there is none."""
        if self.budget is None:
            return None
        return self.value >= self.budget if self.at_least else self.value <= self.budget

    def cells(self) -> list[str]:
        """The row as texts, one per column."""
        budget = "" if self.budget is None else f"{self._sign} {figure(self.budget)}"
        spread = ""
        if self.low is not None and self.high is not None:
            spread = f"{figure(self.low)} to {figure(self.high)}"
        kept = {None: "", True: "yes", False: "**no**"}[self.is_kept]
        return [self.name, f"{figure(self.value)} {self.unit}", spread, budget, kept, self.beside]

    @property
    def _sign(self) -> str:
        return "≥" if self.at_least else "≤"


def of(
    name: str,
    values: list[float],
    unit: str,
    budget: float | None = None,
    *,
    at_least: bool = False,
    beside: str = "",
) -> Row:
    """A row of the median of many measurements."""
    low, middle, high = statistics.quantiles(values, n=4) if len(values) > 1 else values * 3
    return Row(name, middle, unit, low, high, budget, at_least, beside)


def figure(value: float) -> str:
    """A number with as many digits as say something."""
    if value == int(value) or abs(value) >= 1000:
        return f"{value:,.0f}"
    return f"{value:.1f}" if abs(value) >= 10 else f"{value:.2f}"


def table(columns: Iterable[str], lines: Iterable[Iterable[str]]) -> str:
    """A table in Markdown."""
    head = list(columns)
    written = [head, ["---"] * len(head), *map(list, lines)]
    return "\n".join("| " + " | ".join(cells) + " |" for cells in written)
