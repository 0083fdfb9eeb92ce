"""The summary of a metric's numbers: the last, the least, the greatest, the mean, how many."""

from __future__ import annotations

from math import isnan, nan

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any


class MetricSummary:
    """One metric's numbers so far; `last` is the one with the latest time.

    Attributes:
        total, numbers: the sum of those that are not NaN, and how many these are.
    """

    __slots__ = ("at", "count", "last", "max", "min", "numbers", "total")

    def __init__(self, last: Any = None, low: Any = None, high: Any = None, count: int = 0) -> None:
        self.last, self.min, self.max, self.count = last, low, high, count
        self.at = float("-inf")
        self.total, self.numbers = 0.0, 0

    def add(self, value: float, at: float) -> None:
        """Count one more number; NaN is counted, and is in neither of the other numbers."""
        self.count += 1
        if at >= self.at:
            self.last, self.at = value, at
        if not isnan(value):
            self.numbers += 1
            self.total += value
            self.min = value if self.min is None or value < self.min else self.min
            self.max = value if self.max is None or value > self.max else self.max

    @property
    def mean(self) -> float | None:
        """The mean of the numbers; None where each is NaN."""
        return self.total / self.numbers if self.numbers else None

    def values(self) -> dict[str, Any]:
        """Its numbers by their names."""
        return {
            "last": self.last,
            "min": self.min,
            "max": self.max,
            "mean": self.mean,
            "count": self.count,
        }


def total_of(known: float | None) -> float:
    """A total as a file has it that knows no NaN: that of both infinities."""
    return nan if known is None else known
