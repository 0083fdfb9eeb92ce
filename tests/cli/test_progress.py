"""Progress bars: for people who wait at a terminal."""

from __future__ import annotations

import io

from homerun.cli.output import progress


class _Screen(io.StringIO):
    def isatty(self) -> bool:
        return True


def test_a_bar_is_for_people_who_wait(monkeypatch):
    def shown(after_s: float, screen: io.StringIO, total: int = 200) -> str:
        monkeypatch.setattr(progress, "_AFTER_S", after_s)
        monkeypatch.setattr(progress, "_EVERY_S", 0.0)
        monkeypatch.setattr("sys.stderr", screen)
        with progress.Progress("looking at runs", total) as tell:
            tell(50)
            tell(100)
        return screen.getvalue()

    clear = "\r\x1b[K"
    bars = [f"[{'#' * n}{' ' * (24 - n)}]" for n in (6, 12)]
    told = f"{clear}looking at runs  {bars[0]}  25%{clear}looking at runs  {bars[1]}  50%{clear}"
    assert shown(0.0, _Screen()) == told
    assert shown(0.0, _Screen(), 0).endswith(f"looking at runs  100{clear}")
    assert shown(60.0, _Screen()) == ""
    assert shown(0.0, io.StringIO()) == ""


def test_a_bar_with_more_words_is_no_longer_than_the_terminal_is_wide(monkeypatch):
    screen = _Screen()
    monkeypatch.setattr("sys.stderr", screen)

    with progress.Progress("", 4, at_once=True) as tell:
        tell(1, "1 Completed, 3 Queued  2 s" + " and more" * 20)

    line = screen.getvalue().split("\x1b[K")[1].rstrip("\r")
    assert line.startswith(f"[{'#' * 6}{' ' * 18}]  25%  1 Completed, 3 Queued  2 s and more")
    assert len(line) == 79
