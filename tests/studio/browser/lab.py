"""A Studio over a store with real runs, and what must not be seen on any of its pages."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from collections.abc import Sequence
from pathlib import Path

from playwright.sync_api import ConsoleMessage, Page, Response, StorageState, expect

from homerun import Run
from studio.browser import example

BROWSER = os.environ.get("CHROMIUM") or shutil.which("chromium")


class Studio:
    """A server over a store, as a person starts it.

    Args:
        folder: of the workspace.
        options: of `homerun studio`.
    """

    def __init__(self, folder: Path, *options: str) -> None:
        command = [sys.executable, "-m", "homerun", "studio", "--no-browser", "--port", "0"]
        self.process = subprocess.Popen(
            [*command, "-o", "table", "-p", str(folder), *options],
            stdout=subprocess.PIPE,
            text=True,
        )
        assert self.process.stdout is not None
        words = self.process.stdout.readline().split()
        self.way_in = next(word for word in words if word.startswith("http"))
        self.address = self.way_in.partition("login?")[0]
        self.session: StorageState | None = None

    def enter(self, page: Page) -> None:
        """Open the first page: by the printed address once, later by the session from it."""
        page.goto(self.way_in if self.session is None else self.address)
        page.get_by_role("heading", level=1).wait_for()
        self.session = page.context.storage_state()
        for origin in self.session["origins"]:
            kept = origin["localStorage"]
            origin["localStorage"] = [one for one in kept if ".key " in one["name"]]

    def close(self) -> None:
        """End it."""
        self.process.terminate()
        self.process.communicate()


class Store:
    """The folder that all tests share, and what is in it."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.workspace = example.fill(folder)
        self.studio = Studio(folder)

    def run(self, experiment: str, number: int) -> Run:
        """A run by its number."""
        runs = self.workspace.get_runs(where=[f"experiment = {experiment}", f"number = {number}"])
        return next(iter(runs))


class Trouble:
    """What must not happen on any page: errors, and requests to anybody else."""

    def __init__(self, page: Page, home: str, expected: Sequence[str] = ()) -> None:
        self.seen: list[str] = []
        self.expected = expected
        page.on("console", self._is_quiet)
        page.on("pageerror", lambda error: self.seen.append(str(error)))
        page.on("request", lambda asked: self._is_home(asked.url, home))
        page.on("response", self._is_good)

    def _is_quiet(self, said: ConsoleMessage) -> None:
        if said.type == "error":
            self.seen.append(f"{said.text} {said.location.get('url', '')}")

    def _is_home(self, url: str, home: str) -> None:
        if not url.startswith((home, "blob:", "data:")):
            self.seen.append(f"a request left the machine: {url}")

    def _is_good(self, answer: Response) -> None:
        if answer.status >= 500:
            self.seen.append(f"{answer.status} {answer.url}")

    def left(self) -> list[str]:
        """What was seen and not expected."""
        return [one for one in self.seen if not any(word in one for word in self.expected)]


def wait_for_calm(page: Page) -> None:
    """Until nothing says any more that it is being read."""
    page.get_by_role("heading").first.wait_for()
    expect(page.locator(".waiting, [aria-busy=true]")).to_have_count(0)
