"""Runs side by side, by clicks and keys: curves, differences, and what a metric depends on."""

from __future__ import annotations

import re
import statistics
from collections.abc import Callable, Iterator

import pytest
from playwright.sync_api import Locator, Page, expect

from homerun import Experiment, Run, Workspace
from homerun.views.comparison.importance import param_weights
from studio.browser.actions import open_experiment, row
from studio.browser.lab import Store

BARE = {"snapshot_directory": None, "outputs": False}
ODD = "<img src=x onerror=alert(1)>\"'`</script><script>alert(1)</script>"
RUNS = 9
PINS_AND_HIDDEN = """() => {
    const said = new URLSearchParams(location.hash.split('?')[1]);
    return [said.getAll('pin'), said.getAll('hide')];
}"""
MINUS = "\N{MINUS SIGN}"


@pytest.fixture(scope="module")
def grid(store: Store) -> Iterator[list[Run]]:
    """Runs of a small search, with a metric that one parameter makes."""
    experiment = Experiment(store.workspace, "grid")
    runs = []
    for number in range(RUNS):
        run = experiment.start_logging(**BARE)
        run.log_params({"lr": number / 8, "opt": ("adam", "sgd", "lion")[number % 3], ODD: ODD})
        run.log("eval/loss", (number / 8 - 0.3) ** 2)
        run.log("cost", 9 - number)
        run.complete()
        runs.append(run)
    yield runs
    for run in runs:
        run.delete()


def compare(page: Page, runs: list[Run], more: str = "") -> None:
    ids = ",".join(run.id for run in runs)
    page.evaluate(f"location.hash = '#/compare?ids={ids}{more}'")
    expect(page.get_by_role("heading", level=1)).to_have_text(f"Compare {len(runs)} runs")


def cells(table: Locator) -> list[list[str]]:
    found: list[list[str]] = table.locator("tbody tr").evaluate_all(
        "rows => rows.map((row) => [...row.cells].map((cell) => cell.innerText))"
    )
    return found


def as_table(page: Page, title: str) -> list[list[str]]:
    page.get_by_text(f"{title} as a table").click()
    region = page.get_by_role("region", name=f"{title} as a table")
    expect(region).to_be_visible()
    return cells(region)


def mark(page: Page, first: float, last: float) -> None:
    """Drag a rectangle over a part of the width of a drawing, and over all of its height."""
    box = page.locator(".drawing canvas").first.bounding_box()
    assert box is not None
    right, top, width = box["x"] + box["width"], box["y"], box["width"] - 94
    page.mouse.click(right - 93, top + 25)  # the tool that marks a rectangle
    page.mouse.move(box["x"] + 68 + width * first, top + 36)
    page.mouse.down()
    page.mouse.move(box["x"] + 72 + width * last, top + box["height"] - 40, steps=5)
    page.mouse.up()


def is_drawn(page: Page) -> None:
    """Something stands on the canvas, in more than the two colours of axes."""
    expect(page.locator(".drawing canvas").first).to_be_visible()
    colours = """canvas => {
        const {data} = canvas.getContext('2d').getImageData(0, 0, canvas.width, canvas.height);
        const found = new Set();
        for (let at = 0; at < data.length; at += 4)
            if (data[at + 3] > 200 && Math.max(data[at], data[at + 1], data[at + 2]) -
                Math.min(data[at], data[at + 1], data[at + 2]) > 60) found.add(at);
        return found.size;
    }"""
    assert page.locator(".drawing canvas").first.evaluate(colours) > 100


def test_five_runs_are_compared_with_curves_and_parameters_by_seven_clicks(
    page: Page, store: Store
) -> None:
    open_experiment(page, "digits")
    for number in (1, 2, 3, 4, 5):
        row(page, number).get_by_role("checkbox").check()
    page.get_by_role("button", name="Compare").click()
    expect(page.get_by_role("img", name=re.compile("^loss"))).to_be_visible()
    page.get_by_role("link", name="Differences").click()
    table = page.get_by_role("region", name="Comparison")
    expect(table.get_by_role("row", name=re.compile("^Parameters lr"))).to_be_visible()
    page.go_back()
    expect(page.get_by_role("img", name=re.compile("^loss"))).to_be_visible()


def test_differences_are_against_a_baseline_and_the_best_is_bold(
    page: Page, grid: list[Run]
) -> None:
    compare(page, grid[:3], "&tab=differences")
    table = page.get_by_role("region", name="Comparison")
    lr = table.get_by_role("row", name=re.compile("^Parameters"))
    expect(lr).to_contain_text("lr")
    (line,) = [one for one in cells(table) if one[0] == "Parameters\nlr"]
    assert line[1:] == ["0", "0.125+0.125", "0.25+0.25"]
    table.get_by_role("button", name=f"Compare with run {grid[2].number} of grid").click()
    expect(table.get_by_role("columnheader").nth(0)).to_contain_text(f"#{grid[2].number}")
    (line,) = [one for one in cells(table) if one[0] == "Parameters\nlr"]
    assert [one.replace(" ", "") for one in line[1:]] == [
        "0.25",
        f"0{MINUS}0.25",
        f"0.125{MINUS}0.125",
    ]
    page.reload()
    expect(table.get_by_role("columnheader").nth(0)).to_contain_text(f"#{grid[2].number}")
    loss = table.get_by_role("row").filter(has_text="eval/loss")
    expect(loss.locator("b")).to_have_text("0.0025")
    expect(table.get_by_role("row").filter(has_text="Status")).to_have_count(0)
    expect(table).not_to_contain_text("%")
    page.get_by_label("Only differences").uncheck()
    expect(table.get_by_role("row").filter(has_text="status")).to_have_count(1)
    assert page.locator("main img").count() == 0


def test_groups_are_those_that_python_counts(page: Page, grid: list[Run]) -> None:
    compare(page, grid, "&tab=bars&metric=metrics.eval%2Floss&by=params.opt")
    is_drawn(page)
    found = as_table(page, "Groups")
    values: dict[str, list[float]] = {}
    for number in range(RUNS):
        name = ("adam", "sgd", "lion")[number % 3]
        values.setdefault(name, []).append((number / 8 - 0.3) ** 2)
    assert [one[0] for one in found] == sorted(values)
    for name, count, mean, std, least, quarter, median, most, greatest in found:
        own = values[name]
        assert int(count) == len(own)
        quarters = statistics.quantiles(own, n=4, method="inclusive")
        wanted = [statistics.mean(own), statistics.stdev(own), min(own), *quarters, max(own)]
        told = [float(one) for one in (mean, std, least, quarter, median, most, greatest)]
        assert told == pytest.approx(wanted, rel=1e-3)
    page.get_by_label("Boxes").check()
    is_drawn(page)


def test_a_scatter_shows_the_runs_that_no_other_one_beats(page: Page, grid: list[Run]) -> None:
    compare(page, grid, "&tab=scatter&sx=metrics.cost&sy=metrics.eval%2Floss")
    is_drawn(page)
    page.get_by_label("Pareto front").check()
    found = as_table(page, "Scatter")
    points = [(9 - number, (number / 8 - 0.3) ** 2) for number in range(RUNS)]
    front = [not any(x <= a and y <= b and (x, y) != (a, b) for x, y in points) for a, b in points]
    assert [one[-1] == "yes" for one in found] == front
    assert [float(one[1]) for one in found] == [x for x, _ in points]
    page.get_by_role("combobox", name="Colour").select_option("params.opt")
    expect(page.get_by_role("combobox", name="Colour")).to_have_value("params.opt")
    page.reload()
    expect(page.get_by_role("combobox", name="Colour")).to_have_value("params.opt")
    is_drawn(page)


def test_what_is_set_of_the_charts_is_there_again_after_the_other_tabs(
    page: Page, grid: list[Run]
) -> None:
    kept = f"pin=cost&pin=eval%2Floss&hide={grid[0].id}&hide={grid[1].id}&x=index&size=l"
    compare(page, grid, f"&{kept}")
    page.get_by_role("link", name="Scatter").click()
    page.get_by_role("combobox", name="x", exact=True).select_option("metrics.cost")
    page.get_by_role("combobox", name="Size").select_option("metrics.eval/loss")
    page.get_by_role("link", name="Charts").click()
    expect(page.get_by_role("combobox", name="X axis")).to_have_value("index")
    expect(page.get_by_role("combobox", name="Size")).to_have_value("l")
    assert page.evaluate(PINS_AND_HIDDEN) == [
        ["cost", "eval/loss"],
        [grid[0].id, grid[1].id],
    ]
    page.get_by_role("link", name="Scatter").click()
    expect(page.get_by_role("combobox", name="x", exact=True)).to_have_value("metrics.cost")


def test_the_runs_that_are_kept_are_those_that_were_marked_and_back_brings_all_again(
    page: Page, grid: list[Run]
) -> None:
    compare(page, grid, "&tab=scatter&sx=metrics.cost&sy=params.lr")
    is_drawn(page)
    mark(page, 0.5, 1)  # costs 5 to 9: the first five runs
    keep = page.get_by_role("button", name="Keep these")
    expect(keep).to_have_text("Keep these 5 runs")
    page.get_by_role("button", name=f"Remove run {grid[0].number}", exact=True).click()
    expect(page.get_by_role("heading", level=1)).to_have_text(f"Compare {RUNS - 1} runs")
    expect(keep).to_have_count(0)
    page.go_back()
    expect(page.get_by_role("heading", level=1)).to_have_text(f"Compare {RUNS} runs")
    is_drawn(page)
    mark(page, 0, 0.45)  # costs 1 to 4
    names = [f"grid #{run.number}" for run in grid[5:]]
    keep.click()
    expect(page.get_by_role("heading", level=1)).to_have_text(f"Compare {len(names)} runs")
    runs = page.get_by_role("list", name="Runs").get_by_role("link")
    assert [one.strip() for one in runs.all_inner_texts()] == names
    page.go_back()
    expect(page.get_by_role("heading", level=1)).to_have_text(f"Compare {RUNS} runs")


def test_a_line_through_parameters_and_what_the_metric_depends_on(
    page: Page, grid: list[Run]
) -> None:
    compare(page, grid, "&tab=parallel&metric=metrics.eval%2Floss")
    is_drawn(page)
    found = as_table(page, "Parallel coordinates")
    assert [float(one[1]) for one in found] == [number / 8 for number in range(RUNS)]
    told = cells(page.get_by_role("region", name="Importance"))
    params = [{"lr": n / 8, "opt": ("adam", "sgd", "lion")[n % 3]} for n in range(RUNS)]
    wanted, _ = param_weights(params, [(n / 8 - 0.3) ** 2 for n in range(RUNS)])
    assert [one[0] for one in told] == [one["name"] for one in wanted]
    assert float(told[0][1]) == pytest.approx(wanted[0]["importance"], abs=0.01)
    expect(page.get_by_text(f"From {RUNS} runs")).to_be_visible()


def test_the_code_of_two_runs_is_compared(page: Page, store: Store) -> None:
    good, bad = store.run("digits", 1), store.run("digits", 2)
    compare(page, [good, bad], "&tab=code")
    expect(page.get_by_text("The code of these runs is the same")).to_be_visible()


def test_ways_to_compare_are_reached_by_keys(
    page: Page, grid: list[Run], visit: Callable[..., Page]
) -> None:
    compare(page, grid)
    for key, title in (("2", "Differences"), ("4", "Parallel coordinates"), ("1", "Charts")):
        page.keyboard.press(key)
        link = page.get_by_role("link", name=title, exact=True)
        expect(link).to_have_attribute("aria-current", "page")


def test_odd_texts_are_inert_in_every_way_to_compare(
    page: Page, grid: list[Run], workspace: Workspace
) -> None:
    for tab in ("differences&all=1", "parallel", "scatter&colour=params.opt", "bars"):
        compare(page, grid, f"&tab={tab}")
        if "diff" not in tab:
            is_drawn(page)
            page.locator(".drawing canvas").first.hover()
        assert page.locator("main img").count() == 0
