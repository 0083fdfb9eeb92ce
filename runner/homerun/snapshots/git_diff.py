"""A process beside a run that asks the git program whether the run's code is as it was committed.

Nothing waits for it. It publishes the difference as a file of the run, whole or not at all, then
the property that says whether there is one. The program sees a repository of our own making: the
commit, objects and index of the real one with none of its settings, so that no hook, filter,
monitor or other command that they name can run, and nothing of the real one is written.
"""

from __future__ import annotations

import os
import select
import sys
import time

from homerun.base import environ
from homerun.snapshots import git
from homerun.snapshots.links import CREDENTIALS
from homerun.system import children, signals, spawn
from runstore import layout
from runstore.fs import atomic, facts, safe_path
from runstore.run import properties

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping
    from typing import NoReturn

_MOST_BYTES = 16 << 20
_LONGEST_S = 30.0
_NICE = 10

_KEPT = frozenset(
    f"core.{name}"
    for name in (
        *("autocrlf", "checkstat", "eol", "excludesfile", "filemode", "ignorecase"),
        *("precomposeunicode", "symlinks", "trustctime"),
    )
) | {"status.showuntrackedfiles", "extensions.objectformat"}
"""The settings that decide what counts as a change; none of them names a command."""

_QUIET = ("--no-optional-locks", "--no-pager")
_STATUS = ("status", "--porcelain", "--ignore-submodules=dirty")
_DIFF = (
    *("diff", "--binary", "--no-color", "--no-ext-diff", "--no-textconv"),
    "--ignore-submodules=dirty",  # git would look into them by their own settings
)
_WITHOUT_CREDENTIALS = (
    *("--", ":(top)"),
    *(f":(top,exclude,glob)**/{name}{below}" for name in CREDENTIALS for below in ("", "/**")),
)
"""What a snapshot leaves out is in no difference either."""

_DEEPEST = 8

_POINTER = "pointer"
"""The argument with which git starts this module as the filter of a large file."""
_OLD_POINTER = b"version https://git-lfs.github.com/spec/"


def wanted(code: git.Code) -> list[str]:
    """What `start` needs to ask about this code; [] where git cannot be asked."""
    program = _program() if code.commit else None
    return [program, code.top, code.commit] if program else []


def start(run_folder: str, mark: str, question: list[str], env: Mapping[str, str]) -> int:
    """Start the process that asks git about a run's code, where there is anything to ask.

    Args:
        question: what `wanted` returned.
        env: the submitter's environment.

    Returns:
        Its pid, which `children.reap` collects; 0 where the run has to go without it.
    """
    children.reap()
    if not question or not sys.executable:
        return 0
    argv = children.python("snapshots.git_diff", run_folder, *question)
    try:
        pid = spawn.start(sys.executable, argv, environ.for_helper(mark, env), spawn.NOTHING_OPEN)
    except (OSError, ValueError):
        return 0
    children.started(pid)
    return pid


def main() -> None:
    """Look, publish, and leave by `os._exit`; the arguments are those that `start` gives."""
    if sys.argv[1:] == [_POINTER]:
        _write_pointer()
    run_folder, program, top, commit = sys.argv[1:]
    os.nice(_NICE)
    os.closerange(3, os.sysconf("SC_OPEN_MAX"))
    try:
        os.chdir(run_folder)  # so that a store can be renamed under it
        code = git.repository(top)
        if code is not None:
            code.commit = commit
            _look(program, code)
    except OSError:
        os._exit(1)  # the run was removed, or the disk is full: then there is no difference
    os._exit(0)


def _look(program: str, code: git.Code) -> None:
    """Publish what differs, then whether anything does; nothing where git gives no answer."""
    found = _Difference(program)
    is_dirty: bool | None = False
    try:
        for prefix, one in _repositories(code):
            is_changed = found.add(prefix, one)
            is_dirty = None if is_changed is None or is_dirty is None else is_dirty or is_changed
        if is_dirty is not None:
            found.publish()
    finally:
        found.remove()
    if is_dirty is not None:
        properties.add(".", git.DIRTY, str(is_dirty), facts.read(".", layout.RUN))


def _repositories(code: git.Code, prefix: str = "") -> Iterator[tuple[str, git.Code]]:
    """A repository and its submodules, those of submodules too, each with its path in the first."""
    yield prefix, code
    if prefix.count("/") > _DEEPEST:
        return
    for key, path in git.settings(f"{code.top}/.gitmodules"):
        is_path = key.startswith("submodule.") and key.endswith(".path")
        if is_path and not path.startswith("/") and os.pardir not in path.split("/"):
            top = f"{code.top}/{path}"
            inner = git.look(top) if git.repository(top) is not None else None
            if inner is not None and inner.commit:
                yield from _repositories(inner, f"{prefix}{path}/")


class _Difference:
    """How a repository and its submodules differ from their commits, as one patch."""

    def __init__(self, program: str) -> None:
        self._program = program
        self._until = time.monotonic() + _LONGEST_S
        self._answer, self._patch = _temporary(), _temporary()
        self._is_whole = True

    def add(self, prefix: str, code: git.Code) -> bool | None:
        """Ask git about one repository: whether anything differs; None where it does not answer."""
        mirror = _temporary()
        try:
            _mirror(mirror, code)
            asked = _Git(
                self._program, os.path.abspath(mirror), code.top, self._answer, self._until
            )
            if not asked.answers(*_STATUS):
                return None
            is_dirty = os.path.getsize(self._answer) > 0
            if is_dirty:
                places = (f"--src-prefix=a/{prefix}", f"--dst-prefix=b/{prefix}")
                words = (*_DIFF, *places, code.commit, *_WITHOUT_CREDENTIALS)
                self._take(asked.answers(*words))
            return is_dirty
        finally:
            _remove(mirror)

    def publish(self) -> None:
        """Make the patch a file of the run, unless it is empty, or a part of it is missing."""
        if self._is_whole and os.path.exists(self._patch) and os.path.getsize(self._patch):
            _publish(self._patch)

    def remove(self) -> None:
        """Remove what is left of the answers."""
        for path in (self._answer, self._patch):
            if os.path.exists(path):
                os.unlink(path)

    def _take(self, is_there: bool) -> None:
        """Add the last answer to the patch."""
        size = os.path.getsize(self._patch) if os.path.exists(self._patch) else 0
        self._is_whole &= is_there and size + os.path.getsize(self._answer) <= _MOST_BYTES
        if not self._is_whole:
            return
        source = os.open(self._answer, os.O_RDONLY)
        target = os.open(self._patch, os.O_WRONLY | os.O_CREAT, 0o600)
        try:
            os.lseek(target, 0, os.SEEK_END)
            safe_path.pour(source, target)
        finally:
            os.close(source)
            os.close(target)


class _Git:
    """The git program on the mirror, within a time that all of its answers share."""

    def __init__(self, program: str, folder: str, top: str, answer: str, until: float) -> None:
        import resource

        resource.setrlimit(resource.RLIMIT_FSIZE, (_MOST_BYTES, _MOST_BYTES))
        self._command = [program, "-C", top, *_QUIET]
        self._env = environ.for_git(folder, top)
        self._answer = answer
        self._until = until
        self._wakeups = signals.Wakeups((signals.CHLD,))
        self._poll = select.poll()
        self._poll.register(self._wakeups.read_end, select.POLLIN)

    def answers(self, *words: str) -> bool:
        """Whether it answers, in time and in a file that is not too large."""
        flags = os.O_WRONLY | os.O_CREAT | os.O_TRUNC
        to = (os.POSIX_SPAWN_OPEN, 1, self._answer, flags, 0o600)
        pid = spawn.start(self._command[0], [*self._command, *words], self._env, [to])
        while True:
            ended, raw = os.waitpid(pid, os.WNOHANG)
            if ended:
                return raw == 0
            left = self._until - time.monotonic()
            if left <= 0:
                os.kill(pid, signals.KILL)  # not reaped yet, so it is still that process
                os.waitpid(pid, 0)
                return False
            self._poll.poll(left * 1000)
            self._wakeups.take()


def _mirror(folder: str, code: git.Code) -> None:
    """A repository with the other one's commit, objects and index, and settings of our own."""
    atomic.make_new_folder(folder)
    for name in ("refs", "info"):
        os.mkdir(f"{folder}/{name}")
    atomic.write(f"{folder}/HEAD", f"{code.commit}\n".encode())
    atomic.write(f"{folder}/config", _settings(code).encode())
    os.symlink(f"{code.common}/objects", f"{folder}/objects")
    os.symlink(f"{code.common}/info/exclude", f"{folder}/info/exclude")
    for name in os.listdir(code.folder):
        if name == "index" or name.startswith("sharedindex."):
            os.symlink(f"{code.folder}/{name}", f"{folder}/{name}")


def _remove(folder: str) -> None:
    """Remove a mirror, its links and not what they lead to; `shutil` costs more than git does."""
    for at, folders, names in os.walk(folder, topdown=False):
        for name in names:
            os.unlink(f"{at}/{name}")
        for name in folders:
            path = f"{at}/{name}"
            if os.path.islink(path):
                os.unlink(path)
            else:
                os.rmdir(path)
    if os.path.isdir(folder):
        os.rmdir(folder)


def _settings(code: git.Code) -> str:
    """What the user's settings and the repository's say about what counts as a change."""
    home = os.path.expanduser("~")
    own = environ.config_home() or f"{home}/.config"
    kept = {"core.excludesfile": f"{own}/git/ignore"}
    for path in (f"{own}/git/config", f"{home}/.gitconfig", f"{code.common}/config"):
        found = ((key.lower(), value) for key, value in git.settings(path))
        kept.update((key, value) for key, value in found if key in _KEPT and value.isprintable())
    excludes = os.path.expanduser(kept["core.excludesfile"])
    kept["core.excludesfile"] = excludes if os.path.isfile(excludes) else os.devnull
    version = 1 if "extensions.objectformat" in kept else 0
    lines = [f"[core]\n\trepositoryformatversion = {version}\n\tbare = false"]
    for key, value in kept.items():
        section, _, name = key.partition(".")
        quoted = value.replace("\\", "\\\\").replace('"', '\\"')
        lines.append(f'[{section}]\n\t{name} = "{quoted}"')
    command = _pointer_filter().replace("\\", "\\\\").replace('"', '\\"').replace("\n", "\\n")
    lines.append(f'[filter "lfs"]\n\tclean = "{command}"')
    return "\n".join(lines) + "\n"


def _pointer_filter() -> str:
    """The command that git compares a file of LFS by: what it commits of one is its pointer."""
    words = children.python("snapshots.git_diff", _POINTER)
    return " ".join("'" + word.replace("'", "'\\''") + "'" for word in words)


def _write_pointer() -> NoReturn:
    """Write the pointer of the large file on standard input, as git LFS does; leave."""
    import hashlib

    digest, size, first = hashlib.sha256(), 0, b""
    while data := os.read(0, 1 << 20):
        first = first or data
        digest.update(data)
        size += len(data)
    is_pointer = not size or first.startswith(_OLD_POINTER)
    made = f"version https://git-lfs.github.com/spec/v1\noid sha256:{digest.hexdigest()}\n"
    atomic.write_all(1, first if is_pointer else f"{made}size {size}\n".encode())
    os._exit(0)


def _publish(answer: str) -> None:
    atomic.make_folder(layout.FILES)
    if atomic.is_shared(layout.FILES):
        os.chmod(answer, atomic.group_readable(0o600))
    try:
        os.link(answer, f"{layout.FILES}/{layout.GIT_DIFF}")
    except FileExistsError:
        return
    os.unlink(answer)  # the next answer is not to be written into what is published


def _temporary() -> str:
    """A name of the kind that a check of the store knows for left over."""
    return f".{layout.GIT_DIFF}.{os.getpid()}.{os.urandom(4).hex()}"


def _program() -> str | None:
    """The git program, looked for in the folders of PATH that do not depend on where one stands."""
    for folder in os.get_exec_path():
        path = f"{folder}/git"
        if folder.startswith("/") and os.path.isfile(path) and os.access(path, os.X_OK):
            return path
    return None
