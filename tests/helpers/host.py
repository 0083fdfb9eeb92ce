"""Another host, as far as Linux lets one machine have several that share their files.

A host has namespaces of its own for processes, names, network and mounts, a boot id and a machine
id of its own, and a wall clock of its own: a library that every process there loads shifts what
the C library tells of it, for Python as for anything else. Times of files are not shifted: they
are the file server's.
"""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
import uuid
from pathlib import Path

import pytest

from helpers import probes

_CLOCK = r"""
#define _GNU_SOURCE
#include <sys/syscall.h>
#include <sys/time.h>
#include <time.h>
#include <unistd.h>

int clock_gettime(clockid_t clock, struct timespec *told) {
    int status = syscall(SYS_clock_gettime, clock, told);
    if (!status && (clock == CLOCK_REALTIME || clock == CLOCK_REALTIME_COARSE))
        told->tv_sec += SHIFT_S;
    return status;
}

int gettimeofday(struct timeval *told, void *zone) {
    struct timespec now;
    clock_gettime(CLOCK_REALTIME, &now);
    told->tv_sec = now.tv_sec;
    told->tv_usec = now.tv_nsec / 1000;
    return 0;
}

time_t time(time_t *told) {
    struct timespec now;
    clock_gettime(CLOCK_REALTIME, &now);
    if (told)
        *told = now.tv_sec;
    return now.tv_sec;
}
"""

_APART = ("--net", "--pid", "--uts", "--mount")
_SET_UP = """
set -e
hostname "$1"
mount --bind "$2/boot_id" /proc/sys/kernel/random/boot_id
mount --bind /etc "$2/of-all"
mount --bind "$2/etc" /etc
shift 2
echo up
exec "$@"
"""


class Host:
    """A host that lives from its making to `close`.

    Args:
        name: its name.
        folder: a new folder for what is its own.
        shift_s: how far its clock is ahead.
        first: its first process; the host is there as long as it is.
    """

    def __init__(self, name: str, folder: Path, shift_s: int, first: list[str]) -> None:
        self.name = name
        self.shift_s = shift_s
        for one in ("etc", "of-all"):
            (folder / one).mkdir(parents=True)
        for entry in os.listdir("/etc"):
            (folder / "etc" / entry).symlink_to(folder / "of-all" / entry)
        (folder / "boot_id").write_text(f"{uuid.uuid4()}\n")
        (folder / "etc/machine-id").unlink(missing_ok=True)
        (folder / "etc/machine-id").write_text(f"{uuid.uuid4().hex}\n")
        (folder / "clock.c").write_text(_CLOCK)
        clock = folder / "clock.so"
        subprocess.run(
            ["cc", "-shared", "-fPIC", f"-DSHIFT_S={shift_s}", "-o", clock, folder / "clock.c"],
            check=True,
        )
        (folder / "etc/ld.so.preload").write_text(f"{clock}\n")
        own = ["unshare", *_APART, "--fork", "--kill-child", "--mount-proc"]
        self._first = subprocess.Popen(
            [*own, "sh", "-c", _SET_UP, "sh", name, str(folder), *first],
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
        )
        assert self._first.stdout is not None
        assert self._first.stdout.readline() == b"up\n"
        children = Path(f"/proc/{self._first.pid}/task/{self._first.pid}/children")
        self._within = children.read_text().split()[0]

    def run(self, code: str, *arguments: str) -> str:
        """What a Python program prints there, in this process's current folder.

        Its clock is its own, and it is not this process's child: it is asked for as on that host.
        """
        within = ["nsenter", f"--target={self._within}", *_APART, f"--wdns={os.getcwd()}"]
        paths = [str(Path(__file__).parents[1]), *os.environ.get("PYTHONPATH", "").split(":")]
        done = subprocess.run(
            [*within, sys.executable, "-c", code, *arguments],
            env={**os.environ, "PYTHONPATH": ":".join(filter(None, paths))},
            capture_output=True,
            text=True,
        )
        assert done.returncode == 0, f"{self.name}: {done.stderr}"
        return done.stdout

    def close(self) -> None:
        """End it with all of its processes, as when it loses its power; again: nothing happens."""
        self._first.kill()
        self._first.wait()
        assert self._first.stdout is not None
        self._first.stdout.close()


def needed() -> None:
    """Skip the test where there cannot be hosts."""
    if os.getuid():
        pytest.skip("only root can have hosts with names, networks and mounts of their own")
    if shutil.which("cc") is None:
        pytest.skip("no C compiler, so no host can have a clock of its own")
    if not probes.can_have_hosts():
        pytest.skip("`unshare` with a network, names and mounts is refused here")
