"""Twenty processes set what can be set once: one wins, nothing told is lost, no read goes back."""

from __future__ import annotations

import os
import signal
import traceback
from collections.abc import Callable
from pathlib import Path
from random import Random

from homerun import Experiment, Run, Workspace
from runstore import layout, look, status
from runstore.errors import InvalidTransition, PropertyExists
from runstore.run.record import Record
from torture import cast, history, report
from torture.history import READ, SET, WON, WRITE, Log, Operation

PROCESSES = 20
ENDS = (status.COMPLETED, status.FAILED, status.CANCELED)
BETWEEN_KILLS_MS = 5.0


class Actor:
    """One process's part: reads and writes, in the order that all go through the runs."""

    def __init__(self, runs: list[Run], log: Log, chance: Random, steps: int) -> None:
        self.runs = runs
        self.log = log
        self.chance = chance
        self.steps = steps

    def play(self) -> None:
        for step in range(self.steps):
            run = self.runs[step * len(self.runs) // self.steps]
            key = f"k{step // 4}"
            thing, kind, value, do = self._choose(run, run._record, key, step)
            self.log.tell(f"{run.id} {thing}", kind, value, do)

    def _choose(
        self, run: Run, record: Record, key: str, step: int
    ) -> tuple[str, str, str, Callable[[], str]]:
        turn = self.chance.random()
        if turn < 0.30:
            return key, READ, "", lambda: record.properties().get(key, "")
        if turn < 0.55:
            value = f"{os.getpid()}-{step}"
            return key, WRITE, value, lambda: _set(record, key, value)
        if turn < 0.70:
            return "end", READ, "", lambda: _end(record.fact(layout.ENDED))
        if turn < 0.85:
            return "end", READ, "", lambda: _end(look.at(record).outcome)
        how = self.chance.choice(ENDS)
        value = f"{how} by {os.getpid()}"
        if turn < 0.90 and how != status.FAILED:  # a fail() of an ended run would be a mark
            return "end", WRITE, value, lambda: _ask(run, how)
        return "end", WRITE, value, lambda: _publish(record, how)


def _set(record: Record, key: str, value: str) -> str:
    try:
        record.add_property(key, value)
    except PropertyExists as error:
        return error.value
    return WON


def _publish(record: Record, how: str) -> str:
    return WON if record.publish(layout.ENDED, {"status": how}, sync=True) else SET


def _ask(run: Run, how: str) -> str:
    try:
        run.complete() if how == status.COMPLETED else run.cancel()
    except InvalidTransition:
        pass
    return SET


def _end(fact: dict[str, object] | None) -> str:
    return "" if fact is None else f"{fact['status']} by {fact.get('pid')}"


class Round:
    """Twenty processes at work on the same runs, some of which are killed and replaced."""

    def __init__(self, folder: Path, number: int, steps: int) -> None:
        folder.mkdir()
        self.folder = folder
        self.steps = steps
        self.chance = report.chance("history", number)
        self.started = 0
        self.children: set[int] = set()
        experiment = Experiment(Workspace.from_config(), "history")
        self.runs = [
            experiment.start_logging(outputs=False, snapshot_directory=None)
            for _ in range(max(2, steps // 20))
        ]

    def play(self, kills: int) -> list[Operation]:
        """Everything that was done, and told."""
        for _ in range(PROCESSES):
            self._start()
        while self.children:
            if kills:
                cast.tick(BETWEEN_KILLS_MS)
                kills -= self._kill_one()
            self._reap(0 if not kills else os.WNOHANG)
        for run in self.runs:
            _ask(run, status.COMPLETED)
        return [one for path in self.folder.iterdir() for one in history.read(str(path))]

    def _start(self) -> None:
        path, seed = self.folder / f"{self.started}", self.chance.random()
        self.started += 1
        pid = os.fork()
        if pid:
            self.children.add(pid)
            return
        code = 1
        try:
            Actor(self.runs, Log(str(path)), Random(seed), self.steps).play()
            code = 0
        except BaseException:  # noqa: BLE001 - a child must never return into pytest
            traceback.print_exc()
        finally:
            os._exit(code)

    def _kill_one(self) -> bool:
        os.kill(self.chance.choice(sorted(self.children)), signal.SIGKILL)
        self._start()
        return True

    def _reap(self, flags: int) -> None:
        while self.children:
            pid, raw = os.waitpid(-1, flags)
            if not pid:
                return
            self.children.discard(pid)
            assert os.waitstatus_to_exitcode(raw) in (0, -signal.SIGKILL)


def test_what_is_set_once_is_the_same_for_all_at_all_times(workspace_dir: Path) -> None:
    rounds, steps = report.size(1, 20), report.size(40, 500)
    kills = report.size(0, 40)
    breaks: list[str] = []
    done = 0
    for number in range(rounds):
        folder = workspace_dir / f"round-{number}"
        operations = Round(folder, number, steps).play(kills)
        breaks += history.check(operations)
        done += len(operations)

    wins = [one for one in operations if one.answer == WON]
    assert any(one.thing.endswith("end") for one in wins)
    report.settle("histories: operations of 20 processes", done, breaks)


def _operation(kind: str, value: str, begin: int, end: int, answer: str) -> Operation:
    return Operation("thing", kind, value, begin, end, answer)


def test_the_check_of_histories_finds_what_cannot_be() -> None:
    first = _operation(WRITE, "a", 0, 10, WON)
    assert history.check([first, _operation(READ, "", 5, 8, "")]) == []
    wrong = {
        "two winners": _operation(WRITE, "b", 5, 20, WON),
        "two values": _operation(READ, "", 5, 20, "b"),
        "lost": _operation(READ, "", 11, 20, ""),
    }
    for words, operation in wrong.items():
        (found,) = history.check([first, operation])
        assert found.startswith(words)
    (found,) = history.check([_operation(READ, "", 1, 2, "c")])
    assert found.startswith("a value that nobody wrote")
