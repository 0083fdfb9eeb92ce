"""What the index knows of one run: the columns of a list, its tags, properties and parameters."""

from __future__ import annotations

from runstore import layout, look, status
from runstore.errors import RunNotFound
from runstore.fs import atomic
from runstore.index.kinds import DURATION, NUMBER, PERCENT, SIZE, STATUS, TEXT, TIME
from runstore.metrics import used
from runstore.run import cache, params, properties

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable, Mapping
    from typing import Any

    from runstore.look import Look
    from runstore.run.record import Record

TAGS, PROPERTIES, PARAMS = PAIRS = "tags", "properties", "params"
"""What a run has by key."""

_MOST = 1 << 63


class Field:
    """A field of a run, by which runs are listed, filtered and sorted.

    Attributes:
        name: also that of the index's column.
        kind: TEXT, NUMBER, TIME, STATUS, PERCENT, DURATION (in seconds) or SIZE (in KiB).
        read: gives its value: a text, a number, or None.
        is_shown: whether tables offer it as a column.
        short: the name that leaves out the unit, which its values then have; "": none.
    """

    __slots__ = ("is_shown", "kind", "name", "read", "short")

    def __init__(
        self,
        name: str,
        kind: str,
        read: Callable[[Known], object],
        *,
        is_shown: bool = True,
        short: str = "",
    ) -> None:
        self.name = name
        self.kind = kind
        self.read = read
        self.is_shown = is_shown
        self.short = short


class Known:
    """What was read of a run, from which its fields are taken."""

    __slots__ = (
        *("ended", "exited", "gpus", "labels", "look", "properties", "record", "run", "started"),
        "used",
    )

    def __init__(self, record: Record, look: Look, run: Mapping[str, Any]) -> None:
        self.record = record
        self.look = look
        self.run = run
        self.labels = record.labels()
        self.properties = properties.read(record.path, run, is_strict=True)
        self.exited = look.fact(layout.EXITED)
        started = look.fact(layout.STARTED)
        self.started = _text(started.get("time"))
        self.gpus = started.get("gpus")
        self.used = used.found(record.path, look.status)
        self.ended = _text((look.outcome or {}).get("time"))


_RUN_SOURCE = "azureml.runsource"
"""The property that names the type of a run that has none."""


class Summary:
    """One run as the index knows it.

    Attributes:
        values: by the names in COLUMNS; a text, a number, or None.
        pairs: tags, properties and parameters, each by key; `indexed` gives the latter.
        params: the parameters as JSON has them.
        stamp: the time stamps of its folders, from before anything else was read.
        is_settled: nothing more is expected of it: it is over, and not just now.
    """

    __slots__ = ("folder", "is_settled", "pairs", "params", "stamp", "values")

    def __init__(self, folder: str, values: dict[str, Any]) -> None:
        self.folder = folder
        self.values = values
        self.pairs: dict[str, dict[str, Any]] = {area: {} for area in PAIRS}
        self.params: dict[str, params.Value] = {}
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
        return summary_of(record, look)
    except OSError as error:
        if error.errno in atomic.OUR_OWN:
            raise
        return None


def summary_of(record: Record, look: Callable[[Record], Look]) -> Summary | None:
    """A run's summary; None where its folder is gone, or is none of a run.

    Raises:
        OSError: it cannot be read now.
    """
    seen_stamp = cache.stamp_of(record.path)
    try:
        seen = look(record)
    except RunNotFound:
        return None
    run = record.asked()
    if not run and not atomic.is_folder(record.path):
        return None
    known = Known(record, seen, run)
    made = Summary(record.experiment_folder, {one.name: one.read(known) for one in FIELDS})
    made.params = params.merged(run, known.labels.params)
    made.pairs[TAGS] = {key: _text(value) for key, value in known.labels.tags.items()}
    made.pairs[PROPERTIES] = {**known.properties}
    made.pairs[PARAMS] = {key: indexed(value) for key, value in made.params.items()}
    made.stamp = seen_stamp
    made.is_settled = seen.facts[layout.ENDED] is not None and not cache.is_fresh(record.path)
    if seen.status == status.NOT_STARTED:
        made.is_settled = False
    return made


def indexed(value: params.Value) -> str | float | None:
    """A parameter as the index holds it: SQLite has no booleans, lists, and endless numbers."""
    if isinstance(value, (bool, list)):
        return params.spelled(value)
    if isinstance(value, int) and not -_MOST <= value < _MOST:
        return str(value)
    return value


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


def _number(value: object) -> int | None:
    """A whole number above 0; None for anything else, and what SQLite could not hold."""
    return value if type(value) is int and 0 < value < 1 << 63 else None


def _error(known: Known) -> str | None:
    return look.failed_because(known.record, known.look)


def _type(known: Known) -> str | None:
    return _text(known.run.get("type")) or known.properties.get(_RUN_SOURCE)


FIELDS = (
    Field("status", STATUS, lambda known: known.look.status),
    Field("number", NUMBER, lambda known: _number(known.run.get("number"))),
    Field("created", TIME, lambda known: _text(known.run.get("time")) or ""),
    Field("started", TIME, lambda known: known.started),
    Field("ended", TIME, lambda known: known.ended),
    Field(
        *("duration_s", DURATION, lambda known: _between(known.started, known.ended)),
        short="duration",
    ),
    Field("experiment", TEXT, lambda known: known.record.experiment),
    Field("name", TEXT, lambda known: known.labels.display_name),
    Field("script", TEXT, lambda known: _text(known.run.get("script"))),
    Field("arguments", TEXT, lambda known: _joined(known.run.get("arguments"))),
    Field("target", TEXT, lambda known: _text(known.run.get("target"))),
    Field("user", TEXT, lambda known: _text(known.run.get("user"))),
    Field("type", TEXT, _type),
    Field("parent", TEXT, lambda known: _text(known.run.get("parent"))),
    Field("description", TEXT, lambda known: known.labels.description),
    Field("cpu_s", DURATION, lambda known: used.cpu_s(known.used, known.exited), short="cpu"),
    Field("cpu_percent", PERCENT, lambda known: used.cpu_percent(known.used, known.exited)),
    Field(
        *("memory_kib", SIZE, lambda known: used.memory_kib(known.used, known.exited)),
        short="memory",
    ),
    Field("read_kib", SIZE, lambda known: used.kib(known.used, "read_bytes"), short="read"),
    Field(
        *("written_kib", SIZE, lambda known: used.kib(known.used, "written_bytes")),
        short="written",
    ),
    Field("gpus", NUMBER, lambda known: used.gpus(known.gpus)),
    Field("gpu_percent", PERCENT, lambda known: used.gpu_percent(known.used)),
    Field(
        *("gpu_memory_kib", SIZE, lambda known: used.kib(known.used, "gpu_memory")),
        short="gpu_memory",
    ),
    Field("joules", NUMBER, lambda known: used.joules(known.used)),
    Field("error", TEXT, _error),
    Field("id", TEXT, lambda known: known.record.id),
    Field("kind", TEXT, lambda known: _text(known.run.get("kind")), is_shown=False),
)
"""All fields. A new one needs another `layout.INDEX_FILE`: the columns of a file never change."""

COLUMNS = tuple(one.name for one in FIELDS)
