"""The process that makes an environment: one for each run that finds it missing; one builds.

It waits for the lock of the environment's key (`build_lock`), looks again, builds in a new folder,
and lets a link lead there, by a rename. Killed at any point it leaves a folder that no link leads
to, and the kernel frees its lock: the next one builds. What the resolver says goes to this
process's output; where that is no terminal, without the secrets in it.
"""

from __future__ import annotations

import fcntl
import os
import sys

from homerun.base import masking
from homerun.environments import build_lock, recipe
from homerun.environments.recipe import Recipe
from homerun.system import caches
from runstore.fs import atomic, clock, json_write, mounts

TYPE_CHECKING = False
if TYPE_CHECKING:
    from subprocess import Popen
    from typing import IO

RECIPE_DESCRIPTOR = 3

_LINK = ".link-"
_LONGEST_LINE = 1 << 16
_LAST_WORDS_S = 1.0


class CannotBuild(Exception):
    """A command has failed; what it said stands on standard error already."""


def main() -> None:
    """Make the environment whose recipe was inherited; leaves by `os._exit`."""
    size = os.fstat(RECIPE_DESCRIPTOR).st_size
    given = os.pread(RECIPE_DESCRIPTOR, size, 0)
    os.close(RECIPE_DESCRIPTOR)
    wanted = recipe.decode(given.decode("utf-8", "surrogateescape"))
    code = 1
    try:
        make(wanted)
        code = 0
    except CannotBuild as error:
        _say(str(error))
    except OSError as error:
        _say(f"{error.filename or wanted.folder}: {error.strerror or error}")
    finally:
        os._exit(code)


def make(wanted: Recipe) -> None:
    """Make an environment unless it is there.

    Raises:
        CannotBuild: a command failed; what it said is on standard error.
        OSError: the cache folder cannot be written, or others may write there.
    """
    caches.make_cache(os.path.dirname(wanted.folder))
    held = os.open(f"{wanted.folder}.lock", os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
    try:
        is_alone = build_lock.wait(held, _say)
        if recipe.is_ready(wanted.folder):
            return
        if is_alone:
            remove_unfinished(wanted.folder)
        made = f"{wanted.folder}-{os.urandom(4).hex()}"
        try:
            _build(wanted, made)
        except BaseException:
            remove(made)
            raise
        _publish(wanted.folder, made)
    finally:
        os.close(held)


def remove_unfinished(folder: str) -> None:
    """Remove what killed builders have left of an environment; its lock has to be held.

    On a folder that hosts share another one's lock may not be seen: what is new there may be built.
    """
    above, key = os.path.split(folder)
    current = os.path.realpath(folder)
    since = os.stat(f"{folder}.lock").st_mtime - build_lock.LONGEST_S
    is_shared = mounts.is_network(above)
    for name in os.listdir(above):
        path = f"{above}/{name}"
        if name.startswith(f"{key}-") and os.path.realpath(path) != current and not _is_used(path):
            if not is_shared or os.lstat(path).st_mtime < since:
                remove(path)
        elif name.startswith(f"{_LINK}{key}-"):
            os.unlink(path)


def _is_used(path: str) -> bool:
    """Whether runs use an environment, which another one has replaced meanwhile."""
    try:
        held = os.open(f"{path}/{recipe.IN_USE}", os.O_RDONLY | os.O_CLOEXEC)
    except OSError:
        return False
    try:
        fcntl.flock(held, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        return True
    finally:
        os.close(held)
    return False


def commands(wanted: Recipe, made: str, requirements: str) -> list[list[str]]:
    """The command lines that make an environment in a new folder."""
    from homerun.system import which

    if wanted.conda:
        create = [wanted.conda, "env", "create", "--yes", "--prefix", made]
        return [[*create, "--file", requirements]]
    uv = which.find("uv")
    python = f"{made}/bin/python"
    if uv:
        return [
            [uv, "venv", "--no-project", "--python", wanted.interpreter, made],
            [uv, "pip", "install", "--python", python, "--requirement", requirements],
        ]
    install = [python, "-m", "pip", "--disable-pip-version-check", "--no-input", "install"]
    return [
        [wanted.interpreter, "-m", "venv", made],
        [*install, "--requirement", requirements],
    ]


def _build(wanted: Recipe, made: str) -> None:
    suffix = ".yml" if wanted.conda else ".txt"
    requirements = f"{made}{suffix}"
    content = wanted.specification if wanted.conda else "".join(f"{x}\n" for x in wanted.lines)
    try:
        atomic.write(requirements, content.encode("utf-8", "surrogateescape"))
        for command in commands(wanted, made, requirements):
            _run(command, os.path.dirname(made), masking.secrets_in(content.splitlines()))
    finally:
        if os.path.exists(requirements):
            os.unlink(requirements)
    about: dict[str, object] = {
        "name": wanted.name,
        "interpreter": wanted.interpreter,
        "time": clock.now(),
        "packages": _installed(made),
    }
    atomic.write(f"{made}/{recipe.IN_USE}", b"")
    atomic.write(f"{made}/{recipe.ABOUT}", json_write.pretty(about).encode())
    atomic.sync_file_system(made)


def _run(command: list[str], folder: str, secrets: list[str]) -> None:
    """Run a command in a folder without a project of its own, whose settings would count."""
    import subprocess

    is_log = not sys.stderr.isatty()
    try:
        running = subprocess.Popen(
            command,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE if is_log else sys.stderr,
            stderr=subprocess.STDOUT if is_log else None,
            cwd=folder,
        )
    except OSError as error:
        raise CannotBuild(f"{command[0]} cannot be started ({error.strerror})") from error
    try:
        if running.stdout is not None:
            _copy_masked(running, running.stdout, secrets)
        running.wait()
    except BaseException:
        running.kill()
        raise
    if running.returncode:
        raise CannotBuild(f"{os.path.basename(command[0])} ended with {running.returncode}")


def _copy_masked(running: Popen[bytes], said: IO[bytes], secrets: list[str]) -> None:
    """Write what an installer says to standard error, line by line, until it ends."""
    from threading import Thread

    def copy() -> None:
        while line := said.readline(_LONGEST_LINE):
            sys.stderr.write(masking.text(line.decode("utf-8", "replace"), secrets))
            sys.stderr.flush()
        said.close()

    reader = Thread(target=copy, daemon=True)
    reader.start()
    running.wait()
    reader.join(_LAST_WORDS_S)  # a process that it has left behind may hold the pipe for ever


def _installed(made: str) -> list[str]:
    """Name and version of each package, as its metadata in the environment say."""
    import subprocess

    code = (
        "from importlib.metadata import distributions\n"
        "found = {(d.metadata['Name'], d.version) for d in distributions()}\n"
        "print(*(f'{name}=={version}' for name, version in sorted(found)), sep='\\n')"
    )
    try:
        done = subprocess.run(
            [f"{made}/bin/python", "-I", "-c", code], capture_output=True, text=True, check=False
        )
    except OSError as error:
        raise CannotBuild(f"{made} has no Python that starts ({error.strerror})") from error
    if done.returncode:
        said = masking.text(done.stderr.strip())
        raise CannotBuild(f"{made} has no Python that starts: {said}")
    return done.stdout.split()


def _publish(folder: str, made: str) -> None:
    above, key = os.path.split(folder)
    if recipe.is_ready(folder):  # another builder was not waited for, or did not wait
        remove(made)
        return
    link = f"{above}/{_LINK}{key}-{os.urandom(4).hex()}"
    os.symlink(os.path.basename(made), link)
    os.rename(link, folder)
    atomic.sync_folder(above)


def remove(path: str) -> None:
    """Remove a file or a folder, as far as that can be done."""
    import shutil

    shutil.rmtree(path, ignore_errors=True)
    if os.path.isfile(path):
        os.unlink(path)


def _say(line: str) -> None:
    sys.stderr.write(f"homerun: {line}\n")
    sys.stderr.flush()
