"""Registered models: files that outlive their run, in versions 1, 2, 3, …, each with digests."""

from __future__ import annotations

import os

from homerun.assets import contents, datasets
from homerun.assets.versions import Shelf, version_number
from homerun.base import checks
from homerun.base.errors import ModelNotFound, ModelPathNotFound, UserError
from homerun.base.times import zulu
from runstore import layout
from runstore.errors import InvalidName
from runstore.fs import atomic
from runstore.run import files as run_files
from runstore.run import labels
from runstore.store import store_of

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping, Sequence
    from typing import Any, Union

    from homerun.assets.contents import Files
    from homerun.assets.versions import Changes, Version
    from runstore.run.record import Record
    from runstore.store import Store

    Wanted = Union[Sequence[Any], Mapping[str, object], str, None]

KIND = "model"
SAMPLES = ("sample_input_dataset", "sample_output_dataset")
CACHE = "azureml-models"
"""The folder in which the original looks for models that were downloaded."""

_SHOWN = 24
_FIRST = "_.-"


def shelf(store: Store) -> Shelf:
    """The models of a store."""
    return Shelf(store, KIND, layout.MODELS, layout.MODEL, ModelNotFound)


def check_name(name: object) -> str:
    """The name itself if a model may have it: the original's pattern.

    Raises:
        InvalidName: it is not 1 to 255 letters, digits, `_`, `-` and `.`, a letter or digit first.
    """
    text = name if isinstance(name, str) else ""
    plain = text.translate({ord(c): None for c in _FIRST})
    if text[:1] not in _FIRST and len(text) <= 255 and plain.isascii() and plain.isalnum():
        return text
    shown = repr(name)
    raise InvalidName(
        f"{shown if len(shown) < 200 else shown[:200] + '…'} is not a valid name for a model: "
        f"use 1 "
        "to 255 letters, digits, '_', '-' and '.', a letter or digit first"
    )


def said_of(
    *,
    tags: Mapping[str, object] | None = None,
    properties: Mapping[str, object] | None = None,
    description: str | None = None,
    **further: object,
) -> dict[str, Any]:
    """What is said of a model when it is registered, as its fact holds it.

    Raises:
        UserError: tags or properties are no dict of texts.
    """
    return {
        "tags": checks.text_pairs("tags", tags or {}),
        "properties": checks.text_pairs("properties", properties or {}),
        "description": description,
        **{key: value for key, value in further.items() if value not in (None, [], ())},
    }


def register_of_run(
    record: Record, name: str, path: str | None, said: Mapping[str, Any]
) -> Version:
    """Register files of a run.

    Args:
        path: the name of a file of the run, or of a folder of it; None: the model's name.

    Raises:
        ModelPathNotFound: the run has no such file; it names those that there are.
        InvalidName, ReadOnlyStore, UserError: it cannot be registered.
    """
    check_name(name)
    wanted = _plain(name if path is None else path)
    names = run_files.names(record.path, wanted) if wanted else []
    found = [one for one in names if one == wanted] or [
        one for one in names if one.startswith(f"{wanted}/")
    ]
    if not found:
        raise _no_path(record, name if path is None else path)
    above, _, base = wanted.rpartition("/")
    inside = f"{above}/" if above else ""
    about = {**said, "run_id": record.id, "experiment_name": record.experiment}
    files = contents.files_of_run(record, found, inside)
    return _publish(store_of(record), name, base, about, files)


def register_local(
    store: Store,
    name: str,
    path: str | os.PathLike[str],
    said: Mapping[str, Any],
    child_paths: Sequence[str] | None = None,
) -> Version:
    """Register a file of this machine, or a folder.

    Args:
        child_paths: only these of a folder, relative to it.

    Raises:
        ModelPathNotFound: there is nothing at the path.
        InvalidName, ReadOnlyStore, UserError: it cannot be registered.
    """
    check_name(name)
    full = os.path.abspath(os.path.expanduser(os.fspath(path)))
    if not os.path.exists(full):
        raise ModelPathNotFound(f"there is no file or folder {full} to register as a model")
    base = os.path.basename(full)
    if not base:
        raise ModelPathNotFound("the root of the file system is not a model: name a folder in it")
    files: Files = contents.files_of_path(full, store.root)
    if child_paths:
        files = _only(files, base, [_plain(one) for one in child_paths])
    return _publish(store, name, base, dict(said), files)


def _only(files: Files, base: str, wanted: Sequence[str]) -> Iterator[tuple[str, int]]:
    for inner, descriptor in files:
        below = inner[len(base) + 1 :]
        if any(below == one or below.startswith(f"{one.rstrip('/')}/") for one in wanted):
            yield inner, descriptor


def _publish(store: Store, name: str, base: str, said: Mapping[str, Any], files: Files) -> Version:
    def fill(folder: str) -> dict[str, Any]:
        home = f"{folder}/{layout.FILES}"
        atomic.make_new_folder(home)
        kept = contents.keep_files(home, files)
        if not kept:
            raise ModelPathNotFound(f"{base} holds no file: there is nothing to register")
        return {**said, "path": base, "files": kept}

    return shelf(store).publish(name, fill)


def _plain(path: object) -> str:
    """A path of a run's file as it is named there."""
    text = os.fspath(path) if isinstance(path, os.PathLike) else path
    if not isinstance(text, str):
        raise UserError(f"model_path is text, not {type(path).__name__}")
    text = text.replace("\\", "/")
    while text.startswith("./"):
        text = text[2:].lstrip("/")
    return text.rstrip("/") if text != "." else ""


def _no_path(record: Record, path: object) -> ModelPathNotFound:
    names = run_files.names(record.path)
    more = f" and {len(names) - _SHOWN} more" if len(names) > _SHOWN else ""
    known = ", ".join(names[:_SHOWN]) + more if names else "none"
    return ModelPathNotFound(
        f"run {record.id} has no file or folder {path!r}: write the model below outputs/, or "
        f"upload it first; the run's files are {known}"
    )


def get(
    store: Store, name: str | None = None, version: object = None, model_id: str | None = None
) -> Version:
    """A model by its name and version, or by its id `name:version`; the latest unless told.

    Raises:
        ModelNotFound: there is none.
        UserError: neither is given, or they contradict each other.
    """
    text = model_id or name
    if not text:
        raise UserError("name a model, or give its id NAME:VERSION")
    known, _, number = str(text).partition(":")
    if number and version is None:
        version = number
    elif number and str(version) != number:
        raise UserError(f"{text} names version {number}, not {version}")
    if model_id and name and known != name:
        raise UserError(f"the id {model_id} belongs to the model {known!r}, not to {name!r}")
    try:
        check_name(known)
    except InvalidName as error:
        raise ModelNotFound(f"there is no model {known!r}: {error.message}") from None
    return shelf(store).get(known, version_number(KIND, version))


def chosen(
    store: Store,
    *,
    name: str | None = None,
    tags: Wanted = None,
    properties: Wanted = None,
    run_id: str | None = None,
    version: int | None = None,
    framework: str | None = None,
    dataset_id: str | None = None,
    latest: bool = False,
) -> Iterator[Version]:
    """The models for which all conditions hold, by name, the newest first.

    Args:
        tags, properties: keys that have to be there, or pairs of a key and its value; or a dict.
        latest: only the newest of each name.
    """
    seen = set()
    for one in shelf(store).all(name):
        said = one.said
        if version is not None and one.number != version:
            continue
        if run_id is not None and said.get("run_id") != run_id:
            continue
        if framework is not None and said.get("model_framework") != framework:
            continue
        if dataset_id is not None and dataset_id not in _dataset_ids(said):
            continue
        if not _has(lambda found=one: found.tags, tags):  # type: ignore[misc]
            continue
        if not _has(lambda found=one: found.properties, properties):  # type: ignore[misc]
            continue
        if latest and one.name in seen:
            continue
        seen.add(one.name)
        yield one


def only(
    store: Store,
    name: str | None,
    model_id: str | None,
    version: object,
    *,
    tags: Wanted,
    properties: Wanted,
    run_id: str | None,
    framework: str | None,
) -> Version:
    """The latest model for which all conditions hold; `get` where there is none but its name.

    Raises:
        ModelNotFound: there is none.
    """
    if not (tags or properties or run_id or framework):
        return get(store, name, version, model_id)
    asked = get(store, name, version, model_id) if name or model_id else None
    is_one = asked is not None and asked.id in (name, model_id)
    number = asked.number if asked and (is_one or version_number(KIND, version)) else None
    found = chosen(
        store,
        name=asked.name if asked else None,
        tags=tags,
        properties=properties,
        run_id=run_id,
        version=number,
        framework=framework,
    )
    for one in sorted(found, key=lambda one: str(one.said.get("time")), reverse=True):
        return one
    raise ModelNotFound(f"no model {asked.name if asked else ''!r} is as asked for; Model.list()")


def reference(store: Store, dataset: Any) -> dict[str, Any] | None:
    """How a record names a dataset, which is kept so that its id finds it; None stays None.

    Raises:
        UserError: it is no dataset.
    """
    if dataset is None:
        return None
    definition = getattr(dataset, "definition", None)
    if not isinstance(definition, dict):
        raise UserError(f"datasets are Dataset objects, not {type(dataset).__name__}")
    known = datasets.keep_definition(store, datasets.prepared(store, definition))
    found = {"id": known, "name": dataset.name, "version": dataset.version}
    return {key: value for key, value in found.items() if value is not None}


def references(store: Store, given: Sequence[Any] | None) -> list[dict[str, Any]]:
    """How a record names the datasets of a model, each with what it was for.

    Raises:
        UserError: they are no pairs of a purpose and a dataset.
    """
    found = []
    for one in given or ():
        if not isinstance(one, (tuple, list)) or len(one) != 2:
            raise UserError("datasets are pairs of a purpose and a dataset: [('training', data)]")
        found.append({"purpose": str(one[0]), **(reference(store, one[1]) or {})})
    return found


def tag_changes(tags: Mapping[str, object]) -> Changes:
    """Changes that set tags.

    Raises:
        UserError: it is no dict, or a key is no text.
    """
    given = checks.text_pairs("tags", tags)
    return [(labels.TAG, key, value) for key, value in given.items()]


def replaced(
    version: Version, tags: Mapping[str, object] | None, description: str | None
) -> Changes:
    """Changes after which a version has these tags and no others, and this description."""
    changes: Changes = []
    if tags is not None:
        wanted = checks.text_pairs("tags", tags)
        changes += [(labels.UNTAG, key, None) for key in version.tags if key not in wanted]
        changes += tag_changes(tags)
    if description is not None:
        changes.append((labels.DESCRIPTION, "", str(description)))
    return changes


def _dataset_ids(said: Mapping[str, Any]) -> list[str]:
    return [str(one.get("id")) for one in said.get("datasets") or ()]


def _has(read: Callable[[], Mapping[str, object]], wanted: Wanted) -> bool:
    """Whether labels have what is wanted; they are read only if anything is."""
    if not wanted:
        return True
    known = read()
    pairs: Sequence[Any] = [wanted] if isinstance(wanted, str) else [*_pairs(wanted)]
    for one in pairs:
        if isinstance(one, str):
            if one not in known:
                return False
            continue
        key, value = one
        if known.get(key, _has) != (None if value is None else str(value)):
            return False
    return True


def _pairs(wanted: Any) -> Any:
    return wanted.items() if hasattr(wanted, "items") else wanted


def path_of(version: Version) -> str:
    """The path of a model's file or folder, in the store.

    Raises:
        UserError: a file of it is gone, or something else stands in its place.
    """
    for kept in version.said.get("files") or ():
        os.close(contents.open_kept(version.files, kept))
    return f"{version.files}/{version.said.get('path')}"


def path_anywhere(store: Store, name: str, version: object, *, is_asked: bool) -> str:
    """The path of a model that was downloaded here, or that is registered.

    Args:
        is_asked: the store was named: what was downloaded does not count.

    Raises:
        ModelNotFound: there is none.
    """
    here = None if is_asked else downloaded(name, version)
    if here is not None:
        return here
    try:
        return path_of(get(store, name, version))
    except ModelNotFound:
        if not is_asked and os.path.exists(name):
            return name
        raise


def downloaded(name: str, version: object = None) -> str | None:
    """The path of a model that lies in the current folder, where the original looks first."""
    above = f"{CACHE}/{name}"
    try:
        numbers = [int(one) for one in os.listdir(above) if one.isdecimal()]
    except OSError:
        numbers = []
    number = version_number(KIND, version)
    if number is None:
        number = max(numbers, default=0)
    if number in numbers:
        inside = os.listdir(f"{above}/{number}")
        if len(inside) == 1:
            return os.path.join(above, str(number), inside[0])
    return None


def download(version: Version, target: str | os.PathLike[str], exist_ok: bool = False) -> str:
    """Copy a model into a folder, made if need be, each file checked; the path of the copy.

    Raises:
        UserError: it is there already, and not `exist_ok`; or a file is not what was registered.
    """
    folder = os.fspath(target)
    base = str(version.said.get("path"))
    made = os.path.join(folder, base)
    if os.path.lexists(made) and not exist_ok:
        raise UserError(
            f"{made} is there already: name another folder, or replace it with exist_ok=True "
            "(--overwrite)"
        )
    for kept in version.said.get("files") or ():
        contents.copy_out(version.files, kept, folder)
    return made


def serialized(version: Version) -> dict[str, Any]:
    """What is known of a model, with the original's keys."""
    said = version.said
    return {
        "createdTime": zulu(said.get("time")),
        "createdBy": said.get("user"),
        "description": version.description,
        "experimentName": said.get("experiment_name"),
        "framework": said.get("model_framework"),
        "frameworkVersion": said.get("model_framework_version"),
        "id": version.id,
        "name": version.name,
        "version": version.number,
        "properties": version.properties,
        "tags": version.tags,
        "runId": said.get("run_id"),
        "unpack": False,
        "url": version.files,
    }


def model_row(version: Version) -> dict[str, Any]:
    """What is known of a model, in the snake_case keys of the command line."""
    said = version.said
    files = said.get("files") or []
    found = {
        "name": version.name,
        "version": version.number,
        "id": version.id,
        "description": version.description,
        "created_utc": zulu(said.get("time")),
        "created_by": said.get("user"),
        "run_id": said.get("run_id"),
        "experiment_name": said.get("experiment_name"),
        "model_framework": said.get("model_framework"),
        "model_framework_version": said.get("model_framework_version"),
        "datasets": said.get("datasets"),
        "size_bytes": sum(int(one.get("size") or 0) for one in files),
        "path": said.get("path"),
        "files": files,
        "directory": version.files,
    }
    kept = {key: value for key, value in found.items() if value is not None}
    return {**kept, "tags": version.tags, "properties": version.properties}
