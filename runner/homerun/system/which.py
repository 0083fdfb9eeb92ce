"""Finding a program, as a shell does. `shutil` loads every kind of archive for that."""

from __future__ import annotations

import os

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Sequence

ANOTHER_PYTHON = "choose another Python with --python (homerun help troubleshooting numpy)"
"""What to do where an interpreter is not found."""


def find(*names: str, path: str | None = None) -> str | None:
    """The absolute path of the first of these programs that there is; None: none of them.

    Args:
        names: names to be looked up, or paths, which begin with `~` or the current folder.
        path: the folders to look in, as PATH has them; None: this process's own.
    """
    folders = (os.environ.get("PATH") or os.defpath) if path is None else path
    for name in names:
        for found in _places(os.path.expanduser(name), folders.split(os.pathsep)):
            if os.path.isfile(found) and os.access(found, os.X_OK):
                return os.path.abspath(found)
    return None


def word_within(folder: str, name: str, path: str) -> str | None:
    """The word that starts a program in that folder: relative where it is found by a relative one.

    Args:
        name: a name to be looked up, or a path, absolute or from that folder.
        path: the folders to look in, as PATH has them, absolute or from that folder.
    """
    for found in _places(os.path.expanduser(name), path.split(os.pathsep)):
        full = os.path.join(folder, found)
        if os.path.isfile(full) and os.access(full, os.X_OK):
            return found if os.sep in found else f"./{found}"
    return None


def _places(name: str, folders: Sequence[str]) -> list[str]:
    if os.sep in name or not name:
        return [name]
    return [os.path.join(folder, name) for folder in folders]
