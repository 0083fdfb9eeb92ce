"""What Studio needs of this machine before it starts: packages, a token, a browser."""

from __future__ import annotations

import os
import shutil
import tempfile
import webbrowser
from html import escape
from importlib.util import find_spec

from homerun.base import environ
from homerun.base.errors import MissingExtra, UserError

_NEEDED = ("starlette", "uvicorn", "watchdog")
_MOST = 4_096


def check_packages() -> None:
    """Whether the packages of Studio are here.

    Raises:
        MissingExtra: one is not; it says what to install.
    """
    if any(find_spec(name) is None for name in _NEEDED):
        raise MissingExtra("homerun studio", "studio")


def missing_pages() -> str | None:
    """What to do where the pages of Studio were not built; None: they are here."""
    here = os.path.dirname(os.path.abspath(__file__))
    if os.path.exists(os.path.join(here, "assets", "index.html")):
        return None
    source = os.path.dirname(os.path.dirname(os.path.dirname(here)))
    if os.path.exists(os.path.join(source, "Makefile")):
        return f"Studio's pages are not built: run `make studio` in {source}, then start it again"
    return (
        "Studio's pages are not here: install homerun again, once `make studio` has built them "
        "(homerun help troubleshooting pages)"
    )


def token(path: str | None = None) -> str | None:
    """The token of a file, or of the environment; the latter is not handed on to runs.

    Raises:
        UserError: the file cannot be read, or others can read it.
    """
    said = os.environ.pop(environ.STUDIO_TOKEN, None)
    if path is None:
        return said or None
    try:
        descriptor = os.open(os.path.expanduser(path), os.O_RDONLY | os.O_CLOEXEC)
    except OSError as error:
        raise UserError(f"the token file {path} cannot be read ({error.strerror})") from error
    with open(descriptor, "rb") as file:
        if os.fstat(descriptor).st_mode & 0o077:
            raise UserError(f"others can read the token file {path}: chmod 600 {path}")
        found = file.read(_MOST).decode("utf-8", "replace").strip()
    if not found:
        raise UserError(f"the token file {path} is empty")
    return found


class Browser:
    """A browser of this machine, opened at an address that no list of processes shows.

    It is given a file of this user's own that leads there. A context manager: the file is removed.
    """

    def __init__(self) -> None:
        self._folder = ""

    def __enter__(self) -> Browser:
        return self

    def __exit__(self, *_: object) -> None:
        if self._folder:
            shutil.rmtree(self._folder, ignore_errors=True)

    def open(self, address: str) -> None:
        """Open it; where there is none, nothing happens."""
        place = environ.cache_home()  # a browser in a box of its own sees no /tmp
        usable = place if os.access(place, os.W_OK) else None
        self._folder = tempfile.mkdtemp(prefix="homerun-studio-", dir=usable)
        path = os.path.join(self._folder, "studio.html")
        flags = os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC
        with open(os.open(path, flags, 0o600), "w", encoding="utf-8") as file:
            to = escape(address, quote=True)
            file.write(f'<!doctype html><meta http-equiv="refresh" content="0;url={to}">\n')
        try:
            webbrowser.open(f"file://{path}")
        except webbrowser.Error:
            return
