"""Charts and tables say what was logged: to the eye, and under the pointer."""

from __future__ import annotations

import math
import os
import re
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path

import pytest
from playwright.sync_api import FloatRect, Locator, Page, expect

from homerun import Experiment, Run, Workspace
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
    page.wait_for_function(f"Math.max(...({STRONG})(document.querySelector('canvas'))) > 0")
    columns = card.locator("canvas").evaluate(STRONG)
    assert max(columns) > 0.6
    assert 0.4 < columns.index(max(columns)) / len(columns) < 0.6
    expect(hover(page, card, 0.501)).to_contain_text("… 50")
    expect(hover(page, card, 0.2)).not_to_contain_text("… 50")


def test_what_is_no_number_has_its_sign_and_is_counted(page: Page, lab: Lab) -> None:
    odd = {40: math.nan, 100: math.inf, 160: -math.inf}
    run = lab.run(loss=[(step, odd.get(step, 1.0)) for step in range(201)])
    lab.show(page, f"/run/{run.id}/metrics")
    card = chart(page, "loss")
    expect(card).to_contain_text("✕ 1 NaN, ▲ 1 ∞, ▼ 1 \N{MINUS SIGN}∞")
    page.wait_for_function(f"({SIGNS})(document.querySelector('canvas')).length === 3")
    signs = card.locator("canvas").evaluate(SIGNS)
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


def test_a_part_of_the_time_since_the_first_point_is_drawn(page: Page, lab: Lab) -> None:
    run = lab.run(loss=[(step, float(step)) for step in range(3_000)])
    lab.show(page, f"/run/{run.id}/metrics")
    page.get_by_label("X axis").select_option("relative")
    card = chart(page, "loss")
    expect(hover(page, card, 0.99)).to_be_visible()
    drag(page, card, 0.25, 0.5)
    expect(card).to_contain_text("Reset zoom")
    page.get_by_label("X axis").select_option("")


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
