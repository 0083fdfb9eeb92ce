"""Collecting what an interactive run wrote: files of its outputs folder, newer than its start."""

from __future__ import annotations

import os

from runstore import layout

_CHUNK = 1 << 20


def outputs(folder: str, run_folder: str, since_ns: int) -> list[str]:
    """Copy files made or changed since the start into the run's `outputs/`; their relative paths.

    Links are not followed, the store itself is left out, and so is a file that cannot be read: the
    outcome of a training does not hang on it.

    Args:
        folder: where the process writes its outputs.
        since_ns: the ctime from which on a file counts, in ns.
    """
    found = []
    store = os.path.realpath(os.path.dirname(os.path.dirname(run_folder)))
    for at, folders, names in os.walk(os.path.realpath(folder)):
        folders[:] = [name for name in folders if os.path.join(at, name) != store]
        for name in sorted(names):
            path = os.path.join(at, name)
            relative = os.path.relpath(path, os.path.realpath(folder))
            if _is_new(path, since_ns) and _copy(path, f"{run_folder}/{layout.OUTPUTS}", relative):
                found.append(relative)
    return found


def _is_new(path: str, since_ns: int) -> bool:
    from stat import S_ISREG

    try:
        found = os.lstat(path)
    except OSError:
        return False
    return S_ISREG(found.st_mode) and found.st_ctime_ns >= since_ns


def _copy(path: str, outputs_folder: str, relative: str) -> bool:
    target = os.path.join(outputs_folder, relative)
    try:
        os.makedirs(os.path.dirname(target), mode=0o700, exist_ok=True)
        with open(path, "rb") as source:
            descriptor = os.open(target, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
            with open(descriptor, "wb") as copy:
                while part := source.read(_CHUNK):
                    copy.write(part)
    except OSError:
        return False
    return True
