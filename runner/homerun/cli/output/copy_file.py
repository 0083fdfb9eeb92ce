"""Write a copy of a command's result to a new file."""

from __future__ import annotations

import os

from homerun.base.errors import UserError


def check_path(path: str) -> None:
    """Check that a file can be created there, before the command does anything.

    Raises:
        UserError: it exists already, or has no folder.
    """
    if os.path.lexists(path):
        raise UserError(f"{path} already exists and is not overwritten: name another file")
    folder = os.path.dirname(path) or "."
    if not os.path.isdir(folder):
        raise UserError(f"there is no folder {folder} to write {path} to; create it first")


def write_copy(path: str, text: str) -> None:
    """Write the file.

    Raises:
        UserError: it cannot be written, or was created meanwhile.
    """
    try:
        with open(path, "x", encoding="utf-8", errors="backslashreplace") as file:
            file.write(text)
    except OSError as error:
        raise UserError(
            f"{path} cannot be written ({error.strerror}); name another file"
        ) from error
