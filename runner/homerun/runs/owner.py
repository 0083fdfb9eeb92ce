"""The owner of interactive runs: this process, with one lock per store for all its runs.

The lock dies with the process, so a notebook that was killed is noticed at the next look. Forked
children close their copy and own nothing: a data loader's worker keeps no dead notebook alive,
and ends none of its runs. At a clean exit the owner completes what is still open.
"""

from __future__ import annotations

import os
import sys
from _thread import RLock

from homerun.base.messages import say
from runstore import layout
from runstore.errors import words
from runstore.fs import atomic, lock

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable
    from types import FrameType

    from runstore.root import Root
    from runstore.run.record import Record

    Finish = Callable[[BaseException | None], None]
    Collect = Callable[[], None]

_held: dict[str, tuple[str, int]] = {}
"""By the folder of a store: this process's owner id in it, and the lock."""
_open: dict[str, tuple[Record, Finish, Collect] | None] = {}
"""By its folder: an open run, and what ends it at the exit; None: it is just being started."""
_main: list[FrameType] = []
"""Where the program began. Once it is over, the instruction that it was left at tells how."""
_locks: dict[int, RLock] = {}
"""The one lock, made when it is first needed; `setdefault` makes one for all threads. A signal
handler that ends a run may come while its thread has it.
"""


def hold(store: Root, run_folder: str) -> str:
    """This process's owner id in a store, under which it is about to open a run.

    The lock is taken at the first call. The run counts as open from here on: another thread may
    close the last one at the same time.

    Raises:
        ReadOnlyStore: the store cannot be written.
    """
    with _guard():
        _install()
        if store.root not in _held:
            folder = f"{store.for_writing().root}/{layout.OWNERS}"
            owner = f"{os.getpid()}-{os.urandom(8).hex()}"
            try:
                atomic.make_folders(store.root, layout.OWNERS)
                descriptor = lock.take(f"{folder}/{owner}", store.lock_kind)
            except OSError as error:
                raise atomic.unwritable(store.root, error) from error
            assert descriptor is not None, "no other process knows this name"
            if _held.setdefault(store.root, (owner, descriptor))[1] != descriptor:
                os.unlink(f"{folder}/{owner}")  # a signal handler has been here
                lock.release(descriptor)
        _open.setdefault(run_folder, None)
        return _held[store.root][0]


def opened(record: Record, finish: Finish, collect: Collect) -> None:
    """Note a run that this process holds open.

    Args:
        finish: ends the run, at the exit: Failed with the error that it is given, or Completed.
        collect: does what is to be done before the end, where the exit status is to decide.
    """
    _open[record.path] = record, finish, collect


def closed(run_folder: str) -> None:
    """Note that a run is over. The last one of a store takes the lock with it."""
    with _guard():
        _open.pop(run_folder, None)
        root = _root(run_folder)
        if root not in _held or any(_root(folder) == root for folder in _open):
            return
        owner, descriptor = _held.pop(root)
        try:
            os.unlink(f"{root}/{layout.OWNERS}/{owner}")
        except OSError:
            pass  # the store was moved, or is read-only now: a free lock says the same
        lock.release(descriptor)


def forget_ended() -> None:
    """Close what others have ended (by a cancel of its parent, or from elsewhere) or removed.

    A run that is just being started has no folder yet.
    """
    for folder, opened_run in list(_open.items()):
        if opened_run is not None and (
            os.path.exists(f"{folder}/{layout.ENDED}") or not os.path.isdir(folder)
        ):
            closed(folder)


def holds(run_folder: str) -> bool:
    """Whether this process holds the run open."""
    return run_folder in _open


def _guard() -> RLock:
    """The lock of this module's state."""
    return _locks.setdefault(0, RLock())


def _root(run_folder: str) -> str:
    return os.path.dirname(os.path.dirname(run_folder))


def _install() -> None:
    """Once: be called at the exit, and own nothing in a fork."""
    if _main:
        return
    _main.append(_outermost())
    import atexit

    atexit.register(_at_exit)
    os.register_at_fork(after_in_child=_own_nothing)


def _outermost() -> FrameType:
    """The outermost frame of the main thread."""
    threading = sys.modules.get("threading")  # where it is not loaded there are no other threads
    main = threading and sys._current_frames().get(threading.main_thread().ident or 0)
    frame: FrameType = main or sys._getframe()
    while frame.f_back is not None:
        frame = frame.f_back
    return frame


def _was_left(frame: FrameType) -> bool:
    """Whether an exception ended a frame; False too while it goes on."""
    now: FrameType | None = sys._getframe()
    while now is not None:
        if now is frame:
            return False
        now = now.f_back
    import opcode

    return "RETURN" not in opcode.opname[frame.f_code.co_code[frame.f_lasti]]


def _own_nothing() -> None:
    _held.clear()
    _open.clear()
    _locks.clear()  # another thread may have held it in the instant of the fork


def _at_exit() -> None:
    """End what is open: Failed after an uncaught exception, else Completed; after a SystemExit the
    exit status decides.

    An exception at an interactive prompt ends nothing, and counts for nothing. In a submitted
    script the supervisor's outcome decides, so there nothing is ended here.
    """
    from homerun.base import environ

    if environ.run_id() is not None:
        return
    forget_ended()
    # The interpreter sets it for the error that ends it, also where the excepthook was replaced.
    is_prompt = hasattr(sys, "ps1")
    failure = None if is_prompt else getattr(sys, "last_value", None)
    is_exit = failure is None and not is_prompt and _was_left(_main[0])
    if is_exit and not _notes_exit_status():
        failure, is_exit = SystemExit("its status is not told on this system"), False
    for opened_run in list(_open.values()):
        if opened_run is None:
            continue
        record, finish, collect = opened_run
        try:
            if is_exit:
                collect()
            else:
                finish(failure)
        except Exception as error:  # noqa: BLE001 - the others are ended all the same
            say(f"run {record.id} could not be ended: {words(error)}")


def _notes_exit_status() -> bool:
    """Have the status of this process written into the files of its locks: who finds them free
    derives from it how the runs ended. False: there is no way here.
    """
    from homerun.system import exit_status

    try:
        return all(
            exit_status.leave_own_in(f"{root}/{layout.OWNERS}/{owner}")
            for root, (owner, _) in _held.items()
        )
    except OSError:
        return False
