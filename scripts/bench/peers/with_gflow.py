"""gflow, which runs each job in a session of tmux."""

from __future__ import annotations

import json
import os
import subprocess
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager

import work

KEEPS = "state, times and exit code; the output is a terminal's"
MOST = 50
_LOOK_S = 0.02


@contextmanager
def queueing(folder: str) -> Iterator[Callable[[int], object]]:
    os.environ["TMUX_TMPDIR"] = folder
    with open(os.path.expanduser("~/.bash_profile"), "w", encoding="utf-8") as file:
        file.write(f"export PATH={os.environ['PATH']}\n")  # a login shell sets another one
    work.run(["gflowd", "init", "--yes"])
    work.run(["gflowd", "start"])
    submit = ["gbatch", "--max-concurrent", str(work.SLOTS), "--auto-close"]

    def pass_through(count: int) -> None:
        before = _finished()
        command = [*submit, "--array", f"1-{count}", work.PYTHON, f"{folder}/noop.py"]
        work.run(command)
        while _finished() < before + count:
            time.sleep(_LOOK_S)

    try:
        yield pass_through
    finally:
        work.run(["gflowd", "stop"])


def _finished() -> int:
    done = subprocess.run(["gqueue", "-a", "-o", "json"], check=True, capture_output=True)
    if not done.stdout.startswith(b"{"):
        return 0  # it says in words that there are none
    return sum(job["state"] == "Finished" for job in json.loads(done.stdout)["jobs"])


if __name__ == "__main__":
    work.main(globals())
