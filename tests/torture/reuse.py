"""Pids that are used again, by force: what a record or a look names is a stranger by now.

It plays in a PID namespace of its own, where the next pid can be chosen. Two processes take part:
a maker, who is outside of every run's tree and makes the strangers, and the one who acts as the
product does. A stranger blocks every signal and tells in the end which came first.
"""

from __future__ import annotations

import json
import os
import select
import signal
import sys
import traceback
from collections.abc import Callable, Iterable
from pathlib import Path
from types import SimpleNamespace
from typing import cast

from homerun.base import environ
from homerun.runs import reconcile, stop, stop_request
from homerun.supervisor import adopter
from homerun.system import linux, process_tree
from runstore import layout, names, status
from runstore.draft import Draft
from runstore.fs import facts, lock
from runstore.run import identity
from runstore.run.record import Record
from runstore.store import Store
from torture import report

RUN = names.new_uuid()
LAST = signal.SIGRTMAX
"""What ends a stranger: of several signals that wait, the one with the lowest number is told."""


class Maker:
    """The process whose children are the strangers, and the victims whose parent it has to be."""

    def __init__(self) -> None:
        asked, ask = os.pipe()
        told, tell = os.pipe()
        if not os.fork():
            try:
                _serve(os.fdopen(asked), tell)
            finally:
                os._exit(1)
        self._ask = ask
        self._told = os.fdopen(told)

    def victim(self, mark: str = "-") -> int:
        """A process to be seen, with the mark of a run or without."""
        return self._answer(f"victim {mark}")

    def stranger(self, pid: int) -> None:
        """A process that gets this pid, whose former owner is dead."""
        assert self._answer(f"stranger {pid}") == pid

    def end(self, pid: int) -> int:
        """End a stranger; the signal that it got before, 0 if none."""
        code = self._answer(f"end {pid}")
        return 0 if code == LAST else abs(code)

    def _answer(self, question: str) -> int:
        os.write(self._ask, question.encode() + b"\n")
        return int(self._told.readline())


def _serve(questions: Iterable[str], tell: int) -> None:
    signal.pthread_sigmask(signal.SIG_BLOCK, signal.valid_signals())
    for line in questions:
        what, argument = line.split()
        if what == "victim":
            answer = _make_victim(argument)
        elif what == "stranger":
            answer = _make_stranger(int(argument))
        else:
            os.kill(int(argument), LAST)
            answer = os.waitstatus_to_exitcode(os.waitpid(int(argument), 0)[1])
        os.write(tell, b"%d\n" % answer)


def _make_victim(mark: str) -> int:
    env = {} if mark == "-" else {environ.RUN_UUID: mark}
    return os.posix_spawn("/bin/sleep", ["sleep", "1000"], env, setsigmask=())


def _make_stranger(pid: int) -> int:
    try:
        os.waitpid(pid, 0)
    except ChildProcessError:
        pass  # it was another's child
    while True:
        with open("/proc/sys/kernel/ns_last_pid", "w") as file:
            file.write(str(pid - 1))
        made = os.fork()
        if not made:
            os._exit(signal.sigwait(signal.valid_signals()))
        if made == pid:
            return made
        os.kill(made, signal.SIGKILL)
        os.waitpid(made, 0)


class Act:
    """One player of all the acts; `breaks` is what went wrong."""

    def __init__(self, root: str) -> None:
        self.store = Store(root).for_writing()
        self.maker = Maker()
        self.breaks: list[str] = []
        self.same_ticks = 0

    def play(self, name: str) -> None:
        """One act, in which every stranger has to be left alone."""
        strangers = getattr(self, name)()
        for pid in strangers:
            got = self.maker.end(pid)
            if got:
                self.breaks.append(f"I5: {name}: the stranger {pid} got {signal.Signals(got).name}")

    def swept_child(self) -> list[int]:
        """A sweep saw a child of the supervisor's."""
        pid = os.fork()
        if not pid:
            signal.pause()
        (seen,) = [one for one in process_tree.below(os.getpid(), RUN) if one.pid == pid]
        os.kill(pid, signal.SIGKILL)
        os.waitpid(pid, 0)
        self._reuse(pid, seen.ticks)
        self._expect_no_signal(process_tree.send([seen], RUN, signal.SIGTERM, signal.SIGCONT))
        return [pid]

    def swept_orphan(self) -> list[int]:
        """An adopter's sweep saw a process with the mark; the stranger has even its parent."""
        pid = self.maker.victim(RUN)
        (seen,) = _found(pid)
        os.kill(pid, signal.SIGKILL)
        self._reuse(pid, seen.ticks)
        self._expect_no_signal(process_tree.send([seen], RUN, signal.SIGKILL))
        return [pid]

    def adopted_script(self) -> list[int]:
        """An adopter knows the script by its pid and its pidfd."""
        pid = self.maker.victim()
        pidfd = os.pidfd_open(pid)
        former, adopter.SCRIPT_DESCRIPTOR = adopter.SCRIPT_DESCRIPTOR, pidfd
        try:
            one = _adopter_of(pid, pidfd)
            (seen,) = [found for found in one.look() if found.pid == pid]
            os.kill(pid, signal.SIGKILL)
            self._reuse(pid, seen.ticks)
            self._expect_no_signal(process_tree.send([seen], RUN, signal.SIGTERM))
            if any(found.pid == pid for found in one.look()):
                self.breaks.append("I5: an adopter took a stranger for the script")
        finally:
            adopter.SCRIPT_DESCRIPTOR = former
            os.close(pidfd)
        return [pid]

    def looked_at(self) -> list[int]:
        return self._of_record(reconcile.bring_up_to_date)

    def canceled(self) -> list[int]:
        return self._of_record(lambda record: stop.stop(record, status.CANCEL))

    def failed(self) -> list[int]:
        return self._of_record(lambda record: stop.stop(record, status.FAIL))

    def woken(self) -> list[int]:
        """The wish was on record before the supervisor died."""
        return self._of_record(lambda record: stop_request.wake_supervisor(record.path))

    def adopted(self) -> list[int]:
        """Whoever adopts had seen the script alive."""
        return self._of_record(reconcile._adopt)

    def _of_record(self, action: Callable[[Record], object]) -> list[int]:
        """A run whose script and supervisor, on record, are strangers by now."""
        script, above = self.maker.victim(RUN), self.maker.victim()
        record = _record(self.store, script, above)
        ticks = {pid: (identity.read_stat(pid) or (b"", 0))[1] for pid in (script, above)}
        for pid in (script, above):
            os.kill(pid, signal.SIGKILL)
        for pid in (script, above):
            self._reuse(pid, ticks[pid])
        action(record)
        outcome = reconcile.bring_up_to_date(record).outcome or {}
        if (outcome.get("status"), outcome.get("cause")) != (
            status.FAILED,
            status.LOST_EXIT_STATUS,
        ):
            self.breaks.append(f"{record.id} of two strangers ended {outcome}")
        return [script, above]

    def _reuse(self, pid: int, ticks: int) -> None:
        self.maker.stranger(pid)
        self.same_ticks += (identity.read_stat(pid) or (b"", 0))[1] == ticks

    def _expect_no_signal(self, reached: list[process_tree.Process]) -> None:
        if reached:
            self.breaks.append(f"I5: a sweep says it reached {reached[0].pid}, which is gone")


ACTS = (
    "swept_child",
    "swept_orphan",
    "adopted_script",
    "looked_at",
    "canceled",
    "failed",
    "woken",
    "adopted",
)


def _found(pid: int) -> list[process_tree.Process]:
    """The victim by its mark, which it has once it has become its program."""
    found: list[process_tree.Process] = []
    while not found:
        found = [one for one in process_tree.processes_of_run(RUN, None) if one.pid == pid]
    return found


def _adopter_of(script: int, pidfd: int) -> adopter.Adopter:
    """An adopter as it is between its start and the script's end, in this process."""
    one = adopter.Adopter.__new__(adopter.Adopter)
    one.plan = cast(adopter.Plan, SimpleNamespace(mark=RUN))
    one.script, one.over = script, False
    one.cpu_user_s = one.cpu_system_s = 0.0
    one.poll = select.poll()
    one.poll.register(pidfd)
    one.stranger = adopter.Stranger(script, pidfd, is_open=True)
    return one


def _record(store: Store, script: int, above: int) -> Record:
    """A run on whose record these two are its script and its supervisor; nobody holds its lock."""
    draft = Draft(store, "reuse")
    alive = draft.take_alive()
    record = draft.publish({"kind": status.SUBMITTED})
    started = {
        "script": identity.process(script),
        "supervisor": identity.process(above),
        **identity.here(),
        "store_id": store.id,
        "alive_inode": os.fstat(alive).st_ino,
    }
    facts.publish(record.path, layout.STARTED, facts.signed(started))
    lock.release(alive)
    return record


def main(root: str, count: int) -> None:
    """Play so many acts, as pid 1 of a PID namespace; prints tries, breaks, and equal ticks."""
    pid = os.fork()
    if pid:
        code = 1
        while True:  # as pid 1: collect orphans too
            ended, raw = os.wait()
            if ended == pid:
                code = os.waitstatus_to_exitcode(raw)
                break
        sys.exit(code)
    try:
        linux.become_subreaper()
        act = Act(root)
        tries: dict[str, int] = {}
        chance = report.chance("reuse")
        for _ in range(count):
            name = chance.choice(ACTS)
            act.play(name)
            tries[name] = tries.get(name, 0) + 1
        said = {"tries": tries, "breaks": act.breaks, "same_ticks": act.same_ticks}
        Path(root, "said").write_text(json.dumps(said))
        code = 0
    except BaseException:  # noqa: BLE001 - as pid 2 it must not return
        traceback.print_exc()
        code = 1
    finally:
        os._exit(code)
