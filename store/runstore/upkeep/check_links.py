"""The links that stand where a store has none: they are not followed, and a check names them.

Links of a store's own are those to the children of a run, in its folder `children`, and those to
the folders that its script works in. Whatever a script wrote may hold links of its own.
"""

from __future__ import annotations

import os
from stat import S_ISDIR, S_ISLNK

from runstore import layout
from runstore.upkeep.findings import Finding, mover, names_or_none

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterator

    from runstore.store import Store

_PROBLEM = "it is a link, and none is followed here"

_OF_SCRIPTS = (layout.WORK, layout.OUTPUTS, layout.LOGS, layout.INPUTS)
"""What a run's folder has of its script's making: below it, and as links to it, all is allowed."""

_WITH_LINKS = (layout.CHILDREN, layout.SNAPSHOT_TREE)
"""Folders that hold links of the store's own, or those of a user's code."""

_DEEPEST = 6


def check_links(store: Store) -> Iterator[Finding]:
    """Each of them, with the cure to move it aside in its folder."""
    for name in names_or_none(store.root):
        # What users and scripts put into a datastore is data; its folder is the store's own.
        is_data = name == layout.DATASTORES
        yield from _links(store.root, name, depth=_DEEPEST - 1 if is_data else 1)


def _links(root: str, inner: str, depth: int) -> Iterator[Finding]:
    """Those at a place of a store and below it, as deep as a store has files of its own."""
    path = f"{root}/{inner}"
    try:
        mode = os.lstat(path).st_mode
    except OSError:
        return
    above, _, last = inner.rpartition("/")
    if S_ISLNK(mode):
        yield Finding(inner, _PROBLEM, mover(root, path))
    elif S_ISDIR(mode) and depth < _DEEPEST and not (above and last in _WITH_LINKS):
        names = names_or_none(path)
        is_run = layout.RUN in names
        for name in names:
            if not (is_run and name in _OF_SCRIPTS):
                yield from _links(root, f"{inner}/{name}", depth + 1)
