"""Studio as a browser feels it: 10,000 runs in a table, and a log of 1 GB that is being written.

make bench-studio
"""

from __future__ import annotations

import os
import tempfile
import threading
import time
from collections.abc import Callable
from pathlib import Path

import stores
from playwright.sync_api import Page, sync_playwright

from homerun import Workspace
from studio.browser.lab import BROWSER, Studio

RUNS = 10_000
LOG = 1_000_000_000
_LINE = "step {:09d}  loss 0.12345  accuracy 0.98765  and some words that fill the line\n"
_ROW = ".grid-row:not(.grid-head) .run-link"
_CHANGE = """async (to) => {
  const shown = () => [...document.querySelectorAll(".run-link, .total")];
  const look = () => shown().map((one) => one.textContent).join();
  const [before, start] = [look(), performance.now()];
  location.hash = to;
  while (look() === before) await new Promise(requestAnimationFrame);
  return performance.now() - start;
}"""


def main() -> None:
    """Print each figure beside its budget."""
    with tempfile.TemporaryDirectory() as scratch, sync_playwright() as play:
        log = _fill(Path(scratch))
        stop = threading.Event()
        writer = threading.Thread(target=_write_on, args=(log, stop))
        writer.start()
        studio = Studio(Path(scratch))
        browser = play.chromium.launch(executable_path=BROWSER, args=["--no-sandbox"])
        try:
            _measure(browser.new_page(), studio, log)
        finally:
            stop.set()
            writer.join()
            browser.close()
            studio.close()


def _measure(page: Page, studio: Studio, log: Path) -> None:
    run = log.parent.parent.name
    studio.enter(page)
    page.goto(f"{studio.address}#/runs")
    _say("runs page, loaded anew", 1000, _timed(page.reload, lambda: page.wait_for_selector(_ROW)))
    _say("sort by number", 200, page.evaluate(_CHANGE, "#/runs?sort=number"))
    _say("filter by tag", 200, page.evaluate(_CHANGE, "#/runs?where=tags.quality+%3D+good"))
    there = f"{studio.address}#/run/{run}/logs"
    lines = _timed(lambda: page.goto(there), lambda: page.wait_for_selector(".log-line"))
    _say("log of 1 GB, first screen", 500, lines)
    page.get_by_label("Search the whole log").fill("000000077")
    first = _timed(lambda: page.keyboard.press("Enter"), lambda: page.wait_for_selector("mark"))
    _say("search in it, first hit", None, first)
    status = Path(f"/proc/{studio.process.pid}/status").read_text()
    peak = int(status.partition("VmHWM:")[2].split()[0]) / 1024
    print(f"{'memory of the server at most':32}{peak:8.0f} MB   (150)")


def _fill(folder: Path) -> Path:
    stores.fill(str(folder / ".runs"), RUNS)
    workspace = Workspace.from_config(str(folder))
    run = next(iter(workspace.get_runs(experiment=stores.EXPERIMENTS[0])))
    log = folder / ".runs" / stores.EXPERIMENTS[0] / run.id / "user_logs" / "std_log.txt"
    log.parent.mkdir(exist_ok=True)
    block = "".join(_LINE.format(at) for at in range(100_000)).encode()
    with log.open("wb") as file:
        for _ in range(LOG // len(block)):
            file.write(block)
    return log


def _write_on(log: Path, stop: threading.Event) -> None:
    with log.open("ab", buffering=0) as file:
        while not stop.wait(0.1):
            os.write(file.fileno(), _LINE.format(0).encode())


def _timed(begin: Callable[[], object], end: Callable[[], object]) -> float:
    start = time.perf_counter()
    begin()
    end()
    return (time.perf_counter() - start) * 1000


def _say(what: str, budget: float | None, found: float) -> None:
    print(f"{what:32}{found:8.0f} ms   " + (f"({budget:.0f})" if budget else ""))


if __name__ == "__main__":
    main()
