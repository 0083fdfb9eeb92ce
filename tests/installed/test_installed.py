"""homerun from its wheel and its sdist, in every Python here that runs it: `make test-package`."""

from __future__ import annotations

import json
import os
import shutil
import signal
import subprocess
import sys
import tarfile
import zipfile
from collections.abc import Callable
from http.cookiejar import CookieJar
from pathlib import Path
from urllib.parse import urljoin
from urllib.request import HTTPCookieProcessor, build_opener

import pytest

from helpers.probes import Interpreter
from helpers.sources import ROOT

from .conftest import CLEAN, LIMIT_S, Installed, have, pythons

PAGES = "runner/homerun/studio/assets/index.html"
TRAIN = """
import sys
from homerun import Run

run = Run.get_context()
run.log("loss", 0.25)
print("trained by", sys.prefix)
"""
DROP_IN = """
from azureml.core import Run

Run.get_context().log("loss", 0.25)
"""


@pytest.fixture
def installed(python: Interpreter, install: Callable[..., Installed], tmp_path: Path) -> Installed:
    """The wheel in one of the Pythons, and a script in the folder of a project."""
    made = Installed(install(python).programs, tmp_path / "home")
    (made.project / "train.py").write_text(TRAIN)
    (made.project / "azure.py").write_text(DROP_IN)
    return made


def test_a_wheel_runs_a_script_and_shows_its_record(installed: Installed) -> None:
    installed.told("homerun", "run", "-e", "first", "train.py")
    row = json.loads(installed.told("homerun", "show", "@last"))

    assert (row["status"], row["metrics"]["loss"]["last"]) == ("Completed", 0.25)
    assert "Completed" in installed.told("python", "-m", "runstore", ".runs")


def test_a_wheel_checks_itself_and_has_its_manual(installed: Installed) -> None:
    checks = json.loads(installed.told("homerun", "self-check"))

    assert {row["state"] for row in checks} == {"ok"}
    assert installed.told("homerun", "help", "getting-started").startswith("Getting started\n")
    assert (installed.programs.parent / "share/man/man1/homerun.1").is_file()


def test_a_wheel_has_azureml_for_a_script(installed: Installed) -> None:
    assert "loss" in installed.told("python", "-m", "homerun.azureml", "azure.py")
    installed.told("homerun", "run", "-e", "first", "azure.py")

    assert json.loads(installed.told("homerun", "run", "metrics", "@last"))["loss"] == 0.25


def test_a_wheel_serves_the_pages_of_studio(installed: Installed) -> None:
    studio = [installed.programs / "homerun", "studio", "--no-browser", "--port", "0"]
    with subprocess.Popen(
        [*studio, "-o", "json"],
        cwd=installed.project,
        env=installed.env(),
        stdout=subprocess.PIPE,
        text=True,
    ) as server:
        assert server.stdout is not None
        address = json.loads("".join(iter(server.stdout.readline, "}\n")) + "}")["address"]
        opener = build_opener(HTTPCookieProcessor(CookieJar()))
        opener.open(address, timeout=LIMIT_S).close()
        page = opener.open(urljoin(address, "/"), timeout=LIMIT_S).read().decode()
        server.send_signal(signal.SIGINT)
        server.communicate(timeout=LIMIT_S)

    assert page == (ROOT / PAGES).read_text()


def test_another_python_trains_where_it_is_activated(installed: Installed, tmp_path: Path) -> None:
    training = tmp_path / "training"
    have(sys.executable, "-m", "venv", "--without-pip", training)
    path = f"{training}/bin:{CLEAN['PATH']}"

    said = installed.told("homerun", "run", "train.py", VIRTUAL_ENV=str(training), PATH=path)

    assert f"trained by {training}" in said


def test_the_sdist_has_the_pages_and_makes_the_same_wheel(
    built: Path, wheels: Callable[[Interpreter], Path], tmp_path: Path
) -> None:
    [sdist], [wheel] = built.glob("*.tar.gz"), built.glob("*.whl")
    with tarfile.open(sdist) as packed:
        names = {name.partition("/")[2] for name in packed.getnames()}
    pip = (sys.executable, "-m", "pip", "wheel", "--quiet", "--no-deps", "--no-index")
    found = wheels(Interpreter(sys.executable, sys.version_info[:2]))
    have(*pip, "--find-links", found, "--wheel-dir", tmp_path, sdist, env=CLEAN)
    [again] = tmp_path.glob("*.whl")

    assert PAGES in names
    assert not [name for name in names if "node_modules" in name]
    assert zipfile.ZipFile(again).namelist() == zipfile.ZipFile(wheel).namelist()
    assert "homerun/studio/assets/index.html" in zipfile.ZipFile(wheel).namelist()


def test_the_sdist_installs_where_only_its_dependencies_are(
    install: Callable[..., Installed],
) -> None:
    oldest = pythons()[0]
    assert install(oldest, "*.tar.gz").told("homerun", "--version").startswith("homerun ")


def test_an_install_from_a_checkout_without_pages_starts_no_npm(
    wheels: Callable[[Interpreter], Path], tmp_path: Path
) -> None:
    checkout, programs = tmp_path / "checkout", tmp_path / "bin"
    ignored = shutil.ignore_patterns("node_modules", "__pycache__", ".runs")
    for name in ("runner", "store", "docs", "scripts"):
        shutil.copytree(ROOT / name, checkout / name, ignore=ignored)
    for name in ("pyproject.toml", "README.md", "LICENSE"):
        shutil.copy(ROOT / name, checkout / name)
    shutil.rmtree(checkout / "runner/homerun/studio/assets")
    programs.mkdir()
    npm = programs / "npm"
    npm.write_text(f"#!/bin/sh\ntouch {tmp_path}/started\nexit 1\n")
    npm.chmod(0o755)
    found = wheels(Interpreter(sys.executable, sys.version_info[:2]))
    pip = (sys.executable, "-m", "pip", "wheel", "--quiet", "--no-deps", "--no-index")
    env = {**CLEAN, "PATH": f"{programs}:{CLEAN['PATH']}"}

    have(*pip, "--find-links", found, "--wheel-dir", tmp_path, checkout, env=env)

    [wheel] = tmp_path.glob("*.whl")
    assert not (tmp_path / "started").exists()
    assert "homerun/cli/entry.py" in zipfile.ZipFile(wheel).namelist()


def test_uv_installs_it_as_a_tool_and_the_activated_environment_trains(
    built: Path, wheels: Callable[[Interpreter], Path], tmp_path: Path
) -> None:
    here = Interpreter(sys.executable, sys.version_info[:2])
    have(sys.executable, "-m", "venv", tmp_path / "uv")
    pip = (tmp_path / "uv/bin/python", "-m", "pip", "install", "--quiet", "--no-index")
    have(*pip, "--find-links", wheels(here), "uv", env=CLEAN)
    tool = Installed(tmp_path / "home/.local/bin", tmp_path / "home")
    uv = (tmp_path / "uv/bin/uv", "tool", "install", "--quiet", "--offline", "--no-index")
    links = ("--find-links", wheels(here), "--python", os.path.realpath(here.path))
    [wheel] = built.glob("*.whl")
    have(*uv, *links, f"homerun[studio] @ {wheel.as_uri()}", env=tool.env())
    training = tmp_path / "training"
    have(sys.executable, "-m", "venv", "--without-pip", training)
    (tool.project / "train.py").write_text(TRAIN)

    said = tool.told("homerun", "run", "train.py", VIRTUAL_ENV=str(training))
    advice = tool.run("homerun", "plot", "@last", "-m", "loss", "-f", "loss.svg").stderr

    assert f"trained by {training}" in said
    assert "uv pip install --python" in advice
    assert "matplotlib" in advice
