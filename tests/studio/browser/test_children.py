"""The children of a run are a table of runs like any other, by clicks and keys."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator

import pytest
from playwright.sync_api import Page, expect

from homerun import Experiment, Run
from studio.browser.actions import add_filter, row
from studio.browser.lab import Store
from studio.browser.test_compare import BARE, ODD, is_drawn

NAMES = ".grid-row:not(.grid-head) .run-link"
FEW = 2


@pytest.fixture(scope="module")
def sweep(store: Store) -> Iterator[Run]:
    """A run with more children than a screen has rows; one parameter makes their metric."""
    experiment = Experiment(store.workspace, "sweep")
    for _ in range(FEW):  # runs of the experiment that are nobody's children
        other = experiment.start_logging(**BARE)
        other.log("eval/loss", 0.0)
        other.complete()
    parent = experiment.start_logging(**BARE)
    for number in range(60):
        child = parent.child_run(name=f"child-{number:02}")
        child.log_params({"lr": number / 8, "opt": ("adam", "sgd")[number % 2], ODD: ODD})
        child.log("eval/loss", abs(number - 40) / 8)
        child.complete()
    parent.complete()
    yield parent
    for run in experiment.get_runs(include_children=True):
        run.delete()


def show(page: Page, run: Run, more: str = "") -> None:
    page.evaluate(f"location.hash = '#/run/{run.id}/children{more}'")
    expect(page.locator(NAMES).first).to_be_visible()


def names(page: Page) -> list[str]:
    return [one.partition(" ")[2] for one in page.locator(NAMES).all_inner_texts()]


def test_children_are_sorted_filtered_and_grouped_and_the_address_keeps_it(
    page: Page, store: Store, sweep: Run, visit: Callable[..., Page]
) -> None:
    show(page, sweep)
    expect(page.get_by_text("60 runs", exact=True)).to_be_visible()
    for title in ("lr", "opt", "eval/loss"):
        expect(page.get_by_role("columnheader", name=title, exact=True)).to_be_visible()
    page.get_by_role("button", name="eval/loss", exact=True).click()
    page.get_by_role("button", name="eval/loss", exact=True).click()
    expect(page.locator(NAMES).first).to_contain_text("child-40")
    add_filter(page, "params.lr > 6")
    expect(page.get_by_text("11 found", exact=True)).to_be_visible()
    page.get_by_label("Group by").select_option("params.opt")
    expect(page.locator(".is-group").first).to_contain_text("adam")

    other = visit(store.studio)
    other.goto(page.url)

    expect(other.get_by_text("11 found", exact=True)).to_be_visible()
    expect(other.locator(".is-group").first).to_contain_text("adam")
    page.go_back()
    expect(page.get_by_text("11 found", exact=True)).to_be_visible()
    page.go_back()
    expect(page.get_by_text("60 runs", exact=True)).to_be_visible()


def test_children_are_selected_and_what_is_done_is_done_to_them_alone(
    page: Page, sweep: Run
) -> None:
    show(page, sweep)
    page.get_by_role("grid").focus()
    page.keyboard.press("End")
    expect(page.locator(".grid-row.is-active").get_by_role("checkbox")).to_be_visible()
    assert names(page)[-1] == "child-00"
    page.get_by_role("checkbox", name="Select all runs").click()
    expect(page.get_by_text("60 selected", exact=True)).to_be_visible()
    page.keyboard.press("s")  # none of them goes on, and their parent is not meant
    expect(page.get_by_role("dialog")).to_have_count(0)
    page.keyboard.press("u")
    expect(page.get_by_text("0 selected", exact=True)).to_be_visible()
    page.get_by_role("grid").focus()
    page.keyboard.press("Home")
    page.keyboard.press("x")
    page.keyboard.press("j")
    page.keyboard.press("x")
    expect(page.get_by_text("2 selected", exact=True)).to_be_visible()
    page.keyboard.press("c")
    expect(page.get_by_role("heading", level=1)).to_have_text("Compare 2 runs")
    expect(page.get_by_role("list", name="Runs")).to_contain_text("child-59")


def test_a_sweep_is_drawn_above_its_table_and_follows_the_filter(page: Page, sweep: Run) -> None:
    show(page, sweep)
    picture = page.get_by_role("img", name="Parameters and eval/loss of 60 runs")
    expect(picture).to_be_visible()
    is_drawn(page)
    add_filter(page, "params.opt = sgd")
    expect(page.get_by_role("img", name=re.compile("of 30 runs$"))).to_be_visible()
    assert page.locator("main img").count() == 0
    fold = page.get_by_role("button", name="Parallel coordinates")
    fold.click()
    expect(page.locator(".drawing")).to_have_count(0)
    page.reload()
    expect(page.get_by_text("30 found", exact=True)).to_be_visible()
    expect(fold).to_have_attribute("aria-expanded", "false")


def test_the_best_child_is_named_and_is_one_click_away(page: Page, sweep: Run) -> None:
    page.evaluate(f"location.hash = '#/run/{sweep.id}'")
    best = page.get_by_role("link", name=re.compile("loss 0$"))
    best.click()
    expect(page.get_by_role("heading", level=1)).to_contain_text("child-40")


def test_numbers_of_children_are_whole_in_the_table(page: Page, store: Store) -> None:
    show(page, store.run("prepare-data", 1))
    value = page.get_by_role("button", name="0.033333", exact=True)
    expect(value).to_be_visible()
    assert value.evaluate("one => one.scrollWidth <= one.clientWidth")
    expect(value.locator("span")).to_have_attribute("title", str(0.1 / 3))


def test_a_child_that_appears_comes_into_the_table(page: Page, store: Store) -> None:
    parent = Experiment(store.workspace, "growing").start_logging(**BARE)
    try:
        page.evaluate(f"location.hash = '#/run/{parent.id}/children'")
        expect(page.get_by_role("heading", name="No children")).to_be_visible()
        parent.child_run(name="first").complete()
        expect(row(page, 2)).to_contain_text("Completed")
        parent.child_run(name="second").complete()
        expect(row(page, 3)).to_contain_text("Completed")
        expect(page.get_by_text("2 runs", exact=True)).to_be_visible()
        expect(page.locator(".drawing")).to_have_count(0)
    finally:
        parent.complete()
