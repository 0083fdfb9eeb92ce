"""What a peer is asked to do, in an interpreter of its own environment; answers in lines of JSON.

    python with_NAME.py launch|log|kill|count|grow|queue FOLDER [NUMBER ...]

A peer's module has those of these functions that the tool has an answer to:

    launch(folder)          start noop.py and wait for its end, from a process that is up already
    command(folder)         the shell command that does the same
    OPENS                   a script that opens a run and ends it
    logging(folder, body)   open a run, call `body(log)`, end it; `log(number)` logs one point
    count(folder)           how many points the one run in the folder has
    make(folder, number)    make an ended run with a tag and a point; every tenth is "good"
    queries(folder)         (newest, tagged): each returns the newest fifty, as whole rows
    queueing(folder)        a context in which servers are up; it gives a function that has noop.py
                            run so many times, SLOTS at once, and returns when all are over
    KEEPS                   what it has on record of each of these afterwards
    MOST                    so many of them are enough of a slow one
"""

from __future__ import annotations

import json
import mmap
import os
import statistics
import subprocess
import sys
import time
from collections.abc import Callable
from typing import Any

SHOWN = 50
EVERY = 10
SLOTS = 2
PYTHON = sys.executable
_ROUNDS = 7
_PATIENCE_S = 20.0
_SETTLE_S = 3.0  # until what was just written counts as old

Log = Callable[[int], object]


def main(peer: dict[str, Any]) -> None:
    """Do what the command line asks for, with a peer's functions."""
    what, folder, *numbers = sys.argv[1:]
    os.chdir(folder)
    answer = _TASKS[what](peer, folder, *map(float, numbers))
    if answer is not None:
        _tell(answer)


def tag(number: int) -> str:
    """The tag of the run of this number."""
    return "good" if number % EVERY == 0 else "poor"


def run(command: list[str]) -> None:
    """A command to its end, without its output."""
    subprocess.run(command, check=True, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)


def _launch(peer: dict[str, Any], folder: str) -> dict[str, list[float]]:
    """Seconds of each way to launch, in turn with the bare script."""
    _write("noop.py", "")
    actions: dict[str, Callable[[], object]] = {
        "start": lambda: run([PYTHON, "-I", "-S", "-c", "pass"]),
        "bare": lambda: run([PYTHON, "noop.py"]),
    }
    if "launch" in peer:
        actions["launch"] = lambda: peer["launch"](folder)
    if "command" in peer:
        actions["command"] = lambda: run(peer["command"](folder))
    if "OPENS" in peer:
        _write("opens.py", peer["OPENS"])
        actions["opens"] = lambda: run([PYTHON, "opens.py"])
    taken: dict[str, list[float]] = {name: [] for name in actions}
    begun = time.perf_counter()
    for number in range(_ROUNDS + 1):
        for name, action in actions.items():
            seconds = _seconds(action)
            if number:  # the first round is not counted
                taken[name].append(seconds)
        if number > 1 and time.perf_counter() - begun > _PATIENCE_S:
            break
    return taken


def _log(peer: dict[str, Any], folder: str, points: float) -> dict[str, float]:
    """How long the calls took, and how long it took until the run was closed."""
    taken = {}

    def body(log: Log) -> None:
        log(0)
        began = time.perf_counter()
        done = 0
        while done < points and time.perf_counter() - began < _PATIENCE_S:
            for number in range(done + 1, done + 101):
                log(number)
            done += 100
        taken.update(points=done, calls=time.perf_counter() - began, began=began)

    peer["logging"](folder, body)
    closed = time.perf_counter() - taken.pop("began")
    return {**taken, "closed": closed}


def _kill(peer: dict[str, Any], folder: str) -> None:
    """Log until killed; after each call has returned, its number goes to a shared page."""
    with open("acknowledged", "wb") as file:
        file.truncate(mmap.PAGESIZE)
    with open("acknowledged", "r+b") as file, mmap.mmap(file.fileno(), mmap.PAGESIZE) as page:

        def body(log: Log) -> None:
            for number in range(1, 10**9):
                log(number)
                page[:8] = number.to_bytes(8, "little")

        peer["logging"](folder, body)


def _count(peer: dict[str, Any], folder: str) -> int:
    return int(peer["count"](folder))


def _grow(peer: dict[str, Any], folder: str, limit: float, *sizes: float) -> None:
    """Make runs up to each size, and query there, until a time limit; one line of JSON each."""
    began = time.perf_counter()
    peer["make"](folder, 0)  # the record is opened for queries where there is one
    made = 1
    newest, tagged = peer["queries"](folder)
    for size in map(int, sizes):
        while made < size:
            if time.perf_counter() - began > limit:
                _tell({"made": made})
                return
            peer["make"](folder, made)
            made += 1
        filled = time.perf_counter() - began
        time.sleep(_SETTLE_S)
        _tell({"made": made, "seconds": filled, "queries": [_query(newest), _query(tagged)]})


def _queue(peer: dict[str, Any], folder: str, count: float) -> dict[str, object]:
    """Seconds of so many scripts through two slots, and of the same by xargs around it."""
    _write("noop.py", "")
    runs = int(min(count, peer.get("MOST", count)))
    names = b"noop.py\n" * runs
    bare = ["xargs", f"-P{SLOTS}", "-n1", PYTHON]
    with peer["queueing"](folder) as pass_through:
        pass_through(SLOTS)  # what the first of all costs is not counted
        floor = _seconds(lambda: subprocess.run(bare, input=names, check=True))
        taken = _seconds(lambda: pass_through(runs))
        floor += _seconds(lambda: subprocess.run(bare, input=names, check=True))
    return {"runs": runs, "taken": taken, "floor": floor / 2, "keeps": peer["KEEPS"]}


def _query(ask: Callable[[], list[object]]) -> float:
    """The median of a query's seconds; the first time is not counted."""
    if not 0 < len(ask()) <= SHOWN:
        sys.exit("a query found nothing, or too much")
    began = time.perf_counter()
    rounds: list[float] = []
    while len(rounds) < _ROUNDS and (not rounds or time.perf_counter() - began < _PATIENCE_S):
        rounds.append(_seconds(ask))
    return statistics.median(rounds)


def _tell(answer: object) -> None:
    """A line of its own, whatever the peer prints."""
    print("\n" + json.dumps(answer), flush=True)


def _seconds(action: Callable[[], object]) -> float:
    began = time.perf_counter()
    action()
    return time.perf_counter() - began


def _write(name: str, code: str) -> None:
    with open(name, "w", encoding="utf-8") as file:
        file.write(code)


_TASKS: dict[str, Callable[..., object]] = {
    "launch": _launch,
    "log": _log,
    "kill": _kill,
    "count": _count,
    "grow": _grow,
    "queue": _queue,
}
