"""Differences between the code of runs: the files of their snapshots, and the lines in them."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from difflib import unified_diff

from homerun.snapshots import export
from homerun.views import code as code_view
from runstore import layout
from runstore.errors import StoreError
from runstore.fs import facts
from runstore.run.record import Record

Files = Mapping[str, str]

_DIGITS = 12
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
    return "".join(_unified(first, other))


def _unified(first: Record, other: Record) -> Iterator[str]:
    both = [files(first), files(other)]
    if None in both:
        return
    for path, contents in differing(both).items():
        texts = [_text(record, path, content) for record, content in zip((first, other), contents)]
        if None in texts:
            yield f"the file {path} differs, and is no text that can be shown\n"
            continue
        was, now = (
            _DEV_NULL if content is None else f"{record.id}/{path}"
            for record, content in zip((first, other), contents)
        )
        before, after = (text.splitlines(keepends=True) for text in texts if text is not None)
        for line in unified_diff(before, after, was, now):
            yield line if line.endswith("\n") else f"{line}\n\\ No newline at end of file\n"


def _text(record: Record, path: str, content: str | None) -> str | None:
    """A file's text; "" if the snapshot does not have the file, None if it is not text."""
    if content is None:
        return ""
    try:
        found = code_view.file(record, path)
    except (StoreError, OSError):
        return None  # a link, or damaged
    return None if found["is_cut"] else found["text"]
