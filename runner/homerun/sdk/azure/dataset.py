"""Datasets under the original's names; `homerun.assets.datasets` keeps them."""

from __future__ import annotations

import os
import random
import tempfile

from homerun.assets import bindings, datasets, datastores, tables
from homerun.base import checks
from homerun.base.errors import Absent, UserError
from homerun.config import workspaces
from homerun.sdk.azure.dataset_inputs import DatasetConsumptionConfig
from homerun.sdk.azure.named import Named
from runstore.run import labels

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from typing import Any, NoReturn

    from homerun import Workspace
    from homerun.assets.datastores import DatastorePlace
    from homerun.assets.versions import Version
    from runstore.store import Store

_CLOUD = "it needs a service of Azure: read the data into files, and make the dataset of these"


class FileFactory(Absent):
    """`Dataset.File`: datasets of files."""

    _absent_from = "Dataset.File"
    _absent = {"from_binary_files": _CLOUD}

    @staticmethod
    def from_files(
        path: Any, validate: bool = True, partition_format: str | None = None, **original: object
    ) -> FileDataset:
        """Files, by paths, patterns, addresses, or pairs of a datastore and its path.

        Args:
            validate: check now that there is a file; of an address nothing is asked yet.
            partition_format: accepted without effect.

        Raises:
            UserError: there is no file, or it is of a cloud.
        """
        definition = {"type": datasets.FILE, "sources": datasets.sources_of(path)}
        made = FileDataset(definition, datasets.store_of_paths(path))
        if validate:
            datasets.check_there(made._store, definition)
        return made

    @staticmethod
    def upload_directory(
        src_dir: str,
        target: Any,
        pattern: str | None = None,
        overwrite: bool = False,
        show_progress: bool = True,
    ) -> FileDataset:
        """Copy a folder into a datastore, and make a dataset of it.

        Args:
            target: the datastore, a pair of it and a path, or a DataPath.
            pattern: only files whose path fits, such as `*.csv`.
            overwrite: replace what is there.
            show_progress: accepted without effect.
        """
        place, path = _target(target)
        found = datasets.files_fitting(datastores.below(os.path.expanduser(src_dir)), pattern)
        datastores.upload(place, found, path, overwrite=overwrite)
        source = {"datastore": place.name, "path": datastores.plain(path)}
        return FileDataset({"type": datasets.FILE, "sources": [source]}, place.store)


def _table(path: Any, reader: Mapping[str, Any], validate: bool) -> TabularDataset:
    sources = datasets.sources_of(path)
    definition = {"type": datasets.TABULAR, "sources": sources, "reader": dict(reader)}
    made = TabularDataset(definition, datasets.store_of_paths(path))
    if validate:
        datasets.check_there(made._store, definition)
    return made


def _target(given: Any) -> tuple[DatastorePlace, str]:
    """The datastore, and the path in it, that data is to be written to."""
    (source,) = datasets.sources_of((given, "") if hasattr(given, "place") else given)
    store = datasets.store_of_paths(given)
    if store is None or "datastore" not in source:
        raise UserError("name the datastore to write to: (datastore, 'path')")
    return datastores.find_place(store, source["datastore"]), source["path"]


class TabularFactory(Absent):
    """`Dataset.Tabular`: tables."""

    _absent_from = "Dataset.Tabular"
    _absent = {"from_sql_query": _CLOUD}

    @staticmethod
    def from_delimited_files(
        path: Any,
        validate: bool = True,
        include_path: bool = False,
        infer_column_types: bool = True,
        set_column_types: Mapping[str, Any] | None = None,
        separator: str = ",",
        header: bool | int = True,
        partition_format: str | None = None,
        support_multi_line: bool = False,
        empty_as_string: bool = False,
        encoding: str = "utf8",
    ) -> TabularDataset:
        """A table from files with a separator.

        Args:
            path: as for `Dataset.File.from_files`.
            validate: check now that there is a file.
            include_path: a column `Path` says of each row which file it is from.
            infer_column_types: False: all columns are texts.
            set_column_types: `DataType.to_…()` by column.
            header: whether each file begins with the names of the columns; or one of
                `PromoteHeadersBehavior`.
            partition_format, support_multi_line: accepted without effect.
            empty_as_string: an empty field is "", and not missing.

        Raises:
            UserError: there is no file, or it is of a cloud.
        """
        reader: dict[str, Any] = {
            "format": tables.DELIMITED,
            "separator": separator,
            "header": tables.ALL_SAME if header is True else int(header),
            "encoding": encoding,
            "include_path": bool(include_path),
            "types_are_texts": not infer_column_types,
            "empty_as_string": bool(empty_as_string),
            **tables.types_of(set_column_types),
        }
        return _table(path, reader, validate)

    @staticmethod
    def from_parquet_files(
        path: Any,
        validate: bool = True,
        include_path: bool = False,
        set_column_types: Mapping[str, Any] | None = None,
        partition_format: str | None = None,
    ) -> TabularDataset:
        """A table from parquet files; see `from_delimited_files`."""
        reader = {"format": tables.PARQUET, "include_path": bool(include_path)}
        return _table(path, reader, validate)

    @staticmethod
    def from_json_lines_files(
        path: Any,
        validate: bool = True,
        include_path: bool = False,
        set_column_types: Mapping[str, Any] | None = None,
        partition_format: str | None = None,
        invalid_lines: str = "error",
        encoding: str = "utf8",
    ) -> TabularDataset:
        """A table from files with a JSON object in each line; see `from_delimited_files`.

        Args:
            invalid_lines: `drop` leaves out a line that is not a JSON object.
        """
        reader = {
            "format": tables.JSON_LINES,
            "include_path": bool(include_path),
            "invalid_lines": invalid_lines,
            "encoding": encoding,
        }
        return _table(path, reader, validate)

    @staticmethod
    def register_pandas_dataframe(
        dataframe: Any,
        target: Any,
        name: str,
        description: str | None = None,
        tags: Mapping[str, object] | None = None,
        show_progress: bool = True,
        **original: object,
    ) -> TabularDataset:
        """Write a data frame into a datastore, and register it as the next version of a table.

        Args:
            target: the datastore, or a pair of it and a path.
            show_progress: accepted without effect.

        Raises:
            UserError: pyarrow, which writes parquet, is not installed.
        """
        place, path = _target(target)
        inner = f"{datastores.plain(path) or name}/{bindings.made_up_name('frame')}.parquet"
        with tempfile.TemporaryDirectory() as folder:
            file = f"{folder}/table"
            tables.write_table(dataframe, file, lambda frame, to: frame.to_parquet(to, index=False))
            datastores.upload(place, [(file, inner)], "", overwrite=False)
        definition = {
            "type": datasets.TABULAR,
            "sources": [{"datastore": place.name, "path": inner}],
            "reader": {"format": tables.PARQUET, "include_path": False},
        }
        made = datasets.register_dataset(
            place.store, definition, name, description, tags, is_new_version=True
        )
        found = of_version(place.store, made)
        assert isinstance(found, TabularDataset)
        return found


class Dataset(Absent):
    """Data under a name and a version: files (`Dataset.File`), or a table (`Dataset.Tabular`).

    What it is made of stays where it is; the dataset says where that is, and how it is read.
    """

    File = FileFactory
    Tabular = TabularFactory

    class Scenario:
        """What a dataset is for, when a model names it."""

        TRAINING = "training"
        VALIDATION = "validation"
        INFERENCING = "inferencing"

    _absent_from = "Dataset"
    _absent = {
        "to_spark_dataframe": "Spark is not run here: use to_pandas_dataframe",
        "filter": "use to_pandas_dataframe, and filter that",
        "partition_by": "use to_pandas_dataframe, and write what it gives",
        "get_partition_key_values": "use to_pandas_dataframe, and group that",
        "get_profile": "use to_pandas_dataframe().describe()",
        "submit_profile_run": "use to_pandas_dataframe().describe()",
    }

    def __init__(
        self,
        definition: Mapping[str, Any],
        store: Store | None = None,
        version: Version | None = None,
    ) -> None:
        self._definition = dict(definition)
        self._given_store = store
        self._version = version

    # Finding

    @staticmethod
    def get_by_name(workspace: Workspace, name: str, version: object = "latest") -> Any:
        """A registered dataset, the latest version unless told otherwise.

        Raises:
            AssetNotFound: there is none.
        """
        return of_version(workspace.store, datasets.get_dataset(workspace.store, name, version))

    @staticmethod
    def get_by_id(workspace: Workspace, id: str, **original: object) -> Any:
        """A dataset by its id, which each has that was registered or given to a run.

        Raises:
            AssetNotFound: there is none.
        """
        return _made(datasets.definition_of(workspace.store, id), workspace.store)

    @staticmethod
    def get_all(workspace: Workspace) -> Named:
        """The registered datasets by name, each in its latest version."""
        return every_dataset(workspace)

    # What it is

    @property
    def id(self) -> str:
        """Its id: the same for the same data, read in the same way."""
        return datasets.dataset_id(datasets.prepared(self._store, self._definition))

    @property
    def definition(self) -> dict[str, Any]:
        """What it is made of, and how that is read."""
        return dict(self._definition)

    @property
    def name(self) -> str | None:
        """The name under which it is registered; None: it is not."""
        return None if self._version is None else self._version.name

    @property
    def version(self) -> int | None:
        """Its version, counted from 1; None: it is not registered."""
        return None if self._version is None else self._version.number

    @property
    def description(self) -> str | None:
        """The text for people."""
        return None if self._version is None else self._version.description

    @property
    def tags(self) -> dict[str, str | None]:
        """The tags as they are now."""
        return {} if self._version is None else self._version.tags

    @property
    def _store(self) -> Store:
        """Where downloads and datastores are: the workspace that is here, unless it is known."""
        if self._given_store is None:
            self._given_store = workspaces.found_here()[0]
        return self._given_store

    # Keeping

    def register(
        self,
        workspace: Workspace,
        name: str,
        description: str | None = None,
        tags: Mapping[str, object] | None = None,
        create_new_version: bool = False,
    ) -> Any:
        """Keep it under a name.

        Args:
            create_new_version: as the next version; else the name has to be new, or of this data.

        Raises:
            UserError: the name is another dataset's, or an address gives no file.
            InvalidName: no dataset can have the name.
        """
        store = workspace.store
        made = datasets.register_dataset(
            store,
            datasets.prepared(store, self._definition),
            name,
            description,
            tags,
            is_new_version=create_new_version,
        )
        return of_version(store, made)

    def unregister_all_versions(self) -> None:
        """Remove all versions of its name; the data stays.

        Raises:
            UserError: it is not registered.
        """
        kept = self._registered()
        for number in kept.shelf.versions(kept.name):
            kept.shelf.delete(kept.shelf.get(kept.name, number))

    def add_tags(self, tags: Mapping[str, object]) -> Any:
        """Set tags; the others stay. The dataset itself."""
        given = checks.text_pairs("tags", tags)
        self._registered().label([(labels.TAG, key, value) for key, value in given.items()])
        return self

    def remove_tags(self, tags: Sequence[str]) -> Any:
        """Remove tags by their keys. The dataset itself."""
        wanted = checks.keys("remove_tags", tags)
        self._registered().label([(labels.UNTAG, key, None) for key in wanted])
        return self

    def update(
        self, description: str | None = None, tags: Mapping[str, object] | None = None
    ) -> Any:
        """Set another description, or tags. The dataset itself."""
        if description is not None:
            self._registered().label([(labels.DESCRIPTION, "", str(description))])
        return self if tags is None else self.add_tags(tags)

    def _registered(self) -> Version:
        if self._version is None:
            raise UserError("the dataset is not registered: dataset.register(workspace, NAME)")
        return self._version

    # Giving it to a run

    def as_named_input(self, name: str) -> DatasetConsumptionConfig:
        """The dataset as an argument of a script, which finds it in `run.input_datasets[name]`."""
        return DatasetConsumptionConfig(name, self)

    def bound(self) -> NoReturn:
        """It cannot be an argument as it is.

        Raises:
            UserError: always: a name has to be given.
        """
        raise UserError("a dataset is an argument as dataset.as_named_input('data').as_mount()")

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Dataset) and (other._definition, other.name, other.version) == (
            self._definition,
            self.name,
            self.version,
        )

    def __hash__(self) -> int:
        return hash((datasets.dataset_id(self._definition), self.name, self.version))

    def __repr__(self) -> str:
        sources = [datasets.shown_source(one) for one in self._definition["sources"]]
        named = f", name={self.name!r}, version={self.version}" if self.name else ""
        return f"{type(self).__name__}(source={sources!r}{named})"


class FileDataset(Dataset):
    """Files."""

    _absent = {**Dataset._absent, "as_hdfs": "Hadoop is not run here: use as_mount"}

    def to_path(self) -> list[str]:
        """The paths of the files, from what they have in common on: `/train/1.png`."""
        return [f"/{inner}" for inner, _ in datasets.files_of(self._store, self._definition)]

    def download(self, target_path: str | None = None, overwrite: bool = False) -> list[str]:
        """Copy the files below a folder; the paths of the copies.

        Args:
            target_path: None: a new folder among those for temporary files.
            overwrite: replace what is there.

        Raises:
            UserError: a file is there already, or cannot be copied.
        """
        folder = tempfile.mkdtemp() if target_path is None else os.path.abspath(target_path)
        files = datasets.files_of(self._store, self._definition)
        if not overwrite:
            datasets.check_nothing_there(files, folder)
        return datasets.place_files(files, folder, copies=True)

    def mount(self, mount_point: str | None = None) -> MountContext:
        """The files below a folder, as links, for as long as a `with` block lasts."""
        return MountContext(self, mount_point)

    def as_mount(self, path_on_compute: str | None = None) -> DatasetConsumptionConfig:
        """The dataset as an argument of a script, under a name that is made up."""
        return self._consumed().as_mount(path_on_compute)

    def as_download(self, path_on_compute: str | None = None) -> DatasetConsumptionConfig:
        """The dataset as an argument of a script, which gets copies of the files."""
        return self._consumed().as_download(path_on_compute)

    def _consumed(self) -> DatasetConsumptionConfig:
        return DatasetConsumptionConfig(bindings.made_up_name(self.name or "input"), self)

    def take(self, count: int) -> FileDataset:
        """The first files."""
        return self._some([path for _, path in self._files()[:count]])

    def skip(self, count: int) -> FileDataset:
        """The files without the first."""
        return self._some([path for _, path in self._files()[count:]])

    def random_split(
        self, percentage: float, seed: int | None = None
    ) -> tuple[FileDataset, FileDataset]:
        """The files in two parts, by chance.

        Args:
            percentage: of the first part, from 0 to 1.
            seed: the same splits in the same way.
        """
        chance = random.Random(_seed(percentage, seed))
        first: list[str] = []
        second: list[str] = []
        for _, path in self._files():
            (first if chance.random() < percentage else second).append(path)
        return self._some(first), self._some(second)

    def _files(self) -> list[tuple[str, str]]:
        return datasets.files_of(self._store, self._definition)

    def _some(self, paths: list[str]) -> FileDataset:
        if not paths:
            raise UserError("no file is left of the dataset")
        sources = [{"path": path} for path in paths]
        return FileDataset({**self._definition, "sources": sources}, self._given_store)


class TabularDataset(Dataset):
    """A table, read by pandas."""

    def to_pandas_dataframe(
        self, on_error: str = "null", out_of_range_datetime: str = "null"
    ) -> Any:
        """The table as a data frame.

        Args:
            on_error, out_of_range_datetime: accepted: pandas decides.

        Raises:
            UserError: pandas is not installed, or a file cannot be read as said.
        """
        files = datasets.files_of(self._store, self._definition)
        return tables.frame(self._definition, files)

    def take(self, count: int) -> TabularDataset:
        """The first rows."""
        return self._with("take", int(count))

    def skip(self, count: int) -> TabularDataset:
        """The rows without the first."""
        return self._with("skip", int(count))

    def keep_columns(self, columns: str | Sequence[str], validate: bool = False) -> TabularDataset:
        """Only these columns.

        Args:
            validate: read the table now, so that a missing column is said at once.
        """
        return self._with_columns("keep", columns, validate)

    def drop_columns(self, columns: str | Sequence[str]) -> TabularDataset:
        """The table without these columns."""
        return self._with_columns("drop", columns, validate=False)

    def random_split(
        self, percentage: float, seed: int | None = None
    ) -> tuple[TabularDataset, TabularDataset]:
        """The rows in two parts, by chance.

        Args:
            percentage: of the first part, from 0 to 1.
            seed: the same splits in the same way.
        """
        chosen = _seed(percentage, seed)
        share = float(percentage)
        return self._with("split", share, chosen, True), self._with("split", share, chosen, False)

    def random_sample(self, probability: float, seed: int | None = None) -> TabularDataset:
        """Some of the rows, each taken with a probability."""
        return self.random_split(probability, seed)[0]

    def with_timestamp_columns(
        self,
        timestamp: str | None = None,
        partition_timestamp: str | None = None,
        validate: bool = False,
        **original: object,
    ) -> TabularDataset:
        """Accepted: the table itself."""
        return self

    def to_csv_files(self, separator: str = ",") -> FileDataset:
        """The table as a file with commas, in the default datastore."""
        return self._written(
            "csv", lambda frame, path: frame.to_csv(path, sep=separator, index=False)
        )

    def to_parquet_files(self) -> FileDataset:
        """The table as a parquet file, in the default datastore."""
        return self._written("parquet", lambda frame, path: frame.to_parquet(path, index=False))

    def _written(self, ending: str, write: Any) -> FileDataset:
        place = datastores.find_place(self._store)
        inner = f"tables/{self.id}.{ending}"
        with tempfile.TemporaryDirectory() as folder:
            path = f"{folder}/table"
            tables.write_table(self.to_pandas_dataframe(), path, write)
            datastores.upload(place, [(path, inner)], "", overwrite=True)
        source = {"datastore": place.name, "path": inner}
        return FileDataset({"type": datasets.FILE, "sources": [source]}, self._given_store)

    def _with_columns(
        self, step: str, columns: str | Sequence[str], validate: bool
    ) -> TabularDataset:
        names = [columns] if isinstance(columns, str) else [str(one) for one in columns]
        made = self._with(step, names)
        if validate:
            made.to_pandas_dataframe()
        return made

    def _with(self, *step: object) -> TabularDataset:
        steps = [*(self._definition.get("steps") or ()), list(step)]
        return TabularDataset({**self._definition, "steps": steps}, self._given_store)


class MountContext:
    """The files of a dataset below a folder, as links, until it is stopped."""

    def __init__(self, dataset: FileDataset, mount_point: str | None) -> None:
        self._dataset = dataset
        self._own = None if mount_point else tempfile.mkdtemp()
        self.mount_point = os.path.abspath(mount_point) if mount_point else str(self._own)
        self._made: list[str] = []

    def start(self) -> None:
        """Make the links."""
        files = datasets.files_of(self._dataset._store, self._dataset._definition)
        self._made = datasets.place_files(files, self.mount_point, copies=False)

    def stop(self) -> None:
        """Remove them."""
        datasets.remove_links(self._made, self._own or self.mount_point)
        self._made = []

    def __enter__(self) -> MountContext:
        """Make the links."""
        self.start()
        return self

    def __exit__(self, *error: object) -> None:
        """Remove them."""
        self.stop()


def of_input(store: Store, one: Mapping[str, Any]) -> FileDataset | TabularDataset:
    """The dataset that a run was given, by what its record says."""
    name, version = one.get("dataset"), one.get("version")
    kept = datasets.shelf(store).find(name, version) if name and version else None
    return _made(datasets.definition_of(store, one["id"]), store, kept)


def of_version(store: Store, version: Version) -> FileDataset | TabularDataset:
    """The dataset of a version that was read."""
    return _made(version.said.get("definition") or {}, store, version)


def _made(
    definition: Mapping[str, Any], store: Store, version: Version | None = None
) -> FileDataset | TabularDataset:
    kind = TabularDataset if definition.get("type") == datasets.TABULAR else FileDataset
    return kind(definition, store, version)


def every_dataset(workspace: Workspace) -> Named:
    """The registered datasets by name, each in its latest version."""
    store = workspace.store
    kept = datasets.shelf(store)
    return Named(((one.name, of_version(store, one)) for one in kept.latest()), kept.missing)


def _seed(percentage: float, seed: int | None) -> int:
    """The seed of a split; one that is made up where none is given, so that both parts fit."""
    if not 0 <= float(percentage) <= 1:
        raise UserError(f"a part of a dataset is between 0 and 1, not {percentage!r}")
    return random.randrange(1 << 32) if seed is None else int(seed)
