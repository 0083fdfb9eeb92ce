"""The run of a process that belongs to none: it prints what it is told, and remembers it."""

from __future__ import annotations

import os

from homerun.base import checks
from homerun.base.errors import UserError
from homerun.metrics import results, values
from homerun.sdk.offline_files import OfflineFiles
from homerun.sdk.run import Run
from runstore import status
from runstore.errors import PropertyExists
from runstore.metrics import log as metric_log

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping, Sequence
    from types import TracebackType
    from typing import Any

    from homerun.config.script_run_config import ScriptRunConfig
    from homerun.sdk.experiment import Experiment
    from homerun.views.listing import Wanted


_WORDS = {metric_log.RESIDUALS: "residual"}
"""What the original calls a kind of metric in print, where that is not its name."""


def _print(text: str) -> None:
    """Print a text; what standard output cannot carry is shown as its escape."""
    try:
        print(text)
    except UnicodeEncodeError as error:
        print(text.encode(error.encoding, "backslashreplace").decode(error.encoding))


class _OfflineRun(OfflineFiles, Run):
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
        self._series: dict[str, metric_log.Series] = {}
        self._uploaded: dict[str, str | None] = {}
        self._files: dict[str, bytes] = {}
        self._status = status.RUNNING

    @property
    def number(self) -> int | None:
        """None: an offline run is counted nowhere."""
        return None

    @property
    def name(self) -> str:
        """The name for people; the id where none was given."""
        return self.display_name

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
        """The keys that those of any run have."""
        return {
            "runId": self._id,
            "target": "local",
            "status": self._status,
            "services": {},
            "properties": self.get_properties(),
            "inputDatasets": [],
            "outputDatasets": [],
            "logFiles": {},
        }

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
        """Note it, unless the run is over."""
        self._end(status.CANCELED)

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
        """Note it, unless the run is over."""
        self._end(status.COMPLETED)

    def flush(self, timeout_seconds: float = 300) -> None:
        """Print that it was asked for."""
        print(f"Attempted to flush run with id {self._id}")

    def __enter__(self) -> Run:
        """Begin a block, and print so."""
        print(f"[START] Run {self._id} context")
        return self

    def __exit__(
        self, kind: object, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        """The end of the block, printed; Completed, or Failed with the error, which goes on."""
        is_clean = error is None or (isinstance(error, SystemExit) and not error.code)
        self._end(status.COMPLETED if is_clean else status.FAILED)
        print(f"[STOP] Run {self._id} context")

    def tag(self, key: str, value: object = None) -> None:
        """Print and remember a tag."""
        self._tags.update(checks.text_pairs("tags", {key: value}))
        print(f"Attempted to add tag {key} with value {value}")

    def get_tags(self) -> dict[str, str | None]:
        """The tags set so far."""
        return dict(self._tags)

    def set_tags(self, tags: Mapping[str, object]) -> None:
        """Print and remember tags."""
        self._tags.update(checks.text_pairs("tags", tags))
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
        for key, value in checks.text_pairs("properties", properties or {}).items():
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
        child = _OfflineRun()
        child._id = run_id or f"{self._id}.{name or child._id.partition('_')[2]}"
        child._name = name
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
        from homerun.runs import children

        made = []
        for tags in children.row_tags(count, tag_key, tag_values):
            made.append(self.child_run())
            made[-1].set_tags(tags)
        return made

    def submit_child(
        self, config: ScriptRunConfig, tags: Mapping[str, object] | None = None
    ) -> Run:
        """Not possible.

        Raises:
            UserError: always.
        """
        raise UserError(
            "an offline run has no workspace to submit a child to: submit this script, or use "
            "Experiment(Workspace.from_config(), NAME).submit"
        )

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
        values.step(name, step)
        self._keep(name, values.scalar(name, value), metric_log.SCALAR)

    def log_list(self, name: str, value: Iterable[object], description: str = "") -> None:
        """Print and remember values."""
        self._keep(name, values.many(name, value), metric_log.LIST)

    def log_row(self, name: str, description: str | None = None, **kwargs: object) -> None:
        """Print and remember a row."""
        cells = {column: values.single(name, value) for column, value in kwargs.items()}
        self._keep(name, cells, metric_log.ROW)

    def log_table(self, name: str, value: Mapping[str, object], description: str = "") -> None:
        """Print and remember a table."""
        columns = values.table(name, value)
        self._keep(name, columns if any(columns.values()) else {}, metric_log.TABLE)

    def log_image(
        self,
        name: str,
        path: str | os.PathLike[str] | None = None,
        plot: Any = None,
        description: str = "",
    ) -> None:
        """Print what was given, and remember the image."""
        from homerun.metrics import files, images

        data = images.taken(path, plot)
        kept = self._keep_file(files.image_name(values.name(name), path), data)
        self._keep(name, kept, metric_log.IMAGE, plot if path is None else path)

    def get_metrics(
        self,
        name: str | None = None,
        recursive: bool = False,
        run_type: str | None = None,
        populate: bool = False,
    ) -> dict[str, Any]:
        """What was logged, in the shapes of a recorded run."""
        if recursive:
            below = [] if run_type else self._children
            found = {self._id: self.get_metrics(name, populate=populate)}
            for child in below:
                found.update(child.get_metrics(name, recursive=True, populate=populate))
            return {run_id: values for run_id, values in found.items() if values}
        of_file = results.file_giver(self._id, self._files.__getitem__, populate)
        return {
            key: results.of_series(key, series, of_file)
            for key, series in self._series.items()
            if name is None or key == name
        }

    def _add_document(self, name: str, value: object, kind: str, description: str) -> None:
        from homerun.metrics import files

        data = values.document(values.name(name), value).encode()
        kept = self._keep_file(files.document_name(name, kind), data)
        self._keep(name, kept, kind, value)

    def _keep_file(self, name: str, data: bytes) -> str:
        from homerun.metrics import files

        number = 1
        while files.numbered(name, number) in self._files:
            number += 1
        free = files.numbered(name, number)
        self._files[free] = data
        return free

    def _keep(self, name: str, value: object, kind: str, shown: object = None) -> None:
        """Remember a point that is not empty, and print it in the original's words.

        Args:
            shown: what is printed in place of the value.
        """
        name = values.name(name)
        if value or kind == metric_log.SCALAR:
            series = self._series.setdefault(name, metric_log.Series())
            series.values.append(value)
            series.add_columns({"k": kind})
        word = _WORDS.get(kind, kind)
        _print(f"Attempted to log {word} metric {name}:\n{value if shown is None else shown}")

    def _end(self, how: str) -> None:
        if self._status == status.RUNNING:
            self._status = how

    def __repr__(self) -> str:
        return f"OfflineRun(Id: {self._id},\nStatus: {self._status})"


OfflineRun = _OfflineRun
"""The class is called as the original's: scripts know an offline run also by its class's name."""
