"""A picture for the documents: lines over two logarithmic scales, for light and dark pages."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from xml.sax.saxutils import escape

_WIDTH, _HEIGHT = 860, 460
_LEFT, _TOP, _RIGHT, _BOTTOM = 64, 20, 230, 50
_COLOURS = ("#0072b2", "#d55e00", "#009e73", "#cc79a7", "#e69f00", "#56b4e9", "#7f7f7f", "#a05195")
"""Of Okabe and Ito, which people with any colour vision tell apart."""
_GREY = "#8a8f98"
_APART = 15.0
"""So far apart two labels stand at least."""


def log_log(
    across: str, unit: str, places: Sequence[float], lines: Mapping[str, Sequence[float]]
) -> str:
    """The picture.

    Args:
        across: what the places are.
        unit: of the values.
        lines: the values at each place, by name; all above 0.
    """
    values = [value for line in lines.values() for value in line]
    x = _Scale(min(places), max(places), _LEFT, _WIDTH - _RIGHT)
    y = _Scale(min(values), max(values), _HEIGHT - _BOTTOM, _TOP)
    parts = [
        *(_rule(x.at(one), _TOP, x.at(one), _HEIGHT - _BOTTOM) for one in x.decades()),
        *(_rule(_LEFT, y.at(one), _WIDTH - _RIGHT, y.at(one)) for one in y.decades()),
        *(_text(x.at(one), _HEIGHT - 28, f"{one:,.0f}", "middle") for one in x.decades()),
        *(_text(_LEFT - 8, y.at(one) + 4, f"{one:,g} {unit}", "end") for one in y.decades()),
        _text((_LEFT + _WIDTH - _RIGHT) / 2, _HEIGHT - 8, across, "middle"),
    ]
    labels = _spread({name: y.at(line[-1]) for name, line in lines.items()})
    for (name, line), colour in zip(lines.items(), _COLOURS, strict=False):
        points = " ".join(f"{x.at(a):.1f},{y.at(b):.1f}" for a, b in zip(places, line, strict=True))
        parts.append(
            f'<polyline points="{points}" fill="none" stroke="{colour}" stroke-width="2"/>'
        )
        parts.append(_text(_WIDTH - _RIGHT + 8, labels[name] + 4, name, "start", colour))
    inside = "\n".join(parts)
    head = f'xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {_WIDTH} {_HEIGHT}"'
    return f'<svg {head} font-family="sans-serif" font-size="12">\n{inside}\n</svg>\n'


class _Scale:
    """Numbers on a logarithmic scale, in pixels, from one whole decade to another."""

    def __init__(self, least: float, most: float, begin: float, end: float) -> None:
        self._low = math.floor(math.log10(least))
        self._high = max(self._low + 1, math.ceil(math.log10(most)))
        self._begin, self._end = begin, end

    def at(self, value: float) -> float:
        share = (math.log10(value) - self._low) / (self._high - self._low)
        return self._begin + share * (self._end - self._begin)

    def decades(self) -> list[float]:
        return [10.0**power for power in range(self._low, self._high + 1)]


def _spread(places: Mapping[str, float]) -> dict[str, float]:
    """The places of labels, moved down where they would touch."""
    found: dict[str, float] = {}
    last = -math.inf
    for name in sorted(places, key=lambda one: places[one]):
        last = found[name] = max(places[name], last + _APART)
    return found


def _rule(x1: float, y1: float, x2: float, y2: float) -> str:
    place = f'x1="{x1:.1f}" y1="{y1:.1f}" x2="{x2:.1f}" y2="{y2:.1f}"'
    return f'<line {place} stroke="{_GREY}" stroke-opacity="0.3"/>'


def _text(x: float, y: float, text: str, anchor: str, colour: str = _GREY) -> str:
    place = f'x="{x:.1f}" y="{y:.1f}" text-anchor="{anchor}" fill="{colour}"'
    return f"<text {place}>{escape(text)}</text>"
