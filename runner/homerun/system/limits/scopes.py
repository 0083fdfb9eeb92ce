"""A scope of systemd's: the group that it makes for a process, and leaves to it.

Where systemd runs the machine all groups are its own, and a user may fill only those that it has
delegated. It makes one on demand, for root by its system manager, for others by their own.
"""

from __future__ import annotations

import os
import time

from homerun.base import environ
from homerun.system import linux, spawn
from runstore.fs import atomic

SYSTEMD = "/run/systemd/system"
"""There where systemd runs the machine."""
BUSCTL = "/usr/bin/busctl"
RUNTIME = "/run/user"
_ANSWER_S, _LOOK_S = 5, 0.005


class NoGroup(Exception):
    """No control group can be made; the message says why."""


def are_needed() -> bool:
    """Whether groups are systemd's here."""
    return os.path.isdir(SYSTEMD)


def check_manager() -> None:
    """Check that a scope can be asked for, as far as that can be told.

    Raises:
        NoGroup: it cannot.
    """
    if not os.access(BUSCTL, os.X_OK):
        raise NoGroup(f"there is no {BUSCTL} to ask systemd with")
    if os.geteuid() and not os.path.exists(f"{_runtime()}/bus"):
        raise NoGroup(f"systemd does not run for this user: there is no {_runtime()}/bus")


def enter_scope(name: str) -> None:
    """Have this process put into a new scope, which is its own to fill.

    Raises:
        NoGroup: systemd does not.
    """
    check_manager()
    said = _call(
        *("StartTransientUnit", "ssa(sv)a(sa(sv))", name, "fail", "4"),
        *("Description", "s", "a run of homerun with limits"),
        *("PIDs", "au", "1", str(os.getpid())),
        *("Delegate", "b", "true"),
        *("CollectMode", "s", "inactive-or-failed"),
        "0",
    )
    until = linux.clock() + _ANSWER_S
    wanted = f"/{name}".encode()
    while wanted not in atomic.read_or_empty("/proc/self/cgroup"):
        if said or linux.clock() > until:
            raise NoGroup(f"systemd makes no scope: {said or 'it does not answer'}")
        time.sleep(_LOOK_S)


def _call(*words: str) -> str:
    """Call systemd; what it has against it, "" for nothing."""
    manager = "/org/freedesktop/systemd1", "org.freedesktop.systemd1.Manager"
    bus = "--user" if os.geteuid() else "--system"
    options = [bus, "--quiet", f"--timeout={_ANSWER_S}"]
    argv = ["busctl", *options, "call", "org.freedesktop.systemd1", *manager, *words]
    answer, told = os.pipe()
    actions: list[tuple[int | str, ...]] = [*spawn.NOTHING_OPEN, (os.POSIX_SPAWN_DUP2, told, 2)]
    env = {
        "XDG_RUNTIME_DIR": _runtime(),
        "DBUS_SESSION_BUS_ADDRESS": environ.variable("DBUS_SESSION_BUS_ADDRESS")
        or f"unix:path={_runtime()}/bus",
    }
    try:
        pid = spawn.start(BUSCTL, argv, env, actions)
    except OSError as error:
        os.close(answer)
        return error.strerror or str(error)
    finally:
        os.close(told)
    said = b""
    while part := os.read(answer, 4096):
        said += part
    os.close(answer)
    failed = os.waitpid(pid, 0)[1]
    last = said.decode("utf-8", "replace").strip().rpartition("\n")[2]
    return (last or f"{BUSCTL} failed") if failed else ""


def _runtime() -> str:
    return environ.variable("XDG_RUNTIME_DIR") or f"{RUNTIME}/{os.geteuid()}"
