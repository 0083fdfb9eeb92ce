"""The attempts of a run: where the facts of each start of its script lie.

Those of the first lie in the run's own folder, those of attempt n in `attempts/<n>/`, under the
same names. An attempt's folder is there before it starts, while it is waited for.
"""

from __future__ import annotations

import os

from runstore import layout
from runstore.fs import atomic, facts

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterator

_DIGITS = 10


def folder(run_folder: str, number: int) -> str:
    """Where the facts of an attempt lie."""
    return run_folder if number == 1 else f"{run_folder}/{layout.ATTEMPTS}/{number}"


def latest(run_folder: str) -> int:
    """The last attempt, which perhaps has not started yet.

    Raises:
        OSError: the disk does not tell.
    """
    return next(_from_the_last(run_folder), 1)


def further(run_folder: str) -> list[int]:
    """The attempts after the first, in order; the last one has perhaps not started yet.

    Raises:
        OSError: the disk does not tell.
    """
    return [*_from_the_last(run_folder)][::-1]


def _from_the_last(run_folder: str) -> Iterator[int]:
    """The attempts after the first, the last one first: folders that are there.

    To count up to the last would take hours where one with a high number was planted.
    """
    try:
        names = atomic.names_in(f"{run_folder}/{layout.ATTEMPTS}")
    except (FileNotFoundError, NotADirectoryError):
        return
    for number in sorted((int(name) for name in names if _is_number(name)), reverse=True):
        if atomic.is_folder(folder(run_folder, number)):
            yield number


def _is_number(name: str) -> bool:
    return name.isdecimal() and name.isascii() and len(name) < _DIGITS and name[0] != "0"


def begun(run_folder: str) -> int:
    """The last attempt that has started; 1 where none has.

    Raises:
        OSError: the disk does not tell.
    """
    return next((n for n in _from_the_last(run_folder) if _has_started(run_folder, n)), 1)


def all_begun(run_folder: str) -> list[int]:
    """The attempts that have started, in order; the first is always among them.

    Raises:
        OSError: the disk does not tell.
    """
    return [1, *(number for number in further(run_folder) if _has_started(run_folder, number))]


def _has_started(run_folder: str, number: int) -> bool:
    return os.path.lexists(f"{folder(run_folder, number)}/{layout.STARTED}")


def home(run_folder: str, name: str) -> str:
    """The folder in which a fact of the run is to be read: that of the attempt which counts.

    Raises:
        OSError: the disk does not tell.
    """
    if name not in layout.OF_ATTEMPT:
        return run_folder
    return folder(run_folder, begun(run_folder))


def std_log(number: int) -> str:
    """What the script of an attempt prints, relative to the run's folder."""
    if number == 1:
        return layout.STD_LOG
    stem, dot, ending = layout.STD_LOG.rpartition(".")
    return f"{stem}_{number}{dot}{ending}"


def plan(run_folder: str, number: int, fact: dict[str, object]) -> None:
    """Let the folder of the next attempt appear, with what it waits for.

    Raises:
        OSError: it cannot be made.
    """
    atomic.make_folder(f"{run_folder}/{layout.ATTEMPTS}")
    final = folder(run_folder, number)
    if atomic.is_folder(final):
        return
    hidden = f"{os.path.dirname(final)}/{layout.NEW}{number}-{os.urandom(4).hex()}"
    atomic.make_new_folder(hidden)
    facts.publish(hidden, layout.QUEUED, facts.signed(fact))
    os.rename(hidden, final)
