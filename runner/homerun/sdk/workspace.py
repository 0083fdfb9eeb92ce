"""A workspace: one store, and the labels that Azure code expects of it."""

from __future__ import annotations

import os

from homerun.config import workspace_config, workspaces
from homerun.sdk.azure.azure_services import AzureServices

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping, Sequence
    from typing import Any

    from homerun import Experiment, Run
    from homerun.doctor.diagnosis import Diagnosis
    from homerun.runs.trash import Trash
    from homerun.sdk.maintenance import Keeping
    from homerun.targets.queue import TargetQueue
    from homerun.targets.registry import Targets
    from homerun.views.listing import Wanted
    from runstore.run.record import Record
    from runstore.store import Store
    from runstore.upkeep.findings import Finding

_SECRET = (
    "an earlier version kept a secret in it: register the environment again, and remove this file"
)


class Workspace(AzureServices):
    """A store with a name. Subscription and resource group are labels, always text.

    Called with the original's arguments it is the workspace found from the current folder, under
    these labels; `from_config` is the shorter way.

    Args:
        workspace_name: its name, unless a configuration or the store gives it another.
        tags: labels of the workspace, for this object.

    Raises:
        WorkspaceError: the workspace here has another name.
        UserError: a name that a workspace cannot have.
    """

    def __init__(
        self,
        subscription_id: str,
        resource_group: str,
        workspace_name: str,
        auth: object = None,
        _location: str | None = None,
        _disable_service_check: bool = False,
        _workspace_id: str | None = None,
        sku: str = "basic",
        tags: Mapping[str, object] | None = None,
        _cloud: str = "AzureCloud",
    ) -> None:
        given = {"subscription_id": subscription_id, "resource_group": resource_group}
        found = workspaces.found_here_as(workspace_name, {**given, "tags": tags, "sku": sku})
        self._bind(*found)

    def _bind(self, store: Store, labels: Mapping[str, object]) -> None:
        self._store = store
        self._labels = workspaces.WorkspaceLabels(store, labels)

    @classmethod
    def of(cls, store: Store, labels: Mapping[str, object]) -> Workspace:
        """The workspace of a store with these labels."""
        workspace = cls.__new__(cls)
        workspace._bind(store, labels)
        return workspace

    @staticmethod
    def from_config(
        path: str | None = None,
        auth: object = None,
        _logger: object = None,
        _file_name: str | None = None,
    ) -> Workspace:
        """The workspace of a folder.

        The first of: the store named by HOMERUN_STORE; the folder of an Azure `config.json` or
        `.azureml/config.json` found upwards; the nearest `.runs/` upwards; a new one here, which
        the first write makes.

        Args:
            path: where to look from, or a configuration file itself.

        Raises:
            UserError: the path does not exist, or the configuration cannot be read.
        """
        return Workspace.of(*workspaces.from_path(path))

    @staticmethod
    def setup() -> Workspace:
        """The workspace found from the current folder: nothing has to be set up."""
        return Workspace.from_config()

    @staticmethod
    def get(
        name: str,
        auth: object = None,
        subscription_id: str | None = None,
        resource_group: str | None = None,
        location: str | None = None,
        cloud: str = "AzureCloud",
        id: str | None = None,
    ) -> Workspace:
        """The workspace found from the current folder, if it bears that name.

        Raises:
            WorkspaceError: it bears another.
        """
        return Workspace.of(*workspaces.found_here_named(name))

    @staticmethod
    def create(
        name: str,
        auth: object = None,
        subscription_id: str | None = None,
        resource_group: str | None = None,
        location: str | None = None,
        create_resource_group: bool = True,
        sku: str = "basic",
        tags: Mapping[str, object] | None = None,
        exist_ok: bool = False,
        **azure_options: object,
    ) -> Workspace:
        """Make a workspace: the folder `.runs/` here (or where HOMERUN_STORE says).

        Options that only mean something in the cloud are accepted and have no effect.

        Raises:
            WorkspaceError: there is one already, and `exist_ok` is not given, or it has another
                name.
            UserError: a name that a workspace cannot have, or tags that are not a dict of texts.
        """
        from homerun.base import checks

        labels = {
            "subscription_id": str(subscription_id or ""),
            "resource_group": str(resource_group or ""),
            "sku": str(sku),
            "tags": checks.text_pairs("tags", tags or {}),
        }
        return Workspace.of(*workspaces.make_workspace(name, labels, exist_ok))

    @staticmethod
    def list(
        subscription_id: str | None = None,
        auth: object = None,
        resource_group: str | None = None,
    ) -> dict[str, Any]:
        """The workspaces that can be seen from the current folder: the one here, if there is one.

        Args:
            subscription_id, resource_group: only a workspace with these labels.

        Returns:
            A list of workspaces for each name.
        """
        found = workspaces.visible(subscription_id, resource_group)
        return {name: [Workspace.of(*one)] for name, one in found.items()}

    @property
    def name(self) -> str:
        """The workspace's name."""
        return self._labels.name

    @property
    def subscription_id(self) -> str:
        """The Azure subscription that the configuration names, or ""."""
        return self._labels.subscription_id

    @property
    def resource_group(self) -> str:
        """The Azure resource group that the configuration names, or ""."""
        return self._labels.resource_group

    @property
    def location(self) -> str:
        """Where the workspace is: always `local`."""
        return "local"

    @property
    def sku(self) -> str:
        """The edition that the workspace was made with; it changes nothing."""
        return self._labels.sku

    @property
    def tags(self) -> dict[str, Any]:
        """The tags that the workspace was made with."""
        return dict(self._labels.tags)

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
        """The experiments that are not archived, by name."""
        from homerun.sdk.experiment import Experiment

        return {found.name: found for found in Experiment.list(self)}

    def get_details(self) -> dict[str, Any]:
        """What is known of the workspace, in the original's camelCase keys."""
        return workspaces.details(self._store, self._labels)

    def get_portal_url(self) -> str:
        """Where to look at it: its page in Studio where one runs, else its folder's address."""
        from homerun.sdk import html

        return html.portal(self._store, "/experiments", self.directory)

    def get_mlflow_tracking_uri(self, _with_auth: bool = False) -> str:
        """The address by which MLflow logs to this workspace: for `mlflow.set_tracking_uri`.

        In a script of a run MLflow logs to the run as it is.
        """
        from homerun.base import environ

        return environ.mlflow_address(self._store.root)

    def write_config(self, path: str | None = None, file_name: str | None = None) -> None:
        """Write the configuration that `from_config` finds: `.azureml/config.json` in a folder.

        It leads to this workspace from wherever it lies.

        Args:
            path: the folder; None: the current one.
            file_name: another name than `config.json`.

        Raises:
            UserError: the folder is not there, or cannot be written.
        """
        workspaces.write_config(self._store, self._labels, path, file_name)

    def get_runs(
        self,
        experiment: str | None = None,
        tags: Wanted = None,
        properties: Wanted = None,
        status: str | None = None,
        include_children: bool | None = None,
        *,
        where: Sequence[str] | str = (),
        sort: str | None = None,
    ) -> Iterator[Run]:
        """Runs of one experiment or of all, for which all conditions hold, lazily.

        Args:
            tags, properties: a key that has to be there, or a dict whose pairs have to be there.
            include_children: also runs that have a parent; None: with `where` or `sort` only.
            where: further conditions, such as `metrics.loss < 0.1`; `docs/cli.md` lists them.
            sort: a field of such conditions, with a `-` before it for the largest first; None:
                the newest first.

        Raises:
            ExperimentNotFound: there is no experiment of that name.
            InvalidQuery: a condition or a field is none.
        """
        from homerun.views import listing

        self._check_known(experiment)
        wanted = listing.conditions(None, tags, properties, status, where)
        found = listing.asked_runs(self._store, experiment, wanted, include_children, where, sort)
        return (self.run_of(record) for record in found)

    def to_pandas(self, experiment: str | None = None, **chosen: Any) -> Any:
        """Runs as a data frame, a row for each; `docs/python.md` tells its columns.

        Args:
            experiment: only runs of this one.
            **chosen: further arguments of `get_runs`; `library="polars"` makes a frame of polars.

        Raises:
            UserError: the library is not installed.
            ExperimentNotFound, InvalidQuery: as for `get_runs`.
        """
        from homerun.views import frames

        library = chosen.pop("library", "pandas")
        found = self.get_runs(experiment, **chosen)
        return frames.runs_frame((run._record for run in found), library)

    @property
    def targets(self) -> Targets:
        """The targets on which runs are placed, to be listed, added and removed."""
        from homerun.targets.registry import Targets

        return Targets(self._store)

    def wake_queues(self) -> None:
        """Start what waits for a free slot: the process that should have may have been killed.

        Where nothing has ever waited it costs a look for one folder.
        """
        from homerun.runs import placement

        placement.wake_queues(self._store)

    def queue(self, target: str | None = None) -> TargetQueue:
        """The queue of a target: what waits for its slots, and pausing it.

        Args:
            target: its name; None: the default one.

        Raises:
            UserError: there is no such target, and nothing waits for one of that name.
        """
        from homerun.targets.queue import TargetQueue

        return TargetQueue(self._store, target)

    def reindex(self) -> int:
        """Rebuild the index of the runs from their folders; how many runs there are.

        Raises:
            ReadOnlyStore, FormatTooNew: the store may not be written.
        """
        from runstore.index.verify import reindex

        return reindex(self._store)

    def cancel_runs(self, runs: Iterable[Run]) -> Sequence[dict[str, Any]]:
        """Cancel many runs, with all below them, and wait until nothing of them lives.

        All are asked first, and waited for then: it takes as long as the slowest.

        Returns:
            For each its `run_id`, the status that it `was` in, its `status` now, and an `error`
            where it could not be canceled, else None.
        """
        from homerun.runs import lifecycle

        return lifecycle.cancel_all((run._record, run._handle.outputs) for run in runs)

    def fail_runs(
        self, runs: Iterable[Run], error_details: str | None = None
    ) -> Sequence[dict[str, Any]]:
        """Declare many runs failed, as `Run.fail` does one: those that go on are stopped first.

        Returns:
            As `cancel_runs`.
        """
        from homerun.runs import lifecycle

        return lifecycle.fail_all(
            ((run._record, run._handle.outputs) for run in runs), error_details
        )

    def abandon_runs(
        self, runs: Iterable[Run], failed: bool = False, error_details: str | None = None
    ) -> Sequence[dict[str, Any]]:
        """Declare runs over (cause `abandoned`) whose host or container is gone for good.

        Only for runs that are NotResponding because they belong to another host or PID namespace.
        Those below them go with them where nothing answers for them either. Nothing is stopped: a
        script that still runs there may write to the run's folder.

        Args:
            failed: they are Failed then; else Canceled.
            error_details: why, of such that are Failed.

        Returns:
            As `cancel_runs`, also for those below; an `error` where something here answers for the
            run.
        """
        from homerun.runs import lifecycle

        return lifecycle.abandon_all((run._record for run in runs), failed, error_details)

    def runs_of_host(self, host: str) -> Sequence[Run]:
        """The runs of a host, by its name, that it does not answer for: NotResponding ones, which
        `abandon_runs` ends where the host is gone for good.
        """
        from homerun.runs import lifecycle
        from runstore.status import NOT_RESPONDING

        silent = self.get_runs(status=NOT_RESPONDING, include_children=True)
        return list(filter(lambda run: lifecycle.is_of_host(run._record, host), silent))

    @property
    def trash(self) -> Trash:
        """The deleted runs: to be listed, had back, and removed for good."""
        from homerun.runs.trash import Trash

        return Trash(self._store)

    @property
    def keeping(self) -> Keeping:
        """Maintenance of the store as a whole: deleting many runs, garbage, statistics."""
        from homerun.sdk.maintenance import Keeping

        return Keeping(self._store)

    def examine(self) -> Sequence[Diagnosis]:
        """What works on this machine and in this store; nothing is changed by the look."""
        from homerun.doctor import report

        return report.examine(self._store)

    def check(self, repair: bool = False) -> Sequence[Finding]:
        """Everything in the store that is not as it should be; see `runstore.upkeep.check`. What
        holds a secret is named, and left as it is.
        """
        from homerun.config import environment
        from runstore.upkeep.check import check
        from runstore.upkeep.findings import Finding

        secrets = [Finding(path, _SECRET) for path in environment.with_secrets(self._store)]
        return [*check(self._store, repair), *secrets]

    def get_run(self, run_id: str) -> Run:
        """A run of any experiment, by its id or a beginning that only it has.

        Raises:
            RunNotFound, AmbiguousPrefix: there is no such one run.
        """
        return self.run_of(self._store.find(run_id))

    def run_of(self, record: Record) -> Run:
        """The run of a record of this workspace, as its own class."""
        from homerun.sdk import run
        from homerun.sdk.experiment import Experiment

        return run.typed(record, Experiment.existing(self, record.experiment))

    def _check_known(self, experiment: str | None) -> None:
        if experiment is not None:
            self._store.experiment_folder(experiment)

    def _repr_html_(self) -> str:
        from homerun.sdk import html

        return html.workspace(self)

    def __repr__(self) -> str:
        labels = self._labels
        return (
            f"Workspace.create(name={labels.name!r}, "
            f"subscription_id={labels.subscription_id!r}, "
            f"resource_group={labels.resource_group!r})"
        )


def workspace_of_store(store: Store) -> Workspace:
    """The workspace of a store: named by the configuration beside it, or by the store itself."""
    return Workspace.of(store, workspace_config.labels_of(store))


def experiment_of_folder(path: str) -> Experiment:
    """The experiment that a folder is attached to; see `Experiment.from_directory`."""
    from homerun.sdk.experiment import Experiment

    config, name = workspace_config.experiment_of(os.path.abspath(os.path.expanduser(path)))
    return Experiment(Workspace.from_config(config), name)


def to_pandas(experiment: str | None = None, **chosen: Any) -> Any:
    """The runs of the workspace here as a data frame; see `Workspace.to_pandas`."""
    return Workspace.from_config().to_pandas(experiment, **chosen)
