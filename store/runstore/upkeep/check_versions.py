"""What killed processes left of registered models and datasets, and what of them is damaged."""

from __future__ import annotations

from runstore import layout
from runstore.fs import atomic
from runstore.upkeep import check_run
from runstore.upkeep.findings import Finding, half_made, leftovers, names_or_none, remover

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterator

    from runstore.store import Store

_FACTS = {layout.MODELS: layout.MODEL, layout.DATASETS: layout.DATASET}


def left_versions(store: Store) -> Iterator[Finding]:
    """Versions and downloads that were being made, or removed, by a process that died."""
    for home in layout.VERSIONED:
        above = f"{store.root}/{home}"
        for name in names_or_none(above):
            folder = f"{above}/{name}"
            yield from leftovers(store.root, folder)
            yield from half_made(store, folder)
            if name.startswith("."):
                continue
            for number in filter(str.isdecimal, names_or_none(folder)):
                yield from _left_in(store, f"{home}/{name}/{number}")


def _left_in(store: Store, inside: str) -> Iterator[Finding]:
    path = f"{store.root}/{inside}"
    yield from leftovers(store.root, path)
    files = f"{path}/{layout.FILES}"
    if atomic.is_plain(f"{path}/{layout.DELETED}") and atomic.is_folder(files):
        problem = "a killed deletion left it"
        yield Finding(f"{inside}/{layout.FILES}", problem, remover(store.root, files))


def damaged(store: Store) -> Iterator[Finding]:
    """Versions whose fact cannot be read; what is damaged is moved aside."""
    for home, fact in _FACTS.items():
        for name in names_or_none(f"{store.root}/{home}"):
            folder = f"{store.root}/{home}/{name}"
            for number in filter(str.isdecimal, names_or_none(folder)):
                path = f"{folder}/{number}/{fact}"
                problem = "" if name.startswith(".") else check_run.inspect(path)
                if problem:
                    cure = check_run.cure(store.root, problem, path)
                    yield Finding(f"{home}/{name}/{number}/{fact}", problem, cure)
                elif problem is None:
                    yield Finding(f"{home}/{name}/{number}", f"its {fact} is missing")
