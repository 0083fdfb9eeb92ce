"""Forked children of a test: that race through one gate, or die at a chosen system call."""

from __future__ import annotations

import json
import os
import sys
import traceback
from collections.abc import Callable
from typing import Any

DIED = 77
"""The exit code of a child that died where it was told to."""

CALLS = ("mkdir", "link", "rename", "open", "write", "unlink", "symlink", "fsync")
"""The calls between which a maker can be killed; before the next one is after the last one."""


def race(count: int, task: Callable[[int], Any]) -> list[Any]:
    """What `count` processes return from `task(number)`, all let go at once."""
    gate, let_go = os.pipe()
    started: list[tuple[int, int]] = []
    for number in range(count):
        answer, tell = os.pipe()
        pid = os.fork()
        if not pid:
            os.close(let_go)
            _child(lambda n=number: (os.read(gate, 1), task(n))[1], tell)  # type: ignore[misc]
        os.close(tell)
        started.append((pid, answer))
    os.close(gate)
    os.close(let_go)
    return [_answer(pid, answer) for pid, answer in started]


def in_child(task: Callable[[], Any]) -> Any:
    """What a forked child returns; what it patches stays in it."""
    return race(1, lambda _: task())[0]


def dies_at(count: int, task: Callable[[], Any], *, torn: bool = False) -> bool:
    """Run `task` in a child that is gone in the instant before its `count`-th call of CALLS.

    With `torn` that call, if it is a write, still takes half of its data. False: the task was over
    before.
    """
    pid = os.fork()
    if not pid:
        code = 1
        try:
            for name in CALLS:
                setattr(os, name, _Fuse(getattr(os, name), torn))
            _left[0] = count
            task()
            code = 0
        except BaseException:  # noqa: BLE001 - a child must never return into pytest
            traceback.print_exc()
        finally:
            os._exit(code)
    code = os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1])
    assert code in (0, DIED), f"the child failed with {code}"
    return code == DIED


_left = [0]


class _Fuse:
    """A function of `os` that ends the process when the shared count is used up."""

    def __init__(self, call: Callable[..., Any], torn: bool) -> None:
        self.call = call
        self.torn = torn

    def __call__(self, *args: Any, **named: Any) -> Any:
        _left[0] -= 1
        if _left[0] <= 0:
            if self.torn and self.call.__name__ == "write":
                self.call(args[0], args[1][: len(args[1]) // 2])
            os._exit(DIED)
        return self.call(*args, **named)


def _child(task: Callable[[], Any], tell: int) -> None:
    code = 1
    try:
        data = json.dumps(task()).encode()
        with os.fdopen(tell, "wb") as pipe:
            pipe.write(data)
        code = 0
    except BaseException:  # noqa: BLE001 - as above
        traceback.print_exc()
    finally:
        sys.stderr.flush()
        os._exit(code)


def _answer(pid: int, answer: int) -> Any:
    with os.fdopen(answer, "rb") as pipe:
        data = pipe.read()
    code = os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1])
    assert code == 0, f"a child ended with {code}"
    return json.loads(data)
