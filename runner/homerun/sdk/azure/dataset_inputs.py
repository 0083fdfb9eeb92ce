"""What scripts read and write, as their arguments name it: datasets, and folders for results."""

from __future__ import annotations

from homerun.assets import bindings, datasets, tables, versions
from homerun.assets.bindings import Binding
from homerun.base import checks
from homerun.base.errors import Absent, UserError

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from typing import Any

_MODES = (bindings.DIRECT, bindings.MOUNT, bindings.DOWNLOAD)
_STEPS = "a step of a pipeline reads it so: give the next run the registered dataset"


class DatasetConsumptionConfig:
    """A dataset as an argument of a script.

    Args:
        name: what the script calls it: `run.input_datasets[name]`.
        mode: `direct` (the argument is the id, and the script has the dataset itself), `mount` or
            `download` (both have a path).
        path_on_compute: accepted without effect: each run has a folder of its own.
    """

    def __init__(
        self, name: str, dataset: Any, mode: str = "direct", path_on_compute: str | None = None
    ) -> None:
        if not hasattr(dataset, "as_named_input"):
            raise UserError(f"a script consumes a Dataset, not {type(dataset).__name__}")
        if mode not in _MODES:
            raise UserError(f"a dataset is read as one of {', '.join(_MODES)}, not {mode!r}")
        self.name = bindings.check_binding(name)
        self.dataset = dataset
        self.mode = mode
        self.path_on_compute = path_on_compute

    def as_mount(self, path_on_compute: str | None = None) -> DatasetConsumptionConfig:
        """The same; the script has a path to the files as they are, or to links to them."""
        return DatasetConsumptionConfig(self.name, self.dataset, bindings.MOUNT, path_on_compute)

    def as_download(self, path_on_compute: str | None = None) -> DatasetConsumptionConfig:
        """The same; the script has a path to copies of the files."""
        return DatasetConsumptionConfig(self.name, self.dataset, bindings.DOWNLOAD, path_on_compute)

    def bound(self) -> Binding:
        """What it is for a run."""
        return Binding(
            bindings.INPUT,
            self.name,
            self.mode,
            definition=self.dataset._definition,
            dataset=self.dataset.name,
            version=self.dataset.version,
        )


class OutputFileDatasetConfig(Absent):
    """A folder that a script writes its results to, as an argument.

    Args:
        name: what the script calls it: `run.output_datasets[name]`; None: one is made up.
        destination: a pair of a datastore and a path, which may hold `{run-id}` and
            `{output-name}`; None: `dataset/{run-id}/{output-name}` of the default datastore.
        source, partition_format: accepted without effect: the script writes to the folder itself.
    """

    _absent_from = "OutputFileDatasetConfig"
    _absent = {"as_input": _STEPS, "as_hdfs": "Hadoop is not run here"}

    def __init__(
        self,
        name: str | None = None,
        destination: Any = None,
        source: object = None,
        partition_format: str | None = None,
    ) -> None:
        self.name = bindings.check_binding(name or bindings.made_up_name("output"))
        self.destination = destination
        self.mode = bindings.MOUNT
        self._register: dict[str, Any] = {}
        self._place, self._path = None, None
        if destination is not None:
            is_place = hasattr(destination, "place")
            given = (destination, bindings.DESTINATION) if is_place else destination
            (found,) = datasets.sources_of(given)
            if "datastore" not in found:
                raise UserError("a destination is a pair (datastore, 'path')")
            self._place, self._path = found["datastore"], found["path"] or bindings.DESTINATION

    def as_mount(self, disable_metadata_cache: bool = False) -> OutputFileDatasetConfig:
        """The same."""
        return self

    def as_upload(
        self, overwrite: bool = False, source_globs: Sequence[str] | None = None
    ) -> OutputFileDatasetConfig:
        """The same: the script writes to the folder itself, so that nothing has to be copied."""
        return self

    def register_on_complete(
        self,
        name: str,
        description: str | None = None,
        tags: Mapping[str, object] | None = None,
    ) -> OutputFileDatasetConfig:
        """Register the folder as the next version of a dataset, once the run has Completed.

        Raises:
            InvalidName: no dataset can have the name.
        """
        versions.check_name(datasets.KIND, name)
        said = {
            "name": name,
            "description": description,
            "tags": checks.text_pairs("tags", tags or {}),
        }
        self._register = {**self._register, **{k: v for k, v in said.items() if v}}
        return self

    def read_delimited_files(
        self,
        include_path: bool = False,
        separator: str = ",",
        header: bool | int = True,
        partition_format: str | None = None,
        path_glob: str | None = None,
        set_column_types: Mapping[str, Any] | None = None,
    ) -> OutputFileDatasetConfig:
        """Have it be registered as a table of files with a separator."""
        reader = {
            "format": tables.DELIMITED,
            "separator": separator,
            "header": tables.ALL_SAME if header is True else int(header),
            "include_path": bool(include_path),
            **tables.types_of(set_column_types),
        }
        return self._table(reader)

    def read_parquet_files(
        self, include_path: bool = False, **original: object
    ) -> OutputFileDatasetConfig:
        """Have it be registered as a table of parquet files."""
        return self._table({"format": tables.PARQUET, "include_path": bool(include_path)})

    def _table(self, reader: Mapping[str, Any]) -> OutputFileDatasetConfig:
        self._register["reader"] = dict(reader)
        return self

    def bound(self) -> Binding:
        """What it is for a run."""
        return Binding(
            bindings.OUTPUT,
            self.name,
            self.mode,
            datastore=self._place,
            path=self._path,
            register=self._register if "name" in self._register else None,
        )
