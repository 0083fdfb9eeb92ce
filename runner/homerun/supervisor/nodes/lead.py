"""The lead of a run on several nodes: it stands in the script's place, and has `srun` start the
others.

It waits until all of them are there, lets them begin, and ends the others once one has failed. A
TERM is a stop: it is passed on as a word, since `srun` would answer the signal by a KILL to all. It
ends as the first one that failed did, and `ranks.json` says which that was.
"""

from __future__ import annotations

import json
import os
import select
import sys

from homerun.base import environ
from homerun.supervisor import log_line
from homerun.supervisor.nodes.orders import PATIENCE_S, Orders
from homerun.supervisor.nodes.ranks import Seat, meeting
from homerun.system import linux, signals, spawn
from homerun.system.signals import Wakeups
from runstore import layout
from runstore.fs import atomic, facts
from runstore.run import attempts

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any

_MOST_BYTES = 1 << 16
_MOST_TOLD = 20
"""Lines of a failed rank's log that the run's log repeats."""
_TAIL_BYTES = 1 << 13
_SRUN_S = 5.0
"""What `srun` may take between TERM, by which it kills all, and its end."""
_CANNOT_START = 127


def main() -> None:
    """Lead the processes of a run; ends as the first of them that failed."""
    made = Lead(Orders.of(sys.argv[1:]))
    made.lead()
    made.record()
    made.leave()


class Lead:
    """What is known of the processes, and `srun`, which carries the words to and from them."""

    def __init__(self, orders: Orders) -> None:
        self.orders = orders
        self.folder = os.environ[environ.RUN_FOLDER]
        self.wakeups = Wakeups((signals.TERM, signals.INT, signals.CHLD), ignored=(signals.HUP,))
        self.seats: dict[int, Seat] = {}
        self.ends: dict[int, dict[str, Any]] = {}
        self.failed: int | None = None
        self.has_begun = self.is_told = self.is_stopping = self.is_of_slurm = False
        self.kills_at: list[tuple[float, int]] = []
        self.raw: int | None = None
        self._heard = b""
        flags = os.O_WRONLY | os.O_APPEND | os.O_CREAT | os.O_NOFOLLOW | os.O_CLOEXEC
        self._log = os.open(f"{self.folder}/{layout.SUPERVISOR_LOG}", flags, 0o600)
        self._out = -1
        self.srun, self._say, self._hear = self._start()

    def _start(self) -> tuple[int, int, int]:
        """Start `srun`: its pid, and the ends of what it reads and writes."""
        reads, say = os.pipe()
        hear, writes = os.pipe()
        actions: list[tuple[int | str, ...]] = [
            (os.POSIX_SPAWN_DUP2, reads, 0),
            (os.POSIX_SPAWN_DUP2, writes, 1),
        ]
        argv = _command(self.orders, self.folder)
        try:
            pid = spawn.start(argv[0], argv, dict(os.environ), actions)
        except OSError as error:
            self._tell_in_log(
                f"srun cannot be started: {error.strerror}; Slurm's commands have to be in PATH"
            )
            os._exit(_CANNOT_START)
        os.close(reads)
        os.close(writes)
        os.set_blocking(hear, False)
        return pid, say, hear

    def lead(self) -> None:
        """See all processes to their ends; return once `srun` is gone."""
        poll = select.poll()
        poll.register(self.wakeups.read_end, select.POLLIN)
        poll.register(self._hear, select.POLLIN)
        while self.raw is None:
            due = min((at for at, _ in self.kills_at), default=None)
            poll.poll(None if due is None else max(0.0, due - linux.clock()) * 1000)
            came = self.wakeups.take()
            if signals.TERM in came or signals.INT in came:
                self.is_told = True
                self.stop()
            if not self.read():
                poll.unregister(self._hear)  # it is about to end
                os.close(self._hear)
                self._hear = -1
            self._kill_what_is_late()
            self._reap()
        self.read()

    def _reap(self) -> None:
        pid, raw = os.waitpid(self.srun, os.WNOHANG)
        if pid:
            self.raw = raw

    def read(self) -> bool:
        """Read what the others say. False: they say nothing any more."""
        while self._hear >= 0:
            try:
                data = os.read(self._hear, _MOST_BYTES)
            except BlockingIOError:
                return True
            if not data:
                return False
            *lines, self._heard = (self._heard + data).split(b"\n")
            for line in lines:
                self._take(line)
        return True

    def _take(self, line: bytes) -> None:
        word, _, said = line.partition(b" ")
        try:
            told = json.loads(said)
        except ValueError:
            return  # a word of something else that writes there
        if word == b"hello":
            seat = Seat(**told)
            self.seats[seat.rank] = seat
            if len(self.seats) == self.orders.ranks.count and not self.is_stopping:
                self._begin()
        elif word == b"log":
            log_line.write(str(told), self._log)
        elif word == b"over":
            self._note_end(int(told.pop("rank")), told)

    def _begin(self) -> None:
        """Let all processes begin: each is there."""
        self.has_begun = True
        seats = [self.seats[rank] for rank in sorted(self.seats)]
        self._tell("begin", [seat.describe() for seat in seats])
        on: dict[str, list[str]] = {}
        for seat in seats:
            on.setdefault(seat.node, []).append(str(seat.rank))
        where = "; ".join(f"{' '.join(ranks)} on {node}" for node, ranks in on.items())
        log_line.write(f"the processes begin: ranks {where}", self._log)
        own = [name for name in (environ.MASTER_ADDR, environ.MASTER_PORT) if os.environ.get(name)]
        if own:
            there = ":".join(meeting(seats, os.environ))
            why = f"{', '.join(own)}: the run's own variables"
            log_line.write(f"they meet at {there} ({why})", self._log)

    def _note_end(self, rank: int, end: dict[str, Any]) -> None:
        self.ends[rank] = end
        if self.is_stopping:
            return
        if end.get("stopped"):
            self.is_of_slurm = True  # none of us has asked for that; what it was is seen at the end
            self.stop()
        elif _has_failed(end):
            self.failed = rank
            self.stop()
        elif all(one in self.ends for one in range(self.orders.ranks.count) if self._counts(one)):
            self.stop()  # parameter servers are left, which end by that alone

    def _counts(self, rank: int) -> bool:
        return self.orders.ranks.counts(rank)

    def stop(self) -> None:
        """Have all processes end: by the signals of a stop, and what is late by a KILL."""
        if self.is_stopping:
            return
        self.is_stopping = True
        late = linux.clock()
        if self.has_begun:
            self._tell("stop", {})
            late += self.orders.grace_s + PATIENCE_S / 2
        self.kills_at = [(late, signals.TERM), (late + _SRUN_S, signals.KILL)]

    def _kill_what_is_late(self) -> None:
        while self.kills_at and linux.clock() >= self.kills_at[0][0]:
            _, number = self.kills_at.pop(0)
            os.kill(self.srun, number)  # our child, not reaped yet

    def _tell(self, word: str, said: object) -> None:
        line = f"{word} {json.dumps(said)}\n".encode()
        try:
            atomic.write_all(self._say, line)
        except OSError:
            return  # srun is gone: its end is about to be seen

    def record(self) -> None:
        """Publish how the processes ended, and say in the run's log which failed first."""
        number = int(os.environ.get(environ.ATTEMPT, "1"))
        found = self.verdict()
        try:
            home = attempts.folder(self.folder, number)
            facts.publish(home, layout.RANKS, facts.signed(found))
        except OSError as error:
            log_line.write(f"{layout.RANKS} cannot be published: {error}", self._log)
        told = found.get("rank")
        if isinstance(told, dict):
            others = "" if self.failed is None else "; the others were ended"
            self._tell_in_log(f"{told['name']} {told['said']}{others}")
            if self.failed:
                self._repeat(self.failed)
        if found["lost"] and not self.is_told:
            self._tell_in_log(f"the processes on {', '.join(found['lost'])} are lost")

    def verdict(self) -> dict[str, Any]:
        """How the processes ended."""
        ends = [{**self._place(rank), **self.ends[rank]} for rank in sorted(self.ends)]
        lost = [seat for rank, seat in sorted(self.seats.items()) if rank not in self.ends]
        found: dict[str, Any] = {
            "count": self.orders.ranks.count,
            "nodes": sorted({seat.node for seat in self.seats.values()}),
            "ends": ends,
            "lost": sorted({seat.node for seat in lost}) if self.has_begun else [],
            "is_told": self.is_told,
            "out_of_memory": any(end["out_of_memory"] for end in ends),
            "cpu_user_s": round(sum(end["cpu_user_s"] for end in ends), 6),
            "cpu_system_s": round(sum(end["cpu_system_s"] for end in ends), 6),
            "peak_memory_kib": max((end["peak_memory_kib"] for end in ends), default=0),
        }
        if self.failed is not None:
            log = self.orders.log_of(self.failed)
            said = _how_ended(self.ends[self.failed])
            found["rank"] = {"name": self.seats[self.failed].name, "said": said, "log": log}
        elif why := self._flaw_of_srun(is_lost=bool(lost)):
            found["rank"] = {"name": "srun", "said": why, "log": self.orders.log}
        return found

    def _flaw_of_srun(self, *, is_lost: bool) -> str:
        """What became of what starts the processes, where no process tells of an end; "": nothing.

        Args:
            is_lost: whether nothing was heard of some of them.
        """
        if self.is_told:
            return ""
        if not self.has_begun:
            return "did not start all processes; its own words are in the log"
        if self.raw is not None and os.WIFSIGNALED(self.raw) and not self.is_stopping:
            return f"was ended by {signals.name(os.WTERMSIG(self.raw))}"
        return "was told to end all processes" if self.is_of_slurm and not is_lost else ""

    def _place(self, rank: int) -> dict[str, Any]:
        seat = self.seats[rank]
        return {"rank": rank, "node": seat.node}

    def _tell_in_log(self, line: str) -> None:
        try:
            os.write(1, f"homerun: {line}\n".encode("utf-8", "replace"))
        except OSError:
            return

    def _repeat(self, rank: int) -> None:
        """Repeat the end of a failed rank's log: the run's log is what people look at."""
        path = self.orders.log_of(rank)
        try:
            descriptor = atomic.open_plain(f"{self.folder}/{path}", os.O_RDONLY)
            try:
                size = os.fstat(descriptor).st_size
                data = os.pread(descriptor, _TAIL_BYTES, max(0, size - _TAIL_BYTES))
            finally:
                os.close(descriptor)
        except OSError:
            return
        lines = data.decode("utf-8", "replace").splitlines()[-_MOST_TOLD:]
        self._tell_in_log(f"the end of {path}:")
        for line in lines:
            os.write(1, f"[{rank}] {line}\n".encode("utf-8", "replace"))

    def leave(self) -> None:
        """End as the run is to: as the first process that failed, or by what this one was told."""
        end = {} if self.failed is None else self.ends[self.failed]
        if self.is_told and self.failed is None:
            _die_by(signals.TERM)
        raw = end.get("wait_status")
        if isinstance(raw, int) and os.WIFSIGNALED(raw):
            _die_by(os.WTERMSIG(raw))
        if isinstance(raw, int) and not end.get("cannot_start"):
            os._exit(os.WEXITSTATUS(raw))
        if end:
            os._exit(_CANNOT_START)
        is_whole = len(self.ends) == self.orders.ranks.count and not self.is_of_slurm
        os._exit(0 if is_whole else 1)


def _command(orders: Orders, folder: str) -> list[str]:
    """The command that starts the parents of all processes, each on its node."""
    ranks = orders.ranks
    cpus = os.environ.get("SLURM_CPUS_PER_TASK")  # `srun` does not take it over by itself
    return [
        "srun",
        f"--nodes={ranks.nodes}",
        f"--ntasks={ranks.count}",
        f"--ntasks-per-node={ranks.per_node}",
        "--distribution=block",
        *([f"--cpus-per-task={cpus}"] if cpus else []),
        "--wait=0",
        "--kill-on-bad-exit=1",  # of a parent, which else ends with 0 whatever became of its own
        "--export=ALL",
        f"--chdir={folder}",
        *orders.for_rank(),
    ]


def _has_failed(end: dict[str, Any]) -> bool:
    return bool(end.get("cannot_start")) or end.get("wait_status") != 0


def _how_ended(end: dict[str, Any]) -> str:
    """How a process ended, as the rest of a sentence."""
    if end.get("cannot_start"):
        return f"could not be started: {end['cannot_start']}"
    if end.get("out_of_memory"):
        return "was killed by the kernel: out of memory"
    if end.get("signal"):
        return f"was ended by {end['signal']}"
    return f"ended with exit code {end.get('exit_code')}"


def _die_by(number: int) -> None:
    """End by a signal, without a core of this process."""
    import resource

    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
    signals.die_by(number)
