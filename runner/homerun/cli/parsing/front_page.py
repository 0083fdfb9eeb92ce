"""The page of `homerun --help`, as click would write it, without click: its import takes longer
than all else of the command (`make bench ARGS=start`: 3 starts of 6 less).
"""

from __future__ import annotations

import os
import sys

from homerun.cli import command_table
from homerun.cli.options import shared
from homerun.cli.output import stdout

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from homerun.cli.options.params import Param

_ASKS = (["--help"], ["-h"])
_WIDTH, _FIRST, _GAP = 78, 30, 2
_OWN = (
    ("--version", "Show the version and exit."),
    ("-h, --help", "Show this message and exit."),
)


def is_asked(argv: list[str]) -> bool:
    """Whether a command line asks for the page, and a line of standard output holds it."""
    return argv in _ASKS and sys.stdout is not None and _columns() >= _WIDTH + _GAP


def show() -> int:
    """Print the page; the exit code."""
    stdout.put(text())
    return 0


def text() -> str:
    """The page."""
    lines = ["Usage: homerun [OPTIONS] COMMAND [ARGS]...", ""]
    told = command_table.HELP.replace("\b\n", "").rstrip("\n").split("\n")
    lines += [f"  {line}" if line else "" for line in told]
    lines += ["", "Options:", *_rows(_OWN)]
    for title, example, names in command_table.SECTIONS:
        lines += ["", f"{title} ({example}):"]
        lines += _rows([(name, _summary(name)) for name in names.split()])
    lines += ["", "Options of every command:"]
    lines += _rows([(_written(one), one.help or "") for one in shared.shared()])
    return "\n".join(lines) + "\n"


def _summary(name: str) -> str:
    found = command_table.SUMMARIES.get(name)
    return command_table.GROUPS[name][0] if found is None else found


def _written(option: Param) -> str:
    names = " / ".join(filter(None, [", ".join(option.names), option.off_name]))
    return names if option.is_flag else f"{names} {option.metavar or option.kind.name.upper()}"


def _rows(rows: Iterable[tuple[str, str]]) -> Iterator[str]:
    """A list of two columns, the second one wrapped."""
    pairs = list(rows)
    wide = min(_FIRST, max(len(first) for first, _ in pairs)) + _GAP
    for first, second in pairs:
        lines = _wrapped(second, _WIDTH - wide - _GAP)
        if len(first) <= wide - _GAP:
            yield f"  {first:<{wide}}{lines[0]}"
        else:
            yield f"  {first}"
            yield f"  {'':<{wide}}{lines[0]}"
        for line in lines[1:]:
            yield f"  {'':<{wide}}{line}"


def _wrapped(words: str, width: int) -> list[str]:
    lines = [""]
    for word in words.split():
        longer = f"{lines[-1]} {word}" if lines[-1] else word
        if len(longer) <= width or not lines[-1]:
            lines[-1] = longer
        else:
            lines.append(word)
    return lines


def _columns() -> int:
    """The columns as click counts them: what a pipe has is told by COLUMNS, or 80."""
    said = os.environ.get("COLUMNS", "")
    if said.isdecimal() and int(said):
        return int(said)
    try:
        return os.get_terminal_size(sys.__stdout__.fileno()).columns or 80  # type: ignore[union-attr]
    except (AttributeError, OSError, ValueError):
        return 80
