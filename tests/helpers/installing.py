"""homerun as its users install it: `pip install homerun` takes a wheel of this checkout."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Callable, Sequence
from pathlib import Path

import pytest

from helpers import sources

INSTALL_S = 300.0
NOT_FOUND = "No matching distribution found"
"""What pip says of a package that it cannot have, as without a network."""


def wheel(folder: Path) -> Path:
    """A wheel of this checkout, without Studio's pages, which take Node a while to build."""
    folder.mkdir(parents=True)
    build = [sys.executable, "-m", "pip", "wheel", "--quiet", "--no-deps", "--wheel-dir"]
    _have(
        [*build, str(folder), str(sources.ROOT)],
        folder,
        {**os.environ, "HATCH_BUILD_NO_HOOKS": "true"},
    )
    [made] = folder.glob("homerun-*.whl")
    return made


def session(
    lines: Sequence[str], folder: Path, timeout_s: float, fits: Callable[[str], str]
) -> list[str]:
    """What each line of a new user's first session prints, in the current folder.

    Args:
        lines: as typed into a shell; the first two make an environment and install homerun in it.
        folder: for the wheel.
        fits: a line as it has to be on this machine.
    """
    constraint = folder / "constraint.txt"
    constraint.write_text(f"homerun @ {wheel(folder).as_uri()}\n")
    env = {name: value for name, value in os.environ.items() if name != "PYTHONPATH"}
    env["PATH"] = f"{Path(sys.executable).parent}:{env['PATH']}"  # `python3` is the tested one
    env["PIP_CONSTRAINT"] = str(constraint)
    for line in lines[:2]:
        _have(["/bin/sh", "-c", line], Path.cwd(), env)
    told = []
    for line in lines[2:]:
        done = subprocess.run(
            ["/bin/sh", "-c", fits(line)],
            capture_output=True,
            text=True,
            timeout=timeout_s,
            check=False,
            env=env,
        )
        assert done.returncode == 0, (line, done.stdout, done.stderr)
        told.append(done.stdout)
    return told


def _have(command: Sequence[str], folder: Path, env: dict[str, str]) -> None:
    done = subprocess.run(
        command, cwd=folder, capture_output=True, text=True, timeout=INSTALL_S, env=env, check=False
    )
    if done.returncode:
        if NOT_FOUND in done.stderr:
            pytest.skip(f"homerun cannot be installed here: {done.stderr.strip().splitlines()[-1]}")
        pytest.fail(f"{' '.join(command)} failed: {done.stdout}{done.stderr}")
