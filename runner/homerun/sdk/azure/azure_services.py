"""The members of a workspace that manage Azure's services: here they are absent or empty."""

from __future__ import annotations

from homerun.base.errors import Absent

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Mapping
    from typing import Any

    from homerun.config.environment import Environment
    from homerun.sdk.azure.clusters import ComputeTarget
    from homerun.sdk.azure.datastore import Datastore
    from homerun.sdk.azure.keyvault import Keyvault
    from homerun.sdk.azure.model import Model
    from runstore.store import Store

_NO_CLOUD = "it manages a service in Azure, and here a workspace is a folder"
_NO_CONNECTION = "connections are kept in Azure; give a script what it needs in its environment"
_CLUSTERS = ("cpu", "gpu")


class AzureServices(Absent):
    """The base of `Workspace`: what a workspace has in Azure beside its runs."""

    DEFAULT_CPU_CLUSTER_NAME = "cpu-cluster"
    DEFAULT_GPU_CLUSTER_NAME = "gpu-cluster"

    _store: Store

    _absent_from = "Workspace"
    _absent = {
        "delete": "a workspace is a folder that `directory` names; remove it when you are done",
        "update": "its labels are those of its config.json; edit that file",
        "set_connection": _NO_CONNECTION,
        "get_connection": _NO_CONNECTION,
        "list_connections": _NO_CONNECTION,
        "delete_connection": _NO_CONNECTION,
        "discovery_url": _NO_CLOUD,
        "service_context": _NO_CLOUD,
        "sync_keys": _NO_CLOUD,
        "list_keys": _NO_CLOUD,
        "diagnose_workspace": "`homerun store check` looks through a store",
        "update_dependencies": _NO_CLOUD,
        "add_private_endpoint": _NO_CLOUD,
        "delete_private_endpoint_connection": _NO_CLOUD,
    }

    @property
    def compute_targets(self) -> Mapping[str, ComputeTarget]:
        """The targets by name, but for `local`; one that is not defined is this machine."""
        from homerun.sdk.azure.clusters import ComputeTargets

        return ComputeTargets(self)  # type: ignore[arg-type]

    def get_default_compute_target(self, type: str) -> ComputeTarget | None:
        """The default target, where it is not `local`; else None.

        Raises:
            ValueError: the type is neither `cpu` nor `gpu`.
        """
        if type not in _CLUSTERS:
            raise ValueError(f"a type of cluster is one of {_CLUSTERS}, not {type!r}")
        from homerun.targets import registry
        from homerun.targets.local import LOCAL

        name = registry.Targets(self._store).default
        return None if name == LOCAL else self.compute_targets[name]

    @property
    def datastores(self) -> Mapping[str, Datastore]:
        """The datastores by name: those of every workspace, and those bound to a folder."""
        from homerun.sdk.azure import datastore

        return datastore.every_datastore(self)  # type: ignore[arg-type]

    def get_default_datastore(self) -> Datastore:
        """The default datastore: `workspaceblobstore`, unless another was chosen."""
        from homerun.sdk.azure.datastore import Datastore

        return Datastore(self)  # type: ignore[arg-type]

    def set_default_datastore(self, name: str) -> None:
        """Have a datastore be meant where none is named.

        Raises:
            AssetNotFound: there is none of that name.
        """
        from homerun.assets import datastores

        datastores.set_default(self._store, name)

    @property
    def datasets(self) -> Mapping[str, Any]:
        """The registered datasets by name, each in its latest version."""
        from homerun.sdk.azure import dataset

        return dataset.every_dataset(self)  # type: ignore[arg-type]

    def get_default_keyvault(self) -> Keyvault:
        """The secrets of this user for this workspace."""
        from homerun.sdk.azure.keyvault import Keyvault

        return Keyvault(self)  # type: ignore[arg-type]

    @property
    def environments(self) -> dict[str, Environment]:
        """The registered environments by name, each in its latest version."""
        from homerun.config.environment import registered

        return registered(self._store)

    @property
    def models(self) -> Mapping[str, Model]:
        """The registered models by name, each in its latest version."""
        from homerun.sdk.azure import model

        return model.latest(self)  # type: ignore[arg-type]

    @property
    def images(self) -> dict[str, object]:
        """The images: none."""
        return {}

    @property
    def webservices(self) -> dict[str, object]:
        """The web services: none."""
        return {}

    @property
    def linked_services(self) -> dict[str, object]:
        """The linked services: none."""
        return {}

    @property
    def private_endpoints(self) -> dict[str, object]:
        """The private endpoints: none."""
        return {}
