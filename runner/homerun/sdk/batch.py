"""Batches: many runs that are submitted at once, as children of one parent.

The parent is an interactive run whose end is that of its children: Running while any of them is not
over, then Completed if all of them Completed, else Failed. So the submitting process may exit at
any time. It holds the parent open while it submits. If it is killed meanwhile, the batch is not
whole, and is Failed once those runs that were submitted are over.
"""

from __future__ import annotations

import os
import time

from homerun.base import checks, messages
from homerun.base.errors import SubmitError, UserError
from homerun.config.script_run_config import ScriptRunConfig
from homerun.runs import (
    children,
    interactive,
    owner,
    placement,
    reconcile,
    resubmit,
    start,
    stop_request,
    wait,
)
from homerun.runs.handle import RunHandle
from homerun.runs.placement import Place
from homerun.runs.submit import RESUBMITTED_FROM, Request, Sources, source, submit
from homerun.sdk.run import Run, ScriptRun, typed
from homerun.snapshots import git_diff
from homerun.targets import registry
from runstore import layout, status
from runstore.fs import atomic, facts

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence
    from typing import Any

    from homerun import Experiment, ScriptRunConfig
    from runstore.run.record import Record

_PAUSE_S = 0.25
_LEAST_S = 0.05
_FULL_EVERY_S = 1.0
_ENOUGH = 8
"""Behind so many that wait, others have started only if the order was changed."""


class Batch:
    """The runs of a batch, in the order in which they were given; iterating gives each `Run`.

    Attributes:
        parent: the run that they are children of.
        runs: the runs.
    """

    def __init__(self, parent: Run, runs: list[Run]) -> None:
        self.parent = parent
        self.runs = runs

    @classmethod
    def of(cls, parent: Run) -> Batch:
        """The batch that a run is the parent of.

        Raises:
            UserError: it is not a batch's.
        """
        if not parent._record.is_batch:
            raise UserError(f"run {parent.id} is not a batch: submit_many and --grid make one")
        found = children.of_batch(parent._record)
        return cls(parent, [typed(one, parent.experiment) for one in found])

    def __iter__(self) -> Iterator[Run]:
        return iter(self.runs)

    def __len__(self) -> int:
        return len(self.runs)

    def __getitem__(self, index: int) -> Run:
        return self.runs[index]

    def wait_for_completion(self, raise_on_error: bool = True) -> list[str]:
        """Wait until all are over; the status of each.

        Raises:
            RunFailed: not all of them Completed, and `raise_on_error`.
        """
        for _ in self.progress():
            continue
        self.parent.wait_for_completion(raise_on_error=raise_on_error)
        return [run.get_status() for run in self.runs]

    def progress(self) -> Iterator[dict[str, int]]:
        """How many are Completed, Failed, Canceled, Running and Queued, until all are over.

        It looks when something may have changed, and several times a second in any case.
        """
        watched = _Watched([run._record for run in self.runs])
        while True:
            yield watched.look()
            first = watched.first()
            if first is None:
                reconcile.bring_up_to_date(self.parent._record)  # publishes its end
                return
            if watched.is_large():
                time.sleep(_LEAST_S)  # runs that end every few milliseconds are counted together
            with wait.Waker(first, at_once=True) as waker:
                if not _is_over(first):
                    waker.sleep(_PAUSE_S)

    def cancel(self) -> None:
        """Cancel all of them, those that wait first: they never start."""
        self.parent.cancel()

    def resubmit(
        self,
        secrets: Sequence[str] = (),
        environment_variables: Mapping[str, object] | None = None,
        **changes: Any,
    ) -> Batch:
        """Submit all of its runs again, as a new batch with the same name and tags.

        Args:
            secrets, environment_variables, **changes: as for `ScriptRun.resubmit`, for each run.

        Raises:
            UserError, SubmitError, StoreError: nothing was started.
        """
        return _submit_again(self, secrets, environment_variables, changes)

    def __repr__(self) -> str:
        return f"Batch({len(self.runs)} runs below {self.parent.id})"


class _Watched:
    """The runs of a batch that are not over, in the order of their starts; how many ended how."""

    def __init__(self, records: list[Record]) -> None:
        self._pending = sorted(records, key=lambda record: -_priority(record))
        self._ended: dict[str, int] = {}
        self._all_at = float("-inf")

    def first(self) -> Record | None:
        """The first that is not over: most likely the next to end, or to start."""
        return self._pending[0] if self._pending else None

    def is_large(self) -> bool:
        """Whether so many are left that the end of a single one does not matter."""
        return len(self._pending) > _ENOUGH

    def look(self) -> dict[str, int]:
        """Count them: those in front, and once a second all.

        Then those that go on are looked at closely, and the first that waits: what was lost gets
        its end, and what can be started is.
        """
        now = time.monotonic()
        is_full = now - self._all_at > _FULL_EVERY_S
        if is_full:
            self._all_at = now
        left: list[Record] = []
        running = waiting = 0
        for at, record in enumerate(self._pending):
            if waiting >= _ENOUGH and not is_full:
                left += self._pending[at:]
                break
            has_started = os.path.exists(f"{record.path}/{layout.STARTED}")
            said = (facts.read(record.path, layout.ENDED) or {}).get("status")
            if said is None and is_full and (has_started or not waiting):
                seen = reconcile.bring_up_to_date(record)
                said = seen.status if seen.is_over else None
            if said is not None:
                self._ended[said] = self._ended.get(said, 0) + 1
                continue
            running += has_started
            waiting += not has_started
            left.append(record)
        self._pending = left
        counts = {status.RUNNING: running, status.QUEUED: len(left) - running}
        return {**self._ended, **{name: count for name, count in counts.items() if count}}


def submit_many(
    experiment: Experiment,
    configs: Sequence[ScriptRunConfig],
    tags: Sequence[Mapping[str, object]] | None,
    parent_tags: Mapping[str, object] | None,
    run_id: str | None,
    labels: Mapping[str, object],
    former: Record | None = None,
    is_code_new: bool = False,
) -> Batch:
    """Submit a batch; see `Experiment.submit_many`.

    Args:
        former, is_code_new: as for `Request`, of each run.
    """
    start.unarchive(experiment.workspace.store, experiment.name)
    wanted, sources = _checked(configs, tags), Sources()
    code = former, is_code_new
    try:
        return _submit(experiment, configs, wanted, parent_tags, run_id, labels, sources, code)
    finally:
        sources.let_go()


def _submit(
    experiment: Experiment,
    configs: Sequence[ScriptRunConfig],
    wanted: list[dict[str, str | None]],
    parent_tags: Mapping[str, object] | None,
    run_id: str | None,
    labels: Mapping[str, object],
    sources: Sources,
    code: tuple[Record | None, bool],
) -> Batch:
    store = experiment.workspace.store.for_acting()
    for config in {one.target: one for one in configs}.values():
        if config.target is None or registry.is_defined(store.root, config.target):
            Place(store, config, is_one_of_many=True)  # it raises where it is of no known type
    former, is_new = code
    requests = [
        Request(
            *(store, experiment.name, config),
            tags=of_run,
            sources=sources,
            former=former,
            is_code_new=is_new,
        )
        for config, of_run in zip(configs, wanted)
    ]
    asked = {**labels, "tags": checks.text_pairs("parent_tags", parent_tags or {})}
    return _start(experiment, requests, asked, {}, run_id)


def _start(
    experiment: Experiment,
    requests: Sequence[Request],
    labels: Mapping[str, object],
    properties: Mapping[str, str],
    run_id: str | None = None,
) -> Batch:
    """Begin the parent, and submit below it what is asked for."""
    store = experiment.workspace.store.for_acting()
    first = requests[0]
    taken, code = source(store, first)
    asked: dict[str, object] = {
        **labels,
        "batch": len(requests),
        "properties": {**code.properties, **properties},
        "script": first.config.script_path(),
        "source_directory": first.config.source(),
        "snapshot": taken.id if taken else None,
        "target": first.config.target or "local",
    }
    record = interactive.start(store, experiment.name, asked, run_id=run_id)
    RunHandle.opened(record)
    parent = Run.of(record, experiment)
    runs, told = [], []
    try:
        for request in requests:
            request.parent, request.is_one_of_many = record, True
            made, more = submit(request)
            runs.append(ScriptRun.of(made, experiment))
            told += more
    except BaseException as error:
        _give_up(parent, error)
        raise
    atomic.sync_file_system(store.root)
    told += placement.place_all(store, {request.config.target for request in requests})
    owner.closed(record.path)
    git_diff.start(record.path, record.id, git_diff.wanted(code), os.environ)
    messages.tell(list(dict.fromkeys(told)))
    return Batch(parent, runs)


def _submit_again(
    batch: Batch,
    secrets: Sequence[str],
    variables: Mapping[str, object] | None,
    changes: Mapping[str, Any],
) -> Batch:
    """Submit a batch again; see `Batch.resubmit`."""
    former, experiment, sources = batch.parent._record, batch.parent.experiment, Sources()
    others = dict(changes)
    arguments, code = others.pop("arguments", ()), others.pop("code", resubmit.SNAPSHOT)
    requests = []
    for run in batch:
        one = resubmit.asked_again(run._record, secrets, variables, arguments, code, others)
        one.config.argv()
        one.sources = sources
        requests.append(one)
    if not requests:
        raise SubmitError(f"the runs of batch {former.id} are gone: none is left to submit again")
    said = former.labels()
    labels = {"display_name": said.display_name, "description": said.description, "tags": said.tags}
    start.unarchive(experiment.workspace.store, experiment.name)
    try:
        return _start(experiment, requests, labels, {RESUBMITTED_FROM: former.id})
    finally:
        sources.let_go()


def _checked(
    configs: Sequence[object], tags: Sequence[Mapping[str, object]] | None
) -> list[dict[str, str | None]]:
    """The tags of each run; whatever can be known to be wrong is found before anything is made."""
    if not configs:
        raise UserError("submit_many takes at least one ScriptRunConfig")
    for config in configs:
        if not isinstance(config, ScriptRunConfig):
            wrong = type(config).__name__
            raise UserError(f"submit_many takes a list of ScriptRunConfig, not of {wrong}")
        config.argv()
    if tags is None:
        return [{} for _ in configs]
    if len(tags) != len(configs):
        raise UserError(f"give as many tags as configs: {len(tags)} are not {len(configs)}")
    return [checks.text_pairs("tags", labels) for labels in tags]


def _give_up(parent: Run, error: BaseException) -> None:
    """Cancel what was submitted: half a batch is none."""
    try:
        if isinstance(error, Exception):
            parent.fail(f"not all runs could be submitted: {error}")
            stop_request.cancel_children(parent.directory)
        else:
            parent.cancel()
    except Exception:  # noqa: BLE001 - the first error is what the caller has to see
        owner.closed(parent.directory)


def _priority(record: Record) -> int:
    said = record.run.get("priority")
    return said if isinstance(said, int) else 0


def _is_over(record: Record) -> bool:
    return os.path.exists(f"{record.path}/{layout.ENDED}")
