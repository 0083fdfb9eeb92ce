"""What is done each day, by as few clicks and keys as in any other tool that shows runs.

The browser counts them: a press of the mouse, a drag and a key are one each, a text that is typed
is none. What each job may take is what the best of W&B, MLflow, Aim and GitHub Actions takes; where
they cannot do it, what Studio took before.
"""

from __future__ import annotations

import re
import zipfile
from collections.abc import Callable, Iterator
from contextlib import contextmanager

import pytest
from playwright.sync_api import Locator, Page, expect

from homerun import Experiment, Run, Workspace
from studio.browser import example
from studio.browser.actions import add_filter, open_experiment, open_run, row
from studio.browser.lab import Store

BARE = {"snapshot_directory": None, "outputs": False}
WIDE = {"width": 1440, "height": 900}
WAIT_MS = 20_000  # for what real processes do
SPIKE = 50.0
POINTS = 5_000
SPIKE_AT = 3_700

COUNT = """() => {
    if (window.done) return void Object.assign(window.done, {clicks: 0, keys: 0});
    window.done = {clicks: 0, keys: 0};
    const fields = 'input:not([type=checkbox]):not([type=range]), textarea';
    const isHeld = ({key}) => ['Shift', 'Control', 'Alt', 'Meta'].includes(key);
    const isText = (event) => event.key.length === 1 && event.target.closest(fields);
    addEventListener('pointerdown', (event) => {
        if (event.isTrusted) window.done.clicks += 1;
    }, true);
    addEventListener('keydown', (event) => {
        if (event.isTrusted && !isHeld(event) && !isText(event)) window.done.keys += 1;
    }, true);
}"""


@contextmanager
def at_most(page: Page, best: int) -> Iterator[None]:
    """What is done within takes no more clicks and keys than the best of the others."""
    page.evaluate(COUNT)
    yield
    done = page.evaluate("window.done")
    print(f"{done['clicks']} clicks, {done['keys']} keys, of {best}")
    assert done["clicks"] + done["keys"] <= best, done


@pytest.fixture(scope="module")
def five(store: Store) -> Iterator[list[Run]]:
    """Five runs that differ in a parameter, one of them with a single large value."""
    runs = []
    for number in range(5):
        run = Experiment(store.workspace, "five").start_logging(**BARE)
        run.log_params({"lr": number / 10})
        for step in range(POINTS if number == 4 else 50):
            run.log("loss", SPIKE if step == SPIKE_AT else 1 / (1 + step + number), step=step)
        run.complete()
        runs.append(run)
    yield runs
    for run in runs:
        run.delete()


@pytest.fixture
def wide(store: Store, visit: Callable[..., Page]) -> Page:
    """A page in a window of the usual size."""
    return visit(store.studio, viewport=WIDE)


def chart(page: Page, name: str) -> Locator:
    """The picture of a metric beside the table, once it is drawn."""
    found = page.get_by_role("region", name="Charts of runs").get_by_role("figure", name=name)
    found.locator("canvas").wait_for()
    return found


def drag(page: Page, card: Locator, first: float, last: float) -> None:
    """Drag over a part of a chart, from 0 at its left to 1 at its right."""
    over = card.locator(".u-over").bounding_box()
    assert over is not None
    middle = over["y"] + over["height"] / 2
    page.mouse.move(over["x"] + over["width"] * first, middle)
    page.mouse.down()
    page.mouse.move(over["x"] + over["width"] * last, middle, steps=4)
    page.mouse.up()


def shown_first(page: Page) -> Locator:
    return page.get_by_role("grid").get_by_role("row").nth(1)


def test_why_yesterdays_runs_failed_is_read_on_the_first_page(page: Page) -> None:
    needs = page.get_by_role("region", name="Needs you")
    with at_most(page, 2):
        expect(needs).to_contain_text("ValueError: part 3: 12 columns expected, 11 found")
        needs.get_by_role("link", name="digits #7").click()
        expect(page.get_by_role("region", name="Traceback")).to_contain_text("broken.py")


@pytest.mark.parametrize(("metric", "best"), [("loss", min), ("accuracy", max)])
def test_the_best_run_by_a_metric_is_first_after_a_click_on_its_heading(
    page: Page, store: Store, metric: str, best: Callable[..., float]
) -> None:
    values = {
        number: store.run("digits", number).get_metrics()[metric][-1] for number in range(1, 7)
    }
    wanted = best(values, key=values.get)
    open_experiment(page, "digits")
    add_filter(page, f"metrics.{metric}")
    with at_most(page, 1):
        page.get_by_role("button", name=metric, exact=True).click()
        expect(shown_first(page)).to_contain_text(f"#{wanted}")


def test_five_runs_are_compared_where_their_table_is(wide: Page, five: list[Run]) -> None:
    open_experiment(wide, "five")
    with at_most(wide, 0):
        picture = chart(wide, "loss").get_by_role("img")
        for run in five:
            expect(picture).to_have_accessible_name(re.compile(rf"#{run.number}\b"))
        for number in range(5):
            expect(row(wide, five[number].number)).to_contain_text(f"{number / 10}")


def test_curves_are_smoothed(wide: Page, five: list[Run]) -> None:
    open_experiment(wide, "five")
    chart(wide, "loss")
    with at_most(wide, 1):
        wide.get_by_role("slider", name="Smoothing").click()
        expect(wide).to_have_url(re.compile(r"smooth=ema%3A0\.\d+"))


def test_a_spike_is_zoomed_into_and_read(wide: Page, five: list[Run]) -> None:
    open_experiment(wide, "five")
    card = chart(wide, "loss")
    with at_most(wide, 2):
        drag(wide, card, 0.7, 0.8)
        expect(wide).to_have_url(re.compile("zx"))
        drag(wide, card, 0.35, 0.45)
        expect(wide).to_have_url(re.compile(r"zx%3D3[67]\d\d"))
        found = re.search(r"zx%3D([\d.]+)%2C([\d.]+)", wide.url)
        over = card.locator(".u-over").bounding_box()
        assert found is not None
        assert over is not None
        low, high = float(found[1]), float(found[2])
        share = (SPIKE_AT - low) / (high - low)
        wide.mouse.move(over["x"] + over["width"] * share, over["y"] + 20)
        expect(card.locator(".chart-tip")).to_contain_text(f"step {SPIKE_AT}{SPIKE:.0f}")


def test_runs_of_a_tag_are_found_by_its_chip(page: Page) -> None:
    open_experiment(page, "digits")
    with at_most(page, 1):
        page.get_by_role("grid").get_by_role("button", name="quality good").first.click()
        expect(page.get_by_text("tags.quality = good", exact=True)).to_be_visible()
        expect(page.locator(".total")).to_have_text("3 found")


def test_the_error_in_a_log_is_reached(page: Page) -> None:
    open_experiment(page, "digits")
    with at_most(page, 2):
        open_run(page, 7)
        page.get_by_role("link", name="Show it in the log").click()
        marked = page.locator(".log-line.is-marked")
        expect(marked).to_contain_text("ValueError: part 3: 12 columns expected, 11 found")


def test_a_model_is_downloaded(page: Page) -> None:
    open_experiment(page, "digits")
    with at_most(page, 3):
        open_run(page, 1)
        page.get_by_role("link", name="Files").click()
        with page.expect_download() as told:
            page.get_by_role("link", name="Download checkpoints as zip").click()
        names = zipfile.ZipFile(told.value.path()).namelist()
    assert any(name.endswith("last.bin") for name in names)


def test_three_runs_are_cancelled_by_keys(page: Page, store: Store, workspace: Workspace) -> None:
    runs = [example.submit(workspace, "live", store.folder, "live.py") for _ in range(3)]
    open_experiment(page, "live")
    for run in runs:
        expect(row(page, run.number)).to_contain_text("Running", timeout=WAIT_MS)
    with at_most(page, 9):
        for key in ("x", "j", "x", "j", "x", "s"):
            page.keyboard.press(key)
        expect(page.get_by_role("button", name="Cancel 3 runs")).to_be_visible()
        while "Cancel 3" not in page.evaluate("document.activeElement.textContent"):
            page.keyboard.press("Tab")
        page.keyboard.press("Enter")
        for run in runs:
            expect(row(page, run.number)).to_contain_text("Canceled", timeout=WAIT_MS)


def test_a_run_is_submitted_again_with_another_argument(
    page: Page, store: Store, workspace: Workspace
) -> None:
    open_experiment(page, "digits")
    open_run(page, 1)
    with at_most(page, 2):
        page.get_by_role("button", name="Edit and submit").click()
        expect(page.get_by_label("Arguments")).to_be_focused()
        page.keyboard.type(" --epochs 2")
        page.keyboard.press("Enter")
        expect(page.locator("header .status")).to_have_text("Completed", timeout=WAIT_MS)
    expect(page.get_by_role("complementary")).to_contain_text("--lr 0.05 --seed 0 --epochs 2")
    page.close()  # before the run that it would ask for in vain
    next(iter(workspace.get_runs("digits"))).delete()


def test_a_live_run_is_followed(page: Page, store: Store, workspace: Workspace) -> None:
    live = example.submit(workspace, "live", store.folder, "live.py")
    open_experiment(page, "live")
    with at_most(page, 1):
        open_run(page, live.number)
        tile = page.locator(".tiles dd").first
        tile.wait_for()
        first = tile.inner_text()
        expect(tile).not_to_have_text(first, timeout=WAIT_MS)


def test_what_is_shown_is_shared_by_its_address(
    wide: Page, store: Store, five: list[Run], visit: Callable[..., Page]
) -> None:
    open_experiment(wide, "five")
    add_filter(wide, "params.lr > 0.1")
    wide.get_by_role("button", name="lr", exact=True).click()
    chart(wide, "loss")
    drag(wide, chart(wide, "loss"), 0.2, 0.6)
    expect(wide).to_have_url(re.compile("zx"))
    with at_most(wide, 0):
        address = wide.url
    other = visit(store.studio, viewport=WIDE)
    other.goto(address)
    expect(other.get_by_text("params.lr > 0.1", exact=True)).to_be_visible()
    expect(shown_first(other)).to_contain_text(f"#{five[4].number}")
    expect(chart(other, "loss")).to_contain_text("Reset zoom")


def test_a_column_is_pinned(page: Page) -> None:
    open_experiment(page, "digits")
    expect(page.get_by_role("columnheader").nth(2)).to_have_text("Status")
    with at_most(page, 1):
        page.get_by_role("button", name="seed", exact=True).click(modifiers=["Alt"])
        expect(page.get_by_role("columnheader").nth(2)).to_have_text("seed")
    page.get_by_role("button", name="seed", exact=True).click(modifiers=["Alt"])
    expect(page.get_by_role("columnheader").nth(2)).to_have_text("Status")


def test_runs_are_sorted_by_a_parameter(page: Page) -> None:
    open_experiment(page, "digits")
    with at_most(page, 1):
        page.get_by_role("button", name="lr", exact=True).click()
        expect(shown_first(page)).to_contain_text("0.3")


def test_a_run_is_renamed(page: Page, workspace: Workspace) -> None:
    run = Experiment(workspace, "names").start_logging(**BARE)
    run.complete()
    open_experiment(page, "names")
    open_run(page, run.number)
    with at_most(page, 2):
        page.get_by_role("button", name="Edit the name").click()
        page.keyboard.type("the one with dropout")
        page.keyboard.press("Enter")
        expect(page.get_by_role("heading", level=1)).to_contain_text("the one with dropout")
    page.close()
    run.delete()


def test_what_a_run_uses_of_the_machine_is_a_tab_away(page: Page) -> None:
    open_experiment(page, "digits")
    open_run(page, 2)
    with at_most(page, 1):
        page.get_by_role("link", name="System").click()
        for name in ("system/cpu_percent", "system/memory"):
            expect(page.get_by_role("figure", name=name).locator("canvas")).to_be_visible()
