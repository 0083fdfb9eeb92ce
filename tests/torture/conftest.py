"""The torture suite's fixtures, and its report at the end of the session."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from torture import report
from torture.invariants import Canaries


@pytest.fixture
def canaries(tmp_path: Path, leak_check: str) -> Iterator[Canaries]:
    """Strangers that nobody may touch."""
    with Canaries(tmp_path) as found:
        yield found
    assert leak_check


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
