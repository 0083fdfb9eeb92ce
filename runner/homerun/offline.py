"""The run of a process that belongs to none: it prints what it is told, and remembers it."""

from __future__ import annotations

import os

from homerun import shapes, values
from homerun.run import Run
from runstore import status

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterator
    from typing import Any

    from homerun.experiment import Experiment


class OfflineRun(Run):
    """A run without a record: a script that logs can be tried by hand, unchanged."""

    def __init__(self) -> None:
        h = os.urandom(16).hex()
        self._id = f"OfflineRun_{h[:8]}-{h[8:12]}-{h[12:16]}-{h[16:20]}-{h[20:]}"
        self._folder = os.getcwd()
        self._values: dict[str, list[object]] = {}
        self._status = status.RUNNING

    @property
    def number(self) -> int | None:
        """None: an offline run is counted nowhere."""
        return None

    @property
    def display_name(self) -> str:
        """The id."""
        return self._id

    @property
    def experiment(self) -> Experiment:
        """An offline run has none.

        Raises:
            AttributeError: always, so that `hasattr(run, "experiment")` tells.
        """
        raise AttributeError("an offline run belongs to no experiment; submit the script")

    @property
    def type(self) -> str | None:
        """None: an offline run is of no kind."""
        return None

    def get_status(self) -> str:
        """Running, until `fail` or `cancel` is called."""
        return self._status

    def get_details(self) -> dict[str, Any]:
        """The id and the status."""
        return {"runId": self._id, "status": self._status}

    def describe(self) -> dict[str, Any]:
        """The id and the status."""
        return {"run_id": self._id, "status": self._status}

    def wait_for_completion(
        self,
        show_output: bool = False,
        wait_post_processing: bool = False,
        raise_on_error: bool = True,
    ) -> dict[str, Any]:
        """Return at once: this process is the run."""
        return self.get_details()

    def stream(self, offset: int = 0) -> Iterator[bytes]:
        """Nothing: the output goes where this process writes it."""
        return iter(())

    def cancel(self) -> None:
        """Note it."""
        self._status = status.CANCELED

    def fail(
        self,
        error_details: str | BaseException | None = None,
        error_code: str | None = None,
    ) -> None:
        """Note and print it; nothing is ended."""
        self._status = status.FAILED
        print(f"Run failed with error code {error_code}:\n{error_details}")

    def log(self, name: str, value: object, description: str = "", step: int | None = None) -> None:
        """Print and remember a value."""
        kept = values.scalar(values.name(name), value)
        self._values.setdefault(name, []).append(kept)
        print(f"Attempted to log scalar metric {name}:\n{kept}")

    def get_metrics(self, name: str | None = None) -> dict[str, Any]:
        """What was logged, in the shapes of a recorded run."""
        return shapes.of_lists(self._values, name)

    def __repr__(self) -> str:
        return f"OfflineRun(Id: {self._id},\nStatus: {self._status})"
