"""The files of images and JSON metrics: their names, and storing and reading them."""

from __future__ import annotations

import os

from runstore import layout

_MOST_PART = 200
_MOST = 1000
_MOST_SUFFIX = 12
_MOST_NUMBERS = 10_000
_MOST_BLOCKED = 100

_numbers: dict[tuple[str, str], int] = {}
"""The number of the file that this process stored last under a name."""


def image_name(metric: str, path: str | os.PathLike[str] | None) -> str:
    """What an image's file is called: its path as it was given, or the metric and the second."""
    if path is not None:
        return safe_name(os.fspath(path), "image")
    from time import time

    return safe_name(f"{metric or 'image'}_{int(time())}.png", "image")


def document_name(metric: str, kind: str) -> str:
    """What a JSON metric's file is called: as the metric is, or as its kind where that is empty."""
    return safe_name(metric, kind)


def safe_name(text: str, otherwise: str) -> str:
    """A text of any characters as the relative name of a file.

    A path stays a path, without its steps up and its root; what cannot be printed is
    percent-encoded, and what is too long for a file system ends in a hash.

    Args:
        otherwise: the name where nothing is left.
    """
    parts = [_part(part) for part in text.split("/") if part not in ("", ".", "..")]
    name = "/".join(parts) or otherwise
    return name if len(name.encode()) <= _MOST else _part(_flat(name))


def numbered(name: str, number: int) -> str:
    """The name itself (1), or the one to try where a file has it: `a_2.png`, `a_3.png`."""
    if number == 1:
        return name
    folder, slash, last = name.rpartition("/")
    stem, suffix = os.path.splitext(last)
    return f"{folder}{slash}{stem}_{number}{suffix}"


def store(run_folder: str, name: str, data: bytes) -> str:
    """Make bytes a file of the run, and return the name that it got.

    It never lies in `outputs/`, `logs/` or `user_logs/`, where the script may change or remove it.
    A name of which this process has stored a file is numbered.

    Raises:
        StoreError, OSError: the store did not take it.
    """
    from runstore.errors import FileBlocked, FileTaken
    from runstore.run import files

    wanted, number, blocked = name, _numbers.get((run_folder, name), 0) + 1, 0
    if _is_live(name):
        wanted = _flat(name)
    while True:
        free = numbered(wanted, number)
        try:
            files.add(run_folder, free, data)
        except FileTaken:
            number += 1
        except FileBlocked:
            # A folder has the name, or a file has that of a folder in it.
            blocked += 1
            if blocked > _MOST_BLOCKED:
                raise
            wanted, number = _flat(wanted), number + ("/" not in wanted)
        else:
            break
    if len(_numbers) >= _MOST_NUMBERS:
        _numbers.clear()
    _numbers[run_folder, name] = number
    return free


def value(wanted: str, stored: str) -> str | dict[str, str]:
    """What the point of an image says of its file: the name, and what it was called if it is not.

    An image of `outputs/` is called by its path, as in the original, and stored apart.
    """
    return {"name": wanted, "file": stored} if _is_live(wanted) else stored


def is_value(found: object) -> bool:
    """Whether a point's value names a file; another writer's may be anything."""
    if isinstance(found, dict):
        return isinstance(found.get("name"), str) and isinstance(found.get("file"), str)
    return isinstance(found, str)


def names(found: str | dict[str, str]) -> tuple[str, str]:
    """What a file is called, and the name under which it is stored."""
    return (found, found) if isinstance(found, str) else (found["name"], found["file"])


def read(run_folder: str, name: str) -> bytes:
    """The bytes of a file of the run.

    Raises:
        FileMissing, InvalidName: the run has no such file.
        OSError: it cannot be read.
    """
    from runstore.run import files

    with open(files.open_for_reading(run_folder, name), "rb") as file:
        return file.read()


def _is_live(name: str) -> bool:
    """Whether a name leads to a folder that the script itself writes to."""
    from runstore.run import files

    return "/" in name and name.split("/")[0] in files.FOLDERS


def _flat(name: str) -> str:
    return name.replace("/", "%2F")


def _part(text: str) -> str:
    """One part of a path, printable and not too long."""
    if text.startswith(layout.UPLOAD):
        text = f"%2E{text[1:]}"  # files that are being added are called so
    text = "".join(map(_printable, text))
    if len(text.encode()) <= _MOST_PART:
        return text
    import hashlib

    suffix = os.path.splitext(text)[1]
    suffix = suffix if len(suffix.encode()) <= _MOST_SUFFIX else ""
    begun = text.encode()[: _MOST_PART - 40].decode(errors="ignore")
    return f"{begun}~{hashlib.sha256(text.encode()).hexdigest()[:16]}{suffix}"


def _printable(character: str) -> str:
    if character.isprintable() and character != "\\":
        return character
    return "".join(f"%{byte:02X}" for byte in character.encode("utf-8", "surrogatepass"))
