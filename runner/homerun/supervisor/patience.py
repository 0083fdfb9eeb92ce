"""Patience: what a run's outcome hangs on is tried until it goes, or the store counts as gone.

An error of the system says nothing of the run. One that can be mended (no room, no permission, no
descriptors left) is waited out for as long as it lasts: a supervisor that sleeps costs little, and
it alone knows the outcome. A disk that does not answer is given an hour.
"""

from __future__ import annotations

import errno
import time

from homerun.system import linux

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Callable, TypeVar

    Result = TypeVar("Result")

_FIRST_S, _LONGEST_S = 1.0, 10.0
"""Between two tries: never longer than the trouble has lasted."""
_SILENT_S = 3600.0

_CAN_BE_MENDED = (
    *(errno.ENOSPC, errno.EDQUOT, errno.EROFS, errno.EACCES, errno.EPERM),
    *(errno.EMFILE, errno.ENFILE, errno.ENOMEM, errno.EAGAIN),
)


class StoreGone(Exception):
    """The disk of the store has not answered for an hour."""


def insist(
    act: Callable[[], Result],
    tell: Callable[[BaseException], object],
    clock: Callable[[], float] = linux.clock,
    sleep: Callable[[float], object] = time.sleep,
) -> Result:
    """What `act` returns, as soon as the system lets it.

    Args:
        tell: told each error that is waited out.

    Raises:
        StoreGone: it does not.
        Exception: what is no error of the system.
    """
    pause, until = _FIRST_S, clock() + _SILENT_S
    while True:
        try:
            return act()
        except Exception as error:
            number = _errno(error)
            if number is None:
                raise
            if number in _CAN_BE_MENDED:
                until = clock() + _SILENT_S
            if clock() >= until:
                raise StoreGone from error
            tell(error)
        sleep(pause)
        pause = min(2 * pause, _LONGEST_S)


def _errno(error: Exception) -> int | None:
    """The number of an error, or of what is behind one of the store's own."""
    if isinstance(error, MemoryError):
        return errno.ENOMEM
    found = error if isinstance(error, OSError) else error.__cause__
    return found.errno if isinstance(found, OSError) else None
