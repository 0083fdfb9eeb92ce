"""Secrets by name: of environment variables, else of the system's keyring, else of a user's file.

The file lies outside of every store, for this user alone:

    <state>/homerun/secrets/<store id>/<name>.json      {"name": "db-password", "value": "…"}

What the keyring holds has such a file too, without a value: keyrings list no names. No store and no
record holds a secret.
"""

from __future__ import annotations

import importlib
import os
import stat

from homerun.base import environ, installed
from homerun.base.errors import UserError
from runstore import names
from runstore.fs import atomic, facts, json_write

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any

    from runstore.store import Store

PLACE = "homerun/secrets"
KEYRING, FILE = "keyring", "file"
_SERVICE = "homerun/{store}"
_MOST_NAME = 127
_OTHERS = stat.S_IRWXG | stat.S_IRWXO


def check_secret(name: object) -> str:
    """The name itself if a secret can have it.

    Raises:
        UserError: it is not 1 to 127 letters, digits, `-` and `_`.
    """
    text = name if isinstance(name, str) else ""
    plain = text.replace("-", "").replace("_", "")
    if plain.isascii() and plain.isalnum() and len(text) <= _MOST_NAME:
        return text
    shown = repr(name)
    raise UserError(
        f"{shown if len(shown) < 160 else shown[:160] + '…'} is not a valid name for a secret: "
        f"use 1 "
        f"to {_MOST_NAME} letters, digits, '-' and '_'"
    )


def find_secret(store: Store | None, name: str) -> str | None:
    """The value of a secret; None: there is none.

    Args:
        store: whose secrets these are; None: only variables are asked.

    Raises:
        UserError: the file is another user's, or others may read it; or the keyring is locked.
    """
    value = environ.secret_variable(name)
    if value is not None or store is None or not store.id:
        return value
    try:
        check_secret(name)
    except UserError:
        return None
    said = _read(_folder(store), name)
    if said is None:
        return None
    if said.get("place") == KEYRING:
        return _of_keyring(store, name)
    found = said.get("value")
    return found if isinstance(found, str) else None


def keep_secret(store: Store, name: str, value: object) -> str:
    """Keep a secret; where it is kept: `keyring` or `file`.

    Raises:
        UserError: it is no text, or its name is none that a secret has; or it cannot be kept.
    """
    check_secret(name)
    if not isinstance(value, str):
        raise UserError(f"a secret is text, not {type(value).__name__}")
    folder = _folder(store.for_writing())
    keyring = _keyring()
    said = {"name": name, "value": value}
    if keyring is not None:
        try:
            keyring.set_password(_service(store), name, value)
        except Exception as error:  # noqa: BLE001 - each keyring has errors of its own
            raise UserError(f"the system's keyring does not keep {name!r} ({error})") from None
        said = {"name": name, "place": KEYRING}
    try:
        atomic.make_private_folders(folder)
        _check_private(folder, is_folder=True)
        atomic.replace_bytes(f"{folder}/{_file(name)}", json_write.pretty(dict(said)).encode())
    except OSError as error:
        raise UserError(f"{folder} cannot be written ({error.strerror})") from error
    return FILE if keyring is None else KEYRING


def forget_secret(store: Store, name: str) -> bool:
    """Remove a secret from where it is kept; False: there is none. A variable stays.

    Raises:
        UserError: it cannot be removed.
    """
    check_secret(name)
    folder = _folder(store)
    said = _read(folder, name)
    if said is None:
        return False
    if said.get("place") == KEYRING:
        keyring = _keyring()
        try:
            if keyring is not None:
                keyring.delete_password(_service(store), name)
        except Exception as error:  # noqa: BLE001 - each keyring has errors of its own
            raise UserError(f"the system's keyring does not remove {name!r} ({error})") from None
    try:
        atomic.unlink_if_there(f"{folder}/{_file(name)}")
    except OSError as error:
        raise UserError(f"{folder} cannot be written ({error.strerror})") from error
    return True


def secret_names(store: Store) -> list[str]:
    """The names of the secrets that are kept, sorted; not of variables."""
    folder = _folder(store)
    try:
        found = atomic.names_in(folder) if store.id else []
    except OSError:
        return []
    known = []
    for one in found:
        if not one.startswith(".") and one.endswith(".json"):
            said = facts.read(folder, one) or {}
            name = said.get("name")
            if isinstance(name, str) and _file(name) == one:
                known.append(name)
    return sorted(known)


def missing_secret(name: str) -> UserError:
    """The error for a secret that is nowhere."""
    return UserError(
        f"there is no secret {str(name)!r} here: set the environment variable "
        f"{environ.secret_spelled(str(name))}, or workspace.get_default_keyvault().set_secret"
    )


def _folder(store: Store) -> str:
    return f"{environ.state_folder()}/{PLACE}/{names.to_file_name(store.id)}"


def _file(name: str) -> str:
    return f"{names.to_file_name(name)}.json"


def _service(store: Store) -> str:
    return _SERVICE.format(store=store.id)


def _read(folder: str, name: str) -> dict[str, Any] | None:
    path = f"{folder}/{_file(name)}"
    if not os.path.lexists(path):
        return None
    _check_private(folder, is_folder=True)
    _check_private(path, is_folder=False)
    return facts.read(folder, _file(name))


def _check_private(path: str, *, is_folder: bool) -> None:
    """Check that a file or folder is this user's, no link, and closed to all others.

    Raises:
        UserError: it is not.
    """
    seen = os.lstat(path)
    kind = stat.S_ISDIR if is_folder else stat.S_ISREG
    if not kind(seen.st_mode) or seen.st_uid != os.geteuid():
        raise UserError(f"{path} is a link or another user's: no secret is taken from it")
    if seen.st_mode & _OTHERS:
        raise UserError(f"{path} can be read by others: `chmod go= {path}`, and change the secret")


def _of_keyring(store: Store, name: str) -> str | None:
    keyring = _keyring()
    if keyring is None:
        raise UserError(
            f"the secret {name!r} is in the system's keyring, which this Python does not reach: "
            f"{installed.line_for_extra('keyring')}, or set the environment variable "
            f"{environ.secret_spelled(name)}"
        )
    try:
        found: str | None = keyring.get_password(_service(store), name)
    except Exception as error:  # noqa: BLE001 - each keyring has errors of its own
        raise UserError(f"the system's keyring does not give {name!r} ({error})") from None
    return found


def _keyring() -> Any:
    """The module of the system's keyring; None: it is not installed, or reaches none."""
    try:
        keyring = importlib.import_module("keyring")
        backend = keyring.get_keyring()
        return keyring if backend.priority >= 1 else None
    except Exception:  # noqa: BLE001 - no keyring is an answer, whatever the system lacks
        return None
