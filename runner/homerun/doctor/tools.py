"""Programs that homerun makes use of where they are installed."""

from __future__ import annotations

import shutil
import sys

from homerun.doctor.diagnosis import MISSING, OK, WARN, Diagnosis
from homerun.doctor.interpreter import is_there

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterator

AREA = "tools"

_SLURM = ("sbatch", "squeue", "scancel")


def look() -> Iterator[Diagnosis]:
    """Each program by its path."""
    yield _one_of("git", ("git",), "install git to have each run's commit and difference on record")
    yield _pip()
    yield _one_of(
        "conda", ("mamba", "conda"), "only needed for run configurations with conda packages"
    )
    yield _one_of("mpirun", ("mpirun", "mpiexec"), "only needed for scripts that use MPI")
    yield _slurm()
    yield _one_of("ray", ("ray",), "only needed to place runs on a Ray cluster from here")


def _which(program: str) -> str | None:
    return shutil.which(program)


def _one_of(name: str, programs: tuple[str, ...], advice: str) -> Diagnosis:
    found = next(filter(None, map(_which, programs)), None)
    return (
        Diagnosis(AREA, name, OK, found) if found else Diagnosis(AREA, name, MISSING, "no", advice)
    )


def _pip() -> Diagnosis:
    uv = _which("uv")
    if uv is not None:
        return Diagnosis(AREA, "uv or pip", OK, uv)
    if is_there("pip"):
        return Diagnosis(AREA, "uv or pip", OK, f"{sys.executable} -m pip")
    advice = "install uv, or pip, for run configurations that name packages"
    return Diagnosis(AREA, "uv or pip", MISSING, "no", advice)


def _slurm() -> Diagnosis:
    found = {name: _which(name) for name in _SLURM}
    if all(found.values()):
        return Diagnosis(AREA, "slurm", OK, str(found["sbatch"]))
    if any(found.values()):
        missing = ", ".join(name for name, path in found.items() if path is None)
        return Diagnosis(
            AREA, "slurm", WARN, f"without {missing}", "put all of its commands on PATH"
        )
    return Diagnosis(AREA, "slurm", MISSING, "no", "only needed to place runs on a Slurm cluster")
