"""The doctor: what is well, what is not and what to do then; and that a look changes nothing."""

from __future__ import annotations

import os
import resource
import sys
from pathlib import Path

import pytest

from homerun import Experiment, Workspace
from homerun.doctor import diagnosis, interpreter, kernel, machine, storage, tools
from homerun.doctor.diagnosis import BROKEN, MISSING, OK, WARN, Diagnosis
from homerun.system.limits import groups
from homerun.system.limits.scopes import NoGroup
from runstore import layout
from runstore.fs import lock
from runstore.queue.queue import Queue
from runstore.store import Store


@pytest.fixture
def store(workspace_dir: Path) -> Store:
    return Workspace.from_config().store.for_writing()


def _by_name(found: object) -> dict[str, Diagnosis]:
    return {one.name: one for one in found}  # type: ignore[attr-defined]


def _everything(folder: Path) -> dict[str, tuple[int, int]]:
    return {
        str(path): (path.lstat().st_mtime_ns, path.lstat().st_ctime_ns)
        for path in folder.rglob("*")
    }


def test_a_whole_machine_is_well_and_nothing_is_changed_by_the_look(
    workspace_dir: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    workspace = Workspace.from_config()
    assert [one.name for one in workspace.examine() if one.state == BROKEN] == []
    assert list(workspace_dir.iterdir()) == []
    Experiment(workspace, "digits").start_logging(snapshot_directory=None, outputs=False).complete()
    list(workspace.get_runs(status="Completed"))
    before, modules = _everything(workspace_dir), set(sys.modules)
    monkeypatch.setattr(os, "posix_spawn", None)
    monkeypatch.setattr("subprocess.Popen", None)

    found = workspace.examine()

    assert [one.name for one in found if one.state == BROKEN] == []
    assert all((one.advice is None) == (one.state == OK) for one in found)
    assert all(one.value for one in found)
    assert len({(one.area, one.name) for one in found}) == len(found)
    assert _everything(workspace_dir) == before
    assert not {"torch", "sklearn"} & (set(sys.modules) - modules)


def test_a_store_that_cannot_serve_says_what_to_do(store: Store) -> None:
    path = Path(store.root, layout.STORE)
    path.write_text("{")
    damaged = _by_name(storage.look(Store(store.root)))["store"]
    path.write_text('{"format": 99, "store_id": "x", "lock": "ofd"}')
    newer = _by_name(storage.look(Store(store.root)))["store"]

    assert (damaged.state, damaged.advice) == (BROKEN, "run homerun store check --repair")
    assert (newer.state, "newer homerun" in str(newer.advice)) == (WARN, True)


@pytest.mark.parametrize(
    ("kind", "state"), [("ext4", OK), ("nfs4", WARN), ("vfat", BROKEN), ("", OK)]
)
def test_the_file_system_is_judged(
    store: Store, monkeypatch: pytest.MonkeyPatch, kind: str, state: str
) -> None:
    monkeypatch.setattr("runstore.fs.mounts.kind", lambda _: kind)

    assert _by_name(storage.look(store))["file system"].state == state


def test_locks_that_the_store_does_not_use_are_broken(
    store: Store, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(lock, "best_kind", lambda _: lock.FLOCK)

    assert _by_name(storage.look(store))["locks"].state == BROKEN


def test_a_full_disk_is_told_with_what_to_do(store: Store, monkeypatch: pytest.MonkeyPatch) -> None:
    real = os.statvfs(store.root)
    full = os.statvfs_result((real[0], 4096, 10**9, 10, 10, 10**6, 5, 5, real[8], real[9]))
    monkeypatch.setattr(os, "statvfs", lambda _: full)

    found = _by_name(storage.look(store))

    assert (found["disk space"].state, found["inodes"].state) == (WARN, WARN)
    assert "homerun store gc" in str(found["disk space"].advice)


def test_a_paused_queue_a_torn_index_and_a_clock_behind_are_told(store: Store) -> None:
    Queue(store.root, "local").pause()
    os.makedirs(f"{store.root}/{layout.INDEX}")
    Path(store.root, layout.INDEX, layout.INDEX_FILE).write_text("torn")
    os.utime(f"{store.root}/{layout.STORE}", (4e9, 4e9))

    found = _by_name(storage.look(store))

    assert found["queue local"].advice == "homerun queue resume -t local starts what waits"
    assert found["index"].advice == "run homerun store reindex"
    assert found["clock"].state == WARN


def test_limits_that_control_groups_keep_are_told(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(groups, "foreseen", lambda wanted: {"pids", "memory"})
    kept = _by_name(kernel.look())["control groups"]

    def refuse(wanted: object) -> None:
        raise NoGroup("no control group is delegated to this user")

    monkeypatch.setattr(groups, "foreseen", refuse)
    watched = _by_name(kernel.look())["control groups"]

    assert (kept.state, kept.value) == (OK, "they keep limits of memory, pids")
    assert (watched.state, watched.value) == (MISSING, "no control group is delegated to this user")
    assert "once a second" in str(watched.advice)


def test_a_kernel_without_what_is_needed_is_told(monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse(pid: int) -> int:
        raise OSError(38, "Function not implemented")

    monkeypatch.setattr(os, "pidfd_open", refuse)
    monkeypatch.setattr(os, "uname", lambda: os.uname_result(("Linux", "h", "5.10.0-8", "v", "m")))
    monkeypatch.setattr(resource, "getrlimit", lambda _: (64, 64))
    monkeypatch.setattr(kernel, "_call", lambda *_: 38)

    found = _by_name(kernel.look())

    assert {name: found[name].state for name in ("pidfd", "exit records", "open files")} == {
        "pidfd": BROKEN,
        "exit records": MISSING,
        "open files": WARN,
    }
    assert (found["child subreaper"].state, found["RENAME_NOREPLACE"].state) == (WARN, MISSING)


def test_missing_packages_and_programs_are_told(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setattr(interpreter, "is_there", lambda _: False)
    monkeypatch.setattr(tools, "is_there", lambda _: False)
    monkeypatch.setenv("PATH", str(tmp_path))
    (tmp_path / "sbatch").write_text("")
    (tmp_path / "sbatch").chmod(0o700)

    packages, programs = _by_name(interpreter.look()), _by_name(tools.look())

    assert packages["filelock"].state == BROKEN
    assert str(packages["filelock"].advice).endswith("-m pip install filelock`")
    assert packages["studio"].state == packages["frameworks"].state == MISSING
    assert (programs["slurm"].state, programs["slurm"].value) == (WARN, "without squeue, scancel")
    assert {programs[name].state for name in ("git", "uv or pip", "conda", "ray")} == {MISSING}


def test_gpus_are_told_by_what_the_driver_says(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    for number in "01":
        (tmp_path / number).mkdir()
        (tmp_path / number / "information").write_text("Model: \t\t NVIDIA H100\nIRQ: 1\n")
    monkeypatch.setattr(machine, "_NVIDIA", str(tmp_path))
    monkeypatch.setattr(machine, "is_there", lambda _: True)

    assert _by_name(machine.look())["GPUs"].value == "2 x NVIDIA H100"


def test_a_finding_is_json() -> None:
    assert diagnosis.judged("store", "x", False, "bad", "do").row() == {
        "area": "store",
        "name": "x",
        "state": WARN,
        "value": "bad",
        "advice": "do",
    }


def test_folders_that_pythonpath_cannot_hold_are_told(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("XDG_CACHE_HOME", "/a:b")
    one = _by_name(interpreter.look())["PYTHONPATH"]
    monkeypatch.setattr("tempfile.tempdir", "/c:d")
    both = _by_name(interpreter.look())["PYTHONPATH"]

    assert one.state == OK
    assert both.state == BROKEN
    assert "XDG_CACHE_HOME" in str(both.advice)
