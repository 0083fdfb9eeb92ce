"""The processes below a supervisor, and signals to them.

Where there is no /proc, psutil tells the same; a system with neither raises ImportError, and so
does a Linux whose /proc is that of another PID namespace: its pids are strangers' here. A look
names every descendant, whatever session or group it moved to. The supervisor of
another run, which a script that submits has below it, is left alone with all that is below it.
"""

from __future__ import annotations

import os
import time

from homerun.base import environ
from homerun.system import signals
from runstore import names
from runstore.fs import atomic
from runstore.run import identity

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Collection, Iterator, Mapping
    from typing import Any

_HELD_AT_ONCE = 64
"""Processes signalled in one go; each costs a descriptor meanwhile."""

_MEMORY, _ENV_END = 20, 48
"""Fields of /proc/PID/stat behind the command: its virtual memory, and where its variables end."""

_EARLIER = "@"
"""How the mark of a run of an earlier version begins; its id follows."""

_MOST_LOOKS = 2000


class Process:
    """A process as one look saw it.

    `pidfd` is one that was opened before the look, where there is one. `is_marked`: it was found by
    the run's mark in its environment, and not by its parent.
    """

    __slots__ = ("is_marked", "parent", "pid", "pidfd", "state", "ticks")

    def __init__(self, pid: int, state: bytes, parent: int, ticks: int) -> None:
        self.pid = pid
        self.state = state
        self.parent = parent
        self.ticks = ticks
        self.pidfd: int | None = None
        self.is_marked = False


def below(root: int, mark: str) -> list[Process]:
    """Every living process below `root` but other runs' supervisors and what is below those.

    An empty answer is one look and no proof: a chain of forks can hide from many looks.
    """
    children = _children()
    return _walk(list(children.get(root, ())), children, mark)


def processes_of_run(mark: str, script: int | None, folder: str = ".") -> list[Process]:
    """The processes of a run whose supervisor is gone: the script, all below it, and whatever else
    has the run's mark in its environment, with all below that. One that cleaned its environment
    and whose parent is gone is missed.

    Args:
        mark: what names the run to processes (`Record.mark`).
        folder: the run's. One of an earlier version has no mark but its id, which a run of another
            store can have too.
    """
    children = _children()
    roots = []
    for siblings in children.values():
        for process in siblings:
            process.is_marked = _belongs_to(process.pid, mark, folder)
            if process.is_marked or process.pid == script:
                roots.append(process)
    found = _walk(roots, children, mark)
    return [process for process in found if process.pid != os.getpid()]


def is_below_another(mark: str) -> bool:
    """Whether a supervisor of another run than this process's is above it.

    One that ends on the way up is no parent any more, and its pid may be another's: then it begins
    again. What is above one that may not be seen (a /proc with hidepid) is not known.
    """
    here = below = os.getpid()
    while True:
        seen = _look(here)
        if seen is None and here != below:
            left = _look(below)
            if left is not None and left.parent == here:
                return False
        above = seen.parent if seen else 0
        named = _value(environment(above), environ.SUPERVISES) if above > 1 else ""
        now = _look(here)
        if seen is None or now is None or now.parent != above:
            here = below = os.getpid()
        elif above <= 1 or named not in ("", mark):
            return bool(named)
        else:
            below, here = here, above


def trees_of_runs(
    started: Mapping[str, Mapping[str, Any]], own: Collection[tuple[int, int]] = ()
) -> dict[str, list[Process]]:
    """The processes of some runs of this place, in one look: each script, and all below it and its
    supervisor. Of a run whose supervisor and script are gone there are none.

    Args:
        started: the fact of that name, by the run's mark.
        own: processes, by pid and start, that are known to be no other run's.
    """
    children = _children()
    found = {}
    for mark, fact in started.items():
        supervisor, script = fact.get("supervisor") or {}, fact.get("script") or {}
        # Asked after the look: what lives by now had its pid while that was taken.
        roots = list(children.get(supervisor["pid"], ())) if identity.lives(supervisor) else []
        if identity.lives(script):
            every = (one for siblings in children.values() for one in siblings)
            roots += [one for one in every if one.pid == script["pid"]]
        found[mark] = _walk(roots, children, mark, own)
    return found


def still_lives(process: Process) -> bool:
    """Whether the process that was seen still lives: what was read of its pid meanwhile is its."""
    now = _look(process.pid)
    return now is not None and now.ticks == process.ticks


def described(process: Process) -> str:
    """A process for people: its pid, its command's name, its state, and whose it is."""
    name = atomic.read_or_empty(f"/proc/{process.pid}/comm").decode("utf-8", "replace").strip()
    try:
        user = f", of user {os.stat(f'/proc/{process.pid}').st_uid}"
    except OSError:
        user = ""
    return f"{process.pid} ({name or '?'}, {process.state.decode()}{user})"


def send(processes: list[Process], mark: str, *numbers: int) -> list[Process]:
    """Signal the very processes that were seen; those of them that it reached, and might signal.

    Between the look and now one's parent may have reaped it and its pid gone to another, even
    within the same tick. So its pidfd comes first, and then once more what had made it one of the
    run's. Who was re-parented meanwhile, and not to us, is left to the next look; so all are held
    before the first is signalled, which may be the parent of the rest.
    """
    reached: list[Process] = []
    for start in range(0, len(processes), _HELD_AT_ONCE):
        held: list[tuple[Process, int | None]] = []
        try:
            for process in processes[start : start + _HELD_AT_ONCE]:
                _hold(process, mark, held)
            reached += [seen for seen, pidfd in held if _signal(seen.pid, pidfd, numbers)]
        finally:
            for seen, pidfd in held:
                if pidfd is not None and pidfd != seen.pidfd:
                    os.close(pidfd)
    return reached


def _hold(process: Process, mark: str, held: list[tuple[Process, int | None]]) -> None:
    """Add a process, with its pidfd where there are any, unless it is gone."""
    if process.pidfd is not None:
        held.append((process, process.pidfd))
        return
    try:
        pidfd = identity.open_pidfd(process.pid)
    except ProcessLookupError:
        return
    is_same = False
    try:
        is_same = _is_still(process, mark)
    finally:
        if is_same:
            held.append((process, pidfd))
        elif pidfd is not None:
            os.close(pidfd)


def _signal(pid: int, pidfd: int | None, numbers: tuple[int, ...]) -> bool:
    try:
        return all(signals.send(pid, pidfd, number) for number in numbers)
    except PermissionError:
        return False  # set-uid: it lives, and is not ours to signal


def _is_still(seen: Process, mark: str) -> bool:
    """Whether the process of that pid is the one that was seen: of the same tick, and either with
    the run's mark or below the same parent; or below us by now, whose orphans come to us.
    """
    now = _look(seen.pid)
    if now is None or now.ticks != seen.ticks or _is_of_another(seen.pid, mark):
        return False
    if seen.is_marked:
        return _has_mark(seen.pid, mark)
    return now.parent in (seen.parent, os.getpid())


class ForeignProc(ImportError):
    """The /proc here does not show our processes, so that nothing can be signalled by it."""


def _use_psutil() -> bool:
    """Whether psutil is to be asked.

    Raises:
        ForeignProc: it would read the same /proc.
    """
    if identity.has_proc():
        return False
    flaw = identity.proc_flaw()
    if flaw:
        raise ForeignProc(flaw)
    return True


def _all() -> Iterator[Process]:
    """Every living process."""
    if _use_psutil():
        from homerun.system import portable  # which loads psutil

        for seen in portable.seen_processes():
            yield Process(*seen)
        return
    for name in os.listdir("/proc"):
        found = _in_proc(int(name)) if name.isdigit() else None
        if found is not None:
            yield found


def _look(pid: int) -> Process | None:
    """A process as it is now; None: it is gone or a zombie."""
    if not _use_psutil():
        return _in_proc(pid)
    from homerun.system import portable

    seen = portable.seen_process(pid)
    return Process(*seen) if seen else None


def _in_proc(pid: int) -> Process | None:
    try:
        data = atomic.read_bytes(f"/proc/{pid}/stat")
    except OSError as error:  # ESRCH: gone between open and read
        if error.errno in atomic.OUR_OWN:
            raise
        return None
    if not data:
        return None
    fields = data[data.rindex(b")") + 2 :].split(None, 20)
    if fields[0] in (b"Z", b"X") and fields[17] in (b"0", b"1"):
        return None  # with more threads only its first one is gone: the process lives
    return Process(pid, fields[0], int(fields[1]), int(fields[19]))


def _children() -> dict[int, list[Process]]:
    """All living processes, by their parent's pid."""
    children: dict[int, list[Process]] = {}
    for found in _all():
        children.setdefault(found.parent, []).append(found)
    return children


def _walk(
    todo: list[Process],
    children: dict[int, list[Process]],
    mark: str,
    own: Collection[tuple[int, int]] = (),
) -> list[Process]:
    """The processes and all below them, each once, other runs' supervisors left out."""
    result: dict[int, Process] = {}
    while todo:
        process = todo.pop()
        if process.pid in result:
            continue
        if (process.pid, process.ticks) in own or not _is_of_another(process.pid, mark):
            result[process.pid] = process
            todo += children.get(process.pid, ())
    return list(result.values())


def _is_of_another(pid: int, mark: str) -> bool:
    """Whether a process is another run's: its supervisor, or its script after that was killed.

    A variable that was emptied, or set to what is no uuid, names no run.
    """
    variables = environment(pid)
    named = _value(variables, environ.SUPERVISES) or _mark_of(variables, mark)
    return bool(named) and named != mark


def _belongs_to(pid: int, mark: str, folder: str) -> bool:
    """Whether a process was started with the mark of this very run."""
    variables = environment(pid)
    if _mark_of(variables, mark) != mark:
        return False
    if not mark.startswith(_EARLIER):
        return True
    try:
        return os.path.samefile(_value(variables, environ.RUN_FOLDER), folder)
    except OSError:
        return False  # the store was moved since, this one or another: it may be anyone's


def _has_mark(pid: int, mark: str) -> bool:
    return _mark_of(environment(pid), mark) == mark


def _mark_of(variables: list[bytes], like: str) -> str:
    """The mark of the run that a process was started in; "": none.

    Args:
        like: a mark of the kind that is sought. A process of a run of an earlier version has only
            an id. A process that has only the id of a run that has a uuid was given it by hand.
    """
    uuid = _value(variables, environ.RUN_UUID)
    if names.is_uuid(uuid):
        return uuid
    if not like.startswith(_EARLIER):
        return ""
    run_id = _value(variables, environ.RUN_ID)
    return run_id and f"{_EARLIER}{run_id}"


def _value(variables: list[bytes], name: str) -> str:
    """The value of a variable, "" where it is not set."""
    start = f"{name}=".encode()
    found = (os.fsdecode(part[len(start) :]) for part in variables if part.startswith(start))
    return next(found, "")


def environment(pid: int) -> list[bytes]:
    """The variables a process was started with; none where it is another user's, or gone.

    A process in the middle of an exec has none for an instant: that is waited out.
    """
    if _use_psutil():
        from homerun.system import portable

        return portable.environment(pid)
    data, is_last = b"", False
    for _ in range(_MOST_LOOKS):
        try:
            data = atomic.read_bytes(f"/proc/{pid}/environ") or b""
            if data or is_last:
                break
            is_last = not _is_in_exec(pid)  # it may just have come out of it: one more look
        except OSError as error:
            if error.errno in atomic.OUR_OWN:
                raise  # taken for no variables, another run's process would count as ours
            return []
        if not is_last:
            time.sleep(0.001)
    return data.split(b"\0")


def _is_in_exec(pid: int) -> bool:
    """Whether a process without variables has memory, and no place in it for them yet."""
    data = atomic.read_bytes(f"/proc/{pid}/stat") or b") "
    fields = data[data.rindex(b")") + 2 :].split()
    return len(fields) > _ENV_END and fields[_MEMORY] != b"0" and fields[_ENV_END] == b"0"
