"""Programs that stand in for torch's launcher and for mpirun where these are not installed.

They take the options that homerun gives, as the real ones do, and start the processes; they do not
let them talk to each other. `tests/libraries` has the real torch.
"""

from __future__ import annotations

import sys
from pathlib import Path

_TORCH = """
import argparse, os, subprocess, sys
parser = argparse.ArgumentParser()
parser.add_argument("--standalone", action="store_true", required=True)
parser.add_argument("--nproc_per_node", type=int)
parser.add_argument("--redirects", default="0")
parser.add_argument("--tee", default="0")
parser.add_argument("--no_python", action="store_true")
parser.add_argument("script")
parser.add_argument("rest", nargs=argparse.REMAINDER)
given = parser.parse_args()
command = [given.script, *given.rest]
if not given.no_python:
    command = [sys.executable, "-u", *command]
to_file = dict(pair.split(":") for pair in given.redirects.split(",") if ":" in pair)
started = []
for rank in range(given.nproc_per_node):
    out = None
    if to_file.get(str(rank)) == "1":
        folder = os.path.join(os.environ["PET_LOG_DIR"], "id", "attempt_0", str(rank))
        os.makedirs(folder)
        out = open(os.path.join(folder, "stdout.log"), "w")
    env = {**os.environ, "RANK": str(rank), "WORLD_SIZE": str(given.nproc_per_node)}
    started.append(subprocess.Popen(command, stdout=out, env=env))
sys.exit(max(one.wait() for one in started))
"""

_MPIRUN = """#!/bin/sh
[ "$1" = -n ] || exit 9
count=$2; shift 2; rank=0
while [ $rank -lt $count ]; do
  OMPI_COMM_WORLD_RANK=$rank OMPI_COMM_WORLD_SIZE=$count "$@" &
  rank=$((rank + 1))
done
wait
"""


_SRUN = """#!{python}
import os, subprocess, sys, threading
options = {{}}
words = sys.argv[1:]
while words[0].startswith("--"):
    name, _, value = words.pop(0).partition("=")
    options[name] = value
per_node = int(options["--ntasks-per-node"])
os.chdir(options["--chdir"])
started = []
for rank in range(int(options["--ntasks"])):
    if rank and "SRUN_WAITS_AT" in os.environ:
        open(os.environ["SRUN_WAITS_AT"]).read()
    env = {{
        **os.environ,
        "SLURM_PROCID": str(rank),
        "SLURM_LOCALID": str(rank % per_node),
        "SLURM_NODEID": str(rank // per_node),
        "SLURMD_NODENAME": "n%d" % (rank // per_node + 1),
        "SLURM_LAUNCH_NODE_IPADDR": "127.0.0.1",
    }}
    started.append(subprocess.Popen(words, stdin=subprocess.PIPE, env=env))


def pass_on():
    while True:
        data = os.read(0, 65536)
        for one in started:
            try:
                os.write(one.stdin.fileno(), data) if data else one.stdin.close()
            except OSError:
                pass
        if not data:
            return


threading.Thread(target=pass_on, daemon=True).start()
codes = []
while len(codes) < len(started):
    pid, raw = os.wait()
    codes.append(raw)
    if raw:
        for one in started:
            one.kill()
sys.stdout.flush()
os._exit(1 if any(codes) else 0)
"""


def srun(folder: Path) -> Path:
    """A folder for PATH with an `srun` whose nodes are all this machine."""
    folder.mkdir(parents=True)
    program = folder / "srun"
    program.write_text(_SRUN.format(python=sys.executable), encoding="utf-8")
    program.chmod(0o755)
    return folder


def torch(folder: Path) -> Path:
    """A folder for PYTHONPATH with a package `torch` that has nothing but its launcher."""
    package = folder / "torch" / "distributed"
    package.mkdir(parents=True)
    (package.parent / "__init__.py").touch()
    (package / "__init__.py").touch()
    (package / "run.py").write_text(_TORCH, encoding="utf-8")
    return folder


def mpirun(folder: Path) -> Path:
    """A folder for PATH with an `mpirun`."""
    folder.mkdir(parents=True)
    program = folder / "mpirun"
    program.write_text(_MPIRUN, encoding="utf-8")
    program.chmod(0o755)
    return folder
