"""A run's parent and children, as its members."""

from __future__ import annotations

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

    from homerun.config.script_run_config import ScriptRunConfig
    from homerun.sdk.experiment import Experiment
    from homerun.sdk.run import Run
    from homerun.views.listing import Wanted
    from runstore.run.record import Record


class Relatives:
    """The family of a run; `_record` is its record, and `_begin` lets a row begin."""

    if TYPE_CHECKING:

        @property
        def _record(self) -> Record: ...

        @property
        def experiment(self) -> Experiment: ...

        def start(self) -> None: ...

        def _begin(self) -> None: ...

    @property
    def parent(self) -> Run | None:
        """The run that this one is a child of."""
        from runstore.store import store_of

        above = store_of(self._record).parent_of(self._record)
        if above is None:
            return None
        from homerun.sdk.run import typed

        return typed(above, self.experiment.workspace)

    def child_run(
        self,
        name: str | None = None,
        run_id: str | None = None,
        outputs: bool | str | None = None,
    ) -> Run:
        """An interactive run below this one, begun and owned by this process.

        Args:
            name: its display name.
            outputs: a folder whose new files are collected at the end; True: `./outputs`.
        """
        from homerun.runs import children, interactive, owner
        from homerun.sdk.run import Run

        self._begin()
        folder = interactive.outputs_folder(outputs or False)
        child = Run.of(children.start(self._record, name, run_id), self.experiment)
        child.outputs_folder = folder
        owner.opened(child._record, child._finish)
        return child

    def create_children(
        self,
        count: int | None = None,
        tag_key: str | None = None,
        tag_values: Sequence[object] | None = None,
    ) -> Sequence[Run]:
        """Rows below this run, each of which begins when it is first used.

        Args:
            count: how many; each gets the tag `azureml.batch_child_number`.
            tag_key, tag_values: instead: one row per value, tagged with it.

        Raises:
            UserError: neither or both were given.
        """
        from homerun.runs import children
        from homerun.sdk.run import Run

        self._begin()
        made = children.rows(self._record, count, tag_key, tag_values)
        return [Run.of(row, self.experiment) for row in made]

    def submit_child(
        self, config: ScriptRunConfig, tags: Mapping[str, object] | None = None
    ) -> Run:
        """Submit a script as a child of this run; it goes on when this run completes.

        Raises:
            SubmitError, StoreError: nothing was started.
        """
        self._begin()
        return self.experiment.submit(config, tags, parent=self._record)

    def get_children(
        self,
        recursive: bool = False,
        tags: Wanted = None,
        properties: Wanted = None,
        type: str | None = None,
        status: str | None = None,
        *,
        where: Sequence[str] | str = (),
    ) -> Iterator[Run]:
        """The children (recursive: all descendants) for which all conditions hold, newest first.

        Args:
            tags, properties, where: as for `Workspace.get_runs`.
        """
        from homerun.sdk.run import typed
        from homerun.views import listing

        wanted = listing.conditions(type, tags, properties, status, where)
        found = listing.children(self._record, wanted, recursive)
        workspace = self.experiment.workspace
        return (typed(record, workspace) for record in found)
