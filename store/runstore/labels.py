"""Labels: what may change on a run at any time — tags, display name, description.

Each change is one appended record in a file of its writer; nobody locks, and nothing is lost when
fifty write at once. A record carries `n`, one more than the highest that its writer had seen, so
that copies of a run merge as the union of their files and the later change wins.
"""

from __future__ import annotations

import errno
import os

from runstore import append, encode, facts, layout

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Mapping
    from typing import Any

TAG = "tag"
UNTAG = "untag"
DISPLAY_NAME = "display_name"
DESCRIPTION = "description"


def write(run_folder: str, changes: list[tuple[str, str, object]]) -> None:
    """Append changes, each (label, key, value); all of them are visible once this returns.

    Raises:
        ReadOnlyStore: the run cannot be written.
        OSError: anything else, such as a full disk.
    """
    if not changes:
        return
    folder = f"{run_folder}/{layout.LABELS}"
    try:
        facts.make_folder(folder)
        writer = _writer(folder)
        writer.catch_up()
        lines = []
        for n, (label, key, value) in enumerate(changes, writer.highest + 1):
            record = {"label": label, "key": key, "value": value, "n": n}
            lines.append(encode.dumps(facts.signed(record)))
        descriptor = append.open_for_append(f"{folder}/{writer.name}")
    except OSError as error:
        raise facts.unwritable(run_folder, error) from error
    try:
        if not append.add(descriptor, "\n".join(lines)):
            raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC), folder)
    finally:
        os.close(descriptor)


class _Writer:
    """This process as a writer of one run's labels: its file, and how far it has read the others.

    A change has to count as later than every change that was there before it, so all files are
    looked at each time; of each only what is new is read.
    """

    __slots__ = ("_folder", "_read", "highest", "name")

    def __init__(self, folder: str) -> None:
        self._folder = folder
        self._read: dict[str, int] = {}
        self.name = f"{os.getpid()}-{os.urandom(4).hex()}{layout.APPENDED}"
        self.highest = 0

    def catch_up(self) -> None:
        """Read what came since the last time."""
        with os.scandir(self._folder) as listing:
            entries = [entry for entry in listing if entry.name.endswith(layout.APPENDED)]
        for entry in entries:
            offset = self._read.get(entry.name, 0)
            if entry.stat().st_size == offset:
                continue
            records, end, _ = append.read(entry.path, offset)
            numbers = [record["n"] for record in records if is_change(record)]
            # First the number: another thread that finds this file read may rely on it.
            self.highest = max([self.highest, *numbers])
            self._read[entry.name] = end


_writers: dict[tuple[int, str], _Writer] = {}
_MOST_WRITERS = 1000


def _writer(folder: str) -> _Writer:
    """This process's writer for a run; a forked child has one of its own."""
    key = (os.getpid(), folder)
    writer = _writers.get(key)
    if writer is None:
        if len(_writers) >= _MOST_WRITERS:
            _writers.clear()
        writer = _writers.setdefault(key, _Writer(folder))
    return writer


class Labels:
    """What the labels of a run say now."""

    __slots__ = ("description", "display_name", "tags")

    def __init__(self) -> None:
        self.tags: dict[str, Any] = {}
        self.display_name: str | None = None
        self.description: str | None = None

    def apply(self, record: dict[str, Any]) -> None:
        """Let one change take effect."""
        label, key, value = record.get("label"), record.get("key"), record.get("value")
        if label == TAG and isinstance(key, str):
            self.tags[key] = value
        elif label == UNTAG and isinstance(key, str):
            self.tags.pop(key, None)
        elif label == DISPLAY_NAME and isinstance(value, (str, type(None))):
            self.display_name = value
        elif label == DESCRIPTION and isinstance(value, (str, type(None))):
            self.description = value


def read(run_folder: str, run: Mapping[str, Any] | None = None) -> Labels:
    """The labels of a run: every change in order of `n`, then time, then writer.

    Args:
        run: the run's run.json, which holds the labels that it was made with.
    """
    labels = Labels()
    given = run or {}
    tags = given.get("tags")
    labels.tags = dict(tags) if isinstance(tags, dict) else {}
    labels.display_name = _text(given.get("display_name"))
    labels.description = _text(given.get("description"))
    for record in sorted(_records(f"{run_folder}/{layout.LABELS}"), key=_order):
        labels.apply(record)
    return labels


def _text(value: object) -> str | None:
    return value if isinstance(value, str) else None


def _records(folder: str) -> list[dict[str, Any]]:
    try:
        names = sorted(os.listdir(folder))
    except (FileNotFoundError, NotADirectoryError):
        return []
    records: list[dict[str, Any]] = []
    for name in names:
        if name.endswith(layout.APPENDED):
            found, _, _ = append.read(f"{folder}/{name}")
            records += [{**record, "w": name} for record in found if is_change(record)]
    return records


def is_change(record: dict[str, Any]) -> bool:
    """Whether a record is a change of a label."""
    return isinstance(record.get("n"), int) and isinstance(record.get("label"), str)


def _order(record: dict[str, Any]) -> tuple[int, str, str]:
    return record["n"], str(record.get("time", "")), record["w"]
