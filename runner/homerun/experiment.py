"""An experiment: a named group of runs in a workspace."""

from __future__ import annotations

from runstore import names
from runstore.errors import FormatTooNew, ReadOnlyStore

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from homerun.config import ScriptRunConfig
    from homerun.run import Run
    from homerun.workspace import Workspace


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
        except (ReadOnlyStore, FormatTooNew):
            return  # it can still be read; a submit says what is wrong

    def submit(
        self,
        config: ScriptRunConfig,
        tags: Mapping[str, str | None] | None = None,
        show_output: bool = False,
        *,
        run_id: str | None = None,
    ) -> Run:
        """Submit a script; it runs on when this process ends.

        Args:
            tags: labels of the run; each value a text or None.
            show_output: stream the output here, and return when the run is over.
            run_id: the run's id, unique in the workspace; None: one is made.

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
            tags=notices.text_tags(tags or {}),
            run_id=run_id,
        )
        record, told = submit(request)
        notices.tell(told)
        run = ScriptRun.of(record, self)
        if show_output:
            run.wait_for_completion(show_output=True)
        return run

    def get_runs(self) -> Iterator[Run]:
        """The runs of the experiment, the newest first, lazily."""
        from homerun.run import Run

        return Run.list(self)

    def __repr__(self) -> str:
        return f"Experiment(Name: {self.name},\nWorkspace: {self.workspace.name})"
