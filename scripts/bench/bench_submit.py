"""Submit → ended of a no-op script, over a bare `subprocess.run` of the same script.

On a file system in memory where there is one: rounds of making and removing 2,000 files measure a
disk's habits (ext4 without a journal looks for a free inode for seconds), not the submit.
"""

from __future__ import annotations

import os
import subprocess
import sys
import tempfile

import measure

from homerun import Experiment, ScriptRunConfig, Workspace

ROUNDS = 30


def main() -> None:
    with tempfile.TemporaryDirectory(dir=_memory()) as folder:
        measure.quiet_environment(f"{folder}/cache")
        small, large = f"{folder}/small", f"{folder}/large"
        _write(small, files=9)
        _write(large, files=1999)
        os.chdir(folder)
        experiment = Experiment(Workspace.from_config(), "bench")

        bare, start, sdk, cli, tree = measure.in_turn(
            ROUNDS,
            lambda: subprocess.run([sys.executable, "noop.py"], cwd=small, check=True),
            measure.one_start,
            lambda: experiment.submit(ScriptRunConfig(small, "noop.py")).wait_for_completion(),
            lambda: _submit_by_cli(small),
            lambda: experiment.submit(ScriptRunConfig(large, "noop.py")).wait_for_completion(),
        )
        measure.row("one start, ms", measure.spread(start), "the unit")
        measure.row("bare subprocess.run([python, script]), ms", measure.spread(bare), "the floor")
        _print("submit -> ended, SDK, 10 files", sdk, bare, start, 3)
        _print("submit -> ended, cold CLI, 10 files", cli, bare, start, 10)
        _print("submit -> ended, SDK, 2,000 unchanged files", tree, bare, start, 12)


def _memory() -> str | None:
    return "/dev/shm" if os.access("/dev/shm", os.W_OK) else None


def _write(folder: str, files: int) -> None:
    os.mkdir(folder)
    with open(f"{folder}/noop.py", "w", encoding="utf-8"):
        pass
    for number in range(files):
        os.makedirs(f"{folder}/part{number // 100}", exist_ok=True)
        with open(f"{folder}/part{number // 100}/m{number}.py", "w", encoding="utf-8") as file:
            file.write("x = 1\n" * 600)


def _submit_by_cli(folder: str) -> None:
    command = ["run", "submit-script", "-e", "bench", "--source-directory"]
    subprocess.run(
        [sys.executable, "-m", "homerun", *command, folder, "noop.py"],
        check=True,
        capture_output=True,
    )


def _print(
    what: str, values: list[float], bare: list[float], start: list[float], budget: int
) -> None:
    more = [(a - b) / measure.median(start) for a, b in zip(values, bare, strict=True)]
    measure.row(f"{what}, starts more", measure.spread(more, 1), f"<= {budget}")


if __name__ == "__main__":
    main()
