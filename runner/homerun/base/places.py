"""Folders that are no project: too much lies in them, and it is not one thing.

A run takes a copy of its source, and a store is made beside the project that it is for. Neither is
done in such a folder, unless a person names it.
"""

from __future__ import annotations

import os

from homerun.base import environ
from runstore import layout

_TEMPORARY = ("/tmp", "/var/tmp", "/dev/shm")

_SIGNS = (
    *(".git", ".amlignore", layout.GITIGNORE, "pyproject.toml", "setup.py", "setup.cfg"),
    *(*layout.CONFIG_FOLDERS, layout.STORE_FOLDER),
)
"""What a project has on top: a mount point with one of these is a project, as in a container."""


def unfit(path: str) -> str:
    """What a folder is instead of a project, in words; "" where it may be one.

    Args:
        path: absolute, its links followed.
    """
    if path == "/":
        return "the root of all folders"
    if path == _home():
        return "your home folder"
    if path in _TEMPORARY or path == os.path.realpath(environ.variable("TMPDIR") or "/tmp"):
        return "a folder for temporary files"
    if os.path.ismount(path) and not any(os.path.exists(f"{path}/{sign}") for sign in _SIGNS):
        return "a mount point"
    return ""


def project_of(folder: str) -> str:
    """The project that a folder lies in: the top of its git repository, else the folder itself.

    A repository whose top is no project, such as one for the files of a home folder, is none.
    """
    at = folder
    while not os.path.exists(f"{at}/.git") or unfit(os.path.realpath(at)):
        above = os.path.dirname(at)
        if above == at:
            return folder
        at = above
    return at


def _home() -> str:
    return os.path.realpath(os.path.expanduser("~"))
