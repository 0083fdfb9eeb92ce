"""Which interpreter a run had, and what was installed in it.

To ask an interpreter takes as long as several starts of one. So the answer is kept in the user's
cache folder, with the times of all that it depends on: the interpreter itself, and the folders that
packages are installed in. While these are as they were, a supervisor only reads it. Otherwise it
starts a process of ours that asks (`inspector`) and goes on: a run waits for neither.

The answer is a file of the store, named by its content, `.interpreters/<key>.json`; the runs that
had the same have hard links to it.
"""

from __future__ import annotations

import errno
import os
import sys

from homerun.base import environ
from homerun.system import caches
from runstore import layout
from runstore.fs import atomic

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

_FOLDER = "interpreters"
_LONGEST_NAME = 200
_FORM = 2
"""Answers that were kept in another form are asked for again."""
_GONE = -1

_BEHIND_MPIRUN = 6
"""Where in a command line behind an MPI's launcher that of one process begins."""


def used(argv: list[str], env: dict[str, str], *, python: str, is_behind_mpi: bool) -> str:
    """The interpreter that a run will have, as far as that can be known; "": none.

    A command that is no Python may start one: the one that its PATH has.

    Args:
        python: the one that runs the scripts which are Python's.
        is_behind_mpi: whether the launcher of an MPI stands in front.
    """
    first = argv[_BEHIND_MPIRUN if is_behind_mpi else 0]
    if first == python or os.path.basename(first).startswith("python"):
        return first
    from homerun.system import which

    return which.find("python", "python3", path=env.get("PATH") or os.defpath) or ""


def note(python: str, mark: str, env: Mapping[str, str], folder: str = ".") -> int:
    """Record what a run runs with.

    Args:
        env: the script's.
        folder: the run's.

    Returns:
        The process that asks the interpreter, where that is not known; else 0.
    """
    try:
        cache = caches.home(env)
        known = recall(cache, python)
        if known is not None:
            publish(*known, folder)
            return 0
        from homerun.environments import inspector_lock

        if inspector_lock.wait(place(cache, python), folder):
            return 0
        return _start_inspector(folder, python, mark, env, cache)
    except Exception:  # noqa: BLE001 - no room, no process, or an odd path: the run goes on without
        return 0


def note_own(mark: str, folder: str) -> None:
    """Record what this very process is, which holds a run open."""
    if not sys.executable:
        return  # Python within another program
    asks = note(sys.executable, mark, os.environ, folder)
    if asks:
        from homerun.system import children

        children.started(asks)


def publish(key: str, data: bytes, folder: str = ".") -> None:
    """Let the answer appear in the folder of a run, and in the store above it.

    Raises:
        OSError: it cannot be written.
    """
    shared = f"{folder}/../../{layout.INTERPRETERS}"
    name = f"{key}.json"
    for _ in range(0 if os.path.islink(shared) else 2):
        try:
            os.link(f"{shared}/{name}", f"{folder}/{layout.INTERPRETER}")
            return
        except FileExistsError:
            return
        except FileNotFoundError:
            atomic.make_folder(shared)
            atomic.publish_bytes(shared, name, data)
        except OSError as error:
            if error.errno not in (errno.EMLINK, errno.EPERM, errno.EACCES):
                raise
            break  # it has too many links, or is another user's
    atomic.publish_bytes(folder, layout.INTERPRETER, data)


def recall(cache: str, python: str) -> tuple[str, bytes] | None:
    """The key and the answer of an interpreter that was asked before; None: it is to be asked.

    Args:
        cache: the user's cache folder.
    """
    data = atomic.read_bytes(place(cache, python))
    if data is None:
        return None
    head, _, answer = data.partition(b"\n\n")
    key, named, system, *watched = os.fsdecode(head).split("\n")
    if not answer or named != python or system != _system():
        return None
    for line in watched:
        moment, _, path = line.partition(" ")
        if moment != str(changed(path)):
            return None
    return key, answer


def remember(
    cache: str, python: str, key: str, answer: bytes, moments: Iterable[tuple[str, int]]
) -> None:
    """Keep an answer, with the times of what it depends on.

    Raises:
        OSError: the cache cannot be written.
    """
    final = place(cache, python)
    caches.make_cache(os.path.dirname(final))
    watched = [f"{moment} {path}" for path, moment in moments]
    head = "\n".join([key, python, _system(), *watched])
    temporary = f"{final}.{os.getpid()}"
    try:
        atomic.write(temporary, os.fsencode(head) + b"\n\n" + answer)
        os.rename(temporary, final)
    except OSError:
        if os.path.exists(temporary):
            os.unlink(temporary)
        raise


def changed(path: str) -> int:
    """When a file, or the list of names in a folder, was changed: in ns; -1 where it is not."""
    try:
        return os.stat(path).st_mtime_ns
    except OSError:
        return _GONE


def place(cache: str, python: str) -> str:
    """Where an interpreter's answer is kept in the user's cache folder."""
    name = python.replace("%", "%25").replace("/", "%2F")[-_LONGEST_NAME:]
    return f"{cache}/homerun/{_FOLDER}/{name}"


def _system() -> str:
    """What the answer says of the machine changes with it."""
    found = os.uname()
    return f"{_FORM} {found.release} {found.version}"


def _start_inspector(
    run_folder: str, interpreter: str, mark: str, env: Mapping[str, str], cache: str
) -> int:
    """Start the process that asks an interpreter what is installed in it, for a run.

    Args:
        env: the script's.
        cache: the user's cache folder.

    Returns:
        Its pid; the caller collects it.

    Raises:
        OSError: it cannot be started.
    """
    from homerun.system import children, spawn

    path = env.get("PATH") or os.defpath
    argv = children.python("environments.inspector", run_folder, interpreter, path, cache)
    return spawn.start(sys.executable, argv, environ.for_helper(mark, env), spawn.NOTHING_OPEN)
