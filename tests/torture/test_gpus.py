"""Two stores, and where root tries it two users, on the same GPUs: no device is ever given twice.

A script takes of its devices what its run was given, by locks of the test's own, and says where
others have it. The recorded facts have to say the same.
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from contextlib import ExitStack
from pathlib import Path
from typing import Any

import pytest

from helpers.gpus import Machine
from helpers.person import people
from torture import report
from torture.gpu_driver import UNITS

OTHER = 64_380 + int(os.environ.get("PYTEST_XDIST_WORKER", "gw0")[2:])
SUBMITS = report.size(12, 250)
DEVICES = 2
DRIVER = Path(__file__).with_name("gpu_driver.py")


@pytest.fixture
def above() -> Iterator[Path]:
    """A folder that all users reach."""
    with tempfile.TemporaryDirectory(dir="/tmp") as folder:
        os.chmod(folder, 0o755)
        yield Path(folder)


def test_two_stores_never_exceed_a_device_over_random_submits_kills_and_cancels(
    above: Path, workspace_dir: Path
) -> None:
    machine = Machine(above / "gpus", DEVICES)
    for number in range(DEVICES):
        machine.say(number, memory=UNITS << 30)
    witnesses = above / "witnesses"
    witnesses.mkdir()
    for name in ("exceeded", *(f"GPU-{n}.{unit}" for n in range(DEVICES) for unit in range(UNITS))):
        (witnesses / name).touch()
        (witnesses / name).chmod(0o666)

    told = _live_together(machine, witnesses)
    runs = [Path(line.split()[0]) for line in told]
    unfinished = [
        line for line in told if line.split()[1] not in ("Completed", "Failed", "Canceled")
    ]
    exceeded = (witnesses / "exceeded").read_text().splitlines()
    over = _exceeded_by_the_record(runs)
    started = sum((run / "started.json").exists() for run in runs)

    report.add("GPUs of two stores", len(runs), [*exceeded, *over, *unfinished])
    assert len(runs) == 2 * SUBMITS
    assert started > SUBMITS // 2
    assert (exceeded, over, unfinished) == ([], [], [])


def _live_together(machine: Machine, witnesses: Path) -> list[str]:
    words = [str(SUBMITS), str(witnesses)]
    found: list[str] = []
    with ExitStack() as stack:
        running = [_start_own(machine, [f"{report.SEED} 0", *words])]
        if os.geteuid() == 0:
            (other,) = stack.enter_context(people(OTHER))
            argv = [str(DRIVER), f"{report.SEED} 1", *words]
            running.append(other.start(*argv, env=machine.variables))
        else:
            running.append(_start_own(machine, [f"{report.SEED} 1", *words]))
        for one in running:
            with one:
                output, errors = one.communicate()
            assert (one.returncode, "Traceback" in errors) == (0, False), errors
            found += output.splitlines()
        return _kept(found)


def _kept(lines: list[str]) -> list[str]:
    """The lines, and copies of the facts of the runs: the home of another user goes."""
    kept = []
    for line in lines:
        folder, status = line.split()
        copy = Path.cwd() / "kept" / Path(folder).name
        copy.mkdir(parents=True)
        for name in ("started.json", "exited.json"):
            for at in (Path(folder), *sorted(Path(folder).glob("attempts/*"))):
                if (at / name).exists():
                    aside = copy if at == Path(folder) else copy / at.name
                    aside.mkdir(exist_ok=True)
                    (aside / name).write_bytes((at / name).read_bytes())
        kept.append(f"{copy} {status}")
    return kept


def _start_own(machine: Machine, words: list[str]) -> subprocess.Popen[str]:
    folder = Path.cwd() / f"store-{words[0].rpartition(' ')[2]}"
    folder.mkdir()
    return subprocess.Popen(
        [sys.executable, str(DRIVER), *words],
        cwd=folder,
        env={**os.environ, **machine.variables},
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )


def _exceeded_by_the_record(runs: list[Path]) -> list[str]:
    """The moments at which more of a device was given than it has, by the facts of the runs."""
    edges: dict[str, list[tuple[float, int, str]]] = {}
    for run in runs:
        for folder in (run, *(one for one in run.iterdir() if one.is_dir())):
            started, exited = _fact(folder, "started.json"), _fact(folder, "exited.json")
            if exited.get("source") != "supervisor":
                continue  # it was killed: when its script was gone is on no record
            begin, end = started["clock_s"], started["clock_s"] + exited["elapsed_s"]
            for given in started["gpus"]:
                units = given.get("memory", UNITS << 30) >> 30
                at = edges.setdefault(given["uuid"], [])
                at += [(begin, units, run.name), (end, -units, run.name)]
    wrong = []
    for uuid, steps in edges.items():
        had = 0
        for _, step, name in sorted(steps):
            had += step
            if had > UNITS:
                wrong.append(f"{had} of {UNITS} parts of {uuid} were given when {name} began")
    return wrong


def _fact(folder: Path, name: str) -> dict[str, Any]:
    path = folder / name
    found: dict[str, Any] = json.loads(path.read_bytes() or b"{}") if path.exists() else {}
    return found
