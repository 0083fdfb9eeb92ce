"""The check of one run's folder: its facts, logs, properties, and the links to its children."""

from __future__ import annotations

import os
from functools import partial

from runstore import layout, look, names, status
from runstore.fs import append, atomic, facts, safe_path
from runstore.metrics import log as metric_log
from runstore.run import files, labels
from runstore.store import store_of
from runstore.upkeep.findings import (
    YOUNG_S,
    Finding,
    age_s,
    is_left,
    leftovers,
    mover,
    names_or_none,
    remover,
)

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from typing import Any

    from runstore.run.record import Record

_UNREADABLE = "it cannot be read"


def check_run(record: Record) -> Iterator[Finding]:
    """What is damaged in a run's folder.

    A live run's folder is never repaired, and what it is in the middle of writing is no finding.
    """
    is_live = _may_be_live(record)
    root, folder = record.store.root, record.path
    found = [*_facts(record), *_logs(record, is_live), *_properties(record), *_children(record)]
    if not is_live:
        found += leftovers(root, folder)
        found += leftovers(root, f"{folder}/{layout.PROPERTIES}")
        found += _unfinished(record)
        found += _half_planned(record)
    for finding in found:
        if is_live:
            finding.cure = None
        yield finding


_OF_QUEUE = (layout.QUEUED, layout.PLACED, layout.TAKEN)
_MAY_LIVE = (status.ALIVE, status.BEATING, status.ELSEWHERE)


def _may_be_live(record: Record) -> bool:
    """Whether the run goes on, or cannot be looked at; then nothing of it is repaired."""
    try:
        return look.at(record).seen in _MAY_LIVE
    except OSError as error:
        if error.errno in atomic.OUR_OWN:
            raise
        return True


def said(record: Record) -> dict[str, Any]:
    """A run's run.json; {} where it is damaged or cannot be read."""
    try:
        return record.run
    except OSError as error:
        if error.errno in atomic.OUR_OWN:
            raise
        return {}


def check_parent(record: Record) -> Iterator[Finding]:
    """The link from the parent that a run names; the truth is what the child's run.json says."""
    parent = said(record).get("parent")
    above = store_of(record).get(parent) if isinstance(parent, str) else None
    if above is None:
        return
    link = f"{above.path}/{layout.CHILDREN}/{record.id}"
    if os.path.islink(link) and os.path.realpath(link) == os.path.realpath(record.path):
        return
    problem = "the link to this child is missing"
    if os.path.lexists(link):
        problem = "it does not lead to the child of that name"
    yield Finding(_short(record, link), problem, _linker(record, link))


def damage(name: str, data: bytes) -> str:
    """What is wrong with the content of a fact; "" if nothing is."""
    fact = facts.parse(data)
    if fact is None:
        return "it is empty" if not data.strip(b"\0 \r\n\t") else "it is not a JSON object"
    if name == layout.RUN and not names.is_run_id(fact.get("id")):
        return "it names no run"
    if name == layout.STARTED and not _is_started(fact):
        return "it names no process"
    if name == layout.STOP and fact.get("kind") not in status.STOP_KINDS:
        return "it says no kind of stop"
    if name == layout.QUEUED and not isinstance(fact.get("entry"), str):
        return "it names no place in a queue"
    if name in (layout.ENDED, layout.MARK) and not status.is_final(fact):
        return "it says no final status"
    if name == layout.EXPERIMENT and not isinstance(fact.get("name"), str):
        return "it says no name"
    return ""


def inspect(path: str, most: int = atomic.MOST_BYTES) -> str | None:
    """What is wrong with a fact's file: "" if nothing is, None where there is no file.

    Args:
        most: one of more bytes is damaged.

    Raises:
        OSError: this process lacks something, such as descriptors: that says nothing of the file.
    """
    try:
        data = atomic.read_bytes(path, most)
    except OSError as error:
        if error.errno in atomic.OUR_OWN:
            raise
        return f"{_UNREADABLE} ({error.strerror})"
    return None if data is None else damage(os.path.basename(path), data)


def cure(root: str, problem: str, path: str) -> Callable[[], None] | None:
    """To move a damaged fact aside; None where it only cannot be read: it may well be whole."""
    return None if problem.startswith(_UNREADABLE) else mover(root, path)


def _is_started(fact: dict[str, Any]) -> bool:
    processes = (fact.get("script"), fact.get("process"))  # of a script, or of an owner
    return any(isinstance(who, dict) and isinstance(who.get("pid"), int) for who in processes)


def _facts(record: Record) -> Iterator[Finding]:
    for path in _fact_paths(record):
        problem = inspect(path)
        if problem:
            yield Finding(_short(record, path), problem, cure(record.store.root, problem, path))
        elif path == f"{record.path}/{layout.RUN}":
            yield from _run_json(record, path, is_there=problem is not None)


def _fact_paths(record: Record) -> Iterator[str]:
    for name in (*layout.FACTS, *_OF_QUEUE, layout.INTERPRETER):
        yield f"{record.path}/{name}"
    for number in names_or_none(f"{record.path}/{layout.ATTEMPTS}"):
        for name in (*layout.OF_ATTEMPT, layout.PLACED, layout.TAKEN):
            yield f"{record.path}/{layout.ATTEMPTS}/{number}/{name}"


def _run_json(record: Record, path: str, *, is_there: bool) -> Iterator[Finding]:
    """A run.json that is missing, or belongs to another folder: a person has to look at those."""
    moved = f"{layout.DAMAGED}{layout.RUN}-"
    if is_there and record.run.get("id") != record.id:
        said = record.run.get("id")
        yield Finding(_short(record, path), f"its id is {said}, unlike its folder's name")
    inside = names_or_none(record.path)
    if not is_there and not inside and age_s(record.path) > YOUNG_S:
        problem = "it is empty: a power cut came while it was made"
        yield Finding(_short(record, record.path), problem, lambda: os.rmdir(record.path))
    elif not is_there and not any(name.startswith(moved) for name in inside):
        yield Finding(_short(record, path), "it is missing: this may be no run's folder")


def _logs(record: Record, is_live: bool) -> Iterator[Finding]:
    """Logs with broken lines. Readers skip those; they stay, since a log is never rewritten."""
    kinds = ((layout.METRICS, metric_log.is_point), (layout.LABELS, labels.is_change))
    for kind, is_record in kinds:
        yield from check_logs(record.store.root, f"{record.path}/{kind}", is_record, is_live)


def check_logs(
    root: str, folder: str, is_record: Callable[[dict[str, Any]], bool], is_live: bool
) -> Iterator[Finding]:
    """Append logs of a folder that hold broken lines.

    Args:
        is_live: whether a process may be writing a line just now.
    """
    for name in names_or_none(folder):
        path = f"{folder}/{name}"
        problem = _log_damage(path, is_record, is_live) if name.endswith(layout.APPENDED) else ""
        if problem:
            yield Finding(os.path.relpath(path, root), problem)


def _log_damage(path: str, is_record: Callable[[dict[str, Any]], bool], is_live: bool) -> str:
    try:
        broken, first, end = append.survey(path, is_record)
        tail = os.lstat(path).st_size - end
    except OSError as error:
        return f"{_UNREADABLE} ({error.strerror})"
    if tail > 0 and not is_live:
        broken, first = broken + 1, first if broken else end
    if not broken:
        return ""
    lines = "1 line is broken" if broken == 1 else f"{broken} lines are broken, the first"
    return f"{lines} at byte {first}; readers skip what is broken"


def _properties(record: Record) -> Iterator[Finding]:
    folder = f"{record.path}/{layout.PROPERTIES}"
    for name in names_or_none(folder):
        path = f"{folder}/{name}"
        problem = None if name[:1] == "." else inspect(path)
        fact = facts.read(folder, name) if problem == "" else None
        if fact is not None:
            key, value = fact.get("key"), fact.get("value")
            if not isinstance(key, str) or not isinstance(value, str):
                problem = "it holds no key and value"
            elif names.to_file_name(key) != name:
                problem = "its key belongs to another file name"
        if problem:
            yield Finding(_short(record, path), problem, cure(record.store.root, problem, path))


def _half_planned(record: Record) -> Iterator[Finding]:
    """Folders of attempts whose supervisor was killed before they had their names."""
    for name in names_or_none(f"{record.path}/{layout.ATTEMPTS}"):
        path = f"{record.path}/{layout.ATTEMPTS}/{name}"
        if name.startswith(layout.NEW):
            yield Finding(
                _short(record, path),
                "a killed maker left it half-made",
                remover(record.store.root, path),
            )


def _unfinished(record: Record) -> Iterator[Finding]:
    """Files that were being added when their writer was killed."""
    for name, path in files.unfinished(record.path):
        if is_left(path):
            cure = partial(files.remove_unfinished, record.path, name)
            yield Finding(_short(record, path), "a killed writer left it", cure)


def _children(record: Record) -> Iterator[Finding]:
    """Links that lead nowhere, or to a run that names another parent."""
    folder = f"{record.path}/{layout.CHILDREN}"
    for name in names_or_none(folder):
        link = f"{folder}/{name}"
        child = store_of(record).get(name)
        if name[:1] == ".":
            continue
        if not os.path.islink(link):
            yield Finding(
                _short(record, link), "it is not a link to a child", mover(record.store.root, link)
            )
        elif child is None or not names_or_none(child.path):
            if age_s(link) > YOUNG_S:  # a link is made before its child appears
                yield Finding(
                    _short(record, link), "it leads to no run", remover(record.store.root, link)
                )
        elif child.run and child.run.get("parent") != record.id:
            yield Finding(
                _short(record, link),
                "that run has another parent",
                remover(record.store.root, link),
            )


def _linker(child: Record, link: str) -> Callable[[], None]:
    root = child.store.root

    def make() -> None:
        folder = os.path.dirname(link)
        atomic.make_folder(folder)
        if os.path.islink(link):
            safe_path.unlink(root, link)
        elif os.path.lexists(link):
            mover(root, link)()
        os.symlink(os.path.relpath(child.path, folder), link)

    return make


def _short(record: Record, path: str) -> str:
    return os.path.relpath(path, record.store.root)
