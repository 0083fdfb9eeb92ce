"""The owner of interactive runs: this process, by one lock per store, however many runs it holds.

The lock dies with the process, so a notebook that was killed is noticed at the next look. Forked
children close their copy and own nothing: a data loader's worker keeps no dead notebook alive,
and ends none of its runs. At a clean exit the owner completes what is still open.
"""

from __future__ import annotations

import os
import sys

from homerun.metric_log import say
from runstore import facts, layout, lock

TYPE_CHECKING = False
if TYPE_CHECKING:
    from types import TracebackType

    from homerun.run import Run
    from runstore.store import Store

_held: dict[str, tuple[str, int]] = {}
_open: dict[str, Run] = {}
_uncaught: list[BaseException] = []
_process: list[int] = []


def hold(store: Store) -> str:
    """This process's owner id in a store; the lock is taken at the first call.

    Raises:
        ReadOnlyStore: the store cannot be written.
    """
    _prepare()
    if store.root not in _held:
        folder = f"{store.for_writing().root}/{layout.OWNERS}"
        owner = f"{os.getpid()}-{os.urandom(8).hex()}"
        try:
            os.makedirs(folder, mode=0o700, exist_ok=True)
            descriptor = lock.take(f"{folder}/{owner}", store.lock_kind)
        except OSError as error:
            raise facts.unwritable(store.root, error) from error
        assert descriptor is not None, "nobody else knows this name"
        _held[store.root] = owner, descriptor
    return _held[store.root][0]


def opened(run: Run) -> None:
    """Note a run that this process holds open."""
    _open[run.directory] = run


def closed(run: Run) -> None:
    """Note that it is over. The last one of a store takes the lock with it."""
    _open.pop(run.directory, None)
    root = os.path.dirname(os.path.dirname(run.directory))
    if _process != [os.getpid()] or root not in _held:
        return
    if not any(os.path.dirname(os.path.dirname(folder)) == root for folder in _open):
        owner, descriptor = _held.pop(root)
        try:
            os.unlink(f"{root}/{layout.OWNERS}/{owner}")
        except OSError:
            pass  # the store was moved, or is read-only now: a free lock says the same
        lock.release(descriptor)


def holds(run: Run) -> bool:
    """Whether this process holds the run open."""
    return _process == [os.getpid()] and run.directory in _open


def _prepare() -> None:
    """Once per process: forget what a parent owned, and be called at the exit."""
    if _process == [os.getpid()]:
        return
    is_first = not _process
    _process[:] = [os.getpid()]
    _held.clear()
    _open.clear()
    if is_first:
        import atexit

        atexit.register(_at_exit)
        previous = sys.excepthook

        def note(
            kind: type[BaseException], error: BaseException, trace: TracebackType | None
        ) -> None:
            _uncaught.append(error)
            previous(kind, error, trace)

        sys.excepthook = note


def _at_exit() -> None:
    """End what is open: Failed after an uncaught exception, else Completed.

    In a submitted script the supervisor's outcome decides, so there it is left to whoever looks.
    """
    from homerun import environ

    if _process != [os.getpid()] or environ.run_id() is not None:
        return
    for run in list(_open.values()):
        try:
            if _uncaught:
                run.fail(_uncaught[-1])
            else:
                run.complete()
        except Exception as error:  # noqa: BLE001 - the others are ended all the same
            say(f"run {run.id} could not be ended: {error}")
