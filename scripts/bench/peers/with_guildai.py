"""Guild AI: launches scripts by its command line; metrics are what a script prints."""

from __future__ import annotations

import os
import subprocess
from collections.abc import Callable

import work

os.environ["GUILD_HOME"] = f"{os.environ['BENCH_FOLDER']}/.guild"  # hidden: not part of the source
os.makedirs(os.environ["GUILD_HOME"], exist_ok=True)
_GUILD = f"{os.path.dirname(work.PYTHON)}/guild"


def command(folder: str) -> list[str]:
    return [_GUILD, "run", "noop.py", "-y"]


def make(folder: str, number: int) -> None:
    with open(f"{folder}/noop.py", "w", encoding="utf-8") as file:
        file.write("print('loss: 0.25')\n")
    work.run([*command(folder), "--tag", work.tag(number)])


def queries(folder: str) -> tuple[Callable[[], list[object]], ...]:
    def listed(*options: str) -> list[object]:
        listing = [_GUILD, "runs", "list", "-n", str(work.SHOWN), *options]
        made = subprocess.run(listing, check=True, capture_output=True, text=True)
        return list(made.stdout.splitlines())

    return listed, lambda: listed("--tag", "good")


if __name__ == "__main__":
    work.main(globals())
