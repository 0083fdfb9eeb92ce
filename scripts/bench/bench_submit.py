"""Submit → ended of a no-op script, over a bare `subprocess.run` of the same script.

On a file system in memory where there is one: rounds of making and removing 2,000 files measure a
disk's habits (ext4 without a journal looks for a free inode for seconds), not the submit.
"""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
import time
import zipfile
from collections.abc import Iterator
from stat import S_ISDIR

import measure
import rows
from rows import Row

from homerun import Experiment, RunConfiguration, ScriptRunConfig, Workspace
from homerun.base import messages
from runstore import layout

CONFIGURATION = ".azureml/bench.runconfig"


def measured(quick: bool) -> Iterator[Row]:
    """The rows of this part of the table."""
    with measure.place() as folder:
        small, large = f"{folder}/small", f"{folder}/large"
        _write(small, files=9)
        _write(large, files=1999)
        experiment = Experiment(Workspace.from_config(), "bench")
        _configure(small)
        bare, start, sdk, cli, made, tree = measure.in_turn(
            3 if quick else 30,
            lambda: subprocess.run([sys.executable, "noop.py"], cwd=small, check=True),
            measure.one_start,
            lambda: experiment.submit(ScriptRunConfig(small, "noop.py")).wait_for_completion(),
            lambda: _submit_by_cli(small),
            lambda: _submit_by_cli(small, "-c", f"{small}/{CONFIGURATION}"),
            lambda: experiment.submit(ScriptRunConfig(large, "noop.py")).wait_for_completion(),
        )
        unit, floor = measure.median(start), measure.median(bare)
        beside = f"bare subprocess: {floor * 1e3:.1f} ms; one start: {unit * 1e3:.1f} ms"
        for name, values, budget in (
            ("submit to ended, SDK, 10 files", sdk, 2),
            ("submit to ended, cold CLI, 10 files", cli, 6),
            ("submit to ended, cold CLI, -c with a built environment", made, 8),
            ("submit to ended, SDK, 2,000 unchanged files", tree, 6),
        ):
            more = [(a - b) / unit for a, b in zip(values, bare, strict=True)]
            took = f"{measure.median(values) * 1e3:.0f} ms; {beside}"
            yield rows.of(name, more, "starts more", budget, beside=took)
        yield from _kept(experiment, small)
        yield from _of_data(experiment, folder, 3 if quick else 10)


def _kept(experiment: Experiment, source: str) -> Iterator[Row]:
    """What one small run leaves on the disk; what it shares with others does not count."""
    run = experiment.submit(ScriptRunConfig(source, "noop.py"))
    run.wait_for_completion()
    while os.path.exists(f"{run.directory}/{layout.COPIES}"):
        time.sleep(0.01)  # its supervisor tidies up behind the outcome
    own = [
        found for found in _inodes(run.directory) if S_ISDIR(found.st_mode) or found.st_nlink == 1
    ]
    kib = sum(found.st_blocks for found in own) / 2
    yield Row("a small run after its end, on this file system", kib, "KiB", budget=24)
    yield Row("a small run after its end", len(own), "inodes", budget=14)


def _inodes(folder: str) -> Iterator[os.stat_result]:
    yield os.lstat(folder)
    for at, folders, files in os.walk(folder):
        for name in (*folders, *files):
            yield os.lstat(f"{at}/{name}")


def _of_data(experiment: Experiment, folder: str, times: int) -> Iterator[Row]:
    """What a snapshot does not hold: copied for each run, or not even looked into."""
    ignored, huge = f"{folder}/ignored", f"{folder}/huge"
    for source in (ignored, huge):
        _write(source, files=9)
    os.mkdir(f"{ignored}/data")
    with open(f"{ignored}/.gitignore", "w", encoding="utf-8") as file:
        file.write("data/\n")
    for number in range(500):
        with open(f"{ignored}/data/{number}.bin", "wb") as data:
            data.write(os.urandom(1 << 20))
    with open(f"{huge}/data.bin", "wb") as data:
        data.truncate(10 << 30)
    with messages.Kept():  # each run says that it links the large file
        bare, start, copied, floor, linked = measure.in_turn(
            times,
            lambda: subprocess.run([sys.executable, "noop.py"], cwd=ignored, check=True),
            measure.one_start,
            lambda: experiment.submit(ScriptRunConfig(ignored, "noop.py")).wait_for_completion(),
            lambda: _copy(f"{ignored}/data", f"{folder}/copy"),
            lambda: experiment.submit(ScriptRunConfig(huge, "noop.py")).wait_for_completion(),
        )
    ratios = [(run - script) / copy for run, script, copy in zip(copied, bare, floor, strict=True)]
    took = f"{measure.median(copied) * 1e3:.0f} ms; cp: {measure.median(floor) * 1e3:.0f} ms"
    name = "submit to ended, SDK, 500 ignored files of 1 MiB, over cp of them"
    yield rows.of(name, ratios, "x", beside=took)
    unit = measure.median(start)
    more = [(a - b) / unit for a, b in zip(linked, bare, strict=True)]
    took = f"{measure.median(linked) * 1e3:.0f} ms"
    yield rows.of("submit to ended, SDK, a file of 10 GiB", more, "starts more", 3, beside=took)


def _copy(source: str, target: str) -> None:
    """Copy a folder as most people would, and remove the copy, as a run does."""
    subprocess.run(["cp", "-r", "--reflink=auto", source, target], check=True)
    shutil.rmtree(target)


def _write(folder: str, files: int) -> None:
    os.mkdir(folder)
    with open(f"{folder}/noop.py", "w", encoding="utf-8"):
        pass
    for number in range(files):
        os.makedirs(f"{folder}/part{number // 100}", exist_ok=True)
        with open(f"{folder}/part{number // 100}/m{number}.py", "w", encoding="utf-8") as file:
            file.write("x = 1\n" * 600)


def _configure(folder: str) -> None:
    """A run configuration with a package, of which an environment is made at its first use."""
    info = "nothing-1.0.dist-info"
    wheel = f"{folder}-wheel/nothing-1.0-py3-none-any.whl"
    os.mkdir(os.path.dirname(wheel))
    with zipfile.ZipFile(wheel, "w") as file:
        file.writestr("nothing.py", "")
        file.writestr(f"{info}/METADATA", "Metadata-Version: 2.1\nName: nothing\nVersion: 1.0\n")
        file.writestr(f"{info}/WHEEL", "Wheel-Version: 1.0\nTag: py3-none-any\n")
        file.writestr(f"{info}/RECORD", "")
    config = RunConfiguration("noop.py")
    config.environment.python.conda_dependencies.add_pip_package(f"nothing @ file://{wheel}")
    os.mkdir(f"{folder}/.azureml")
    config.save(f"{folder}/{CONFIGURATION}")


def _submit_by_cli(folder: str, *more: str) -> None:
    command = ["run", "submit-script", "-e", "bench", "--source-directory"]
    subprocess.run(
        [sys.executable, "-m", "homerun", *command, folder, *more, "noop.py"],
        check=True,
        capture_output=True,
    )
