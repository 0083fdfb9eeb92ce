"""A kernel for a test, ended by it."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from jupyter_core.utils import ensure_event_loop

from helpers.notebook import Notebook


@pytest.fixture(scope="session")
def event_loop() -> Iterator[None]:
    """The one that jupyter_client makes at its first use, and keeps."""
    loop = ensure_event_loop()
    yield
    loop.close()


@pytest.fixture
def notebook(
    event_loop: None,
    workspace_dir: Path,
    tmp_path: Path,
    cache_home: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> Iterator[Callable[..., Notebook]]:
    """Open a notebook in the workspace: `notebook(*arguments of the kernel's Python)`."""
    monkeypatch.setenv("IPYTHONDIR", str(tmp_path / "ipython"))
    monkeypatch.setenv("JUPYTER_DATA_DIR", str(tmp_path / "jupyter"))
    monkeypatch.setenv("MPLCONFIGDIR", str(cache_home))
    made: list[Notebook] = []

    def begin(*before: str) -> Notebook:
        made.append(Notebook(workspace_dir, *before))
        return made[-1]

    yield begin
    for one in made:
        one.close()
