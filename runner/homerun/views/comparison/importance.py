"""What a metric depends on: rank correlation, and a random forest, over some runs.

The correlation (Spearman's) says whether the metric rises or falls with a parameter. The forest
finds what matters in any way: how much of the metric's spread each parameter takes away where
trees are split by it, the sum being 1. Both say little of few runs, so how many there are is part
of the answer.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from itertools import accumulate
from math import isfinite, sqrt
from random import Random
from typing import Any

_TREES, _DEEPEST, _LEAF = 32, 6, 3
_MOST_BINS = 32
_SEED = 0
_ROUNDED = 1e-12


def param_weights(
    params: Sequence[dict[str, Any]], values: Sequence[float | None]
) -> list[dict[str, Any]]:
    """How much each parameter tells of a metric, the most telling one first.

    Args:
        params: of each run.
        values: the metric of each run; None, NaN, an infinity: the run is left out.

    Returns:
        Of each parameter with more than one value its `name`, `importance` (0 to 1), `correlation`
        (-1 to 1; None of texts, or where there is none) and `runs`: how many have it.
    """
    usable = [at for at, value in enumerate(values) if value is not None and isfinite(value)]
    target = [float(values[at] or 0.0) for at in usable]
    rows = [params[at] for at in usable]
    names = sorted({name for row in rows for name in row})
    columns = {name: [_plain(row.get(name)) for row in rows] for name in names}
    varied = {name: column for name, column in columns.items() if len(set(column)) > 1}
    shares = _forest(list(varied.values()), target)
    found = [
        {
            "name": name,
            "importance": share,
            "correlation": correlation(column, target),
            "runs": sum(value is not None for value in column),
        }
        for (name, column), share in zip(varied.items(), shares)
    ]
    return sorted(found, key=lambda one: (-one["importance"], one["name"]))


def correlation(column: Sequence[Any], target: Sequence[float]) -> float | None:
    """Spearman's rank correlation of those that have a number; None: it has none."""
    pairs = [(x, y) for x, y in zip(column, target) if isinstance(x, float)]
    if len(pairs) < 3 or any(isinstance(x, str) for x in column):
        return None
    ranks = [_ranks([pair[side] for pair in pairs]) for side in (0, 1)]
    middle = (len(pairs) + 1) / 2
    first, other = ([rank - middle for rank in side] for side in ranks)
    spread = sqrt(sum(x * x for x in first) * sum(y * y for y in other))
    return sum(x * y for x, y in zip(first, other)) / spread if spread else None


def _plain(value: Any) -> float | str | None:
    """A parameter as a number or a text; of a list its words."""
    if value is None:
        return None
    if isinstance(value, (bool, int, float)):
        try:
            found = float(value)
        except OverflowError:
            return str(value)
        return found if isfinite(found) else str(value)
    return str(value)


def _ranks(values: Sequence[float]) -> list[float]:
    """The place of each in order, from 1 on; equal ones share the mean of theirs."""
    order = sorted(range(len(values)), key=values.__getitem__)
    ranks, at = [0.0] * len(values), 0
    while at < len(order):
        end = at
        while end < len(order) and values[order[end]] == values[order[at]]:
            end += 1
        for place in order[at:end]:
            ranks[place] = (at + end + 1) / 2
        at = end
    return ranks


def _forest(columns: list[list[Any]], target: list[float]) -> list[float]:
    """The share that each column has of what the trees' splits took from the target's spread."""
    chance, every = Random(_SEED), range(len(target))
    trees = _Trees([_Bins(column) for column in columns], target)
    for _ in range(_TREES if columns and len(target) > _LEAF else 0):
        trees.grow([chance.choice(every) for _ in every], 0)
    whole = sum(trees.gains)
    return [gain / whole if whole else 0.0 for gain in trees.gains]


class _Bins:
    """A column in few places: numbers in order, behind them each text, and what is not there.

    Attributes:
        places: of each run.
        numbers, count: how many places numbers have, and how many there are.
    """

    def __init__(self, column: list[Any]) -> None:
        known = {value for value in column if isinstance(value, float)}
        step = max(1, -(-len(known) // _MOST_BINS))
        place_of = {value: at // step for at, value in enumerate(sorted(known))}
        self.numbers = len(set(place_of.values()))
        others = sorted({str(value) for value in column if not isinstance(value, float)})
        texts = {text: self.numbers + at for at, text in enumerate(others)}
        self.count = self.numbers + len(texts)
        self.places = [
            place_of[value] if isinstance(value, float) else texts[str(value)] for value in column
        ]

    def splits(self) -> Iterator[tuple[int, int]]:
        """The places that a split takes to one side: those below a number, or one text."""
        yield from ((0, end) for end in range(1, self.numbers + (self.count > self.numbers)))
        yield from ((at, at + 1) for at in range(self.numbers, self.count))


class _Trees:
    """Grows trees; `gains` is how much of the target's spread each column took away so far."""

    def __init__(self, columns: list[_Bins], target: list[float]) -> None:
        self.gains = [0.0] * len(columns)
        self._columns = columns
        self._target = target
        self._splits = [list(column.splits()) for column in columns]

    def grow(self, runs: list[int], depth: int) -> None:
        """Split runs, and what comes of it again, as long as that takes something away."""
        if depth == _DEEPEST or len(runs) < 2 * _LEAF:
            return
        gain, at, start, end = max(self._best_of(at, runs) for at in range(len(self._columns)))
        if gain <= 0:
            return
        self.gains[at] += gain
        places = self._columns[at].places
        self.grow([run for run in runs if start <= places[run] < end], depth + 1)
        self.grow([run for run in runs if not start <= places[run] < end], depth + 1)

    def _best_of(self, at: int, runs: list[int]) -> tuple[float, int, int, int]:
        """The best split by a column: what it takes away, the column, and its places."""
        column, target = self._columns[at], self._target
        counts, sums = [0] * column.count, [0.0] * column.count
        for run in runs:
            place = column.places[run]
            counts[place] += 1
            sums[place] += target[run]
        upto = [0, *accumulate(counts)], [0.0, *accumulate(sums)]
        every, whole = len(runs), sum(sums)
        best, nothing = (0.0, at, 0, 0), whole * whole / every
        for start, end in self._splits[at]:
            count, part = (total[end] - total[start] for total in upto)
            if _LEAF <= count <= every - _LEAF:
                rest = whole - part
                gain = part * part / count + rest * rest / (every - count) - nothing
                # Where rounding is all that is left there is nothing to take away.
                if gain > best[0] and gain > nothing * _ROUNDED:
                    best = gain, at, start, end
        return best
