"""MLflow in its two generations, each in an environment of its own, from PyPI.

Of MLflow it is the part without a server (`mlflow-skinny`), and what its autologging needs. Those
libraries are large, and both environments share them.
"""

from __future__ import annotations

import shutil
import subprocess
import sys
from pathlib import Path

GENERATIONS = {"3": "mlflow-skinny>=3,<4", "2": "mlflow-skinny>=2,<3"}
_LIBRARIES = ("scikit-learn", "pandas")


class CannotBeHad(Exception):
    """Why there is no MLflow to test against, in one line."""


def installed(folder: Path) -> dict[str, Path]:
    """The Python of each generation, installed on the first call.

    Raises:
        CannotBeHad: it cannot be installed here.
    """
    found = {name: folder / name / "bin/python" for name in GENERATIONS}
    if (folder / "installed").exists():
        return found
    shutil.rmtree(folder, ignore_errors=True)
    _run(sys.executable, "-m", "pip", *_install("--target", folder / "libraries", *_LIBRARIES))
    for name, package in GENERATIONS.items():
        _run(sys.executable, "-m", "venv", "--without-pip", folder / name)
        _run(sys.executable, "-m", "pip", "--python", found[name], *_install(package))
        (packages,) = (folder / name).glob("lib/python*/site-packages")
        (packages / "libraries.pth").write_text(f"{folder / 'libraries'}\n")
    (folder / "installed").touch()
    return found


def _install(*words: object) -> tuple[object, ...]:
    return "install", "--quiet", "--disable-pip-version-check", *words


def _run(*command: object) -> None:
    done = subprocess.run(list(map(str, command)), capture_output=True, text=True)
    if done.returncode:
        last = (done.stderr.strip().splitlines() or ["pip failed"])[-1]
        raise CannotBeHad(f"no MLflow is tried, since it cannot be installed: {last}")
