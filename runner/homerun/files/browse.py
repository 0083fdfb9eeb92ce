"""Browsing the files of a run: the entries of a folder, previews, and parts of a file."""

from __future__ import annotations

import csv
import itertools
import os
from collections.abc import Callable
from typing import Any

from homerun.base import times
from homerun.base.errors import UserError
from runstore import layout
from runstore.fs import safe_path
from runstore.run import file_listing, files, work
from runstore.run.record import Record

MOST_ENTRIES = 2_000
MOST_COUNTED = 2_001
_MOST_WALKED = 200_000
_OF_LOGS = frozenset((layout.LOGS, layout.USER_LOGS))
MOST_TEXT = 256 << 10
_MOST_ROWS = 200
_MOST_COLUMNS = 100
_HEAD = 4_096

BY_NAME = "name"
IMAGE, TEXT, JSON, CSV, NONE = "image", "text", "json", "csv", "none"
_ENDINGS = (
    (IMAGE, ("png", "jpg", "jpeg", "gif", "webp", "bmp", "avif")),
    (JSON, ("json", "jsonl", "ipynb")),
    (CSV, ("csv", "tsv")),
    (TEXT, ("txt", "log", "md", "py", "yml", "yaml", "toml", "ini", "cfg", "sh", "out", "err")),
    (TEXT, ("xml", "html", "htm", "svg", "diff", "patch", "r", "rst")),
)


class RunFile:
    """An open file of a run; a context manager.

    Raises:
        FileMissing, InvalidName: the run has no such file.
        OSError: it cannot be read.
    """

    def __init__(self, record: Record, name: str) -> None:
        self._descriptor = -1
        self.name = name
        self._descriptor = files.open_for_reading(record.path, name)
        self._seen = os.fstat(self._descriptor)

    def __enter__(self) -> RunFile:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def close(self) -> None:
        """Close it."""
        if self._descriptor >= 0:
            os.close(self._descriptor)
            self._descriptor = -1

    def __del__(self) -> None:
        self.close()

    @property
    def size(self) -> int:
        """Its size in bytes when it was opened."""
        return self._seen.st_size

    @property
    def modified(self) -> str:
        """When it was last changed."""
        return times.instant(self._seen.st_mtime)

    @property
    def tag(self) -> str:
        """A text that differs from one version of the file to the next."""
        return f"{self._seen.st_ino:x}-{self._seen.st_size:x}-{self._seen.st_mtime_ns:x}"

    def read(self, start: int, count: int) -> bytes:
        """Some bytes of it."""
        return os.pread(self._descriptor, count, start)

    def image_type(self) -> str | None:
        """The media type of an image that any browser shows; None: it is not one."""
        return file_listing.media_type(self.read(0, _HEAD))


def entries(record: Record, folder: str = "", by: str = BY_NAME) -> dict[str, Any]:
    """The entries of a folder of a run's files, folders first whatever the order.

    Args:
        by: as for `below`.

    Raises:
        FileMissing, InvalidName: there is no such folder.
        UserError: nothing is sorted by that.
    """
    order = _order(by)
    start = f"{folder}/" if folder else ""
    found = [(start + one.name, one) for one in file_listing.entries(record.path, folder)]
    return _listed(folder, sorted(found, key=lambda one: (not one[1].is_folder, order(one))))


def below(record: Record, folder: str = "", like: str = "", by: str = BY_NAME) -> dict[str, Any]:
    """The files below a folder of a run's files, whatever their depth.

    Args:
        like: what their paths contain; capital letters do not count.
        by: the path, the size (the largest first) or the time of change (the latest first).

    Raises:
        FileMissing, InvalidName: there is no such folder.
        UserError: nothing is sorted by that.
    """
    order = _order(by)
    word = like.lower()
    every = itertools.islice(file_listing.files_below(record.path, folder), _MOST_WALKED)
    found = [one for one in every if word in one[0].lower()]
    return _listed(folder, sorted(found, key=order))


def count(record: Record) -> int:
    """How many files a run has beside its logs; of very many not all are counted."""
    found = file_listing.files_below(record.path, without=_OF_LOGS)
    return sum(1 for _ in itertools.islice(found, MOST_COUNTED))


_Order = Callable[[tuple[str, file_listing.ListedFile]], Any]
_ORDERS: dict[str, _Order] = {
    BY_NAME: lambda one: one[0],
    "size": lambda one: (0 if one[1].is_folder else -one[1].size, one[0]),
    "modified": lambda one: (-one[1].modified, one[0]),
}


def _order(by: str) -> _Order:
    if by not in _ORDERS:
        raise UserError(f"files are sorted by {', '.join(_ORDERS)}, not by {by!r}")
    return _ORDERS[by]


def _listed(folder: str, found: list[tuple[str, file_listing.ListedFile]]) -> dict[str, Any]:
    rows = []
    for path, one in found[:MOST_ENTRIES]:
        kind = "folder" if one.is_folder else "file"
        row: dict[str, Any] = {"name": one.name, "path": path, "kind": kind}
        row["size"] = None if one.is_folder else one.size
        row["modified"] = times.instant(one.modified)
        row["preview"] = NONE if one.is_folder else _kind(one.name)
        rows.append(row)
    more = len(found) > len(rows)
    return {"folder": folder, "entries": rows, "total": len(found), "more": more}


def preview(record: Record, name: str) -> dict[str, Any]:
    """The beginning of a file, as text or as a table."""
    with RunFile(record, name) as file:
        found: dict[str, Any] = {"path": name, "size": file.size, "modified": file.modified}
        data = file.read(0, MOST_TEXT)
        is_cut = file.size > len(data)
        if file_listing.media_type(data[:_HEAD]) is not None:
            return {**found, "kind": IMAGE, "is_cut": False}
    if _is_binary(data):
        return {**found, "kind": NONE, "is_cut": is_cut}
    text = data.decode("utf-8", "ignore" if is_cut else "replace")
    kind = _kind(name)
    kind = kind if kind in (JSON, CSV) else TEXT
    found.update(kind=kind, text=text, is_cut=is_cut)
    if kind == CSV:
        found.update(_table(text, "\t" if name.endswith(".tsv") else ","))
    return found


def left_in_copy(record: Record) -> tuple[str, list[str]]:
    """A script's folder, and what it left there beside `outputs` and `logs`.

    Nothing as long as unchanged copies of the source lie there too. A folder's name ends in "/".
    """
    inner = work.folder_of(record.asked())
    place = os.path.join(record.path, inner)
    if os.path.lexists(f"{record.path}/{layout.COPIES}"):
        return place, []
    try:
        folder = _opened(record.path, inner)
    except OSError:
        return place, []  # it ran elsewhere, as in its source folder, or the run is gone
    try:
        with os.scandir(folder) as listing:
            found = [one for one in listing if one.name not in _RESULTS and not one.is_symlink()]
            return place, sorted(_named(one) for one in found)
    finally:
        os.close(folder)


_RESULTS = frozenset((layout.OUTPUTS, layout.LOGS))


def _opened(top: str, folder: str) -> int:
    root = safe_path.open_root(top)
    try:
        return safe_path.open_below(root, folder)
    finally:
        os.close(root)


def _named(entry: os.DirEntry[str]) -> str:
    return f"{entry.name}/" if entry.is_dir(follow_symlinks=False) else entry.name


def stamp(record: Record) -> tuple[int, ...]:
    """A value that changes when a file appears at the top of a folder of the run, or goes."""
    return file_listing.stamp(record.path)


def _table(text: str, delimiter: str) -> dict[str, Any]:
    """A CSV's header and its first rows."""
    read: list[list[str]] = []
    try:
        for row in csv.reader(text.splitlines(), delimiter=delimiter):
            read.append([cell[:_HEAD] for cell in row[:_MOST_COLUMNS]])
            if len(read) > _MOST_ROWS:
                break
    except csv.Error:
        pass  # what could be read is shown; the text is there all the same
    return {"columns": read[0] if read else [], "rows": read[1:]}


def _kind(name: str) -> str:
    ending = name.rpartition(".")[2].lower()
    return next((kind for kind, endings in _ENDINGS if ending in endings), NONE)


def _is_binary(data: bytes) -> bool:
    return b"\0" in data[:_HEAD]
