"""`make pictures`: the pictures in the documents, of the pages as they are, from real runs."""

from __future__ import annotations

import sys
import tempfile
from pathlib import Path

from playwright.sync_api import ViewportSize, sync_playwright

from studio.browser.lab import BROWSER, Store
from studio.browser.places import places
from studio.browser.shots import Reading

SHAPE: ViewportSize = {"width": 1280, "height": 800}
NAMES = {
    "studio-runs": "split",
    "studio-run": "run",
    "studio-logs": "logs",
    "studio-compare": "compare",
    "studio-system": "system",
}
"""What a picture is called, and the place that it shows."""


def take(folder: Path) -> None:
    """Take the pictures: `<name>.png`."""
    with tempfile.TemporaryDirectory() as scratch, sync_playwright() as play:
        store = Store(Path(scratch) / "lab")
        browser = play.chromium.launch(executable_path=BROWSER, args=["--no-sandbox"])
        try:
            page = browser.new_page(viewport=SHAPE, color_scheme="light")
            reading = Reading(page)
            store.studio.enter(page)
            shown = places(store)
            for name, place in NAMES.items():
                page.goto(f"{store.studio.address}#{shown[place]}")
                reading.settle(page)
                page.screenshot(path=str(folder / f"{name}.png"))
        finally:
            browser.close()
            store.studio.close()


if __name__ == "__main__":
    take(Path(sys.argv[1]))
