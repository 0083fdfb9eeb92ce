"""Differences between the code of runs: the files of their snapshots, and the lines in them."""

from __future__ import annotations

import os
import sys
from collections.abc import Iterator, Mapping
from difflib import unified_diff

from homerun.base import sizes
from homerun.base.errors import SubmitError
from homerun.snapshots import export, scan
from homerun.snapshots.links import FILE, LINKED, join
from homerun.system.sha256 import digest
from homerun.views import code as code_view
from runstore import layout
from runstore.errors import StoreError
from runstore.fs import facts
from runstore.run.record import Record

Files = Mapping[str, str]

_DIGITS = 12
_MANY = 5_000
_MUCH = 100 << 20
_DEV_NULL = "/dev/null"


def files(record: Record) -> Files | None:
    """The files of a run's snapshot: by path a digest of the content, or where a link leads.

    None: there is no snapshot.
    """
    taken = export.snapshot_id(record)
    if taken is None or export.load(record, taken) is None:
        return None
    folder = f"{record.store.root}/{layout.SNAPSHOTS}/{taken}"
    said = facts.read(folder, layout.SNAPSHOT_MANIFEST, layout.MOST_MANIFEST_BYTES)
    found = {}
    for item in (said or {}).get("entries", ()):
        if "sha256" in item:
            found[item["path"]] = str(item["sha256"])[:_DIGITS]
        elif "target" in item:
            size = f", {item['size']} bytes" if "size" in item else ""
            found[item["path"]] = f"link to {item['target']}{size}"
    return found


def differing(all_files: list[Files | None]) -> dict[str, list[str | None]]:
    """The paths that differ between snapshots, each with its digest in every one of them."""
    known = [one for one in all_files if one is not None]
    paths = sorted({path for one in known for path in one})
    return {
        path: [None if one is None else one.get(path) for one in all_files]
        for path in paths
        if len({one.get(path) for one in known}) > 1
    }


def unified(first: Record, other: Record) -> str:
    """The changes from the code of the first run to that of the other, as `diff -u` prints them."""
    return "".join(_unified(_Snapshot(first), _Snapshot(other)))


def against_source(record: Record) -> str:
    """The changes from the code of a run to its source folder as it is now.

    Raises:
        SubmitError: the folder is not there any more, or cannot be read.
    """
    return "".join(_unified(_Snapshot(record), _Source(record)))


def changed_since(record: Record) -> int | None:
    """How many files differ between the code of a run and its source folder as it is now.

    None: there is no snapshot or no such folder, or it holds too much to be read for this.
    """
    before = files(record)
    if before is None:
        return None
    try:
        return len(differing([before, _Source(record, _MANY, _MUCH).files]))
    except (SubmitError, OSError):
        return None


class _Snapshot:
    """The code of a run."""

    def __init__(self, record: Record) -> None:
        self._record = record
        self.name = record.id
        self.files = files(record)

    def text(self, path: str) -> str | None:
        """A file's text; None if it is not text."""
        return _text(self._record, path)


class _Source:
    """The code that a run of a source folder would get now."""

    def __init__(self, record: Record, many: int = sys.maxsize, much: int = sys.maxsize) -> None:
        self.name = "now"
        folder = str(record.run.get("source_directory"))
        tree = scan.scan(folder, store=record.store.root, at_most=many)
        self._folder = tree.source
        bytes_of = [one[2] for _, entries in tree.folders for one in entries if one[1] == FILE]
        if sum(bytes_of) > much:
            raise SubmitError(f"the source folder {folder} holds more than {sizes.shown(much)}")
        found = {}
        for folder, entries in tree.folders:
            for name, kind, size, _, _, _, _, target in entries:
                path = join(folder, name)
                if kind == FILE:
                    found[path] = digest(self._read(path))[:_DIGITS]
                elif target:
                    found[path] = f"link to {target}{f', {size} bytes' if kind == LINKED else ''}"
        self.files: Files | None = found

    def text(self, path: str) -> str | None:
        """A file's text; None if it is not text."""
        if os.path.islink(f"{self._folder}/{path}"):
            return None
        try:
            return self._read(path).decode()
        except UnicodeDecodeError:
            return None

    def _read(self, path: str) -> bytes:
        try:
            with open(f"{self._folder}/{path}", "rb") as file:
                return file.read()
        except OSError:
            return b""  # it has gone meanwhile


def _unified(first: _Snapshot, other: _Snapshot | _Source) -> Iterator[str]:
    both = [first.files, other.files]
    if None in both:
        return
    for path, contents in differing(both).items():
        sides = list(zip((first, other), contents))
        texts = ["" if content is None else side.text(path) for side, content in sides]
        if None in texts:
            yield f"the file {path} differs, and is not text that can be shown\n"
            continue
        was, now = (
            _DEV_NULL if content is None else f"{side.name}/{path}" for side, content in sides
        )
        before, after = (text.splitlines(keepends=True) for text in texts if text is not None)
        for line in unified_diff(before, after, was, now):
            yield line if line.endswith("\n") else f"{line}\n\\ No newline at end of file\n"


def _text(record: Record, path: str) -> str | None:
    """The text of a file of a snapshot; None if it is not text."""
    try:
        found = code_view.file(record, path)
    except (StoreError, OSError):
        return None  # a link, or damaged
    return None if found["is_cut"] else found["text"]
