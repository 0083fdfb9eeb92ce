"""What the index knows of one run: the columns of a list, its tags and its properties."""

from __future__ import annotations

import os

from runstore import layout, status
from runstore.errors import RunNotFound
from runstore.fs import facts
from runstore.run import properties, stamps

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable
    from typing import Any

    from runstore.look import Look
    from runstore.run.record import Record

COLUMNS = (
    "experiment",
    "id",
    "number",
    "created",
    "parent",
    "kind",
    "type",
    "status",
    "user",
    "name",
    "description",
    "script",
    "started",
    "ended",
    "target",
    "arguments",
    "duration_s",
    "cpu_s",
    "peak_memory_kib",
)

NUMBERS = ("number", "duration_s", "cpu_s", "peak_memory_kib")
"""The columns that hold numbers."""

_RUN_SOURCE = "azureml.runsource"
"""The property that names the type of a run that has none."""


class Summary:
    """One run as the index knows it.

    Attributes:
        values: by the names in COLUMNS; a text, a number, or None.
        tags, properties: by key.
        stamp: the time stamps of its folders, from before anything else was read.
        is_settled: nothing more is expected of it: it is over, and not just now.
    """

    __slots__ = ("folder", "is_settled", "properties", "stamp", "tags", "values")

    def __init__(self, folder: str, values: dict[str, Any]) -> None:
        self.folder = folder
        self.values = values
        self.tags: dict[str, str | None] = {}
        self.properties: dict[str, str] = {}
        self.stamp = ""
        self.is_settled = False


def plain(value: Any) -> Any:
    """A text as SQLite can hold it: half a surrogate pair as its escape; anything else as it is."""
    if isinstance(value, str) and not value.isascii():
        return value.encode("utf-8", "backslashreplace").decode()
    return value


def readable(record: Record, look: Callable[[Record], Look]) -> Summary | None:
    """A run's summary; None also where it cannot be read: it is left out of lists.

    Raises:
        OSError: this process lacks something, such as descriptors: that says nothing of the run.
    """
    try:
        return of(record, look)
    except OSError as error:
        if error.errno in facts.OUR_OWN:
            raise
        return None


def of(record: Record, look: Callable[[Record], Look]) -> Summary | None:
    """A run's summary; None where its folder is gone, or is none of a run.

    Raises:
        OSError: it cannot be read now.
    """
    seen_stamp = stamps.of(record.path)
    try:
        seen = look(record)
    except RunNotFound:
        return None
    run = record.asked()
    if not run and not os.path.isdir(record.path):
        return None
    labels, found = record.labels(), properties.read(record.path, run, is_strict=True)
    started = _text(seen.fact(layout.STARTED).get("time"))
    ended = _text((seen.outcome or {}).get("time"))
    exited = seen.fact(layout.EXITED)
    made = Summary(
        record.experiment_folder,
        {
            "experiment": record.experiment,
            "id": record.id,
            "number": _number(run.get("number")),
            "created": _text(run.get("time")) or "",
            "parent": _text(run.get("parent")),
            "kind": _text(run.get("kind")),
            "type": _text(run.get("type")) or found.get(_RUN_SOURCE),
            "status": seen.status,
            "user": _text(run.get("user")),
            "name": labels.display_name,
            "description": labels.description,
            "script": _text(run.get("script")),
            "started": started,
            "ended": ended,
            "target": _text(run.get("target")),
            "arguments": _joined(run.get("arguments")),
            "duration_s": _between(started, ended),
            "cpu_s": _sum(exited.get("cpu_user_s"), exited.get("cpu_system_s")),
            "peak_memory_kib": _number(exited.get("peak_memory_kib")),
        },
    )
    made.tags = {key: _text(value) for key, value in labels.tags.items()}
    made.properties = found
    made.stamp = seen_stamp
    made.is_settled = seen.facts[layout.ENDED] is not None and not stamps.is_fresh(record.path)
    if seen.status == status.NOT_STARTED:
        made.is_settled = False
    return made


def _text(value: object) -> str | None:
    return None if value is None else str(value)


def _joined(arguments: object) -> str | None:
    """The arguments of a command in one line, as a shell takes them."""
    if not isinstance(arguments, list) or not arguments:
        return None
    from shlex import join

    return join(map(str, arguments))


def _between(started: str | None, ended: str | None) -> float | None:
    """The seconds between two recorded times; None where one is not there, or is none."""
    if started is None or ended is None:
        return None
    from datetime import datetime

    try:
        took = datetime.fromisoformat(ended) - datetime.fromisoformat(started)
    except (ValueError, TypeError):
        return None
    return max(0.0, took.total_seconds())


def _sum(*seconds: object) -> float | None:
    known = [float(one) for one in seconds if type(one) is float or type(one) is int]
    return sum(known) if known else None


def _number(value: object) -> int | None:
    """A whole number above 0; None for anything else, and what SQLite could not hold."""
    return value if type(value) is int and 0 < value < 1 << 63 else None
