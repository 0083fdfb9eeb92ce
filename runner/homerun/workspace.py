"""A workspace: one store, and the labels that Azure code expects of it."""

from __future__ import annotations

import os

from homerun import environ
from homerun.errors import UserError, WorkspaceError
from runstore import facts, layout
from runstore.store import Store

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

    from homerun.experiment import Experiment
    from homerun.filters import Wanted
    from homerun.run import Run
    from runstore.findings import Finding

_LABELS = ("name", "subscription_id", "resource_group")
_SHORTEST, _LONGEST = 3, 33
_CONFIG_FOLDERS = layout.CONFIG_FOLDERS
_SCOPE_NAME = 8
"""Where the name stands in `/subscriptions/S/resourceGroups/G/providers/P/workspaces/NAME`."""


class Workspace:
    """A store with a name. Subscription and resource group are labels, always text.

    Get one by `from_config`, `get` or `create`.
    """

    def __init__(self, store: Store, labels: Mapping[str, object]) -> None:
        self._store = store
        self._labels = {key: str(labels.get(key) or "") for key in _LABELS}
        self._labels["name"] = self._labels["name"] or _default_name(store.root)

    @staticmethod
    def from_config(path: str | None = None, auth: object = None) -> Workspace:
        """The workspace of a folder.

        The first of: the store named by HOMERUN_STORE; the folder of an Azure `config.json` or
        `.azureml/config.json` found upwards; the nearest `.runs/` upwards; a new one here, which
        the first write makes.

        Args:
            path: where to look from, or a configuration file itself.

        Raises:
            UserError: the path does not exist, or the configuration cannot be read.
        """
        start = os.path.abspath(os.path.expanduser(path or "."))
        if not os.path.exists(start):
            raise UserError(f"there is no file or folder {start} to find a workspace from")
        return _found_from(start)

    @staticmethod
    def get(
        name: str,
        auth: object = None,
        subscription_id: str | None = None,
        resource_group: str | None = None,
    ) -> Workspace:
        """The workspace found from the current folder, if it bears that name.

        Raises:
            WorkspaceError: it bears another.
        """
        found = _found_from(os.getcwd())
        if found.name != name:
            raise WorkspaceError(
                f"the workspace here is {found.name!r}, not {name!r}: go to the folder of "
                f"{name!r}, or make it with Workspace.create({name!r})"
            )
        return found

    @staticmethod
    def create(
        name: str,
        auth: object = None,
        subscription_id: str | None = None,
        resource_group: str | None = None,
        location: str | None = None,
        exist_ok: bool = False,
        **azure_options: object,
    ) -> Workspace:
        """Make a workspace: the folder `.runs/` here (or where HOMERUN_STORE says).

        Options that only mean something in the cloud are accepted and have no effect.

        Raises:
            WorkspaceError: there is one already, and `exist_ok` is not given, or it has another
                name.
            UserError: a name that a workspace cannot have.
        """
        check_name(name)
        root = os.environ.get(environ.STORE) or f"{os.getcwd()}/{layout.STORE_FOLDER}"
        store = Store(os.path.expanduser(root))
        if store.exists() and not exist_ok:
            raise WorkspaceError(
                f"there is a workspace in {store.root} already; give exist_ok=True to use it"
            )
        config = _config_beside(store)
        if config is not None:
            _check_same(name, str(_labels_of(config)["name"]), config)
        store.for_writing()
        labels: dict[str, object] = {
            "name": name,
            "subscription_id": str(subscription_id or ""),
            "resource_group": str(resource_group or ""),
        }
        facts.publish(store.root, layout.WORKSPACE, facts.signed(labels), sync=True)
        made = of_store(store)
        _check_same(name, made.name, store.root)
        return made

    @property
    def name(self) -> str:
        """The workspace's name."""
        return self._labels["name"]

    @property
    def subscription_id(self) -> str:
        """The Azure subscription that the configuration names, or ""."""
        return self._labels["subscription_id"]

    @property
    def resource_group(self) -> str:
        """The Azure resource group that the configuration names, or ""."""
        return self._labels["resource_group"]

    @property
    def location(self) -> str:
        """Where the workspace is: always `local`."""
        return "local"

    @property
    def directory(self) -> str:
        """The store's folder."""
        return self._store.root

    @property
    def store(self) -> Store:
        """The store, for code that reads records itself."""
        return self._store

    @property
    def experiments(self) -> dict[str, Experiment]:
        """The experiments, by name."""
        from homerun.experiment import Experiment

        return {name: Experiment.existing(self, name) for name in self._store.experiments()}

    def get_runs(
        self,
        experiment: str | None = None,
        tags: Wanted = None,
        properties: Wanted = None,
        status: str | None = None,
        include_children: bool = False,
        *,
        where: Sequence[str] | str = (),
        sort: str | None = None,
    ) -> Iterator[Run]:
        """Runs of one experiment or of all, for which all conditions hold, lazily.

        Args:
            tags, properties: a key that has to be there, or a dict whose pairs have to be there.
            include_children: also runs that have a parent.
            where: further conditions, such as `metrics.loss < 0.1`; `docs/cli.md` lists them.
            sort: a field of such conditions, with a `-` before it for the largest first; None:
                the newest first.

        Raises:
            ExperimentNotFound: there is no experiment of that name.
            InvalidQuery: a condition or a field is none.
        """
        from homerun import family
        from homerun.filters import conditions

        if experiment is not None:
            self._store.experiment_folder(experiment)
        wanted = conditions(None, tags, properties, status, where)
        return family.runs(self, experiment, wanted, include_children, sort)

    def reindex(self) -> int:
        """Make the index of the runs anew from their folders; how many runs there are.

        Raises:
            ReadOnlyStore, FormatTooNew: the store may not be written.
        """
        from runstore.index import reindex

        return reindex(self._store)

    def check(self, repair: bool = False) -> list[Finding]:
        """Everything in the store that is not as it should be; `runstore.check` tells more."""
        from runstore.check import check

        return check(self._store, repair)

    def get_run(self, run_id: str) -> Run:
        """A run of any experiment, by its id or a beginning that only it has.

        Raises:
            RunNotFound, AmbiguousPrefix: there is no such one run.
        """
        from homerun.run import Run

        return Run.get(self, run_id)

    def _repr_html_(self) -> str:
        from homerun import html

        return html.workspace(self)

    def __repr__(self) -> str:
        labels = self._labels
        return (
            f"Workspace.create(name={labels['name']!r}, "
            f"subscription_id={labels['subscription_id']!r}, "
            f"resource_group={labels['resource_group']!r})"
        )


def check_name(name: str) -> str:
    """The name itself if a workspace may have it.

    Raises:
        UserError: it may not.
    """
    if _is_name(name):
        return name
    raise UserError(
        f"{name!r} is no workspace name: use {_SHORTEST} to {_LONGEST} letters, digits, '_' and "
        "'-', a letter or digit first"
    )


def _check_same(wanted: str, found: str, where: str) -> None:
    if found != wanted:
        raise WorkspaceError(
            f"{where} names the workspace {found!r}, not {wanted!r}: use that name, or another "
            "folder"
        )


def _is_name(name: object) -> bool:
    return (
        isinstance(name, str)
        and _SHORTEST <= len(name) <= _LONGEST
        and name[0].isascii()
        and name[0].isalnum()
        and all(c in "_-" or c.isalnum() for c in name)
    )


def _default_name(root: str) -> str:
    name = os.path.basename(os.path.dirname(root))
    return name if _is_name(name) else "homerun"


def _found_from(start: str) -> Workspace:
    chosen = os.environ.get(environ.STORE)
    if chosen:
        return of_store(Store(os.path.expanduser(chosen)))
    if os.path.isfile(start):
        return _of_config(start)
    config = _upwards(start, layout.CONFIG_PLACES)
    if config is not None:
        return _of_config(config)
    existing = _upwards(start, (f"{layout.STORE_FOLDER}/{layout.STORE}",))
    root = os.path.dirname(existing) if existing else f"{start}/{layout.STORE_FOLDER}"
    return of_store(Store(root))


def _upwards(start: str, places: tuple[str, ...]) -> str | None:
    """The first of the files, sought in order, each from here up to the root."""
    for place in places:
        folder = start
        while True:
            path = os.path.join(folder, place)
            if os.path.isfile(path) and (place.endswith(layout.STORE) or _is_azure(path)):
                return path
            above = os.path.dirname(folder)
            if above == folder:
                break
            folder = above
    return None


def _is_azure(path: str) -> bool:
    """Whether a file named config.json is one of Azure ML's; many other tools have such files."""
    if os.path.basename(os.path.dirname(path)) in _CONFIG_FOLDERS:
        return True
    found = facts.read(*os.path.split(path)) or {}
    return "workspace_name" in found or ("Scope" in found and "Id" in found)


def _of_config(path: str) -> Workspace:
    """The workspace beside a configuration file, with the labels from it."""
    folder = os.path.dirname(path)
    if os.path.basename(folder) in _CONFIG_FOLDERS:
        folder = os.path.dirname(folder)
    return Workspace(Store(f"{folder}/{layout.STORE_FOLDER}"), _labels_of(path))


def of_store(store: Store) -> Workspace:
    """The workspace of a store: named by the configuration beside it, or by the store itself."""
    config = _config_beside(store)
    if config is not None:
        return Workspace(store, _labels_of(config))
    return Workspace(store, facts.read(store.root, layout.WORKSPACE) or {})


def _config_beside(store: Store) -> str | None:
    home = os.path.dirname(store.root)
    for place in layout.CONFIG_PLACES:
        path = os.path.join(home, place)
        if os.path.isfile(path) and _is_azure(path):
            return path
    return None


def _labels_of(path: str) -> dict[str, object]:
    """The labels in a configuration of either of Azure's two shapes."""
    found = facts.read(*os.path.split(path))
    if found is None:
        raise UserError(f"{path} is no JSON object; correct it or remove it")
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
