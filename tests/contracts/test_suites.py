"""`make test` leaves out what it names, and nothing by mistake."""

from __future__ import annotations

from helpers.sources import ROOT
from helpers.suites import LONG


def test_each_long_suite_is_there() -> None:
    assert [name for name in LONG if not (ROOT / "tests" / name).exists()] == []
