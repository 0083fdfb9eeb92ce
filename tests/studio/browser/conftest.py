"""A real browser, on a real Studio, over a store with real runs: `make test-studio`."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path

import pytest
from playwright.sync_api import Browser, Page, sync_playwright

import homerun
from helpers.leaks import SETTLE_S
from helpers.wait import holds_within
from homerun import Workspace
from homerun.system import children
from studio.browser.lab import BROWSER, Store, Studio, Trouble

ASSETS = Path(homerun.__file__).parent / "studio" / "assets" / "index.html"
WIDE = {"width": 1280, "height": 800}


@pytest.fixture(autouse=True)
def leak_check() -> None:
    """Not in this folder: one Studio serves all tests, and what it submits are its children."""


@pytest.fixture(scope="session")
def store(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Store]:
    """Ended runs of some experiments, and a Studio that shows them."""
    if not ASSETS.exists():
        pytest.fail("Studio's pages are not built: run `make studio`", pytrace=False)
    with pytest.MonkeyPatch.context() as patch:
        for name in [name for name in os.environ if name.startswith("HOMERUN_")]:
            patch.delenv(name)
        patch.setenv("XDG_CACHE_HOME", str(tmp_path_factory.mktemp("cache")))
        made = Store(tmp_path_factory.mktemp("lab") / "lab")
        holds_within(lambda: not children.reap(), SETTLE_S)
        yield made
        made.studio.close()


@pytest.fixture
def workspace(store: Store) -> Iterator[Workspace]:
    """The workspace of the store; what still runs at the end of the test is cancelled."""
    yield store.workspace
    for run in store.workspace.get_runs(where=["status != Completed"], include_children=True):
        if run.get_status() not in ("Failed", "Canceled"):
            run.cancel()
    holds_within(lambda: not children.reap(), SETTLE_S)


@pytest.fixture(scope="session")
def browser() -> Iterator[Browser]:
    """Debian's Chromium, without a window."""
    if BROWSER is None:
        pytest.fail("there is no Chromium: apt-get install chromium", pytrace=False)
    with sync_playwright() as play:
        made = play.chromium.launch(executable_path=BROWSER, args=["--no-sandbox"])
        yield made
        made.close()


@pytest.fixture
def visit(browser: Browser) -> Iterator[Callable[..., Page]]:
    """Open a Studio in a browser that knows nothing yet: `visit(studio)`; `expects` are parts of
    what the browser complains of rightly.
    """
    contexts = []
    troubles = []

    def enter(studio: Studio, expects: Sequence[str] = (), **options: object) -> Page:
        more = {"viewport": WIDE, "storage_state": studio.session, **options}
        context = browser.new_context(**more)  # type: ignore[arg-type]
        context.set_default_timeout(15_000)
        contexts.append(context)
        page = context.new_page()
        troubles.append(Trouble(page, studio.address, expects))
        studio.enter(page)
        return page

    yield enter
    for context in contexts:
        context.close()
    assert [line for one in troubles for line in one.left()] == []


@pytest.fixture
def start(store: Store) -> Iterator[Callable[..., Studio]]:
    """Start another Studio over the same store: `start("--read-only")`; ended after the test."""
    made = []

    def begin(*options: str) -> Studio:
        made.append(Studio(store.folder, *options))
        return made[-1]

    yield begin
    for one in made:
        one.close()


@pytest.fixture
def page(store: Store, visit: Callable[..., Page]) -> Page:
    """A page of the shared Studio, on its first screen."""
    return visit(store.studio)
