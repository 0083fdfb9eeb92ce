"""`homerun run plot`: the dots on the terminal are the points that were logged."""

from __future__ import annotations

import os
import random
import re
from array import array
from collections.abc import Callable
from math import inf, log10, nan
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from homerun import Experiment, Workspace
from homerun.cli.output.plot import Plot
from homerun.metrics.curves import RunCurve
from runstore.metrics.curve import Curve
from runstore.metrics.sums import Sums

EVIL = "loss\x1b]0;title\x07\x1b[2J\u202e\n<script>"
DOTS = ((0x01, 0x08), (0x02, 0x10), (0x04, 0x20), (0x40, 0x80))
BLANK = 0x2800
HIGH = 13


def curve(
    values: list[float], xs: list[int] | None = None, run: str = "r", **more: Any
) -> RunCurve:
    places = array("q", range(len(values)) if xs is None else xs)
    return RunCurve(run, "loss", Curve(places, Sums(array("d", values))), **more)


def plotted(*curves: RunCurve, room: int = 80, is_log: bool = False) -> list[str]:
    labels = {one.run: f"#{one.run}" for one in curves}
    return Plot("loss", curves, labels, str, is_log).lines(room)


def chart_of(lines: list[str]) -> list[str]:
    """The lines of the canvas: those that hold dots, and those between."""
    held = [at for at, line in enumerate(lines) if any(BLANK < ord(c) < BLANK + 256 for c in line)]
    return lines[held[0] : held[-1] + 1]


def dots(lines: list[str], before: int) -> set[tuple[int, int]]:
    """The dots that are lit, as columns and rows from the upper left."""
    return {
        (2 * wide + right, 4 * high + down)
        for high, line in enumerate(lines)
        for wide, character in enumerate(line[before:])
        if BLANK < ord(character) < BLANK + 256
        for down, bits in enumerate(DOTS)
        for right, bit in enumerate(bits)
        if (ord(character) - BLANK) & bit
    }


def canvas(lines: list[str]) -> tuple[set[tuple[int, int]], int]:
    """The lit dots of a chart with a title and no signs above, and how many columns it has."""
    mark = re.match(" *[-+.e0-9]+ ", lines[1])
    assert mark is not None
    return dots(lines[1 : 1 + HIGH], mark.end()), mark.end()


@settings(max_examples=60, deadline=None, database=None)
@given(st.integers(0, 1 << 32), st.integers(2, 3000), st.integers(30, 120))
def test_each_column_is_lit_from_the_least_to_the_greatest_of_its_points(
    seed: int, count: int, room: int
) -> None:
    values = [random.Random(seed + at).randrange(-50, 50) for at in range(count)]
    values[0], values[-1] = -50, 50  # the marks beside the axis are as wide as they get

    lit, before = canvas(plotted(curve([float(value) for value in values]), room=room))

    columns = 2 * (min(room, 100) - before)
    for at, value in enumerate(values):
        place = at * (columns - 1) / (count - 1)
        if abs(place % 1 - 0.5) > 1e-6:  # on a border rounding decides
            assert (int(place + 0.5), round((50 - value) / 100 * (4 * HIGH - 1))) in lit
    if count >= 4 * columns:  # no line between columns reaches further than the points
        assert {column for column, _ in lit} == set(range(columns))


def test_a_spike_among_a_million_points_reaches_the_top() -> None:
    values = [0.0] * 1_000_000
    values[700_000] = 50.0

    lines = plotted(curve(values), room=80)

    lit, before = canvas(lines)
    columns = 2 * (80 - before)
    spikes = {column for column, row in lit if row == 0}
    assert spikes == {round(700_000 * (columns - 1) / 999_999)}
    assert {row for column, row in lit if column in spikes} == set(range(4 * HIGH))
    assert lines[1].lstrip().startswith("50 ")


def test_what_is_no_number_has_its_sign_a_gap_and_a_count() -> None:
    values = [0.0, 1.0, nan, 1.0, inf, 1.0, -inf, -inf, 0.0]

    lines = plotted(curve(values, [0, 10, 20, 30, 40, 50, 60, 60, 70]), room=74)

    above, low, undefined = lines[1], lines[-4], lines[-3]
    lit, before = canvas(lines[1:])
    columns = 2 * (74 - before)

    def place(x: int) -> int:
        return round(x / 70 * (columns - 1))

    assert above.index("▲") == before + place(40) // 2
    assert low.index("▼") == before + place(60) // 2
    assert undefined.index("✕") == before + place(20) // 2
    assert not any(place(10) < column < place(30) for column, _ in lit)
    assert not any(place(30) < column < place(50) for column, _ in lit)
    assert lines[-1] == "✕ 1 nan  ▲ 1 inf  ▼ 2 -inf"


def test_a_script_that_was_begun_again_is_another_stroke() -> None:
    values = [0.0] * 11 + [9.0] * 6

    lit, before = canvas(plotted(curve(values, [*range(11), *range(6)]), room=62))

    columns = 2 * (62 - before)
    half = round(5 / 10 * (columns - 1))
    assert lit == {
        *((column, 4 * HIGH - 1) for column in range(columns)),
        *((column, 0) for column in range(half + 1)),
    }


def test_steps_in_no_order_are_sorted_and_that_is_said() -> None:
    xs = [at ^ 1 for at in range(400)]

    lines = plotted(curve([float(x) for x in xs], xs))

    lit, _ = canvas(lines)
    assert lines[-1] == "sorted: the steps were logged in no order"
    rows = [row for _, row in sorted(lit)]
    assert max(later - sooner for sooner, later in zip(rows, rows[1:])) <= 1


def test_the_runs_of_a_chart_have_letters_of_their_own_and_a_legend() -> None:
    shown = [curve([float(at), float(at)], run=str(at)) for at in range(8)]

    lines = plotted(*shown, room=60)

    chart = lines[1 : 1 + HIGH]
    for letter, value in zip("abcdefgh", range(8)):
        (high,) = [at for at, line in enumerate(chart) if letter in line]
        assert high == round((7 - value) / 7 * (4 * HIGH - 1)) // 4
    legend = lines[2 + HIGH :]
    assert legend == ["a #0  b #1  c #2  d #3  e #4  f #5  g #6  h #7"]
    many = plotted(*(curve([1.0, 2.0], run=str(at)) for at in range(53)))
    assert many[-1] == "each letter is of several runs: there are 52"
    assert [len(line) <= 20 for line in plotted(*shown, room=20)[2 + HIGH :]] == [True] * 3


def test_a_logarithmic_scale_has_a_decade_everywhere_the_same_height() -> None:
    values = [1.0, 10.0, 0.0, 100.0, 1000.0]

    lines = plotted(curve(values, is_log=True), is_log=True)

    lit, before = canvas(lines)
    columns = 2 * (80 - before)
    for at, value in enumerate(values):
        if value:
            row = round((3 - log10(value)) / 3 * (4 * HIGH - 1))
            assert (round(at / 4 * (columns - 1)), row) in lit
    assert lines[-1] == "▼ 1 not above 0"


@pytest.mark.parametrize(
    ("values", "marks"),
    [
        ([0.1234567, 0.1234568], ["0.1234568", "0.12345675", "0.1234567"]),
        ([-1.7e308, 1.7e308], ["1.7e+308", "0", "-1.7e+308"]),
        ([12_260_000.0, 0.0], ["1.226e+07", "6.13e+06", "0"]),
        ([5.0, 5.0], ["5"]),
        ([7.0], ["7"]),
    ],
)
def test_the_marks_beside_the_axis_are_told_apart(values: list[float], marks: list[str]) -> None:
    lines = plotted(curve(values))[1 : 1 + HIGH]

    found = [word for line in lines for word in line.split() if word[0] in "-0123456789"]
    assert found == marks


def test_a_metric_without_any_finite_number_is_its_signs_alone() -> None:
    title, signs, axis, count = plotted(curve([nan, nan]), room=20)

    assert (title, count) == ("loss", "✕ 2 nan")
    assert (signs.split(), axis.split()) == (["✕", "✕"], ["0", "1"])


# The command


@pytest.fixture
def runs(workspace_dir: Path) -> list[str]:
    """The ids of two runs, of which the second has a hostile metric too."""
    experiment = Experiment(Workspace.from_config(), "exp")
    found = []
    for number in range(2):
        run = experiment.start_logging(snapshot_directory=None)
        for step in range(20):
            run.log("loss", 1.0 / (step + 1 + number), step=step)
        if number:
            run.log(EVIL, 1.0)
            run.log(EVIL, 2.0)
        run.log("note", "a text")
        run.complete()
        found.append(run.id)
    return found


def test_a_pipe_gets_the_chart_as_plain_text(cli: Callable[..., Any], runs: list[str]) -> None:
    done = cli("plot", "1", "2", "-m", "loss")

    lines = done.text.splitlines()
    assert (done.code, done.err) == (0, "")
    assert lines[0] == "loss (by step)"
    assert lines[-1] == "a #1  b #2"
    assert max(map(len, lines)) == 100
    assert "\x1b" not in done.text


def test_a_terminal_gets_it_as_wide_as_it_is_and_in_colours_unless_told_not_to(
    terminal: Callable[..., Any], runs: list[str]
) -> None:
    coloured = terminal("plot", "1", "2", "-m", "loss", size=(40, 50))
    plain = terminal("plot", "1", "2", "-m", "loss", size=(40, 50), NO_COLOR="1")

    assert coloured.end() == plain.end() == 0
    assert coloured.text == plain.text
    assert b"\x1b[36ma #1\x1b[0m  \x1b[33mb #2" in coloured.raw
    assert b"\x1b" not in plain.raw
    assert max(map(len, plain.text.splitlines())) == 50


def test_json_has_what_is_drawn_as_columns(cli: Callable[..., Any], runs: list[str]) -> None:
    first, second = cli("plot", "1", "2", "-m", "loss", "-o", "json").json

    assert (first["run"], first["metric"], first["points"]) == (runs[0], "loss", 20)
    (part,) = first["segments"]
    assert part["x_first"] == [*range(20)]
    assert part["mean"] == part["min"] == part["max"] == [1.0 / (at + 1) for at in range(20)]
    assert part["count"] == [1] * 20
    assert part["nans"] == [0] * 20
    assert second["run"] == runs[1]


def test_a_picture_is_written_once_and_never_over_a_file(
    cli: Callable[..., Any], runs: list[str]
) -> None:
    for name, begin in (("a.png", b"\x89PNG"), ("a.svg", b"<?xml"), ("a.html", b"<!doctype html>")):
        done = cli("plot", "1", "-m", "loss", "-f", name)
        assert (done.code, done.text) == (0, f"{name}\n")
        assert Path(name).read_bytes().startswith(begin)
    again = cli("plot", "1", "-m", "loss", "-f", "a.png")
    odd = cli("plot", "1", "-m", "loss", "-f", "a.gif")

    assert (again.code, odd.code) == (1, 2)
    assert "a.png" in again.last_line
    assert "a plot is written as .png, .svg, .pdf, .html" in odd.last_line
    assert not os.path.lexists("a.gif")


def test_a_metric_that_there_is_not_names_those_there_are(
    cli: Callable[..., Any], runs: list[str]
) -> None:
    done = cli("plot", "1", "2", "-m", "los")

    assert done.code == 2
    assert done.last_line.startswith(
        "homerun: no run has a metric 'los' of numbers; they have loss"
    )
    assert "\\x1b]0;title\\x07" in done.last_line
    assert "note" not in done.last_line


def test_hostile_names_of_metrics_never_act_on_the_terminal(
    cli: Callable[..., Any], terminal: Callable[..., Any], runs: list[str]
) -> None:
    seen = terminal("plot", "2", size=(60, 70))

    assert seen.end() == 0
    assert b"\x1b]" not in seen.raw
    assert b"\x1b[2J" not in seen.raw
    assert "\u202e" not in seen.text
    assert "loss\\x1b]0;title" in seen.text
    assert "\x1b" not in cli("plot", "2").text


def test_without_a_metric_it_is_the_goal_of_the_project_else_all_of_them(
    cli: Callable[..., Any], runs: list[str]
) -> None:
    before = cli("plot", "2").text
    Path("homerun.toml").write_text('minimize = ["loss"]\n')
    after = cli("plot", "2").text

    assert [line for line in before.splitlines() if "(by step)" in line][1].startswith("loss\\x1b")
    assert [line for line in after.splitlines() if "(by step)" in line] == ["loss of #2 (by step)"]


def test_each_axis_says_what_it_is(cli: Callable[..., Any], runs: list[str]) -> None:
    shown = {
        axis: cli("plot", "1", "-m", "loss", "-x", axis).text
        for axis in ("step", "time", "relative", "index")
    }

    assert shown["step"].splitlines()[-1].split() == ["0", "19"]
    assert shown["index"].splitlines()[-1].split() == ["0", "19"]
    assert shown["relative"].splitlines()[-1].split()[:2] == ["0.00", "s"]
    assert re.fullmatch(r" *20\d\d-\d\d-\d\d .*\d", shown["time"].splitlines()[-1])
    assert cli("plot", "1", "-x", "epoch").code == 2


def test_runs_are_named_with_the_parameters_in_which_they_differ(
    cli: Callable[..., Any], workspace_dir: Path
) -> None:
    experiment = Experiment(Workspace.from_config(), "exp")
    for rate in (0.1, 0.2):
        run = experiment.start_logging(snapshot_directory=None)
        run.log_params({"lr": rate, "epochs": 5, "name": "\x1b[31mred" if rate > 0.1 else "x" * 50})
        run.log("loss", rate)
        run.complete()

    last = cli("plot", "1", "2", "-m", "loss").text.splitlines()[-1]

    assert last.split("  ") == [
        f"a #1 lr 0.1 name {'x' * 20}",
        "b #2 lr 0.2 name \\x1b[31mred",
    ]


def test_a_batch_stands_for_its_runs_where_it_has_no_such_metric_itself(
    cli: Callable[..., Any], workspace_dir: Path
) -> None:
    parent = Experiment(Workspace.from_config(), "exp").start_logging(snapshot_directory=None)
    for number in range(3):
        with parent.child_run() as child:
            child.log("loss", number)
            child.log("loss", number + 1)
    parent.log("best", 1.0)
    parent.complete()

    assert cli("plot", parent.id, "-m", "loss").text.splitlines()[-1] == "a #2  b #3  c #4"
    assert cli("plot", parent.id).text.splitlines()[0] == "best of #1 (by step)"


def test_each_batch_among_several_runs_stands_for_its_own(
    cli: Callable[..., Any], workspace_dir: Path
) -> None:
    experiment = Experiment(Workspace.from_config(), "exp")
    with experiment.start_logging(snapshot_directory=None) as alone:
        alone.log("loss", 1.0)
    batches = []
    for _ in range(2):
        with experiment.start_logging(snapshot_directory=None) as parent:
            with parent.child_run() as child:
                child.log("loss", 2.0)
            parent.log("best", 2.0)
        batches.append(parent.id)

    mixed = cli("plot", alone.id, batches[0], "-m", "loss")
    both = cli("plot", *batches, "-m", "loss")
    twice = cli("plot", batches[0], "3", "-m", "loss")

    assert (mixed.text.splitlines()[-1], mixed.err) == ("a #1  b #3", "")
    assert (both.text.splitlines()[-1], both.err) == ("a #3  b #5", "")
    assert (twice.text.splitlines()[0], twice.err) == ("loss of #3 (by step)", "")


def test_runs_without_the_metric_are_named_on_standard_error(
    cli: Callable[..., Any], terminal: Callable[..., Any], runs: list[str]
) -> None:
    experiment = Experiment(Workspace.from_config(), "exp")
    for _ in range(5):
        experiment.start_logging(snapshot_directory=None).complete()

    one = cli("plot", "1", "3", "-m", "loss")
    many = cli("plot", "1", "3", "4", "5", "6", "7", "-m", "loss", "-o", "json")
    picture = cli("plot", "1", "3", "-m", "loss", "-f", "a.svg")
    seen = terminal("plot", "1", "3", "-m", "loss")

    assert one.text.splitlines()[0] == "loss of #1 (by step)"
    assert one.err == "left out, for they have no such metric: #3\n"
    assert [each["run"] for each in many.json] == [runs[0]]
    assert many.err == "left out, for they have no such metric: #3, #4, #5 and 2 more\n"
    assert (picture.text, picture.err) == ("a.svg\n", one.err)
    assert seen.end() == 0
    assert seen.text.splitlines()[-1] == one.err.strip()
