"""Runs whose scripts write to, rename and remove every file that they can reach in their folder."""

from __future__ import annotations

import hashlib
import os
from pathlib import Path

import pytest

from homerun import Experiment, ScriptRunConfig, Workspace
from homerun.sdk.run import Run
from torture import report

RUNS = report.size(10, 50)

DEEDS = ("write", "append", "truncate", "replace", "rename", "delete")

WRECKER = """
import os, sys

deed, number = sys.argv[1:]
for folder, folders, names in os.walk(".", followlinks=True):
    for name in [*names, *folders]:
        path = os.path.join(folder, name)
        if os.path.islink(path) and deed in ("rename", "delete"):
            continue  # that would touch the link alone
        if os.path.isdir(path):
            continue
        if deed == "write":
            open(path, "w").write(number)
        elif deed == "append":
            open(path, "a").write(number)
        elif deed == "truncate":
            os.truncate(path, 1)
        elif deed == "replace":
            open(path + ".new", "w").write(number)
            os.replace(path + ".new", os.path.realpath(path))
        elif deed == "rename":
            os.rename(path, path + "." + number)
        else:
            os.unlink(path)
"""


@pytest.fixture
def source(workspace_dir: Path) -> Path:
    """A source with files of every kind that are to be the run's own; what is outside of it."""
    root = workspace_dir / "source"
    for name in ("pkg/deep", "data/raw", "outputs", "logs"):
        (root / name).mkdir(parents=True)
    (root / "train.py").write_text(WRECKER)
    (root / "pkg/deep/model.py").write_text("x = 1\n")
    (root / "data/raw/a.csv").write_text("1,2\n")
    (root / "best.pt").write_bytes(b"best" * 1000)
    (root / "large.bin").write_bytes(bytes(11 << 20))
    (root / "outputs/best.ckpt").write_text("best")
    (root / "logs/__init__.py").write_text("")
    (root / "same").symlink_to("pkg/deep/model.py")
    (root / ".gitignore").write_text("data/\n*.pt\n")
    (workspace_dir / "weights.pt").write_text("w")
    (root / "weights.pt").symlink_to(workspace_dir / "weights.pt")
    return root


def digest(root: Path) -> dict[str, str]:
    """What everything below a folder is: a file's mode, time and content, a link's target."""
    found = {}
    for path in sorted(root.rglob("*")):
        seen = path.lstat()
        at = str(path.relative_to(root))
        if path.is_symlink():
            found[at] = os.readlink(path)
        elif path.is_dir():
            found[at] = f"{seen.st_mode:o}"
        else:
            content = hashlib.sha256(path.read_bytes()).hexdigest()
            found[at] = f"{seen.st_mode:o} {seen.st_mtime_ns} {content}"
    return found


def run_all(source: Path, **settings: object) -> list[Run]:
    """A batch of runs, each with one of the deeds."""
    deeds = [DEEDS[number % len(DEEDS)] for number in range(RUNS)]
    configs = [
        ScriptRunConfig(source, "train.py", [deed, number], **settings)  # type: ignore[arg-type]
        for number, deed in enumerate(deeds)
    ]
    batch = Experiment(Workspace.from_config(), "reach").submit_many(configs)
    batch.wait_for_completion(raise_on_error=False)
    assert {run.get_status() for run in batch} == {"Completed"}
    return list(batch)


def test_no_run_changes_a_file_that_is_its_own(source: Path, workspace_dir: Path) -> None:
    before = digest(source), (workspace_dir / "weights.pt").read_text()

    runs = run_all(source)

    assert (digest(source), (workspace_dir / "weights.pt").read_text()) == before
    assert [run for run in runs if "changed_originals" in run.describe()] == []


def test_a_change_elsewhere_is_named_by_the_run_that_made_it(
    source: Path, workspace_dir: Path
) -> None:
    (workspace_dir / "away").mkdir()
    (workspace_dir / "away/x.csv").write_text("1\n")
    (source / "more").symlink_to(workspace_dir / "away")
    before = digest(source)

    runs = run_all(source, copy_limit=0)
    after = digest(source)

    changed = {path for path in before if before[path] != after.get(path)}
    named = [set(run.describe().get("changed_originals", [])) for run in runs]
    by_itself = [n for deed, n in zip(DEEDS, named) if deed in ("write", "append", "truncate")]
    assert changed == {"data/raw/a.csv", "best.pt", "large.bin"}
    assert all(changed | {"weights.pt"} <= names for names in by_itself)
    assert "more/" in set().union(*named)  # where files came, went, and got other names
