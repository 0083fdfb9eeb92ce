"""The k-th-call sweep: every operation, with a fault at each of its calls in turn.

Each case is a forked child of a warm interpreter that prepares what the operation needs, is armed
with one fault, and then does the operation. It tells its parent through a pipe what came of it, and
what it was told: that has to hold afterwards, whatever happened to the child.
"""

from __future__ import annotations

import json
import os
import select
import signal
import sys
import traceback
from collections.abc import Callable, Iterable, Iterator
from itertools import count
from pathlib import Path
from random import Random
from typing import Any

from helpers.wait import remove_store
from homerun import Workspace
from homerun.base.errors import HomerunError
from homerun.runs import reconcile, wait
from homerun.system import children
from runstore import layout, status
from runstore.errors import StoreError
from runstore.store import Store
from torture import faults, report
from torture.faults import Fault
from torture.invariants import Audit

PATIENCE_S = 25.0
CASES_PER_STORE = 12
LASTING = (faults.SHORT, faults.ENOSPC, faults.EIO, faults.EACCES, faults.EMFILE)
"""Faults that are tried once, and once more as lasting from their call on."""

Ack = tuple[str, str, str, Any]


class Operation:
    """Something that people ask for, and how to prepare it.

    Args:
        prepare: what it needs, made in the child, before it is armed: the subject, and what was
            acknowledged on the way.
        act: the operation; what it acknowledged, and a value that can be compared.
        never_raises: not because of the store, as the logging of a script.
        reads: it changes nothing, and its value is the same each time.
        is_list: one run that cannot be read costs at most that run.
        filters: what cannot be read is in no filtered list.
        is_slow: it starts a process or more.
    """

    def __init__(
        self,
        name: str,
        act: Callable[[Any], tuple[list[Ack], Any]],
        prepare: Callable[[str], tuple[Any, list[Ack]]] = lambda _: (None, []),
        *,
        never_raises: bool = False,
        reads: bool = False,
        is_list: bool = False,
        filters: bool = False,
        is_slow: bool = False,
    ) -> None:
        self.name = name
        self.act = act
        self.prepare = prepare
        self.never_raises = never_raises
        self.reads = reads
        self.is_list = is_list
        self.filters = filters
        self.is_slow = is_slow


class Told:
    """What a child said, and how it ended."""

    def __init__(self, code: int, lines: list[dict[str, Any]], said: str) -> None:
        self.code = code
        self.said = said
        self.prepared: list[Ack] = []
        self.end: dict[str, Any] = {}
        for line in lines:
            if "prepared" in line:
                self.prepared = [tuple(ack) for ack in line["prepared"]]  # type: ignore[misc]
            else:
                self.end = line

    @property
    def was_killed(self) -> bool:
        return self.code == -signal.SIGKILL

    @property
    def was_hit(self) -> bool:
        return self.was_killed or bool(self.end.get("hits"))


def play(operation: Operation, fault: Fault, name: str) -> Told:
    """Do an operation in a child that is armed with a fault."""
    answer, tell = os.pipe()
    pid = os.fork()
    if not pid:
        os.close(answer)
        _child(operation, fault, name, tell)
    os.close(tell)
    pidfd = os.pidfd_open(pid)
    poll = select.poll()
    poll.register(pidfd, select.POLLIN)
    lines = b""
    poll.register(answer, select.POLLIN)
    while ready := dict(poll.poll(PATIENCE_S * 1000)):
        if answer not in ready:
            break
        data = os.read(answer, 1 << 16)
        if not data:
            poll.unregister(answer)
        lines += data
    else:
        os.kill(pid, signal.SIGABRT)
    os.close(pidfd)
    os.close(answer)
    code = os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1])
    said = Path("said").read_text(errors="replace")
    return Told(code, [json.loads(line) for line in lines.splitlines()], said)


def _child(operation: Operation, fault: Fault, name: str, tell: int) -> None:
    code = 1
    write = os.write
    try:
        error = os.open("said", os.O_RDWR | os.O_CREAT | os.O_TRUNC | os.O_APPEND, 0o600)
        os.dup2(error, 2)
        sys.stderr = os.fdopen(2, "w", buffering=1, closefd=False)
        subject, acks = operation.prepare(name)
        write(tell, json.dumps({"prepared": acks}).encode() + b"\n")
        faults.arm(fault)
        end: dict[str, Any] = {}
        try:
            done, value = operation.act(subject)
        except BaseException as raised:  # noqa: BLE001 - it is what the case is about
            faults.disarm()
            end["raised"] = [kind.__name__ for kind in type(raised).__mro__]
            end["is_ours"] = isinstance(raised, (StoreError, HomerunError, OSError))
            end["text"] = str(raised)
            end["trace"] = "".join(traceback.format_exception(raised)[-3:])
        else:
            faults.disarm()
            end.update(acks=done, value=value)
        end.update(hits=fault.hits, calls=fault.calls)
        write(tell, json.dumps(end).encode() + b"\n")
        code = 0
    except BaseException:  # noqa: BLE001 - a child must never return into pytest
        traceback.print_exc()
    finally:
        os._exit(code)


class World:
    """A store for some cases of one operation, and the eye on it."""

    def __init__(self, home: Path, build: Callable[[], None]) -> None:
        home.mkdir(parents=True)
        os.chdir(home)
        build()
        self.store = Workspace.from_config().store.for_writing()
        self.audit = Audit(self.store.root)
        self.home = home
        self.names = f"{home.parent.name}-{os.getpid()}-{home.name}"
        self.cases = 0
        self.truth: Any = None
        self.before = picture(home)

    def case(self, operation: Operation, fault: Fault) -> tuple[bool, list[str]]:
        """Play one case: whether the fault was met, and what broke."""
        self.cases += 1
        name = f"{self.names}-{self.cases}"
        told = play(operation, fault, name)
        breaks = [] if told.code in (0, -signal.SIGKILL) else [f"ended with {told.code}"]
        if breaks:
            breaks += [told.said[-1500:]]
        breaks += self._judge_answer(operation, fault, told)
        if operation.reads and not breaks:
            breaks += self._judge_reading(operation, fault, told)
        else:
            breaks += self._judge_store(told, name)
        return told.was_hit, [f"{operation.name}, {fault}: {text}" for text in breaks]

    def learn(self, operation: Operation) -> list[str]:
        """Play the operation without a fault: how its calls can fail, kind by kind."""
        self.cases += 1
        told = play(operation, Fault(), f"{self.names}-{self.cases}")
        assert "value" in told.end, f"{operation.name}: {told.end or told.said}"
        self.truth = told.end["value"]
        self._judge_store(told, "")
        return list(told.end["calls"])

    def _judge_answer(self, operation: Operation, fault: Fault, told: Told) -> list[str]:
        end = told.end
        if "raised" not in end:
            return []
        where = f"{end['hits'][:2]}: {end['trace']}"
        if operation.never_raises:
            return [f"it raised into the script; {where}"]
        if not end["is_ours"]:
            return [f"it raised no error of ours; {where}"]
        if "\n" in end["text"] or not end["text"]:
            return [f"its error is not one line: {end['text']!r}; {where}"]
        is_of_run = fault.kind != faults.EMFILE and self._is_in_a_run(end["hits"][-1])
        if operation.is_list and is_of_run:
            return [f"one run's file took the list down; {where}"]
        return []

    def _is_in_a_run(self, hit: str) -> bool:
        """Whether a call was about a run of a list; `parent` is the one that was asked for."""
        path = hit.partition(" ")[2]
        inside = path.removeprefix(f"{self.store.root}/")
        parts = inside.split("/")
        return inside != path and len(parts) > 2 and inside[0] != "." and parts[1] != "parent"

    def _judge_reading(self, operation: Operation, fault: Fault, told: Told) -> list[str]:
        """A reader changes nothing, and what it shows is true."""
        now = picture(self.home)
        changed = {path for path, _ in now ^ self.before if path != "said"}
        if changed:
            return [f"a reader changed {sorted(changed)[:3]}; {told.end.get('hits')}"]
        if "value" not in told.end:
            return []
        shown = told.end["value"]
        is_true = shown == self.truth
        if fault.kind == faults.EACCES:  # what we may not read is somebody else's
            is_true = is_true or _is_less(shown, self.truth)
        elif operation.is_list and _is_less(shown, self.truth):
            may_lack = len(self.truth) if fault.lasts and operation.filters else 1
            is_true = len(shown) >= len(self.truth) - may_lack
        if is_true:
            return []
        return [f"it showed {shown}, and the truth is {self.truth}; {told.end['hits'][:2]}"]

    def _judge_store(self, told: Told, name: str) -> list[str]:
        for ack in (*told.prepared, *told.end.get("acks", ())):
            self.audit.acknowledge(*ack)
        breaks = self._end_scripts(told)
        breaks += self.audit.check()
        children.reap()
        why = f"{told.end.get('hits', [])[:2]}; {told.end.get('text')}"
        return [f"{text}; {why}" for text in breaks]

    def _end_scripts(self, told: Told) -> list[str]:
        """Let the submitted runs of a case come to their ends."""
        breaks = []
        for record in Store(self.store.root).runs():
            if record.run.get("kind") == status.INTERACTIVE or record.fact("ended.json"):
                continue
            run = Workspace.from_config().get_run(record.id)
            if not record.id.startswith("short"):
                run.cancel()
            if not wait.until_over(record, PATIENCE_S).is_over:
                breaks.append(
                    f"{record.id} did not end; it is {reconcile.bring_up_to_date(record).status}"
                )
        return breaks

    def close(self, keep: bool) -> None:
        """Remove what the cases made, unless something broke."""
        os.chdir(self.home.parent)
        if not keep:
            remove_store(self.home)


def _is_less(shown: Any, truth: Any) -> bool:
    """Whether what is shown is the truth as far as it goes."""
    if isinstance(shown, dict) and isinstance(truth, dict):
        return all(
            key in truth and (_is_less(value, truth[key]) or value == status.NOT_RESPONDING)
            for key, value in shown.items()
        )
    if isinstance(shown, list) and isinstance(truth, list):
        return all(one in truth for one in shown)
    return bool(shown in (truth, status.NOT_RESPONDING))


def picture(home: Path) -> set[tuple[str, Any]]:
    """Every path below a folder, with what changes when it is written; but for the index, which a
    reader may bring up to date, and the folder that then gets it.
    """
    found = set()
    for folder, names, files in os.walk(home):
        if layout.INDEX in names:
            names.remove(layout.INDEX)
        for name in (*names, *files):
            path = f"{folder}/{name}"
            seen = os.lstat(path)
            kept = (seen.st_ino, seen.st_mtime_ns, seen.st_size)
            if name != layout.STORE_FOLDER:
                found.add((os.path.relpath(path, home), kept))
    return found


def _plans(
    calls: list[str], operation: Operation, chance: Random
) -> Iterator[tuple[str, bool, Iterable[int]]]:
    """The faults to try: each kind, and which of its calls.

    The long form goes on until the operation is over before the fault is met; the short one takes
    a sample that the seed chooses.
    """
    kinds = [(kind, False) for kind in faults.KINDS] + [(kind, True) for kind in LASTING]
    if report.IS_LONG:
        yield from ((kind, lasts, count(1)) for kind, lasts in kinds)
        return
    every = [(*one, nth) for one in kinds for nth in range(1, calls.count(one[0]) + 1)]
    size = 2 if operation.is_slow else 8
    for kind, lasts, nth in chance.sample(every, min(len(every), size)):
        yield kind, lasts, [nth]


def lane(names: list[str], folder: str) -> dict[str, Any]:
    """Sweep these operations; the tries by kind of fault, and what broke."""
    from torture import operations

    every = (*operations.CHANGES, *operations.IN_SCRIPT, *operations.READS)
    tries: dict[str, int] = {}
    breaks: list[str] = []
    for operation in [one for one in every if one.name in names]:
        home = Path(folder) / "".join(filter(str.isalnum, operation.name))
        breaks += Sweep(operation, home, tries).play()
        if report.IS_LONG:  # what there is if somebody stops it
            so_far = {"upto": operation.name, "tries": tries, "breaks": breaks}
            Path(folder, "so-far.json").write_text(json.dumps(so_far, indent=1))
    return {"tries": tries, "breaks": breaks}


class Sweep:
    """All cases of one operation."""

    def __init__(self, operation: Operation, home: Path, tries: dict[str, int]) -> None:
        self.operation = operation
        self.home = home
        self.tries = tries
        self.breaks: list[str] = []
        self.was_broken = False
        self.worlds = 0
        self.world = self._new_world()

    def play(self) -> list[str]:
        """Play them; what broke."""
        calls = self.world.learn(self.operation)
        chance = report.chance("sweep", self.operation.name)
        for kind, lasts, nths in _plans(calls, self.operation, chance):
            for nth in nths:
                if not self._case(Fault(kind, nth, lasts=lasts)):
                    break
        self.world.close(keep=self.was_broken)
        return self.breaks

    def _case(self, fault: Fault) -> bool:
        is_full = self.world.cases >= CASES_PER_STORE and not self.operation.reads
        if is_full or (self.was_broken and not self.operation.reads):
            self.world.close(keep=self.was_broken)
            self.world = self._new_world()
        try:
            hit, found = self.world.case(self.operation, fault)
        except Exception:  # noqa: BLE001 - the sweep goes on, and tells
            hit, found = True, [f"{self.operation.name}, {fault}: {traceback.format_exc()}"]
        self.breaks += found
        self.was_broken = bool(found)
        if hit:
            self.tries[fault.kind] = self.tries.get(fault.kind, 0) + 1
        return hit

    def _new_world(self) -> World:
        from torture import operations

        build = operations.family if self.operation.reads else operations.source
        self.worlds += 1
        return World(self.home / f"{self.worlds}", build)
