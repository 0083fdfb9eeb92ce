"""Labels: what may change on a run at any time — tags, display name, description, parameters.

An experiment has labels of the same kind: tags, and whether it is archived.

Each call of `write` is a file of its own that never changes again; no writer locks, and nothing is
lost when fifty write at once. A change carries `n`, one more than the highest that its writer had
seen, and the file's name begins with its last `n`. So copies of a run merge as the union of their
files, by any tool that copies, and the later change wins.
"""

from __future__ import annotations

import errno
import os

from runstore import layout
from runstore.fs import append, atomic, facts, json_write
from runstore.run import params

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Mapping
    from typing import Any

TAG = "tag"
UNTAG = "untag"
DISPLAY_NAME = "display_name"
DESCRIPTION = "description"
ARCHIVED = "archived"
PARAM = "param"

_LONGEST_N = 19
"""Digits of a number that our own writers can reach; a name that has more is not one of ours."""


def write(owner: str, changes: list[tuple[str, str, object]], name: str = layout.LABELS) -> None:
    """Append changes, each (label, key, value); all of them are visible once this returns.

    Args:
        owner: the folder of the run or experiment.
        name: the folder of its labels, in that one.

    Raises:
        ReadOnlyStore: the run cannot be written.
        OSError: anything else, such as a full disk.
    """
    if not changes:
        return
    folder = f"{owner}/{name}"
    try:
        atomic.make_folder(folder)
        first = _highest(folder) + 1
        lines = []
        for n, (label, key, value) in enumerate(changes, first):
            record = {"label": label, "key": key, "value": value, "n": n}
            lines.append(json_write.dumps(facts.signed(record)))
        last = first + len(changes) - 1
        new = f"{last}.{os.getpid()}-{os.urandom(4).hex()}{layout.APPENDED}"
        descriptor = append.open_for_append(f"{folder}/{new}")
    except OSError as error:
        raise atomic.unwritable(owner, error) from error
    try:
        if not append.write_record(descriptor, "\n".join(lines)):
            raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC), folder)
    finally:
        os.close(descriptor)


def _highest(folder: str) -> int:
    """The highest `n` in the folder, by the names alone."""
    numbers = (name.partition(".")[0] for name in atomic.names_in(folder))
    return max((int(n) for n in numbers if n.isdecimal() and len(n) < _LONGEST_N), default=0)


class Labels:
    """What the labels of a run or experiment say now.

    Attributes:
        archived: the time when it was.
        params: those that were logged; `params.merged` adds them to those of the arguments.
    """

    __slots__ = ("archived", "description", "display_name", "params", "tags")

    def __init__(self) -> None:
        self.tags: dict[str, Any] = {}
        self.display_name: str | None = None
        self.description: str | None = None
        self.archived: str | None = None
        self.params: dict[str, Any] = {}

    def apply(self, record: dict[str, Any]) -> None:
        """Let one change take effect."""
        label, key, value = record.get("label"), record.get("key"), record.get("value")
        if label == TAG and isinstance(key, str):
            self.tags[key] = value
        elif label == UNTAG and isinstance(key, str):
            self.tags.pop(key, None)
        elif label == PARAM and isinstance(key, str) and params.is_param(value):
            self.params[key] = value
        elif label == DISPLAY_NAME and isinstance(value, (str, type(None))):
            self.display_name = value
        elif label == DESCRIPTION and isinstance(value, (str, type(None))):
            self.description = value
        elif label == ARCHIVED:
            self.archived = _text(record.get("time")) if value is True else None


def read(owner: str, run: Mapping[str, Any] | None = None, name: str = layout.LABELS) -> Labels:
    """The labels of a run or experiment: every change in order of `n`, then time, then writer.

    Args:
        owner, name: as for `write`.
        run: the run's run.json, which holds the labels that it was made with.
    """
    labels = Labels()
    given = run or {}
    tags = given.get("tags")
    labels.tags = dict(tags) if isinstance(tags, dict) else {}
    labels.display_name = _text(given.get("display_name"))
    labels.description = _text(given.get("description"))
    for record in sorted(_records(f"{owner}/{name}"), key=_order):
        labels.apply(record)
    return labels


def tagged_since(owner: str, own: set[tuple[object, object]]) -> str | None:
    """A tag that was set since the run was made, and is there still; None: there is none.

    Args:
        own: pid and host of processes whose tags do not count.
    """
    found = {}
    for record in sorted(_records(f"{owner}/{layout.LABELS}"), key=_order):
        if record["label"] in (TAG, UNTAG):
            found[str(record.get("key"))] = record
    counted = (
        key
        for key, record in found.items()
        if record["label"] == TAG and (record.get("pid"), record.get("host")) not in own
    )
    return next(counted, None)


def _text(value: object) -> str | None:
    return value if isinstance(value, str) else None


def _records(folder: str) -> list[dict[str, Any]]:
    try:
        names = sorted(atomic.names_in(folder))
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
