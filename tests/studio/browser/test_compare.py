"""Runs side by side, by clicks and keys: curves, differences, and what a metric depends on."""

from __future__ import annotations

import re
import statistics
import subprocess
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from playwright.sync_api import Locator, Page, expect

from homerun import Experiment, Run, ScriptRunConfig, Workspace
from homerun.views.comparison.importance import param_weights
from studio.browser.actions import open_experiment, row
from studio.browser.lab import Store
from studio.browser.test_run_page import PNG

BARE = {"snapshot_directory": None, "outputs": False}
ODD = "<img src=x onerror=alert(1)>\"'`</script><script>alert(1)</script>"
ODD_FILE = "<img src=x onerror=alert(1)>.txt"
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


def test_the_changes_of_code_are_told_file_by_file_with_what_was_not_committed(
    page: Page, store: Store, workspace: Workspace, tmp_path: Path
) -> None:
    source = tmp_path / "source"
    source.mkdir()
    script = source / "steps.py"
    script.write_text("print('one')\n")
    (source / ODD_FILE).write_text("a\n")
    git = ("git", "-C", str(source), "-c", "user.name=a", "-c", "user.email=a@b.c")
    for words in (("init", "-q"), ("add", "-A"), ("commit", "-qm", "first")):
        subprocess.run([*git, *words], check=True)
    runs = []
    for text in ("one", "two"):
        script.write_text(
            f"print('{text}')\n-- = {ODD!r}\n" if text == "two" else script.read_text()
        )
        (source / ODD_FILE).write_text(f"{text}\n")
        config = ScriptRunConfig(str(source), "steps.py")
        runs.append(Experiment(workspace, "code").submit(config))
        runs[-1].wait_for_completion(raise_on_error=False)

    compare(page, runs, "&tab=differences")
    page.get_by_role("link", name="Changes").last.click()

    changes = page.get_by_role("region", name="Changes", exact=True)
    expect(changes).to_contain_text("2 files changed")
    expect(changes.get_by_text("steps.py", exact=True)).to_be_visible()
    expect(changes.locator(".is-gone")).to_have_text(["-one\n", "-print('one')\n"])
    expect(changes.locator(".is-new").first).to_contain_text("+")
    assert changes.locator(".is-new").count() == 3
    page.get_by_text(re.compile("^Uncommitted changes of code #")).last.click()
    told = page.get_by_role("region", name="Uncommitted changes")
    expect(told.locator(".is-gone").first).to_contain_text("-a")
    assert page.locator("main img").count() == 0
    page.reload()
    expect(told).to_be_visible()
    for run in runs:
        run.delete()


def test_images_of_runs_stand_in_a_grid_with_one_slider_for_all(
    page: Page, workspace: Workspace, tmp_path: Path
) -> None:
    runs = []
    for images in (3, 2):
        run = Experiment(workspace, "pictures").start_logging(**BARE)
        for number in range(images):
            path = tmp_path / f"{number}.png"
            path.write_bytes(PNG)
            run.log_image(ODD, path=str(path))
            run.log_image("other", path=str(path))
        run.complete()
        runs.append(run)
    label = f"pictures #{runs[0].number}", f"pictures #{runs[1].number}"

    compare(page, runs, "&tab=media&image=other")

    grid = page.get_by_role("region", name="Images other of the runs")
    expect(grid.get_by_role("img", name=f"other of {label[0]}, no. 3")).to_be_visible()
    expect(grid.get_by_role("img", name=f"other of {label[1]}, no. 2")).to_be_visible()
    expect(grid.get_by_text("of no. 2")).to_be_visible()
    page.keyboard.press("ArrowLeft")
    page.keyboard.press("ArrowLeft")
    expect(grid.get_by_role("img", name=f"other of {label[0]}, no. 1")).to_be_visible()
    expect(grid.get_by_role("img", name=f"other of {label[1]}, no. 1")).to_be_visible()
    page.get_by_label("Beside each other").select_option("4")
    page.get_by_label("Which images of other").press("End")
    expect(grid.get_by_role("img")).to_have_count(6)
    page.reload()
    expect(grid.get_by_role("img")).to_have_count(6)
    page.get_by_role("region", name="Media").get_by_role("combobox").first.select_option(ODD)
    expect(page.get_by_role("region", name=f"Images {ODD} of the runs")).to_be_visible()
    assert page.locator("main img[onerror]").count() == 0
    page.goto("about:blank")  # else its images may be asked for when they are gone
    for run in runs:
        run.delete()


def test_all_images_of_a_grid_are_zoomed_and_moved_alike(page: Page, store: Store) -> None:
    compare(page, [store.run("digits", 1), store.run("digits", 2)], "&tab=media&image=filters")
    images = page.get_by_role("region", name="Images filters of the runs").get_by_role("img")
    expect(images).to_have_count(2)
    zoom = page.get_by_role("group", name="Zoom of all images")
    expect(zoom).to_contain_text("100 %")
    assert part(images) == [(1, 0, 0)] * 2

    first = images.first.bounding_box()
    assert first is not None
    left, top = first["x"] + 1, first["y"] + 1
    page.mouse.move(left, top)
    page.keyboard.down("Control")
    page.mouse.wheel(0, -1000)
    page.keyboard.up("Control")
    expect(zoom).not_to_contain_text("100 %")
    corner = part(images)
    assert corner[0] == corner[1]
    assert min(corner[0]) > 0  # its left upper corner is still there

    page.mouse.down()
    page.mouse.move(left - 40, top - 20, steps=3)
    page.mouse.up()
    moved = part(images)
    assert moved[0] == moved[1]
    assert [round(now - then) for now, then in zip(moved[0], corner[0])] == [0, -40, -20]
    page.keyboard.press("Shift+ArrowRight")
    expect(page.get_by_role("slider")).to_have_attribute("aria-valuetext", "no. 3")
    assert part(images)[1][1] < moved[1][1]

    images.last.dblclick()
    expect(zoom).to_contain_text("100 %")
    assert len(page.context.pages) == 1  # a click on what is zoomed opens no image
    page.keyboard.press("+")
    expect(zoom).to_contain_text("150 %")
    page.keyboard.press("ArrowLeft")
    expect(images.first).to_have_attribute("alt", re.compile("no. 2"))
    assert [one[0] for one in part(images)] == [1.5, 1.5]
    page.keyboard.press("-")
    expect(zoom).to_contain_text("100 %")
    zoom.get_by_role("button", name="Zoom in").press("Enter")
    expect(zoom).to_contain_text("150 %")
    page.keyboard.press("0")
    expect(zoom).to_contain_text("100 %")


def part(images: Locator) -> list[tuple[float, ...]]:
    """Of each image how large it is drawn, and how far to the right and down."""
    found = images.evaluate_all(
        "all => all.map((one) => new DOMMatrix(getComputedStyle(one).transform))"
        ".map((one) => [one.a, one.e, one.f])"
    )
    return [tuple(one) for one in found]


def test_tables_of_runs_are_joined_by_a_column_or_stand_beside_each_other(
    page: Page, workspace: Workspace
) -> None:
    runs = []
    for number in range(2):
        run = Experiment(workspace, "tables").start_logging(**BARE)
        digits = list(range(number, 3))
        recall = [digit / 4 + number / 100 for digit in digits]
        run.log_table("per digit", {"digit": digits, "recall": recall, ODD: [ODD] * len(digits)})
        run.complete()
        runs.append(run)
    alone = Experiment(workspace, "tables").start_logging(**BARE)
    alone.complete()

    compare(page, [*runs, alone], "&tab=tables")

    table = page.get_by_role("region", name="per digit by digit")
    expect(table.get_by_role("row")).to_have_count(4)
    found = [row[:3] for row in cells(table)]
    assert found == [["0", "0", ""], ["1", "0.25", "0.26"], ["2", "0.5", "0.51"]]
    expect(page.get_by_text("2 of 3 runs logged it")).to_be_visible()
    assert page.locator("main img").count() == 0
    page.get_by_label("Joined by").select_option("nothing: beside each other")
    first = page.get_by_role("region", name=f"per digit of tables #{runs[0].number}").last
    expect(first.get_by_role("row")).to_have_count(4)
    assert [row[:2] for row in cells(first)] == [["0", "0"], ["1", "0.25"], ["2", "0.5"]]
    page.reload()
    expect(first).to_be_visible()
    for run in [*runs, alone]:
        run.delete()


def test_ways_to_compare_are_reached_by_keys(
    page: Page, grid: list[Run], visit: Callable[..., Page]
) -> None:
    compare(page, grid)
    for key, title in (
        ("2", "Differences"),
        ("4", "Parallel coordinates"),
        ("7", "Media"),
        ("8", "Tables"),
        ("1", "Charts"),
    ):
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
