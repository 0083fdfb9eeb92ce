"""Pictures of curves: what is drawn are the points that were logged."""

from __future__ import annotations

import sys
import xml.etree.ElementTree as ET
from array import array
from math import inf, isnan, nan
from typing import Any

import pytest

from homerun.base.errors import MissingExtra, UserError
from homerun.metrics import figure
from homerun.metrics.curves import RunCurve
from runstore.metrics.curve import Curve
from runstore.metrics.sums import Sums

EVIL = "_a\x1b]0;t\x07</text><script>alert(1)</script>$x^2$ & \x00\ud800"


def curve(run: str, values: list[float], xs: list[int] | None = None, **more: Any) -> RunCurve:
    places = array("q", range(len(values)) if xs is None else xs)
    return RunCurve(
        run, more.pop("metric", "loss"), Curve(places, Sums(array("d", values))), **more
    )


@pytest.fixture(scope="module", autouse=True)
def fonts() -> None:
    figure.draw([curve("r", [1.0])], {"r": "#1"}, "png", "step")  # which keeps their files open


@pytest.fixture
def axes(monkeypatch: pytest.MonkeyPatch) -> list[Any]:
    """The axes of what is drawn."""
    from matplotlib.figure import Figure

    found: list[Any] = []
    drawn = Figure.savefig

    def kept(self: Figure, *args: Any, **options: Any) -> None:
        found.extend(self.axes)
        drawn(self, *args, **options)

    monkeypatch.setattr(Figure, "savefig", kept)
    return found


def lines(axes: Any, colour: str | None = None) -> list[list[tuple[float, float]]]:
    """The points of each line of one chart."""
    return [
        [(float(x), float(y)) for x, y in line.get_xydata()]
        for line in axes.lines
        if colour in (None, line.get_color())
    ]


def test_a_line_goes_through_each_point_where_there_is_room(axes: list[Any]) -> None:
    values = [0.5, 3.0, -2.0, 8.0]

    figure.draw([curve("r", values, [0, 10, 20, 40])], {"r": "#1"}, "png", "step")

    assert lines(axes[0]) == [[(0, 0.5), (10, 3.0), (20, -2.0), (40, 8.0)]]


def test_of_many_points_the_line_is_the_mean_and_the_range_is_a_line_behind_it(
    axes: list[Any],
) -> None:
    values = [float(at % 7) for at in range(20_000)]
    values[12_345] = 500.0

    figure.draw([curve("r", values)], {"r": "#1"}, "svg", "step")

    extent, mean = sorted(lines(axes[0]), key=len, reverse=True)
    assert max(y for _, y in extent) == 500.0
    assert min(y for _, y in extent) == 0.0
    (spike,) = [x for x, y in extent if y == 500.0]
    assert abs(spike - 12_345) <= 20
    assert len(mean) == figure.PLACES
    assert abs(sum(y for _, y in mean) / len(mean) - sum(values) / len(values)) < 0.05


def test_what_is_no_number_is_a_sign_and_a_gap_and_another_attempt_another_line(
    axes: list[Any],
) -> None:
    values = [1.0, nan, 2.0, inf, 3.0, -inf, 4.0, 1.0, 2.0]
    xs = [0, 1, 2, 3, 4, 5, 6, 0, 1]

    figure.draw([curve("r", values, xs)], {"r": "#1"}, "png", "step")

    shapes = {line.get_marker(): line for line in axes[0].lines if line.get_marker() in "x^v"}
    assert {m: [*map(float, line.get_xdata())] for m, line in shapes.items()} == {
        "x": [1.0],
        "^": [3.0],
        "v": [5.0],
    }
    strokes = [one for one in lines(axes[0]) if len(one) in (7, 2) and one[0][0] != one[1][0]]
    first, second = strokes[0], strokes[-1]
    assert [(x, y) for x, y in first if not isnan(y)] == [(0, 1), (2, 2), (4, 3), (6, 4)]
    assert second == [(0.0, 1.0), (1.0, 2.0)]


def test_on_a_logarithmic_scale_what_is_not_above_0_is_marked_as_low(axes: list[Any]) -> None:
    one = curve("r", [1.0, 0.0, 100.0, -5.0], is_log=True)

    figure.draw([one], {"r": "#1"}, "png", "step", is_log=True)

    assert one.not_above == 2
    assert axes[0].get_yscale() == "log"
    (low,) = [line for line in axes[0].lines if line.get_marker() == "v"]
    assert [*map(float, low.get_xdata())] == [1.0, 3.0]


def test_runs_differ_by_colour_or_dashes_and_are_named_in_the_legend(axes: list[Any]) -> None:
    shown = [curve(f"r{at}", [at, at + 1.0]) for at in range(200)]

    figure.draw(shown, {f"r{at}": f"#{at}" for at in range(200)}, "png", "step")

    looks = [(line.get_color(), repr(line._unscaled_dash_pattern)) for line in axes[0].lines]
    assert len(set(looks)) == len(looks) == 200
    legend = axes[0].get_legend()
    assert [text.get_text() for text in legend.get_texts()] == [f"#{at}" for at in range(200)]


def test_hostile_names_are_text_in_every_kind_of_file(axes: list[Any]) -> None:
    shown = [curve("r", [1.0, 2.0], metric=EVIL), curve("s", [1.0, 3.0], metric=EVIL)]

    made = {kind: figure.draw(shown, {"r": EVIL, "s": "_s"}, kind, "step") for kind in figure.KINDS}

    assert [text.get_text() for text in axes[0].get_legend().get_texts()][1] == " _s"
    page = made["html"].decode()
    assert page.count("<script") == 0
    words = "".join(ET.fromstring(made["svg"]).itertext())
    assert "</text><script>alert(1)</script>$x^2$ & \\x00\\ud800" in words
    assert "\x1b" not in page
    assert made["png"].startswith(b"\x89PNG")


def test_the_same_curves_are_the_same_bytes() -> None:
    shown = [curve("r", [1.0, 2.0])]

    for kind in ("svg", "html", "png"):
        first, second = (figure.draw(shown, {"r": "#1"}, kind, "step") for _ in range(2))
        assert first == second


def test_times_are_dates_and_those_far_out_are_refused_in_one_line(axes: list[Any]) -> None:
    points = Curve(array("d", [1.8e9, 1.8e9 + 60]), Sums(array("d", [1.0, 2.0])))
    figure.draw([RunCurve("r", "loss", points)], {"r": "#1"}, "svg", "time")
    told = axes[0].xaxis.get_major_formatter().format_data_short(1.8e9 / 86_400)
    assert told == "08:00:00"  # in UTC, whatever the zone is here

    far = Curve(array("d", [1e16, 2e16]), Sums(array("d", [1.0, 2.0])))
    with pytest.raises(UserError, match="try -x index"):
        figure.draw([RunCurve("r", "loss", far)], {"r": "#1"}, "svg", "time")


def test_a_kind_that_is_not_drawn_and_a_missing_library_are_said(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    shown = [curve("r", [1.0])]
    with pytest.raises(UserError, match=r"a plot is written as \.png, \.svg, \.pdf, \.html"):
        figure.draw(shown, {"r": "#1"}, "gif", "step")

    monkeypatch.setitem(sys.modules, "matplotlib", None)
    with pytest.raises(MissingExtra, match=r"pip install .*matplotlib"):
        figure.draw(shown, {"r": "#1"}, "png", "step")
