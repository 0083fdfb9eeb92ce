"""The store's settings: one file that people write, and that commands change under a lock.

A change reads the file, and replaces it by a rename: who reads it meanwhile sees the old one or the
new one. What a version does not know stays as it is.
"""

from __future__ import annotations

import os

from runstore import layout
from runstore.errors import InvalidSettings
from runstore.fs import atomic, facts, maintenance_lock

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable
    from typing import Any


KNOWN = {
    "max_concurrent_runs": "how many runs go on at once on the target `local`; "
    "`homerun queue slots N` sets it",
    "targets": "the targets beside `local`, each with its type, slots and rules; `homerun target` "
    "writes it",
    "default_target": "the target of runs that name none; `homerun target default NAME` sets it",
    "datastores": "the folders that names of datastores stand for; `homerun datastore` writes it",
    "default_datastore": "the datastore of scripts that name none; "
    "`homerun datastore default NAME` sets it",
    "curated_environments": "lists of packages for names of Azure's own environments",
    "on_end": "commands that are started when runs have ended; trusted by `homerun store trust`",
    "sample_s": "seconds between two samples of what a run uses (default: 5); 0: none are taken",
    "silent_after_s": "seconds without a sign of life after which a run counts as silent (default: "
    "600); 0: never",
}
"""What a store's settings can say, and what it means."""


def read(root: str) -> dict[str, Any]:
    """The settings of a store; {} where there are none.

    Raises:
        InvalidSettings: the file is no JSON object, or cannot be read.
    """
    path = f"{root}/{layout.SETTINGS}"
    try:
        data = atomic.read_bytes(path)
    except OSError as error:
        raise InvalidSettings(path, f"it cannot be read: {error.strerror}") from error
    if data is None:
        return {}
    if os.path.islink(path):
        raise InvalidSettings(path, "it is a link, and none inside a store is followed")
    found = facts.parse(data)
    if found is None:
        raise InvalidSettings(path, _flaw(data))
    return found


def change(root: str, edit: Callable[[dict[str, Any]], None]) -> None:
    """Change the settings: one at a time, whole or not at all.

    Args:
        edit: changes what it is given; what it raises leaves the file as it was.

    Raises:
        InvalidSettings: the file that is there is no JSON object: it is left as it is.
        LockTimeout, ReadOnlyStore, OSError: nothing was changed.
    """
    import json

    with maintenance_lock.lock(root):
        found = read(root)
        edit(found)
        text = json.dumps(found, indent=2, ensure_ascii=False) + "\n"
        try:
            atomic.replace_bytes(f"{root}/{layout.SETTINGS}", text.encode())
        except OSError as error:
            raise atomic.unwritable(root, error) from error


def _flaw(data: bytes) -> str:
    """Why these bytes are no settings."""
    import json

    try:
        json.loads(data)
    except json.JSONDecodeError as error:
        return f"line {error.lineno}, column {error.colno}: {error.msg}"
    except (ValueError, RecursionError):
        return "it is not JSON"
    return "it is not a JSON object"
