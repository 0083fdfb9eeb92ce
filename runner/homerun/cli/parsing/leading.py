"""Options that stand before the command, as in `homerun -p DIR ls`: they are read behind it."""

from __future__ import annotations

from homerun.cli import command_table
from homerun.cli.errors import UsageError
from homerun.cli.options import shared

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Sequence

_OF_HOMERUN = ("-h", "--help", "--version")


def behind_command(line: list[str], strict: bool = True) -> list[str]:
    """A command line whose options follow the words that name the command.

    Args:
        strict: refuse what cannot be moved; else the line is returned as it is.

    Raises:
        UsageError: an option that only some commands have stands before the command.
    """
    if not any(word.startswith("-") for word in line[:1] + line[1:2]):
        return line  # most lines
    words: list[str] = []
    options: list[str] = []
    rest = list(line)
    while rest:
        if rest[0].startswith("-"):
            count = _length(rest)
            if not count:
                break
            options += rest[:count]
            del rest[:count]
            continue
        if not command_table.is_word(words, rest[0]):
            break
        words.append(rest.pop(0))
        if " ".join(words) not in command_table.GROUPS:
            return [*words, *options, *rest]
    if options and _is_help(rest):
        return [*words, *rest]
    if options and rest and not words:
        return [*rest, *options]
    if " ".join(words) in command_table.DIRECT:
        return [*words, *options, *rest]
    if strict and not words and not _is_help(rest):
        _refuse(options, rest)
    return line


def _is_help(rest: Sequence[str]) -> bool:
    return rest[:1] in (["-h"], ["--help"], ["--version"])


def _length(line: Sequence[str]) -> int:
    """How many words an option of every command takes; 0: it is none."""
    name, equals, _ = line[0].partition("=") if line[0].startswith("--") else (line[0], "", "")
    for param in shared.shared():
        if name in param.names:
            return 1 if equals or param.is_flag else 2
    return 0


def _refuse(options: Sequence[str], rest: Sequence[str]) -> None:
    """Say where an option goes, if there is anything to say.

    Raises:
        UsageError: there is.
    """
    if not rest and options:
        raise UsageError(f"which command? e.g. homerun ls {' '.join(options)}")
    name = rest[0].partition("=")[0] if rest else ""
    word = next((word for word in rest if command_table.is_word((), word)), "")
    found = command_table.command(command_table.split_line([word, "…"])[0])
    if found is not None and any(name in param.names for param in found.own):
        raise UsageError(f"{name} goes behind the command: homerun {word} {rest[0]} …")
