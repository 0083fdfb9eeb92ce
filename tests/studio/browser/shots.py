"""`make studio-shots`: pictures of every page, at three widths, in both themes, to look at."""

from __future__ import annotations

import itertools
import sys
import tempfile
from pathlib import Path

from playwright.sync_api import Page, Request, ViewportSize, sync_playwright

from studio.browser import example
from studio.browser.lab import BROWSER, Store, wait_for_calm
from studio.browser.places import places

SIZES: dict[str, ViewportSize] = {
    "wide": {"width": 1440, "height": 900},
    "tablet": {"width": 1024, "height": 1000},
    "phone": {"width": 390, "height": 844},
}
FRAMES = 12
IS_STILL = """() => new Promise((told) => requestAnimationFrame(() => {
    const all = (selector) => [...document.querySelectorAll(selector)];
    const isShown = (one) => one.offsetWidth > 0;
    const isBare = (one) => isShown(one) && !one.querySelector("canvas");
    const ends = (one) => one.effect.getTiming().iterations !== Infinity;
    const isMoving = (one) => one.playState === "running" && ends(one);
    const isLoading = (one) => !one.complete;
    told(![...all(".chart-frame").filter(isBare), ...document.getAnimations().filter(isMoving),
           ...all("img").filter(isLoading)].length);
}))"""
"""Charts have their pictures, images are there, and nothing but what turns for ever moves."""
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
                reading = Reading(page)
                store.studio.enter(page)
                for name, place in shown.items():
                    if not only or name in only:
                        page.goto(f"{store.studio.address}#{place}")
                        reading.settle(page)
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


class Reading:
    """What a page is still reading, but for the stream of events, which never ends."""

    def __init__(self, page: Page) -> None:
        self.asked: set[Request] = set()
        page.on("request", lambda one: "/api/events" in one.url or self.asked.add(one))
        page.on("requestfinished", self._end)
        page.on("requestfailed", self._end)

    def _end(self, request: Request) -> None:
        self.asked.discard(request)

    def settle(self, page: Page) -> None:
        """Until all is read and drawn, and nothing moves, for some frames in a row."""
        still = 0
        while still < FRAMES:
            wait_for_calm(page)
            still = still + 1 if page.evaluate(IS_STILL) and not self.asked else 0


if __name__ == "__main__":
    shoot(Path(sys.argv[1]), set(sys.argv[2:]))
