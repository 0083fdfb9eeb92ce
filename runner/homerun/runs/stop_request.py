"""Stop requests: publish stop.json and signal the run's supervisor.

It works on paths only and loads little, so that a supervisor can use it for its run's children.
"""

from __future__ import annotations

import os

from homerun.system import signals
from runstore import layout, status
from runstore.errors import StoreError
from runstore.fs import atomic, facts

TYPE_CHECKING = False
if TYPE_CHECKING:
    from homerun.targets.target import Target
    from runstore.look import Look
    from runstore.run.record import Record


_passed_on: set[str] = set()
"""The runs whose supervisors this process has woken for a stop request, by their folders."""


def wake_supervisor(run_folder: str) -> None:
    """Have the supervisor look for the stop request.

    One that no fact names yet looks for stop.json by itself, and so does an adopter.

    Raises:
        OSError: the record cannot be read: no process was woken.
    """
    _target(run_folder).wake(run_folder)
    _passed_on.add(run_folder)


def pass_on(record: Record, seen: Look) -> bool:
    """Do what is left to do for a stop request: the process that published it may have been killed.

    A supervisor that knows of it may be woken again, by each process once.

    Returns:
        Whether the run waited, and was ended.

    Raises:
        OSError: as `wake_supervisor`.
    """
    if seen.seen == status.IN_QUEUE:
        return _end_queued(record)
    if seen.is_held and record.path not in _passed_on:
        wake_supervisor(record.path)
    return False


def yield_slots(run_folder: str) -> None:
    """Ask a run's supervisor to give its slots to the runs that it submits."""
    _target(run_folder).signal(run_folder, signals.USR1)


def _target(run_folder: str) -> Target:
    from homerun.targets import registry  # a script's context seldom stops a run

    store = os.path.dirname(os.path.dirname(os.path.realpath(run_folder)))
    return registry.target_of_run(store, facts.read(run_folder, layout.RUN) or {})


def cancel_children(run_folder: str) -> None:
    """Ask every run below this one to end: each by a stop fact, or an end, of its own.

    It looks again until it finds no new one. A run that appears after that finds this run's end,
    or the stop fact of one between them, and cancels itself: `follow_parent`. Those that wait for a
    slot come first: one that is freed by another's end starts none of them. A run that cannot be
    asked (its folder is damaged, or may not be written) keeps no other from being asked.

    Raises:
        OSError: this process lacks something, such as descriptors, so some were not asked.
    """
    from homerun.targets.engines import taking_back  # a supervisor seldom cancels runs

    asked: set[str] = set()
    lack: OSError | None = None
    with taking_back.InOneCall():
        while new := [one for one in _below(run_folder) if one.id not in asked]:
            for record in sorted(new, key=_has_begun):
                asked.add(record.id)
                try:
                    _cancel(record)
                except StoreError:
                    continue
                except OSError as error:
                    lack = error if error.errno in atomic.OUR_OWN else lack
    if lack is not None:
        raise lack


def _below(run_folder: str) -> list[Record]:
    """All runs below one, of its own store: its links may say anything.

    Raises:
        OSError: as `cancel_children`.
    """
    if not os.path.isdir(f"{run_folder}/{layout.CHILDREN}"):
        return []
    from runstore.run import children  # a supervisor seldom cancels runs below its own

    try:
        return [
            one for one in children.unsorted(_record(run_folder), recursive=True) if one.exists()
        ]
    except OSError as error:
        if error.errno in atomic.OUR_OWN:
            raise
        return []


def follow_parent(record: Record) -> bool:
    """Cancel a run if one above it was canceled, by a process that did not see this one there, or
    that was killed before it could ask it to end. True: it was.
    """
    from runstore import look

    if not look.is_below_canceled(record):
        return False
    _cancel(record)
    return True


def _has_begun(record: Record) -> bool:
    return os.path.exists(f"{record.path}/{layout.STARTED}")


def _cancel(record: Record) -> None:
    if atomic.read_bytes(f"{record.path}/{layout.ENDED}") is not None:
        return
    if record.is_interactive:
        record.end(status.ended(status.CANCELED))
        return
    try:
        record.publish(layout.STOP, {"kind": status.CANCEL, "why": status.WITH_PARENT})
    except OSError:
        pass  # a full disk: the signal alone means a cancel too, as where one run is canceled
    if not _end_queued(record):
        wake_supervisor(record.path)


def _end_queued(record: Record) -> bool:
    """End a run that waits for a slot. False: it does not."""
    waits = (layout.QUEUED, layout.ATTEMPTS)
    if not any(os.path.exists(f"{record.path}/{name}") for name in waits):
        return False
    from homerun.targets import dispatch

    return dispatch.end_queued(record)


def _record(run_folder: str) -> Record:
    from runstore.run.record import Record
    from runstore.store import Store

    experiment, run_id = os.path.split(os.path.realpath(run_folder))
    root, folder = os.path.split(experiment)
    return Record(Store(root), folder, run_id)
