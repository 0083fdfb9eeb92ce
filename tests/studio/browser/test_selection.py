"""What is selected is what the page says, in a store that is larger than a screen."""

from __future__ import annotations

import importlib.util
import os
import re
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from playwright.sync_api import Page, expect

from homerun import Workspace
from studio.browser.actions import add_filter, open_experiment
from studio.browser.lab import Studio

STORES = Path(__file__).parents[3] / "scripts" / "bench" / "stores.py"
RUNS = 4_800
IN_ONE = RUNS // 4  # more than the server changes at once
WAIT_MS = 60_000  # for thousands of runs, on a machine that does other things too
USUAL_MS = 5_000


@pytest.fixture(scope="module")
def studio(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Studio]:
    """A Studio over a store with thousands of runs."""
    spec = importlib.util.spec_from_file_location("stores", STORES)
    stores = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(stores)
    with pytest.MonkeyPatch.context() as patch:
        for name in [name for name in os.environ if name.startswith("HOMERUN_")]:
            patch.delenv(name)
        patch.setenv("XDG_CACHE_HOME", str(tmp_path_factory.mktemp("cache")))
        folder = tmp_path_factory.mktemp("many")
        stores.fill(str(folder / ".runs"), RUNS)
        workspace = Workspace.from_config(str(folder))
        assert next(workspace.get_runs(where=["tags.quality = good"]))  # makes the index
        made = Studio(folder)
        yield made
        made.close()


@pytest.fixture
def page(studio: Studio, visit: Callable[..., Page]) -> Iterator[Page]:
    """A page of that Studio, which is waited for as long as it takes."""
    made = visit(studio)
    made.set_default_timeout(WAIT_MS)
    expect.set_options(timeout=WAIT_MS)
    yield made
    expect.set_options(timeout=USUAL_MS)


def test_a_range_has_the_runs_that_were_never_in_view(page: Page) -> None:
    open_experiment(page, "fruits")
    page.get_by_role("row").nth(2).get_by_role("checkbox").click()
    expect(page.get_by_text("1 selected")).to_be_visible()
    page.get_by_role("grid").focus()
    page.keyboard.press("End")
    expect(page.locator(".grid-row.is-active").get_by_role("checkbox")).to_be_visible()
    page.keyboard.press("Shift+X")
    expect(page.get_by_text(f"{IN_ONE - 1:,} selected")).to_be_visible()
    expect(page.get_by_role("button", name="Compare")).to_be_enabled()
    page.keyboard.press("c")
    expect(page.get_by_role("heading", level=1)).to_have_text("Compare 50 runs")
    expect(page.get_by_text(f"the first of {IN_ONE - 1:,} that were selected")).to_be_visible()


def test_all_runs_are_selected_and_changed_as_they_were_confirmed(page: Page) -> None:
    page.keyboard.press("g")
    page.keyboard.press("r")
    expect(page.locator(".total")).to_have_text(re.compile(r"4,\d\d\d runs"))
    page.get_by_role("checkbox", name="Select all runs").click()
    of = int(page.locator(".total").inner_text().partition(" ")[0].replace(",", ""))
    expect(page.get_by_text(f"{of:,} selected")).to_be_visible(timeout=WAIT_MS)
    page.reload()
    expect(page.get_by_text(f"{of:,} selected")).to_be_visible(timeout=WAIT_MS)
    page.get_by_role("row").nth(3).get_by_role("checkbox").click()
    expect(page.get_by_text(f"{of - 1:,} selected")).to_be_visible()
    page.get_by_role("button", name="Delete").click()
    dialog = page.get_by_role("dialog")
    expect(dialog).to_contain_text(f"{of - 1:,} runs will be moved to the trash")
    dialog.get_by_role("button", name="Cancel").click()
    page.get_by_role("checkbox", name="Select all runs").click()
    expect(page.get_by_text("0 selected")).to_be_visible()


def test_after_all_are_selected_another_filter_ticks_none_of_its_rows(page: Page) -> None:
    open_experiment(page, "fruits")
    page.get_by_role("checkbox", name="Select all runs").click()
    expect(page.get_by_text(f"{IN_ONE:,} selected")).to_be_visible(timeout=WAIT_MS)
    expect(page.get_by_role("row", selected=True).first).to_be_visible()

    add_filter(page, "status = Completed")
    expect(page.locator(".total")).to_contain_text("found")
    expect(page.get_by_text(f"{IN_ONE:,} of another filter selected")).to_be_visible()
    expect(page.get_by_role("grid").get_by_role("checkbox", checked=True)).to_have_count(0)
    page.go_back()
    expect(page.get_by_text(f"{IN_ONE:,} selected")).to_be_visible()
    expect(page.get_by_role("row", selected=True).first).to_be_visible()

    page.go_forward()
    expect(page.get_by_text("of another filter selected")).to_be_visible()
    page.get_by_role("row").nth(1).get_by_role("checkbox").click()
    expect(page.get_by_text("1 selected", exact=True)).to_be_visible()


def test_a_selection_too_long_for_the_address_is_there_after_a_sort_and_back(page: Page) -> None:
    open_experiment(page, "fruits")
    page.get_by_role("row").nth(1).get_by_role("checkbox").click()
    for number in range(2, 42):
        page.keyboard.press("j")
        expect(page.get_by_role("row").and_(page.locator(".is-active"))).to_have_attribute(
            "aria-rowindex", str(number + 1)
        )
    page.keyboard.press("Shift+X")
    expect(page.get_by_text("41 selected")).to_be_visible(timeout=WAIT_MS)
    page.get_by_role("button", name="Duration", exact=True).click()
    expect(page.get_by_role("columnheader", name="Duration")).to_have_attribute(
        "aria-sort", "descending"
    )
    expect(page.get_by_role("grid")).to_have_attribute("aria-busy", "false")
    page.get_by_role("row").nth(1).get_by_role("link").first.click()
    expect(page.get_by_role("navigation", name="Sections of the run")).to_be_visible()
    page.go_back()
    expect(page.get_by_text("41 selected")).to_be_visible()
    page.reload()
    expect(page.get_by_text("41 selected")).to_be_visible()


def test_more_runs_than_the_server_takes_at_once_are_changed_together(page: Page) -> None:
    open_experiment(page, "houses")
    page.get_by_role("checkbox", name="Select all runs").click()
    expect(page.get_by_text(f"{IN_ONE:,} selected")).to_be_visible(timeout=WAIT_MS)
    page.get_by_role("button", name="Tag", exact=True).click()
    dialog = page.get_by_role("dialog")
    dialog.get_by_label("Tag", exact=True).fill("all")
    dialog.get_by_role("button", name="Set the tag").click()
    expect(page.get_by_text(f"Tagged {IN_ONE:,} runs.")).to_be_visible(timeout=WAIT_MS)
