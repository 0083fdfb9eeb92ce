"""Averages along a curve, of all of its points: not of what a chart shows of them."""

from __future__ import annotations

from math import exp, isfinite
from operator import mul

TYPE_CHECKING = False
if TYPE_CHECKING:
    from array import array
    from collections.abc import Callable, Sequence

    from runstore.metrics.sums import Sums

    Smooth = Callable[[Sums, tuple[int, int], Sequence[int]], list["float | None"]]

EMA = "ema"
MEAN = "mean"
GAUSS = "gauss"
_MOST_POINTS = 100_000
_MOST_WIDTH = 1_000
_REACH = 4
"""So many widths away a point has next to no weight any more."""


def parse(word: str) -> Smooth:
    """The average that a word names: `ema:0.9`, `mean:100` or `gauss:50`.

    It is a function of the numbers, the first point of a segment and the one behind its last, and
    the points at which the average is asked for; it gives None where there is none near.

    Raises:
        ValueError: it names none.
    """
    kind, _, text = word.partition(":")
    try:
        amount = float(text)
    except ValueError:
        amount = float("nan")
    if kind == EMA and 0 < amount < 1:
        return lambda sums, part, at: _exponential(sums.values, part, at, amount)
    if kind == MEAN and 1 <= amount <= _MOST_POINTS:
        return lambda sums, part, at: _running(sums, part, at, int(amount))
    if kind == GAUSS and 0 < amount <= _MOST_WIDTH:
        return lambda sums, part, at: _gaussian(sums.values, part, at, amount)
    raise ValueError(
        f"there is no average {word!r}: give ema:WEIGHT below 1, mean:POINTS to {_MOST_POINTS}, "
        f"or gauss:POINTS to {_MOST_WIDTH}"
    )


def _exponential(
    values: array[float], part: tuple[int, int], wanted: Sequence[int], weight: float
) -> list[float | None]:
    """Each point weighs so much less than the one after it; the first ones are not pulled to 0."""
    first, behind = part
    shown = values[first:behind]
    total = sum(shown)
    rest = 1 - weight
    if total - total == 0:
        return _exponential_of(shown, [at - first for at in wanted], weight)
    found: dict[int, float | None] = {}
    asked = {*wanted}
    sum_ = share = 0.0
    for at, value in enumerate(shown, first):
        if isfinite(value):
            sum_, share = weight * sum_ + rest * value, weight * share + rest
        if at in asked:
            found[at] = sum_ / share if share else None
    return [found[at] for at in wanted]


def _exponential_of(
    values: Sequence[float], wanted: Sequence[int], weight: float
) -> list[float | None]:
    """The same of finite numbers: all between two points that are asked for at once.

    Args:
        wanted: in order.
    """
    found: list[float | None] = []
    weights: dict[int, list[float]] = {}
    sum_, behind = 0.0, 0
    for at in wanted:
        count = at + 1 - behind
        if count not in weights:
            weights[count] = [(1 - weight) * weight**age for age in range(count - 1, -1, -1)]
        sum_ = sum_ * weight**count + sum(map(mul, values[behind : at + 1], weights[count]))
        behind = at + 1
        found.append(sum_ / (1 - weight**behind))
    return found


def _running(
    sums: Sums, part: tuple[int, int], wanted: Sequence[int], width: int
) -> list[float | None]:
    """The mean of so many points around each, fewer at the ends."""
    before, after = width // 2, width - width // 2
    return [sums.of(max(part[0], at - before), min(part[1], at + after)).mean for at in wanted]


def _gaussian(
    values: array[float], part: tuple[int, int], wanted: Sequence[int], width: float
) -> list[float | None]:
    """Points weigh less, the farther they are: by a bell of this width, in points."""
    reach = max(1, round(_REACH * width))
    bell = [exp(-0.5 * (away / width) ** 2) for away in range(-reach, reach + 1)]
    found: list[float | None] = []
    for at in wanted:
        first, behind = max(part[0], at - reach), min(part[1], at + reach + 1)
        near = values[first:behind]
        weights = bell[first - at + reach : behind - at + reach]
        total, share = sum(map(mul, near, weights)), sum(weights)
        if total - total != 0:
            known = [(one, weight) for one, weight in zip(near, weights) if isfinite(one)]
            share = sum(weight for _, weight in known)
            total = sum(one * (weight / share) for one, weight in known) * share
        found.append(total / share if share else None)
    return found
