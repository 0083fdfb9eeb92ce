"""The parent of one process of a run on several nodes; `srun` starts this program for each.

It sees to its process as a supervisor does to a script, and tells the lead instead of the record.
Each of its lines on the standard output, and of those of the lead on its standard input, is a word
and an object:

    hello  it is there: a `Seat`               begin  start the process: the seats of all
    log    a line for supervisor.log           stop   end it, by the signals of a stop
    over   how it ended, and nothing is left

The end of the input means that the lead is gone: as `stop`.
"""

from __future__ import annotations

import json
import os
import select
import socket
import sys
import time

from homerun.base import environ
from homerun.supervisor import log_seal, sweep
from homerun.supervisor.gate import Gate, reason
from homerun.supervisor.nodes.orders import Orders
from homerun.supervisor.nodes.ranks import Seat
from homerun.supervisor.supervisor import Supervisor
from homerun.system import linux, process_tree, signals
from homerun.targets.plan import Plan
from runstore import status

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any

_IN, _OUT = 0, 1
_MOST_BYTES = 1 << 16
_ONE_AFTER_THE_OTHER_S = 0.5
_EMPTY_LOOKS, _BETWEEN_LOOKS_S = 2, 0.01


def main() -> None:
    """See to one process; leaves by `os._exit`, with 0 however that one ended."""
    orders = Orders.of(sys.argv[1:])
    env = {name: one for name, one in os.environ.items() if name != environ.SUPERVISES}
    os.chdir(env[environ.RUN_FOLDER])
    _stay_above(env[environ.RUN_UUID])
    Rank(orders, env).supervise()
    os._exit(0)


def _stay_above(mark: str) -> None:
    """Return in a child of this process, which waits for it and ends as it does. Where the child is
    killed, what was below it comes to this process, and is ended: Slurm may not find it any more.
    """
    linux.become_subreaper()
    signals.ignore(signals.TERM, signals.INT, signals.HUP)  # they are for the child, which has them
    child = os.fork()
    if child == 0:
        return
    raw = os.waitpid(child, 0)[1]
    if os.WIFSIGNALED(raw):
        _kill_all(mark)
        os._exit(1)
    os._exit(os.WEXITSTATUS(raw))


def _kill_all(mark: str) -> None:
    """Kill what is below, but for runs of others; one empty look misses a chain of forks."""
    empty_looks = 0
    while empty_looks < _EMPTY_LOOKS:
        found = process_tree.below(os.getpid(), mark)
        empty_looks = 0 if found else empty_looks + 1
        process_tree.send(found, mark, signals.KILL)
        try:
            while os.waitpid(-1, os.WNOHANG)[0]:
                empty_looks = 0
        except ChildProcessError:
            return
        time.sleep(_BETWEEN_LOOKS_S)


class Rank(Supervisor):
    """The parent of the process of one rank.

    Args:
        env: what the process has, beside what the lead tells.
    """

    def __init__(self, orders: Orders, env: dict[str, str]) -> None:
        super().__init__(_plan(orders, env), {})
        self.orders = orders
        self.seats: list[Seat] = []
        self._heard = b""
        # Held until all of them have chosen theirs, so that none of a node gets the same.
        self._port = socket.socket(_family(_first_node()))
        self._port.bind(("", 0))
        self.seat = Seat(
            rank=int(env["SLURM_PROCID"]),
            local=int(env["SLURM_LOCALID"]),
            node=env.get("SLURMD_NODENAME") or os.uname().nodename,
            place=int(env["SLURM_NODEID"]),
            host=_own_address(),
            port=self._port.getsockname()[1],
        )
        os.set_blocking(_IN, False)
        self.poll.register(_IN, select.POLLIN)

    def supervise(self) -> None:
        """Wait for the others, start the process, see it end, and tell how."""
        linux.become_subreaper()
        self.try_once("our packages cannot be linked here", self.find_packages)
        self.tell("hello", self.seat.describe())
        while not self.seats and not self.stop_wanted:
            self.rest()
        self._port.close()
        if self.stop_wanted:
            failure: str | None = "it was stopped before it began"
            self.stopped = status.CANCEL if self.told_to_end else None  # the engine ends the job
        else:
            failure = self._run()
        ended = self.exited_fact(failure, began=not failure)
        self.tell("over", {"rank": self.seat.rank, **ended})

    def _run(self) -> str | None:
        """Start the process and wait for its end; why it could not be started."""
        log = self.orders.log_of(self.seat.rank)
        env = {**self.plan.env, **self._told()}
        self.started_at = linux.clock()
        try:
            os.makedirs(os.path.dirname(log), mode=0o700, exist_ok=True)
            gate = Gate(self.plan.argv, env, self.plan.cwd, log, self.wakeups)
        except OSError as error:
            return reason(error)
        self.script = gate.pid
        gate.open()
        while not self.over and not self.stop_wanted:
            self.rest()
        sweep.end_tree(self)
        self._hear_no_more()
        if self.stopped is None and self._is_ended_by_slurm():
            self.stopped = status.CANCEL
        if self.seat.rank:
            log_seal.unseal(log)  # the supervisor does so with the run's log
        return gate.failure()

    def _told(self) -> dict[str, str]:
        """The variables by which the process knows itself and the others."""
        return self.orders.ranks.variables(self.seat.rank, self.seats, self.plan.env)

    def _is_ended_by_slurm(self) -> bool:
        """Whether Slurm ended the process: it signals all of a step, one after the other, so that
        the process can be over before this one has its own signal.
        """
        if self.raw is None or not os.WIFSIGNALED(self.raw):
            return False
        until = linux.clock() + _ONE_AFTER_THE_OTHER_S
        is_term = os.WTERMSIG(self.raw) == signals.TERM
        while is_term and not self.told_to_end and linux.clock() < until:
            self.nap(until - linux.clock())
        return is_term and self.told_to_end

    def rest(self) -> None:
        """Sleep until something happens, and do what is told."""
        self.nap(None)
        self.reap()
        self._hear()
        if self.told_to_end:
            self.stop_wanted = True
        if self.stop_wanted:
            self._hear_no_more()

    def _hear(self) -> None:
        try:
            data = os.read(_IN, _MOST_BYTES)
        except BlockingIOError:
            return
        except OSError:
            data = b""
        *lines, self._heard = (self._heard + data).split(b"\n")
        for line in lines:
            word, _, said = line.partition(b" ")
            if word == b"begin":
                self.seats = [Seat(**one) for one in json.loads(said)]
            elif word == b"stop":
                self.stop_wanted = True
        if not data:
            self.stop_wanted = True

    def _hear_no_more(self) -> None:
        """What is still said wakes no sweep."""
        try:
            self.poll.unregister(_IN)
        except KeyError:
            return  # it is so already

    def tell(self, word: str, said: Any) -> None:
        """Tell the lead a line; one that is gone is told nothing."""
        line = f"{word} {json.dumps(said)}\n".encode()
        try:
            while line:
                line = line[os.write(_OUT, line) :]
        except OSError:
            return

    def log(self, line: str) -> None:
        """A line for supervisor.log, which the lead writes: one host's appends do not collide."""
        self.tell("log", f"{self.seat.name}: {line}")


def _plan(orders: Orders, env: dict[str, str]) -> Plan:
    """What its process is started with, and ended by."""
    return Plan(
        mark=env[environ.RUN_UUID],
        store_id="",
        user="",
        shown="",
        cwd=orders.cwd,
        argv=orders.argv,
        env=env,
        ladder=orders.ladder,
    )


def _first_node() -> str:
    """The address of the node that `srun` was started on, which is that of rank 0."""
    return os.environ.get("SLURM_LAUNCH_NODE_IPADDR", "")


def _family(address: str) -> int:
    return int(socket.AF_INET6 if ":" in address else socket.AF_INET)


def _own_address() -> str:
    """The address by which this node is reached from the first one."""
    first = _first_node()
    try:
        with socket.socket(_family(first), socket.SOCK_DGRAM) as probe:
            probe.connect((first, 9))  # nothing is sent
            return str(probe.getsockname()[0])
    except OSError:
        return os.uname().nodename
