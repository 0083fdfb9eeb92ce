"""`make pictures`: the pictures in the documents, of the pages as they are, from real runs."""

from __future__ import annotations

import asyncio
import sys
import tempfile
from pathlib import Path

from playwright.sync_api import Browser, ViewportSize, sync_playwright

from helpers.wait import wait_until
from homerun import Experiment, ScriptRunConfig, Workspace
from homerun.cli.top.app import Top
from homerun.cli.top.deeds import Deeds
from homerun.views.live.watchlist import Scope, Watchlist
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

LINES = (108, 20)
"""The columns and lines of the terminal."""
HOG = """
import argparse, math, time
from homerun import Run

parser = argparse.ArgumentParser()
parser.add_argument("--lr", type=float)
parser.add_argument("--mb", type=int)
given = parser.parse_args()
run = Run.get_context()
held = bytearray(given.mb << 20)
for step in range(1000):
    for at in range(0, len(held), 4096):
        held[at] = 1
    run.log("loss", 2 * math.exp(-given.lr * step / 50) + 0.1)
    run.log("progress", step / 1000)
    time.sleep(0.1)
"""
HOGS = ((0.1, 600), (0.05, 300), (0.2, 100))


def take(folder: Path) -> None:
    """Take the pictures: `<name>.png`."""
    with tempfile.TemporaryDirectory() as scratch:
        drawn = top(Path(scratch) / "top")  # in a loop of its own, which the browser's forbids
        _take(folder, Path(scratch) / "lab", drawn)


def _take(folder: Path, lab: Path, drawn: str) -> None:
    with sync_playwright() as play:
        store = Store(lab)
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
            _photograph(browser, drawn, folder / "top.png")
        finally:
            browser.close()
            store.studio.close()


def top(folder: Path) -> str:
    """`homerun top` over three runs that go on, as an SVG."""
    source = folder / "source"
    source.mkdir(parents=True)
    (source / "train.py").write_text(HOG, encoding="utf-8")
    workspace = Workspace.from_config(str(folder))
    digits = Experiment(workspace, "digits")
    runs = [
        digits.submit(ScriptRunConfig(str(source), "train.py", ["--lr", str(lr), "--mb", str(mb)]))
        for lr, mb in HOGS
    ]
    try:
        sampled = ["memory > 1MB", "cpu_percent > 0"]
        wait_until(lambda: len(list(workspace.get_runs(where=sampled))) == 3, "all are sampled")
        with Watchlist(workspace.store, Scope(), lambda: None) as watched:
            app = Top(lambda: Deeds(workspace, watched.board), watched, minimizes=lambda _: True)
            return asyncio.run(_drawn(app))
    finally:
        for run in runs:
            run.cancel()


async def _drawn(app: Top) -> str:
    async with app.run_test(size=LINES) as pilot:
        shown = ""
        while shown.count("~") < len(HOGS) or "progress" not in shown:  # how long each still takes
            await pilot.pause(0.1)
            shown = app.export_screenshot(title="homerun top")
        return shown


def _photograph(browser: Browser, drawn: str, path: Path) -> None:
    page = browser.new_page(viewport={"width": 1200, "height": 900})
    page.set_content(f"<body style='margin: 0'>{drawn}</body>")
    page.locator("svg").first.screenshot(path=str(path))
    page.close()


if __name__ == "__main__":
    take(Path(sys.argv[1]))
