"""Charts and tables say what was logged: to the eye, and under the pointer."""

from __future__ import annotations

import math
import os
import re
from collections.abc import Callable, Iterator, Sequence
from functools import partial
from pathlib import Path
from typing import Any, Literal
from urllib.parse import unquote_plus
from xml.etree import ElementTree

import numpy as np
import pytest
from playwright.sync_api import FloatRect, Locator, Page, Route, expect

from helpers.wait import wait_until
from homerun import Experiment, Run, Workspace
from runstore.metrics import chart as metric_chart
from runstore.metrics import log as metric_log
from studio.browser.actions import row
from studio.browser.lab import Studio

STRONG = """(canvas) => {
    const { width, height } = canvas;
    const { data } = canvas.getContext("2d").getImageData(0, 0, width, height);
    const columns = new Array(width).fill(0);
    for (let at = 0; at < width * height; at += 1) {
        const [r, g, b, a] = data.subarray(at * 4, at * 4 + 4);
        if (a > 200 && Math.max(r, g, b) - Math.min(r, g, b) > 60) columns[at % width] += 1;
    }
    return columns.map((one) => one / height);
}"""
"""How much of each column of pixels has the ink of a line."""
SIGNS = """(canvas) => {
    const { width, height } = canvas;
    const { data } = canvas.getContext("2d").getImageData(0, 0, width, height);
    const found = [];
    for (let x = 0; x < width; x += 1) for (let y = 0; y < height; y += 1) {
        const [r, g, b, a] = data.subarray((y * width + x) * 4, (y * width + x) * 4 + 4);
        if (a < 200 || Math.max(r, g, b) - Math.min(r, g, b) < 60) continue;
        const isEdge = y < height / 4 || y > height / 2;
        const near = found.find((one) => Math.abs(one[0] - x) < 12 && Math.abs(one[1] - y) < 12);
        if (isEdge && !near) found.push([x + 4, y + 4]);
    }
    return found.map(([x, y]) => [x / devicePixelRatio, y / devicePixelRatio]);
}"""
"""Where the ink of a line is far from the middle, in CSS pixels."""
LEFT_INK = """(canvas) => {
    const { data } = canvas.getContext("2d").getImageData(0, 0, 2, canvas.height);
    return data.filter((value, at) => at % 4 === 3 && value > 0).length;
}"""


class Lab:
    """A store with runs of this process, and a Studio that shows it."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.workspace = Workspace.from_config(str(folder))
        self.studio = Studio(folder)

    def run(self, **metrics: Sequence[tuple[int | None, float]]) -> Run:
        """An ended run with these metrics, each in steps and values."""
        run = Experiment(self.workspace, "curves").start_logging()
        for name, points in metrics.items():
            for step, value in points:
                run.log(name, value, step=step)
        run.complete()
        return run

    def show(self, page: Page, place: str) -> None:
        """Go to a place behind the `#`."""
        page.goto(f"{self.studio.address}#{place}")


@pytest.fixture(scope="module")
def lab(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Lab]:
    """A store of its own."""
    with pytest.MonkeyPatch.context() as patch:
        for name in [name for name in os.environ if name.startswith("HOMERUN_")]:
            patch.delenv(name)
        patch.setenv("XDG_CACHE_HOME", str(tmp_path_factory.mktemp("cache")))
        folder = tmp_path_factory.mktemp("charts")
        made = Lab(folder)
        yield made
        made.studio.close()


@pytest.fixture
def page(lab: Lab, visit: Callable[..., Page]) -> Page:
    """A page of that Studio."""
    return visit(lab.studio)


def chart(page: Page, name: str) -> Locator:
    """The picture of a metric, once it is drawn."""
    found = page.get_by_role("figure").filter(has_text=name)
    found.locator("canvas").wait_for()
    return found


def place_of(card: Locator) -> FloatRect:
    """Where a chart's curves are. One that is drawn again has no place for a moment."""
    while True:
        if over := card.locator(".u-over").bounding_box():
            return over


def hover(page: Page, card: Locator, share: float) -> Locator:
    """Point at a place of a chart, from 0 at its left to 1 at its right; what it says there."""
    over = place_of(card)
    page.mouse.move(over["x"] + over["width"] * share, over["y"] + over["height"] / 2)
    return card.locator(".chart-tip")


FRAME = "() => new Promise((resolve) => requestAnimationFrame(() => resolve()))"


def drawn(page: Page, card: Locator, script: str, wanted: Callable[[Any], bool]) -> Any:
    """What a script says of the picture of a chart, frame after frame until it is as wanted."""
    found: list[Any] = []

    def is_wanted() -> bool:
        page.evaluate(FRAME)
        found[:] = [card.locator("canvas").evaluate(script)]
        return wanted(found[0])

    wait_until(is_wanted, "the chart is drawn as it is to be")
    return found[0]


def drag(page: Page, card: Locator, first: float, last: float) -> None:
    """Drag from one place of a chart to another."""
    over = place_of(card)
    height = over["y"] + over["height"] / 2
    page.mouse.move(over["x"] + over["width"] * first, height)
    page.mouse.down()
    page.mouse.move(over["x"] + over["width"] * last, height, steps=4)
    page.mouse.up()


def test_a_spike_among_many_points_is_seen_and_read(page: Page, lab: Lab) -> None:
    points = [(step, 50.0 if step == 10_001 else 0.05 + step % 7 / 1e4) for step in range(20_000)]
    run = lab.run(loss=points)
    lab.show(page, f"/run/{run.id}/metrics")
    card = chart(page, "loss")
    columns = drawn(page, card, STRONG, lambda found: max(found) > 0)
    assert max(columns) > 0.6
    assert 0.4 < columns.index(max(columns)) / len(columns) < 0.6
    expect(hover(page, card, 0.501)).to_contain_text("… 50")
    expect(hover(page, card, 0.2)).not_to_contain_text("… 50")


CONTRAST = """(canvas) => {
    const { width, height } = canvas;
    const { data } = canvas.getContext("2d").getImageData(0, 0, width, height);
    const back = getComputedStyle(document.body).backgroundColor.match(/[0-9.]+/g).map(Number);
    const light = (c) => c.map((one) => one / 255)
        .map((one) => (one <= 0.04045 ? one / 12.92 : ((one + 0.055) / 1.055) ** 2.4))
        .reduce((sum, one, at) => sum + one * [0.2126, 0.7152, 0.0722][at], 0) + 0.05;
    const behind = light(back.slice(0, 3));
    const columns = new Array(width).fill(0);
    for (let at = 0; at < width * height; at += 1) {
        const alpha = data[at * 4 + 3] / 255;
        if (!alpha) continue;
        const rgb = [0, 1, 2].map((c) => data[at * 4 + c] * alpha + back[c] * (1 - alpha));
        const ratio = Math.max(light(rgb) / behind, behind / light(rgb));
        const isInk = Math.max(...rgb) - Math.min(...rgb) > 60;
        const reach = 1 - Math.floor(at / width) / height;
        if (ratio >= 3 && isInk) columns[at % width] = Math.max(columns[at % width], reach);
    }
    return columns;
}"""
"""How high each column reaches that stands out from the page as a line has to: three to one."""


@pytest.fixture(scope="module")
def spiked(lab: Lab) -> tuple[Run, int]:
    """A run with a million points, of which one is far off, and the step of that one."""
    at = 612_345
    run = Experiment(lab.workspace, "million").start_logging()
    writer = metric_log.Writer(run.directory)
    for step in range(1_000_000):
        value = 50.0 if step == at else 0.05 + step % 7 / 1e4
        writer.add_scalar_at("loss", value, 1_795_000_000_000 + step, step)
    writer.close()
    run.complete()
    metric_chart.series(run.directory, "loss")  # which keeps the sums of its blocks
    return run, at


def is_seen_at(there: float, columns: list[float]) -> bool:
    """Whether the highest of some columns is high, and where it should be."""
    tallest = columns.index(max(columns)) / len(columns)
    return max(columns) > 0.8 and abs(tallest - there) < 0.012


@pytest.mark.parametrize("theme", ["light", "dark"])
def test_one_point_of_a_million_is_seen_at_every_zoom_and_read(
    page: Page, lab: Lab, spiked: tuple[Run, int], theme: Literal["light", "dark"]
) -> None:
    run, at = spiked
    page.emulate_media(color_scheme=theme)
    for width in (1_000_000, 100_000, 8_000, 600, 40):
        low, high = at - 0.3 * width, at + 0.7 * width
        zoom = "" if width == 1_000_000 else f"?chart=loss~zx={low},{high}"
        share = at / 999_999 if width == 1_000_000 else 0.3
        lab.show(page, f"/run/{run.id}/metrics{zoom}")
        card = page.get_by_role("figure", name="loss")
        card.locator("canvas").wait_for(timeout=120_000)  # what a run logged is summed up once
        over, canvas = place_of(card), card.locator("canvas").bounding_box()
        assert canvas is not None
        there = (over["x"] + share * over["width"] - canvas["x"]) / canvas["width"]
        drawn(page, card, CONTRAST, partial(is_seen_at, there))
        read = re.compile(r"(^|… )50(\)|$)")
        expect(hover(page, card, share).locator("div").nth(1)).to_have_text(read)
        expect(hover(page, card, share - 0.15).locator("div").nth(1)).not_to_have_text(read)


def test_what_is_no_number_has_its_sign_and_is_counted(page: Page, lab: Lab) -> None:
    odd = {40: math.nan, 100: math.inf, 160: -math.inf}
    run = lab.run(loss=[(step, odd.get(step, 1.0)) for step in range(201)])
    lab.show(page, f"/run/{run.id}/metrics")
    card = chart(page, "loss")
    expect(card).to_contain_text("✕ 1 NaN, ▲ 1 ∞, ▼ 1 \N{MINUS SIGN}∞")
    signs = drawn(page, card, SIGNS, lambda found: len(found) == 3)
    over, canvas = place_of(card), card.locator("canvas").bounding_box()
    assert canvas is not None
    for (x, y), share, height in zip(signs, (0.2, 0.5, 0.8), (1, 0, 1)):
        assert abs(canvas["x"] + x - over["x"] - share * over["width"]) < 3
        assert abs(canvas["y"] + y - over["y"] - height * over["height"]) < 12
    expect(hover(page, card, 0.2015)).to_have_text("step 40✕ 1 NaN")
    expect(hover(page, card, 0.5015)).to_contain_text("▲ 1 ∞")


def test_a_line_is_the_mean_and_an_average_is_of_all_points(page: Page, lab: Lab) -> None:
    run = lab.run(loss=[(step, float(step % 2)) for step in range(8_192)])
    lab.show(page, f"/run/{run.id}/metrics")
    card = chart(page, "loss")
    expect(hover(page, card, 0.5)).to_contain_text(re.compile(r"^step \d+0\.5 \(0 … 1\)$"))
    with page.expect_response(lambda answer: "smooth=ema" in answer.url) as asked:
        page.get_by_role("slider", name="Smoothing").fill("0.9")
    (told,) = asked.value.json()["series"]
    value = weight = 0.0
    for step in range(told["x_last"][5] + 1):
        value, weight = 0.9 * value + 0.1 * (step % 2), 0.9 * weight + 0.1
    assert abs(told["smooth"][5] - value / weight) < 1e-9
    expect(hover(page, card, 0.5)).to_contain_text("not smoothed 0.5")
    page.get_by_role("slider", name="Smoothing").fill("0")


CUT = """(select) => {
    const style = getComputedStyle(select);
    const pen = document.createElement("canvas").getContext("2d");
    pen.font = style.font;
    const sides = parseFloat(style.paddingLeft) + parseFloat(style.paddingRight);
    const room = select.clientWidth - sides;
    const arrow = 16;
    return [...select.querySelectorAll(":scope > option")].map((one) => one.text)
        .filter((text) => pen.measureText(text).width > room - arrow);
}"""
"""The choices of a select of which the end is not seen."""


def test_the_axis_that_is_chosen_is_read_whole(page: Page, lab: Lab) -> None:
    points = [(step, float(step)) for step in range(9)]
    run = lab.run(loss=points, **{"a/very/long/name/of/a/metric/that/goes/on": points})
    lab.show(page, f"/run/{run.id}/metrics")
    assert page.get_by_label("X axis").evaluate(CUT) == []


def test_a_part_of_the_time_since_the_first_point_is_drawn(page: Page, lab: Lab) -> None:
    run = lab.run(loss=[(step, float(step)) for step in range(3_000)])
    lab.show(page, f"/run/{run.id}/metrics")
    page.get_by_label("X axis").select_option("relative")
    card = chart(page, "loss")
    expect(hover(page, card, 0.99)).to_be_visible()
    drag(page, card, 0.25, 0.5)
    expect(card).to_contain_text("Reset zoom")
    page.get_by_label("X axis").select_option("step")


def test_a_chart_shows_all_once_its_axis_is_another_one_and_says_where_a_part_is_empty(
    page: Page, lab: Lab
) -> None:
    run = lab.run(loss=[(step, float(step)) for step in range(3_000)])
    lab.show(page, f"/run/{run.id}/metrics?chart=loss~zx=1000,2000")
    card = chart(page, "loss")
    expect(card).to_contain_text("Reset zoom")
    page.get_by_label("X axis").select_option("index")
    expect(card).not_to_contain_text("Reset zoom")
    expect(hover(page, chart(page, "loss"), 0.99)).to_contain_text(re.compile(r"point 29\d\d"))
    lab.show(page, f"/run/{run.id}/metrics?chart=loss~zx=8000,9000")
    expect(page.get_by_role("figure", name="loss")).to_contain_text("Nothing in this part.")


def test_a_part_of_a_part_is_drawn(page: Page, lab: Lab) -> None:
    run = lab.run(loss=[(step, step**0.5) for step in range(40_000)])
    lab.show(page, f"/run/{run.id}/metrics")
    card = chart(page, "loss")
    expect(hover(page, card, 0.99)).to_contain_text(re.compile(r"step 39\d\d\d"))
    drag(page, card, 0.25, 0.75)
    expect(card).to_contain_text("Reset zoom")
    expect(hover(page, card, 0.99)).to_contain_text(re.compile(r"step 29\d\d\d"))
    drag(page, card, 0.5, 0.6)
    expect(hover(page, card, 0.99)).to_contain_text(re.compile(r"step 2[12]\d\d\d"))
    expect(hover(page, card, 0.01)).to_contain_text(re.compile(r"step (199|200|201)\d\d"))
    with page.expect_response(lambda answer: "since=" in answer.url) as asked:
        drag(page, card, 0.4, 0.5)
    assert asked.value.json()["series"][0]["span"] == 0
    expect(hover(page, card, 0.99)).to_contain_text(re.compile(r"step (209|210)\d\d"))
    card.locator(".u-over").dblclick()
    expect(card).not_to_contain_text("Reset zoom")
    expect(hover(page, card, 0.99)).to_contain_text(re.compile(r"step 39\d\d\d"))


def test_a_comparison_says_the_value_of_each_run_under_the_pointer(page: Page, lab: Lab) -> None:
    runs = [
        lab.run(loss=[(step, start + step / 1e4) for step in range(length)])
        for start, length in ((1, 3_000), (4, 700), (2, 5_000), (3, 1_900))
    ]
    lab.show(page, f"/compare?ids={','.join(run.id for run in runs)}")
    for axis in ("step", "index"):
        page.get_by_label("X axis").select_option(axis)
        card = chart(page, "loss")
        said = hover(page, card, 0.1)
        numbers = [runs[at].number for at in (1, 3, 2, 0)]
        expect(said).to_have_text(
            re.compile("".join(rf"#{number}  [1-4]\.\d+.*" for number in numbers))
        )
        expect(hover(page, card, 0.5).locator("i")).to_have_count(2)
    page.get_by_role("slider", name="Smoothing").fill("0.9")
    expect(hover(page, chart(page, "loss"), 0.1)).to_contain_text("not smoothed ")


def test_a_comparison_of_some_of_the_metrics_says_so(page: Page, lab: Lab) -> None:
    many = {f"m{number:02}": [(0, float(number))] for number in range(60)}
    some = lab.run(**{name: many[name] for name in list(many)[:5]})
    cut = page.get_by_text("Of each run the first 50 metrics are compared.")
    lab.show(page, f"/compare?ids={some.id},{some.id}")
    expect(page.get_by_role("heading", level=1)).to_contain_text("Compare")
    expect(page.get_by_role("heading", name="Metrics")).to_be_visible()
    expect(cut).to_have_count(0)
    lab.show(page, f"/compare?ids={some.id},{lab.run(**many).id}")
    expect(cut).to_be_visible()


def test_labels_of_an_axis_are_whole(page: Page, lab: Lab) -> None:
    run = lab.run(
        tokens=[(step, 12_260_000 + step * 1_000_000) for step in range(60)],
        rate=[(step, 1e-10 * step) for step in range(1, 60)],
        norm=[(step, 1e30 * step) for step in range(60)],
        flat=[(step, 1 + step * 1e-7) for step in range(60)],
    )
    lab.show(page, f"/run/{run.id}/metrics")
    for name in ("tokens", "rate", "norm", "flat"):
        card = chart(page, name)
        expect(hover(page, card, 0.5)).to_be_visible()
        assert card.locator("canvas").evaluate(LEFT_INK) == 0, name


def test_a_run_that_was_begun_again_is_drawn_once_for_each_time(page: Page, lab: Lab) -> None:
    steps = [*range(2_000), *range(1_000)]
    run = lab.run(loss=[(step, at / 1_000) for at, step in enumerate(steps)])
    lab.show(page, f"/run/{run.id}/metrics")
    card = chart(page, "loss")
    said = hover(page, card, 0.25)
    expect(said).to_contain_text(re.compile(r"part 2 of 2  2\.[45].*part 1 of 2  0\.[45]"))
    expect(hover(page, card, 0.75)).not_to_contain_text("part 2 of 2")


def test_steps_without_an_order_are_put_into_one(page: Page, lab: Lab) -> None:
    steps = [at ^ 1 for at in range(300)]
    run = lab.run(loss=[(step, step / 100) for step in steps])
    lab.show(page, f"/run/{run.id}/metrics")
    said = hover(page, chart(page, "loss"), 0.5)
    expect(said).to_contain_text(re.compile(r"^step 1[45]\d1\.[45]"))


def test_points_without_steps_have_their_numbers_where_steps_are_asked_for(
    page: Page, lab: Lab
) -> None:
    run = lab.run(loss=[(None, value) for value in range(4_000)])
    lab.show(page, f"/run/{run.id}/metrics")
    page.get_by_label("X axis").select_option("step")
    expect(hover(page, chart(page, "loss"), 0.99)).to_contain_text(re.compile(r"point 39\d\d"))


def three(lab: Lab) -> list[Run]:
    """Runs with a curve each, one beside the other."""
    return [
        lab.run(loss=[(step, level + step / 1e3) for step in range(400)], acc=[(0, level)])
        for level in (1.0, 2.0, 3.0)
    ]


def comparison(runs: Sequence[Run], more: str = "") -> str:
    return f"/compare?ids={','.join(run.id for run in runs)}{more}"


def test_a_legend_hides_a_line_and_the_address_says_so(page: Page, lab: Lab) -> None:
    runs = three(lab)
    lab.show(page, comparison(runs))
    legend = page.get_by_role("list", name="Lines")
    legend.get_by_role("button", name=f"#{runs[1].number}").click()
    expect(hover(page, chart(page, "loss"), 0.5).locator("i")).to_have_count(2)
    assert runs[1].id in page.url
    lab.show(page, "/runs")
    page.go_back()
    expect(hover(page, chart(page, "loss"), 0.5).locator("i")).to_have_count(2)
    legend.get_by_role("button", name="Show all").click()
    expect(hover(page, chart(page, "loss"), 0.5).locator("i")).to_have_count(3)


FAINT = """(canvas) => {
    const { width, height } = canvas;
    const [left, top] = [Math.round(width / 3), Math.round(height * 0.4)];
    const rows = Math.round(height * 0.15);
    const { data } = canvas.getContext("2d").getImageData(left, top, left, rows);
    let most = 0;
    for (let at = 0; at < data.length; at += 4) {
        const [r, g, b, a] = data.subarray(at, at + 4);
        // A faint line over one of the grid is opaque, and pale.
        if (Math.max(r, g, b) - Math.min(r, g, b) > 60) most = Math.max(most, a);
    }
    return most / 255;
}"""
"""How opaque the ink of a line is in the middle of a chart."""


def test_the_run_that_is_pointed_at_in_the_legend_stands_out(page: Page, lab: Lab) -> None:
    runs = three(lab)
    lab.show(page, comparison(runs))
    card = chart(page, "loss")
    drawn(page, card, FAINT, lambda most: most > 0.9)
    legend = page.get_by_role("list", name="Lines")
    legend.get_by_role("button", name=f"#{runs[2].number}").hover()
    drawn(page, card, FAINT, lambda most: 0 < most < 0.5)
    page.mouse.move(0, 0)
    drawn(page, card, FAINT, lambda most: most > 0.9)


def test_a_metric_that_each_run_has_once_is_bars(page: Page, lab: Lab) -> None:
    runs = three(lab)
    lab.show(page, comparison(runs))
    bars = page.get_by_role("region", name="acc")
    rows = [f"#{run.number} {level}" for run, level in zip(reversed(runs), (3, 2, 1))]
    expect(bars.get_by_role("row")).to_have_text(
        [re.compile(one.replace(" ", ".*")) for one in rows]
    )


def test_cursors_of_all_charts_are_linked_and_a_click_pins_what_is_said(
    page: Page, lab: Lab
) -> None:
    run = lab.run(
        loss=[(step, float(step)) for step in range(300)],
        acc=[(step, step * 2.0) for step in range(300)],
    )
    lab.show(page, f"/run/{run.id}/metrics")
    loss, acc = chart(page, "loss"), chart(page, "acc")
    said = hover(page, loss, 0.5)
    step = int((said.text_content() or "").split()[1][:3])
    expect(acc.locator("figcaption")).to_contain_text(str(step * 2))
    over = place_of(loss)
    page.mouse.click(over["x"] + over["width"] * 0.5, over["y"] + over["height"] * 0.5)
    hover(page, acc, 0.9)
    expect(said).to_contain_text(f"step {step}")
    page.mouse.click(over["x"] + over["width"] * 0.2, over["y"] + over["height"] * 0.5)
    page.mouse.move(0, 0)
    expect(said).to_be_hidden()


def test_a_chart_is_read_by_keys(page: Page, lab: Lab) -> None:
    run = lab.run(loss=[(step, step / 4) for step in range(20)])
    lab.show(page, f"/run/{run.id}/metrics")
    card = chart(page, "loss")
    card.get_by_role("img").focus()
    for _ in range(3):
        page.keyboard.press("ArrowRight")
    told = card.locator("[aria-live=polite] table")
    expect(told).to_contain_text("step 2")
    expect(told.get_by_role("cell").first).to_have_text("0.5")
    page.keyboard.press("End")
    expect(told.get_by_role("cell").first).to_have_text("4.75")
    page.keyboard.press("ArrowLeft")
    expect(told.get_by_role("cell").first).to_have_text("4.5")
    page.keyboard.press("Enter")
    dialog = page.get_by_role("dialog", name="loss")
    expect(dialog).to_be_visible()
    page.keyboard.press("Escape")
    expect(dialog).to_have_count(0)


def test_arrows_go_through_the_charts_that_fill_the_window(page: Page, lab: Lab) -> None:
    points = [(step, float(step)) for step in range(9)]
    run = lab.run(a=points, b=points, c=points)
    lab.show(page, f"/run/{run.id}/metrics?full=a")
    expect(page.get_by_role("dialog", name="a")).to_contain_text("1 of 3")
    page.keyboard.press("ArrowRight")
    expect(page.get_by_role("dialog", name="b")).to_contain_text("2 of 3")
    page.keyboard.press("ArrowLeft")
    expect(page.get_by_role("dialog", name="a")).to_be_visible()
    box = page.get_by_role("dialog").locator("canvas").bounding_box()
    assert box is not None
    assert page.viewport_size is not None
    assert box["y"] + box["height"] < page.viewport_size["height"]


def zoomed(page: Page) -> dict[str, tuple[float, float]]:
    """The parts of `loss` that the address says."""
    words = unquote_plus(page.url).partition("chart=loss~")[2].partition("&")[0].split("~")
    pairs = (word.split("=") for word in words if word.startswith("z"))
    return {key: tuple(map(float, value.split(","))) for key, value in pairs}  # type: ignore[misc]


def test_a_chart_is_zoomed_up_and_down_moved_and_shown_whole_again(page: Page, lab: Lab) -> None:
    run = lab.run(loss=[(step, float(step)) for step in range(1_001)])
    lab.show(page, f"/run/{run.id}/metrics")
    card = chart(page, "loss")
    over = place_of(card)
    left, top, width, height = (over[key] for key in ("x", "y", "width", "height"))
    page.mouse.move(left + width * 0.2, top + height * 0.25)
    page.mouse.down()
    page.mouse.move(left + width * 0.6, top + height * 0.75, steps=5)
    page.mouse.up()
    page.wait_for_url(re.compile("zx"))
    part = zoomed(page)
    assert part["zx"] == pytest.approx((200, 600), abs=8)
    assert part["zy"] == pytest.approx((225, 775), abs=25)
    was = page.url
    page.keyboard.down("Shift")
    drag(page, card, 0.5, 0.25)
    page.keyboard.up("Shift")
    page.wait_for_url(lambda url: url != was)
    assert zoomed(page)["zx"] == pytest.approx((300, 700), abs=12)
    hover(page, card, 0.5)
    was = page.url
    page.keyboard.down("Control")
    page.mouse.wheel(0, -400)
    page.keyboard.up("Control")
    page.wait_for_url(lambda url: url != was)
    low, high = zoomed(page)["zx"]
    assert high - low < 300
    assert (low + high) / 2 == pytest.approx(500, abs=15)
    card.get_by_role("button", name="Reset zoom").click()
    expect(card).not_to_contain_text("Reset zoom")
    assert zoomed(page) == {}


def test_what_is_set_of_a_chart_is_in_the_address_and_a_link_shows_it(
    page: Page, lab: Lab, visit: Callable[..., Page]
) -> None:
    run = lab.run(
        **{
            "train/loss": [(step, 10.0**-step) for step in range(6)],
            "eval/loss": [(step, -1.0 if step else 1e6) for step in range(200)],
        }
    )
    lab.show(page, f"/run/{run.id}/metrics")
    card = page.get_by_role("figure", name="train/loss")
    card.locator("summary").click()
    card.get_by_label("Y axis").select_option("log")
    card.get_by_role("button", name="Pin to the top").click()
    other = page.get_by_role("figure", name="eval/loss")
    other.locator("summary").click()
    other.get_by_label("Y axis").select_option("log")
    expect(other).to_contain_text("199 values ≤ 0 not on a log scale")
    other.get_by_label("Y range").select_option("inner")
    page.get_by_role("button", name="eval 1").click()
    expect(other).to_have_count(0)
    page.get_by_label("Size").select_option("l")
    page.get_by_role("slider", name="Smoothing").fill("0.5")
    page.wait_for_url(re.compile("smooth="))
    link = page.url

    guest = visit(lab.studio)
    guest.goto(link)

    expect(guest.get_by_role("region", name="Pinned").get_by_role("figure")).to_have_count(1)
    expect(guest.get_by_role("button", name="eval 1")).to_have_attribute("aria-expanded", "false")
    expect(guest.get_by_role("slider", name="Smoothing")).to_have_value("0.5")
    expect(guest.get_by_label("Size")).to_have_value("l")
    guest.get_by_role("figure", name="train/loss").locator("summary").click()
    expect(guest.get_by_label("Y axis")).to_have_value("log")


def test_metrics_are_found_by_a_regular_expression(page: Page, lab: Lab) -> None:
    points = [(step, float(step)) for step in range(3)]
    run = lab.run(**dict.fromkeys(("train/loss", "eval/loss", "eval/acc"), points))
    lab.show(page, f"/run/{run.id}/metrics")
    page.get_by_label("Find a metric").fill("^eval|ACC")
    expect(page.get_by_role("figure")).to_have_count(2)
    expect(page.get_by_text("2 of 3")).to_be_visible()
    page.get_by_label("Find a metric").fill("nothing(")
    expect(page.get_by_text("No metric has “nothing(” in its name.")).to_be_visible()


def test_a_chart_is_kept_as_a_picture_and_as_numbers(page: Page, lab: Lab) -> None:
    run = lab.run(**{"a/b": [(step, step / 2) for step in range(4)]})
    lab.show(page, f"/run/{run.id}/metrics")
    card = chart(page, "a/b")
    kept = {}
    for kind in ("PNG", "SVG", "CSV"):
        card.locator("summary").click()
        with page.expect_download() as asked:
            card.get_by_role("button", name=kind).click()
        assert asked.value.suggested_filename == f"a_b.{kind.lower()}"
        kept[kind] = asked.value.path().read_bytes()
    assert kept["PNG"].startswith(b"\x89PNG")
    drawing = ElementTree.fromstring(kept["SVG"].decode())
    assert any(one.text == "a/b" for one in drawing.iter())
    assert any(one.tag.endswith("path") for one in drawing.iter())
    lines = kept["CSV"].decode().splitlines()
    assert lines[0].startswith("line,part,x,mean,min,max")
    assert lines[2].split(",")[1:4] == ["1", "1", "0.5"]


def test_another_metric_is_the_axis(page: Page, lab: Lab) -> None:
    run = lab.run(
        loss=[(step, 100.0 - step) for step in range(100)],
        tokens=[(step, step * 4_096.0) for step in range(100)],
    )
    lab.show(page, f"/run/{run.id}/metrics")
    page.get_by_label("X axis").select_option("metrics.tokens")
    expect(hover(page, chart(page, "loss"), 0.999)).to_contain_text("tokens 4055041")


DRAWN_WHILE_SLIDING = """async () => {
    const { clearRect } = CanvasRenderingContext2D.prototype;
    const later = window.setTimeout;
    // As long as the slider moves: what waits for it to stand still comes when it is let go.
    const waiting = [];
    window.setTimeout = (call, ms, ...more) =>
        ms === 150 ? -waiting.push(call) : later(call, ms, ...more);
    const drawn = [];
    CanvasRenderingContext2D.prototype.clearRect = function (...place) {
        if (this.canvas.closest("figure")) drawn.push(this.canvas.closest("figure"));
        return clearRect.apply(this, place);
    };
    const slider = document.querySelector(".is-charts input[type=range]");
    const frame = () => new Promise((resolve) => requestAnimationFrame(resolve));
    const found = [];
    for (const value of [0.5, 0.6, 0.7]) {
        drawn.length = 0;
        for (const one of [0.3, value]) {  // a mouse tells more often than there are frames
            slider.value = one;
            slider.dispatchEvent(new Event("input", { bubbles: true }));
        }
        await frame();
        await frame();
        const isSeen = (one) => one.getBoundingClientRect().top < innerHeight;
        found.push([drawn.length, new Set(drawn).size, drawn.every(isSeen)]);
    }
    CanvasRenderingContext2D.prototype.clearRect = clearRect;
    window.setTimeout = later;
    window.rest = () => waiting.at(-1)();
    return found;
}"""
"""Of each step of the slider: how often charts were drawn, how many, whether all are in view."""


def test_while_the_smoothing_moves_only_what_is_in_view_is_drawn_once_in_a_frame(
    page: Page, lab: Lab
) -> None:
    points = [(step, float(step % 7)) for step in range(50)]
    run = lab.run(**{f"m{number:02}": points for number in range(12)})
    lab.show(page, f"/run/{run.id}/metrics?size=l")
    cards = page.get_by_role("figure").locator("canvas")
    expect(cards.first).to_be_visible()
    below = "all => all.some((one) => one.getBoundingClientRect().top > innerHeight)"
    page.set_viewport_size({"width": 1280, "height": 560})
    wait_until(lambda: cards.evaluate_all(below), "a chart is drawn below what is seen")

    first, *steps = page.evaluate(DRAWN_WHILE_SLIDING)

    # At first also what stands behind the lines, which stays as it is.
    assert first == [2 * first[1], steps[0][1], True]
    assert all(times == charts > 0 and in_view for times, charts, in_view in steps)


def test_an_average_of_what_is_drawn_is_told_as_one_until_that_of_all_points_is_there(
    page: Page, lab: Lab
) -> None:
    values = [math.sin(step / 40) + (step % 11) / 5 for step in range(4_000)]
    run = lab.run(loss=list(enumerate(values)))
    lab.show(page, f"/run/{run.id}/metrics")
    card = chart(page, "loss")
    place = hover(page, card, 0.5)
    expect(place).to_contain_text("step ")
    page.evaluate(DRAWN_WHILE_SLIDING)
    over = place_of(card)
    page.mouse.move(over["x"] + over["width"] * 0.4, over["y"] + over["height"] / 2)

    expect(page.get_by_text("≈ preview")).to_be_visible()
    expect(place).to_contain_text("≈ ")
    with page.expect_response(lambda answer: "smooth=ema" in answer.url):
        page.evaluate("rest()")
    expect(page.get_by_text("≈ preview")).to_have_count(0)
    page.mouse.move(over["x"] + over["width"] * 0.4 + 0.1, over["y"] + over["height"] / 2)
    expect(place).not_to_contain_text("≈ ")
    told = place.inner_text()
    assert abs(float(told.splitlines()[1].split()[0]) - average_at(values, told, 0.7)) < 1e-3


def average_at(values: Sequence[float], told: str, weight: float) -> float:
    """The debiased exponential average at the step that a tooltip names."""
    step = int(told.partition("step ")[2].split()[0].replace(",", ""))
    total = share = 0.0
    for value in values[: step + 1]:
        total, share = weight * total + (1 - weight) * value, weight * share + 1 - weight
    return total / share


def test_what_is_set_of_charts_goes_along_to_other_tabs_and_neighbours_and_a_zoom_does_not(
    page: Page, lab: Lab
) -> None:
    points = [(step, 1.0 + step) for step in range(50)]
    former, later = (lab.run(**{"a/loss": points, "b/cost": points}) for _ in range(2))
    shown = "x=relative&size=l&fold=b&chart=a%2Floss~y=log~zx=0,0.01"
    lab.show(page, f"/run/{former.id}/metrics?{shown}")
    chart(page, "a/loss")
    page.get_by_role("slider", name="Smoothing").fill("0.5")
    page.wait_for_url(re.compile("smooth=ema"))

    page.get_by_role("link", name="JSON").click()
    page.get_by_role("link", name="Metrics").click()
    expect(chart(page, "a/loss")).not_to_contain_text("Reset zoom")
    page.get_by_role("link", name="Next run").click()
    page.wait_for_url(re.compile(later.id))
    chart(page, "a/loss")

    asked = unquote_plus(page.url.partition("?")[2])
    assert asked == "x=relative&smooth=ema:0.5&size=l&fold=b&chart=a/loss~y=log"
    expect(page.get_by_label("X axis")).to_have_value("relative")
    expect(page.get_by_role("slider", name="Smoothing")).to_have_value("0.5")
    expect(page.get_by_role("button", name="b 1")).to_have_attribute("aria-expanded", "false")
    page.keyboard.press("[")
    page.wait_for_url(re.compile(former.id))
    assert unquote_plus(page.url.partition("?")[2]) == asked


def swept(lab: Lab, experiment: str, count: int) -> list[Run]:
    """Runs with a curve each, half of them with each of two tags, and with a parameter."""
    draw = np.random.default_rng(7)
    runs = []
    for at in range(count):
        run = Experiment(lab.workspace, experiment).start_logging()
        run.set_tags({"opt": ("adam", "sgd")[at % 2]})
        run.log_params({"lr": 10.0 ** (at % 3 - 3)})
        for step, value in enumerate(draw.normal(at % 2 + 1, 0.3, 20)):
            run.log("loss", float(value), step=step)
        run.complete()
        runs.append(run)
    return runs


def told_of_groups(runs: Sequence[Run], step: int) -> list[str]:
    """What a chart has to say of two groups at a step: the higher mean first."""
    found = []
    for name in ("adam", "sgd"):
        own = [run for run in runs if run.get_tags()["opt"] == name]
        values = np.array([run.get_metrics(name="loss")["loss"][step] for run in own])
        spread = f"{said(values.mean())} ± {said(values.std(ddof=1))}"
        ends = f"{said(values.min())} … {said(values.max())}, {len(own)} runs"
        found.append((values.mean(), f"{name} ({len(own)} runs)  {spread} ({ends})"))
    return [text for _, text in sorted(found, reverse=True)]


def said(value: float) -> str:
    """A number with five digits, as the pages write it."""
    return f"{value:.5g}"


def test_groups_are_drawn_as_means_with_a_band_and_tell_what_numpy_tells(
    page: Page, lab: Lab
) -> None:
    runs = swept(lab, "grouped", 24)  # of a group there are more than are drawn one by one
    lab.show(page, "/runs?experiment=grouped&group=tags.opt&show=charts")
    card = chart(page, "loss")

    legend = page.get_by_role("list", name="Lines")
    expect(legend.get_by_role("listitem")).to_have_text(
        ["tags.opt", "adam (12 runs)", "sgd (12 runs)"]
    )
    tip = hover(page, card, 0.5)
    expect(tip).to_contain_text("step ")
    step = int(tip.inner_text().partition("step ")[2].split()[0])
    expect(tip.locator("div")).to_have_text([f"step {step}", *told_of_groups(runs, step)])
    # A run beside the filter is in no mean, and one that is taken out is none any more.
    other = runs[0]
    off = [run for run in runs if run.get_tags()["opt"] == "adam"][1:]
    asked = f"on={other.id}&off={','.join(run.id for run in off)}"
    lab.show(page, f"/runs?experiment=grouped&group=tags.opt&show=charts&{asked}")
    expect(legend.get_by_role("listitem").nth(1)).to_have_text("adam (1 run)")


def test_means_of_groups_follow_the_smoothing_while_it_moves(page: Page, lab: Lab) -> None:
    runs = swept(lab, "slid", 6)
    base = runs[0].id
    lab.show(page, f"/runs?experiment=slid&group=tags.opt&show=charts&base={base}")
    card = chart(page, "loss")
    tip = hover(page, card, 0.5)
    expect(tip).to_contain_text("3 runs")

    steps = page.evaluate(DRAWN_WHILE_SLIDING)

    assert all(times >= charts > 0 and in_view for times, charts, in_view in steps)
    expect(page.get_by_text("≈ preview")).to_be_visible()
    over = place_of(card)
    page.mouse.move(over["x"] + over["width"] * 0.4, over["y"] + over["height"] / 2)
    expect(tip).to_contain_text("≈ ")
    rough = means_in(tip)
    with page.expect_response(lambda answer: "smooth=ema" in answer.url and "group" in answer.url):
        page.evaluate("rest()")
    expect(page.get_by_text("≈ preview")).to_have_count(0)
    page.mouse.move(over["x"] + over["width"] * 0.4 + 0.1, over["y"] + over["height"] / 2)
    expect(tip).not_to_contain_text("≈ ")
    expect(tip).to_contain_text("not smoothed ")
    assert means_in(tip) == pytest.approx(rough, abs=1e-3)  # each run has a point at each place
    assert len(rough) == 3


def means_in(tip: Locator) -> dict[str, float]:
    """By line what a tooltip says of it."""
    words = [one.replace("≈ ", "").partition("  ") for one in tip.locator("div").all_inner_texts()]
    return {name: float(text.split()[0]) for name, _, text in words if text}


def test_compared_runs_are_grouped_by_a_field_that_the_address_keeps(page: Page, lab: Lab) -> None:
    runs = swept(lab, "compared", 6)
    lab.show(page, f"/compare?ids={','.join(run.id for run in runs)}")
    chart(page, "loss")
    page.get_by_label("Group by").select_option("tags.opt")
    page.wait_for_url(re.compile("group=tags.opt"))
    card = chart(page, "loss")
    legend = page.get_by_role("list", name="Lines")
    expect(legend.get_by_role("button")).to_have_text(["adam (3 runs)", "sgd (3 runs)"])
    tip = hover(page, card, 0.5)
    expect(tip).to_contain_text("± ")
    step = int(tip.inner_text().partition("step ")[2].split()[0])
    expect(tip.locator("div")).to_have_text([f"step {step}", *told_of_groups(runs, step)])
    page.go_back()
    expect(legend.get_by_role("button")).to_have_count(6)


def test_lines_are_coloured_by_a_field_and_so_are_the_runs_beside_them(
    page: Page, lab: Lab
) -> None:
    runs = swept(lab, "coloured", 6)
    lab.show(page, f"/compare?ids={','.join(run.id for run in runs)}")
    chart(page, "loss")
    page.get_by_label("Colour by").select_option("params.lr")
    legend = page.get_by_role("list", name="Lines")
    expect(legend.get_by_role("listitem").first).to_contain_text("params.lr")
    expect(legend.get_by_role("button").nth(2)).to_have_text("#3 · 0.1")
    inks = "all => all.map((one) => getComputedStyle(one).stroke)"
    found = legend.get_by_role("button").locator("line").evaluate_all(inks)
    assert found[:3] == found[3:]
    assert len(set(found)) == 3
    dots = page.get_by_role("list", name="Runs").locator(".dot")
    assert (
        dots.evaluate_all("all => all.map((one) => getComputedStyle(one).backgroundColor)") == found
    )
    page.get_by_label("Colour by").select_option("tags.opt")
    expect(legend.get_by_role("button").nth(1)).to_have_text("#2 · sgd")
    assert "colour=tags.opt" in page.url
    found = legend.get_by_role("button").locator("line").evaluate_all(inks)
    assert found[::2] == [found[0]] * 3
    assert found[0] != found[1]

    lab.show(page, "/runs?experiment=coloured&show=split&colour=tags.opt")
    expect(page.get_by_label("Colour by")).to_have_value("tags.opt")
    expect(legend.get_by_role("button")).to_have_count(6)
    expect(page.locator("button.eye line")).to_have_count(6)
    beside = page.locator("button.eye line").evaluate_all(inks)
    assert sorted(set(beside)) == sorted(set(found))


def test_a_table_beside_grouped_charts_has_the_colours_of_their_lines(page: Page, lab: Lab) -> None:
    runs = swept(lab, "beside", 6)
    lab.show(page, "/runs?experiment=beside&show=split&group=tags.opt")
    legend = page.get_by_role("list", name="Lines").get_by_role("button")
    expect(legend).to_have_text(["adam (3 runs)", "sgd (3 runs)"])
    adam, sgd = inks(legend)
    assert adam != sgd
    table = page.get_by_role("grid", name="Runs")
    headings = table.locator(".is-group-head")
    expect(headings.locator("line")).to_have_count(2)
    assert inks(headings) == [adam, sgd]
    for run in runs:
        opt = {"adam": adam, "sgd": sgd}[run.get_tags()["opt"]]
        assert inks(row(page, run.number)) == [opt]

    lab.show(page, f"/compare?ids={','.join(run.id for run in runs)}&group=tags.opt")
    expect(legend).to_have_text(["adam (3 runs)", "sgd (3 runs)"])
    dots = page.get_by_role("list", name="Runs").locator(".dot")
    assert inks(dots, "backgroundColor") == [adam, sgd] * 3


def test_charts_take_in_a_run_that_they_had_asked_for_too_early(page: Page, lab: Lab) -> None:
    runs = swept(lab, "lacking", 4)

    def lack_the_last(route: Route) -> None:
        answer = route.fetch()
        told = answer.json()
        told["runs"] = [run for run in told["runs"] if run["id"] != runs[-1].id]
        route.fulfill(response=answer, json=told)

    legend = page.get_by_role("list", name="Lines").get_by_role("button")
    lab.show(page, "/runs?experiment=lacking&show=split")
    expect(legend).to_have_count(4)
    page.route("**/api/runs?*limit=500*", lack_the_last, times=1)
    lab.show(page, "/runs?experiment=lacking&show=split&group=tags.opt")
    expect(legend).to_have_text(["adam (2 runs)", "sgd (1 run)"])
    expect(row(page, runs[-1].number)).to_be_visible()

    runs[-1].tag("seen", "yes")

    expect(legend).to_have_text(["adam (2 runs)", "sgd (2 runs)"])


@pytest.mark.parametrize("params", [[True, False, None], [1, "1", 0.1], ["a", None, 1e-7]])
def test_headings_of_groups_find_their_lines_whatever_they_are_grouped_by(
    page: Page, lab: Lab, params: list[object]
) -> None:
    experiment = f"kinds-{len(str(params))}-{params[0]}"
    for value in params:
        run = Experiment(lab.workspace, experiment).start_logging()
        run.log_params({} if value is None else {"kind": value})
        run.log("loss", 1.0, step=0)
        run.complete()
    lab.show(page, f"/runs?experiment={experiment}&show=split&group=params.kind")
    expect(page.get_by_role("list", name="Lines").get_by_role("button")).to_have_count(3)
    headings = page.get_by_role("grid", name="Runs").locator(".is-group-head line")
    expect(headings).to_have_count(3)


def test_a_baseline_has_a_line_of_its_own_beside_groups(page: Page, lab: Lab) -> None:
    runs = swept(lab, "against", 6)
    base = lab.run(loss=[(step, 9.0) for step in range(20)])
    for base_id, means in ((runs[0].id, 3), (base.id, 3)):
        number = runs[0].number if base_id == runs[0].id else base.number
        label = f"#{number} (baseline)"
        lab.show(page, f"/runs?experiment=against&show=split&group=tags.opt&base={base_id}")
        card = chart(page, "loss")
        legend = page.get_by_role("list", name="Lines").get_by_role("button")
        names = [f"adam ({means} runs)", f"sgd ({means} runs)"]
        expect(legend).to_have_text([*names, re.compile(re.escape(label))])
        assert len(set(inks(legend))) == 3
        sticky = page.locator(".is-baseline")
        assert inks(sticky) == inks(legend)[2:]
        expect(hover(page, card, 0.5)).to_contain_text(label)
        legend.nth(2).click()
        expect(hover(page, card, 0.5)).not_to_contain_text(label)

    ids = ",".join(run.id for run in runs)
    lab.show(page, f"/compare?ids={ids}&group=tags.opt&base={runs[0].id}")
    expect(legend).to_have_count(3)
    expect(legend.nth(2)).to_have_text(f"#{runs[0].number} (baseline)")


def inks(parts: Locator, of: str = "stroke") -> list[str]:
    """The colours of the pieces of lines, or of dots."""
    found = parts.locator("line") if of == "stroke" else parts
    colours: list[str] = found.evaluate_all(
        "(all, of) => all.map((one) => getComputedStyle(one)[of])", of
    )
    return colours
