"""Trusting a store: what it starts from then on is said with it."""

from __future__ import annotations

from homerun.base.errors import UserError
from runstore.fs import trust
from runstore.queue import settings
from runstore.queue.queue import Queue, names

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any

    from runstore.store import Store


def trust_store(store: Store, shared: bool = False) -> dict[str, Any]:
    """Let a store act for this user on this machine, with the hooks that it has now.

    Args:
        shared: even if other accounts may write in it.

    Returns:
        What it starts: the commands at the end of a run, and how many runs wait.

    Raises:
        UserError: there is no store.
        StoreError: it belongs to another user, or others may write in it, or its settings are none.
        OSError: the state folder cannot be written.
    """
    _check_there(store)
    hooks = settings.read(store.root).get("on_end") or []
    waiting = sum(len(Queue(store.root, name).entries()) for name in names(store.root))
    trust.trust(store.root, store.id, trust.digest_of(hooks), shared=shared)
    return {**_told(store, True), "on_end": hooks, "waiting": waiting}


def distrust_store(store: Store) -> dict[str, Any]:
    """Let a store act no longer: it is only read, until it is trusted again.

    Raises:
        UserError: there is no store.
    """
    _check_there(store)
    trust.forget(store.root, store.id)
    return _told(store, False)


def _check_there(store: Store) -> None:
    if not store.exists():
        raise UserError(f"there is no store in {store.root}; name its folder")


def _told(store: Store, is_trusted: bool) -> dict[str, Any]:
    return {"directory": store.root, "store_id": store.id, "trusted": is_trusted}
