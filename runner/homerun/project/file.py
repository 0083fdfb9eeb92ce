"""The file in which a project says what holds for its runs.

It is `homerun.toml`, or the table `[tool.homerun]` of pyproject.toml; the nearest one above a
folder counts, and is not mixed with one further up:

    experiment = "digits"
    python = ".venv/bin/python"
    minimize = ["loss"]
    env = { WANDB_MODE = "offline" }

    [rules]
    stop = ["metrics.loss is nan", "no output for 30m"]

    [notify]
    on = ["failed"]
"""

from __future__ import annotations

import os
import sys

from homerun.base import checks, messages, places
from homerun.base.errors import UserError
from runstore.fs import atomic

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable, Mapping
    from typing import Any

NAMES = ("homerun.toml", "pyproject.toml")
_TOOL = "homerun"
_OTHERS_MAY_WRITE = 0o002


def _text(what: str, given: object) -> str:
    if isinstance(given, str) and given:
        return given
    raise UserError(f'{what} is a text, such as "digits", not {given!r}')


def _texts(what: str, given: object) -> list[str]:
    if isinstance(given, list) and all(isinstance(one, str) and one for one in given):
        return given
    raise UserError(f'{what} is a list of texts, such as ["loss"], not {given!r}')


def _variables(what: str, given: object) -> dict[str, str]:
    if isinstance(given, dict):
        return checks.variables(what, given)
    raise UserError(f'{what} is a table of variables, such as {{ NAME = "value" }}, not {given!r}')


def _rules(what: str, given: object) -> dict[str, list[str]]:
    """The conditions of rules by their settings."""
    from homerun.metrics.rules import rule  # most projects have none

    if not isinstance(given, dict) or not set(given) <= set(rule.ACTIONS):
        raise UserError(
            f"{what} is a table of {', '.join(rule.ACTIONS)}, each with conditions, such as "
            'stop = ["metrics.loss is nan"]'
        )
    named = {rule.setting_of(action): said for action, said in given.items()}
    return {name: rule.checked_conditions(name, said) for name, said in named.items()}


def _notify(what: str, given: object) -> list[str]:
    """Which ends of runs are told."""
    from homerun.notify import settings  # most projects say nothing

    if not isinstance(given, dict) or set(given) != {"on"}:
        raise UserError(
            f'{what} says on = ["failed"]; where to is said in {settings.place()}, which is yours'
        )
    return settings.whens("on", given["on"])


KEYS: dict[str, Callable[[str, object], Any]] = {
    "experiment": _text,
    "python": _text,
    "target": _text,
    "columns": _texts,
    "minimize": _texts,
    "maximize": _texts,
    "env": _variables,
    "rules": _rules,
    "notify": _notify,
}
"""What can be said, each with the check of its value."""

MEANINGS = {
    "experiment": "the experiment of runs that are submitted without one",
    "python": "the interpreter of scripts, from the file's folder on, or a name in PATH",
    "target": "the target of runs that name none",
    "columns": "the columns of `homerun ls`",
    "minimize": "metrics that are good when low: what `best`, `ls` and `@best` go by",
    "maximize": "metrics that are good when high",
    "env": "environment variables of every run; what a submit says wins",
    "rules": "rules of every run: `stop`, `fail`, `retry`, `notify`, `tag`, each a list of "
    "conditions",
    "notify": '`on = ["failed"]`: which ends of runs are told; where to is in your own notify.json',
}
"""What each of them means, for people."""


class ProjectFile:
    """A project's file, read.

    Attributes:
        path: where it lies; "" if there is none.
        said: what it says, by key.
    """

    def __init__(self, path: str = "", said: Mapping[str, Any] | None = None) -> None:
        self.path = path
        self.said: Mapping[str, Any] = said or {}

    @property
    def folder(self) -> str:
        """The folder that its relative paths begin at."""
        return os.path.dirname(self.path)


def nearest(folder: str) -> ProjectFile:
    """The file that holds for a folder: its own, or the nearest above it.

    What another user has put there is passed by, a link to a file of one's own too, and so is a
    file that all may write: it could name a program.
    What lies in a home folder itself, in a folder for temporary files or in `/` is no project's.

    Raises:
        UserError: it cannot be read, or says something that cannot be.
    """
    at = os.path.realpath(folder)
    while not places.unfit(at):
        for name in NAMES:
            path = f"{at}/{name}"
            said = _said(path)
            if said is not None:
                return ProjectFile(path, _checked(path, said))
        at = os.path.dirname(at)
    return ProjectFile()


def _said(path: str) -> Mapping[str, Any] | None:
    """What a file says of homerun; None if it is not there, or does not speak of it."""
    is_whole = os.path.basename(path) == NAMES[0]
    try:
        descriptor = atomic.open_plain(path, os.O_RDONLY)  # what is opened is what is judged
    except FileNotFoundError:
        return None
    except OSError:
        _pass_by(path, "is not a file of its own", is_whole)
        return None
    with open(descriptor, "rb") as file:
        seen = os.fstat(descriptor)
        if seen.st_uid != os.geteuid():
            _pass_by(path, "belongs to another user", is_whole)
            return None
        if seen.st_mode & _OTHERS_MAY_WRITE:
            _pass_by(path, "may be written by all users", is_whole)
            return None
        data = file.read()
    if not is_whole and _TOOL.encode() not in data:
        return None  # most of them do not: nothing has to be parsed
    found = _parsed(path, data)
    if is_whole:
        return found
    tool = found.get("tool")
    said = tool.get(_TOOL) if isinstance(tool, dict) else None
    return said if isinstance(said, dict) else None


def _pass_by(path: str, why: str, is_said: bool) -> None:
    if is_said:
        messages.tell([f"{path} {why}: it is passed by"])


def _parsed(path: str, data: bytes) -> dict[str, Any]:
    if sys.version_info >= (3, 11):
        from tomllib import loads
    else:
        from tomli import loads  # type: ignore[import-not-found, unused-ignore]
    try:
        found: dict[str, Any] = loads(data.decode())
        return found
    except (ValueError, RecursionError) as error:
        raise UserError(f"{path} is not valid TOML: {error}") from None


def _checked(path: str, said: Mapping[str, Any]) -> dict[str, Any]:
    for key in said:
        if key not in KEYS:
            raise UserError(f"{path} says {key!r}; it can say {', '.join(KEYS)}")
    try:
        return {key: KEYS[key](key, value) for key, value in said.items()}
    except UserError as error:
        raise UserError(f"{path}: {error.message}") from None
