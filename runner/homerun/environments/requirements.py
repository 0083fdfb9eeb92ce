"""Lines of pip, from a requirements file or a conda file, as lines that mean the same anywhere.

A path in them is relative to the folder of the file that it stands in.
"""

from __future__ import annotations

import os

from homerun.base import masking
from homerun.base.errors import UserError

_NESTED = ("-r", "--requirement")
_EDITABLE = ("-e", "--editable")
_WITH_PATH = (*_NESTED, "-c", "--constraint", "-f", "--find-links")
_ARCHIVES = (".whl", ".zip", ".tar.gz")
_OF_A_PROJECT = ("pyproject.toml", "setup.cfg", "setup.py")
_MADE = ("__pycache__", "build", "dist")


def read(path: str, _above: tuple[str, ...] = ()) -> list[str]:
    """The lines of a requirements file and of those that it names, without comments.

    Raises:
        UserError: a file cannot be read or names itself, or a package's folder is not there.
    """
    full = os.path.abspath(path)
    if full in _above:
        raise UserError(f"{path} names itself, through {_above[-1]}")
    return expanded(_lines(full), os.path.dirname(full), path, (*_above, full))


def expanded(lines: list[str], folder: str, named: str, above: tuple[str, ...] = ()) -> list[str]:
    """Lines that stand in a file of that folder, with those of the files that they name.

    Args:
        named: what people call the file.
        above: the files that have led here.

    Raises:
        UserError: as `read`.
    """
    found: list[str] = []
    for line in lines:
        placed_line = placed(line, folder)
        option, value = _option(placed_line)
        if option in _NESTED:
            found += read(value, above)
            continue
        path = path_of(placed_line)
        if path is not None and option not in _WITH_PATH and not os.path.exists(path):
            lacking = masking.text(_bare(_option(line)[1] or line))
            raise UserError(f"{named} names {lacking}, which is not in {folder}")
        found.append(placed_line)
    return found


def placed(line: str, folder: str) -> str:
    """A line that stands in a file of that folder, with an absolute path where it has one."""
    option, value = _option(line)
    if option in _EDITABLE:
        return line if _is_address(value) else f"-e {_quoted(_joined(folder, value))}"
    if option in _WITH_PATH:
        return line if _is_address(value) else f"{option} {_quoted(_joined(folder, value))}"
    if option or _is_address(line):
        return line
    is_path = line.startswith((".", os.sep, "~"))
    is_likely = os.sep in line or _bare(line).endswith(_ARCHIVES)
    full = _joined(folder, line)
    return full if is_path or (is_likely and os.path.exists(_bare(full))) else line


def path_of(line: str) -> str | None:
    """The file or folder of a line that `placed` has made; None: it has none."""
    path = _bare(_option(line)[1] or line)
    return path if os.path.isabs(path) else None


def stamp(line: str) -> str:
    """What tells the content of a line's file or folder from another content; "": it has none."""
    path = path_of(line)
    if path is None:
        return ""
    try:
        return " ".join(sorted(_stamps(path, is_whole=_option(line)[0] not in _EDITABLE)))
    except OSError:
        return ""


def _stamps(path: str, is_whole: bool) -> list[str]:
    """The stamps of a file, or of the files of a project: all, or those that say what it needs."""
    if not os.path.isdir(path):
        return [_stamp(path)]
    if not is_whole:
        there = (os.path.join(path, name) for name in _OF_A_PROJECT)
        return [_stamp(one) for one in there if os.path.exists(one)]
    found = []
    for folder, folders, files in os.walk(path):
        folders[:] = [name for name in folders if _is_source(name)]
        found += [_stamp(os.path.join(folder, name)) for name in files if _is_source(name)]
    return found


def _is_source(name: str) -> bool:
    return not (name.startswith(".") or name in _MADE or name.endswith((".egg-info", ".pyc")))


def _stamp(path: str) -> str:
    found = os.stat(path)
    return f"{path} {found.st_size} {found.st_mtime_ns}"


def _option(line: str) -> tuple[str, str]:
    """The option that a line begins with, and its value; "", "" for a package."""
    if not line.startswith("-"):
        return "", ""
    if line[:2] in _WITH_PATH or line[:2] in _EDITABLE:
        return line[:2], line[2:].lstrip("= ").strip("'\" ")
    option, _, value = line.replace("=", " ", 1).partition(" ")
    return option, value.strip("'\" ")


def _quoted(path: str) -> str:
    """A path behind an option, which pip splits at blanks."""
    return f'"{path}"' if " " in path else path


def _bare(path: str) -> str:
    """A path without what may follow it: extras, a marker, options such as hashes."""
    for end in (" --", ";", "["):
        path = path.partition(end)[0]
    return path.rstrip()


def _is_address(text: str) -> bool:
    return "://" in text or " @ " in text


def _joined(folder: str, path: str) -> str:
    bare = _bare(path)
    full = os.path.join(os.path.abspath(folder), os.path.expanduser(bare))
    return os.path.normpath(full) + path[len(bare) :]


def _lines(path: str) -> list[str]:
    try:
        with open(path, encoding="utf-8-sig") as file:
            content = file.read().replace("\\\n", " ")
    except OSError as error:
        raise UserError(f"{path} cannot be read ({error.strerror})") from error
    except UnicodeDecodeError as error:
        raise UserError(f"{path} is not text in UTF-8") from error
    plain = (_without_comment(line) for line in content.splitlines())
    return [line for line in plain if line]


def _without_comment(line: str) -> str:
    if line.lstrip().startswith("#"):
        return ""
    return line.partition(" #")[0].strip()
