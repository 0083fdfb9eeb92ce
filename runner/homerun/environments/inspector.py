"""A process beside a run that asks an interpreter what it is and what is installed in it.

Nothing waits for it. What pip would list is read from the packages' own metadata, as pip does, by
the interpreter itself, in a folder of no project and without the script's PYTHONPATH.
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
import time

from homerun.base import masking
from homerun.environments import inspector_lock, interpreter
from homerun.system import linux
from homerun.system.sha256 import digest
from runstore.fs import json_write, lock

_LONGEST_S = 120.0
_SETTLED_NS = 2 * 10**9
_NICE = 10

_QUESTION = """
import json, os, platform, site, sys
sys.path.remove("")
from importlib import metadata
def line(found):
    name, version = found.metadata["Name"], found.version
    try:
        origin = json.loads(found.read_text("direct_url.json"))
        vcs = origin["vcs_info"]
        return "%s @ %s+%s@%s" % (name, vcs["vcs"], origin["url"], vcs["commit_id"])
    except (KeyError, TypeError, ValueError):
        return "%s==%s" % (name, version)
packages, folders = {}, set()
for found in metadata.distributions():
    folders.add(os.path.realpath(str(found.locate_file(""))))
    name = found.metadata["Name"]
    if name:
        packages.setdefault(name.lower().replace("_", "-").replace(".", "-"), line(found))
folders.update(getattr(site, "getsitepackages", list)())
if site.ENABLE_USER_SITE:
    folders.add(site.getusersitepackages())
about = {
    "python": sys.argv[1],
    "version": platform.python_version(),
    "implementation": platform.python_implementation(),
    "platform": platform.platform(),
    "packages": [packages[name] for name in sorted(packages)],
}
print(json.dumps({"about": about, "folders": sorted(folders)}))
"""


def main() -> None:
    """Ask, publish, and leave by `os._exit`; the arguments are those that `interpreter` gives."""
    run_folder, python, path, cache = sys.argv[1:]
    os.nice(_NICE)
    os.closerange(3, os.sysconf("SC_OPEN_MAX"))
    try:
        os.chdir(run_folder)  # so that a store can be renamed under it
        _ask_alone(python, path, cache)
    except (OSError, ValueError, LookupError, subprocess.SubprocessError):
        os._exit(1)  # it gives no answer, the run was removed, or the disk is full
    os._exit(0)


def _ask_alone(python: str, path: str, cache: str) -> None:
    """Ask, unless another process does: then that one serves this run too."""
    place = interpreter.place(cache, python)
    began = linux.clock()  # before the lock: who finds it taken comes after this
    while (held := inspector_lock.take(place)) is None:
        if inspector_lock.wait(place, "."):
            return
        began = linux.clock()
    try:
        key, answer = _ask(python, path, cache)
    except BaseException:
        lock.release(held)
        raise
    inspector_lock.serve(place, began, held, lambda: interpreter.publish(key, answer))


def _ask(python: str, path: str, cache: str) -> tuple[str, bytes]:
    """What an interpreter answers, by its key; on record in the current folder, and kept."""
    began_ns = time.time_ns()
    said = json.loads(_answer(python, path).splitlines()[-1])
    # An address that a package was installed from may hold the token that it was fetched with.
    answer = json_write.pretty(masking.texts(said["about"])).encode()
    key = digest(answer)
    interpreter.publish(key, answer)
    watched = [python, f"{os.path.dirname(os.path.dirname(python))}/pyvenv.cfg", *said["folders"]]
    moments = [(one, interpreter.changed(one)) for one in watched if "\n" not in one]
    # What was changed just now may be changed again with the same stamp.
    is_settled = max(moment for _, moment in moments) < began_ns - _SETTLED_NS
    if is_settled and len(moments) == len(watched):
        interpreter.remember(cache, python, key, answer, moments)
    return key, answer


def _answer(python: str, path: str) -> str:
    done = subprocess.run(
        [python, "-c", _QUESTION, python],
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,
        env={**os.environ, "PATH": path},
        cwd="/",
        timeout=_LONGEST_S,
        check=True,
        text=True,
    )
    return done.stdout
