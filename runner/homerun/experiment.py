"""An experiment: a named group of runs in a workspace."""

from __future__ import annotations

from runstore import names
from runstore.errors import CorruptRecord, FormatTooNew, ReadOnlyStore

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

    from homerun.config import ScriptRunConfig
    from homerun.filters import Wanted
    from homerun.run import Run
    from homerun.workspace import Workspace
    from runstore.record import Record


class Experiment:
    """An experiment of a workspace, made if it is not there yet.

    Raises:
        InvalidName: the original's pattern: 1 to 255 letters, digits, `_` and `-`.
    """

    def __init__(self, workspace: Workspace, name: str) -> None:
        self.workspace = workspace
        self.name = names.check_experiment(name)
        try:
            workspace.store.make_experiment(name)
        except (ReadOnlyStore, FormatTooNew, CorruptRecord, OSError):
            return  # it can still be read; a submit says what is wrong

    @classmethod
    def existing(cls, workspace: Workspace, name: str) -> Experiment:
        """An experiment whose runs are at hand; nothing is checked or made."""
        experiment = cls.__new__(cls)
        experiment.workspace = workspace
        experiment.name = name
        return experiment

    @staticmethod
    def list(workspace: Workspace, experiment_name: str | None = None) -> Sequence[Experiment]:
        """The experiments of a workspace by name, or the one of that name, in a list."""
        found = workspace.experiments
        return [found[name] for name in found if experiment_name in (None, name)]

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
        from homerun import notices
        from homerun.config import ScriptRunConfig
        from homerun.errors import UserError
        from homerun.run import ScriptRun
        from homerun.submit import Request, submit

        if not isinstance(config, ScriptRunConfig):
            raise UserError(f"submit takes a ScriptRunConfig, not {type(config).__name__}")
        request = Request(
            self.workspace.store,
            self.name,
            config,
            tags=notices.text_pairs("tags", tags or {}),
            run_id=run_id,
            parent=parent,
        )
        record, told = submit(request)
        notices.tell(told)
        run = ScriptRun.of(record, self)
        if show_output:
            run.wait_for_completion(show_output=True)
        return run

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
                copied into the run. None: `./outputs`; False: none.
            snapshot_directory: the code to keep with the run; None: none. One that is too large is
                left out, with a notice.
            display_name: the name for people; None: `name`.

        Raises:
            RunExists, InvalidName, UserError, StoreError: no run was made.
        """
        from homerun import interactive, notices, owner
        from homerun.run import Run

        code, told = interactive.snapshot(self.workspace.store, snapshot_directory)
        asked: dict[str, object] = {
            "name": name,
            "display_name": display_name or name,
            "description": description,
            "properties": notices.text_pairs("properties", properties or {}),
            "tags": notices.text_pairs("tags", tags or {}),
            "target": "local",
            "snapshot": code,
        }
        folder = interactive.outputs_folder(outputs)
        run = Run.of(interactive.start(self.workspace.store, self.name, asked, run_id=run_id), self)
        run.outputs_folder = folder
        owner.opened(run)
        notices.tell(told)
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
        from homerun.run import Run

        return Run.list(
            self, type, tags, properties, None, include_children, where=where, sort=sort
        )

    def __repr__(self) -> str:
        return f"Experiment(Name: {self.name},\nWorkspace: {self.workspace.name})"

    def _repr_html_(self) -> str:
        from homerun import html

        return html.experiment(self)
