"""Write what a command has made to a new file, such as a copy of its result."""

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
    """Write a text to the file.

    Raises:
        UserError: it cannot be written, or was created meanwhile.
    """
    write_whole(path, text.encode("utf-8", "backslashreplace"))


def write_whole(path: str, data: bytes) -> None:
    """Write the file; a part of it is not left behind.

    Raises:
        UserError: it cannot be written, or was created meanwhile.
    """
    try:
        with open(path, "xb") as file:
            try:
                file.write(data)
                file.flush()
            except OSError:
                os.unlink(path)  # the disk is full
                raise
    except OSError as error:
        raise UserError(
            f"{path} cannot be written ({error.strerror}); name another file"
        ) from error
