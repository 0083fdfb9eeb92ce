"""The code of a run: the files of its snapshot, one file as text, the uncommitted changes."""

from __future__ import annotations

import os
from typing import Any

from homerun.snapshots import export, git
from homerun.snapshots.links import FILE, LINKED, join
from homerun.snapshots.snapshot import TREE
from runstore import layout
from runstore.errors import FileMissing
from runstore.fs import safe_path
from runstore.run import files
from runstore.run.record import Record

MOST_FILES = 5_000
_MOST_TEXT = 1 << 20
_HEAD = 4_096


def listed(record: Record) -> dict[str, Any]:
    """The files of a run's snapshot, and its branch and commit."""
    taken = export.snapshot_id(record)
    found = export.load(record, taken) if taken else None
    rows: list[dict[str, Any]] = []
    total = 0
    for folder, entries in found.folders if found else ():
        for name, kind, size, _, _, _, _, target in entries:
            total += 1
            if len(rows) < MOST_FILES:
                row: dict[str, Any] = {"path": join(folder, name), "kind": kind}
                row["size"] = size if kind in (FILE, LINKED) else None
                row["target"] = target or None
                rows.append(row)
    rows.sort(key=lambda row: row["path"])
    return {
        "snapshot": taken,
        "is_there": found is not None,
        "git": _git(record.properties()),
        "has_diff": _has_diff(record),
        "files": rows,
        "more": total > len(rows),
    }


def file(record: Record, path: str) -> dict[str, Any]:
    """A file of the snapshot, as text.

    Raises:
        FileMissing, InvalidName: the snapshot holds no such file.
        UserError: the run has no snapshot.
    """
    files.check_path(path)
    found = export.of_run(record)
    folder, _, name = path.rpartition("/")
    known = next((entries for above, entries in found.folders if above == folder), [])
    if not any(entry[0] == name and entry[1] == FILE for entry in known):
        raise FileMissing(path, record.id, "its snapshot has no such file of its own")
    try:
        tree = os.open(f"{found.path}/{TREE}", safe_path.FOLDER_FLAGS)
        above = safe_path.descend(tree, folder.split("/") if folder else (), make=False)
        try:
            descriptor = safe_path.open_file(above, name)
        finally:
            os.close(above)
    except (OSError, safe_path.NoFileError) as error:
        raise FileMissing(path, record.id, f"the snapshot is damaged: {error}") from None
    return {"path": path, **_text(descriptor)}


def diff(record: Record) -> dict[str, Any]:
    """The uncommitted changes of the code, as git printed them.

    Raises:
        FileMissing: there were none, or git was not asked.
    """
    return _text(files.open_for_reading(record.path, layout.GIT_DIFF))


def _text(descriptor: int) -> dict[str, Any]:
    try:
        size = os.fstat(descriptor).st_size
        data = os.pread(descriptor, _MOST_TEXT, 0)
    finally:
        os.close(descriptor)
    is_binary = b"\0" in data[:_HEAD]
    text = None if is_binary else data.decode("utf-8", "replace")
    return {"size": size, "text": text, "is_cut": size > len(data), "is_binary": is_binary}


def _git(properties: dict[str, str]) -> dict[str, str | None] | None:
    named = (("branch", git.BRANCHES), ("commit", git.COMMITS), ("remote", git.URLS))
    said = {
        name: next((properties[k] for k in keys if k in properties), None) for name, keys in named
    }
    return {**said, "dirty": properties.get(git.DIRTY)} if any(said.values()) else None


def _has_diff(record: Record) -> bool:
    try:
        descriptor = files.open_for_reading(record.path, layout.GIT_DIFF)
    except (FileMissing, OSError):
        return False
    os.close(descriptor)
    return True
