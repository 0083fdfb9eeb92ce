"""Times, durations, numbers and sizes as text for people."""

from __future__ import annotations

import pytest

from homerun.cli.output import text

NOW = 1_800_000_000.0
HOUR = 3600.0


@pytest.mark.parametrize(
    ("seconds", "shown"),
    [
        (None, "-"),
        (0.0, "0.00 s"),
        (-1.0, "0.00 s"),
        (0.994, "0.99 s"),
        (0.996, "1.0 s"),
        (9.96, "10 s"),
        (59.4, "59 s"),
        (59.6, "1m 0s"),
        (3599.6, "1h 0m"),
        (25 * HOUR, "1d 1h"),
    ],
)
def test_a_duration_has_two_units_at_most(seconds, shown):
    assert text.duration(seconds) == shown


@pytest.mark.parametrize(
    ("time", "shown"),
    [
        ("2027-01-15T08:00:00Z", "0s ago"),
        ("2027-01-15T08:00:05Z", "0s ago"),
        ("2027-01-15T07:59:01.500000Z", "58s ago"),
        ("2027-01-15T07:00:00.000000Z", "1h ago"),
        ("2027-01-13T08:00:00Z", "2d ago"),
        ("2026-01-15T08:00:00Z", "2026-01-15"),
        ("never", "-"),
        (None, "-"),
        (5, "-"),
    ],
)
def test_a_time_is_told_by_how_long_ago_it_was(time, shown):
    assert text.ago(time, NOW) == shown


def test_a_run_that_never_started_took_no_time():
    assert text.took({}) is None


def test_a_live_run_has_taken_the_time_since_its_start():
    assert text.took({"start_time_utc": "2027-01-15T07:59:00Z"}, NOW) == 60.0


def test_what_is_not_printable_is_shown_as_its_escape():
    assert text.printable("a\x1b[31m\tü\n") == r"a\x1b[31m\tü\n"
