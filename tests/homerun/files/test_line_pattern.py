"""Expressions over lines: they find what Python's do, and what Python's never end on."""

from __future__ import annotations

import re

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from homerun.files.logs.line_pattern import LinePattern, WrongPatternError

ATOMS = st.sampled_from(
    [
        "a",
        "b",
        ".",
        "[ab]",
        "[^a]",
        r"\w",
        r"\W",
        r"\d",
        r"\s",
        r"\b",
        r"\B",
        "^",
        "$",
        " ",
        "[a-c1]",
    ]
)
PATTERNS = st.recursive(
    ATOMS,
    lambda inner: st.one_of(
        st.builds("".join, st.lists(inner, max_size=4)),
        st.builds("(?:{}|{})".format, inner, inner),
        st.builds("({}){}".format, inner, st.sampled_from(["*", "+", "?", "*?", "{2}", "{1,3}"])),
        st.builds("(?i:{})".format, inner),
    ),
    max_leaves=8,
)
LINES = st.text(alphabet="aAbB1 _\r", min_size=1, max_size=12)  # "\\B" on nothing changed in 3.14


@settings(max_examples=1_500, deadline=None)
@given(PATTERNS, LINES)
def test_it_finds_what_pythons_own_expressions_find(pattern: str, line: str) -> None:
    found = bool(re.search(pattern.encode(), line.encode()))
    assert LinePattern(pattern.encode()).search(line.encode()) == found
    assert LinePattern(pattern.encode() + b"x?").search(line.encode()) == found


@pytest.mark.parametrize(
    "pattern", [b"(a+)+b", b"(a|a)*b", b"(a*)*b", b".*.*.*.*.*x", b"a?" * 30 + b"a" * 30 + b"b"]
)
def test_a_line_that_python_would_try_for_years_is_answered(pattern: bytes) -> None:
    made = LinePattern(pattern)
    assert not made.search(b"a" * 100_000)
    assert made.search(b"a" * 100_000 + b"bx")


def test_what_was_met_is_forgotten_before_it_fills_the_memory() -> None:
    made = LinePattern(b"(a|b)*a(a|b){12}c")
    line = bytes(b"ab"[(at * at // 7) % 2] for at in range(20_000))
    assert not made.search(line)
    assert len(made._states) <= 1_000


@pytest.mark.parametrize(
    ("pattern", "reason"),
    [
        (b"(", "unterminated"),
        (b"(?<=a)b+", "looks around or back"),
        (rb"(a+)\1", "looks around or back"),
        (b"(?=a)a*", "looks around or back"),
        (b"(a{100}){100}", "too large"),
        (b"(?L)a*", "the flag L is not supported"),
    ],
)
def test_what_cannot_be_matched_is_refused(pattern: bytes, reason: str) -> None:
    with pytest.raises(WrongPatternError, match=reason):
        LinePattern(pattern)
