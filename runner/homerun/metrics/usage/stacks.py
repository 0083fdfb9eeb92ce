"""Stacks: where the processes of a run are just now, in Python's own lines.

py-spy tells it where it is installed, and may look. Else the process itself does: what each Python
of a run begins with (`environments/start-up/`) has Python's faulthandler answer a signal by which
nothing else goes, and write into a file without a name that only this user can open. A process is
signalled only while it has both: that file, and a handler of that signal.
"""

from __future__ import annotations

import os
import subprocess
import time

from homerun.base import installed, masking
from homerun.base.errors import UserError
from homerun.system import process_tree, signals, which
from runstore import layout, look, status
from runstore.fs import atomic
from runstore.run import identity

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Mapping
    from typing import Any

    from homerun.system.process_tree import Process
    from runstore.run.record import Record

SIGNAL = 50
"""One of the real-time signals. `environments/start-up/` spells it, and the next, too."""

FILE = "homerun-stacks"

PY_SPY, FAULTHANDLER = "py-spy", "faulthandler"

_PATIENCE_S, _PAUSE_S = 3.0, 0.02
_PY_SPY_S = 20.0
_MOST_BYTES = 1 << 20
_LONGEST_COMMAND = 200
_STOPPED, _IN_KERNEL = b"Tt", b"D"


def stacks_of(record: Record) -> list[dict[str, Any]]:
    """The processes of a run, the script first, each with its stacks.

    Returns:
        For each `pid`, `command`, `is_script`, and `stacks` and `by`, or `why` there are none.

    Raises:
        UserError: the run does not go on, or not here.
        ReadOnlyStore, UntrustedStore: the store does not act for this user.
    """
    record.store.for_acting()
    seen = look.at(record)
    started = seen.fact(layout.STARTED)
    if not record.is_submitted or seen.status not in (status.RUNNING, status.CANCEL_REQUESTED):
        raise UserError(f"run {record.id} is {seen.status}: only a submitted run that runs has any")
    alive = f"{record.path}/{layout.ALIVE}"
    is_here = identity.same_place(started) and identity.same_boot(started)
    if not is_here or identity.is_copied(started, record.path, alive) or identity.proc_flaw():
        raise UserError(f"the processes of run {record.id} cannot be told from here")
    mark = str(started.get("mark"))
    found = process_tree.trees_of_runs({mark: started})[mark]
    script = (started.get("script") or {}).get("pid")
    in_order = sorted(found, key=lambda one: (one.pid != script, one.pid))
    return [row for row in map(_row, in_order, [script] * len(in_order)) if row]


def _row(process: Process, script: int | None) -> dict[str, Any] | None:
    """What is known of a process; None: it is gone."""
    command = _command(process.pid)
    try:
        pidfd = identity.open_pidfd(process.pid)
    except ProcessLookupError:
        return None
    try:
        if not process_tree.still_lives(process):
            return None  # after its pidfd was opened: what that leads to is this very process
        told = _told(process, pidfd)
    finally:
        if pidfd is not None:
            os.close(pidfd)
    return {"pid": process.pid, "command": command, "is_script": process.pid == script, **told}


def _told(process: Process, pidfd: int | None) -> Mapping[str, Any]:
    pid = process.pid
    file = _file(pid)
    if file is None and not _is_python(pid):
        return {"why": f"no Python{_place(process)}"}
    if process.state in _STOPPED:
        return {"why": "it is stopped: kill -CONT lets it go on"}
    by_py_spy = _by_py_spy(pid)
    if by_py_spy:
        return {"stacks": by_py_spy, "by": PY_SPY}
    if file is None:
        missing = "it was started without homerun's start-up (python -I, or another environment)"
        return {"why": f"{missing}: {installed.line_that_installs(PY_SPY)}"}
    if not _is_handled(pid):
        return {"why": f"it has taken the handler away: {installed.line_that_installs(PY_SPY)}"}
    if process.state == _IN_KERNEL:
        return {"why": f"it is in the kernel, and answers no signal{_place(process)}"}
    stacks = _by_faulthandler(pid, pidfd, file)
    if not stacks:
        return {"why": f"it gave no answer within {_PATIENCE_S:g} s{_place(process)}"}
    return {"stacks": stacks, "by": FAULTHANDLER}


def _by_py_spy(pid: int) -> str:
    """What py-spy sees; "": it is not there, or may not look."""
    program = which.find(PY_SPY)
    if program is None:
        return ""
    try:
        done = subprocess.run(
            [program, "dump", "--pid", str(pid)],
            stdin=subprocess.DEVNULL,
            capture_output=True,
            timeout=_PY_SPY_S,
            check=False,
        )
    except (OSError, subprocess.TimeoutExpired):
        return ""
    return "" if done.returncode else done.stdout.decode("utf-8", "replace").strip()


def _by_faulthandler(pid: int, pidfd: int | None, file: str) -> str:
    """What the process itself writes; "": nothing."""
    descriptor = os.open(file, os.O_RDONLY | os.O_CLOEXEC)
    try:
        before = size = os.fstat(descriptor).st_size
        if not signals.send(pid, pidfd, SIGNAL):
            return ""
        until = time.monotonic() + _PATIENCE_S
        while time.monotonic() < until:
            time.sleep(_PAUSE_S)
            now = os.fstat(descriptor).st_size
            if now == size > before:
                break  # it is whole: nothing came since the last look
            size = now
        return os.pread(descriptor, min(size - before, _MOST_BYTES), before).decode(
            "utf-8", "replace"
        )
    finally:
        os.close(descriptor)


def _file(pid: int) -> str | None:
    """The file that a process writes its stacks into, while it has it open."""
    folder = f"/proc/{pid}/fd"
    try:
        for name in os.listdir(folder):
            if os.readlink(f"{folder}/{name}").startswith(f"/memfd:{FILE} "):
                return f"{folder}/{name}"
    except OSError:
        return None  # it is gone, or another user's by now (set-uid)
    return None


def _is_handled(pid: int) -> bool:
    """Whether a process has a handler of the signal, which would end it if it had none."""
    for line in atomic.read_or_empty(f"/proc/{pid}/status").splitlines():
        if line.startswith(b"SigCgt:"):
            return bool(int(line.split()[1], 16) >> (SIGNAL - 1) & 1)
    return False


def _is_python(pid: int) -> bool:
    try:
        name = os.path.basename(os.readlink(f"/proc/{pid}/exe"))
    except OSError:
        return False
    return name.startswith(("python", "pypy"))


def _command(pid: int) -> str:
    """The command of a process, without its secrets."""
    data = atomic.read_or_empty(f"/proc/{pid}/cmdline").rstrip(b"\0")
    words = os.fsdecode(data).split("\0") if data else ["?"]
    shown = " ".join(masking.arguments(words))
    plain = "".join(c if c.isprintable() else " " for c in shown)
    return plain[:_LONGEST_COMMAND]


def _place(process: Process) -> str:
    """Where in the kernel a process waits, as far as that is told."""
    at = atomic.read_or_empty(f"/proc/{process.pid}/wchan").decode("ascii", "replace").strip()
    return f" (state {process.state.decode()}{f', in {at}' if at not in ('', '0') else ''})"
