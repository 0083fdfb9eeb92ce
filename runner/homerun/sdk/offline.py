"""The run of a process that belongs to none: a script that logs can be tried by hand, unchanged.

It has no record. Its parts print what they are given, and keep it in memory.
"""

from __future__ import annotations

import os

from homerun.base.errors import UserError, refusal
from homerun.runs.handle import RunHandle
from homerun.sdk.printed import PrintedFiles, PrintedLabels, PrintedMetrics
from homerun.sdk.run import Run
from runstore import status as statuses

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence
    from types import TracebackType
    from typing import Any, NoReturn

    from homerun import ScriptRunConfig
    from homerun.views.listing import Wanted


class OfflineHandle(RunHandle):
    """The handle of a run without a record."""

    @property
    def record(self) -> NoReturn:
        """An offline run has none.

        Raises:
            AttributeError: always.
        """
        raise AttributeError("an offline run has no record; submit the script")

    def begin(self) -> None:
        """Nothing: it has begun."""


class _OfflineRun(Run):
    """A run without a record: a script that logs can be tried by hand, unchanged."""

    def __init__(self, run_id: str | None = None, name: str | None = None) -> None:
        self._handle = OfflineHandle(os.getcwd(), run_id or f"OfflineRun_{_random_id()}")
        self._metrics: PrintedMetrics = PrintedMetrics(self.id)
        self._labels = PrintedLabels(self.id, name)
        self._files = PrintedFiles(self.id)
        self._parent: Run | None = None
        self._children: list[Run] = []
        self._status = statuses.RUNNING

    @property
    def number(self) -> int | None:
        """None: an offline run is counted nowhere."""
        return None

    @property
    def name(self) -> str:
        """The name for people; the id where none was given."""
        return self.display_name

    @property
    def parent(self) -> Run | None:
        """The run that this one is a child of."""
        return self._parent

    @property
    def experiment(self) -> NoReturn:
        """An offline run has none.

        Raises:
            AttributeError: always, so that `hasattr(run, "experiment")` tells.
        """
        raise AttributeError("an offline run belongs to no experiment; submit the script")

    @property
    def type(self) -> str | None:
        """None: an offline run is of no kind."""
        return None

    def get_portal_url(self) -> str:
        """The address of the folder that it works in: no Studio shows it."""
        from homerun.sdk import html

        return html.address(self.directory)

    def get_status(self) -> str:
        """Running, until `fail` or `cancel` is called."""
        return self._status

    def get_detailed_status(self) -> dict[str, Any]:
        """The status; an offline run waits for nothing."""
        return {"status": self._status, "details": None}

    def get_details(self) -> dict[str, Any]:
        """The keys that those of any run have."""
        return {
            "runId": self.id,
            "target": "local",
            "status": self._status,
            "services": {},
            "properties": self.get_properties(),
            "inputDatasets": [],
            "outputDatasets": [],
            "logFiles": {},
        }

    def describe(self) -> dict[str, Any]:
        """The id and the status."""
        return {"run_id": self.id, "status": self._status}

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
        """Note it, unless the run is over."""
        self._end(statuses.CANCELED)

    def fail(
        self,
        error_details: str | BaseException | None = None,
        error_code: str | None = None,
    ) -> None:
        """Note and print it; nothing is ended."""
        self._status = statuses.FAILED
        print(f"Run failed with error code {error_code}:\n{error_details}")

    def start(self) -> None:
        """Nothing: it has begun."""

    def complete(self) -> None:
        """Note it, unless the run is over."""
        self._end(statuses.COMPLETED)

    def __enter__(self) -> Run:
        """Begin a block, and print so."""
        print(f"[START] Run {self.id} context")
        return self

    def __exit__(
        self, kind: object, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        """The end of the block, printed; Completed, or Failed with the error, which goes on."""
        is_clean = error is None or (isinstance(error, SystemExit) and not error.code)
        self._end(statuses.COMPLETED if is_clean else statuses.FAILED)
        print(f"[STOP] Run {self.id} context")

    def child_run(
        self,
        name: str | None = None,
        run_id: str | None = None,
        outputs: bool | str | None = None,
    ) -> Run:
        """An offline child."""
        child = _OfflineRun(run_id or f"{self.id}.{name or _random_id()}", name)
        child._parent = self
        self._children.append(child)
        return child

    def create_children(
        self,
        count: int | None = None,
        tag_key: str | None = None,
        tag_values: Sequence[object] | None = None,
    ) -> Sequence[Run]:
        """Offline children."""
        from homerun.runs import children

        made = []
        for tags in children.row_tags(count, tag_key, tag_values):
            made.append(self.child_run())
            made[-1].set_tags(tags)
        return made

    @property
    def register_model(self) -> NoReturn:
        """Not possible: there is no workspace to keep a model in.

        Raises:
            NotHere: always, so that `hasattr` is False.
        """
        raise refusal("OfflineRun", "register_model", "submit the script: its run registers models")

    def submit_child(
        self, config: ScriptRunConfig, tags: Mapping[str, object] | None = None
    ) -> Run:
        """Not possible.

        Raises:
            UserError: always.
        """
        raise UserError(
            "an offline run has no workspace to submit a child to: submit this script, or use "
            "Experiment(Workspace.from_config(), NAME).submit"
        )

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
        """The offline children, newest first; conditions have no effect."""
        return reversed(self._children)

    def get_metrics(
        self,
        name: str | None = None,
        recursive: bool = False,
        run_type: str | None = None,
        populate: bool = False,
    ) -> dict[str, Any]:
        """What was logged, in the shapes of a recorded run."""
        own = self._metrics.read(name, populate)
        if not recursive:
            return own
        found = {self.id: own}
        for child in [] if run_type else self._children:
            found.update(child.get_metrics(name, recursive=True, populate=populate))
        return {run_id: values for run_id, values in found.items() if values}

    def _end(self, how: str) -> None:
        if self._status == statuses.RUNNING:
            self._status = how

    def __repr__(self) -> str:
        return f"OfflineRun(Id: {self.id},\nStatus: {self._status})"


def _random_id() -> str:
    h = os.urandom(16).hex()
    return f"{h[:8]}-{h[8:12]}-{h[12:16]}-{h[16:20]}-{h[20:]}"


OfflineRun = _OfflineRun
"""The class is called as the original's: scripts know an offline run also by its class's name."""
