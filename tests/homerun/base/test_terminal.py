"""Texts of others on a terminal: colours and progress bars pass, everything else is only shown."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from homerun.base import terminal
from homerun.base.terminal import Screen

EVIL = [
    ("\x1b]52;c;cm0gLXJm\x07", r"\x1b]52;c;cm0gLXJm\x07"),
    ("\x1b]0;title\x1b\\", r"\x1b]0;title\x1b" + "\\"),
    ("\x1b[2J\x1b[3J\x1b[H\x1bc", r"\x1b[2J\x1b[3J\x1b[H\x1bc"),
    ("\x1b[?1049h\x1b[6n", r"\x1b[?1049h\x1b[6n"),
    ("\x1bPq\x1b\\\x1b_x\x1b\\", r"\x1bPq\x1b" + "\\" + r"\x1b_x\x1b" + "\\"),
    ("\x9b2J\x90q\x9d0;x\x9c", r"\x9b2J\x90q\x9d0;x\x9c"),
    ("a\u202egpj.exe\u2066\u200f", r"a\u202egpj.exe\u2066\u200f"),
    ("\x0e\x05\x00\x7f", r"\x0e\x05\x00\x7f"),
]
FINE = [
    "\x1b[31mred\x1b[0m \x1b[38;2;1;2;3mx\x1b[m",
    "\r 10%\r 50%\x1b[K\n\x1b[1A\x1b[2Kup\b\b",
    "größe 日本 ✓\tend\n",
]


@pytest.mark.parametrize(("text", "shown"), EVIL)
def test_what_would_act_on_the_terminal_is_shown_as_its_escape(text: str, shown: str) -> None:
    assert Screen().show(text.encode(), is_last=True) == shown
    assert terminal.escaped(text) == shown


@pytest.mark.parametrize("text", FINE)
def test_colours_and_progress_bars_pass(text: str) -> None:
    assert Screen().show(text.encode(), is_last=True) == text


def test_bytes_that_are_no_text_are_shown() -> None:
    assert Screen().show(b"\x9b2J\xff\n", is_last=True) == "\\x9b2J\\xff\n"


@given(st.lists(st.sampled_from([*"\x1b[]0;m2JK\x07a", "\u202e", "ü"])).map("".join), st.data())
def test_it_does_not_matter_how_the_bytes_come_in_pieces(text: str, data: st.DataObject) -> None:
    whole = text.encode()
    cut = data.draw(st.integers(0, len(whole)))
    screen = Screen()
    parts = screen.show(whole[:cut]) + screen.show(whole[cut:]) + screen.show(b"", is_last=True)
    assert parts == Screen().show(whole, is_last=True)
