"""An experiment: a named group of runs in a workspace."""

from __future__ import annotations

from homerun.sdk.labels import ExperimentLabels
from runstore import names
from runstore.errors import CorruptRecord, FormatTooNew, ReadOnlyStore

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence
    from datetime import datetime
    from typing import Any

    from homerun import Run, ScriptRunConfig, Workspace
    from homerun.sdk.batch import Batch
    from homerun.views.listing import Wanted
    from runstore.run.record import Record
    from runstore.store import Store


class ViewType:
    """Which experiments `Experiment.list` gives."""

    ActiveOnly = "ActiveOnly"
    All = "All"
    ArchivedOnly = "ArchivedOnly"


class Experiment:
    """An experiment of a workspace, made if it is not there yet.

    Raises:
        InvalidName: the original's pattern: 1 to 255 letters, digits, `_` and `-`.
    """

    def __init__(self, workspace: Workspace, name: str) -> None:
        self._bind(workspace, names.check_experiment(name))
        _make_if_writable(workspace.store, name)

    def _bind(self, workspace: Workspace, name: str) -> None:
        self.workspace = workspace
        self.name = name
        self._labels = ExperimentLabels(workspace.store, name)

    @classmethod
    def existing(cls, workspace: Workspace, name: str) -> Experiment:
        """An experiment that is known to be there; nothing is checked or made."""
        experiment = cls.__new__(cls)
        experiment._bind(workspace, name)
        return experiment

    @staticmethod
    def list(
        workspace: Workspace,
        experiment_name: str | None = None,
        view_type: str = ViewType.ActiveOnly,
        tags: Wanted = None,
    ) -> Sequence[Experiment]:
        """The experiments of a workspace by name, in a list.

        Args:
            experiment_name: only the one of that name.
            view_type: one of `ViewType`: archived ones are left out unless asked for.
            tags: a key that has to be there, or a dict whose pairs have to be there.

        Raises:
            UserError: there is no such view.
        """
        from homerun.views import experiments

        found = experiments.experiment_names(workspace.store, experiment_name, view_type, tags)
        return [Experiment.existing(workspace, name) for name in found]

    @staticmethod
    def from_directory(path: str, auth: object = None) -> Experiment:
        """The experiment that a folder is attached to, by a configuration in it or above.

        Raises:
            UserError: it is attached to none.
        """
        import homerun

        return homerun.experiment_of_folder(path)

    @staticmethod
    def delete(workspace: Workspace, experiment_id: str) -> None:
        """Move all runs of an experiment to the trash, and archive it.

        Args:
            experiment_id: its `id`, or its name.

        Raises:
            ExperimentNotFound: there is none.
            InvalidTransition: a run of it is not over; nothing was deleted.
        """
        from homerun.runs import trash
        from homerun.views import experiments

        name = experiments.name_of_id(workspace.store, experiment_id)
        trash.delete_experiment(workspace.store, name)

    # Who it is

    @property
    def id(self) -> str:
        """An id of the original's form, the same for this experiment of this store at any time."""
        from homerun.views import experiments

        return experiments.id_of(self.workspace.store, self.name)

    @property
    def workspace_object(self) -> Workspace:
        """The same as `workspace`."""
        return self.workspace

    def get_portal_url(self) -> str:
        """Where to look at it: its page in Studio where one runs, else its folder's address."""
        from homerun.sdk import html

        store = self.workspace.store
        folder = f"{store.root}/{store.experiment_folder(self.name)}"
        return html.portal(store, f"/runs?experiment={html.quoted(self.name)}", folder)

    @classmethod
    def get_docs_url(cls) -> str:
        """The page that documents the original's class."""
        from homerun.sdk import html

        return html.DOCS_OF_EXPERIMENT

    # Labels

    @property
    def tags(self) -> dict[str, str | None]:
        """The tags as they are now."""
        return self._labels.read().tags

    def tag(self, key: str, value: object = None) -> None:
        """Set a tag; its value becomes text, and may be left out.

        Raises:
            UserError: the key is not text.
        """
        self._labels.tag(key, value)

    def set_tags(self, tags: Mapping[str, object]) -> None:
        """Set several tags; the others stay.

        Raises:
            UserError: it is not a dict, or a key is not text.
        """
        self._labels.set_tags(tags)

    def remove_tags(self, tags: Sequence[str]) -> None:
        """Remove tags by their keys; one that is not there is no error.

        Raises:
            UserError: it is not a list.
        """
        self._labels.remove_tags(tags)

    def refresh(self) -> None:
        """Nothing: what an experiment shows is always as it is now."""

    @property
    def archived_time(self) -> datetime | None:
        """When the experiment was archived; None: it is not."""
        return self._labels.archived_time

    def archive(self) -> None:
        """Leave the experiment out of listings. Its runs stay; a new run brings it back."""
        self._labels.set_archived(True)

    def reactivate(self, new_name: str | None = None) -> None:
        """Bring an archived experiment back into listings.

        Raises:
            UserError: a new name was given.
        """
        self._labels.reactivate(new_name)

    # Runs

    def submit(
        self,
        config: ScriptRunConfig,
        tags: Mapping[str, object] | None = None,
        show_output: bool = False,
        *,
        run_id: str | None = None,
        parent: Record | None = None,
    ) -> Run:
        """Submit a script; it runs on when this process ends.

        Args:
            tags: labels of the run; each value a text or None.
            show_output: stream the output here, and return when the run is over.
            run_id: the run's id, unique in the workspace; None: one is made.
            parent: the run that this one is a child of; `Run.submit_child` gives it.

        Raises:
            SubmitError, StoreError: nothing was started.
        """
        from homerun.runs import start

        made = start.submit_to(self.workspace.store, self.name, config, tags, run_id, parent)
        return self._script_run(made, show_output)

    def to_pandas(self, **chosen: Any) -> Any:
        """The experiment's runs as a data frame; see `Workspace.to_pandas`."""
        return self.workspace.to_pandas(self.name, **chosen)

    def best(self, metric: str, minimize: bool | None = None) -> Run | None:
        """The best run by the last value of a metric; None: no run has logged it.

        Child runs, such as those of a batch, are among them.

        Args:
            minimize: less of it is better; None: as `homerun.toml` says, or the metric's name
                tells: `loss` is to be low, `accuracy` high.

        Raises:
            UserError: nothing tells whether more of it is better.
        """
        from homerun.project import run_names

        found = run_names.best_of(self.workspace.store, self.name, metric, minimize)
        return None if found is None else self.workspace.run_of(found)

    def submit_many(
        self,
        configs: Sequence[ScriptRunConfig],
        tags: Sequence[Mapping[str, object]] | None = None,
        *,
        parent_tags: Mapping[str, object] | None = None,
        run_id: str | None = None,
        display_name: str | None = None,
        description: str | None = None,
    ) -> Batch:
        """Submit a batch: runs that wait for slots, as children of one run made for that.

        They run on when this process ends. The parent is Running until all of them are over; then
        it is Completed if each of them is, else Failed. Sources are looked at once for all.

        Args:
            tags: the labels of each run, as many as configs.
            parent_tags: labels of the parent.
            run_id: the parent's id; None: one is made.
            display_name, description: the parent's.

        Raises:
            SubmitError, StoreError: those that were submitted before are canceled.
        """
        from homerun.sdk import batch

        labels = {"display_name": display_name, "description": description}
        return batch.submit_many(self, configs, tags, parent_tags, run_id, labels)

    def start_logging(
        self,
        name: str | None = None,
        run_id: str | None = None,
        outputs: bool | str | None = None,
        snapshot_directory: str | None = ".",
        display_name: str | None = None,
        description: str | None = None,
        properties: Mapping[str, object] | None = None,
        tags: Mapping[str, object] | None = None,
    ) -> Run:
        """Start an interactive run, which this process holds open until it ends it.

        Args:
            outputs: a folder, made if need be; files that are new in it when the run ends are
                copied into the run, `./x/a.txt` as `x/a.txt`. None: `./outputs`; False: none.
            snapshot_directory: the code to keep with the run; None: none. One that is too large is
                left out, with a notice.
            display_name: the name for people; None: `name`.

        Raises:
            RunExists, InvalidName, UserError, StoreError: no run was made.
        """
        from homerun.runs import start
        from homerun.sdk import run

        made = start.start_logging(
            self.workspace.store,
            self.name,
            name,
            run_id,
            outputs,
            snapshot_directory,
            display_name=display_name,
            description=description,
            properties=properties,
            tags=tags,
        )
        return run.held(made, self)

    def get_runs(
        self,
        type: str | None = None,
        tags: Wanted = None,
        properties: Wanted = None,
        include_children: bool | None = None,
        *,
        where: Sequence[str] | str = (),
        sort: str | None = None,
    ) -> Iterator[Run]:
        """The runs of the experiment for which all conditions hold, the newest first, lazily.

        Args:
            tags, properties: a key that has to be there, or a dict whose pairs have to be there.
            include_children: also runs that have a parent; None: with `where` or `sort` only.
            where, sort: as for `Workspace.get_runs`.
        """
        from homerun.sdk.run import Run

        return Run.list(
            self, type, tags, properties, None, include_children, where=where, sort=sort
        )

    def _script_run(self, record: Record, show_output: bool) -> Run:
        from homerun.sdk.run import ScriptRun  # while the run starts: that takes no time then

        run = ScriptRun.of(record, self)
        if show_output:
            run.wait_for_completion(show_output=True)
        return run

    def __repr__(self) -> str:
        return f"Experiment(Name: {self.name},\nWorkspace: {self.workspace.name})"

    def _repr_html_(self) -> str:
        from homerun.sdk import html

        return html.experiment(self)


def _make_if_writable(store: Store, name: str) -> None:
    """Make the experiment. Where that is impossible it can still be read; a submit says why."""
    try:
        store.make_experiment(name)
    except (ReadOnlyStore, FormatTooNew, CorruptRecord, OSError):
        return
