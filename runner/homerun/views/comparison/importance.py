"""What a metric depends on: rank correlation, and a random forest, over some runs.

The correlation (Spearman's) says whether the metric rises or falls with a parameter. The forest
finds what matters in any way: how much of the metric's spread each parameter takes away where
trees are split by it, the sum being 1. Both say little of few runs, so how many there are is part
of the answer.

The work is bounded: of many parameters only those are weighed that tell most by one split alone,
and no tree is split by a text that next to no run has, as a note or a path of its own.
"""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Iterator, Sequence
from math import isfinite, sqrt
from random import Random
from typing import Any

_TREES, _DEEPEST, _LEAF = 32, 6, 3
_MOST_BINS = 32
MOST_WEIGHED = 50
_SEED = 0
_ROUNDED = 1e-12


def question(params: Sequence[dict[str, Any]], values: Sequence[float | None]) -> str:
    """What `param_weights` is asked, as a text: of the same runs it is the same."""
    return json.dumps([params, values])


def answer(asked: str) -> tuple[list[dict[str, Any]], bool]:
    """What `param_weights` says to a `question`."""
    return param_weights(*json.loads(asked))


def param_weights(
    params: Sequence[dict[str, Any]], values: Sequence[float | None]
) -> tuple[list[dict[str, Any]], bool]:
    """How much each parameter tells of a metric, the most telling one first.

    Args:
        params: of each run.
        values: the metric of each run; None, NaN, an infinity: the run is left out.

    Returns:
        Of each parameter with more than one value its `name`, `importance` (0 to 1), `correlation`
        (-1 to 1; None of texts, or where there is none) and `runs`: how many have it. And whether
        there are more than the `MOST_WEIGHED` that are weighed.
    """
    usable = [at for at, value in enumerate(values) if value is not None and isfinite(value)]
    target = [float(values[at] or 0.0) for at in usable]
    rows = [params[at] for at in usable]
    names = sorted({name for row in rows for name in row})
    columns = {name: [_plain(row.get(name)) for row in rows] for name in names}
    varied = {name: column for name, column in columns.items() if len(set(column)) > 1}
    bins = {name: _Bins(column) for name, column in varied.items()}
    kept = _most_telling(bins, target)
    shares = _forest([bins[name] for name in kept], target)
    found = [
        {
            "name": name,
            "importance": share,
            "correlation": correlation(varied[name], target),
            "runs": sum(value is not None for value in varied[name]),
        }
        for name, share in zip(kept, shares)
    ]
    return sorted(found, key=lambda one: (-one["importance"], one["name"])), len(kept) < len(bins)


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


def _most_telling(bins: dict[str, _Bins], target: list[float]) -> list[str]:
    """The names of the columns that take most of the spread away by one split, in their order."""
    if len(bins) <= MOST_WEIGHED:
        return [*bins]
    every = range(len(target))
    gains = {name: _best_of(column, target, every)[0] for name, column in bins.items()}
    kept = sorted(bins, key=lambda name: -gains[name])[:MOST_WEIGHED]
    return sorted(kept)


def _forest(columns: list[_Bins], target: list[float]) -> list[float]:
    """The share that each column has of what the trees' splits took from the target's spread."""
    chance, every = Random(_SEED), range(len(target))
    trees = _Trees(columns, target)
    for _ in range(_TREES if columns and len(target) > _LEAF else 0):
        trees.grow([chance.choice(every) for _ in every], 0)
    whole = sum(trees.gains)
    return [gain / whole if whole else 0.0 for gain in trees.gains]


class _Bins:
    """A column in few places: numbers in order, behind them each text, and what is not there.

    The texts that next to no run has share the last place.

    Attributes:
        places: of each run.
        numbers, texts, count: how many places numbers have, how many texts alone, and all.
    """

    def __init__(self, column: list[Any]) -> None:
        known = {value for value in column if isinstance(value, float)}
        step = max(1, -(-len(known) // _MOST_BINS))
        place_of = {value: at // step for at, value in enumerate(sorted(known))}
        self.numbers = len(set(place_of.values()))
        others = Counter(str(value) for value in column if not isinstance(value, float))
        frequent = sorted(text for text, runs in others.items() if runs >= _LEAF)
        self.texts = len(frequent)
        texts = {text: self.numbers + at for at, text in enumerate(frequent)}
        last = self.numbers + self.texts
        self.count = last + (self.texts < len(others))
        self.places = [
            place_of[value] if isinstance(value, float) else texts.get(str(value), last)
            for value in column
        ]

    def sides(self, counts: list[int], sums: list[float]) -> Iterator[tuple[int, float, int, int]]:
        """What a split takes to one side: below a number, or of one text.

        Args:
            counts, sums: of each place.

        Returns:
            How many that are, their sum, and the places.
        """
        count, part = 0, 0.0
        for at in range(self.numbers if self.count > self.numbers else self.numbers - 1):
            if counts[at]:
                count += counts[at]
                part += sums[at]
                yield count, part, 0, at + 1
        for at in range(self.numbers, self.numbers + self.texts):
            yield counts[at], sums[at], at, at + 1


class _Trees:
    """Grows trees; `gains` is how much of the target's spread each column took away so far."""

    def __init__(self, columns: list[_Bins], target: list[float]) -> None:
        self.gains = [0.0] * len(columns)
        self._columns = columns
        self._target = target

    def grow(self, runs: list[int], depth: int) -> None:
        """Split runs, and what comes of it again, as long as that takes something away."""
        if depth == _DEEPEST or len(runs) < 2 * _LEAF:
            return
        found = (_best_of(column, self._target, runs) for column in self._columns)
        gain, at, start, end = max((one[0], at, *one[1:]) for at, one in enumerate(found))
        if gain <= 0:
            return
        self.gains[at] += gain
        places = self._columns[at].places
        self.grow([run for run in runs if start <= places[run] < end], depth + 1)
        self.grow([run for run in runs if not start <= places[run] < end], depth + 1)


def _best_of(column: _Bins, target: Sequence[float], runs: Sequence[int]) -> tuple[float, int, int]:
    """The best split of runs by a column: what it takes from their spread, and its places."""
    counts, sums = [0] * column.count, [0.0] * column.count
    places = column.places
    for run in runs:
        place = places[run]
        counts[place] += 1
        sums[place] += target[run]
    every, whole = len(runs), sum(sums)
    best, nothing = (0.0, 0, 0), whole * whole / every
    for count, part, start, end in column.sides(counts, sums):
        if _LEAF <= count <= every - _LEAF:
            rest = whole - part
            gain = part * part / count + rest * rest / (every - count) - nothing
            # Where rounding is all that is left there is nothing to take away.
            if gain > best[0] and gain > nothing * _ROUNDED:
                best = gain, start, end
    return best
