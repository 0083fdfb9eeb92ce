"""Histories of what many processes did to things that are set once, and their check.

Each process writes down when it asked for something and when it was told the answer, by the clock
that all share. What a thing was set to has to be the same for all, and as if each operation had
happened at one instant between its question and its answer.
"""

from __future__ import annotations

import json
import os
from collections.abc import Callable
from typing import Any, NamedTuple

from helpers.wait import now_ns

WRITE = "write"
READ = "read"

WON = "won"
SET = "set"
"""The thing is set now, and it is not told by whom."""


class Operation(NamedTuple):
    """One write or read of a thing; `answer` is None, and `end` the end of time, if none came.

    The answer to a write is WON, SET, or the value that somebody else had set; that to a read is
    the value, or "" where there is none.
    """

    thing: str
    kind: str
    value: str
    begin: int
    end: float
    answer: str | None

    def __str__(self) -> str:
        what = f"{self.kind} {self.thing}" + (f" = {self.value}" if self.value else "")
        return f"{what} at {self.begin} -> {self.answer!r} at {self.end}"


class Log:
    """One process's diary; a line is whole before what it tells of goes on."""

    def __init__(self, path: str) -> None:
        self._descriptor = os.open(path, os.O_WRONLY | os.O_APPEND | os.O_CREAT, 0o600)

    def tell(self, thing: str, kind: str, value: str, do: Callable[[], str]) -> None:
        """Do it, with a line before and one after."""
        self._line([thing, kind, value, now_ns()])
        answer = do()
        self._line([answer, now_ns()])

    def _line(self, fields: list[Any]) -> None:
        os.write(self._descriptor, json.dumps(fields).encode() + b"\n")


def read(path: str) -> list[Operation]:
    """The operations in a diary; the last one may have no answer: its process was killed."""
    found: list[Operation] = []
    asked: list[Any] = []
    with open(path, "rb") as file:
        lines = file.read().split(b"\n")[:-1]  # a killed process's last line may be a stump
    for line in lines:
        fields = json.loads(line)
        if len(fields) == 4:
            asked = fields
        else:
            found.append(Operation(*asked, end=fields[1], answer=fields[0]))
            asked = []
    if asked:
        found.append(Operation(*asked, end=float("inf"), answer=None))
    return found


def check(operations: list[Operation]) -> list[str]:
    """What cannot have been, in words."""
    things: dict[str, list[Operation]] = {}
    for operation in operations:
        things.setdefault(operation.thing, []).append(operation)
    return [text for found in things.values() for text in _check_thing(found)]


def _check_thing(found: list[Operation]) -> list[str]:
    writes = [one for one in found if one.kind == WRITE]
    wins = [one for one in writes if one.answer == WON]
    shown = {_told(one): one for one in found if _told(one)}
    if len(wins) > 1:
        return [f"two winners: {wins[0]}; {wins[1]}"]
    if len(shown) > 1:
        first, second = list(shown.values())[:2]
        return [f"two values: {first}; {second}"]
    breaks = []
    for value, one in shown.items():
        if not any(write.value == value and write.begin <= one.end for write in writes):
            breaks.append(f"a value that nobody wrote: {one}")
    # From the first answer that shows it, or tells that it is set, all later reads show it.
    tellers = [one for one in found if one.answer and (one.kind == WRITE or _told(one))]
    if tellers:
        first = min(tellers, key=lambda one: one.end)
        late = [one for one in found if one.answer == "" and one.begin > first.end]
        breaks += [f"lost: {first}; and then {one}" for one in late[:3]]
    return breaks


def _told(one: Operation) -> str:
    """The value that an answer tells, "" if it tells none."""
    if one.kind == WRITE and one.answer == WON:
        return one.value
    return "" if one.answer in (None, "", SET) else str(one.answer)
