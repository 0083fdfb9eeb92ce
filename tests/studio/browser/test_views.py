"""Saved views, by clicks and keys alone: made, shared, edited by two, and deleted."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from playwright.sync_api import Locator, Page, expect

from homerun import Experiment
from homerun.assets import saved_views
from studio.browser.actions import add_filter, open_experiment, open_page, row
from studio.browser.lab import Store

WIDE = {"width": 1440, "height": 900}


@pytest.fixture(autouse=True)
def no_views(store: Store) -> Iterator[None]:
    """Each test begins and ends without any."""
    yield
    for one in saved_views.stored(store.workspace.store):
        saved_views.remove(store.workspace.store, one.id)


def tabs(page: Page) -> Locator:
    return page.get_by_role("navigation", name="Views")


def baseline_of(page: Page) -> Locator:
    """The row that stays below the heading."""
    return page.locator(".grid-row.is-baseline")


def save_as(page: Page, name: str) -> None:
    page.get_by_role("button", name=re.compile("Save view|Save as")).click()
    page.get_by_role("dialog").get_by_label("Name").fill(name)
    page.get_by_role("dialog").get_by_role("button", name="Save", exact=True).click()
    expect(tabs(page).get_by_role("link", name=name)).to_have_attribute("aria-current", "page")


def choose(page: Page, menu: str, item: str) -> None:
    page.get_by_role("button", name=menu).click()
    page.get_by_role("menuitem", name=item).or_(
        page.get_by_role("menuitemcheckbox", name=item)
    ).click()


def test_a_view_is_saved_shared_renamed_edited_copied_and_deleted(
    store: Store, page: Page, visit: Callable[..., Page]
) -> None:
    open_experiment(page, "digits")
    page.get_by_role("group", name="Quick filters").get_by_role("button", name="Failed").click()
    page.get_by_label("Group by").select_option("status")
    page.get_by_role("columnheader", name="Status").hover()
    choose(page, "Column Created", "Pin left")
    save_as(page, "Broken")

    page.reload()
    expect(page.get_by_text("status = Failed", exact=True)).to_be_visible()
    expect(page.get_by_label("Group by")).to_have_value("status")
    expect(page.get_by_role("columnheader").nth(2)).to_have_text("Created")

    other = visit(store.studio)
    other.goto(page.url)
    expect(other.get_by_text("status = Failed", exact=True)).to_be_visible()
    expect(tabs(other).get_by_role("link", name="Broken")).to_have_attribute("aria-current", "page")

    choose(page, "What can be done with Broken", "Rename")
    page.get_by_role("dialog").get_by_label("Name").fill("What failed")
    page.get_by_role("dialog").get_by_role("button", name="Save", exact=True).click()
    expect(tabs(other).get_by_role("link", name="What failed")).to_be_visible()

    page.get_by_label("Group by").select_option("")
    expect(page.get_by_role("img", name="changed")).to_be_visible()
    page.get_by_role("button", name="Save", exact=True).click()
    expect(page.get_by_role("img", name="changed")).to_have_count(0)
    expect(other.get_by_label("Group by")).to_have_value("")

    choose(page, "What can be done with What failed", "Copy …")
    page.get_by_role("dialog").get_by_role("button", name="Save", exact=True).click()
    expect(tabs(page).get_by_role("link")).to_have_text(
        ["All", "What failed", "What failed (copy)"]
    )

    choose(page, "What can be done with What failed (copy)", "Delete")
    page.get_by_role("dialog").get_by_role("button", name="Delete the view").click()
    expect(tabs(page).get_by_role("link")).to_have_text(["All", "What failed"])
    page.get_by_role("button", name="Undo").click()
    expect(tabs(page).get_by_role("link", name="What failed (copy)")).to_be_visible()


def test_of_two_who_edit_one_view_the_second_is_told_and_loses_nothing(
    store: Store, page: Page, visit: Callable[..., Page]
) -> None:
    open_experiment(page, "digits")
    add_filter(page, "status = Completed")
    save_as(page, "Ours")
    other = visit(store.studio)
    other.goto(page.url)
    expect(tabs(other).get_by_role("link", name="Ours")).to_have_attribute("aria-current", "page")

    add_filter(other, "created > 7d")
    expect(other.get_by_role("img", name="changed")).to_be_visible()
    add_filter(page, "duration > 0s")
    page.get_by_role("button", name="Save", exact=True).click()
    expect(page.get_by_text("Saved Ours.")).to_be_visible()

    expect(other.get_by_role("alert")).to_contain_text("has changed this view meanwhile")
    expect(other.get_by_text("created > 7d", exact=True)).to_be_visible()
    expect(other.get_by_role("button", name="Save", exact=True)).to_have_count(0)
    save_as(other, "Mine")
    expect(tabs(page).get_by_role("link")).to_have_text(["All", "Mine", "Ours"])
    other.go_back()
    other.get_by_role("button", name="Show the saved one").click()
    expect(other.get_by_text("duration > 0s", exact=True)).to_be_visible()
    expect(other.get_by_text("created > 7d", exact=True)).to_have_count(0)


def test_a_view_of_charts_a_filter_groups_and_a_baseline_is_shared_edited_by_two_and_deleted(
    store: Store, visit: Callable[..., Page]
) -> None:
    page = visit(store.studio, viewport=WIDE)
    open_experiment(page, "digits")
    page.get_by_role("grid").get_by_role("button", name="quality good").first.click()
    expect(page.locator(".total")).to_have_text("3 found")
    page.get_by_role("searchbox", name="Find a metric").click()
    page.keyboard.type("loss|accuracy")
    page.get_by_label("Group by").select_option("params.lr")
    row(page, 3).hover()
    row(page, 3).get_by_role("button", name="Run 3 as the baseline").click()
    save_as(page, "Good")
    expect(page.get_by_role("img", name="changed")).to_have_count(0)

    def is_whole(of: Page, baseline: int) -> None:
        expect(of.get_by_text("tags.quality = good", exact=True)).to_be_visible()
        expect(of.get_by_label("Group by")).to_have_value("params.lr")
        expect(baseline_of(of)).to_contain_text(f"#{baseline}")
        charts = of.get_by_role("region", name="Charts of runs").get_by_role("figure")
        expect(charts).to_have_count(2)
        for name in ("accuracy", "loss"):
            expect(charts.and_(of.get_by_label(name)).locator("canvas")).to_be_visible()

    page.reload()
    is_whole(page, 3)
    choose(page, "What can be done with Good", "Rename")
    page.get_by_role("dialog").get_by_label("Name").fill("Good ones")
    page.get_by_role("dialog").get_by_role("button", name="Save", exact=True).click()
    expect(tabs(page).get_by_role("link", name="Good ones")).to_be_visible()

    other = visit(store.studio, viewport=WIDE)
    other.goto(page.url)
    expect(tabs(other).get_by_role("link", name="Good ones")).to_have_attribute(
        "aria-current", "page"
    )
    is_whole(other, 3)

    row(other, 1).first.hover()
    row(other, 1).get_by_role("button", name="Run 1 as the baseline").click()
    other.get_by_role("button", name="Save", exact=True).click()
    expect(other.get_by_text("Saved Good ones.")).to_be_visible()
    is_whole(page, 1)
    page.get_by_label("Group by").select_option("")
    page.get_by_role("button", name="Save", exact=True).click()
    expect(other.get_by_label("Group by")).to_have_value("")
    expect(baseline_of(other)).to_contain_text("#1")

    choose(page, "What can be done with Good ones", "Delete")
    page.get_by_role("dialog").get_by_role("button", name="Delete the view").click()
    expect(tabs(page).get_by_role("link")).to_have_text(["All"])
    expect(other.get_by_text("This view was deleted")).to_be_visible()
    expect(baseline_of(other)).to_contain_text("#1")


def test_a_baseline_is_set_by_keys_stays_in_sight_and_is_what_others_are_compared_with(
    page: Page,
) -> None:
    open_experiment(page, "digits")
    add_filter(page, "tags.quality = fair")
    expect(page.locator(".total")).to_have_text("3 found")
    page.get_by_role("grid").focus()
    page.keyboard.press("End")
    page.keyboard.press("b")
    expect(baseline_of(page)).to_contain_text("#2")
    add_filter(page, "number > 3")
    expect(page.locator(".total")).to_have_text("2 found")
    expect(baseline_of(page)).to_contain_text("#2")
    row(page, 4).get_by_role("checkbox").click()
    page.get_by_role("button", name="Compare").click()
    expect(page.get_by_role("heading", level=1)).to_have_text("Compare 2 runs")
    page.get_by_role("link", name="Differences").click()
    heads = page.get_by_role("region", name="Comparison").get_by_role("columnheader")
    expect(heads.first).to_contain_text("#2")
    expect(heads.first).to_contain_text("baseline")


def test_an_experiment_begins_with_its_default_view(page: Page) -> None:
    open_experiment(page, "digits")
    add_filter(page, "status = Completed")
    save_as(page, "Good")
    choose(page, "What can be done with Good", "Default of this experiment")
    expect(page.get_by_text("digits begins with it now.")).to_be_visible()

    open_experiment(page, "digits")
    expect(page.get_by_text("status = Completed", exact=True)).to_be_visible()
    tabs(page).get_by_role("link", name="All").click()
    expect(page.get_by_text("status = Completed", exact=True)).to_have_count(0)


def test_what_is_selected_is_downloaded_as_one_page(page: Page) -> None:
    open_experiment(page, "digits")
    row(page, 1).get_by_role("checkbox").click()
    with page.expect_download() as told:
        page.get_by_role("button", name="Report").click()
    text = Path(told.value.path()).read_text()
    assert "<svg" in text
    assert "1 run<" in text


def test_each_change_of_the_filter_is_a_step_back(page: Page) -> None:
    open_experiment(page, "digits")
    quick = page.get_by_role("group", name="Quick filters")
    quick.get_by_role("button", name="Failed").click()
    quick.get_by_role("button", name="Running").click()
    expect(page.get_by_text("status in (Failed, Running)", exact=True)).to_be_visible()
    quick.get_by_role("button", name="Last 24 h").click()
    expect(page.get_by_text("created > 1d", exact=True)).to_be_visible()
    expect(page.get_by_role("alert")).to_have_count(0)
    page.go_back()
    page.go_back()
    expect(page.get_by_text("status = Failed", exact=True)).to_be_visible()
    page.go_back()
    expect(page.locator(".chip.is-condition")).to_have_count(0)


def test_a_click_on_a_value_filters_by_it_and_with_alt_excludes_it(page: Page) -> None:
    open_experiment(page, "digits")
    page.get_by_role("grid").get_by_role("button", name="Completed").first.click()
    expect(page.get_by_text("status = Completed", exact=True)).to_be_visible()
    expect(page.locator(".total")).to_contain_text("found")
    page.get_by_role("grid").get_by_role("button", name="Completed").first.click(modifiers=["Alt"])
    expect(page.get_by_text("status != Completed", exact=True)).to_be_visible()


def test_a_selection_is_there_again_after_comparing(store: Store, page: Page) -> None:
    open_experiment(page, "digits")
    for number in (1, 2):
        row(page, number).get_by_role("checkbox").click()
    page.get_by_role("button", name="Compare").click()
    expect(page.get_by_role("heading", level=1)).to_have_text("Compare 2 runs")
    page.go_back()
    expect(page.get_by_text("2 selected")).to_be_visible()
    expect(row(page, 1).get_by_role("checkbox")).to_be_checked()
    add_filter(page, "number = 1")
    expect(page.get_by_text("2 selected, 1 hidden by the filter")).to_be_visible()


def test_a_selected_run_that_leaves_the_filter_is_told_of(store: Store, page: Page) -> None:
    run = Experiment(store.workspace, "leaving").start_logging(snapshot_directory=None)
    open_experiment(page, "leaving")
    add_filter(page, "status = Running")
    row(page, 1).get_by_role("checkbox").click()
    expect(page.get_by_text("1 selected", exact=True)).to_be_visible()
    run.complete()
    expect(page.get_by_text("1 selected, 1 hidden by the filter")).to_be_visible()
    run.delete()


def test_what_is_not_saved_and_what_is_selected_outlive_a_change_of_the_view(page: Page) -> None:
    open_experiment(page, "digits")
    add_filter(page, "status = Completed")
    save_as(page, "Kept")
    row(page, 1).get_by_role("checkbox").click()
    add_filter(page, "duration > 0s")
    choose(page, "What can be done with Kept", "Rename")
    page.get_by_role("dialog").get_by_label("Name").fill("Kept on")
    page.get_by_role("dialog").get_by_role("button", name="Save", exact=True).click()
    expect(tabs(page).get_by_role("link", name="Kept on")).to_be_visible()
    choose(page, "What can be done with Kept on", "Default of this experiment")
    expect(page.get_by_text("digits begins with it now.")).to_be_visible()
    expect(page.get_by_text("duration > 0s", exact=True)).to_be_visible()
    expect(page.get_by_role("img", name="changed")).to_be_visible()
    page.get_by_role("button", name="Save", exact=True).click()
    expect(page.get_by_text("Saved Kept on.")).to_be_visible()
    expect(page.get_by_role("img", name="changed")).to_have_count(0)
    expect(page.get_by_text("duration > 0s", exact=True)).to_be_visible()
    expect(page.get_by_text("1 selected", exact=True)).to_be_visible()
    save_as(page, "Another")
    expect(page.get_by_text("1 selected", exact=True)).to_be_visible()


def test_a_drag_of_a_columns_border_writes_the_address_once(page: Page) -> None:
    open_experiment(page, "digits")
    page.evaluate(
        "() => { window.writes = []; const write = history.replaceState.bind(history);"
        " history.replaceState = (...all) => { window.writes.push(all[2]); write(...all); }; }"
    )
    head = page.get_by_role("columnheader", name="Status")
    before = head.bounding_box()["width"]
    grip = head.locator(".grip").bounding_box()
    page.mouse.move(grip["x"] + 2, grip["y"] + 5)
    page.mouse.down()
    page.mouse.move(grip["x"] + 62, grip["y"] + 5, steps=30)
    expect(head).to_have_js_property("offsetWidth", round(before + 60))
    assert page.evaluate("window.writes.filter((one) => /widths/.test(one))") == []
    page.mouse.up()
    expect(page).to_have_url(re.compile(f"widths=status%3A{round(before + 60)}"))
    assert page.evaluate("window.writes.filter((one) => /widths/.test(one)).length") == 1


def test_columns_are_moved_hidden_and_sorted_by_their_headings(page: Page) -> None:
    open_page(page, "Runs", "All runs")
    heads = page.get_by_role("columnheader")
    expect(heads.nth(2)).to_have_text("Status")
    choose(page, "Column Status", "Hide")
    expect(page.get_by_role("columnheader", name="Status")).to_have_count(0)
    first = heads.nth(2).inner_text()
    second = heads.nth(3).inner_text()
    heads.nth(3).drag_to(heads.nth(2))
    expect(heads.nth(2)).to_have_text(second)
    expect(heads.nth(3)).to_have_text(first)
    choose(page, "Column Duration", "Sort descending")
    expect(page.get_by_role("columnheader", name="Duration")).to_have_attribute(
        "aria-sort", "descending"
    )
    choose(page, "Column Duration", "Filter by")
    expect(page.get_by_role("combobox", name="Filter runs")).to_have_value("duration_s ")


def test_charts_stand_beside_the_table_and_a_view_keeps_them(
    store: Store, page: Page, visit: Callable[..., Page]
) -> None:
    clicks = 0
    open_experiment(page, "digits")
    page.keyboard.press("v")
    charts = page.get_by_role("region", name="Charts of runs")
    expect(charts.get_by_role("figure").first).to_be_visible()
    eyes = page.get_by_role("button", name=re.compile("Run .* in the charts"))
    shown = page.get_by_role("button", name=re.compile("Run .* in the charts"), pressed=True)
    expect(shown.first).to_be_visible()
    before = shown.count()
    eyes.first.click()
    clicks += 1
    expect(shown).to_have_count(before - 1)
    page.keyboard.press("j")
    page.keyboard.press("e")
    expect(shown).to_have_count(before - 2)
    page.keyboard.press("e")
    expect(shown).to_have_count(before - 1)
    border = page.get_by_role("separator", name="Border between table and charts")
    border.focus()
    page.keyboard.press("ArrowLeft")
    expect(border).to_have_attribute("aria-valuenow", "45")
    page.get_by_label("Group by").select_option("params.lr")
    clicks += 1
    save_as(page, "Side by side")
    clicks += 2
    assert clicks == 4

    other = visit(store.studio)
    other.goto(page.url)
    border = other.get_by_role("separator", name="Border between table and charts")
    expect(border).to_have_attribute("aria-valuenow", "45")
    # Charts of groups have all runs of these, but for the one that was taken out.
    hidden = other.get_by_role("button", name=re.compile("Run .* in the charts"), pressed=False)
    expect(hidden).to_have_count(1)
    other.get_by_role("button", name="Charts", exact=True).click()
    expect(other.get_by_role("grid")).to_have_count(0)
    other.go_back()
