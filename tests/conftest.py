"""Fixtures of all tests. What a test leaves behind fails it, whatever else it says."""

from __future__ import annotations

import os
import sys
import tempfile
import textwrap
import uuid
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import TypeVar

import pytest
from hypothesis import HealthCheck, settings

from helpers import leaks, probes, suites
from helpers.fifo import Fifo, Gate
from helpers.gpus import Machine
from helpers.sources import ROOT
from helpers.wait import holds_within
from homerun.system import children
from homerun.system.gpus import nvml
from runstore.store import Store

Pipe = TypeVar("Pipe", Fifo, Gate)

# How long an example takes says how busy the machine is.
settings.register_profile("busy", deadline=None, suppress_health_check=[HealthCheck.too_slow])
settings.load_profile("busy")


@pytest.fixture(autouse=True)
def leak_check() -> Iterator[str]:
    """Fail the test that leaves a process, a thread or a descriptor; end what it left.

    Written without monkeypatch, so that it is set up before and torn down after whatever the test
    patches: it must not look through a patched `os`. Gives the test's mark.
    """
    mark = f"t-{uuid.uuid4().hex[:13]}"  # a process name has at most 15 bytes
    former = leaks.set_mark(mark)
    before = leaks.look(mark)
    yield mark
    found = leaks.left_behind(before, mark)
    leaks.end(found, before, mark)
    leaks.clear_mark(former)
    if found:
        pytest.fail(f"the test left behind:\n{found}", pytrace=False)


@pytest.fixture(scope="session")
def cache_home(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A cache folder for the session in place of the user's own."""
    return tmp_path_factory.mktemp("cache")


@pytest.fixture(scope="session", autouse=True)
def state_home(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Path]:
    """A state folder for the session in place of the user's own: it names the trusted stores."""
    folder = tmp_path_factory.mktemp("state")
    os.environ["XDG_STATE_HOME"] = str(folder)
    yield folder
    del os.environ["XDG_STATE_HOME"]


@pytest.fixture
def workspace_dir(
    tmp_path: Path, cache_home: Path, monkeypatch: pytest.MonkeyPatch
) -> Iterator[Path]:
    """An empty current folder, as a new user has it: no variable of ours, a cache apart."""
    for name in [name for name in os.environ if name.startswith("HOMERUN_")]:
        monkeypatch.delenv(name)
    for name in ("VIRTUAL_ENV", "CONDA_PREFIX", "CONDA_DEFAULT_ENV"):  # they choose the Python
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("XDG_CACHE_HOME", str(cache_home))
    folder = tmp_path / "workspace"
    folder.mkdir()
    monkeypatch.chdir(folder)
    yield folder
    # The supervisors that this process started publish the outcome before they leave.
    holds_within(lambda: not children.reap(), leaks.SETTLE_S)


@pytest.fixture
def store_made(workspace_dir: Path) -> None:
    """A store in the workspace's folder, so that none is said to be new."""
    Store(f"{workspace_dir}/.runs").for_writing()


@pytest.fixture
def script(workspace_dir: Path) -> Callable[..., Path]:
    """Write a script into a source folder (`source/` unless named): `script(name, source)`."""

    def write(name: str, source: str, folder: str = "source") -> Path:
        path = workspace_dir / folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(textwrap.dedent(source).lstrip("\n"), encoding="utf-8")
        return path

    return write


@pytest.fixture
def fifo(tmp_path: Path) -> Iterator[Callable[[str], Fifo]]:
    """Make a `Fifo` by name; closed after the test."""
    yield from _pipes(Fifo, tmp_path)


@pytest.fixture
def gate(tmp_path: Path) -> Iterator[Callable[[str], Gate]]:
    """Make a `Gate` by name; closed after the test."""
    yield from _pipes(Gate, tmp_path)


@pytest.fixture
def ready(fifo: Callable[[str], Fifo]) -> Fifo:
    """The one Fifo that most tests need: the script says when it is ready."""
    return fifo("ready")


@pytest.fixture
def needs_user_mount() -> None:
    """Skip where a test cannot have its own mounts (read-only folder, full disk)."""
    if not probes.can_unshare_user_mount():
        pytest.skip("`unshare -rm` with a mount is refused here")


@pytest.fixture
def needs_pid_namespace() -> None:
    """Skip where a test cannot have its own PID namespace."""
    if not probes.can_unshare_pid():
        pytest.skip("`unshare -rpf --mount-proc` is refused here")


@pytest.fixture
def needs_time_namespace() -> None:
    """Skip where a test cannot have its own clock."""
    if not probes.can_unshare_time():
        pytest.skip("`unshare -T` is refused here")


@pytest.fixture
def needs_strace() -> None:
    """Skip where system calls cannot be made to fail."""
    if not probes.has_strace():
        pytest.skip("strace is missing, or may not trace here")


@pytest.fixture(scope="session")
def interpreters() -> tuple[probes.Interpreter, ...]:
    """Every Python from 3.9 up that this machine has, one per version."""
    return probes.find_interpreters()


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Mark the suites of `make test-long`."""
    for item in items:
        if str(item.path.relative_to(ROOT / "tests")).startswith(suites.LONG):
            item.add_marker("long")


def pytest_generate_tests(metafunc: pytest.Metafunc) -> None:
    """A test that takes `interpreter` runs once in each of them."""
    if "interpreter" in metafunc.fixturenames:
        metafunc.parametrize("interpreter", probes.find_interpreters(), ids=str)


def _pipes(kind: Callable[[Path], Pipe], folder: Path) -> Iterator[Callable[[str], Pipe]]:
    made: list[Pipe] = []

    def make(name: str) -> Pipe:
        made.append(kind(folder / f"{name}.fifo"))
        return made[-1]

    yield make
    for pipe in made:
        pipe.close()


@pytest.fixture
def gpus(workspace_dir: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Machine:
    """Two GPUs, as far as every process of the test is told."""
    return _seen_by_all(Machine(tmp_path / "gpus"), monkeypatch)


@pytest.fixture
def gpus_of_all(workspace_dir: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Machine]:
    """The same, in a folder that other users reach."""
    with tempfile.TemporaryDirectory(dir="/tmp") as folder:
        os.chmod(folder, 0o755)
        yield _seen_by_all(Machine(Path(folder, "gpus")), monkeypatch)


def _seen_by_all(made: Machine, monkeypatch: pytest.MonkeyPatch) -> Machine:
    for name, value in made.variables.items():
        monkeypatch.setenv(name, value)
    monkeypatch.setitem(sys.modules, "pynvml", None)  # so that it is put back afterwards
    del sys.modules["pynvml"]
    monkeypatch.setattr(nvml, "_opened", [])
    monkeypatch.setattr(nvml, "_seen", {})
    return made
