"""`make studio-shots`: pictures of every page, at three widths, in both themes, to look at."""

from __future__ import annotations

import itertools
import sys
import tempfile
from pathlib import Path

from playwright.sync_api import Page, ViewportSize, sync_playwright

from helpers.wait import holds_within
from studio.browser import example
from studio.browser.lab import BROWSER, Store, wait_for_calm
from studio.browser.places import places

SIZES: dict[str, ViewportSize] = {
    "wide": {"width": 1280, "height": 800},
    "tablet": {"width": 820, "height": 1100},
    "phone": {"width": 390, "height": 844},
}
SETTLE_S = 0.5
FIND = "find"
"""The palette, which has no place of its own."""
LIVE = {"live": "", "live-logs": "/logs"}


def shoot(folder: Path, only: set[str]) -> None:
    """Take the pictures: `<page>-<size>-<theme>.png`."""
    folder.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory() as scratch, sync_playwright() as play:
        store = Store(Path(scratch) / "lab")
        going = example.go_on(store.workspace, store.folder)
        _put_away(store)
        shown = {name: f"/run/{going[0].id}{part}" for name, part in LIVE.items()}
        shown.update(places(store))
        browser = play.chromium.launch(executable_path=BROWSER, args=["--no-sandbox"])
        try:
            for theme, (size, shape) in itertools.product(("light", "dark"), SIZES.items()):
                session = store.studio.session
                page = browser.new_page(viewport=shape, color_scheme=theme, storage_state=session)
                store.studio.enter(page)
                for name, place in shown.items():
                    if not only or name in only:
                        page.goto(f"{store.studio.address}#{place}")
                        _settle(page)
                        page.screenshot(path=str(folder / f"{name}-{size}-{theme}.png"))
                if not only or FIND in only:
                    page.keyboard.press("Control+k")
                    page.keyboard.type("d")
                    page.get_by_role("option").nth(5).wait_for()
                    page.screenshot(path=str(folder / f"{FIND}-{size}-{theme}.png"))
                page.close()
        finally:
            browser.close()
            for run in reversed(going):
                run.cancel()
            store.studio.close()


def _put_away(store: Store) -> None:
    """Something for the page of the trash."""
    store.run("digits", 5).delete()
    run = example.submit(store.workspace, "long-ago", store.folder, "broken.py")
    run.wait_for_completion(raise_on_error=False)
    run.experiment.archive()


def _settle(page: Page) -> None:
    wait_for_calm(page)
    holds_within(lambda: False, SETTLE_S)  # what is drawn, and moves, comes to rest


if __name__ == "__main__":
    shoot(Path(sys.argv[1]), set(sys.argv[2:]))
