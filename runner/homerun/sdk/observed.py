"""How a run stands, as its members: its status, its details, and waiting for its end."""

from __future__ import annotations

from runstore import status

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterator
    from typing import Any

    from runstore.look import Look
    from runstore.run.record import Record


class Observed:
    """What can be seen of a run; `_record` is its record, and `_look` one look at it."""

    if TYPE_CHECKING:

        @property
        def id(self) -> str: ...

        @property
        def directory(self) -> str: ...

        @property
        def _record(self) -> Record: ...

        def _look(self) -> Look: ...

    @property
    def status(self) -> str:
        """The same as `get_status()`."""
        return self.get_status()

    def get_status(self) -> str:
        """The status as it is now."""
        return self._look().status

    def get_detailed_status(self) -> dict[str, Any]:
        """The status, and in `details` where and why a run waits, else None."""
        now = self.get_status()
        if now != status.QUEUED:
            return {"status": now, "details": None}
        from homerun.targets import queue

        place = queue.place_of(self._record)
        return {"status": now, "details": place.words if place else None}

    def get_details(self) -> dict[str, Any]:
        """Everything about the run, in the original's camelCase shape."""
        from homerun.views import details as view_details

        return view_details.details(self._record, self._look())

    def describe(self) -> dict[str, Any]:
        """Everything about the run, in the snake_case shape of the command line."""
        from homerun.views import details as view_details

        return view_details.row_of(self._record)

    def wait_for_completion(
        self,
        show_output: bool = False,
        wait_post_processing: bool = False,
        raise_on_error: bool = True,
    ) -> dict[str, Any]:
        """Wait until the run is over, and return its details.

        Args:
            show_output: stream the script's output to standard output, from its beginning.
            wait_post_processing: accepted; a run is over only when all of it is.
            raise_on_error: raise if the run ended Failed.

        Raises:
            RunFailed: it did; names the exit code or signal and the last lines of the output.
        """
        from homerun.runs import wait

        try:
            if show_output:
                from homerun.files.logs import print as log_print

                log_print.output(self._record)
            wait.until_over(self._record)
        except KeyboardInterrupt:
            from homerun.base import messages

            if not self._look().is_over:
                messages.tell([f"run {self.id} goes on; run.cancel() ends it"])
            raise
        details = self.get_details()
        error = details.get("error")
        if error is not None and raise_on_error:
            from homerun.base.errors import RunFailed

            raise RunFailed(self.id, error["error"])
        return details

    def stream(self, offset: int = 0) -> Iterator[bytes]:
        """The script's output from a byte on, as it comes, until the run is over."""
        from homerun.files.logs import follow

        return iter(follow.Following(self._record, offset=offset))
