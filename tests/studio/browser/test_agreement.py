"""What two places say of one thing agrees."""

from __future__ import annotations

import re

from playwright.sync_api import Page, Route, expect

from homerun import Experiment, Workspace
from studio.browser import example
from studio.browser.actions import row
from studio.browser.lab import Store, wait_for_calm

BARE = {"snapshot_directory": None, "outputs": False}
WAIT_MS = 20_000


def go(page: Page, place: str) -> None:
    page.evaluate("place => { location.hash = place }", place)
    wait_for_calm(page)


def test_the_front_of_a_scatter_is_of_what_is_better_by_the_metrics_name(
    page: Page, store: Store
) -> None:
    runs = [store.run("digits", number) for number in (1, 2, 3)]
    ids = ",".join(run.id for run in runs)
    go(page, f"#/compare?ids={ids}&tab=scatter&sx=metrics.loss&sy=metrics.accuracy&front=1")
    more_x, more_y = page.get_by_label("More x is better"), page.get_by_label("More y is better")
    expect(more_y).to_be_checked()
    expect(more_x).not_to_be_checked()
    page.get_by_text("Scatter as a table").click()
    best = page.get_by_role("row").filter(has_text=f"digits #{runs[2].number}")
    expect(best.get_by_role("cell").last).to_have_text("yes")
    expect(page.get_by_role("cell", name="yes", exact=True)).to_have_count(1)

    more_y.uncheck()
    page.reload()

    expect(more_x).not_to_be_checked()
    expect(more_y).not_to_be_checked()
    page.get_by_role("combobox", name="y", exact=True).select_option("metrics.grad_norm")
    page.get_by_role("combobox", name="y", exact=True).select_option("metrics.accuracy")
    expect(more_y).to_be_checked()


def test_the_overview_says_once_what_a_metric_is_now(page: Page, store: Store) -> None:
    go(page, f"#/run/{store.run('digits', 1).id}")
    chart = page.get_by_role("figure", name="loss")
    expect(chart.get_by_role("img")).to_be_visible()
    expect(chart.locator(".figure")).to_have_text("")
    chart.get_by_role("img").hover()
    expect(chart.locator(".figure")).to_have_text(re.compile(r"^\d"))


def test_a_group_and_its_runs_change_together(page: Page, workspace: Workspace) -> None:
    run = Experiment(workspace, "together").start_logging(**BARE)
    run.tag("kind", "only")
    go(page, "#/runs?experiment=together&group=tags.kind&show=table")
    group = page.locator(".is-group")
    expect(group.get_by_role("img", name="1 Running")).to_be_visible()
    expect(row(page, run.number)).to_contain_text("Running")
    held: list[Route] = []

    def hold(asked: Route) -> None:
        held.append(asked)

    page.route(re.compile(r"/api/runs\?"), hold)
    with page.expect_request(re.compile(r"/api/runs\?"), timeout=WAIT_MS):
        run.complete()
    page.evaluate("() => new Promise((told) => requestAnimationFrame(() => told()))")
    expect(row(page, run.number)).to_contain_text("Running")

    page.unroute_all()  # which lets those go that are held

    expect(group.get_by_role("img", name="1 Completed")).to_be_visible(timeout=WAIT_MS)
    expect(row(page, run.number)).to_contain_text("Completed")
    run.delete()


def test_a_log_that_is_written_has_its_size_in_one_place_and_a_run_without_a_slot_is_told(
    page: Page, store: Store, workspace: Workspace
) -> None:
    live = example.submit(workspace, "digits", store.folder, "live.py")
    expect(page.get_by_role("region", name="This machine", exact=True)).to_contain_text(
        re.compile(r"0 of \d+ slots? busy; 1 run active, outside the slots"), timeout=WAIT_MS
    )
    go(page, "#/targets")
    expect(page.locator(".target").first).to_contain_text("1 run active, outside the slots")
    go(page, f"#/run/{live.id}/logs")
    expect(page.locator(".log-foot")).to_contain_text("still being written", timeout=WAIT_MS)
    live_log = page.get_by_label("Which log").locator("option").filter(has_text="std_log")
    expect(live_log).not_to_contain_text("(")
    page.goto("about:blank")  # else it may ask for the run when that is gone
    live.cancel()
    live.delete()


def test_all_charts_of_the_machine_are_on_one_clock(page: Page, store: Store) -> None:
    go(page, f"#/run/{store.run('digits', 2).id}/system")
    later = page.get_by_role("figure", name="system/cpu_percent")
    expect(later.get_by_role("img")).to_be_visible()
    later.get_by_role("img").focus()
    page.keyboard.press("Home")  # it has no number in the first sample, five seconds earlier
    expect(later.locator(".chart-tip")).to_contain_text("5 s")
