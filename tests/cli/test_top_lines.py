"""The lines of `homerun top` at every width: charts, columns, the table, the pane, the orders."""

from __future__ import annotations

import math

import pytest

from homerun.cli.output import text
from homerun.cli.top import charts, columns
from homerun.cli.top.order import Order
from homerun.cli.top.pane import Pane
from homerun.cli.top.table import FOLD, Table
from runstore.run import params

NOW = 1_795_300_000.0
STARTED = "2026-11-21T22:25:00Z"
"""A hundred seconds before."""


def row(number, status="Completed", **more):
    known = {
        "id": f"digits_{number}",
        "number": number,
        "name": f"digits_{number}",
        "experiment": "digits",
        "script": "train.py",
        "status": status,
        "created": "2026-11-21T22:00:00Z",
        "started": None if status == "Queued" else STARTED,
        "ended": None,
        "duration_s": 3.0 if status == "Completed" else None,
        "parent": None,
        "children": 0,
        "description": None,
        "arguments": [],
        "tags": {},
        "metrics": {},
    }
    known.update(more)
    return {**known, "params": params.parse(known["arguments"])}


def plain(line):
    return "".join(part for part, _ in line)


def table(*rows, counts=None, **more):
    made = Table(**more)
    counted = {}
    for one in rows:
        counted[one["status"]] = counted.get(one["status"], 0) + 1
    made.take(rows, counts or counted)
    return made


def shown(made, wide=120, high=20):
    return [plain(line).rstrip() for line in made.lines(wide, high, NOW)]


# Charts


@pytest.mark.parametrize(
    ("values", "wide", "expected"),
    [
        ([1, 2, 3, 4, 5, 6, 7, 8], 8, "▁▂▃▄▅▆▇█"),
        ([8, 8, 1, 1], 2, "█▁"),
        ([5.0, 5.0], 8, "▁▁"),
        ([1.0, math.nan, math.inf, 2.0], 8, "▁█"),
        ([math.nan], 8, ""),
        ([], 8, ""),
    ],
)
def test_a_sparkline_shows_the_course_of_what_is_finite(values, wide, expected):
    assert charts.sparkline(values, wide) == expected


def test_a_chart_of_many_points_is_one_line_from_left_to_right():
    points = [(value, value, value) for value in range(1000)]

    drawn = charts.braille(points, 10, 5)

    assert drawn == ["        ⣠⠞", "      ⣠⠞⠁ ", "   ⢀⡤⠚⠁   ", " ⢀⡴⠋      ", "⡴⠋        "]


def test_a_chart_of_few_points_spans_its_width():
    drawn = charts.braille([(0, 0, 0), (1, 1, 1)], 6, 1)

    assert drawn == ["⣀⠤⠤⠒⠒⠉"]


@pytest.mark.parametrize("points", [[], [(math.nan, math.nan, math.nan)]])
def test_a_chart_of_nothing_is_empty(points):
    assert charts.braille(points, 3, 2) == ["   ", "   "]


def test_a_chart_of_one_point_is_a_level_line():
    assert charts.braille([(7, 7, 7)], 3, 1) == ["⠤⠤⠤"]


# The table


def test_what_runs_stands_above_one_line_for_the_queue():
    queued = [row(number, "Queued") for number in range(3, 47)]
    made = table(row(2, "Running"), *queued, row(1))

    lines = shown(made)

    assert [line.split()[0] for line in lines[1:]] == ["2", "+", "1"]
    assert "+ 44 queued" in lines[2]
    assert made.in_sight() == ("digits_2", "digits_1")


def test_the_queue_unfolds_and_the_selection_stays():
    made = table(row(2, "Running"), row(3, "Queued", waits="#1: all 2 slots are busy"), row(1))
    made.move(1)
    assert made.selected == FOLD

    made.fold()

    assert made.selected == FOLD
    assert "… Queued #1" in shown(made)[3]
    made.move(1)
    made.fold()
    assert made.selected == FOLD


def test_the_fold_counts_more_runs_than_there_are_rows():
    made = table(row(1, "Queued"), row(2, "NotStarted"), counts={"Queued": 1234, "NotStarted": 1})

    assert "+ 1,234 queued + 1 not started" in shown(made)[1]
    assert plain(made.head(80)).split(" · ")[0].endswith("1,234 Queued")


def test_a_run_that_is_gone_gives_the_selection_to_what_stands_in_its_place():
    made = table(row(1), row(2), row(3))
    made.move(1)

    made.take([row(1), row(3)], {})

    assert made.selected == "digits_3"


def test_the_selection_scrolls_the_table_and_stops_at_its_ends():
    made = table(*(row(number) for number in range(100)))
    shown(made, high=11)

    made.move(1000)
    last = shown(made, high=11)
    made.page(-1)
    above = shown(made, high=11)

    assert last[-1].split()[0] == "99"
    assert above == last
    assert made.selected == "digits_90"


def test_parameters_that_all_have_in_common_are_left_out():
    best = {"metric": "loss", "value": 0.21, "run_id": "digits_9", "run_number": 9}
    rows = [
        row(1, arguments=["--lr", "0.1", "--data", "mnist"]),
        row(2, arguments=["--lr=0.2", "--data", "mnist", "--fast"]),
        row(3, script="other.py", arguments=["--alone", "1"]),
        row(4, below={"total": 3, "by_status": {"Completed": 2, "Failed": 1}}),
        row(5, below={"total": 2, "by_status": {"Completed": 2}, "best": best}),
    ]

    lines = shown(table(*rows))

    assert "lr=0.1  " in lines[1] + "  "
    assert "lr=0.2 fast=true" in lines[2]
    assert "mnist" not in "".join(lines)
    assert "alone=1" in lines[3]
    assert "3 runs: 2 ✓ 1 ✗" in lines[4]
    assert "2 runs: 2 ✓, best loss 0.21 (#9)" in lines[5]


def test_a_metric_stands_under_its_name_and_another_says_its_own():
    rows = [
        row(1, goal={"name": "loss", "last": 0.123456, "trend": [3, 2, 1]}),
        row(2, goal={"name": "loss", "last": 2, "trend": [1]}),
        row(3, goal={"name": "accuracy", "last": 0.9, "trend": []}),
    ]

    lines = shown(table(*rows))

    assert "loss" in lines[0]
    assert "0.1235  █▅▁" in lines[1]
    assert "accuracy 0.9" in lines[3]


def test_the_metric_that_was_asked_for_is_the_heading():
    rows = [row(1, goal={"name": "accuracy", "last": 0.9, "trend": []})]

    assert "accuracy" in shown(table(*rows, goal="accuracy"))[0]


def test_what_is_not_known_is_blank():
    running = row(1, "Running", cpu_percent=None, memory=3 << 20, ends=NOW - 5)
    lines = shown(table(running, row(2, "Running", cpu_percent=198.4, ends=NOW + 59.5)))

    assert lines[0].split()[-4:] == ["time", "left", "cpu", "mem"]
    assert lines[1].split()[-3:] == ["1m", "40s", "3.0M"]
    assert lines[2].split()[-5:] == ["1m", "40s", "~1m", "0s", "198%"]


def test_gpus_have_columns_where_a_run_uses_any():
    running = row(1, "Running", cpu_percent=98.0, gpu_percent=187.4, gpu_memory=30 << 30)
    lines = shown(table(running, row(2, "Running", cpu_percent=5.0)))

    assert lines[0].split()[-4:] == ["time", "cpu", "gpu", "vram"]
    assert lines[1].split()[-3:] == ["98%", "187%", "30G"]
    assert lines[2].split()[-1:] == ["5%"]
    assert "gpu" not in shown(table(row(2, "Running", cpu_percent=5.0)))[0]


@pytest.mark.parametrize("wide", [20, 40, 60, 80, 100, 120, 200])
def test_no_line_is_wider_than_the_terminal(wide):
    full = {
        "goal": {"name": "loss", "last": 123456.789, "trend": list(range(30))},
        "arguments": ["--learning-rate", "0.000123", "--optimizer", "adam-with-decay"],
        "cpu_percent": 1234.0,
        "memory": 123 << 30,
        "gpu_percent": 400.0,
        "gpu_memory": 320 << 30,
        "ends": NOW + 12345,
    }
    rows = [
        row(n, "Running", experiment=f"experiment-{n}", name="größe 東京 " * 9, **full)
        for n in (1, 2)
    ]

    lines = table(*rows).lines(wide, 5, NOW)

    assert {text.width(plain(line)) for line in lines[:3]} <= {wide, wide - 1} | set(range(wide))
    assert all("Running"[: max(0, wide - 40)] in plain(line) for line in lines[1:3])


def test_at_80_columns_number_name_status_metric_and_time_are_there():
    full = {
        "goal": {"name": "loss", "last": 0.123, "trend": list(range(30))},
        "arguments": ["--lr", "0.1"],
        "cpu_percent": 98.0,
        "memory": 2 << 30,
        "ends": NOW + 100,
    }
    line = shown(table(row(17, "Running", **full)), wide=80)[1]

    for part in ("17", "train.py", "▶ Running", "lr=0.1", "0.123", "1m 40s", "98%", "2.0G"):
        assert part in line


def test_texts_of_runs_cannot_move_the_cursor():
    hostile = "\x1b]0;title\x07 [bold]x[/] \u202e"
    one = row(
        1, name=hostile, experiment=hostile, script=hostile, arguments=[f"--{hostile}", hostile]
    )
    made = table(one, row(2), goal=hostile)
    pane = Pane()
    pane.seen = {"log": [hostile], "charts": [], "below": [one]}

    lines = [*shown(made), *(plain(line) for line in pane.lines(one, 200, 9, NOW))]

    assert all(line.isprintable() for line in lines)
    assert "[bold]x[/]" in "".join(lines)


# The pane


def test_the_pane_shows_what_there_is_and_turns_to_the_next_part():
    pane = Pane()
    chart = {"name": "loss", "last": 0.5, "last_step": 7, "points": [(1, 1, 1), (0, 0, 0)]}
    pane.seen = {"log": ["hello"], "charts": [chart], "below": []}

    narrow = [plain(line) for line in pane.lines(row(1), 80, 8, NOW)]
    pane.turn()
    turned = [plain(line) for line in pane.lines(row(1), 80, 8, NOW)]
    wide = [plain(line) for line in pane.lines(row(1), 120, 8, NOW)]

    assert "digits #1 · ✓ Completed" in narrow[0]
    assert "tab: log" in narrow[0]
    assert narrow[1].startswith(" loss 0.5  step 7")
    assert turned[1].startswith(" hello")
    assert wide[1].startswith(" hello")
    assert "│ loss 0.5" in wide[1]


def test_children_show_their_parameters_and_the_metric_and_those_that_wait_come_last():
    pane = Pane()
    pane.goal = "loss"
    known = {"loss": {"last": 0.25}}
    pane.seen = {
        "below": [
            row(1, "Queued", arguments=["--lr", "1"]),
            row(2, arguments=["--lr", "2"], metrics=known),
            row(3, arguments=["--lr", "3"]),
        ]
    }

    lines = [plain(line).split() for line in pane.lines(row(9), 80, 4, NOW)]

    assert lines[1][:5] == ["#", "name", "status", "parameters", "loss"]
    assert lines[1][-3:] == ["and", "1", "more"]
    assert lines[2] == ["2", "train.py", "✓", "Completed", "lr=2", "0.25", "3.0", "s"]
    assert lines[3][0] == "3"


def test_metrics_without_room_for_a_chart_show_their_last_values():
    pane = Pane()
    chart = {"last": 0.5, "last_step": None, "points": [(1, 1, 1)]}
    pane.seen = {"charts": [{**chart, "name": name} for name in ("loss", "accuracy", "rate")]}

    lines = [plain(line).strip() for line in pane.lines(row(1), 80, 8, NOW)]

    assert lines[1] == "loss 0.5"
    assert lines[-1] == "accuracy 0.5  rate 0.5"


def test_a_log_shows_the_last_state_of_a_progress_bar_without_colours():
    pane = Pane()
    pane.seen = {"log": ["\x1b[32m10%\x1b[0m\r\x1b[32m20%\x1b[0m\r", "a\tb", "\x1b[2J"]}

    lines = [plain(line).rstrip() for line in pane.lines(row(1), 80, 5, NOW)]

    assert lines[1:] == [" 20%", " a       b", r" \x1b[2J", ""]


# The orders


def test_the_order_goes_around_and_can_be_turned():
    order = Order(lambda metric: True)
    found = []
    for _ in range(6):
        order.step("loss")
        found.append(order.field("loss"))
    order.step("loss")
    order.turn()

    assert found == ["metrics.loss", "-duration_s", "-cpu_percent", "-memory", "name", None]
    assert order.field("loss") == "-metrics.loss"
    assert order.words("loss") == "by loss, the largest first"


def test_more_is_better_unless_it_is_said_otherwise():
    order = Order(lambda metric: False)
    order.step("accuracy")

    assert order.field("accuracy") == "-metrics.accuracy"
    assert Order(lambda metric: False).words(None) == "the newest first"


def test_cells_are_as_wide_as_they_are_to_be():
    assert columns.justified("東京", 3) == "東…"
    assert columns.justified("ab", 4, is_right=True) == "  ab"
    assert columns.cut("abc", 0) == ""
