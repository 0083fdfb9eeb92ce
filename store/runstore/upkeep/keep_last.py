"""Rules of a run by which only its newest checkpoints are kept, such as `outputs/ckpt-*=3`.

A rule names files or folders below the script's folder. Nothing is followed through a link, and a
link is neither counted nor removed. A run that is tagged keeps all of them.
"""

from __future__ import annotations

import os
from fnmatch import fnmatchcase
from stat import S_ISDIR, S_ISREG

from runstore import layout
from runstore.fs import facts, tree
from runstore.fs.safe_path import FOLDER_FLAGS, open_below
from runstore.run import attempts, labels, work

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence
    from typing import Any

FIELD = "keep_last"
"""Of run.json: the rules."""

_MOST = 1_000_000
_OWN = (layout.OUTPUTS, layout.LOGS)
"""Folders of the script's folder that are no checkpoints themselves."""


class Surplus:
    """What a rule lets go.

    Attributes:
        rule: as it is written.
        count: how many files and folders the rule names.
        paths: those that can go, the oldest first, relative to the run's folder.
    """

    __slots__ = ("count", "paths", "rule")

    def __init__(self, rule: str, count: int, paths: list[str]) -> None:
        self.rule = rule
        self.count = count
        self.paths = paths

    def line(self, removed: int, freed: int) -> str:
        """What was done, for people."""
        return f"keep_last {self.rule}: removed {removed} of {self.count}, {freed:,} bytes"


def parse(rule: object) -> tuple[str, int]:
    """The pattern and the number of a rule.

    Raises:
        ValueError: it is none.
    """
    pattern, _, number = str(rule).rpartition("=")
    parts = pattern.split("/")
    is_below = not any(part in ("", ".", "..") for part in parts) and pattern.isprintable()
    is_number = number.isascii() and number.isdecimal() and 0 < int(number) < _MOST
    if not is_below or not is_number:
        wrong = f"{str(rule)!r} is not a pattern below the script's folder with a number from 1 on"
        raise ValueError(wrong)
    return pattern, int(number)


def surplus(folder: str, run: Mapping[str, Any]) -> list[Surplus]:
    """What the rules of a run let go, whether or not it is tagged.

    Args:
        folder: the run's.
        run: what run.json says.
    """
    rules = run.get(FIELD)
    if not isinstance(rules, list) or run.get("in_place"):
        return []
    inside = work.folder_of(run)
    try:
        top = os.open(folder, FOLDER_FLAGS)
    except OSError:
        return []
    try:
        root = open_below(top, inside)
    except OSError:
        return []  # a link stands there, or nothing does
    finally:
        os.close(top)
    try:
        return [_of_rule(root, inside, str(rule)) for rule in rules]
    finally:
        os.close(root)


def _of_rule(root: int, inside: str, rule: str) -> Surplus:
    try:
        pattern, most = parse(rule)
    except ValueError:
        return Surplus(rule, 0, [])  # edited by hand
    found = sorted(_matches(root, "", pattern.split("/")))
    return Surplus(rule, len(found), [f"{inside}/{path}" for _, path in found[:-most]])


def _matches(above: int, lead: str, parts: Sequence[str]) -> Iterator[tuple[int, str]]:
    """What matches below an open folder: when it was changed, and its path."""
    try:
        with os.scandir(above) as entries:
            names = sorted(one.name for one in entries if _fits(one.name, parts[0]))
    except OSError:
        return
    for name in names:
        try:
            seen = os.lstat(name, dir_fd=above)
            is_folder = S_ISDIR(seen.st_mode)
            if parts[1:] and is_folder:
                here = os.open(name, FOLDER_FLAGS, dir_fd=above)
                try:
                    yield from _matches(here, f"{lead}{name}/", parts[1:])
                finally:
                    os.close(here)
            elif not parts[1:] and (is_folder or S_ISREG(seen.st_mode)) and lead + name not in _OWN:
                yield seen.st_mtime_ns, f"{lead}{name}"
        except OSError:
            continue


def _fits(name: str, pattern: str) -> bool:
    """As a shell does: a name that begins with a dot has to be named so."""
    return fnmatchcase(name, pattern) and (name[0] != "." or pattern[0] == ".")


def remove(folder: str, surplus: Surplus) -> tuple[int, int]:
    """Remove what a rule lets go: how many that are, and the bytes that this freed.

    Args:
        folder: the run's, absolute.

    Raises:
        OSError: one of them cannot be removed; those before it are.
    """
    removed = freed = 0
    for path in surplus.paths:
        freed += tree.remove(folder, f"{folder}/{path}")
        removed += 1
    return removed, freed


def tag_that_keeps(folder: str) -> str | None:
    """A tag that a person has given the run since it was made; None: there is none.

    What the script's own process has set does not count, nor what the run was submitted with.
    """
    own = set()
    for number in (1, *attempts.further(folder)):
        started = facts.read(attempts.folder(folder, number), layout.STARTED) or {}
        own.add(((started.get("script") or {}).get("pid"), started.get("host")))
    return labels.tagged_since(folder, own)
