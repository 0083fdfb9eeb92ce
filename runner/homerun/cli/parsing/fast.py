"""Parse a command line that has no error, as most have none, without click.

`import click` takes as long as four starts of the interpreter. So click parses only help, errors
and unusual lines. Nothing is guessed here: a word that could mean two things, or nothing, is left
to click. Both give the same values for a line; a test compares them.
"""

from __future__ import annotations

from homerun.cli import command_table
from homerun.cli.errors import BadValue
from homerun.cli.parsing import leading

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any

    from homerun.cli.command import Command
    from homerun.cli.options.params import Param


class _NotPlain(Exception):
    """Click has to parse the line."""


def parse_line(line: list[str]) -> tuple[str, Command, dict[str, Any]] | None:
    """A command's path, the command, and the values of all its parameters.

    None: the line asks for help, has an error, or is written in an unusual way; click parses it.
    """
    path, rest = command_table.split_line(leading.behind_command(line))
    found = command_table.command(path)
    if found is None:
        return None
    try:
        return command_table.as_typed(path), found, _values(found, rest)
    except (_NotPlain, BadValue):
        return None


def _values(command: Command, line: list[str]) -> dict[str, Any]:
    given, bare = _sorted_out(command, line)
    for param in command.own:
        if not param.is_option and not param.follows_dashes:
            given[param.key] = _taken(param, bare)
    if bare:
        raise _NotPlain
    return {param.key: _value(param, given.get(param.key)) for param in command.params}


def _sorted_out(command: Command, line: list[str]) -> tuple[dict[str, Any], list[str]]:
    """The values given for each option, and the arguments."""
    known = {name: (param, True) for param in command.params for name in param.names}
    known |= {param.off_name: (param, False) for param in command.params if param.off_name}
    given: dict[str, Any] = {}
    bare: list[str] = []
    behind = [param.key for param in command.own if param.follows_dashes]
    rest = iter(line)
    for word in rest:
        if word == "--" and behind:
            given[behind[0]] = list(rest) or None
            break
        if not word.startswith("-"):
            bare.append(word)
            if command.takes_rest:
                bare.extend(rest)
            continue
        name, equals, value = word.partition("=") if word.startswith("--") else (word, "", "")
        if name not in known:
            raise _NotPlain
        param, state = known[name]
        if param.is_flag:
            if equals:
                raise _NotPlain
            given[param.key] = state
            continue
        value = value if equals else next(rest, "")
        if value in ("", "-", "--") or value in known:
            raise _NotPlain
        if param.many:
            given.setdefault(param.key, []).append(value)
        else:
            given[param.key] = value
        if param.ends:
            bare.extend(rest)
    return given, bare


def _taken(param: Param, bare: list[str]) -> Any:
    """An argument's words, removed from the list."""
    words = list(bare) if param.many else bare[:1]
    del bare[: len(words)]
    if param.many or not words:
        return words or None
    return words[0]


def _value(param: Param, given: Any) -> Any:
    if given is None:
        if param.required:
            raise _NotPlain
        return param.checked(param.default)
    if param.is_flag:
        return param.checked(given)
    if param.many:
        return param.checked(tuple(map(param.kind.read, given)))
    return param.checked(param.kind.read(given))
