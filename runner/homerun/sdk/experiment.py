"""An experiment: a named group of runs in a workspace."""

from __future__ import annotations

import os

from homerun.sdk.labels import ExperimentLabels
from runstore import names
from runstore.errors import CorruptRecord, FormatTooNew, ReadOnlyStore

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence
    from datetime import datetime
    from typing import NoReturn

    from homerun.config.script_run_config import ScriptRunConfig
    from homerun.sdk.batch import Batch
    from homerun.sdk.run import Run
    from homerun.sdk.workspace import Workspace
    from homerun.views.listing import Wanted
    from runstore.run.record import Record


class ViewType:
    """Which experiments `Experiment.list` gives."""

    ActiveOnly = "ActiveOnly"
    All = "All"
    ArchivedOnly = "ArchivedOnly"


_VIEWS = (ViewType.ActiveOnly, ViewType.All, ViewType.ArchivedOnly)


class Experiment:
    """An experiment of a workspace, made if it is not there yet.

    Raises:
        InvalidName: the original's pattern: 1 to 255 letters, digits, `_` and `-`.
    """

    def __init__(self, workspace: Workspace, name: str) -> None:
        self._bind(workspace, names.check_experiment(name))
        try:
            workspace.store.make_experiment(name)
        except (ReadOnlyStore, FormatTooNew, CorruptRecord, OSError):
            return  # it can still be read; a submit says what is wrong

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
        from homerun.base.errors import UserError
        from homerun.views import listing

        if view_type not in _VIEWS:
            raise UserError(f"view_type is one of {', '.join(_VIEWS)}, not {view_type!r}")
        wanted = listing.pairs("tags", tags)
        found = []
        for name in workspace.store.experiments():
            one = Experiment.existing(workspace, name)
            kept = one._labels.read() if experiment_name in (None, name) else None
            view = ViewType.ArchivedOnly if kept and kept.archived else ViewType.ActiveOnly
            if kept and view_type in (view, ViewType.All) and listing.all_hold(wanted, kept.tags):
                found.append(one)
        return found

    @staticmethod
    def from_directory(path: str, auth: object = None) -> Experiment:
        """The experiment that a folder is attached to, by a configuration in it or above.

        Raises:
            UserError: it is attached to none.
        """
        from homerun.config import workspace_config
        from homerun.sdk.workspace import Workspace

        config, name = workspace_config.experiment_of(os.path.abspath(os.path.expanduser(path)))
        return Experiment(Workspace.from_config(config), name)

    @staticmethod
    def delete(workspace: Workspace, experiment_id: str) -> NoReturn:
        """Not here yet.

        Raises:
            NotHere: always.
        """
        from homerun.base.errors import refusal

        raise refusal("Experiment", "delete", "nothing is deleted yet; archive() hides it")

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
        """Where to look at it: the address of its folder on this machine."""
        from homerun.sdk import html

        store = self.workspace.store
        return html.address(f"{store.root}/{store.experiment_folder(self.name)}")

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
            UserError: the key is no text.
        """
        self._labels.tag(key, value)

    def set_tags(self, tags: Mapping[str, object]) -> None:
        """Set several tags; the others stay.

        Raises:
            UserError: it is no dict, or a key is no text.
        """
        self._labels.set_tags(tags)

    def remove_tags(self, tags: Sequence[str]) -> None:
        """Remove tags by their keys; one that is not there is no error.

        Raises:
            UserError: it is no list.
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
        from homerun.base import checks, messages
        from homerun.base.errors import UserError
        from homerun.config.script_run_config import ScriptRunConfig
        from homerun.runs.submit import Request, submit

        if not isinstance(config, ScriptRunConfig):
            raise UserError(f"submit takes a ScriptRunConfig, not {type(config).__name__}")
        self._unarchive()
        request = Request(
            self.workspace.store,
            self.name,
            config,
            tags=checks.text_pairs("tags", tags or {}),
            run_id=run_id,
            parent=parent,
        )
        record, told = submit(request)
        from homerun.sdk.run import ScriptRun  # while the run starts: that takes no time then

        messages.tell(told)
        run = ScriptRun.of(record, self)
        if show_output:
            run.wait_for_completion(show_output=True)
        return run

    def submit_many(
        self,
        configs: Sequence[ScriptRunConfig],
        tags: Sequence[Mapping[str, object]] | None = None,
        *,
        parent_tags: Mapping[str, object] | None = None,
        run_id: str | None = None,
    ) -> Batch:
        """Submit a batch: runs that wait for slots, as children of one run made for that.

        They run on when this process ends. The parent is Running until all of them are over; then
        it is Completed if each of them is, else Failed. Sources are looked at once for all.

        Args:
            tags: the labels of each run, as many as configs.
            parent_tags: labels of the parent.
            run_id: the parent's id; None: one is made.

        Raises:
            SubmitError, StoreError: those that were submitted before are canceled.
        """
        from homerun.sdk import batch

        self._unarchive()
        return batch.submit_many(self, configs, tags, parent_tags, run_id)

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
        from homerun.base import checks, messages
        from homerun.environments import interpreter
        from homerun.runs import interactive, owner
        from homerun.sdk.run import Run
        from homerun.snapshots import capture, git, git_diff

        code, told = capture.capture_if_small(self.workspace.store, snapshot_directory)
        source = git.look(snapshot_directory or ".")
        asked: dict[str, object] = {
            "name": name,
            "display_name": display_name or name,
            "description": description,
            "properties": {
                **source.properties,
                **checks.text_pairs("properties", properties or {}),
            },
            "tags": checks.text_pairs("tags", tags or {}),
            "target": "local",
            "snapshot": code.id if code else None,
        }
        try:
            folder = interactive.outputs_folder(outputs)
            self._unarchive()
            made = interactive.start(self.workspace.store, self.name, asked, run_id=run_id)
        finally:
            if code is not None:
                code.let_go()
        run = Run.of(made, self)
        run.outputs_folder = folder
        owner.opened(run._record, run._finish)
        git_diff.start(run.directory, run.id, git_diff.wanted(source), os.environ)
        interpreter.note_own(run.id, run.directory)
        messages.tell(told)
        return run

    def get_runs(
        self,
        type: str | None = None,
        tags: Wanted = None,
        properties: Wanted = None,
        include_children: bool = False,
        *,
        where: Sequence[str] | str = (),
        sort: str | None = None,
    ) -> Iterator[Run]:
        """The runs of the experiment for which all conditions hold, the newest first, lazily.

        Args:
            tags, properties: a key that has to be there, or a dict whose pairs have to be there.
            include_children: also runs that have a parent.
            where, sort: as for `Workspace.get_runs`.
        """
        from homerun.sdk.run import Run

        return Run.list(
            self, type, tags, properties, None, include_children, where=where, sort=sort
        )

    def _unarchive(self) -> None:
        """Unarchive the experiment, so that the new run is listed."""
        if self._labels.read().archived:
            self.reactivate()

    def __repr__(self) -> str:
        return f"Experiment(Name: {self.name},\nWorkspace: {self.workspace.name})"

    def _repr_html_(self) -> str:
        from homerun.sdk import html

        return html.experiment(self)
