"""Requirements files of pip, read into lines that mean the same in any folder."""

from __future__ import annotations

import os

from homerun.base.errors import UserError

_NESTED = ("-r", "--requirement")
_WITH_PATH = ("-c", "--constraint", "-f", "--find-links")


def read(path: str, _above: tuple[str, ...] = ()) -> list[str]:
    """The lines of a requirements file and of those that it names, without comments.

    Paths in it are relative to its folder, and become absolute.

    Raises:
        UserError: a file cannot be read, names itself, or asks for an editable install.
    """
    full = os.path.abspath(path)
    if full in _above:
        raise UserError(f"{path} names itself, through {_above[-1]}")
    found: list[str] = []
    for line in _lines(full):
        option, _, value = line.replace("=", " ", 1).partition(" ")
        value = value.strip()
        if option in _NESTED:
            found += read(os.path.join(os.path.dirname(full), value), (*_above, full))
        elif option in ("-e", "--editable"):
            raise UserError(
                f"{path} asks for an editable install ({value}); leave it out: the source folder "
                "is on the script's path"
            )
        elif option in _WITH_PATH and "://" not in value:
            found.append(f"{option} {os.path.join(os.path.dirname(full), value)}")
        else:
            found.append(_placed(line, os.path.dirname(full)))
    return found


def _placed(line: str, folder: str) -> str:
    """A line; where it is the path of a file or a folder, the absolute path."""
    if line.startswith("-") or "://" in line or not (os.sep in line or line.endswith(".whl")):
        return line
    there = os.path.join(folder, os.path.expanduser(line))
    return os.path.normpath(there) if os.path.exists(there) else line


def _lines(path: str) -> list[str]:
    try:
        with open(path, encoding="utf-8-sig") as file:
            content = file.read().replace("\\\n", " ")
    except OSError as error:
        raise UserError(f"{path} cannot be read ({error.strerror})") from error
    except UnicodeDecodeError as error:
        raise UserError(f"{path} is no text in UTF-8") from error
    plain = (_without_comment(line) for line in content.splitlines())
    return [line for line in plain if line]


def _without_comment(line: str) -> str:
    if line.lstrip().startswith("#"):
        return ""
    return line.partition(" #")[0].strip()
