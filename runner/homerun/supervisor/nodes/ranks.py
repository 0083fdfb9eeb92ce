"""The processes of a run on several nodes: how many, of which kind, and what each is told.

    launcher     what it tells a process
    torch        RANK, WORLD_SIZE, LOCAL_RANK, NODE_RANK, MASTER_ADDR, MASTER_PORT
    mpi          OMPI_COMM_WORLD_RANK and the like
    tensorflow   TF_CONFIG; the workers have the first ranks, then come the parameter servers

Pure: `lead.py` and `rank.py` do what there is to do.
"""

from __future__ import annotations

import json

from homerun.base import environ

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

TORCH, MPI, TENSORFLOW = "torch", "mpi", "tensorflow"

_PARAMETER_SERVER = "ps"
_WORKER = "worker"


class Seat:
    """Where one process is, as its parent there tells.

    Attributes:
        rank: its number, from 0 on.
        local: its number among those of its node.
        node: the node's name in Slurm.
        place: the node's number, from 0 on.
        host: an address that the other nodes reach it at.
        port: a port that was free there.
    """

    __slots__ = ("host", "local", "node", "place", "port", "rank")

    def __init__(self, rank: int, local: int, node: str, place: int, host: str, port: int) -> None:
        self.rank = rank
        self.local = local
        self.node = node
        self.place = place
        self.host = host
        self.port = port

    def describe(self) -> dict[str, object]:
        """It as fields."""
        return {name: getattr(self, name) for name in self.__slots__}

    @property
    def name(self) -> str:
        """It for people."""
        return f"rank {self.rank} on {self.node}"


def meeting(seats: Sequence[Seat], of_run: Mapping[str, str]) -> tuple[str, str]:
    """The address and the port where the processes meet: those of the first one, unless the run's
    own variables say others.
    """
    address = of_run.get(environ.MASTER_ADDR) or seats[0].host
    return address, of_run.get(environ.MASTER_PORT) or str(seats[0].port)


class Ranks:
    """The processes of a run.

    Args:
        launcher: TORCH, MPI or TENSORFLOW.
        count: how many there are on all nodes.
        workers: how many of them TensorFlow calls workers; the others are parameter servers.
    """

    __slots__ = ("count", "launcher", "nodes", "workers")

    def __init__(self, launcher: str, count: int, nodes: int, workers: int = 0) -> None:
        self.launcher = launcher
        self.count = count
        self.nodes = nodes
        self.workers = workers

    @classmethod
    def of(cls, words: Sequence[str]) -> Ranks:
        """It from what `words` made.

        Raises:
            ValueError: that did not make it.
        """
        launcher, count, nodes, workers = words
        return cls(launcher, int(count), int(nodes), int(workers))

    def words(self) -> list[str]:
        """It as words of a command line."""
        return [self.launcher, *map(str, (self.count, self.nodes, self.workers))]

    @property
    def per_node(self) -> int:
        """How many processes a node has at most."""
        return -(-self.count // self.nodes)

    def counts(self, rank: int) -> bool:
        """Whether the run is over only with this process: a parameter server never ends itself."""
        return self.launcher != TENSORFLOW or rank < self.workers

    def variables(
        self, rank: int, seats: Sequence[Seat], of_run: Mapping[str, str]
    ) -> dict[str, str]:
        """The variables by which the process of a rank knows itself and the others.

        Args:
            seats: all of them, by rank.
            of_run: those of the run, which may say where they meet.
        """
        own = seats[rank]
        address, port = meeting(seats, of_run)
        beside = sum(seat.place == own.place for seat in seats)
        found = {
            environ.MASTER_ADDR: address,
            environ.MASTER_PORT: port,
            "NODE_RANK": str(own.place),
            "AZ_BATCH_MASTER_NODE": f"{address}:{port}",
            "AZ_BATCHAI_MPI_MASTER_NODE": address,
            "AZ_BATCHAI_JOB_MASTER_NODE_IP": address,
        }
        if self.launcher == TORCH:
            found["RANK"], found["WORLD_SIZE"] = str(rank), str(self.count)
            found["LOCAL_RANK"], found["LOCAL_WORLD_SIZE"] = str(own.local), str(beside)
        elif self.launcher == MPI:
            numbers = {"RANK": rank, "SIZE": self.count}
            numbers.update({"LOCAL_RANK": own.local, "LOCAL_SIZE": beside, "NODE_RANK": own.local})
            found.update({f"OMPI_COMM_WORLD_{name}": str(one) for name, one in numbers.items()})
        else:
            found["TF_CONFIG"] = json.dumps(self._of_tensorflow(rank, seats))
        return found

    def _of_tensorflow(self, rank: int, seats: Sequence[Seat]) -> Mapping[str, object]:
        where = [f"{seat.host}:{seat.port}" for seat in seats]
        every = {_WORKER: where[: self.workers], _PARAMETER_SERVER: where[self.workers :]}
        task = {"type": _WORKER, "index": rank}
        if rank >= self.workers:
            task = {"type": _PARAMETER_SERVER, "index": rank - self.workers}
        cluster = {name: addresses for name, addresses in every.items() if addresses}
        return {"cluster": cluster, "task": task, "environment": "cloud"}
