"""Helper processes: the command that runs one of our modules, and the reaping of helpers."""

from __future__ import annotations

import os
import sys

from runstore.fs.atomic import write_all
from runstore.run import identity

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Collection

_BOOT = (
    "import gc, sys; gc.disable(); sys.path += sys.argv[1:3]; del sys.argv[1:3]; "
    "from homerun.base import bundle; bundle.load_from('{module}'); "
    "from homerun.{module} import main; gc.enable(); main()"
)
"""Appended to the path, not put in front: a stray module beside ours cannot shadow the stdlib.

What is loaded is no garbage, and is not searched for any: a supervisor is there a twentieth sooner,
and a submit with its run takes 4 % less of the processor (`make bench ARGS=submit`).
"""

_started: dict[int, int] = {}
"""The processes that we started, each with its start ticks: the user of this process may collect
one too, and then its pid may be that of a child of his.
"""


def python(module: str, *arguments: str, has_packages: bool = False) -> list[str]:
    """The command line that calls `main` of one of our modules, untouched by the user's Python.

    Args:
        has_packages: whether it finds what is installed; it starts the slower for it.
    """
    boot = _BOOT.format(module=module)
    options = ["-I"] if has_packages else ["-I", "-S"]
    if sys.dont_write_bytecode:  # -I leaves out the variable that says it
        options.append("-B")
    return [sys.executable, *options, "-c", boot, *_package_parents(), *arguments]


def started(pid: int) -> None:
    """Have a child that we started collected when it has ended."""
    _started[pid] = _ticks(pid)


def goes_on(pid: int) -> bool:
    """Whether a process that we started has not ended."""
    if pid in _started:
        reap()
    return pid in _started


def forget(pid: int) -> bool:
    """Whether a child that was collected is a helper of ours; it is not any more."""
    return _started.pop(pid, None) is not None


def reap() -> int:
    """Collect those of our processes that have ended; how many are left.

    Called at each submit and after each wait, so that a notebook does not gather zombies.
    """
    for pid, ticks in list(_started.items()):
        if _ticks(pid) != ticks or _has_ended(pid):
            _started.pop(pid, None)
    return len(_started)


def _has_ended(pid: int) -> bool:
    """Collect a child if it has ended. True: it is collected, by us or by another."""
    try:
        return os.waitpid(pid, os.WNOHANG)[0] == pid
    except ChildProcessError:
        return True


def _ticks(pid: int) -> int:
    """When a process was started; 0 where it is gone, or that is not told."""
    seen = identity.read_stat(pid)
    return seen[1] if seen else 0


def nameless_file(data: bytes) -> int:
    """A descriptor of a file with this content that no path leads to."""
    try:
        descriptor = os.memfd_create("plan", os.MFD_CLOEXEC)
    except (AttributeError, OSError):  # another system, an old kernel, or a sandbox
        import tempfile

        descriptor, path = tempfile.mkstemp()
        os.unlink(path)
    write_all(descriptor, data)
    return descriptor


def close_all_but(kept: Collection[int], first: int = 3) -> None:
    """Close the descriptors of this process from a number on, but for some."""
    try:
        names = os.listdir("/dev/fd")
    except OSError:  # nothing is there, or it leads into a /proc that is none of ours
        for number in (*sorted(kept), os.sysconf("SC_OPEN_MAX")):
            os.closerange(first, number)
            first = max(first, number + 1)
        return
    for number in map(int, names):
        if number >= first and number not in kept:
            try:
                os.close(number)
            except OSError:
                continue  # the descriptor of this very listing


def _package_parents() -> list[str]:
    """The folders that hold `homerun` and `runstore`, each a source root or a site-packages."""
    import runstore

    own = os.path.dirname(os.path.dirname(__file__))
    packages = (own, os.path.dirname(str(runstore.__file__)))
    return [os.path.dirname(os.path.abspath(package)) for package in packages]
