"""Workspaces: find one, make one, describe one. A workspace is a store and the labels that name it.

`workspace_config` reads and writes the files that hold the labels.
"""

from __future__ import annotations

import os

from homerun.base.errors import UserError, WorkspaceError
from homerun.config import workspace_config
from runstore import layout
from runstore.fs import facts
from runstore.store import Store

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Mapping
    from typing import Any

    Found = tuple[Store, Mapping[str, object]]


class WorkspaceLabels:
    """The labels of a workspace: its name, what Azure code expects beside it, and its tags.

    Args:
        store: gives a workspace without a name one.
        said: the labels by their keys, as a configuration or the store holds them.
    """

    def __init__(self, store: Store, said: Mapping[str, object]) -> None:
        tags = said.get("tags")
        self.name = str(said.get("name") or workspace_config.default_name(store))
        self.subscription_id = str(said.get("subscription_id") or "")
        self.resource_group = str(said.get("resource_group") or "")
        self.sku = str(said.get("sku") or "basic")
        self.tags: dict[str, Any] = dict(tags) if isinstance(tags, dict) else {}

    @property
    def scope(self) -> str:
        """The workspace's name as Azure's long form."""
        return workspace_config.scope(self.name, self.subscription_id, self.resource_group)


def from_path(path: str | None) -> Found:
    """The workspace of a folder or a configuration file; see `Workspace.from_config`.

    Raises:
        UserError: the path does not exist, or the configuration cannot be read.
    """
    start = os.path.abspath(os.path.expanduser(path or "."))
    if not os.path.exists(start):
        raise UserError(f"there is no file or folder {start} to find a workspace from")
    return workspace_config.found_from(start)


def store_at(path: str | None) -> Store:
    """The store that a folder is, or that is found from it.

    Raises:
        UserError: the path does not exist, or the configuration cannot be read.
    """
    named = Store(path) if path else None
    return named if named is not None and named.exists() else from_path(path)[0]


def found_here() -> Found:
    """The workspace found from the current folder."""
    return workspace_config.found_from(os.getcwd())


def found_here_as(name: str, labels: Mapping[str, object]) -> Found:
    """The workspace found from the current folder, under labels that are given.

    Raises:
        WorkspaceError: it has another name.
        UserError: a name that a workspace cannot have.
    """
    store, found = found_here()
    stated = found.get("name") or workspace_config.check_name(name)
    _check_same(name, str(stated), store.root)
    return store, {**found, **labels, "name": name}


def found_here_named(name: str) -> Found:
    """The workspace found from the current folder, if it has that name.

    Raises:
        WorkspaceError: it has another.
    """
    store, found = found_here()
    known = WorkspaceLabels(store, found).name
    if known != name:
        raise WorkspaceError(
            f"the workspace here is {known!r}, not {name!r}: go to the folder of "
            f"{name!r}, or make it with Workspace.create({name!r})"
        )
    return store, found


def visible(subscription_id: str | None, resource_group: str | None) -> dict[str, Found]:
    """The workspaces that can be seen from the current folder, by name: one or none.

    Args:
        subscription_id, resource_group: only a workspace with these labels.
    """
    store, found = found_here()
    labels = WorkspaceLabels(store, found)
    wanted = (
        (subscription_id, labels.subscription_id),
        (resource_group, labels.resource_group),
    )
    if not store.exists() or any(said not in (None, label) for said, label in wanted):
        return {}
    return {labels.name: (store, found)}


def make_workspace(name: str, labels: Mapping[str, object], exist_ok: bool) -> Found:
    """Make a workspace; see `Workspace.create`.

    Raises:
        WorkspaceError: there is one already, and `exist_ok` is False, or it has another name.
        UserError: a name that a workspace cannot have.
    """
    workspace_config.check_name(name)
    store = workspace_config.chosen() or Store(f"{os.getcwd()}/{layout.STORE_FOLDER}")
    if store.exists() and not exist_ok:
        raise WorkspaceError(
            f"there is a workspace in {store.root} already; give exist_ok=True (--exist-ok) to "
            "use it"
        )
    config = workspace_config.config_beside(store)
    if config is not None:
        _check_same(name, str(workspace_config.read_config(config)["name"]), config)
    _publish(store, {**labels, "name": name})
    found = workspace_config.labels_of(store)
    _check_same(name, WorkspaceLabels(store, found).name, store.root)
    return store, found


def details(store: Store, labels: WorkspaceLabels) -> dict[str, Any]:
    """What is known of a workspace; see `Workspace.get_details`."""
    said = facts.read(store.root, layout.STORE) or {}
    found = {
        "id": labels.scope,
        "name": labels.name,
        "location": "local",
        "type": f"{workspace_config.PROVIDER}/workspaces",
        "tags": dict(labels.tags),
        "sku": labels.sku,
        "workspaceid": store.id or None,
        "description": "",
        "friendlyName": labels.name,
        "creationTime": said.get("time"),
        "directory": store.root,
    }
    return {key: value for key, value in found.items() if value is not None}


def write_config(
    store: Store, labels: WorkspaceLabels, path: str | None, file_name: str | None
) -> None:
    """Write the configuration of a workspace; see `Workspace.write_config`.

    Raises:
        UserError: the folder is not there, or cannot be written.
    """
    folder = os.path.abspath(os.path.expanduser(path or "."))
    workspace_config.write_config(store, labels.scope, folder, file_name)
    if not workspace_config.labels_of(store):
        keys = ("name", "subscription_id", "resource_group")  # the name stays without the file too
        _publish(store, {key: getattr(labels, key) for key in keys})


def _publish(store: Store, labels: Mapping[str, object]) -> None:
    root = store.for_writing().root
    facts.publish(root, layout.WORKSPACE, facts.signed(dict(labels)), sync=True)


def _check_same(wanted: str, found: str, where: str) -> None:
    if found != wanted:
        raise WorkspaceError(
            f"{where} names the workspace {found!r}, not {wanted!r}: use that name, or another "
            "folder"
        )
