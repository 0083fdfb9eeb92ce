"""A chart as SVG: it is drawn without a library, and needs no script and no style around it."""

from __future__ import annotations

from html import escape
from math import ceil, floor, isfinite, log10

from homerun.metrics.curves import HIGH, LOW, RELATIVE, STEP, TIME, grid_of, marks

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping, Sequence

    from homerun.metrics.curves import RunCurve
    from runstore.metrics.buckets import Bucket

    Place = Callable[[float], float]

_WIDE, _HIGH = 860, 300
_LEFT, _RIGHT, _TOP, _BOTTOM = 76, 16, 12, 40
_PLACES = 400
_INKS = ("#0072b2", "#d55e00", "#009e73", "#cc79a7", "#56b4e9", "#e69f00", "#000000", "#999999")
"""Of Okabe and Ito: they are told apart by most of the colour-blind too."""
_DASHES = ("", "6 3", "2 2", "8 3 2 3")
_SIGNS = {HIGH: "▲", LOW: "▼"}
_AXES = {STEP: "step", TIME: "seconds since 1970", RELATIVE: "seconds since the first point"}
_TICKS = 5
_HEAD = (
    f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {_WIDE} {_HIGH}" role="img" '
    'font-family="system-ui, sans-serif" font-size="12" fill="#444">'
)


def look_of(number: int) -> tuple[str, str]:
    """The colour and the dashes of the run of a number."""
    return _INKS[number % len(_INKS)], _DASHES[number // len(_INKS) % len(_DASHES)]


def draw_chart(curves: Sequence[RunCurve], numbers: Mapping[str, int], x: str) -> str:
    """The curves of one metric: the mean of each place as a line, and a paler area behind it from
    the least to the greatest.

    Args:
        numbers: of each run, which tells its colour.
    """
    grid = grid_of(curves, _PLACES)
    drawn = [(numbers[one.run], one.gathered(grid)) for one in curves]
    spots = [spot for _, parts in drawn for part in parts for spot in part]
    least, most = _range([value for spot in spots for value in (spot.min, spot.max)])
    left, right = _range([x for spot in spots for x in (spot.x_first, spot.x_last)])
    across = _scale(left, right, _LEFT, _WIDE - _RIGHT)
    up = _scale(least, most, _HIGH - _BOTTOM, _TOP)
    parts = [
        _HEAD,
        f"<title>{escape(curves[0].metric)}</title>",
        *_axes(least, most, up, left, right, across, _AXES.get(x, "number of the point")),
    ]
    for number, segments in drawn:
        for segment in segments:
            parts += _stroke(segment, *look_of(number), across, up)
    return "".join([*parts, "</svg>"])


def _stroke(
    spots: Sequence[Bucket], ink: str, dash: str, across: Place, up: Place
) -> Iterator[str]:
    found = [spot for spot in spots if spot.count]
    middles = [across((spot.x_first + spot.x_last) / 2) for spot in found]
    if any(spot.min != spot.max for spot in found):
        above = [f"{x:.1f},{up(spot.max):.1f}" for x, spot in zip(middles, found)]
        below = [f"{x:.1f},{up(spot.min):.1f}" for x, spot in zip(middles, found)]
        around = " ".join([*above, *reversed(below)])
        yield f'<polygon points="{around}" fill="{ink}" stroke="{ink}" fill-opacity=".3"/>'
    line = " ".join(f"{x:.1f},{up(spot.mean):.1f}" for x, spot in zip(middles, found))
    if len(found) == 1:
        yield f'<circle cx="{middles[0]:.1f}" cy="{up(found[0].mean):.1f}" r="3" fill="{ink}"/>'
    elif found:
        dashes = f' stroke-dasharray="{dash}"' if dash else ""
        yield f'<polyline points="{line}" fill="none" stroke="{ink}" stroke-width="1.6"{dashes}/>'
    for x, mark in marks(spots):
        y = _TOP + 10 if mark == HIGH else _HIGH - _BOTTOM - 4
        sign = _SIGNS.get(mark, "✕")
        yield f'<text x="{across(x):.1f}" y="{y}" fill="{ink}" text-anchor="middle">{sign}</text>'


def _axes(
    least: float, most: float, up: Place, left: float, right: float, across: Place, name: str
) -> Iterator[str]:
    for value in _ticks(least, most):
        y = up(value)
        yield f'<path d="M{_LEFT} {y:.1f}H{_WIDE - _RIGHT}" stroke="#ddd"/>'
        yield f'<text x="{_LEFT - 6}" y="{y + 4:.1f}" text-anchor="end">{_written(value)}</text>'
    for value in _ticks(left, right):
        x = across(value)
        yield f'<path d="M{x:.1f} {_TOP}V{_HIGH - _BOTTOM}" stroke="#eee"/>'
        yield (
            f'<text x="{x:.1f}" y="{_HIGH - _BOTTOM + 16}" text-anchor="middle">'
            f"{_written(value)}</text>"
        )
    middle = (_LEFT + _WIDE - _RIGHT) / 2
    yield f'<text x="{middle}" y="{_HIGH - 6}" text-anchor="middle">{name}</text>'


def _range(values: Sequence[float | None]) -> tuple[float, float]:
    finite = [value for value in values if value is not None and isfinite(value)]
    if not finite:
        return 0.0, 1.0
    least, most = min(finite), max(finite)
    if least == most:
        room = abs(least) / 10 or 0.5
        return least - room, most + room
    return least, most


def _scale(low: float, high: float, first: float, last: float) -> Place:
    """The way from a value to its place in the picture; halves, for what is too far apart."""
    span = high / 2 - low / 2
    return lambda value: first + (value / 2 - low / 2) / span * (last - first)


def _ticks(low: float, high: float) -> Iterator[float]:
    """Round numbers between two."""
    gap = high / _TICKS - low / _TICKS
    power = 10.0 ** floor(log10(gap)) if isfinite(gap) and gap > 0 else 1.0
    step = next((one * power for one in (1, 2, 5) if one * power >= gap), 10 * power)
    first, last = low / step, high / step
    if not (isfinite(first) and isfinite(last)) or last - first > 2 * _TICKS + 2:
        yield from (low, high)
        return
    for number in range(ceil(first), floor(last) + 1):
        yield number * step


def _written(value: float) -> str:
    return "0" if value == 0 else f"{value:,.12g}" if 1e-4 <= abs(value) < 1e9 else f"{value:.3g}"
