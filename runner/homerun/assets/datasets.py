"""Datasets: what data is, said once and kept in versions; the data itself stays where it is.

A definition is a dict: `type` (`file` or `tabular`), `sources`, and for a table its `reader` and
`steps`. Its id is made of it, so that the same data read in the same way has one id.
"""

from __future__ import annotations

import fnmatch
import hashlib
import json
import os
from urllib.parse import unquote, urlsplit

from homerun.assets import datastores, downloads, globs
from homerun.assets.versions import Shelf, check_name, version_number
from homerun.base import checks
from homerun.base.errors import AssetNotFound, UserError
from homerun.base.times import zulu
from runstore import layout
from runstore.fs import atomic, facts, json_write

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping
    from typing import Any

    from homerun.assets.versions import Version
    from runstore.store import Store

KIND = "dataset"
FILE, TABULAR = "file", "tabular"
_WEB = ("http://", "https://")
_CLOUD = ("wasb://", "wasbs://", "abfs://", "abfss://", "adl://", "azureml://", "s3://", "gs://")


def shelf(store: Store) -> Shelf:
    """The datasets of a store."""
    return Shelf(store, KIND, layout.DATASETS, layout.DATASET)


# Definitions


def sources_of(given: Any) -> list[dict[str, str]]:
    """What paths of a dataset mean: files here, addresses, or paths of datastores.

    Args:
        given: a path, an address, a pair of a datastore and its path, or a list of these; or what
            has `datastore` and `path_on_datastore`.

    Raises:
        UserError: it is none of these, or of a cloud.
    """
    listed = given if isinstance(given, list) else [given]
    if not listed:
        raise UserError("a dataset needs at least one path")
    found: list[dict[str, str]] = []
    for one in listed:
        found += _source(one)
    return found


def _source(given: Any) -> list[dict[str, str]]:
    if isinstance(given, (tuple, list)) and len(given) == 2 and hasattr(given[0], "place"):
        inner = given[1] if isinstance(given[1], list) else [given[1]]
        return [{"datastore": given[0].name, "path": datastores.plain(one)} for one in inner]
    if hasattr(given, "datastore") and hasattr(given, "path_on_datastore"):
        path = datastores.plain(given.path_on_datastore)
        return [{"datastore": given.datastore.name, "path": path}]
    if isinstance(given, (str, os.PathLike)):
        return [_of_text(os.fspath(given))]
    raise UserError(
        "a dataset is made of paths, addresses, or pairs (datastore, path), not of "
        f"{type(given).__name__}"
    )


def _of_text(text: str) -> dict[str, str]:
    low = text.lower()
    if low.startswith(_WEB):
        return {"url": text}
    if low.startswith(_CLOUD):
        raise UserError(
            f"{text.partition('://')[0]}:// is of a cloud: copy the data to a folder, and name that"
        )
    if low.startswith("file:"):
        parts = urlsplit(text)
        if parts.netloc not in ("", "localhost"):
            raise UserError(f"{text} is on another machine: name a path of this one")
        text = unquote(parts.path)
    if not text or "\0" in text:
        raise UserError(f"{text!r} is not a path to data")
    return {"path": os.path.abspath(os.path.expanduser(text))}


def dataset_id(definition: Mapping[str, Any]) -> str:
    """The id of a definition, of the form of a UUID."""
    text = json.dumps(definition, sort_keys=True, separators=(",", ":"), ensure_ascii=True)
    h = hashlib.sha256(text.encode()).hexdigest()
    return f"{h[:8]}-{h[8:12]}-{h[12:16]}-{h[16:20]}-{h[20:32]}"


# Keeping


def keep_definition(store: Store, definition: Mapping[str, Any]) -> str:
    """Keep what a dataset is, under its id, which is returned; the same again changes nothing.

    Raises:
        ReadOnlyStore, FormatTooNew: the store cannot be written.
    """
    made = dataset_id(definition)
    root = store.for_writing().root
    try:
        folder = atomic.make_folders(root, layout.DATASETS, layout.DATASET_IDS)
        facts.publish(folder, f"{made}.json", facts.signed({"definition": dict(definition)}))
    except OSError as error:
        raise atomic.unwritable(root, error) from error
    return made


def definition_of(store: Store, asked: object) -> dict[str, Any]:
    """The definition of an id.

    Raises:
        AssetNotFound: none is kept.
    """
    text = str(asked)
    is_id = len(text) == 36 and not text.replace("-", "").strip("0123456789abcdef")
    folder = f"{store.root}/{layout.DATASETS}/{layout.DATASET_IDS}"
    is_here = is_id and not os.path.islink(os.path.dirname(folder)) and not os.path.islink(folder)
    said = facts.read(folder, f"{text}.json") if is_here else None
    found = (said or {}).get("definition")
    if not isinstance(found, dict) or not store.owns(f"{folder}/{text}.json"):
        raise AssetNotFound(f"no dataset has the id {text!r} in this workspace: register it first")
    return found


def register_dataset(
    store: Store,
    definition: Mapping[str, Any],
    name: str,
    description: str | None,
    tags: Mapping[str, object] | None,
    *,
    is_new_version: bool,
    run_id: str | None = None,
) -> Version:
    """Keep a dataset under a name.

    Args:
        is_new_version: as the next version; else the name has to be new, or to be of this very
            dataset, whose version then stays.

    Raises:
        UserError: the name is another dataset's.
        InvalidName, ReadOnlyStore: it cannot be kept.
    """
    check_name(KIND, name)
    kept = shelf(store)
    made = keep_definition(store, definition)
    if not is_new_version:
        known = kept.find(name)
        if known is not None and known.said.get("dataset_id") == made:
            return known
        if known is not None:
            raise UserError(
                f"there is another dataset {name!r} already, in version {known.number}: register "
                "the new one as the next version with create_new_version=True"
            )
    said = {
        "dataset_id": made,
        "definition": dict(definition),
        "description": description,
        "tags": checks.text_pairs("tags", tags or {}),
        "run_id": run_id,
    }
    about = {key: value for key, value in said.items() if value is not None}
    return kept.publish(name, lambda folder: about)


def get_dataset(store: Store, name: str, version: object = None) -> Version:
    """A registered dataset, the latest unless told otherwise.

    Raises:
        AssetNotFound: there is none.
    """
    return shelf(store).get(check_name(KIND, name), version_number(KIND, version))


def dataset_row(version: Version) -> dict[str, Any]:
    """What is known of a dataset, in the snake_case keys of the command line."""
    said = version.said
    definition = said.get("definition") or {}
    found = {
        "name": version.name,
        "version": version.number,
        "id": said.get("dataset_id"),
        "type": definition.get("type"),
        "description": version.description,
        "created_utc": zulu(said.get("time")),
        "created_by": said.get("user"),
        "run_id": said.get("run_id"),
        "sources": [shown_source(one) for one in definition.get("sources") or ()],
    }
    kept = {key: value for key, value in found.items() if value is not None}
    return {**kept, "tags": version.tags}


def shown_source(source: Mapping[str, Any]) -> str:
    """A source as people read it."""
    if "datastore" in source:
        return f"{source['datastore']}:{source.get('path') or '/'}"
    return str(source.get("url") or source.get("path"))


# Files


def files_of(store: Store, definition: Mapping[str, Any]) -> list[tuple[str, str]]:
    """The files of a dataset: each with its path from what they have in common, and its path.

    What has an address is downloaded once.

    Raises:
        UserError: a source has no file, or an address gives none.
    """
    groups = [_files(store, one) for one in definition["sources"]]
    if len(groups) == 1:
        base, paths = groups[0]
        return [(os.path.relpath(path, base), path) for path in paths]
    common = os.path.commonpath([base for base, _ in groups])
    every = dict.fromkeys(path for _, paths in groups for path in paths)
    return [(os.path.relpath(path, common), path) for path in every]


def _files(store: Store, source: Mapping[str, str]) -> tuple[str, list[str]]:
    """The folder that paths of a source begin in, and its files."""
    if "url" in source:
        path = downloads.fetched(store, source["url"], source.get("key"))
        return os.path.dirname(path), [path]
    if "datastore" in source:
        place = datastores.find_place(store, source["datastore"])
        pattern = os.path.join(place.made(), source.get("path") or "")
    else:
        pattern = source["path"]
    base, paths = globs.matching(pattern)
    if not paths:
        raise UserError(f"there is no file at {shown_source(source)}")
    return base, paths


def whole_folder_of(store: Store, definition: Mapping[str, Any]) -> str | None:
    """The one folder whose files are those of a dataset, all of them; None: there is none."""
    sources = definition["sources"]
    if len(sources) != 1 or "url" in sources[0]:
        return None
    source = sources[0]
    path = source.get("path") or ""
    if "datastore" in source:
        path = os.path.join(datastores.find_place(store, source["datastore"]).made(), path)
    folder = globs.whole_folder(path)
    return folder if folder and os.path.isdir(folder) else None


def is_one_file(store: Store, definition: Mapping[str, Any]) -> bool:
    """Whether a dataset names one file, and no folder or pattern."""
    sources = definition["sources"]
    if len(sources) != 1 or "url" in sources[0]:
        return len(sources) == 1
    path = sources[0].get("path") or ""
    if "datastore" in sources[0]:
        path = datastores.find_place(store, sources[0]["datastore"]).path_of(path)
    return os.path.isfile(path)


def place_files(
    files: Iterable[tuple[str, str]], folder: str, *, copies: bool, is_own: bool = False
) -> list[str]:
    """Put files below a folder under their paths: as copies, or as links.

    Args:
        is_own: the folder is in the store.

    Raises:
        UserError: one cannot be put there.
    """
    made = []
    for inner, path in files:
        target = os.path.join(folder, inner)
        if copies:
            datastores.copy_file(path, target, is_own=is_own)
        else:
            try:
                os.makedirs(os.path.dirname(target), exist_ok=True)
                os.symlink(path, target)
            except OSError as error:
                raise UserError(f"{target} cannot be made ({error.strerror})") from error
        made.append(target)
    return made


def prepared(store: Store, definition: Mapping[str, Any]) -> dict[str, Any]:
    """A definition as a record may hold it: addresses have been fetched, and lose their secrets.

    Raises:
        UserError: an address gives no file.
    """
    sources = [_recorded(store, one) for one in definition["sources"]]
    made: dict[str, Any] = json_write_safe({**definition, "sources": sources})
    return made


def _recorded(store: Store, source: Mapping[str, str]) -> dict[str, str]:
    if "url" not in source or "key" in source:
        return dict(source)
    return downloads.recorded_address(store, source["url"])


def json_write_safe(found: Mapping[str, Any]) -> Any:
    """The same, as it is read again from a record.

    Raises:
        UserError: it holds what a record cannot.
    """
    try:
        return json.loads(json_write.dumps(dict(found)))
    except (TypeError, ValueError) as error:
        raise UserError(f"a dataset cannot be kept with such options: {error}") from error


def check_nothing_there(files: Iterable[tuple[str, str]], folder: str) -> None:
    """Check that copies of files replace nothing below a folder.

    Raises:
        UserError: something is there already.
    """
    for inner, _ in files:
        if os.path.lexists(os.path.join(folder, inner)):
            raise UserError(
                f"{os.path.join(folder, inner)} is there already: replace it with overwrite=True"
            )


def remove_links(links: Iterable[str], folder: str) -> None:
    """Remove links that `place_files` has made, and the folders that are empty then."""
    above = {folder}
    for link in links:
        if os.path.islink(link):
            os.unlink(link)
        here = os.path.dirname(link)
        while here.startswith(f"{folder}/"):
            above.add(here)
            here = os.path.dirname(here)
    for one in sorted(above, key=len, reverse=True):
        try:
            os.rmdir(one)
        except OSError:
            continue  # it holds something else


def files_fitting(
    files: Iterable[tuple[str, str]], pattern: str | None
) -> Iterator[tuple[str, str]]:
    """The files whose path from their folder fits a pattern; None: all."""
    for path, inner in files:
        if pattern is None or fnmatch.fnmatch(inner, pattern):
            yield path, inner


def store_of_paths(given: Any) -> Store | None:
    """The store of the datastore among paths that a dataset is made of; None: there is none."""
    for one in given if isinstance(given, (list, tuple)) else [given]:
        place = getattr(getattr(one, "datastore", one), "place", None)
        if place is not None:
            found: Store = place.store
            return found
        if isinstance(one, (list, tuple)):
            inner = store_of_paths(one)
            if inner is not None:
                return inner
    return None


def check_there(store: Store, definition: Mapping[str, Any]) -> None:
    """Check that each source that is on this machine has a file.

    Raises:
        UserError: one has none.
    """
    for source in definition["sources"]:
        if "url" not in source:
            _files(store, source)
