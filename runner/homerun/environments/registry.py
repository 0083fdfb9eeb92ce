"""The registry of a store's environments by name: each version is a fact, written once.

It keeps and returns the fields of an environment as a file has them.
"""

from __future__ import annotations

import os

from homerun.base.errors import UserError
from runstore import layout, names
from runstore.fs import atomic, facts

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping
    from typing import Any

    from runstore.store import Store

_SUFFIX = ".json"


def register(
    store: Store, said: Mapping[str, Any], form: Callable[[Mapping[str, Any]], Mapping[str, Any]]
) -> str:
    """Keep an environment; the version that it has.

    Args:
        said: its fields, as a file has them.
        form: the form in which two are compared, where an older file has fewer fields.

    Raises:
        UserError: it has no name.
        StoreError: the store cannot be written.
    """
    if not said["name"]:
        raise UserError("an environment needs a name to be registered")
    root = store.for_writing().root
    folder = _folder(root, said["name"])
    while True:
        known = _versions(folder)
        for version in known:
            if form(_read(folder, version)) == {**said, "version": version}:
                return version
        version = str(int(known[-1]) + 1 if known else 1)
        try:
            atomic.make_folders(root, layout.ENVIRONMENTS, os.path.basename(folder))
            entry: dict[str, object] = {"environment": {**said, "version": version}}
            if facts.publish(folder, _file(version), facts.signed(entry), sync=True):
                return version
        except OSError as error:
            raise atomic.unwritable(root, error) from error


def has(store: Store, name: str) -> bool:
    """Whether an environment of that name is registered."""
    return bool(_versions(_folder(store.root, name)))


def get(store: Store, name: str, version: str | None = None) -> dict[str, Any]:
    """The fields of an environment by its name, in its latest version unless told otherwise.

    Raises:
        UserError: there is none.
    """
    folder = _folder(store.root, name)
    known = _versions(folder)
    if not known or version not in (None, *known):
        which = f"environment {name!r}" + (f" in version {version}" if known else "")
        other = f"its versions are {', '.join(known)}" if known else _advice(name)
        raise UserError(f"there is no {which}; {other}")
    return _read(folder, version or known[-1])


def latest(store: Store) -> dict[str, dict[str, Any]]:
    """The fields of the environments by name, each in its latest version."""
    home = f"{store.root}/{layout.ENVIRONMENTS}"
    folders = sorted(_names_in(home))
    found = {}
    for folder in folders:
        known = _versions(f"{home}/{folder}")
        if known:
            one = _read(f"{home}/{folder}", known[-1])
            found[str(one.get("name"))] = one
    return found


def every_version(store: Store) -> Iterator[tuple[str, dict[str, Any]]]:
    """All versions of all environments, each with the path of its file from the store's folder;
    what cannot be read is left out.
    """
    home = f"{store.root}/{layout.ENVIRONMENTS}"
    try:
        paths = [
            (f"{layout.ENVIRONMENTS}/{name}/{_file(version)}", f"{home}/{name}", version)
            for name in sorted(_names_in(home))
            for version in _versions(f"{home}/{name}")
        ]
    except UserError:
        return  # they are their owner's alone
    for path, folder, version in paths:
        try:
            yield path, _read(folder, version)
        except UserError:
            continue


def _advice(name: str) -> str:
    if name.startswith("AzureML-"):
        return (
            "its packages are not known here: add them to `curated_environments` of settings.json, "
            "or use Environment.from_pip_requirements(name, path)"
        )
    return "`register` keeps one"


def _folder(root: str, name: str) -> str:
    if not name:
        raise UserError("an environment has a name; `Environment.list` shows them")
    return f"{root}/{layout.ENVIRONMENTS}/{names.to_file_name(name)}"


def _file(version: str) -> str:
    return f"{version}{_SUFFIX}"


def _versions(folder: str) -> list[str]:
    found = [] if os.path.islink(os.path.dirname(folder)) else _names_in(folder)
    kept = [name[: -len(_SUFFIX)] for name in found if name.endswith(_SUFFIX)]
    return sorted((v for v in kept if v.isdigit()), key=int)


def _names_in(folder: str) -> list[str]:
    """The names in a folder of the registry, which is its owner's alone.

    Raises:
        UserError: it is another user's.
    """
    try:
        return atomic.names_in(folder)
    except PermissionError:
        told = "the environments of a store are its owner's alone: they may hold tokens"
        raise UserError(f"{folder} can't be read: {told}") from None
    except OSError:
        return []


def _read(folder: str, version: str) -> dict[str, Any]:
    said = (facts.read(folder, _file(version)) or {}).get("environment")
    if not isinstance(said, dict):
        path = f"{folder}/{_file(version)}"
        raise UserError(f"{path} is damaged; register that environment again")
    return said
