"""Work on the index of a large store in a process of its own: beside a query, or while runs end.

A query of 100,000 runs takes milliseconds, a look at the time stamps of all of them a second or so.
"""

from __future__ import annotations

import os
import sys

from homerun.base import environ
from homerun.system import children, spawn
from runstore.fs import mounts

TYPE_CHECKING = False
if TYPE_CHECKING:
    from runstore.store import Store

_PROGRAM = "runs.index_work"
_FEED = "feed"

_begun: dict[str, int] = {}
"""Of each store the process that this one has started last: it takes its lock a little later."""


def start(store: Store) -> None:
    """Start it, unless one is at work. Where it cannot start, the next query tries."""
    from runstore.index import verify  # who asks has it loaded

    if children.goes_on(_begun.get(store.root, 0)) or verify.is_at_work(store):
        return
    arguments = children.python(_PROGRAM, store.root)
    try:
        pid = spawn.start(sys.executable, arguments, environ.bare(), spawn.NOTHING_OPEN)
    except OSError:
        return
    children.started(pid)
    _begun[store.root] = pid


def start_feeding(root: str, mark: str) -> int:
    """Have the index of a store fed, which lacks a thousand runs that have ended.

    Args:
        root: the store's folder.
        mark: what names the last of these runs to processes: no sweep takes what is started for
            a process of the run.

    Returns:
        The process that was started; 0: it cannot be, or other machines may share the store.
    """
    if mounts.is_network(root):
        return 0  # their processes would open the same index
    arguments = children.python(_PROGRAM, root, _FEED)
    env = environ.for_supervisor(f"{mark}/")
    try:
        return spawn.start(sys.executable, arguments, env, spawn.NOTHING_OPEN)
    except OSError:
        return 0


def main() -> None:
    """Verify the store that the command line names, or feed its index."""
    from homerun.runs import reconcile
    from runstore.index import verify
    from runstore.store import Store

    os.nice(10)
    store = Store(sys.argv[1])
    if sys.argv[2:] == [_FEED]:
        verify.feed(store)
    else:
        verify.alone(store, reconcile.bring_up_to_date)
