"""homerun as people install it: built here, and put without a network into Pythons with nothing.

What it depends on is fetched once for each Python, into build/installed.
"""

from __future__ import annotations

import hashlib
import shutil
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

from helpers import probes
from helpers.probes import Interpreter
from helpers.sources import ROOT

CACHE = ROOT / "build/installed"
OLDEST = (3, 10)
BUILD = ("hatchling>=1.26", "pip", "uv")
LIMIT_S = 600

CLEAN = {
    "PATH": "/usr/local/bin:/usr/bin:/bin",
    "LC_ALL": "C.UTF-8",
    "PIP_DISABLE_PIP_VERSION_CHECK": "1",
}
"""The environment of a person who has just logged in, without a variable of ours."""


class Installed:
    """homerun in an environment of its own, and a home and a folder with nothing in them."""

    def __init__(self, programs: Path, home: Path) -> None:
        self.programs = programs
        self.home = home
        self.project = home / "project"
        self.project.mkdir(parents=True)

    def run(self, *words: str, **variables: str) -> subprocess.CompletedProcess[str]:
        """Run a program of the environment in the project's folder."""
        return subprocess.run(
            [self.programs / words[0], *words[1:]],
            cwd=self.project,
            env=self.env(**variables),
            stdin=subprocess.DEVNULL,
            capture_output=True,
            text=True,
            timeout=LIMIT_S,
        )

    def env(self, **variables: str) -> dict[str, str]:
        """The variables of its programs."""
        return {**CLEAN, "HOME": str(self.home), **variables}

    def told(self, *words: str, **variables: str) -> str:
        """What a program prints that has to end well."""
        done = self.run(*words, **variables)
        assert done.returncode == 0, (words, done.stdout, done.stderr)
        return done.stdout


def have(*command: object, env: dict[str, str] | None = None, cwd: Path | None = None) -> None:
    """Run a command that has to end well; where a package cannot be fetched the test is skipped."""
    done = subprocess.run(
        list(map(str, command)), capture_output=True, text=True, env=env, cwd=cwd, timeout=LIMIT_S
    )
    if "No matching distribution found" in done.stderr and "--no-index" not in command:
        pytest.skip(f"packages cannot be fetched here: {done.stderr.strip().splitlines()[-1]}")
    assert done.returncode == 0, (command, done.stdout, done.stderr)


@pytest.fixture(scope="session")
def built(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with the sdist and the wheel of this checkout, as `make dist` builds them."""
    folder = tmp_path_factory.mktemp("dist")
    pages = ROOT / "runner/homerun/studio/assets/index.html"
    assert pages.exists(), "make studio builds the pages, which belong into what is installed"
    have(sys.executable, "-m", "hatchling", "build", "-d", folder, cwd=ROOT)
    return folder


@pytest.fixture(scope="session")
def wheels(built: Path) -> Callable[[Interpreter], Path]:
    """The folder with all wheels that homerun, Studio and its build need in a Python."""

    def fetched(python: Interpreter) -> Path:
        told = (ROOT / "pyproject.toml").read_bytes()
        folder = CACHE / f"{python.version[1]}-{hashlib.sha1(told).hexdigest()[:12]}"
        if not (folder / "whole").exists():
            shutil.rmtree(folder, ignore_errors=True)
            wheel = next(built.glob("*.whl"))
            fetch = (python.path, "-m", "pip", "wheel", "--quiet", "--wheel-dir", folder)
            have(*fetch, f"homerun[studio] @ {wheel.as_uri()}", *BUILD)
            for own in folder.glob("homerun-*"):
                own.unlink()
            (folder / "whole").touch()
        return folder

    return fetched


@pytest.fixture(scope="session")
def install(
    built: Path, wheels: Callable[[Interpreter], Path], tmp_path_factory: pytest.TempPathFactory
) -> Callable[..., Installed]:
    """Install the wheel, or the sdist, into a new environment without a network."""
    made: dict[tuple[Interpreter, str], Installed] = {}

    def installed(python: Interpreter, kind: str = "*.whl") -> Installed:
        if (python, kind) not in made:
            folder = tmp_path_factory.mktemp(f"python{python.version[1]}")
            have(python.path, "-m", "venv", folder / "env")
            pip = (folder / "env/bin/python", "-m", "pip", "install", "--quiet", "--no-index")
            found = next(built.glob(kind)).as_uri()
            have(*pip, "--find-links", wheels(python), f"homerun[studio] @ {found}", env=CLEAN)
            made[python, kind] = Installed(folder / "env/bin", folder / "home")
        return made[python, kind]

    return installed


def pythons() -> list[Interpreter]:
    """The Pythons of this machine that run homerun."""
    return [one for one in probes.find_interpreters() if one.version >= OLDEST]


def pytest_generate_tests(metafunc: pytest.Metafunc) -> None:
    """A test that takes `python` runs once in each of them."""
    if "python" in metafunc.fixturenames:
        metafunc.parametrize("python", pythons(), ids=str)
