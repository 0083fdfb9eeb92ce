"""The store: whether it can be written, what its file system is worth, its index and its queues."""

from __future__ import annotations

import os
import time

from homerun.doctor.diagnosis import BROKEN, MISSING, OK, WARN, Diagnosis, judged
from homerun.targets import registry
from runstore import layout
from runstore.fs import lock, mounts
from runstore.queue import queue

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterator

    from runstore.store import Store

AREA = "store"

_WITHOUT_LINKS = ("exfat", "msdos", "vfat", "fuse.s3fs", "fuse.gcsfuse", "fuseblk")
_FEW_INODES = 10_000
_SQLITE = b"SQLite format 3\0"
_SKEW_S = 120.0


def look(store: Store) -> Iterator[Diagnosis]:
    """The store and what it lies on."""
    folder = _existing(store.root)
    yield _store(store, folder)
    yield _file_system(folder)
    yield _locks(folder, store)
    yield from _room(folder)
    yield _index(store)
    yield from _queues(store)
    yield _clock(store)


def _store(store: Store, folder: str) -> Diagnosis:
    writable = os.access(folder, os.W_OK | os.X_OK)
    if store.damage:
        advice = "run homerun store check --repair"
        return Diagnosis(AREA, "store", BROKEN, f"{store.root}: {store.damage}", advice)
    if store.is_newer:
        advice = "install a newer homerun; until then this store is only read"
        return Diagnosis(AREA, "store", WARN, f"{store.root} has format {store.format}", advice)
    if not writable:
        advice = f"check who owns {folder}, or use another folder (HOMERUN_STORE)"
        return Diagnosis(AREA, "store", BROKEN, f"{store.root} cannot be written", advice)
    if not store.exists():
        return Diagnosis(AREA, "store", OK, f"{store.root} is made by the first run")
    return Diagnosis(AREA, "store", OK, f"{store.root}, format {store.format}")


def _file_system(folder: str) -> Diagnosis:
    kind = mounts.kind(folder) or "unknown"
    if kind in _WITHOUT_LINKS:
        advice = "it has no hard links: put the store elsewhere (HOMERUN_STORE)"
        return Diagnosis(AREA, "file system", BROKEN, kind, advice)
    if kind in mounts.NETWORK:
        advice = (
            "locks may not reach other machines: runs of those show as NotResponding, and only "
            "their own machine stops them"
        )
        return Diagnosis(AREA, "file system", WARN, kind, advice)
    return Diagnosis(AREA, "file system", OK, kind)


def _locks(folder: str, store: Store) -> Diagnosis:
    try:
        best = lock.best_kind(folder)
    except OSError as error:
        advice = "put the store elsewhere (HOMERUN_STORE)"
        return Diagnosis(AREA, "locks", BROKEN, error.strerror or str(error), advice)
    if store.exists() and not store.damage and store.lock_kind != best and best == lock.FLOCK:
        advice = "the store was made where there were better ones: move it back, or make a new one"
        return Diagnosis(
            AREA, "locks", BROKEN, f"{best}, and the store wants {store.lock_kind}", advice
        )
    advice = "a look at a run holds its lock for an instant; nothing has to be done"
    return judged(AREA, "locks", best == lock.OFD, best, advice, MISSING)


def _room(folder: str) -> Iterator[Diagnosis]:
    try:
        seen = os.statvfs(folder)
    except OSError as error:
        yield Diagnosis(AREA, "disk space", WARN, error.strerror or "unknown", "check the disk")
        return
    free, size = mounts.room(folder)
    advice = "homerun du says what takes the room, homerun store gc removes what is not needed"
    shown = f"{free / 2**30:.1f} of {size / 2**30:.1f} GiB free"
    yield judged(AREA, "disk space", not mounts.is_nearly_full(free, size), shown, advice)
    if seen.f_files:
        shown = f"{seen.f_favail:,} free"
        yield judged(AREA, "inodes", seen.f_favail >= _FEW_INODES, shown, advice)


def _index(store: Store) -> Diagnosis:
    """Its file is not opened: that would make files beside it."""
    path = f"{store.root}/{layout.INDEX}/{layout.INDEX_FILE}"
    try:
        with open(path, "rb") as file:
            head = file.read(len(_SQLITE))
            size = os.fstat(file.fileno()).st_size
    except FileNotFoundError:
        return Diagnosis(AREA, "index", OK, "none yet; the first query makes it")
    except OSError as error:
        advice = "queries look at every run until it can be read"
        return Diagnosis(AREA, "index", WARN, error.strerror or "unreadable", advice)
    advice = "run homerun store reindex"
    return judged(AREA, "index", head in (_SQLITE, b""), f"{size / 2**20:.1f} MiB", advice)


def _queues(store: Store) -> Iterator[Diagnosis]:
    size = registry.limit()
    yield Diagnosis(AREA, "slots", OK, "no limit" if size is None else f"{size} at once")
    for name in queue.names(store.root):
        waiting = queue.Queue(store.root, name)
        count, since = len(waiting.entries()), waiting.paused_since()
        shown = f"{count} waiting" + (f", paused since {since[:19]}" if since else "")
        advice = f"homerun queue resume -t {name} starts what waits"
        yield judged(AREA, f"queue {name}", since is None, shown, advice)


def _clock(store: Store) -> Diagnosis:
    """Whether this clock is behind what it has written itself."""
    now = time.time()
    offset = time.strftime("%z %Z", time.localtime(now))
    shown = f"{time.strftime('%Y-%m-%dT%H:%M:%SZ', time.gmtime(now))}, local zone {offset}"
    try:
        ahead = os.stat(f"{store.root}/{layout.STORE}").st_mtime - now
    except OSError:
        ahead = 0.0
    ours = os.stat(__file__).st_mtime - now
    advice = "set it: files are newer than now; statuses do not depend on it, times shown do"
    return judged(AREA, "clock", max(ahead, ours) < _SKEW_S, shown, advice)


def _existing(path: str) -> str:
    while not os.path.isdir(path):
        path = os.path.dirname(path)
    return path
