"""The parts of an offline run: they print what they are given, and keep it in memory."""

from __future__ import annotations

import os

from homerun.base import checks
from homerun.base.errors import UserError
from homerun.metrics import values
from homerun.metrics.logger import MetricLogger
from homerun.sdk.files import RunFiles
from homerun.sdk.labels import RunLabels
from runstore.errors import PropertyExists
from runstore.metrics import log as metric_log

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence
    from typing import Any

    from homerun.files.upload import Artifact, Path
    from runstore.fs.safe_path import Stream
    from runstore.run.params import Value


class PrintedMetrics(MetricLogger):
    """The metrics of an offline run."""

    def __init__(self, run_id: str) -> None:
        self._run_id = run_id
        self._dropped = 0
        self._series: dict[str, metric_log.Series] = {}
        self._contents: dict[str, bytes] = {}

    def read(self, name: str | None, populate: bool) -> dict[str, Any]:
        """What was logged, in the shapes of a recorded run."""
        from homerun.metrics import results

        of_file = results.file_giver(self._run_id, self._contents.__getitem__, populate)
        return {
            key: results.value_of_series(key, series, of_file)
            for key, series in self._series.items()
            if name is None or key == name
        }

    def log(self, name: str, value: object, description: str = "", step: int | None = None) -> None:
        """Print and keep a value."""
        values.step(name, step)
        name, kept = values.name(name), values.scalar(name, value)
        self._keep(name, kept, metric_log.SCALAR)
        _print(f"Attempted to log scalar metric {name}:\n{kept}")

    def add(self, kind: str, name: str, value: Any, description: str = "") -> None:
        """Print and keep a value of another kind; of a file print what was given."""
        from homerun.metrics import kinds

        name = values.name(name)
        kept = kinds.kind_named(kind).check(name, value)
        if kinds.kind_named(kind).group == kinds.FILE:
            kept = self._keep_content(*kept)
            shown = kinds.path_or_plot(value) if kind == kinds.IMAGE else value
        else:
            shown = kept
        self._keep(name, kept, kind)
        _print(f"Attempted to log {kinds.kind_named(kind).printed} metric {name}:\n{shown}")

    def flush(self) -> None:
        """Print that it was asked for."""
        print(f"Attempted to flush run with id {self._run_id}")

    def close(self) -> None:
        """Nothing: no file is open."""

    def _keep_content(self, name: str, data: bytes) -> str:
        from homerun.metrics import files

        number = 1
        while files.numbered(name, number) in self._contents:
            number += 1
        free = files.numbered(name, number)
        self._contents[free] = data
        return free

    def _keep(self, name: str, value: object, kind: str) -> None:
        """Keep a point that is not empty."""
        if value or kind == metric_log.SCALAR:
            series = self._series.setdefault(name, metric_log.Series())
            series.values.append(value)
            series.add_columns({"k": kind})


class PrintedLabels(RunLabels):
    """The labels and properties of an offline run."""

    def __init__(self, run_id: str, name: str | None = None) -> None:
        self._run_id = run_id
        self._name = name
        self._description: str | None = None
        self._tags: dict[str, str | None] = {}
        self._properties: dict[str, str] = {}
        self._params: dict[str, Value] = {}

    @property
    def display_name(self) -> str:
        """The name for people; the id where none was given."""
        return self._name or self._run_id

    @property
    def description(self) -> str | None:
        """The text for people."""
        return self._description

    @property
    def tags(self) -> dict[str, str | None]:
        """The tags set so far."""
        return dict(self._tags)

    @property
    def properties(self) -> dict[str, str]:
        """The properties set so far."""
        return dict(self._properties)

    @property
    def params(self) -> dict[str, Value]:
        """The parameters logged so far."""
        return dict(self._params)

    def log_params(self, params: Mapping[str, object]) -> None:
        """Print and keep parameters."""
        kept = checks.params(params)
        self._params.update(kept)
        print(f"Attempted to log parameters {kept}")

    def set_display_name(self, name: str) -> None:
        """Keep the name for people."""
        self._name = name

    def set_description(self, text: str) -> None:
        """Keep the text for people."""
        self._description = text

    def tag(self, key: str, value: object) -> None:
        """Print and keep a tag."""
        self._tags.update(checks.text_pairs("tags", {key: value}))
        print(f"Attempted to add tag {key} with value {value}")

    def set_tags(self, tags: Mapping[str, object]) -> None:
        """Print and keep tags."""
        self._tags.update(checks.text_pairs("tags", tags))
        print(f"Attempted to set tags {dict(tags)}")

    def remove_tags(self, tags: Sequence[str]) -> None:
        """Remove tags."""
        for key in [tags] if isinstance(tags, str) else tags:
            self._tags.pop(key, None)

    def add_properties(self, properties: Mapping[str, object]) -> None:
        """Print and keep properties, each set once."""
        for key, value in checks.text_pairs("properties", properties or {}).items():
            kept = self._properties.setdefault(key, str(value))
            if kept != str(value):
                raise PropertyExists(key, kept, str(value))
        print(f"Attempted to add properties {dict(properties or {})}")


class PrintedFiles(RunFiles):
    """The files of an offline run: an uploaded one is named, and stays where it is."""

    def __init__(self, run_id: str) -> None:
        self._run_id = run_id
        self._paths: dict[str, str | None] = {}

    def upload_file(self, name: str, source: Path | Stream) -> Artifact:
        """Print and keep the name; a file stays where it is, the content of a stream is lost."""
        print(f"Attempted to track file {name} at {source}")
        return self._track(name, source)

    def upload_files(
        self, names: Iterable[str], paths: Iterable[Path], timeout_seconds: float | None
    ) -> list[Artifact]:
        """Print and keep the names."""
        wanted, sources = list(names), list(paths)
        print(f"Attempted to track files {wanted} at {sources} with timeout {timeout_seconds}s")
        return [self._track(name, path) for name, path in zip(wanted, sources)]

    def upload_folder(self, name: str, path: Path) -> list[Artifact]:
        """Print and keep the names of the files below the folder."""
        print(f"Attempted to track folder {name} at {path}")
        root = os.fspath(path)
        found = [os.path.join(at, one) for at, _, inside in os.walk(root) for one in sorted(inside)]
        return [
            self._track("/".join((name.rstrip("/"), os.path.relpath(one, root))), one)
            for one in found
        ]

    def names(self) -> list[str]:
        """The names under which something was uploaded."""
        return sorted(self._paths)

    def download_file(self, name: str, target: Path | None) -> None:
        """Copy a file that was uploaded by its path, as it is now.

        Raises:
            UserError: nothing was uploaded under that name, or a stream, which is not kept.
        """
        from homerun.files import download, upload

        path = self._paths.get(name)
        if path is None:
            known = download.some(self.names())
            raise UserError(
                f"{self._run_id} keeps no file {name!r}; what was uploaded to it: {known}"
            )
        source = upload.open_local(path)
        try:
            download.copy_to(source, download.target(name, target))
        finally:
            os.close(source)

    def download_files(
        self,
        prefix: str | None,
        folder: Path | None,
        paths: Sequence[Path] | None,
        append_prefix: bool,
    ) -> None:
        """Refused: the files are where the script has them."""
        raise UserError("an offline run keeps no files of its own; submit the script")

    def download_logs(self, destination: Path | None) -> list[str]:
        """None: the output goes where this process writes it."""
        return []

    def log_texts(self) -> dict[str, str]:
        """None, for the same reason."""
        return {}

    def take_snapshot(self, path: Path) -> str:
        """Refused: there is no store."""
        raise UserError("an offline run has no snapshot; submit the script")

    def snapshot_id(self) -> str | None:
        """None: there is no snapshot."""
        return None

    def restore_snapshot(self, snapshot_id: str | None, path: Path | None) -> str:
        """Refused: there is no store."""
        raise UserError("an offline run has no snapshot; submit the script")

    def unpack_snapshot(self, path: Path) -> str:
        """Refused: there is no store."""
        raise UserError("an offline run has no snapshot; submit the script")

    def _track(self, name: str, source: Path | Stream) -> Artifact:
        from homerun.files.upload import Artifact

        path = os.path.abspath(source) if isinstance(source, (str, os.PathLike)) else None
        self._paths[name] = path
        return Artifact(self._run_id, name)


def _print(text: str) -> None:
    """Print a text; what standard output cannot carry is shown as its escape."""
    try:
        print(text)
    except UnicodeEncodeError as error:
        print(text.encode(error.encoding, "backslashreplace").decode(error.encoding))
