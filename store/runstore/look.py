"""One look at a run: observe it, read its facts, derive the status. It writes nothing.

The order of reading keeps a status from being wrong: first the observation, then the facts. A
supervisor publishes the outcome before it releases `alive`, so facts that are read after "nothing
is alive" are complete. A submitted run is alive while its supervisor holds its lock, an interactive
one while its owner holds its own; a batch is as long as the runs below it. Reading takes no lock.
"""

from __future__ import annotations

import os
from stat import S_ISDIR

from runstore import layout, names, status
from runstore.errors import RunNotFound
from runstore.fs import atomic, facts, lock
from runstore.queue import place as queue_place
from runstore.queue import placed
from runstore.run import attempts, identity
from runstore.store import store_of

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping
    from typing import Any

    from runstore.run.record import Record


class Look:
    """What one look at a run showed: its facts, what was observed, and the status."""

    __slots__ = ("facts", "is_held", "seen")

    def __init__(self, found: dict[str, dict[str, Any] | None], seen: str, is_held: bool) -> None:
        self.facts = found
        self.seen = seen
        self.is_held = is_held

    @property
    def status(self) -> str:
        """The status, as `runstore.status` derives it."""
        return status.derive(self.facts, self.seen)

    @property
    def is_over(self) -> bool:
        """Whether nothing of the run is left to happen."""
        return self.status in status.TERMINAL

    @property
    def is_lost(self) -> bool:
        """Whether the run ended and its outcome is not published yet."""
        return status.is_lost(self.facts, self.seen)

    @property
    def is_orphan(self) -> bool:
        """Whether the script lives, and no process answers for it."""
        return self.seen == status.ALIVE and not self.is_held

    @property
    def outcome(self) -> dict[str, Any] | None:
        """How the run ended, or None while it has not."""
        ended = self.facts[layout.ENDED]
        if ended is not None:
            return ended
        return status.outcome(self.facts, self.seen) if self.is_over else None

    @property
    def said(self) -> dict[str, Any]:
        """What a person or the script said of its failure: `message` and `code`; {}: nothing."""
        stop = self.fact(layout.STOP)
        by_stop = stop if stop.get("kind") == status.FAIL else {}
        return self.fact(layout.MARK) or self.fact(layout.FAILED) or by_stop

    def fact(self, name: str) -> dict[str, Any]:
        """A fact's fields; {} where the fact is absent. What no homerun has written is left out."""
        found = self.facts.get(name) or {}
        wrong = [key for key, fits in _FIELDS.get(name, {}).items() if not fits(found.get(key))]
        return {key: one for key, one in found.items() if key not in wrong} if wrong else found


def _is_object(value: object) -> bool:
    return value is None or isinstance(value, dict)


def _is_number(value: object) -> bool:
    return value is None or (type(value) in (int, float) and -_MOST < value < _MOST)  # type: ignore[operator]


def _is_list(value: object) -> bool:
    return value is None or isinstance(value, list)


_LATEST_COUNTS = (status.ALIVE, status.BEATING, status.IN_QUEUE)
_MOST = 1e15
_TAIL = 1 << 14
_LONGEST_REASON = 500
_FIELDS = {
    layout.STARTED: {"script": _is_object, "supervisor": _is_object, "process": _is_object},
    layout.EXITED: {
        "elapsed_s": _is_number,
        "cpu_user_s": _is_number,
        "cpu_system_s": _is_number,
        "peak_memory_kib": _is_number,
        "left": _is_list,
        "rank": _is_object,
    },
}
"""The fields of facts that are taken apart or calculated with, and what each may be."""


def failed_because(record: Record, look: Look) -> str | None:
    """Why a run is Failed, in one line: what was said, its exception, or its cause; else None."""
    outcome = look.outcome
    if outcome is None or look.status != status.FAILED:
        return None
    message = str(look.said.get("message") or outcome.get("message") or "").strip()
    if not message and outcome.get("cause") == status.EXIT_CODE:
        message = _said_by_script(record, look)
    if not message:
        message = status.cause_in_words(outcome, look.fact(layout.EXITED))
        around = left_open_by(record, look)
        more = failed_because(around, at(around)) if around is not None else None
        message = f"{message}: {more}" if more else message
    return message.split("\n")[0][:_LONGEST_REASON]


def left_open_by(record: Record, look: Look) -> Record | None:
    """The submitted run whose script failed, and so left this run open, which is Failed by that
    alone; None: it ended in another way. The script's log has the reason.
    """
    if (look.outcome or {}).get("cause") != status.PROCESS_EXITED or look.said:
        return None
    if not record.is_interactive:  # its record may say anything: no reader is sent in a circle
        return None
    return _script_around(record, record.fact(layout.STARTED) or {})


def _said_by_script(record: Record, look: Look) -> str:
    """The exception that ended a script, or the one of several processes that failed first."""
    rank = look.fact(layout.EXITED).get("rank")
    if not rank:
        return _exception(f"{record.path}/{attempts.std_log(attempts.begun(record.path))}")
    log = str(rank.get("log"))
    if log.startswith("/") or os.pardir in log.split("/"):
        return ""
    found = _exception(f"{record.path}/{log}")
    return found and f"{rank.get('name')}: {found}"


def _exception(log: str) -> str:
    """The line of the exception that ended a script, at the end of its log; "": there is none."""
    if not atomic.is_folder(os.path.dirname(log)):
        return ""
    try:
        descriptor = atomic.open_plain(log, os.O_RDONLY)
    except OSError:
        return ""
    try:
        end = os.fstat(descriptor).st_size
        data = os.pread(descriptor, _TAIL, max(0, end - _TAIL))
    except OSError:
        return ""
    finally:
        os.close(descriptor)
    return exception_in(data.decode("utf-8", "replace"))


def exception_in(text: str) -> str:
    """The line of the last exception of Python in the end of a log; "": there is none."""
    _, frame, below = text.rpartition('\n  File "')
    lines = below.split("\n")[1:]
    return next((one for one in lines if one[:1].isalpha()), "").strip() if frame else ""


def at(record: Record) -> Look:
    """Observe a run, then read its facts.

    Raises:
        RunNotFound: its folder is gone.
        OSError: the disk does not tell.
    """
    held, seen = False, status.GONE
    found: dict[str, dict[str, Any] | None] = {}
    try:
        _check_exists(record)
        found[layout.RUN] = record.asked() or None
        ended = facts.read_own(record.path, layout.ENDED)
        if status.is_final(ended):
            found.update(_facts_of_over(record), **{layout.ENDED: ended})
        else:
            held, seen = _observe(record)
            for name in layout.FACTS[1:]:
                found[name] = facts.read_own(_home(record, name, seen), name)
    except PermissionError:  # another user's run: nothing can be known of it
        held, seen = False, status.ELSEWHERE
        found = {name: record.fact(name) for name in layout.FACTS}
    for name in (layout.ENDED, layout.MARK):
        if not status.is_final(found[name]):
            found[name] = None
    if seen in (status.GONE, status.REBOOTED) and found[layout.ENDED] is None:
        found[status.OWNER] = _exit_of_owner(record)
    if seen == status.GONE and found[layout.ENDED] is None:
        found[status.WITHIN], found[status.BELOW] = _outcome_of_others(record)
    return Look(found, seen, held)


def _facts_of_over(record: Record) -> dict[str, dict[str, Any] | None]:
    """The facts of a run that has ended, but for ended.json: all were there before it, but a mark.

    One listing tells what is not there, which most of them are not: an index of 100,000 runs is
    made in a fifth less time than by an attempt to open each.
    """
    try:
        there = atomic.names_in(record.path)
    except OSError:
        there = [*layout.FACTS, layout.ATTEMPTS]  # each of them tells
    begun = record.path
    if layout.ATTEMPTS in there:
        begun = attempts.home(record.path, layout.STARTED)
    found: dict[str, dict[str, Any] | None] = {}
    for name in layout.FACTS[1:]:
        home = begun if name in layout.OF_ATTEMPT else record.path
        is_there = name in there or home != record.path
        found[name] = facts.read_own(home, name) if is_there and name != layout.ENDED else None
    return found


def _check_exists(record: Record) -> None:
    try:
        is_there = S_ISDIR(os.lstat(record.path).st_mode)
    except (FileNotFoundError, NotADirectoryError):
        is_there = False
    if not is_there:
        raise RunNotFound(record.id)  # removed, or the store was moved


def _home(record: Record, name: str, seen: str) -> str:
    """Where the fact lies that counts: while the next attempt is waited for, there."""
    if name in layout.OF_ATTEMPT and seen in _LATEST_COUNTS:
        return attempts.folder(record.path, attempts.latest(record.path))
    return attempts.home(record.path, name)


def _observe(record: Record) -> tuple[bool, str]:
    """Whether a process answers for the run, and what that makes of it.

    The lock is asked before started.json is read, which a supervisor publishes under it, and
    once more when the script turns out to be gone: an adopter may have come in between.
    """
    if record.is_interactive:
        return _interactive(record)
    held, seen = _is_held(record), status.GONE
    if not held:
        seen = _submitted(record, held)
        held = seen == status.GONE and _is_held(record)
    return held, _submitted(record, held) if held else seen


def _outcome_of_others(record: Record) -> tuple[dict[str, Any] | None, dict[str, Any] | None]:
    """Of a run whose processes are gone, what the outcome of others makes of it: that of the
    script that it was begun in, and those of the runs of a batch. A submitted run has neither,
    whatever its record says: no reader is sent in a circle.
    """
    if not record.is_interactive:
        return None, None
    batch = _batch(record)
    if batch:
        return None, _ended_below(record, batch)
    around = _script_around(record, record.fact(layout.STARTED) or {})
    return None if around is None else {"status": at(around).status}, None


def _exit_of_owner(record: Record) -> dict[str, Any] | None:
    """What the process that held an interactive run open has left in its lock's file: the status
    that it exited with. The outcome of a script around it goes before.
    """
    started = record.fact(layout.STARTED) if record.is_interactive else None
    if not started or started.get("within"):
        return None
    left = atomic.read_bytes(_owner_of(record, started)) or b""
    return {"exit_code": left[0], "source": "owner"} if len(left) == 1 else None


def _owner_of(record: Record, started: Mapping[str, Any]) -> str:
    """The path of the lock of the process that holds an interactive run open."""
    return f"{record.store.root}/{layout.OWNERS}/{_safe(started.get('owner'))}"


def still_queued(record: Record) -> bool:
    """Whether a submitted run, of whose facts none is new since it was Queued, still is."""
    entry = queue_place.entry(record)
    has_begun = entry is None or queue_place.has_begun(record) or _is_held(record)
    return not has_begun and os.path.exists(entry or "") and not placed.is_beating(record)


def _is_held(record: Record) -> bool:
    return lock.is_held(f"{record.path}/{layout.ALIVE}", record.store.lock_kind)


def _submitted(record: Record, held: bool) -> str:
    home = attempts.home(record.path, layout.STARTED)
    place = facts.read_own(home, layout.STARTED) or record.asked().get("submitted_from")
    if not isinstance(place, dict):
        return status.ALIVE if held else status.GONE
    is_copy = record.is_copy(place)
    if not is_copy and (entry := queue_place.entry(record)) and not queue_place.has_begun(record):
        if held:
            return status.ALIVE  # it is being started, perhaps after a restart of the machine
        if os.path.exists(entry):  # on whatever host: nothing of it is alive or lost
            return status.BEATING if placed.is_beating(record) else status.IN_QUEUE
        if placed.job_of(record) is not None:
            return _far(record, home)  # it is being started on a host whose locks may not be seen
    if not identity.same_place(place):
        return status.ELSEWHERE if is_copy else _far(record, home)
    if not identity.same_boot(place) or (not held and _was_shut_down(home)):
        if not is_copy and queue_place.is_kept(record):
            return status.IN_QUEUE  # also while a process that starts it again holds its lock
        if not held:
            return status.REBOOTED  # a lock that is held is a living process, whatever is told
    if is_copy:
        return status.ELSEWHERE
    script = place.get("script")
    lives = held or (isinstance(script, dict) and identity.lives(script))
    return status.ALIVE if lives else status.GONE


def _far(record: Record, home: str) -> str:
    """What can be known of a run on another host: its lock may not be seen, and is not asked."""
    if placed.job_of(record) and _was_shut_down(home) and queue_place.is_kept(record):
        return status.IN_QUEUE
    return status.BEATING if placed.is_beating(record) else status.ELSEWHERE


def _was_shut_down(home: str) -> bool:
    """Whether an attempt went with its machine, which told its supervisor before."""
    exited = facts.read_own(home, layout.EXITED)
    return exited is not None and exited.get("stopped") == status.SHUTDOWN


def _interactive(record: Record) -> tuple[bool, str]:
    started = facts.read_own(record.path, layout.STARTED)
    if started is None:
        above = _maker(record)
        is_over = above is None or at(above).is_over
        return False, status.GONE if is_over else status.WAITING
    owner = _owner_of(record, started)
    held = atomic.is_folder(os.path.dirname(owner)) and lock.is_held(owner, record.store.lock_kind)
    if not identity.same_place(started):
        is_copy = record.is_copy(started, owner)
        return held, status.ELSEWHERE if is_copy else _within_far(record, started)
    batch = _batch(record)
    is_same_boot = identity.same_boot(started)
    if not batch and not held and not is_same_boot:
        return held, status.REBOOTED
    if record.is_copy(started, owner):
        return held, status.ELSEWHERE
    held = held and (not is_same_boot or _owner_lives(started))
    if batch:  # what waits in a queue outlives its submitter, and the machine's restart
        return held, status.ALIVE if _goes_on_below(record, batch, held) else status.GONE
    around = _script_around(record, started)
    goes_on = held or (around is not None and not at(around).is_over)
    return held, status.ALIVE if goes_on else status.GONE


def _within_far(record: Record, started: Mapping[str, Any]) -> str:
    """What can be known of a run that a script on another host holds open: how that script is."""
    around = _script_around(record, started)
    if around is None or not placed.has_beaten(around):
        return status.ELSEWHERE
    seen = at(around)
    if seen.is_over:
        return status.GONE
    return status.BEATING if seen.status != status.NOT_RESPONDING else status.ELSEWHERE


def _owner_lives(started: Mapping[str, Any]) -> bool:
    """Whether the process that opened a run lives. Its lock alone does not tell: a library that
    forks past the interpreter (its hooks close the lock) leaves a copy of it in the child.
    """
    process = started.get("process")
    return not isinstance(process, dict) or identity.lives(process)


def _maker(record: Record) -> Record | None:
    """The parent of a row, made before it in the same experiment; damaged records can say
    anything else, and must not send a reader in a circle.
    """
    above = store_of(record).parent_of(record)
    first, second = (above.run.get("number"), record.run.get("number")) if above else (0, 0)
    is_older = isinstance(first, int) and isinstance(second, int) and first < second
    return above if is_older else None


def _script_around(record: Record, started: Mapping[str, Any]) -> Record | None:
    """The submitted run in whose script an interactive run was begun."""
    within = started.get("within")
    if not within:
        return None
    around = store_of(record).neighbour(record, within) or _deleted(record, within)
    if around is None or not around.is_submitted:
        return None
    known = started.get("within_uuid")
    return None if known and known != around.uuid else around  # it may have the id of one that was


def _deleted(record: Record, run_id: object) -> Record | None:
    """A run in the trash, where its outcome can still be read."""
    from runstore.run import deleted

    return next(deleted.entries(record.store, run_id=str(run_id)), None)


def _batch(record: Record) -> int:
    """How many runs were to be submitted below this one, whose end is theirs; 0: it is none."""
    count = record.run.get("batch")
    return count if isinstance(count, int) else 0


def _goes_on_below(record: Record, count: int, held: bool) -> bool:
    """Whether any run of this batch is not over, or its owner is still submitting some."""
    runs = list(_submitted_below(record))
    if held and len(runs) < count:
        return True
    unfinished = (run for run in runs if atomic.read_bytes(f"{run.path}/{layout.ENDED}") is None)
    return any(not look.is_over for look in _looks(unfinished))


def _ended_below(record: Record, count: int) -> dict[str, Any]:
    """How the runs of this batch ended, and when the last of them did."""
    looks = list(_looks(_submitted_below(record)))
    times = [str((look.outcome or {}).get("time") or "") for look in looks]
    return {
        "is_whole": len(looks) >= count,
        "statuses": [look.status for look in looks],
        "time": max(times, default=""),
    }


def _submitted_below(record: Record) -> Iterator[Record]:
    """The submitted runs below this one. They have no batch: no reader is sent in a circle."""
    from runstore.run import children

    for child in children.unsorted(record):
        if child.is_submitted:
            yield child


def _looks(records: Iterable[Record]) -> Iterator[Look]:
    """A look at each run that is still there."""
    for record in records:
        try:
            yield at(record)
        except RunNotFound:
            continue


def _safe(owner: object) -> str:
    """An owner's id as a file name; what is none names no file."""
    return owner if isinstance(owner, str) and names.is_run_id(owner) else "-"


def is_canceled(record: Record) -> bool:
    """Whether a run was canceled, or is about to be."""
    stop, ended = record.fact(layout.STOP), record.fact(layout.ENDED)
    if ended is not None:
        return (ended.get("status"), ended.get("cause")) == (status.CANCELED, status.CANCEL)
    return (stop or {}).get("kind") == status.CANCEL


def is_below_canceled(record: Record) -> bool:
    """Whether a run above was canceled, or is about to be: that reaches this one too."""
    return any(map(is_canceled, store_of(record).above(record)))
