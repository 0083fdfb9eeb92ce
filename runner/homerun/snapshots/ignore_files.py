"""Ignore files: which parts of a source folder are data, caches and results instead of code.

`.gitignore` and `.amlignore` at the root of the source, as if they were one file in this order; no
other folder's file is read. A line `# without .gitignore` in the second leaves the first out, as
Azure ML does. The rules are git's: the last pattern that matches decides, and
what lies in an ignored folder is ignored. A match takes at most the product of the lengths of
pattern and path: each `*` is tried at its first place that fits, which is never a worse one.
"""

from __future__ import annotations

import os

from homerun.base.errors import SubmitError
from runstore import layout

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    Fits = Callable[[str], bool]
    """Whether a character, or a name, is as wanted."""
    Tokens = list[Fits | None]
    """What stands for one item each, a character or a name; None: any number of items."""
    Character = str | Fits | None
    """A character as it is, or what stands for one, or for any number."""

FILES = (layout.GITIGNORE, ".amlignore")

ALONE = "# without .gitignore"
"""A line of `.amlignore`: the other file does not count."""

_CLASSES: dict[str, Fits] = {
    "alnum": lambda c: c.isascii() and c.isalnum(),
    "alpha": lambda c: c.isascii() and c.isalpha(),
    "blank": lambda c: c in " \t",
    "cntrl": lambda c: c < " " or c == "\x7f",
    "digit": lambda c: "0" <= c <= "9",
    "graph": lambda c: "!" <= c <= "~",
    "lower": lambda c: "a" <= c <= "z",
    "print": lambda c: " " <= c <= "~",
    "punct": lambda c: "!" <= c <= "~" and not c.isalnum(),
    "space": lambda c: c in " \t\n\r\f\v",
    "upper": lambda c: "A" <= c <= "Z",
    "xdigit": lambda c: c in "0123456789abcdefABCDEF",
}


class Rules:
    """The patterns of one source folder; without a file they match nothing."""

    __slots__ = ("content", "is_ignored")

    def __init__(self, content: bytes, is_ignored: Callable[[str], object] | None) -> None:
        self.content = content
        """What the file holds, for the signature of the tree."""
        self.is_ignored = is_ignored
        """Asked with a relative path, a folder's ends in "/"; None: nothing is ignored.

        The folders above the path are asked for first: this is about the path alone."""


def read(source: str) -> Rules:
    """The rules of a source folder.

    Raises:
        SubmitError: the file cannot be read.
    """
    of_git, of_azure = (_content(os.path.join(source, name)) for name in FILES)
    own = _lines(of_azure or b"")
    lines = own if ALONE in own else [*_lines(of_git or b""), *own]
    content = b"\0".join(b"" if one is None else one for one in (of_git, of_azure))
    return Rules(content if of_git or of_azure else b"", _matcher(lines))


def _content(path: str) -> bytes | None:
    try:
        with open(path, "rb", buffering=0) as file:
            return file.read()
    except (FileNotFoundError, IsADirectoryError):
        return None
    except OSError as error:
        raise SubmitError(
            f"the ignore file {path} cannot be read ({error.strerror}); make it readable"
        ) from error


def _lines(content: bytes) -> list[str]:
    text = content.decode("utf-8-sig", "surrogateescape")
    return [_trimmed(line.rstrip("\r")) for line in text.split("\n")]


def _matcher(lines: list[str]) -> Callable[[str], object] | None:
    lines = [line for line in lines if line not in ("", "!") and not line.startswith("#")]
    if not lines:
        return None
    of_folders = [Pattern(line) for line in reversed(lines)]
    of_files = [one for one in of_folders if not one.is_for_folders]

    def is_ignored(asked: str) -> bool:
        is_folder = asked[-1:] == "/"
        names = (asked[:-1] if is_folder else asked).split("/")
        name = names[-1:]
        for one in of_folders if is_folder else of_files:
            if one.matches(name if one.is_for_names else names):
                return not one.is_negated
        return False

    return is_ignored


def _trimmed(line: str) -> str:
    """A line without the spaces at its end, unless a backslash keeps the first of them."""
    bare = line.rstrip(" ")
    slashes = len(bare) - len(bare.rstrip("\\"))
    return bare + " " if slashes % 2 and bare != line else bare


class Pattern:
    """One line of an ignore file.

    Attributes:
        is_negated: what matches is not ignored.
        is_for_folders: it matches nothing else.
        is_for_names: it matches a name at any depth, else the path as a whole.
    """

    __slots__ = ("_first", "_tokens", "is_for_folders", "is_for_names", "is_negated")

    def __init__(self, line: str) -> None:
        self.is_negated = line.startswith("!")
        line = line[1:] if self.is_negated else line
        self.is_for_folders = line.endswith("/")
        line = line[:-1] if self.is_for_folders else line
        self.is_for_names = "/" not in line
        self._tokens = _names(_characters(line.removeprefix("/")))
        self._first = self._tokens[0] or _anything

    def matches(self, names: Sequence[str]) -> bool:
        """Whether it matches a path, given as its names, or its last one."""
        return self._first(names[0]) and _fits(self._tokens, names)


def _fits(tokens: Tokens, items: Sequence[str]) -> bool:
    """Whether the tokens stand for these items, all of them."""
    at = token = 0
    back: tuple[int, int] | None = None
    while at < len(items):
        wanted = tokens[token] if token < len(tokens) else _nothing
        if wanted is None:
            token += 1
            back = token, at
        elif wanted(items[at]):
            token, at = token + 1, at + 1
        elif back is not None:
            back = token, at = back[0], back[1] + 1  # the last None stands for one item more
        else:
            return False
    return all(one is None for one in tokens[token:])


def _names(characters: list[Character]) -> Tokens:
    """The names of a pattern, of which `**` stands for any number."""
    found: Tokens = []
    name: list[Character] = []
    for one in [*characters, _SLASH]:
        if one is not _SLASH:
            name.append(one)
            continue
        is_any = len(name) > 1 and all(other is None for other in name)
        found.append(None if is_any else _name(name))
        name = []
    if found[-1] is None:
        found.insert(-1, _anything)  # `a/**` is what lies in a, not a itself
    return found


def _name(wanted: list[Character]) -> Fits:
    """Whether a name is as its part of a pattern says; most are a name, or `*` and an ending."""
    plain = "".join(one for one in wanted if isinstance(one, str))
    if len(plain) == len(wanted):
        return plain.__eq__
    if wanted[0] is None and len(plain) == len(wanted) - 1:
        return lambda name: name.endswith(plain)
    tokens: Tokens = [one.__eq__ if isinstance(one, str) else one for one in wanted]
    return lambda name: _fits(tokens, name)


def _characters(pattern: str) -> list[Character]:
    """What stands for one character each, or, as `*`, for any number within a name."""
    found: list[Character] = []
    at = 0
    while at < len(pattern):
        one = pattern[at]
        at += 1
        if one == "[":
            inside, at = _brackets(pattern, at)
            found.append(inside)
            continue
        if one == "\\":
            found.append(pattern[at] if at < len(pattern) else _nothing)
            at += 1
        else:
            found.append(_SPECIAL.get(one, one))
    return [_SLASH if one == "/" else one for one in found]


def _brackets(pattern: str, at: int) -> tuple[Fits, int]:
    """What `[…]` stands for, from behind its bracket on, and where it ends; nothing if nowhere."""
    is_negated = pattern[at : at + 1] in ("!", "^")
    at += is_negated
    tests: list[Fits] = []
    start = at
    while at < len(pattern) and (pattern[at] != "]" or at == start):
        end = pattern.find(":]", at)
        if pattern.startswith("[:", at) and end > 0:
            tests.append(_CLASSES.get(pattern[at + 2 : end], _nothing))
            at = end + 2
            continue
        first, at = _character(pattern, at)
        last = first
        if pattern[at : at + 1] == "-" and pattern[at + 1 : at + 2] not in ("]", ""):
            last, at = _character(pattern, at + 1)
        tests.append(_between(first, last))
    if at >= len(pattern):
        return _nothing, at
    return lambda one: any(test(one) for test in tests) != is_negated, at + 1


def _character(pattern: str, at: int) -> tuple[str, int]:
    at += pattern[at] == "\\" and at + 1 < len(pattern)
    return pattern[at], at + 1


def _between(first: str, last: str) -> Fits:
    return lambda one: one == first or first <= one <= last  # to git `4-0` is a 4


def _nothing(_: str) -> bool:
    return False


def _anything(_: str) -> bool:
    return True


_SLASH = "/"
_SPECIAL: dict[str, Character] = {"*": None, "?": _anything}


def holds_more(folder: str, most: int) -> bool:
    """Whether a folder has more entries than that, those below it included; it only counts them."""
    pending = [folder]
    while pending:
        try:
            with os.scandir(pending.pop()) as listing:
                for item in listing:
                    most -= 1
                    if most < 0:
                        return True
                    if item.is_dir(follow_symlinks=False):
                        pending.append(item.path)
        except OSError:
            continue
    return False
