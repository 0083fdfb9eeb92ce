"""Sacred with its FileStorageObserver; it launches nothing and lists nothing: that is by hand."""

from __future__ import annotations

import json
import logging as logs
import os
from collections.abc import Callable

import work
from sacred import Experiment
from sacred.observers import FileStorageObserver

logs.disable(logs.ERROR)

OPENS = """
from sacred import Experiment
from sacred.observers import FileStorageObserver
ex = Experiment("bench", save_git_info=False)
ex.observers.append(FileStorageObserver("runs"))
@ex.automain
def main():
    pass
"""


def logging(folder: str, body: Callable[[work.Log], None]) -> None:
    _run(folder, "good", body)


def count(folder: str) -> int:
    try:
        with open(f"{folder}/runs/1/metrics.json", encoding="utf-8") as file:
            return len(json.load(file)["loss"]["values"])
    except (OSError, ValueError):  # not there yet, or cut off in the middle
        return 0


def make(folder: str, number: int) -> None:
    _run(folder, work.tag(number), lambda log: log(0))


def queries(folder: str) -> tuple[Callable[[], list[object]], ...]:
    def newest(quality: str = "") -> list[object]:
        found: list[object] = []
        ids = (int(name) for name in os.listdir(f"{folder}/runs") if name.isdigit())
        for number in sorted(ids, reverse=True):
            row = {}
            for name in ("config", "run"):
                with open(f"{folder}/runs/{number}/{name}.json", encoding="utf-8") as file:
                    row[name] = json.load(file)
            if not quality or row["config"]["quality"] == quality:
                found.append(row)
                if len(found) == work.SHOWN:
                    break
        return found

    return newest, lambda: newest("good")


def _run(folder: str, quality: str, body: Callable[[work.Log], None]) -> None:
    experiment = Experiment("bench", save_git_info=False, interactive=True)
    experiment.observers.append(FileStorageObserver(f"{folder}/runs"))
    experiment.add_config(quality=quality)

    def main(_run: object) -> None:
        body(lambda number: _run.log_scalar("loss", number * 0.5, number))

    experiment.main(main)
    experiment.run()


if __name__ == "__main__":
    work.main(globals())
