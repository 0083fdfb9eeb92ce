"""What people do on the pages; each waits for what they would see next."""

from __future__ import annotations

import re

from playwright.sync_api import Locator, Page, expect


def row(page: Page, number: int) -> Locator:
    """The row of a run in the table."""
    link = page.get_by_role("link", name=re.compile(rf"#{number}\b"))
    return page.get_by_role("row").filter(has=link)


def add_filter(page: Page, text: str) -> None:
    """Type a condition, as a whole."""
    box = page.get_by_role("combobox", name="Filter runs")
    box.fill(text)
    box.press("Escape")
    box.press("Enter")


def open_page(page: Page, link: str, title: str) -> None:
    """By the links above every page."""
    nav = page.get_by_role("navigation", name="Pages")
    nav.get_by_role("link", name=link, exact=True).click()
    expect(page.get_by_role("heading", level=1)).to_have_text(title)


def open_experiment(page: Page, name: str) -> None:
    """From any page to the runs of an experiment."""
    open_page(page, "Experiments", "Experiments")
    page.get_by_role("link", name=name, exact=True).click()
    expect(page.get_by_role("heading", level=1)).to_have_text(name)


def open_run(page: Page, number: int) -> None:
    """From the table to a run."""
    row(page, number).get_by_role("link").first.click()
    expect(page.get_by_role("heading", level=1)).to_contain_text(re.compile(rf"#{number}\b"))
