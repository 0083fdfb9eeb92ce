"""What a run ran with is on record: asked once, and anew when packages have changed."""

from __future__ import annotations

import errno
import json
import os
import platform
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

from helpers.wait import wait_until
from homerun import Experiment, Run, ScriptRunConfig, Workspace
from homerun.environments import inspector_lock, interpreter
from homerun.system import linux
from runstore import layout
from runstore.errors import ReadOnlyStore


@pytest.fixture
def cache(workspace_dir: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A cache folder that knows no interpreter."""
    monkeypatch.setenv("XDG_CACHE_HOME", str(workspace_dir / "cache"))
    return workspace_dir / "cache"


def ended(**fields: object) -> Run:
    config = ScriptRunConfig("source", **{"script": "train.py", **fields})  # type: ignore[arg-type]
    run = Experiment(Workspace.from_config(), "asked").submit(config)
    run.wait_for_completion()
    return run


def test_an_interpreter_is_asked_once_and_its_runs_share_the_answer(
    cache: Path, script: Callable[..., Path]
) -> None:
    script("train.py", "")
    first = ended()
    wait_until(lambda: interpreter.recall(str(cache), sys.executable), "the answer is kept")
    second = ended()  # it has the answer before its end

    found = second.get_interpreter()
    assert found is not None
    assert (found["python"], found["version"]) == (sys.executable, platform.python_version())
    assert f"pytest=={pytest.__version__}" in found["packages"]
    count = len(found["packages"])
    assert {**found, "packages": count} == first.get_details()["interpreter"]
    files = [Path(run.directory, layout.INTERPRETER) for run in (first, second)]
    shared = list(Path(first.directory, "../../.interpreters").iterdir())
    assert len({path.stat().st_ino for path in [*files, *shared]}) == 1


def test_who_asks_serves_the_runs_that_start_meanwhile(
    cache: Path, script: Callable[..., Path], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(Path.cwd())  # serving goes from folder to folder
    script("train.py", "")
    place = interpreter.place(str(cache), sys.executable)
    held = inspector_lock.take(place)
    assert held is not None
    runs = [ended(), ended()]
    assert [run.get_interpreter() for run in runs] == [None, None]

    inspector_lock.serve(place, 0.0, held, lambda: interpreter.publish("key", b'{"python": "/p"}'))

    assert [run.get_interpreter() for run in runs] == [{"python": "/p"}] * 2
    assert os.listdir(os.path.dirname(place)) == [f"{os.path.basename(place)}.asking"]


def test_what_was_left_to_an_asker_that_was_killed_gets_no_later_answer(
    cache: Path, script: Callable[..., Path], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(Path.cwd())
    script("train.py", "")
    place = interpreter.place(str(cache), sys.executable)
    held = inspector_lock.take(place)
    run = ended()
    assert held is not None

    inspector_lock.serve(place, linux.clock(), held, lambda: interpreter.publish("key", b"{}"))

    assert run.get_interpreter() is None


def test_an_interactive_run_has_the_interpreter_of_its_process(cache: Path) -> None:
    run = Experiment(Workspace.from_config(), "asked").start_logging(snapshot_directory=None)
    run.complete()

    found = wait_until(run.get_interpreter, "the interpreter has answered")

    assert found["python"] == sys.executable


def test_an_answer_counts_as_long_as_nothing_was_installed(cache: Path, tmp_path: Path) -> None:
    packages, later = tmp_path / "site-packages", tmp_path / "later"
    packages.mkdir()
    moments = [(str(path), interpreter.changed(str(path))) for path in (packages, later)]

    interpreter.remember(str(cache), "/a/python", "key", b"{}", moments)

    assert interpreter.recall(str(cache), "/a/python") == ("key", b"{}")
    assert interpreter.recall(str(cache), "/b/python") is None
    later.mkdir()
    assert interpreter.recall(str(cache), "/a/python") is None
    later.rmdir()
    os.utime(packages, (1, 1))
    assert interpreter.recall(str(cache), "/a/python") is None


def test_an_answer_is_for_the_system_that_it_was_given_on(
    cache: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    interpreter.remember(str(cache), "/a/python", "key", b"{}", [])
    monkeypatch.setattr(interpreter, "_system", lambda: "another kernel")

    assert interpreter.recall(str(cache), "/a/python") is None


def test_a_file_of_too_many_links_is_copied(
    workspace_dir: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (workspace_dir / "experiment/run").mkdir(parents=True)
    monkeypatch.chdir(workspace_dir / "experiment/run")
    link = os.link

    def too_many(source: str, target: str) -> None:
        if layout.INTERPRETERS in source and target.endswith(layout.INTERPRETER):
            raise OSError(errno.EMLINK, "Too many links")
        link(source, target)

    monkeypatch.setattr(os, "link", too_many)
    interpreter.publish("key", b"{}")

    assert Path(layout.INTERPRETER).read_bytes() == b"{}"


def test_a_store_that_cannot_be_written_stops_no_run(
    workspace_dir: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    interpreter.remember(str(workspace_dir), "/a/python", "key", b"{}", [])
    (workspace_dir / "experiment/run").mkdir(parents=True)
    monkeypatch.chdir(workspace_dir / "experiment/run")

    def refuse(*_: object) -> None:
        raise ReadOnlyStore("here", "its file system has no hard links")

    monkeypatch.setattr(interpreter, "publish", refuse)

    assert interpreter.note("/a/python", "run", {"XDG_CACHE_HOME": str(workspace_dir)}) == 0


def test_an_interpreter_that_gives_no_answer_costs_its_run_nothing(
    cache: Path, script: Callable[..., Path], workspace_dir: Path
) -> None:
    script("train.py", "print('ran')")
    python = workspace_dir / "mine"
    asked = workspace_dir / "asked"
    python.write_text(
        f'#!/bin/sh\n[ $1 = -c ] || exec {sys.executable} "$@"\necho x > {asked}\nexit 1\n'
    )
    python.chmod(0o755)

    run = ended(interpreter=str(python))
    wait_until(asked.exists, "the interpreter was asked")

    assert run.get_interpreter() is None
    assert "interpreter" not in run.get_details()


def test_the_token_that_a_package_was_fetched_with_is_not_recorded(
    cache: Path, script: Callable[..., Path], workspace_dir: Path
) -> None:
    script("train.py", "")
    python = workspace_dir / "mine"
    line = "tiny @ git+https://canary@example.org/tiny@0123"
    said = json.dumps({"about": {"packages": [line]}, "folders": []})
    python.write_text(f"#!/bin/sh\n[ $1 = -c ] || exec {sys.executable} \"$@\"\necho '{said}'\n")
    python.chmod(0o755)

    run = ended(interpreter=str(python))

    found = wait_until(run.get_interpreter, "the interpreter has answered")
    assert found["packages"] == ["tiny @ git+https://*****@example.org/tiny@0123"]


def test_a_command_has_the_python_that_it_finds(
    cache: Path, script: Callable[..., Path], workspace_dir: Path
) -> None:
    script("train.py", "")
    tools = workspace_dir / "tools"
    tools.mkdir()
    (tools / "python3").symlink_to(sys.executable)

    run = ended(script=None, command="true", environment_variables={"PATH": str(tools)})

    found = wait_until(run.get_interpreter, "the interpreter has answered")
    assert found["python"] == f"{tools}/python3"


def test_a_damaged_answer_is_named_and_moved_aside(
    cache: Path, script: Callable[..., Path]
) -> None:
    script("train.py", "")
    run = ended()
    wait_until(run.get_interpreter, "the interpreter has answered")
    Path(run.directory, layout.INTERPRETER).write_bytes(b"{")

    workspace = Workspace.from_config()
    found = [(one.path, one.problem) for one in workspace.check(repair=True)]

    name = os.path.relpath(run.directory, workspace.store.root)
    assert (f"{name}/{layout.INTERPRETER}", "it is not a JSON object") in found
    assert len(found) == 2
    assert run.get_interpreter() is None
    assert workspace.check() == []
