"""Compute targets as scripts of the original use them: names for places that homerun knows.

A cluster of Azure is not there. What a script creates under its name is this machine, with so many
runs at once as the cluster was to have nodes, until `homerun target add` makes it a real one.
"""

from __future__ import annotations

from homerun.base import messages
from homerun.base.errors import ComputeTargetError, UserError
from homerun.targets import registry
from homerun.targets.local import LOCAL, cores

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any

    from homerun import Workspace

_SUCCEEDED = "Succeeded"


class Provisioning:
    """What a cluster was asked to be; only the number of nodes has a meaning here."""

    def __init__(self, asked: dict[str, Any]) -> None:
        self.vm_size: str = str(asked.get("vm_size") or "")
        self.min_nodes: int = asked.get("min_nodes") or 0
        self.max_nodes: int | None = asked.get("max_nodes")
        self.location: str | None = asked.get("location")
        self.tags: dict[str, str] = dict(asked.get("tags") or {})


class ComputeStatus:
    """How a compute target is: it is there, or it would be no object."""

    def __init__(self, name: str) -> None:
        self.name = name
        self.provisioning_state = _SUCCEEDED
        self.allocation_state = "Steady"
        self.errors: list[object] = []

    def serialize(self) -> dict[str, object]:
        """It as a dict, with the original's keys."""
        return {
            "provisioningState": self.provisioning_state,
            "allocationState": self.allocation_state,
            "errors": self.errors,
        }


class ComputeTarget:
    """A place for runs, by its name.

    Args:
        workspace: whose settings name the target.
        name: the target's name.

    Raises:
        ComputeTargetError: there is none of that name; `create` makes one.
    """

    def __init__(self, workspace: Workspace, name: str) -> None:
        found = registry.find(workspace._store.root, name)
        if found is None:
            raise ComputeTargetError(
                f"there is no compute target {name!r}: ComputeTarget.create makes one of this "
                f"machine, `homerun target add {name} --type …` one of a cluster"
            )
        self._set(workspace, name)

    def _set(self, workspace: Workspace, name: str) -> None:
        self.workspace = workspace
        self.name = name

    @classmethod
    def undefined(cls, workspace: Workspace, name: str) -> ComputeTarget:
        """A target that is not defined: a run that is sent there is placed on this machine."""
        made = AmlCompute.__new__(AmlCompute)
        made._set(workspace, name)
        return made

    @property
    def type(self) -> str:
        """The type of the target: local, or that of an engine; `AmlCompute`: it is not defined."""
        said = self.workspace.targets.said(self.name)
        if said is None:
            return LOCAL if self.name == LOCAL else "AmlCompute"
        return str(said.get("type") or LOCAL)

    @property
    def provisioning_state(self) -> str:
        """As for a cluster that is there."""
        return _SUCCEEDED

    @staticmethod
    def create(
        workspace: Workspace, name: str, provisioning_configuration: object
    ) -> ComputeTarget:
        """The target of that name; one that is not defined is made of this machine, and that is
        said.

        Raises:
            UserError: a name that a target cannot have.
        """
        if not registry.is_defined(workspace._store.root, name):
            most = getattr(provisioning_configuration, "max_nodes", None)
            wanted = most if isinstance(most, int) and most > 0 else cores()
            slots = min(wanted, cores())
            workspace.targets.add(name, slots)
            at_once = "1 run" if slots == 1 else f"{slots} runs"
            messages.say(
                f"the compute target {name} is this machine, {at_once} at once; "
                f"`homerun target add {name} --type …` makes it a cluster"
            )
        return AmlCompute(workspace, name)

    @staticmethod
    def list(workspace: Workspace) -> list[ComputeTarget]:
        """All targets of a workspace but this machine itself."""
        return [*ComputeTargets(workspace).values()]

    def wait_for_completion(self, show_output: bool = False, **how: object) -> None:
        """Return at once: a target that is there is ready."""
        if show_output:
            print(f"{_SUCCEEDED}: {self.name} is there")

    def get_status(self) -> ComputeStatus:
        """How the target is: ready."""
        return ComputeStatus(self.name)

    def refresh_state(self) -> None:
        """Nothing is to be refreshed: it is asked when it is used."""

    def serialize(self) -> dict[str, object]:
        """It as a dict."""
        return {"name": self.name, "properties": {"computeType": self.type}}

    def delete(self) -> None:
        """Forget the target; what runs there goes on.

        Raises:
            UserError: runs wait for it.
        """
        if self.name == LOCAL:
            raise UserError("the target local is this machine, which cannot be deleted")
        if registry.is_defined(self.workspace._store.root, self.name):
            self.workspace.targets.remove(self.name)

    detach = delete

    def __repr__(self) -> str:
        return f"{type(self).__name__}(name={self.name!r}, type={self.type!r})"


class AmlCompute(ComputeTarget):
    """The original's managed cluster: here any target."""

    @staticmethod
    def provisioning_configuration(**asked: Any) -> Provisioning:
        """What a cluster is to be; here the most nodes become slots, and the rest says nothing."""
        return Provisioning(asked)


class ComputeTargets(dict[str, ComputeTarget]):
    """The targets of a workspace by name, but for this machine itself.

    One that is not defined can be had too, as a script for a cloud expects: it is this machine.
    """

    def __init__(self, workspace: Workspace) -> None:
        names = [one for one in registry.target_names(workspace._store.root) if one != LOCAL]
        super().__init__({name: ComputeTarget.undefined(workspace, name) for name in names})
        self._workspace = workspace

    def __missing__(self, name: str) -> ComputeTarget:
        return ComputeTarget.undefined(self._workspace, name)
