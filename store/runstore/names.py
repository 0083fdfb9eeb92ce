"""What things may be called, and the file names that follow from it."""

from __future__ import annotations

import os
import time

from runstore.errors import InvalidName

_LETTERS = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz"
_FIRST = frozenset(_LETTERS + "0123456789")
_SAFE = frozenset(_LETTERS + "0123456789_-")
_PLAIN = frozenset(_LETTERS + "0123456789_-.")

_HEX = frozenset("0123456789abcdef")
_UUID_DIGITS = 32

MAX_ID = 128
MAX_SLUG = 80
MAX_EXPERIMENT = 255


def check_run_id(run_id: str) -> str:
    """The id itself if a new run may have it.

    Raises:
        InvalidName: it is not 1 to 128 letters, digits, `_` and `-` with a letter or digit first;
            or it is a number, which names a run already.
    """
    if not is_run_id(run_id):
        raise InvalidName(
            f"{run_id!r} is not a valid run id: use 1 to {MAX_ID} letters, digits, '_' and '-', "
            "a letter or digit first"
        )
    if run_id.isdigit():
        raise InvalidName(
            f"{run_id!r} is not a valid run id: a number alone means the run of that number; "
            f"use run-{run_id}, for example"
        )
    return run_id


def is_run_id(run_id: object) -> bool:
    """Whether a run can have this id; a number is one that older versions have given."""
    return (
        isinstance(run_id, str)
        and 0 < len(run_id) <= MAX_ID
        and run_id[0] not in "_-"
        and run_id.isascii()
        and run_id.replace("_", "").replace("-", "").isalnum()
    )


def new_uuid() -> str:
    """A random name that no other run ever has."""
    return os.urandom(16).hex()


def is_uuid(text: object) -> bool:
    """Whether it is of the form that `new_uuid` gives."""
    return isinstance(text, str) and len(text) == _UUID_DIGITS and _HEX.issuperset(text)


_STEP = 0x9E3779B1
"""Odd, so that its multiples are all different modulo 2 ** 32, and look like nothing."""


def new_run_id(experiment: str) -> str:
    """A fresh id: `<slug of the experiment>_<unix seconds>_<8 hex>`, unique by chance."""
    return f"{slug(experiment)}_{int(time.time())}_{os.urandom(4).hex()}"


def new_run_ids(experiment: str, count: int) -> list[str]:
    """So many fresh ids, no two alike: by chance alone two of 10,000 would be, once in 86 times."""
    head, first = f"{slug(experiment)}_{int(time.time())}", int.from_bytes(os.urandom(4), "big")
    return [f"{head}_{(first + number * _STEP) & 0xFFFFFFFF:08x}" for number in range(count)]


def check_experiment(name: str) -> str:
    """The name itself if an experiment may have it (the original's pattern).

    Raises:
        InvalidName: it is not 1 to 255 letters, digits, `_` and `-` with a letter or digit first.
    """
    if is_experiment(name):
        return name
    raise InvalidName(
        f"{name!r} is not a valid experiment name: use 1 to {MAX_EXPERIMENT} letters, digits, '_' "
        "and '-', a letter (a-z) or digit first"
    )


def is_experiment(name: object) -> bool:
    """Whether an experiment may have this name."""
    return (
        isinstance(name, str)
        and 0 < len(name) <= MAX_EXPERIMENT
        and name[0] in _FIRST
        and all(c in "_-" or c.isalnum() for c in name)
    )


def slug(name: str) -> str:
    """A name as at most 80 safe ASCII characters; distinct names may share one."""
    safe = "".join(c if c in _SAFE else "-" for c in name[:MAX_SLUG])
    return safe if safe[:1] in _FIRST else "x" + safe[: MAX_SLUG - 1]


def is_safe_folder(name: str) -> bool:
    """Whether a folder can bear the name of an experiment as it stands."""
    return len(name) <= MAX_SLUG and name[:1] in _FIRST and _SAFE.issuperset(name)


def hashed_folder(name: str) -> str:
    """The folder of an experiment whose name is not safe, or differs from another by case only."""
    import hashlib
    import unicodedata

    data = unicodedata.normalize("NFC", name).encode("utf-8", "surrogatepass")
    return f"{slug(name)}-{hashlib.sha256(data).hexdigest()[:8]}"


def is_folder_of(folder: str, name: str) -> bool:
    """Whether the experiment of that name can lie in that folder."""
    return folder == name or folder == hashed_folder(name)


def to_file_name(key: str) -> str:
    """A key of any characters as a file name: all but the plainest bytes are percent-encoded.

    A name over the file system's limit of 255 bytes ends in a hash; the file holds the true key.
    """
    encoded = "".join(
        chr(b) if chr(b) in _PLAIN else f"%{b:02X}" for b in key.encode("utf-8", "surrogatepass")
    )
    if encoded[:1] == ".":
        encoded = "%2E" + encoded[1:]
    if len(encoded) <= 200:
        return encoded or "%"
    import hashlib

    return f"{encoded[:160]}%~{hashlib.sha256(encoded.encode()).hexdigest()[:32]}"
