"""What the system under homerun can do: the calls that supervision rests upon, and its limits."""

from __future__ import annotations

import ctypes
import errno
import os
import resource
import sys
from time import monotonic

from homerun.doctor.diagnosis import BROKEN, MISSING, OK, WARN, Diagnosis, judged
from homerun.system.limits import groups
from homerun.system.limits.scopes import NoGroup
from runstore.fs import atomic
from runstore.run import identity

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterator

AREA = "kernel"

_FEW_FILES = 256
_INOTIFY = "/proc/sys/fs/inotify"
_LIMITS = {"instances": 128, "watches": 8192}
"""What a system allows at least, unless that was changed."""

_PATIENCE_S = 0.2
_NOWHERE = "/proc/self/no such folder"
_AT_FDCWD = -100
_PR_GET_CHILD_SUBREAPER = 37
_RENAME_NOREPLACE = 1


def look() -> Iterator[Diagnosis]:
    """The kernel, its calls, /proc, inotify and the limit of open files."""
    is_linux = sys.platform == "linux"
    seen = os.uname()
    advice = "runs are supervised on Linux; use it, or WSL 2 on Windows"
    yield judged(AREA, "system", is_linux, f"{seen.sysname} {seen.release}", advice, BROKEN)
    yield _pidfd()
    yield _subreaper()
    yield _exit_records(seen.release)
    yield _rename()
    yield _proc()
    yield from _inotify()
    yield _open_files()
    yield _control_groups()


def _pidfd() -> Diagnosis:
    advice = "use Linux 5.3 or newer, with Python 3.9 or newer, in a container that allows it"
    try:
        os.close(os.pidfd_open(os.getpid()))
    except (AttributeError, OSError) as error:
        return Diagnosis(AREA, "pidfd", BROKEN, str(getattr(error, "strerror", "no")), advice)
    return Diagnosis(AREA, "pidfd", OK, "processes are signalled without mistake")


def _subreaper() -> Diagnosis:
    found = ctypes.c_int()
    code = _call("prctl", _PR_GET_CHILD_SUBREAPER, ctypes.byref(found), 0, 0, 0)
    value = "daemons of a script are found" if code == 0 else "no"
    advice = "daemons that a script starts may outlive their run: use Linux 3.4 or newer"
    return judged(AREA, "child subreaper", code == 0, value, advice)


def _exit_records(release: str) -> Diagnosis:
    """Whether the kernel keeps exit codes; only a process that has ended could tell for certain."""
    numbers = [int(part) for part in release.split("-")[0].split(".")[:2] if part.isdecimal()]
    is_there = numbers >= [6, 15]
    value = "PIDFD_GET_INFO" if is_there else "no PIDFD_GET_INFO"
    advice = "with Linux 6.15 or newer the exit code survives a supervisor that was killed"
    return judged(AREA, "exit records", is_there, value, advice, MISSING)


def _rename() -> Diagnosis:
    """Whether there is the call; nothing is renamed, since there is nothing of that name."""
    path = os.fsencode(_NOWHERE)
    code = _call("renameat2", _AT_FDCWD, path, _AT_FDCWD, path, _RENAME_NOREPLACE)
    is_there = code in (errno.ENOENT, errno.ENOTDIR)
    value = "yes" if is_there else "no"
    advice = "nothing to do: ids are claimed in another way"
    return judged(AREA, "RENAME_NOREPLACE", is_there, value, advice, MISSING)


def _proc() -> Diagnosis:
    if flaw := identity.proc_flaw():
        advice = "mount /proc: without it no process can be told to be a run's"
        return Diagnosis(AREA, "/proc", BROKEN, flaw, advice)
    if os.getuid() and not os.path.exists("/proc/1/stat"):
        advice = "it is mounted with hidepid: other users' runs show as NotResponding"
        return Diagnosis(AREA, "/proc", WARN, "processes of others are hidden", advice)
    return Diagnosis(AREA, "/proc", OK, "all processes are seen")


def _control_groups() -> Diagnosis:
    """What of a run's limits a control group of its own can keep."""
    try:
        kept = groups.foreseen(groups.CONTROLLERS)
    except NoGroup as error:
        advice = "limits of memory and processes are looked at once a second instead"
        return Diagnosis(AREA, "control groups", MISSING, str(error), advice)
    return Diagnosis(AREA, "control groups", OK, f"they keep limits of {', '.join(sorted(kept))}")


def _inotify() -> Iterator[Diagnosis]:
    instances, watches = (_number(f"{_INOTIFY}/max_user_{what}") for what in _LIMITS)
    if instances is None or watches is None:
        advice = "runs are followed by looking again and again, which is slower"
        yield Diagnosis(AREA, "inotify", MISSING, "no", advice)
        return
    used = _instances()
    advice = "raise it: sysctl fs.inotify.max_user_{}={}; until then some follow by polling"
    for what, found, is_well, shown in (
        ("instances", instances, used < 0.9 * instances, f"{instances}, {used} in use"),
        ("watches", watches, watches >= _LIMITS["watches"], f"{watches}"),
    ):
        raised = max(2 * found, _LIMITS[what])
        yield judged(AREA, f"inotify {what}", is_well, shown, advice.format(what, raised))


def _instances() -> int:
    """How many inotify instances this user's processes have; some, where there are very many."""
    deadline, count = monotonic() + _PATIENCE_S, 0
    for pid in filter(str.isdecimal, _names("/proc")):
        for number in _names(f"/proc/{pid}/fd"):
            try:
                count += os.readlink(f"/proc/{pid}/fd/{number}") == "anon_inode:inotify"
            except OSError:
                continue
        if monotonic() > deadline:
            break
    return count


def _open_files() -> Diagnosis:
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    shown = f"{soft} (at most {'any' if hard == resource.RLIM_INFINITY else hard})"
    is_well = soft == resource.RLIM_INFINITY or soft >= _FEW_FILES
    return judged(AREA, "open files", is_well, shown, "raise it: ulimit -n 1024")


def _call(function: str, *arguments: object) -> int:
    """Call a function of the C library; 0, or the error's number."""
    try:
        library = ctypes.CDLL(None, use_errno=True)
        return ctypes.get_errno() if getattr(library, function)(*arguments) == -1 else 0
    except (AttributeError, OSError):
        return errno.ENOSYS


def _number(path: str) -> int | None:
    try:
        return int(atomic.read_bytes(path) or b"")
    except (OSError, ValueError):
        return None


def _names(path: str) -> list[str]:
    try:
        return os.listdir(path)
    except OSError:
        return []
