"""What is left or damaged of saved views, and those that were deleted long ago."""

from __future__ import annotations

from runstore import layout
from runstore.fs import facts
from runstore.upkeep import check_run
from runstore.upkeep.findings import Finding, age_s, leftovers, names_or_none

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterator

    from runstore.store import Store

_MOST_BYTES = 1 << 18


def check_views(store: Store) -> Iterator[Finding]:
    """Files half-written, and revisions that cannot be read, which are moved aside."""
    folder = f"{store.root}/{layout.VIEWS}"
    yield from leftovers(store.root, folder)
    for name in names_or_none(folder):
        problem = "" if name[:1] == "." else check_run.inspect(f"{folder}/{name}", _MOST_BYTES)
        if problem:
            cure = check_run.cure(store.root, problem, f"{folder}/{name}")
            yield Finding(f"{layout.VIEWS}/{name}", problem, cure)


def deleted_views(store: Store, older_than_s: float) -> Iterator[str]:
    """The files of views that were deleted so long ago, the oldest revision of each first.

    In that order: a deletion that went before what it deletes would bring that back.
    """
    folder = f"{store.root}/{layout.VIEWS}"
    revisions: dict[str, list[int]] = {}
    for name in names_or_none(folder):
        view_id, _, number = name.removesuffix(".json").partition(".")
        if view_id and number.isdecimal() and name.endswith(".json"):
            revisions.setdefault(view_id, []).append(int(number))
    for view_id, numbers in revisions.items():
        paths = [f"{folder}/{view_id}.{number}.json" for number in sorted(numbers)]
        last = facts.read(folder, paths[-1].rpartition("/")[2], _MOST_BYTES)
        if last is not None and last.get("deleted") and age_s(paths[-1]) >= older_than_s:
            yield from paths
