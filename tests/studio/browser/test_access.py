"""Nothing that axe finds: names, roles, contrast, order, in both themes and on a phone."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest
from playwright.sync_api import Page

import homerun
from studio.browser.lab import Store, wait_for_calm
from studio.browser.places import places

AXE = Path(homerun.__file__).parent / "studio" / "web" / "node_modules" / "axe-core" / "axe.min.js"
PHONE = {"width": 390, "height": 844}
HERE = """[...document.querySelectorAll("nav a[aria-current]")].flatMap((one) => {
    const {left, right} = one.getBoundingClientRect();
    return left < -1 || right > innerWidth + 1 ? [one.innerText] : [];
})"""
"""Links to where one is that are out of sight, to the left or to the right."""


def violations(page: Page) -> list[str]:
    """What axe complains about, in a line each."""
    found = page.evaluate("axe.run(document, {resultTypes: ['violations']})")["violations"]
    return [f"{one['id']}: {node['html'][:160]}" for one in found for node in one["nodes"]]


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_axe_finds_nothing_on_any_page(
    store: Store, visit: Callable[..., Page], scheme: str
) -> None:
    page = visit(store.studio, color_scheme=scheme)
    found = {}
    for name, place in places(store).items():
        page.goto(f"{store.studio.address}#{place}")
        page.evaluate(AXE.read_text(encoding="utf-8"))
        wait_for_calm(page)
        if wrong := violations(page):
            found[name] = wrong
    assert found == {}


def test_axe_finds_nothing_on_a_phone_and_in_dialogs(
    store: Store, visit: Callable[..., Page]
) -> None:
    page = visit(store.studio, viewport=PHONE)
    page.evaluate(AXE.read_text(encoding="utf-8"))
    page.get_by_role("button", name="Keys and help").click()
    assert violations(page) == []
    page.keyboard.press("Escape")
    page.goto(f"{store.studio.address}#{places(store)['runs']}")
    wait_for_calm(page)
    page.get_by_role("button", name="Columns").click()
    assert violations(page) == []
    page.keyboard.press("Escape")
    wide = "document.documentElement.scrollWidth - document.documentElement.clientWidth"
    for name, place in places(store).items():
        page.goto(f"{store.studio.address}#{place}")
        wait_for_calm(page)
        assert page.evaluate(wide) <= 0, f"{name} is wider than a phone"
        assert page.evaluate(HERE) == [], f"on {name} it is not seen where one is"
