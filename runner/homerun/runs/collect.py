"""Collecting what an interactive run wrote: files of its outputs folder, newer than its start."""

from __future__ import annotations

import os
from stat import S_ISREG

from homerun.metrics.logger import say
from runstore.errors import StoreError
from runstore.run import files


def outputs(folder: str, prefix: str, run_folder: str, since_ns: int) -> list[str]:
    """Add files made or changed since the start to the run; their names.

    Links are not followed, the store itself is left out, and so is a file that cannot be read: the
    outcome of a training does not hang on it. What was uploaded under the same name stays.

    Args:
        folder: where the process writes its outputs.
        prefix: what the run's names for them begin with, such as `outputs/`.
        since_ns: the ctime from which on a file counts, in ns.
    """
    found: list[str] = []
    refused: list[str] = []
    root = os.path.realpath(folder)
    store = os.path.realpath(os.path.dirname(os.path.dirname(run_folder)))
    for at, folders, names in os.walk(root):
        folders[:] = [name for name in folders if os.path.join(at, name) != store]
        for name in sorted(names):
            path = os.path.join(at, name)
            wanted = prefix + os.path.relpath(path, root)
            try:
                if _is_new(path, since_ns) and _add(path, run_folder, wanted):
                    found.append(wanted)
            except StoreError as error:
                refused.append(str(error))
    if refused:
        count = "a file" if len(refused) == 1 else f"{len(refused)} files, the first"
        say(f"not collected from {root}: {count}: {refused[0]}")
    return found


def _is_new(path: str, since_ns: int) -> bool:
    try:
        found = os.lstat(path)
    except OSError:
        return False
    return S_ISREG(found.st_mode) and found.st_ctime_ns >= since_ns


def _add(path: str, run_folder: str, name: str) -> bool:
    try:
        source = os.open(path, os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK | os.O_CLOEXEC)
    except OSError:
        return False
    try:
        files.add(run_folder, name, source, sync=False)
    except OSError:
        return False
    finally:
        os.close(source)
    return True
