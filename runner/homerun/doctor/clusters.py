"""The targets of engines: whether their commands are there, and what their nodes see of the store.

What a node sees is not guessed: it is what the last run of `homerun target test` has shown. The
engine's own command is asked for its version, which no other look of the doctor does.
"""

from __future__ import annotations

import os
import sys
from itertools import islice

from homerun.base.times import unix
from homerun.doctor.diagnosis import BROKEN, MISSING, OK, WARN, Diagnosis
from homerun.targets import registry
from homerun.targets.engines.engine import TEST_EXPERIMENT
from runstore import layout, status
from runstore.errors import StoreError
from runstore.fs import mounts
from runstore.queue import placed

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterator

    from homerun.targets.target import Target
    from runstore.run.record import Record
    from runstore.store import Store

AREA = "clusters"

_LOOKED_AT = 50
_MOST_SKEW_S = 120.0
_OF_ONE_HOST = ("tmpfs", "ramfs", "overlay", "devtmpfs")


def look(store: Store) -> Iterator[Diagnosis]:
    """Each target of an engine; nothing where there is none."""
    try:
        names = registry.target_names(store.root)
    except (OSError, StoreError):
        return  # that the settings cannot be read is told where targets are used
    for name in names:
        target = registry.find(store.root, name)
        if target is None or target.engine is None:
            continue
        tried = _last_test(store, name)
        yield _engine(target)
        yield _shared_folder(store, target, tried)
        yield _clock(target, tried)
        yield _python(target)
        yield _owner(store, target)


def _engine(target: Target) -> Diagnosis:
    assert target.engine is not None
    try:
        version = target.engine.version()
    except OSError as error:
        what, _, advice = str(error).partition("; ")
        advice = advice or f"homerun target test {target.name} tries each step"
        return Diagnosis(AREA, f"{target.name}: engine", WARN, what, advice)
    return Diagnosis(AREA, f"{target.name}: engine", OK, version or target.engine.about())


def _shared_folder(store: Store, target: Target, tried: Record | None) -> Diagnosis:
    name = f"{target.name}: shared folder"
    test = f"homerun target test {target.name} tells"
    kind = mounts.kind(_existing(store.root)) or "unknown"
    if tried is not None:
        host = (tried.fact(layout.STARTED) or {}).get("host")
        return Diagnosis(AREA, name, OK, f"{kind}; a run on {host} had its record here")
    if kind in mounts.NETWORK:
        return Diagnosis(AREA, name, MISSING, f"{kind}, not tried yet", f"{test} if nodes see it")
    where = "put the store where the nodes see it at the same path (HOMERUN_STORE)"
    state = BROKEN if kind in _OF_ONE_HOST else WARN
    return Diagnosis(AREA, name, state, f"{kind}, which looks like this host's own", where)


def _clock(target: Target, tried: Record | None) -> Diagnosis:
    """How far a node's clock is from the file server's, as two times of one fact tell."""
    name = f"{target.name}: clock"
    started = (tried.fact(layout.STARTED) if tried is not None else None) or {}
    told = unix(started.get("time"))
    if tried is None or told is None:
        test = f"homerun target test {target.name} tells"
        return Diagnosis(AREA, name, MISSING, "no clock of a node is known", test)
    skew = told - os.stat(f"{tried.path}/{layout.STARTED}").st_mtime
    host = started.get("host")
    way = "ahead of" if skew > 0 else "behind"
    words = f"{host} was {abs(skew):.0f} s {way} the file server"
    if abs(skew) < _MOST_SKEW_S:
        return Diagnosis(AREA, name, OK, words)
    advice = f"set the clock of {host} (ntp): statuses do not depend on it, times shown do"
    return Diagnosis(AREA, name, WARN, words, advice)


def _python(target: Target) -> Diagnosis:
    """The Python that supervises runs there, as far as it can be seen from here."""
    python = str(target.said.get("python") or sys.executable)
    name = f"{target.name}: python"
    if os.access(python, os.X_OK):
        return Diagnosis(AREA, name, OK, python)
    advice = f"name one that the nodes have: homerun target add {target.name} --python PATH"
    return Diagnosis(AREA, name, WARN, f"{python} cannot be started here", advice)


def _owner(store: Store, target: Target) -> Diagnosis:
    """Whether files that are made in the store are this user's: a file server may make root's
    another's, which a job could not write to then.
    """
    name = f"{target.name}: permissions"
    folder = _existing(store.root)
    owner = os.stat(folder).st_uid
    if owner == os.geteuid():
        return Diagnosis(AREA, name, OK, "the store is this user's")
    advice = "submit as the user whose store it is; a file server makes root's files another's"
    return Diagnosis(AREA, name, WARN, f"{folder} is of the user {owner}", advice)


def _last_test(store: Store, name: str) -> Record | None:
    """The last run of `target test` that completed on a target, as a job of its engine."""
    try:
        for record in islice(store.runs(TEST_EXPERIMENT), _LOOKED_AT):
            ended = record.fact(layout.ENDED) or {}
            if record.run.get("target") == name and ended.get("status") == status.COMPLETED:
                return record if placed.job_of(record) is not None else None
    except (OSError, StoreError):
        return None
    return None


def _existing(path: str) -> str:
    while not os.path.isdir(path):
        path = os.path.dirname(path)
    return path
