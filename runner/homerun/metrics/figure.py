"""Curves as a picture in a file: drawn by matplotlib, which is loaded only here."""

from __future__ import annotations

import io
import warnings
from collections.abc import Mapping, Sequence
from datetime import timezone
from html import escape
from typing import Any

from homerun.base import terminal
from homerun.base.errors import MissingExtra, UserError
from homerun.metrics.curves import HIGH, LOW, NAN, RELATIVE, STEP, TIME, RunCurve, grid_of, marks
from runstore.metrics.buckets import Bucket

KINDS = ("png", "svg", "pdf", "html")
PLACES = 1_000
"""A picture is not wider, in points that can be told apart."""
_INKS = ("#0072b2", "#d55e00", "#009e73", "#cc79a7", "#56b4e9", "#e69f00", "#000000", "#999999")
"""Of Okabe and Ito: they are told apart by most of the colour-blind too."""
_STYLES = ["-", *((0, (on, off)) for off in (2, 1, 4, 8) for on in (5, 1, 3, 9, 16, 7))]
"""With the colours they are enough for as many curves as there can be."""
_SIGNS = {NAN: ("x", 0.02), HIGH: ("^", 0.98), LOW: ("v", 0.02)}
"""What stands for what is not finite, and at which height of the chart."""
_NAMES = {STEP: "step", TIME: "time (UTC)", RELATIVE: "seconds since the first point"}
_WIDE, _HIGH = 8.0, 3.6
"""In inches, of the chart of one metric."""
_LONGEST_NAME = 80
_MOST_INSIDE = 12
"""So many names are within a chart; more are beside it."""
_DAY_S = 86_400
_OPTIONS: dict[Any, Any] = {
    "text.parse_math": False,
    "svg.fonttype": "none",
    "svg.hashsalt": "-",
    "path.simplify": False,
}
"""No TeX in names; text that can be searched for; the same bytes for the same curves; and no point
is left out as one that makes no difference."""
_PAGE = """<!doctype html>
<html lang="en"><meta charset="utf-8"><title>{title}</title>
<style>body {{ margin: 2em auto; max-width: 60em; font: 16px system-ui, sans-serif }}
svg {{ width: 100%; height: auto }}</style>
<h1>{title}</h1>
{picture}
</html>
"""


def draw(
    curves: Sequence[RunCurve], labels: Mapping[str, str], kind: str, x: str, is_log: bool = False
) -> bytes:
    """The file's content: a chart below the other for each metric.

    Of many points in one place the line shows the mean, and a paler one behind it all from the
    least to the greatest.

    Args:
        labels: of each run, by its id.
        is_log: on a logarithmic scale.

    Raises:
        MissingExtra: matplotlib is not installed.
        UserError: files of that kind are not drawn.
    """
    if kind not in KINDS:
        raise UserError(f"a plot is written as .{', .'.join(KINDS)}, not as .{kind}")
    try:
        import matplotlib as mpl
        from matplotlib.figure import Figure
    except ModuleNotFoundError as error:
        raise MissingExtra("a plot in a file", "plot") from error
    metrics = list(dict.fromkeys(one.metric for one in curves))
    numbers = {run: number for number, run in enumerate(dict.fromkeys(one.run for one in curves))}
    names = {run: _name(labels[run]) for run in numbers}
    held = io.BytesIO()
    with mpl.rc_context(_OPTIONS), warnings.catch_warnings():
        warnings.simplefilter("ignore")  # of letters that the font lacks: they are boxes then
        figure = Figure(figsize=(_WIDE, _HIGH * len(metrics)), layout="constrained")
        for axes, metric in zip(figure.subplots(len(metrics), squeeze=False)[:, 0], metrics):
            axes.set_yscale("log" if is_log else "linear")
            if x == TIME:
                axes.xaxis_date(timezone.utc)
            axes.set(ylabel=_name(metric), xlabel=_NAMES.get(x, "number of the point"))
            axes.grid(alpha=0.3)
            shown = [one for one in curves if one.metric == metric]
            grid = grid_of(shown, PLACES)
            lines = [_draw(axes, one.gathered(grid), numbers[one.run], x) for one in shown]
            _explain(axes, lines, [names[one.run] for one in shown])
        drawn = "svg" if kind == "html" else kind
        dateless = {"svg": {"Date": None}, "pdf": {"CreationDate": None}}
        try:
            figure.savefig(held, format=drawn, dpi=150, metadata=dateless.get(drawn))
        except (OverflowError, ValueError) as error:
            raise UserError(f"there is no scale for these points ({error}); try -x index") from None
    if kind != "html":
        return held.getvalue()
    picture = held.getvalue().decode()
    title = escape(f"{', '.join(map(_name, metrics))} of {', '.join(names.values())}")
    return _PAGE.format(title=title, picture=picture[picture.index("<svg") :]).encode()


def _draw(axes: Any, parts: Sequence[Sequence[Bucket]], number: int, x: str) -> Any:
    """A curve in the colour of its run, a stroke for each part; its line, for the legend."""
    ink = _INKS[number % len(_INKS)]
    style = _STYLES[number // len(_INKS) % len(_STYLES)]
    handle: Any = None
    for at, part in enumerate(parts):
        if any(spot.min != spot.max for spot in part):
            axes.plot(*_extent(part, x), color=_pale(ink), linewidth=0.8, zorder=1.8)
        marker = "o" if sum(spot.count > 0 for spot in part) == 1 else None
        places = _placed([(spot.x_first + spot.x_last) / 2 for spot in part], x)
        means = [_or_nan(spot.mean) for spot in part]
        (line,) = axes.plot(places, means, linestyle=style, color=ink, linewidth=1.4, marker=marker)
        handle = line if handle is None else handle
        if at:
            axes.axvline(*_placed([part[0].x_first], x), color=ink, linewidth=0.6, linestyle=":")
        for sign, (shape, height) in _SIGNS.items():
            found = _placed([place for place, told in marks(part) if told == sign], x)
            if found:
                upright = axes.get_xaxis_transform()
                heights = [height] * len(found)
                axes.plot(found, heights, shape, color=ink, transform=upright, clip_on=False)
    return handle


def _extent(part: Sequence[Bucket], x: str) -> tuple[list[float], list[float]]:
    """The places and values of a line that reaches the least and the greatest of each bucket."""
    places: list[float] = []
    values: list[float] = []
    for spot in part:
        middle = (spot.x_first + spot.x_last) / 2
        places += [spot.x_first, middle, middle, spot.x_last]
        values += map(_or_nan, (spot.first, spot.min, spot.max, spot.last))
    return _placed(places, x), values


def _placed(places: Sequence[float], x: str) -> list[float]:
    """Places as matplotlib has them, which counts times in days."""
    return [one / _DAY_S if x == TIME else float(one) for one in places]


def _explain(axes: Any, lines: Sequence[Any], names: Sequence[str]) -> None:
    """Say which line is whose; of many runs beside the chart, in the small."""
    if len(names) <= _MOST_INSIDE:
        axes.legend(lines, names)
    else:
        axes.legend(lines, names, loc="upper left", bbox_to_anchor=(1, 1), fontsize="xx-small")


def _or_nan(value: float | None) -> float:
    return float("nan") if value is None else value


def _pale(ink: str) -> str:
    """A colour half way to white."""
    parts = (int(ink[at : at + 2], 16) for at in (1, 3, 5))
    return "#" + "".join(f"{(part + 255) // 2:02x}" for part in parts)


def _name(word: str) -> str:
    """A name as one line that can be printed; matplotlib leaves those with a leading `_` out."""
    shown = terminal.escaped(word)
    shown = shown if len(shown) <= _LONGEST_NAME else f"{shown[: _LONGEST_NAME - 1]}…"
    return f" {shown}" if shown.startswith("_") else shown
