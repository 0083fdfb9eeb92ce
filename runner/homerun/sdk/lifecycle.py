"""How a run begins and ends, as its members; `ending` says what each of them means."""

from __future__ import annotations

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Sequence

    from homerun.runs.interactive import Outputs
    from runstore.run.record import Record


class Lifecycle:
    """The beginning and the end of a run; `_record` is its record, `_begin` lets a row begin."""

    outputs_folder: Outputs | None

    if TYPE_CHECKING:

        @property
        def _record(self) -> Record: ...

        def _begin(self) -> None: ...

    def start(self) -> None:
        """Let a row of `create_children` begin; any other run has begun already."""
        self._begin()

    def complete(self) -> None:
        """Complete an interactive run.

        In a submitted script it changes nothing: the script's own end decides.

        Raises:
            InvalidTransition: the run ended in another way, or is a live script of its own.
        """
        from homerun.runs import lifecycle

        lifecycle.complete(self._record, self.outputs_folder)

    def fail(
        self,
        error_details: str | BaseException | None = None,
        error_code: str | None = None,
    ) -> None:
        """Declare the run failed.

        In its own script: a fact that wins over exit code 0; nothing is ended. On a live script
        from outside: it is stopped and ends Failed. An interactive run ends Failed. On an ended
        run: its shown status becomes Failed, and its outcome stays readable.
        """
        from homerun.runs import lifecycle

        lifecycle.fail(self._record, self.outputs_folder, error_details, error_code)

    def cancel(self) -> None:
        """Cancel the run and all below it, and wait until nothing of them lives.

        It waits at most the grace and 5 s, and not inside the run itself. On a run that is over it
        changes nothing.

        Raises:
            InvalidTransition: the run belongs to another host, or to another store.
        """
        from homerun.runs import lifecycle

        lifecycle.cancel(self._record, self.outputs_folder)

    def _finish(self, failure: BaseException | None) -> None:
        """End the run at this process's exit: Failed with what ends it, or Completed."""
        if failure is not None:
            self.fail(failure)
        else:
            self.complete()

    def delete(self, purge: bool = False) -> Sequence[str]:
        """Delete the run and all below it; the ids of what was deleted.

        Deleted runs lie in the trash, `workspace.trash`, until that is emptied; `purge=True`
        removes them for good. The number of a deleted run is never given to another one.

        Raises:
            InvalidTransition: the run, or one below it, is not over: cancel it first.
            FormatTooNew, ReadOnlyStore: the store may not be written.
        """
        from homerun.runs import trash
        from runstore.store import store_of

        record = self._record
        ids: Sequence[str] = trash.delete(store_of(record), [record], purge=purge)["run_ids"]
        return ids
