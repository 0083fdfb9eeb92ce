"""The roll: which runs of a store are sampled on this machine, and the process that does it.

    .sampler/<boot>-<PID namespace>/<run id>    the folder of its experiment, on one line
    .sampler/<boot>-<PID namespace>/lock        held by the sampler

A supervisor enters its run once that has gone on for a while, and starts a sampler where none holds
the lock. So a sampler that was killed is replaced by the next run, and costs samples only.
"""

from __future__ import annotations

import os
import sys

from homerun.base import environ
from homerun.system import children, spawn
from runstore import layout
from runstore.fs import atomic, lock
from runstore.metrics.samples import interval_s

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Mapping

_PROGRAM = "metrics.usage.sampler"


def add_run(mark: str, place: Mapping[str, object], *, has_rules: bool = False) -> int:
    """Have the run be sampled whose folder is the current one; again, if it was before.

    Args:
        mark: what names the run to processes.
        place: what `identity.here` says.
        has_rules: it is to be looked at also where no samples are taken.

    Returns:
        The process of the sampler that was started for it; 0: there is one, or none is wanted.

    Raises:
        OSError: there is no room for an entry, or no process can be started.
    """
    root = os.path.normpath(f"{os.getcwd()}/../..")
    if not interval_s(root) and not has_rules:
        return 0
    folder = atomic.make_folders(root, layout.SAMPLER, place_name(place))
    experiment, run_id = os.getcwd().split("/")[-2:]
    if not atomic.is_at(f"{folder}/{run_id}"):
        atomic.write(f"{folder}/{run_id}", os.fsencode(f"{experiment}\n"))
    held = lock.join(f"{folder}/{layout.SAMPLER_LOCK}", alone=True)
    if held is None:
        return 0
    lock.release(held)
    argv = children.python(_PROGRAM, root, folder, has_packages=True)
    return spawn.start(sys.executable, argv, environ.for_supervisor(f"{mark}/"), spawn.NOTHING_OPEN)


def remove_run(place: Mapping[str, object]) -> None:
    """Take the run off the roll whose folder is the current one.

    Raises:
        OSError: the disk does not let it go.
    """
    root, run_id = os.path.normpath(f"{os.getcwd()}/../.."), os.path.basename(os.getcwd())
    atomic.unlink_if_there(f"{root}/{layout.SAMPLER}/{place_name(place)}/{run_id}")


def place_name(place: Mapping[str, object]) -> str:
    """The name of a place's folder; pids mean the same in all of it."""
    known = str(place.get("boot_id") or place.get("machine_id") or place.get("host") or "")
    plain = "".join(sign for sign in known if sign.isalnum() or sign == "-")
    return f"{plain[:36] or 'here'}-{place.get('pid_namespace') or 0}"


def runs(folder: str) -> dict[str, str]:
    """The runs on the roll, each with the folder of its experiment; what is damaged is left out."""
    found = {}
    for name in sorted(atomic.names_in(folder)):
        if name == layout.SAMPLER_LOCK or name[0] == ".":
            continue
        experiment = os.fsdecode(atomic.read_bytes(f"{folder}/{name}") or b"").rstrip("\n")
        if experiment and "/" not in experiment and experiment[0] != ".":
            found[name] = experiment
    return found
