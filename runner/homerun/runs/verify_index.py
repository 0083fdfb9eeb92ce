"""Verify the index of a large store in a process of its own, beside a query; it takes seconds.

A query of 100,000 runs takes milliseconds, a look at the time stamps of all of them a second or so.
"""

from __future__ import annotations

import os
import sys

from homerun.base import environ
from homerun.system import children, spawn

TYPE_CHECKING = False
if TYPE_CHECKING:
    from runstore.store import Store

_begun: dict[str, int] = {}
"""Of each store the process that this one has started last: it takes its lock a little later."""


def start(store: Store) -> None:
    """Start it, unless one is at work. Where it cannot start, the next query tries."""
    from runstore.index import verify  # who asks has it loaded

    if children.goes_on(_begun.get(store.root, 0)) or verify.is_at_work(store):
        return
    arguments = children.python("runs.verify_index", store.root)
    try:
        pid = spawn.start(sys.executable, arguments, environ.bare(), spawn.NOTHING_OPEN)
    except OSError:
        return
    children.started(pid)
    _begun[store.root] = pid


def main() -> None:
    """Verify the store that the command line names."""
    from homerun.runs import reconcile
    from runstore.index import verify
    from runstore.store import Store

    os.nice(10)
    verify.alone(Store(sys.argv[1]), reconcile.bring_up_to_date)
