"""What the programs of this room are started with, and how the supervisor ends them.

    supervisor ─ lead ─ srun ┄ rank ─ the script's process          on each node, one per process

The lead stands in the script's place: its exit status is the run's. It, and `srun` below it, are
not signalled by the supervisor as a script is: a signal would have `srun` kill all processes at
once. The lead is asked, and asks the others.
"""

from __future__ import annotations

from homerun.base import environ
from homerun.supervisor.nodes.ranks import Ranks
from homerun.system import children
from homerun.targets import plan
from runstore import layout
from runstore.fs import facts
from runstore.run import attempts

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Sequence

    from homerun.targets.plan import Plan

_LEAD = "supervisor.nodes.lead"
_RANK = "supervisor.nodes.rank"

PATIENCE_S = 20.0
"""What the ends of all processes may take to be told, beyond the grace."""


class Orders:
    """What is to be started on each node, and how it is stopped.

    Args:
        cwd: the script's folder, relative to the run's.
        log: the log of this attempt, relative to the run's folder.
        ladder: the signals of a stop, each with its seconds.
        argv: the command of each process.
    """

    __slots__ = ("argv", "cwd", "ladder", "log", "ranks")

    def __init__(
        self,
        ranks: Ranks,
        cwd: str,
        log: str,
        ladder: Sequence[tuple[int, float]],
        argv: Sequence[str],
    ) -> None:
        self.ranks = ranks
        self.cwd = cwd
        self.log = log
        self.ladder = list(ladder)
        self.argv = list(argv)

    @classmethod
    def of(cls, words: Sequence[str]) -> Orders:
        """They from the words of a command line, which `words` made."""
        ranks, (cwd, log, rungs) = Ranks.of(words[:4]), words[4:7]
        return cls(ranks, cwd, log, plan.read_ladder(rungs), words[7:])

    def words(self) -> list[str]:
        """They as words of a command line."""
        rungs = plan.ladder_text(self.ladder)
        return [*self.ranks.words(), self.cwd, self.log, rungs, *self.argv]

    @property
    def grace_s(self) -> float:
        """Seconds between the first signal of a stop and KILL."""
        return sum(seconds for _, seconds in self.ladder)

    def for_rank(self) -> list[str]:
        """The command of the parent of one process."""
        return children.python(_RANK, *self.words())

    def log_of(self, rank: int) -> str:
        """What the process of a rank prints to, relative to the run's folder."""
        return self.log if rank == 0 else f"{layout.RANK_LOGS}/{rank}.txt"


def lead(given: Plan) -> tuple[list[str], dict[str, str]]:
    """The command in the script's place, and what its environment has beside the script's."""
    ranks = Ranks.of(given.setting("ranks"))
    log = attempts.std_log(given.attempt)
    orders = Orders(ranks, given.cwd, log, given.ladder, given.argv)
    return children.python(_LEAD, *orders.words()), {environ.SUPERVISES: lead_mark(given)}


def lead_mark(given: Plan) -> str:
    """What keeps the sweep of a run away from its lead, and lets it be found."""
    return f"{given.mark}/ranks"


def for_record(home: str, lost: str) -> dict[str, object]:
    """What exited.json says of the processes, from what their lead has told.

    Args:
        home: the folder of the attempt's facts.
        lost: what Slurm said of a node of the job; "": nothing.
    """
    told = facts.read(home, layout.RANKS) or {}
    used = ("cpu_user_s", "cpu_system_s", "peak_memory_kib")
    found: dict[str, object] = {name: told[name] for name in used if name in told}
    if told.get("out_of_memory"):
        found["out_of_memory"] = True
    if isinstance(told.get("rank"), dict):
        found["rank"] = told["rank"]
    nodes = [str(one) for one in told.get("lost") or ()]
    if lost or (nodes and not told.get("is_told") and "rank" not in found):
        found["lost"] = _in_words(nodes, lost, len(told.get("nodes") or ()))
    return found


def _in_words(nodes: Sequence[str], lost: str, count: int) -> str:
    """Which nodes are lost; where no process could tell its end that is not known."""
    if lost and (not nodes or len(nodes) == count):
        return lost
    if lost:
        return f"node {', '.join(nodes)} of its job failed"
    return f"the processes on {', '.join(nodes)} were lost"
