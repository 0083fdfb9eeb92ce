"""The summary of a metric's numbers: the last, the least, the greatest, and how many there are."""

from __future__ import annotations

from math import isnan

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any


class MetricSummary:
    """One metric's numbers so far; `last` is the one with the latest time."""

    __slots__ = ("at", "count", "last", "max", "min")

    def __init__(self, last: Any = None, low: Any = None, high: Any = None, count: int = 0) -> None:
        self.last, self.min, self.max, self.count = last, low, high, count
        self.at = float("-inf")

    def add(self, value: float, at: float) -> None:
        """Count one more number; NaN is counted, and is neither the least nor the greatest."""
        self.count += 1
        if at >= self.at:
            self.last, self.at = value, at
        if not isnan(value):
            self.min = value if self.min is None or value < self.min else self.min
            self.max = value if self.max is None or value > self.max else self.max

    def values(self) -> dict[str, float]:
        """Its numbers by their names."""
        return {"last": self.last, "min": self.min, "max": self.max, "count": self.count}
