"""Files by a path with `*`, `?`, `[…]` and `**`, or all below a folder."""

from __future__ import annotations

import glob
import os

_MAGIC = frozenset("*?[")


def matching(path: str) -> tuple[str, list[str]]:
    """The files that a path means, sorted, and the folder that their relative paths begin in."""
    base, pattern = _split(path)
    if not pattern:
        if os.path.isdir(base):
            return base, _below(base)
        return os.path.dirname(base), [base] if os.path.isfile(base) else []
    found: set[str] = set()
    for one in glob.glob(os.path.join(glob.escape(base), pattern), recursive=True):
        full = os.path.normpath(one)
        if os.path.isdir(full):
            found.update(_below(full) if pattern.endswith("*") else ())
        elif os.path.isfile(full):
            found.add(full)
    return base, sorted(found)


def whole_folder(path: str) -> str | None:
    """The folder all of whose files a path means: `data`, `data/`, `data/**`; None: it is none."""
    base, pattern = _split(path)
    return base if pattern in ("", "**", "**/*", "**/**", "*") else None


def _split(path: str) -> tuple[str, str]:
    """The part of a path before the first pattern, and the rest."""
    parts = path.rstrip("/").split("/") if path != "/" else [""]
    for at, part in enumerate(parts):
        if _MAGIC & set(part) and not os.path.lexists("/".join(parts[: at + 1])):
            return "/".join(parts[:at]) or "/", "/".join(parts[at:])
    return "/".join(parts) or "/", ""


def _below(folder: str) -> list[str]:
    found = []
    for here, folders, names in os.walk(folder):
        folders.sort()
        paths = (os.path.join(here, name) for name in names)
        found += [path for path in paths if os.path.isfile(path)]
    return sorted(found)
