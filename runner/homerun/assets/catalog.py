"""The registered models as a page shows them: what each is, and what of the registry is refused.

A record may have been edited, or copied in from elsewhere: what in it is not as this software
writes it is left out, and said.
"""

from __future__ import annotations

import os
from typing import TYPE_CHECKING, Any, NamedTuple

from homerun.assets import contents, models
from homerun.assets.versions import Version
from homerun.base.errors import UserError
from homerun.base.times import parsed, zulu
from runstore.errors import InvalidName

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from runstore.store import Store

MOST = 2_000
"""So many models are listed, and so many files of one."""

_DATASET = ("purpose", "id", "name")


class Listing(NamedTuple):
    """Some models, with what of the registry is refused.

    Attributes:
        rows: the models.
        refused: a sentence for each version that is there and cannot be used.
        more: there are more than are listed.
    """

    rows: list[dict[str, Any]]
    refused: list[str]
    more: bool


def listed(store: Store) -> Listing:
    """The latest version of each model, by name, with the count of its versions."""
    found, refused = _sorted_out(models.shelf(store).seen())
    counts: dict[str, int] = {}
    latest = []
    for one in found:
        counts[one.name] = counts.get(one.name, 0) + 1
        if counts[one.name] == 1:
            latest.append(one)
    rows = [{**version_row(one), "versions": counts[one.name]} for one in latest[:MOST]]
    return Listing(rows, refused[:MOST], len(latest) > MOST)


def made_by(store: Store, run_id: str) -> Listing:
    """The versions that a run has registered, by name, the newest first."""
    found, _ = _sorted_out(models.shelf(store).seen())
    own = [one for one in found if one.said.get("run_id") == run_id]
    return Listing([version_row(one) for one in own[:MOST]], [], len(own) > MOST)


def versions_of(store: Store, name: str) -> Listing:
    """The versions of a model, the newest first."""
    found, refused = _sorted_out(models.shelf(store).seen(name))
    return Listing([version_row(one) for one in found[:MOST]], refused[:MOST], len(found) > MOST)


def usable(store: Store, name: str) -> Version | None:
    """The newest version of a model that can be used; None: there is none."""
    try:
        found, _ = _sorted_out(models.shelf(store).seen(models.check_name(name)))
    except InvalidName:
        return None
    return found[0] if found else None


def version_row(version: Version) -> dict[str, Any]:
    """A version in a list."""
    said = version.said
    files = _files(said)
    return {
        "id": version.id,
        "name": version.name,
        "version": version.number,
        "run_id": _text(said.get("run_id")),
        "experiment": _text(said.get("experiment_name")),
        "datasets": _datasets(said),
        "tags": _texts(version.tags),
        "description": version.description,
        "files": len(files),
        "size_bytes": sum(one["size"] for one in files),
        "created": _time(said.get("time")),
        "created_by": _text(said.get("user")),
    }


def details_of(version: Version) -> dict[str, Any]:
    """What a version's own page shows, each file with what is wrong with it."""
    said = version.said
    files = _files(said)
    kept = [{**one, "trouble": trouble(version, one)} for one in files[:MOST]]
    return {
        **version_row(version),
        "framework": _text(said.get("model_framework")),
        "framework_version": _text(said.get("model_framework_version")),
        "properties": {key: one or "" for key, one in _texts(version.properties).items()},
        "path": _text(said.get("path")),
        "directory": version.files,
        "kept": kept,
        "is_damaged": not _is_list_of(said.get("files"), _is_file),
        "more": len(files) > MOST,
    }


def trouble(version: Version, kept: Mapping[str, Any]) -> str | None:
    """What is wrong with a file of a model, as far as is seen without reading it; None: nothing."""
    try:
        descriptor = contents.open_kept(version.files, dict(kept))
    except UserError as error:
        return error.message
    try:
        size = os.fstat(descriptor).st_size
    finally:
        os.close(descriptor)
    if size == kept["size"]:
        return None
    return f"it has {size} bytes, and had {kept['size']} when it was registered"


def files_of(version: Version) -> list[dict[str, Any]]:
    """The files of a version, as its record says them: path, size in bytes, SHA-256."""
    return _files(version.said)


def _sorted_out(seen: Iterable[Version | UserError]) -> tuple[list[Version], list[str]]:
    """What can be used, by name, the newest first; and why the rest cannot."""
    found, refused = [], []
    for one in seen:
        try:
            if isinstance(one, UserError):
                raise one
            models.check_name(one.name)
        except (UserError, InvalidName) as error:
            refused.append(error.message)
        else:
            found.append(one)
    return sorted(found, key=lambda one: (one.name, -one.number)), refused


def _files(said: Mapping[str, Any]) -> list[dict[str, Any]]:
    found = said.get("files")
    keys = ("path", "size", "sha256")
    kept = [one for one in found if _is_file(one)] if isinstance(found, list) else []
    return [{key: one[key] for key in keys} for one in kept]


def _is_list_of(found: Any, is_one: Any) -> bool:
    return isinstance(found, list) and all(map(is_one, found))


def _is_file(one: Any) -> bool:
    return (
        isinstance(one, dict)
        and isinstance(one.get("path"), str)
        and isinstance(one.get("sha256"), str)
        and type(one.get("size")) is int
        and one["size"] >= 0
    )


def _datasets(said: Mapping[str, Any]) -> list[dict[str, Any]]:
    """The datasets that a version names: what each was for, its id, its name and version."""
    given = said.get("datasets")
    found = []
    for one in given if isinstance(given, list) else ():
        if isinstance(one, dict):
            row: dict[str, Any] = {key: _text(one.get(key)) for key in _DATASET}
            number = one.get("version")
            found.append({**row, "version": number if type(number) is int else None})
    return found


def _texts(given: Mapping[str, Any]) -> dict[str, str | None]:
    return {key: None if one is None else str(one) for key, one in given.items()}


def _time(value: Any) -> str | None:
    try:
        parsed(str(value))
    except ValueError:
        return None
    return zulu(value)


def _text(value: Any) -> str | None:
    return value if isinstance(value, str) else None
