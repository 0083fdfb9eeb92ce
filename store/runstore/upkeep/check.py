"""Check and repair of a whole store.

Every damaged or left file is named. A repair loses nothing: what is damaged is moved aside under a
hidden name in its folder, and only what a killed process left half-made is removed. Readers do not
need a repair: they skip what is damaged.
"""

from __future__ import annotations

import os
import time

from runstore import layout, names
from runstore.errors import FormatTooNew, StoreError, words
from runstore.fs import atomic, facts, maintenance_lock
from runstore.run import deleted, labels, ledger, snapshot_claims
from runstore.run.record import Record
from runstore.upkeep import check_queue, check_run, check_versions, check_views, trash
from runstore.upkeep.check_links import check_links
from runstore.upkeep.findings import (
    YOUNG_S,
    Finding,
    age_s,
    half_made,
    is_dead,
    leftovers,
    mover,
    names_or_none,
    remover,
)

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator

    from runstore.store import Store


def check(store: Store, repair: bool = False) -> list[Finding]:
    """All findings, those of the store itself first. Without `repair` nothing is changed or locked.

    Raises:
        FormatTooNew, ReadOnlyStore: a repair is wanted, and may not be.
        LockTimeout: another process repairs this store.
    """
    if not repair:
        return list(_walk(store))
    if store.format > layout.FORMAT:
        raise FormatTooNew(store.root, store.format, layout.FORMAT)
    if not os.path.isdir(store.root):
        return []
    with maintenance_lock.lock(store.root):
        found = list(_walk(store))
        for finding in found:
            _repair(finding)
    return found


def _repair(finding: Finding) -> None:
    """Do a finding's cure; one that fails leaves it unrepaired, and the others go on."""
    if finding.cure is None:
        return
    try:
        finding.cure()
    except (OSError, StoreError) as error:
        finding.problem += f"; the repair failed ({words(error)})"
    else:
        finding.repaired = True


def _walk(store: Store) -> Iterator[Finding]:
    folders = store.experiment_folders()
    yield from check_links(store)
    yield from _store_json(store, folders)
    workspace = check_run.inspect(f"{store.root}/{layout.WORKSPACE}")
    if workspace:
        cure = check_run.cure(store.root, workspace, f"{store.root}/{layout.WORKSPACE}")
        yield Finding(layout.WORKSPACE, workspace, cure)
    yield from leftovers(store.root, store.root)
    yield from half_made(store, store.root)
    for folder in folders:
        yield from _experiment(store, folder)
    yield from claims(store)
    yield from half_made_snapshots(store)
    yield from _snapshots(store)
    yield from _interpreters(store)
    yield from check_versions.left_versions(store)
    yield from check_versions.damaged(store)
    yield from check_views.check_views(store)
    yield from _trash(store)
    yield from check_queue.check_queues(store)


def _store_json(store: Store, folders: list[str]) -> Iterator[Finding]:
    if store.damage:
        yield Finding(layout.STORE, store.damage, lambda: _make_anew(store))
    elif not store.has_description() and any(
        _holds_runs(f"{store.root}/{name}") for name in folders
    ):
        yield Finding(layout.STORE, "it is missing", lambda: _make_anew(store))


def _make_anew(store: Store) -> None:
    """Describe the store again, under the id that its runs know; else they would be copies."""
    known = (str(record.place().get("store_id") or "") for record in store.runs())
    found = store.lost_id() or next(filter(None, known), "")
    if store.damage:
        mover(store.root, f"{store.root}/{layout.STORE}")()
    store.make(found)


def _experiment(store: Store, folder: str) -> Iterator[Finding]:
    path = f"{store.root}/{folder}"
    # The folders first: a run has its line before its folder appears.
    runs = [
        Record(store, folder, name)
        for name in names_or_none(path)
        if names.is_run_id(name) and atomic.is_folder(f"{path}/{name}")
    ]
    yield from _experiment_json(store, folder, runs)
    yield from leftovers(store.root, path)
    yield from half_made(store, path)
    yield from _ledger(f"{path}/{layout.LEDGER}", f"{folder}/{layout.LEDGER}", runs)
    written = f"{path}/{layout.EXPERIMENT_LABELS}"
    yield from check_run.check_logs(store.root, written, labels.is_change, is_live=False)
    for record in runs:
        yield from check_run.check_run(record)
        yield from check_run.check_parent(record)


def _experiment_json(store: Store, folder: str, runs: list[Record]) -> Iterator[Finding]:
    path = f"{store.root}/{folder}"
    fact = f"{path}/{layout.EXPERIMENT}"
    problem = check_run.inspect(fact)
    if problem == "" and not names.is_folder_of(folder, store.stated_name(folder)):
        problem = "its name belongs to another folder"
    if problem == "":
        return
    name = _true_name(folder, runs)
    where = f"{folder}/{layout.EXPERIMENT}"
    if problem is None and not (name and _holds_runs(path)):
        yield Finding(where, "it is missing: this may be no experiment's folder")
        return

    def publish() -> None:
        if problem is not None:
            mover(store.root, fact)()
        if name:
            facts.publish(path, layout.EXPERIMENT, facts.signed({"name": name}), sync=True)

    if problem is not None and check_run.cure(store.root, problem, fact) is None:
        yield Finding(where, problem)
    else:
        yield Finding(where, problem or "it is missing", publish)


def _true_name(folder: str, runs: list[Record]) -> str:
    """The experiment's name, as its runs or its folder tell it; "" if none can be meant."""
    said = (check_run.said(record).get("experiment") for record in runs)
    known = [name for name in said if isinstance(name, str)]
    for name in (*known, folder):
        if names.is_experiment(name) and names.is_folder_of(folder, name):
            return name
    return ""


def _holds_runs(path: str) -> bool:
    return os.path.exists(f"{path}/{layout.LEDGER}") or any(
        os.path.exists(f"{path}/{name}/{layout.RUN}") for name in names_or_none(path)
    )


def _ledger(path: str, where: str, runs: list[Record]) -> Iterator[Finding]:
    """Torn or damaged rows, and runs without one. A row without a folder is no damage: removed."""
    try:
        found = ledger.survey(path)
    except OSError as error:
        yield Finding(where, f"it cannot be read ({error.strerror})")
        return
    if found.tail:
        problem = f"its last row has {found.tail} of {ledger.WIDTH} bytes"
        yield Finding(where, problem, lambda: ledger.align(path))
    by_number = {record.run.get("number"): record for record in runs if found.broken}
    for number in found.broken:
        problem = f"row {number}, at byte {(number - 1) * ledger.WIDTH}, is not a run's"
        owner = by_number.get(number)
        yield Finding(where, problem, _rewriter(path, number, owner))
    restored = {by_number[n].id for n in found.broken if n in by_number}
    for record in runs:
        if record.id not in found.ids and record.id not in restored:
            yield Finding(
                f"{os.path.dirname(where)}/{record.id}",
                "the ledger has no line for it",
                _adder(path, record),
            )


def _rewriter(path: str, number: int, owner: Record | None) -> Callable[[], None]:
    def rewrite() -> None:
        row = b"" if owner is None else _line(owner)
        ledger.replace(path, number, row)

    return rewrite


def _adder(path: str, record: Record) -> Callable[[], None]:
    def add() -> None:
        ledger.append(path, _line(record))

    return add


def _line(record: Record) -> bytes:
    made = record.created[:19] + "Z"
    if len(made) != 20 or not made.isascii():
        seconds = os.stat(record.path).st_mtime
        made = time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime(seconds))
    return ledger.format_line(record.id, made, child=bool(record.run.get("parent")))


def claims(store: Store) -> Iterator[Finding]:
    """Claims of ids that no run has, deleted or not; a young one may be of a maker at work."""
    for name in names_or_none(f"{store.root}/{layout.IDS}"):
        path = f"{store.root}/{layout.IDS}/{name}"
        if not names.is_run_id(name) or not atomic.is_plain(path):
            continue
        try:
            age = time.time() - os.lstat(path).st_ctime
        except FileNotFoundError:
            continue
        if age > YOUNG_S and store.get(name) is None and not deleted.holds(store, name):
            yield Finding(f"{layout.IDS}/{name}", "no run has this id", remover(store.root, path))


def _interpreters(store: Store) -> Iterator[Finding]:
    folder = f"{store.root}/{layout.INTERPRETERS}"
    yield from leftovers(store.root, folder)
    for name in names_or_none(folder):
        problem = "" if name[:1] == "." else check_run.inspect(f"{folder}/{name}")
        if problem:
            where = f"{layout.INTERPRETERS}/{name}"
            yield Finding(where, problem, check_run.cure(store.root, problem, f"{folder}/{name}"))


def half_made_snapshots(store: Store) -> Iterator[Finding]:
    """Snapshots whose makers were killed."""
    root = f"{store.root}/{layout.SNAPSHOTS}"
    for name in names_or_none(root):
        if name.startswith(layout.NEW):
            path = f"{root}/{name}"
            pid = name[len(layout.NEW) :].partition("-")[0]
            at_work = pid.isdecimal() and not is_dead(int(pid))
            if not at_work and age_s(path) > YOUNG_S:
                problem = "a killed maker left it half-made"
                yield Finding(f"{layout.SNAPSHOTS}/{name}", problem, remover(store.root, path))


def _snapshots(store: Store) -> Iterator[Finding]:
    root = f"{store.root}/{layout.SNAPSHOTS}"
    yield from _half_removed(store, snapshot_claims.left(store))
    for name in names_or_none(root):
        path = f"{root}/{name}"
        if name[:1] != ".":
            manifest = f"{path}/{layout.SNAPSHOT_MANIFEST}"
            problem = check_run.inspect(manifest, layout.MOST_MANIFEST_BYTES)
            if problem is None:
                problem = "its manifest is missing"
            elif not atomic.is_folder(f"{path}/{layout.SNAPSHOT_TREE}"):
                problem = "its tree is missing"
            if problem:
                where = f"{layout.SNAPSHOTS}/{name}"
                yield Finding(where, problem, check_run.cure(store.root, problem, path))


def _trash(store: Store) -> Iterator[Finding]:
    """What is in the trash besides runs. A deleted run is looked at once it is restored."""
    yield from _half_removed(store, trash.half_removed(store))
    for record in deleted.entries(store):
        where = os.path.relpath(record.path, store.root)
        yield from leftovers(store.root, record.path)
        if check_run.inspect(f"{record.path}/{layout.RUN}") is None and not names_or_none(
            record.path
        ):
            yield Finding(where, "it is empty: it was no run", remover(store.root, record.path))
        elif store.get(record.id) is not None:
            yield Finding(where, "the store has a run of this id, too")


def _half_removed(store: Store, paths: Iterable[str]) -> Iterator[Finding]:
    """What was being removed when the process that did so was killed; a young one is, just now."""
    for path in paths:
        if age_s(path) > YOUNG_S:
            where = os.path.relpath(path, store.root)
            yield Finding(where, "a killed removal left it", remover(store.root, path))
