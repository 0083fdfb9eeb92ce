"""The torture suite's fixtures, and its report at the end of the session."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from torture import report
from torture.invariants import Canaries

LONGEST = ("test_soak.py", "test_people.py", "test_sweep.py", "test_disk_full.py")


@pytest.fixture
def canaries(tmp_path: Path, leak_check: str) -> Iterator[Canaries]:
    """Strangers that nobody may touch."""
    with Canaries(tmp_path) as found:
        yield found
    assert leak_check


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Begin with what takes longest: begun last, it would be waited for alone."""
    here = Path(__file__).parent
    places = {here / name: place for place, name in enumerate(LONGEST)}
    items.sort(key=lambda item: places.get(item.path, len(LONGEST)))


def pytest_report_header() -> str:
    """The seed, before anything can hang or crash."""
    return f"torture: {report.SEED_VARIABLE}={report.SEED}"


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter) -> None:
    """The table: fault, tries, invariant breaks."""
    lines = report.table()
    if lines:
        terminalreporter.section("torture")
        for line in lines:
            terminalreporter.write_line(line)
