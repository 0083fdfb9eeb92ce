"""The copy of a command's result in a file that was not there before."""

from __future__ import annotations

import os

from homerun.base.errors import UserError


def check_free(path: str) -> None:
    """See that a file can be made there, before anything is done.

    Raises:
        UserError: there is one already, or no folder for it.
    """
    if os.path.lexists(path):
        raise UserError(f"{path} is there already, and is not replaced: name another file")
    folder = os.path.dirname(path) or "."
    if not os.path.isdir(folder):
        raise UserError(f"there is no folder {folder} to write {path} to; make it first")


def write(path: str, text: str) -> None:
    """Write the file.

    Raises:
        UserError: it cannot be written, or was made meanwhile.
    """
    try:
        with open(path, "x", encoding="utf-8", errors="backslashreplace") as file:
            file.write(text)
    except OSError as error:
        raise UserError(
            f"{path} cannot be written ({error.strerror}); name another file"
        ) from error
