"""Where a Studio shows a store: each server notes its address for its own user, as long as it runs.

The notes lie in the user's own state folder, outside of any store, one for each server. A note
names the process that serves, and counts while that lives: one of a killed server leads nowhere.
It holds no token and no code. Who opens the address signs in as at any other time.
"""

from __future__ import annotations

import os
from contextlib import contextmanager, suppress

from homerun.base import environ
from runstore import names
from runstore.errors import ReadOnlyStore
from runstore.fs import atomic, facts
from runstore.run import identity

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterator
    from typing import Any

    from runstore.root import Root

_PLACE = "homerun/studio/up"
_SCHEMES = ("http://", "https://")


@contextmanager
def announced(store: Root, address: str) -> Iterator[None]:
    """Note that this process shows a store at an address, which ends in `/`, until it does not.

    Where the note cannot be written no one is led there, and nothing else changes.
    """
    folder, name = _folder(store), f"{os.getpid()}-{os.urandom(4).hex()}.json"
    with suppress(OSError, ReadOnlyStore):
        atomic.make_private_folders(folder)
        _forget_dead(folder)
        said = {"address": address, "root": os.path.realpath(store.root)}
        server = {**identity.here(), **identity.process(os.getpid())}
        facts.publish(folder, name, facts.signed({**said, "server": server}))
    try:
        yield
    finally:
        with suppress(OSError):
            atomic.unlink_if_there(f"{folder}/{name}")


def address_of(store: Root) -> str | None:
    """The address of the Studio of this user and this machine that was started last; it ends in
    `/`. None: none shows the store now.
    """
    folder, root = _folder(store), os.path.realpath(store.root)
    found = [said for _, said in _notes(folder) if _is_up(said) and said.get("root") == root]
    address = max(found, key=lambda said: str(said.get("time")), default={}).get("address")
    return address if isinstance(address, str) and address.startswith(_SCHEMES) else None


def _notes(folder: str) -> Iterator[tuple[str, dict[str, Any]]]:
    """The notes of this user; what another one has put there, or a link, is none."""
    try:
        known = atomic.names_in(folder) if _is_own(folder) else []
    except OSError:
        return
    for name in known:
        is_note = name.endswith(".json") and _is_own(f"{folder}/{name}")
        said = facts.read(folder, name) if is_note else None
        if said is not None:
            yield name, said


def _is_own(path: str) -> bool:
    """Whether a file or folder is this user's, and none but he can write it."""
    try:
        seen = os.lstat(path)
    except OSError:
        return False
    return seen.st_uid == os.geteuid() and not seen.st_mode & 0o022


def _forget_dead(folder: str) -> None:
    """Remove the notes of servers of this boot that were killed."""
    for name, said in _notes(folder):
        server = said.get("server")
        is_here = isinstance(server, dict) and identity.same_place(server)
        if is_here and not _is_up(said):
            atomic.unlink_if_there(f"{folder}/{name}")


def _is_up(said: dict[str, Any]) -> bool:
    """Whether the server lives, of this machine since its last start."""
    server = said.get("server")
    if not isinstance(server, dict):
        return False
    is_here = identity.same_place(server) and identity.same_boot(server)
    return is_here and identity.lives(server)


def _folder(store: Root) -> str:
    return f"{environ.state_folder()}/{_PLACE}/{names.to_file_name(store.id)}"
