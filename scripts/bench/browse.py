"""Studio as a browser feels it: 100,000 runs in a table, a log of 1 GB that grows, and charts.

make bench-studio
"""

from __future__ import annotations

import os
import statistics
import tempfile
import threading
import time
from collections.abc import Callable
from functools import partial
from pathlib import Path

import stores
from playwright.sync_api import Page, sync_playwright

from homerun import Experiment, Workspace
from runstore.metrics import log as metric_log
from studio.browser.lab import BROWSER, Studio, wait_for_calm

RUNS = 100_000
_ROUNDS = 5
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

_FRAMES = """async (act) => {
  const slider = document.querySelector("input[type=range]");
  const main = document.querySelector("main");
  const took = [];
  for (let at = 0; at < 60; at += 1) {
    const start = performance.now();
    if (act === "scroll") main.scrollBy(0, at < 30 ? 40 : -40);
    else {
      slider.value = String(0.3 + at / 100);
      slider.dispatchEvent(new Event("input", { bubbles: true }));
    }
    await new Promise(requestAnimationFrame);
    took.push(performance.now() - start);
  }
  return took.sort((one, other) => one - other)[30];
}"""
"""How long a frame takes in which the page scrolls, or the smoothing changes: the median."""
_ASKED = {
    "sort by number": "sort=number",
    "sort by a parameter": "sort=-params.rate",
    "sort by a metric": "sort=metrics.loss",
    "filter by a parameter": "where=params.rate+%3E+0.05&where=metrics.loss+%3C+0.5",
    "filter by a tag": "where=tags.quality+%3D+good",
}
_CANVAS = ".chart-frame canvas"
_START_MS = 1_795_000_000_000


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
            page = browser.new_page()
            _measure(page, studio, log)
            measure_charts(page, studio, Workspace.from_config(scratch))
        finally:
            stop.set()
            writer.join()
            browser.close()
            studio.close()


def _measure(page: Page, studio: Studio, log: Path) -> None:
    run = log.parent.parent.name
    studio.enter(page)
    page.goto(f"{studio.address}#/runs")
    wait_for_calm(page)
    loaded = [
        _timed(page.reload, lambda: page.wait_for_selector(_ROW, timeout=120_000))
        for _ in range(_ROUNDS)
    ]
    _say(f"{RUNS:,} runs, loaded anew", 500, statistics.median(loaded))
    for what, asked in _ASKED.items():
        took = []
        for _ in range(_ROUNDS):
            took.append(page.evaluate(_CHANGE, f"#/runs?{asked}"))
            page.evaluate(_CHANGE, "#/runs")
        _say(what, 200, statistics.median(took))
    there = f"{studio.address}#/run/{run}/logs"
    lines = _timed(lambda: page.goto(there), lambda: page.wait_for_selector(".log-line"))
    _say("log of 1 GB, first screen", 500, lines)
    page.get_by_label("Search the whole log").fill("000000077")
    first = _timed(lambda: page.keyboard.press("Enter"), lambda: page.wait_for_selector("mark"))
    _say("search in it, first hit", None, first)
    status = Path(f"/proc/{studio.process.pid}/status").read_text()
    peak = int(status.partition("VmHWM:")[2].split()[0]) / 1024
    print(f"{'memory of the server at most':32}{peak:8.0f} MB   (150)")


def measure_charts(page: Page, studio: Studio, workspace: Workspace) -> None:
    """Print what charts take, beside their budgets."""
    million = _logged(workspace, {"loss": 1_000_000})
    hundred = [_logged(workspace, {"loss": 10_000}) for _ in range(100)]
    many = _logged(workspace, {f"m{number:02}": 2_000 for number in range(50)})
    shown = partial(_shown, page, studio)
    of_million = f"/run/{million}/metrics"
    shown(of_million)  # which sums it up
    _say("a run of 1,000,000 points", 300, shown(of_million))
    part = f"{of_million}?chart=loss~zx=250000,500000"
    with page.expect_response(lambda answer: "since=" in answer.url):
        start = time.perf_counter()
        page.goto(f"{studio.address}#{part}")
    _say("a quarter of it", 100, (time.perf_counter() - start) * 1000)
    of_hundred = f"/compare?ids={','.join(hundred)}"
    shown(of_hundred)
    _say("100 runs of 10,000 points", 1000, shown(of_hundred))
    shown(f"/run/{many}/metrics?size=s")
    _say("50 charts, a frame of a scroll", 17, page.evaluate(_FRAMES, "scroll"))
    _say("50 charts, a step of smoothing", 17, page.evaluate(_FRAMES, "smooth"))


def _shown(page: Page, studio: Studio, to: str) -> float:
    """The milliseconds until the charts of a page have what they draw, from another page on."""
    page.goto(f"{studio.address}#/runs")
    page.wait_for_selector(_ROW, timeout=120_000)
    with page.expect_response(lambda answer: "api/series" in answer.url, timeout=120_000):
        start = time.perf_counter()
        page.goto(f"{studio.address}#{to}")
    page.wait_for_selector(_CANVAS)
    return (time.perf_counter() - start) * 1000


def _logged(workspace: Workspace, metrics: dict[str, int]) -> str:
    """The id of an ended run with so many points of each metric."""
    run = Experiment(workspace, "charts").start_logging()
    writer = metric_log.Writer(run.directory)
    for name, points in metrics.items():
        for step in range(points):
            writer.add_scalar_at(name, step % 1_000 * 0.5, _START_MS + step, step)
    writer.close()
    run.complete()
    return run.id


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
