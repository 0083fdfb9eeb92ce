"""What a power cut can leave of each write protocol: every image opens, and repairs to a clean one.

What is synced (run.json, properties, outcomes) is whole once its operation has returned, and was
nowhere seen half before. `TORTURE=long` tries every image, the short form some of each.
"""

from __future__ import annotations

import os
import shutil
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any, NamedTuple

import pytest

from homerun.base.errors import SubmitError
from homerun.snapshots import scan, snapshot, work_copy
from runstore import layout, status
from runstore import look as looks
from runstore.draft import Draft, write_rows
from runstore.fs import atomic, lock
from runstore.metrics import log as metric_log
from runstore.run import identity, labels
from runstore.run.record import Record
from runstore.store import Store
from runstore.upkeep.check import check
from torture import images, report, trace

pytest.importorskip("filelock", reason="repairs need the package filelock")

OTHERS = ("first", "second")
MINE = "mine"
AN_HOUR_S = 3600.0

GIB = 1 << 30


class Protocol(NamedTuple):
    """An operation, and what it promises once it has returned.

    Args:
        kept: what is lost, in words, of an image after the operation's return.
        contents: what may have become of content that was not synced.
        always: what is wrong, in words, with any image.
    """

    operate: Callable[[Store], object]
    kept: Callable[[Store], list[str]]
    prepare: Callable[[Store], object] = lambda store: None
    contents: tuple[str, ...] = images.CONTENTS
    always: Callable[[Store], list[str]] = lambda store: []


def _mine(store: Store) -> Record:
    return Record(store, "exp", MINE)


def _make(store: Store, experiment: str, run_id: str | None, parent: Record | None = None) -> None:
    draft = Draft(store, experiment, run_id, parent=parent)
    alive = draft.take_alive()
    atomic.make_new_folder(f"{draft.path}/{layout.USER_LOGS}")
    draft.publish({"kind": status.SUBMITTED, "tags": {"a": "b"}})
    lock.release(alive)


def _publish_ended(store: Store) -> None:
    _mine(store).publish(layout.ENDED, {"status": status.FAILED}, sync=True)


def _log(store: Store) -> None:
    writer = metric_log.Writer(_mine(store).path)
    for number in range(40):
        writer.add_scalar("loss", number + 0.5)


def _rows(store: Store) -> None:
    write_rows(_mine(store), [{"kind": status.INTERACTIVE, "tags": {}} for _ in range(2)])


def _damage(store: Store) -> None:
    path = _mine(store).path
    Path(path, layout.STOP).write_text("{")
    Path(path, ".stop.json.1.00000000").write_text("{")
    Path(path, layout.PROPERTIES, "bad").write_text("")
    with open(f"{store.root}/exp/{layout.LEDGER}", "ab") as ledger:
        ledger.write(b"x" * 300)
    os.mkdir(f"{store.root}/exp/{layout.NEW}x")
    os.symlink("../../gone", f"{path}/{layout.CHILDREN}/gone")


def _take_snapshot(store: Store) -> snapshot.Snapshot:
    tree = scan.scan(f"{os.path.dirname(store.root)}/source", store=store.root)
    return snapshot.take(tree, f"{store.root}/{layout.SNAPSHOTS}")


def _copies_well(store: Store) -> list[str]:
    """A run made from what is left of a snapshot has its source, or is refused and then has it."""
    home = os.path.dirname(store.root)
    for tries in range(2):
        work = f"{home}/work-{tries}"
        os.makedirs(f"{work}/{layout.WORK}")
        try:
            work_copy.build(_take_snapshot(store), work, f"{home}/source", GIB)
            break
        except SubmitError:
            continue
    for name in ("train.py", "package/__init__.py"):
        wanted = Path(home, "source", name).read_bytes()
        made = Path(work, layout.WORK, "source", name)
        if not made.exists() or made.read_bytes() != wanted:
            return [f"a run would have another {name} than its source"]
    return []


def _nothing(store: Store) -> list[str]:
    return []


def _run_of(run_id: str) -> Callable[[Store], list[str]]:
    def look(store: Store) -> list[str]:
        record = store.get(run_id)
        return (
            [] if record and record.run.get("id") == run_id else [f"I3: the run {run_id} is lost"]
        )

    return look


def _outcome(store: Store) -> list[str]:
    ended = _mine(store).fact(layout.ENDED) or {}
    return [] if ended.get("status") == status.FAILED else [f"I3: the outcome is lost: {ended}"]


def _property(key: str) -> Callable[[Store], list[str]]:
    def look(store: Store) -> list[str]:
        found = _mine(store).properties()
        return [] if found.get(key) == "v" else [f"I3: the property {key} is lost: {found}"]

    return look


def _all_rows(store: Store) -> list[str]:
    rows = [record for record in store.runs() if record.run.get("parent") == MINE]
    return [] if len(rows) == 2 else [f"I3: {len(rows)} of 2 rows are left"]


def _other(store: Store) -> Store:
    return Store(f"{os.path.dirname(store.root)}/other")


def _other_store(store: Store) -> list[str]:
    other = _other(store)
    is_whole = other.id and os.path.exists(f"{other.root}/{layout.GITIGNORE}")
    return [] if is_whole else ["I3: the new store is lost"]


PROTOCOLS = {
    "publish an outcome": Protocol(_publish_ended, _outcome),
    "publish a fact that is not synced": Protocol(
        lambda store: _mine(store).publish(layout.STOP, {"kind": status.CANCEL}), _nothing
    ),
    "set the first property": Protocol(
        lambda store: _mine(store).add_property("k", "v"),
        _property("k"),
        lambda store: shutil.rmtree(f"{_mine(store).path}/{layout.PROPERTIES}"),
    ),
    "set another property": Protocol(
        lambda store: _mine(store).add_property("k", "v"), _property("k")
    ),
    "write labels": Protocol(
        lambda store: _mine(store).label(
            [(labels.TAG, "k" * 400, "v"), (labels.TAG, "l", "v" * 400)]
        ),
        _nothing,
    ),
    "log metrics": Protocol(_log, _nothing),
    "make a run": Protocol(lambda store: _make(store, "exp", "made"), _run_of("made")),
    "make a run in a new experiment": Protocol(
        lambda store: _make(store, "new", "made"), _run_of("made")
    ),
    "make a child": Protocol(
        lambda store: _make(store, "exp", "made", _mine(store)), _run_of("made")
    ),
    "make rows": Protocol(_rows, _all_rows),
    "make an experiment": Protocol(lambda store: store.make_experiment("e" * 200), _nothing),
    "make a store": Protocol(lambda store: _other(store).for_writing(), _other_store),
    # A snapshot is not synced; that a file has its size and not its content is not noticed.
    "take a snapshot": Protocol(
        _take_snapshot, _nothing, contents=("whole", "missing", "torn"), always=_copies_well
    ),
    "repair": Protocol(lambda store: check(store, repair=True), _property("old"), _damage),
}


@pytest.fixture
def top(tmp_path: Path) -> Path:
    """A folder with a store: two runs that nobody touches, and one that is worked on."""
    folder = tmp_path / "top"
    (folder / "source" / "package").mkdir(parents=True)
    (folder / "source" / "train.py").write_text("print(1)\n" * 100)
    (folder / "source" / "package" / "__init__.py").write_text("")
    store = Store(str(folder / layout.STORE_FOLDER)).for_writing()
    for run_id in (*OTHERS, MINE):
        _make(store, "exp", run_id)
        record = Record(store, "exp", run_id)
        record.add_property("old", "v")
        record.label([(labels.TAG, "old", "v")])
        metric_log.Writer(record.path).add_scalar("old", 1.5)
        os.mkdir(f"{record.path}/{layout.CHILDREN}")
    Record(store, "exp", "first").publish(layout.ENDED, {"status": status.COMPLETED}, sync=True)
    return folder


def _later(monkeypatch: pytest.MonkeyPatch) -> None:
    """After the power cut: another boot, an hour later."""
    really = time.time
    monkeypatch.setattr(identity, "boot_id", lambda: "another-boot")
    monkeypatch.setattr(time, "time", lambda: really() + AN_HOUR_S)


def _read(record: Record) -> tuple[Any, ...]:
    """All that a run shows."""
    seen = looks.at(record)
    values = {name: one.values for name, one in metric_log.read(record.path)[0].items()}
    return (
        record.run,
        seen.status,
        seen.facts,
        _told(record.labels()),
        record.properties(),
        values,
    )


def _told(found: labels.Labels) -> tuple[Any, ...]:
    return found.tags, found.display_name, found.description


def _inspect(
    folder: str, protocol: Protocol, known: dict[str, Any], *, returned: bool
) -> list[str]:
    """What is wrong with an image."""
    store = Store(f"{folder}/{layout.STORE_FOLDER}")
    breaks = _compare(store, known)
    if returned:
        breaks += protocol.kept(store)
    for finding in check(store):
        assert finding.path
    check(store, repair=True)
    left = [finding for finding in check(store) if "readers skip" not in finding.problem]
    breaks += [f"after the repair there is still {finding}" for finding in left]
    breaks += _compare(store, known)
    if returned:
        breaks += protocol.kept(store)
    breaks += protocol.always(store)
    for one in (store, _other(store)):
        if one.exists():
            check(one, repair=True)
        Store(one.root).for_writing()
    return breaks


def _compare(store: Store, known: dict[str, Any]) -> list[str]:
    found = {record.id: _read(record) for record in store.runs()}
    breaks = [
        f"I1: {run_id} reads otherwise" for run_id in OTHERS if found.get(run_id) != known[run_id]
    ]
    if MINE not in found or found[MINE][0] != known[MINE][0]:
        breaks.append(f"I3: what was asked of {MINE} is lost")
    elif found[MINE][4].get("old") != "v" and "old" in known[MINE][4]:
        breaks.append("I3: a property of old is lost")
    return breaks


@pytest.mark.parametrize("name", PROTOCOLS)
def test_what_a_power_cut_leaves_opens_and_repairs(
    name: str, top: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    protocol = PROTOCOLS[name]
    store = Store(str(top / layout.STORE_FOLDER))
    protocol.prepare(store)
    before = images.Image.of(str(top))
    ops = trace.record(lambda: protocol.operate(store))
    _later(monkeypatch)
    before.write_to(str(tmp_path / "before"))
    known_store = Store(str(tmp_path / "before" / layout.STORE_FOLDER))
    known = {record.id: _read(record) for record in known_store.runs()}

    breaks: list[str] = []
    seen: set[str] = set()
    chosen = [case for case in images.cases(ops) if case.content in protocol.contents]
    if not report.IS_LONG:
        ends = [case for case in chosen if case.end == len(ops)]
        chance = report.chance("images", name)
        chosen = chance.sample(chosen, min(8, len(chosen))) + chance.sample(ends, min(4, len(ends)))
    for number, case in enumerate(chosen):
        image = images.build(before, ops, case)
        returned = case.end == len(ops)
        digest = f"{image.digest()} {returned}"
        if digest in seen:
            continue
        seen.add(digest)
        folder = str(tmp_path / f"image-{number}")
        image.write_to(folder)
        try:
            found = _inspect(folder, protocol, known, returned=returned)
        except Exception as error:  # noqa: BLE001 - whatever it is, it is a break
            found = [f"I1: {type(error).__name__}: {error}"]
        breaks += [f"{name}, {case}: {text}" for text in found]
        shutil.rmtree(folder)

    assert ops
    report.settle("crash images: " + name, len(seen), breaks)
