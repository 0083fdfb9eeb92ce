"""The run of a process that belongs to none: it prints what it is told, and remembers it."""

from __future__ import annotations

import os

from homerun import notices, shapes, values
from homerun.errors import RunEnvironmentError
from homerun.run import Run
from runstore import metrics, status
from runstore.errors import PropertyExists

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping, Sequence
    from types import TracebackType
    from typing import Any

    from homerun.config import ScriptRunConfig
    from homerun.experiment import Experiment
    from homerun.filters import Wanted


class OfflineRun(Run):
    """A run without a record: a script that logs can be tried by hand, unchanged."""

    def __init__(self) -> None:
        h = os.urandom(16).hex()
        self._id = f"OfflineRun_{h[:8]}-{h[8:12]}-{h[12:16]}-{h[16:20]}-{h[20:]}"
        self._folder = os.getcwd()
        self._name: str | None = None
        self._description: str | None = None
        self._parent: Run | None = None
        self._children: list[Run] = []
        self._tags: dict[str, str | None] = {}
        self._properties: dict[str, str] = {}
        self._series: dict[str, metrics.Series] = {}
        self._status = status.RUNNING

    @property
    def number(self) -> int | None:
        """None: an offline run is counted nowhere."""
        return None

    @property
    def display_name(self) -> str:
        """The name for people; the id where none was given. Can be set."""
        return self._name or self._id

    @display_name.setter
    def display_name(self, name: str) -> None:
        self._name = name

    @property
    def description(self) -> str | None:
        """A text for people. Can be set."""
        return self._description

    @description.setter
    def description(self, text: str) -> None:
        self._description = text

    @property
    def parent(self) -> Run | None:
        """The run that this one is a child of."""
        return self._parent

    @property
    def experiment(self) -> Experiment:
        """An offline run has none.

        Raises:
            AttributeError: always, so that `hasattr(run, "experiment")` tells.
        """
        raise AttributeError("an offline run belongs to no experiment; submit the script")

    @property
    def type(self) -> str | None:
        """None: an offline run is of no kind."""
        return None

    def get_status(self) -> str:
        """Running, until `fail` or `cancel` is called."""
        return self._status

    def get_details(self) -> dict[str, Any]:
        """The id and the status."""
        return {"runId": self._id, "status": self._status}

    def describe(self) -> dict[str, Any]:
        """The id and the status."""
        return {"run_id": self._id, "status": self._status}

    def wait_for_completion(
        self,
        show_output: bool = False,
        wait_post_processing: bool = False,
        raise_on_error: bool = True,
    ) -> dict[str, Any]:
        """Return at once: this process is the run."""
        return self.get_details()

    def stream(self, offset: int = 0) -> Iterator[bytes]:
        """Nothing: the output goes where this process writes it."""
        return iter(())

    def cancel(self) -> None:
        """Note it."""
        self._status = status.CANCELED

    def fail(
        self,
        error_details: str | BaseException | None = None,
        error_code: str | None = None,
    ) -> None:
        """Note and print it; nothing is ended."""
        self._status = status.FAILED
        print(f"Run failed with error code {error_code}:\n{error_details}")

    def start(self) -> None:
        """Nothing: it has begun."""

    def complete(self) -> None:
        """Note it."""
        self._status = status.COMPLETED

    def __enter__(self) -> Run:
        """Begin a block."""
        return self

    def __exit__(
        self, kind: object, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        """The end of the block; an error goes on."""

    def get_tags(self) -> dict[str, str | None]:
        """The tags set so far."""
        return dict(self._tags)

    def set_tags(self, tags: Mapping[str, object]) -> None:
        """Print and remember tags."""
        self._tags.update(notices.text_pairs("tags", tags))
        print(f"Attempted to set tags {dict(tags)}")

    def remove_tags(self, tags: Sequence[str]) -> None:
        """Forget tags."""
        for key in [tags] if isinstance(tags, str) else tags:
            self._tags.pop(key, None)

    def get_properties(self) -> dict[str, str]:
        """The properties set so far."""
        return dict(self._properties)

    def add_properties(self, properties: Mapping[str, object]) -> None:
        """Print and remember properties, each set once."""
        for key, value in notices.text_pairs("properties", properties or {}).items():
            kept = self._properties.setdefault(key, str(value))
            if kept != str(value):
                raise PropertyExists(key, kept, str(value))
        print(f"Attempted to add properties {dict(properties or {})}")

    def child_run(
        self,
        name: str | None = None,
        run_id: str | None = None,
        outputs: bool | str | None = None,
    ) -> Run:
        """An offline child."""
        child = OfflineRun()
        child._id = run_id or f"{self._id}.{name or child._id.partition('_')[2]}"
        child._parent = self
        self._children.append(child)
        return child

    def create_children(
        self,
        count: int | None = None,
        tag_key: str | None = None,
        tag_values: Sequence[object] | None = None,
    ) -> Sequence[Run]:
        """Offline children."""
        values = list(tag_values or ())
        made = [self.child_run() for _ in range(len(values) if count is None else count)]
        for child, value in zip(made, values):
            child.set_tags({str(tag_key): value})
        return made

    def submit_child(
        self, config: ScriptRunConfig, tags: Mapping[str, object] | None = None
    ) -> Run:
        """Not possible: there is no workspace to submit to.

        Raises:
            RunEnvironmentError: always.
        """
        raise RunEnvironmentError

    def get_children(
        self,
        recursive: bool = False,
        tags: Wanted = None,
        properties: Wanted = None,
        type: str | None = None,
        status: str | None = None,
        *,
        where: Sequence[str] | str = (),
    ) -> Iterator[Run]:
        """The offline children, newest first; conditions have no effect."""
        return reversed(self._children)

    def log(self, name: str, value: object, description: str = "", step: int | None = None) -> None:
        """Print and remember a value."""
        self._keep(values.name(name), values.scalar(name, value), metrics.SCALAR)

    def log_list(self, name: str, value: Iterable[object], description: str = "") -> None:
        """Print and remember values."""
        self._keep(name, values.many(name, value), metrics.LIST)

    def log_row(self, name: str, description: str | None = None, **kwargs: object) -> None:
        """Print and remember a row."""
        cells = {column: values.single(name, value) for column, value in kwargs.items()}
        self._keep(name, cells, metrics.ROW)

    def log_table(self, name: str, value: Mapping[str, object], description: str = "") -> None:
        """Print and remember a table."""
        self._keep(name, values.table(name, value), metrics.TABLE)

    def get_metrics(
        self, name: str | None = None, recursive: bool = False, run_type: str | None = None
    ) -> dict[str, Any]:
        """What was logged, in the shapes of a recorded run."""
        found = {key: shapes.of_series(series) for key, series in self._series.items()}
        return found if name is None else {key: found[key] for key in found if key == name}

    def _keep(self, name: str, value: object, kind: str) -> None:
        series = self._series.setdefault(name, metrics.Series())
        series.values.append(value)
        series.add_columns({"k": kind})
        print(f"Attempted to log {kind} metric {name}:\n{value}")

    def __repr__(self) -> str:
        return f"OfflineRun(Id: {self._id},\nStatus: {self._status})"
