"""What this machine lets a test do, each asked once: namespaces, tracing, other interpreters."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from functools import cache
from glob import glob
from typing import NamedTuple

OLDEST = (3, 9)


class Interpreter(NamedTuple):
    """A Python that was started and answered."""

    path: str
    version: tuple[int, int]

    def __str__(self) -> str:
        return f"python{self.version[0]}.{self.version[1]}"


@cache
def can_unshare_user_mount() -> bool:
    """May a process mount a tmpfs in a user and mount namespace of its own?"""
    return _works("unshare", "-rm", "mount", "-t", "tmpfs", "none", "/mnt")


@cache
def can_unshare_pid() -> bool:
    """May a process have a PID namespace with its own /proc?"""
    return _works("unshare", "-rpf", "--mount-proc", "true")


@cache
def can_unshare_time() -> bool:
    """May a process have a time namespace, in which the machine has run for longer?"""
    return _works("unshare", "-T", "--boottime", "1000000", "--", "true")


@cache
def can_have_hosts() -> bool:
    """May a process have all of a host's namespaces, with a boot id of its own?"""
    mount = "mount --bind /dev/null /proc/sys/kernel/random/boot_id"
    own = ("--net", "--pid", "--uts", "--mount", "--fork", "--kill-child", "--mount-proc")
    return _works("unshare", *own, "sh", "-c", mount)


@cache
def has_strace() -> bool:
    """Is strace there, and may it trace and inject?"""
    return _works("strace", "-f", "-o", "/dev/null", "-e", "inject=link:error=EPERM", "true")


@cache
def find_interpreters() -> tuple[Interpreter, ...]:
    """One working interpreter per version from 3.9 up, oldest first; the running one among them."""
    found = {sys.version_info[:2]: Interpreter(sys.executable, sys.version_info[:2])}
    for path in _candidates():
        interpreter = _ask(path)
        if interpreter and interpreter.version >= OLDEST:
            found.setdefault(interpreter.version, interpreter)
    return tuple(found[version] for version in sorted(found))


def _candidates() -> list[str]:
    named = [shutil.which(f"python3.{minor}") for minor in range(OLDEST[1], 20)]
    managed = sorted(glob(os.path.expanduser("~/.pyenv/versions/*/bin/python")))
    return [path for path in named if path] + managed


def _ask(path: str) -> Interpreter | None:
    """Start it: a name on PATH may be a shim that only prints a hint."""
    code = "import sys; print(sys.executable, *sys.version_info[:2], sep='\\n')"
    try:
        done = subprocess.run([path, "-I", "-c", code], capture_output=True, text=True, timeout=60)
    except (OSError, subprocess.TimeoutExpired):
        return None
    if done.returncode:
        return None
    executable, major, minor = done.stdout.splitlines()
    return Interpreter(executable, (int(major), int(minor)))


def _works(*command: str) -> bool:
    try:
        done = subprocess.run(command, capture_output=True, stdin=subprocess.DEVNULL, timeout=60)
    except (OSError, subprocess.TimeoutExpired):
        return False
    return done.returncode == 0
