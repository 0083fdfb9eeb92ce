"""Several tabs at once, and a server that is started again below them."""

from __future__ import annotations

from collections.abc import Callable
from urllib.parse import urlsplit

from playwright.sync_api import Browser, Page, expect

from homerun import Experiment
from studio.browser.lab import Studio
from studio.browser.test_charts import Lab, lab

__all__ = ["lab"]

TABS = 8


def test_eight_tabs_show_their_runs_and_what_changes_in_them(
    lab: Lab, visit: Callable[..., Page]
) -> None:
    run = Experiment(lab.workspace, "tabs").start_logging()
    run.log("loss", 1.0)
    tabs = [visit(lab.studio)]
    tabs += [tabs[0].context.new_page() for _ in range(TABS - 1)]
    for tab in tabs:
        lab.show(tab, f"/run/{run.id}/metrics")
        expect(tab.locator(".tiles dd")).to_have_text("1")
    run.log("accuracy", 0.75)
    run.tag("seen", "yes")
    for tab in tabs:
        expect(tab.locator(".tiles dd").nth(1)).to_have_text("0.75")
    run.complete()
    for tab in tabs:
        expect(tab.locator("header .status")).to_have_text("Completed")


def test_a_page_goes_on_when_its_server_is_started_again(lab: Lab, browser: Browser) -> None:
    run = Experiment(lab.workspace, "again").start_logging()
    run.log("loss", 1.0)
    first = Studio(lab.folder)
    page = browser.new_page()
    first.enter(page)
    page.goto(f"{first.address}#/run/{run.id}/metrics")
    expect(page.locator(".tiles dd")).to_have_text("1")
    first.close()
    expect(page.get_by_text("Connection lost. Reconnecting")).to_be_visible()
    page.get_by_role("link", name="Logs").click()
    run.complete()
    again = Studio(lab.folder, "--port", str(urlsplit(first.address).port))
    expect(page.locator("header .status")).to_have_text("Completed")
    expect(page.get_by_text("Connection lost")).to_have_count(0)
    expect(page.get_by_text("Studio does not answer")).to_have_count(0)
    page.close()
    again.close()
