"""Ignore files: which parts of a source folder are data, caches and results instead of code.

`.amlignore` at the root of the source, else `.gitignore` there; the first replaces the second, and
no other folder's file is read. The rules are git's: the last pattern that matches decides, and
what lies in an ignored folder is ignored. The only importer of `pathspec`, which is loaded when
there is an ignore file with a pattern in it.
"""

from __future__ import annotations

import os

from homerun.base.errors import SubmitError

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable

FILES = (".amlignore", ".gitignore")


class Rules:
    """The patterns of one source folder; without a file they match nothing."""

    __slots__ = ("content", "is_ignored")

    def __init__(self, content: bytes, is_ignored: Callable[[str], object] | None) -> None:
        self.content = content
        """What the file holds, for the signature of the tree."""
        self.is_ignored = is_ignored
        """Asked with a relative path, a folder's ends in "/"; None: nothing is ignored."""


def read(source: str) -> Rules:
    """The rules of a source folder.

    Raises:
        SubmitError: the file cannot be read, or a pattern is wrong.
    """
    for name in FILES:
        path = os.path.join(source, name)
        content = _content(path)
        if content is not None:
            return Rules(content, _matcher(path, content))
    return Rules(b"", None)


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


def _matcher(path: str, content: bytes) -> Callable[[str], object] | None:
    text = content.decode("utf-8-sig", "surrogateescape")
    lines = [_folder_content(line.rstrip("\r")) for line in text.split("\n")]
    lines = [line for line in lines if line.strip() and not line.startswith("#")]
    if not lines:
        return None
    try:
        import pathspec
    except ImportError as error:
        raise SubmitError(
            f"reading {path} needs pathspec: pip install pathspec, or run in place"
        ) from error
    try:
        spec = pathspec.GitIgnoreSpec.from_lines(lines)
    except ValueError as error:
        raise SubmitError(f"the ignore file {path} has a wrong pattern: {error}") from error
    return spec.match_file


def _folder_content(line: str) -> str:
    """`data/**` as `data/*`: the same once ignored folders are not looked into.

    pathspec takes the first for the folder itself as well, and then `!data/keep.py` behind it
    would not be reached.
    """
    return line[:-1] if line.endswith("/**") else line
