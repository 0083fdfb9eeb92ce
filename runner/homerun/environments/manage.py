"""The environments that were made: which there are, making one ahead, removing old ones."""

from __future__ import annotations

import fcntl
import os
from time import time

from homerun.base.errors import UserError
from homerun.environments import builder, recipe, resolve
from runstore.fs import clock

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any

    from homerun.environments.conda import CondaDependencies

_DAY_S = 86400.0


def kept(root: str = "") -> list[dict[str, Any]]:
    """The environments that are whole, the one that was used last at the end.

    Args:
        root: a store whose own are meant too.
    """
    rows = [_row(folder) for folder in _folders(root) if recipe.is_ready(folder)]
    return sorted((row for row in rows if row is not None), key=lambda row: str(row["used"]))


def build(
    name: str | None,
    packages: CondaDependencies | None,
    interpreter: str | None = None,
    ignore_conda_packages: bool = False,
) -> tuple[str, list[str]]:
    """Make an environment now, as a run would; what the installer says goes to standard error.

    Args:
        packages: None: the user sees to them.
        interpreter: a path; None: the interpreter that submits.

    Returns:
        Its folder, or "" where the interpreter has all that it needs; and notices.

    Raises:
        UserError: it cannot be made.
    """
    wanted, told = resolve.recipe(name, packages, interpreter, ignore_conda_packages)
    if wanted is None:
        return "", told
    failed = f"the environment {wanted.name!r} could not be built"
    try:
        builder.make(wanted)
    except builder.CannotBuild as error:
        raise UserError(f"{failed}: {error}; what it said stands above") from error
    except OSError as error:
        where = error.filename or wanted.folder
        raise UserError(f"{failed}: {where}: {error.strerror or error}") from error
    return wanted.folder, told


def collect(older_than_days: float, root: str = "") -> list[str]:
    """Remove the environments that no run has used for so many days, and what killed builders left.

    One that is being built, or that a run uses, stays.

    Args:
        root: a store whose own are meant too.

    Returns:
        The keys of those that were removed.

    Raises:
        UserError: one cannot be removed.
    """
    before = time() - older_than_days * _DAY_S
    removed = []
    for folder in _folders(root):
        try:
            if _collect(folder, before):
                removed.append(os.path.basename(folder))
        except OSError as error:
            raise UserError(f"{error.filename}: it cannot be removed ({error.strerror})") from error
    return removed


def _collect(folder: str, before: float) -> bool:
    held = _taken(f"{folder}.lock", os.O_RDWR | os.O_CREAT)
    if held is None:
        return False  # it is being built
    try:
        builder.remove_unfinished(folder)
        used = f"{folder}/{recipe.IN_USE}"
        if not os.path.exists(used) or os.stat(used).st_mtime > before:
            return False
        in_use = _taken(used, os.O_RDONLY)
        if in_use is None:
            return False
        try:
            whole = os.path.realpath(folder)
            os.unlink(folder)
            builder.remove(whole)
        finally:
            fcntl.flock(in_use, fcntl.LOCK_UN)
            os.close(in_use)
        return True
    finally:
        os.close(held)


def _taken(path: str, flags: int) -> int | None:
    """A descriptor that holds a lock alone; None: another process holds it."""
    held = os.open(path, flags | os.O_CLOEXEC, 0o600)
    try:
        fcntl.flock(held, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        os.close(held)
        return None
    return held


def _folders(root: str) -> list[str]:
    """Every environment for which anything lies in the cache, or in a store."""
    found = []
    for home in (recipe.home(), *([recipe.home_within(root)] if root else [])):
        try:
            names = os.listdir(home)
        except OSError:
            continue
        keys = {name.partition("-")[0].partition(".")[0] for name in names if name[:1] != "."}
        found += [f"{home}/{key}" for key in sorted(keys)]
    return found


def _row(folder: str) -> dict[str, Any] | None:
    said = recipe.about(folder)
    try:
        used = clock.stamp(os.stat(f"{folder}/{recipe.IN_USE}").st_mtime)
    except OSError:
        return None  # removed just now
    return {
        "key": os.path.basename(folder),
        "name": said.get("name"),
        "interpreter": said.get("interpreter"),
        "packages": said.get("packages") or [],
        "made": said.get("time"),
        "used": used,
        "directory": folder,
    }
