"""Studio's pages: static files beside its server, made by the front end's build, all in memory."""

from __future__ import annotations

import gzip
import os

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterator

INDEX = "index.html"
HASHED = "assets/"
"""Below it each file has a hash of its content in its name."""

_LARGEST = 4 << 20
_SMALL = 1_000
_TYPES = {
    "html": "text/html; charset=utf-8",
    "js": "text/javascript; charset=utf-8",
    "css": "text/css; charset=utf-8",
    "svg": "image/svg+xml",
    "png": "image/png",
    "ico": "image/x-icon",
    "woff2": "font/woff2",
    "json": "application/json",
    "webmanifest": "application/manifest+json",
    "txt": "text/plain; charset=utf-8",
}


class Asset:
    """A static file.

    Attributes:
        packed: its gzip; None where that saves nothing.
    """

    __slots__ = ("data", "media_type", "packed", "path")

    def __init__(self, path: str, data: bytes) -> None:
        self.path = path
        self.data = data
        self.media_type = _TYPES[_ending(path)]
        packed = gzip.compress(data, 6, mtime=0) if len(data) > _SMALL else data
        self.packed = packed if len(packed) < len(data) else None

    @property
    def is_hashed(self) -> bool:
        """Whether its content never changes under this name."""
        return self.path.startswith(HASHED)


def load(folder: str | None = None) -> dict[str, Asset]:
    """The files by their relative paths; {} where the pages were not built."""
    root = folder or os.path.join(os.path.dirname(os.path.abspath(__file__)), "assets")
    return {path: Asset(path, data) for path, data in _read(root)}


def _read(root: str) -> Iterator[tuple[str, bytes]]:
    for above, _, names in os.walk(root):
        for name in names:
            path = os.path.join(above, name)
            if _ending(name) in _TYPES and os.path.getsize(path) <= _LARGEST:
                with open(path, "rb") as file:
                    yield os.path.relpath(path, root), file.read()


def _ending(name: str) -> str:
    return name.rpartition(".")[2]
