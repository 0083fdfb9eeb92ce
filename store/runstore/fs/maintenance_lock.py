"""One maintainer at a time: the store-wide lock of repairs, and of changes of the settings.

Nothing else takes it: readers and writers of runs never wait for a repair, nor a repair for them.
"""

from __future__ import annotations

import os

from runstore import layout
from runstore.errors import LockTimeout, StoreError
from runstore.fs import atomic

TYPE_CHECKING = False
if TYPE_CHECKING:
    from contextlib import AbstractContextManager

PATIENCE_S = 30.0


def lock(root: str) -> AbstractContextManager[object]:
    """The maintenance lock of a store, taken; leaving the context frees it, as does any death.

    Raises:
        LockTimeout: another process repairs this store.
        ReadOnlyStore: the store cannot be written.
        StoreError: the package filelock is missing.
    """
    try:
        import filelock
    except ImportError:
        raise StoreError(
            "a repair needs the package filelock, which is missing; run `pip install filelock`"
        ) from None
    path = f"{root}/{layout.MAINTENANCE}"
    try:
        if os.path.lexists(path) and not atomic.is_plain(path):
            raise atomic.not_followed(path)  # filelock would empty what a link leads to
        # A soft lock (a file that is there or not) would outlive a killed maintainer.
        taken = filelock.FileLock(path, timeout=PATIENCE_S, mode=0o600, fallback_to_soft=False)
        return taken.acquire()
    except filelock.Timeout:
        raise LockTimeout(path) from None
    except OSError as error:
        raise atomic.unwritable(root, error) from error
