"""Where a workspace is found, and what names it: the store, and Azure's configuration files."""

from __future__ import annotations

import os

from homerun.base import environ, messages, places
from homerun.base.errors import UserError, WorkspaceError
from runstore import layout
from runstore.fs import facts, json_write
from runstore.store import Store

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Mapping

_SHORTEST, _LONGEST = 3, 33
_FOLDERS = layout.CONFIG_FOLDERS
_SCOPE_NAME = 8
"""Where the name stands in `/subscriptions/S/resourceGroups/G/providers/P/workspaces/NAME`."""

PROVIDER = "Microsoft.MachineLearningServices"
STORE_KEY = "Store"
"""In a configuration of ours that does not lie beside the store: the way to it."""


_IN_STORES = (
    f"{layout.STORE_FOLDER}/{layout.STORE}",
    f"{layout.STORE_FOLDER}/{layout.GITIGNORE}",
)
"""What tells that a folder is a store; the second, that it was one whose store.json is gone."""


class NewStore(Store):
    """A store that says so when it is made.

    Args:
        is_placed: a person said where it lies; else it is made in no folder that is not a project.
    """

    def __init__(self, root: str, *, is_placed: bool = True) -> None:
        self._is_placed = is_placed
        super().__init__(root)

    def make(self, store_id: str = "") -> None:
        """Make it; see `Store.make`.

        Raises:
            WorkspaceError: its place is not a project, and no person chose it.
        """
        if self.exists():
            super().make(store_id)
            messages.tell([f"{self.root}/{layout.STORE} was missing, and is written again"])
            return
        home = os.path.dirname(self.root)
        why = "" if self._is_placed else places.unfit(os.path.realpath(home))
        if why:
            raise WorkspaceError(
                f"no store is made in {home}, {why}: go to a project's folder, or make one here "
                "with homerun workspace create, or name one in HOMERUN_STORE"
            )
        super().make(store_id)
        messages.tell([f"new store: {self.root}"])


def check_name(name: str) -> str:
    """The name itself if a workspace may have it.

    Raises:
        UserError: it may not.
    """
    if is_name(name):
        return name
    raise UserError(
        f"{name!r} is not a valid workspace name: use {_SHORTEST} to {_LONGEST} letters, digits, "
        "'_' and '-', a letter or digit first"
    )


def is_name(name: object) -> bool:
    """Whether a workspace may have this name."""
    return (
        isinstance(name, str)
        and _SHORTEST <= len(name) <= _LONGEST
        and name[0].isascii()
        and name[0].isalnum()
        and all(c in "_-" or c.isalnum() for c in name)
    )


def default_name(store: Store) -> str:
    """The name of a workspace that nothing names: that of the store's home."""
    name = os.path.basename(os.path.dirname(store.root))
    return name if is_name(name) else "homerun"


def chosen() -> Store | None:
    """The store that HOMERUN_STORE names."""
    root = os.environ.get(environ.STORE)
    if not root:
        return None
    store = NewStore(os.path.expanduser(root))
    store.is_named = True
    return store


def found_from(start: str) -> tuple[Store, Mapping[str, object]]:
    """The store of a folder or of a configuration file, and its labels; {} if nothing names it.

    Raises:
        UserError: the configuration cannot be read.
    """
    store = chosen()
    if store is not None:
        return store, labels_of(store)
    if os.path.isfile(start):
        return _configured(start)
    config = _upwards(start, layout.CONFIG_PLACES)
    if config is not None:
        return _configured(config)
    existing = _upwards(start, _IN_STORES)
    if existing is not None:
        store = NewStore(os.path.dirname(existing))
    else:
        store = NewStore(f"{places.project_of(start)}/{layout.STORE_FOLDER}", is_placed=False)
    return store, labels_of(store)


def labels_of(store: Store) -> Mapping[str, object]:
    """What the configuration beside a store says of it, or else the store itself."""
    config = config_beside(store)
    return read_config(config) if config else facts.read(store.root, layout.WORKSPACE) or {}


def labels_as(
    store: Store, name: str | None, subscription_id: str | None, resource_group: str | None
) -> Mapping[str, object]:
    """The labels of a store's workspace, which have to be these where it has any.

    Raises:
        WorkspaceError: they are others.
        UserError: a name that a workspace cannot have.
    """
    said = dict(labels_of(store))
    wanted = {"name": name, "subscription_id": subscription_id, "resource_group": resource_group}
    if name is not None:
        check_name(name)
    for key, value in wanted.items():
        known = said.get(key)
        if value and known and known != value:
            what = key.removesuffix("_id").replace("_", " ")
            raise WorkspaceError(
                f"the workspace in {store.root} has the {what} {known!r}, not {value!r}: go to the "
                "folder of the one you mean, or name it with -p"
            )
        if value:
            said[key] = value
    return said


def config_beside(store: Store) -> str | None:
    """The configuration file in the folder that holds the store."""
    home = os.path.dirname(store.root)
    for place in layout.CONFIG_PLACES:
        path = os.path.join(home, place)
        if os.path.isfile(path) and _is_azure(path):
            return path
    return None


def read_config(path: str) -> dict[str, object]:
    """The labels in a configuration of either of Azure's two shapes.

    Raises:
        UserError: it is no such file.
    """
    found = facts.read_elsewhere(path)
    if found is None:
        raise UserError(f"{path} is not a JSON object; correct it or remove it")
    scope = str(found.get("Scope") or "").split("/")
    if len(scope) > _SCOPE_NAME:
        return {"subscription_id": scope[2], "resource_group": scope[4], "name": scope[_SCOPE_NAME]}
    if not found.get("workspace_name"):
        raise UserError(f"{path} names no workspace; it needs a workspace_name")
    return {
        "name": found["workspace_name"],
        "subscription_id": found.get("subscription_id"),
        "resource_group": found.get("resource_group"),
    }


def scope(name: str, subscription_id: str, resource_group: str) -> str:
    """A workspace's name as Azure's long form."""
    group = f"/subscriptions/{subscription_id}/resourceGroups/{resource_group}"
    return f"{group}/providers/{PROVIDER}/workspaces/{name}"


def write_config(store: Store, scope: str, folder: str, file_name: str | None) -> str:
    """Write a configuration file below a folder; its path. One that is there is replaced.

    Raises:
        UserError: the folder is not there, or cannot be written.
    """
    if not os.path.isdir(folder):
        raise UserError(f"there is no folder {folder} to write a configuration to")
    path = config_path(folder, file_name)
    home = _home(path)
    content: dict[str, object] = {"Id": None, "Scope": scope}
    if f"{home}/{layout.STORE_FOLDER}" != store.root:
        content[STORE_KEY] = os.path.relpath(store.root, home)
    temporary = f"{path}.{os.getpid()}"
    try:
        os.makedirs(os.path.dirname(path), exist_ok=True)
        with open(temporary, "w", encoding="utf-8") as file:
            file.write(json_write.pretty(content))
        os.replace(temporary, path)
    except OSError as error:
        raise UserError(f"{path} cannot be written: {error.strerror}") from error
    return path


def config_path(folder: str, file_name: str | None = None) -> str:
    """Where the configuration of a folder is written."""
    return f"{_config_folder(folder)}/{_config_name(folder, file_name)}"


def attached_by(config: str) -> str | None:
    """The experiment to which a configuration attaches its folder; None where it names none."""
    said = facts.read_elsewhere(config) or {}
    _, _, name = str(said.get("Scope") or "").partition("/projects/")
    return name.strip("/") or None


def experiment_of(folder: str) -> tuple[str, str]:
    """The configuration that attaches a folder to an experiment, and the experiment's name.

    Raises:
        UserError: there is none in the folder or above.
    """
    config = _upwards(folder, layout.CONFIG_PLACES)
    name = attached_by(config) if config else None
    if config is None or name is None:
        raise UserError(
            f"{folder} is attached to no experiment: no configuration there or above names one"
        )
    return config, name


def _config_folder(folder: str) -> str:
    if os.path.basename(folder) in _FOLDERS:
        return folder
    old = os.path.join(folder, _FOLDERS[1])
    return old if os.path.isdir(old) else os.path.join(folder, _FOLDERS[0])


def _config_name(folder: str, given: str | None) -> str:
    names = [os.path.basename(place) for place in layout.CONFIG_PLACES[:2]]
    if given is None:
        other = os.path.join(_config_folder(folder), names[1])
        return names[1] if os.path.isfile(other) else names[0]
    if not given or "/" in given or "\0" in given:
        raise UserError(f"{given!r} is not a valid file name for a configuration")
    return given if given.endswith(".json") else f"{given}.json"


def _configured(path: str) -> tuple[Store, Mapping[str, object]]:
    """The store that a configuration file leads to, and the labels from it."""
    labels, home = read_config(path), _home(path)
    said = (facts.read_elsewhere(path) or {}).get(STORE_KEY)
    root = os.path.join(home, said if isinstance(said, str) and said else layout.STORE_FOLDER)
    return NewStore(root), labels


def _home(config: str) -> str:
    """The folder that a configuration file is about."""
    folder = os.path.dirname(config)
    return os.path.dirname(folder) if os.path.basename(folder) in _FOLDERS else folder


def _upwards(start: str, places: tuple[str, ...]) -> str | None:
    """The first of the files, sought in order, each from here up to the root."""
    for place in places:
        folder = start
        while True:
            path = os.path.join(folder, place)
            if os.path.isfile(path) and (place in _IN_STORES or _is_azure(path)):
                return path
            above = os.path.dirname(folder)
            if above == folder:
                break
            folder = above
    return None


def _is_azure(path: str) -> bool:
    """Whether a file named config.json is one of Azure ML's; many other tools have such files."""
    if os.path.basename(os.path.dirname(path)) in _FOLDERS:
        return True
    found = facts.read_elsewhere(path) or {}
    return "workspace_name" in found or ("Scope" in found and "Id" in found)
