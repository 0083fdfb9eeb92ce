"""The seam for engines: what a scheduler such as Slurm has to offer.

An engine's job is the program `begin.py`, which becomes the supervisor of one run. All else of the
run is as at home. So an engine only starts jobs, tells of them, and takes them back; what it says
of an end is a hint beside the run's own record. `docs/targets.md` tells how to add one.
"""

from __future__ import annotations

from abc import ABC, abstractmethod

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence
    from typing import Any

WAITING, RUNNING, ENDING, OVER = "waiting", "running", "ending", "over"
"""What an engine says of a job: ENDING has processes left; only OVER has none."""
GONE = "gone"
"""The engine answers, and does not know the job: it forgot it, or the id is another's by now."""
UNKNOWN = "unknown"
"""The engine does not answer. That says nothing of the job."""


TEST_EXPERIMENT = "target-test"
"""The experiment of the tiny runs of `target test`."""


class EngineError(OSError):
    """An engine refused something, or does not answer: one line, with what to do next."""


class Job:
    """What is asked of an engine: a process for one run.

    Attributes:
        run_id: the run's id, for people; others may have had it.
        mark: what names this run alone: the comment of the job.
        name: the run's name in the engine's own lists, in plain characters.
        root: the folder of the store, absolute.
        folder: the run's folder, absolute.
        argv: the command of the job, its first part a path.
        env: the whole environment of the command: nothing else of the submitter's may reach it.
        log: a file for the engine's own output, absolute, in the run's folder.
        said: the settings of the target.
        time_limit_s: seconds that the job may take; None: what the engine gives it.
        gpus: GPUs that the run asks for; 0: what the settings say, if anything.
        cpus: processors that the run may use, where it says so.
        memory: bytes that it may have, where it says so.
        nodes: on how many nodes the run's processes are to be.
        per_node: how many of them a node has at most.
        grace_s: seconds that the run is given between TERM and KILL.
        may_requeue: whether the engine may start the job again once it has begun: the run is to be
            retried where its machine is lost. Else a second start would end at once.
    """

    __slots__ = (
        "argv",
        "cpus",
        "env",
        "folder",
        "gpus",
        "grace_s",
        "log",
        "mark",
        "may_requeue",
        "memory",
        "name",
        "nodes",
        "per_node",
        "root",
        "run_id",
        "said",
        "time_limit_s",
    )

    def __init__(
        self,
        *,
        run_id: str,
        mark: str,
        name: str,
        root: str,
        folder: str,
        argv: list[str],
        env: Mapping[str, str],
        log: str,
        said: Mapping[str, Any],
        time_limit_s: float | None = None,
        gpus: int = 0,
        cpus: float | None = None,
        memory: int | None = None,
        nodes: int = 1,
        per_node: int = 1,
        grace_s: float = 10.0,
        may_requeue: bool = False,
    ) -> None:
        self.run_id = run_id
        self.mark = mark
        self.name = name
        self.root = root
        self.folder = folder
        self.argv = argv
        self.env = dict(env)
        self.log = log
        self.said = said
        self.time_limit_s = time_limit_s
        self.gpus = gpus
        self.cpus = cpus
        self.memory = memory
        self.nodes = nodes
        self.per_node = per_node
        self.grace_s = grace_s
        self.may_requeue = may_requeue


class Placed:
    """Where a run went: what tells its job from all others, also from a later one of its id.

    Attributes:
        engine: the name of the engine's type, such as `slurm`.
        cluster: which one, as it names itself, or its address.
        job: the id of the job there.
        submitted: when it was submitted, as the engine's own clock has it and as it says it again.
        comment: the mark of the run, which the engine keeps with the job.
    """

    __slots__ = ("cluster", "comment", "engine", "job", "submitted")

    def __init__(self, engine: str, cluster: str, job: str, submitted: str, comment: str) -> None:
        self.engine = engine
        self.cluster = cluster
        self.job = job
        self.submitted = submitted
        self.comment = comment

    def describe(self) -> dict[str, str]:
        """It as fields of a fact."""
        return {name: getattr(self, name) for name in self.__slots__}

    @classmethod
    def of(cls, said: Mapping[str, Any]) -> Placed:
        """It from the fields of a fact; what is missing there is ""."""
        return cls(**{name: str(said.get(name) or "") for name in cls.__slots__})

    def __repr__(self) -> str:
        return f"Placed({self.engine}:{self.cluster}:{self.job})"


class Seen:
    """What an engine says of a job now.

    Attributes:
        state: WAITING, RUNNING, ENDING, OVER, GONE or UNKNOWN.
        reason: why it waits or how it ended, as a clause for people; "": it does not say.
        exit: how its process ended, as the engine writes it; None: that is not known.
    """

    __slots__ = ("exit", "reason", "state")

    def __init__(self, state: str, reason: str = "", exit: str | None = None) -> None:
        self.state = state
        self.reason = reason
        self.exit = exit

    def __repr__(self) -> str:
        return f"Seen({self.state!r}, {self.reason!r}, {self.exit!r})"


class Option:
    """A setting of a target of an engine's type: an option of `homerun target add`.

    Attributes:
        name: as the settings have it, such as `time`; `--time` on the command line.
        words: the line of its help.
        example: a value, for the help and for errors.
        check: raises ValueError, with what is wrong in words, for a value that there cannot be.
        is_list: it can be given more than once.
        is_needed: there is no target without it.
    """

    __slots__ = ("check", "example", "is_list", "is_needed", "name", "words")

    def __init__(
        self,
        name: str,
        words: str,
        example: str = "",
        check: Any = None,
        is_list: bool = False,
        is_needed: bool = False,
    ) -> None:
        self.name = name
        self.words = words
        self.example = example
        self.check = check
        self.is_list = is_list
        self.is_needed = is_needed


class Engine(ABC):
    """One cluster, as the settings of a target say which.

    Attributes:
        type: the name of the engine's type in settings.
        OPTIONS: what can be set of a target of this type.
        GIVEN: the variables that it gives a job and the script is to see, such as the devices that
            are its own: names, and beginnings of names that end in `_`.
        takes_nodes: whether a job can have several nodes, and `srun` starts processes on them.
        said: the settings of the target.
    """

    type: str = ""
    OPTIONS: tuple[Option, ...] = ()
    GIVEN: tuple[str, ...] = ()
    takes_nodes: bool = False

    def __init__(self, said: Mapping[str, Any]) -> None:
        self.said = said

    @abstractmethod
    def submit(self, jobs: Sequence[Job]) -> list[Placed]:
        """Submit jobs, in a number of calls that does not grow with theirs.

        Returns:
            Where each went, in the order of the jobs.

        Raises:
            EngineError: none of them was submitted, as far as is known.
        """

    @abstractmethod
    def look(self, placed: Sequence[Placed]) -> list[Seen]:
        """What the engine says of jobs, in one call for all of them.

        A job is known by its id, its time of submission and its comment; where one of them
        differs it is another job, and this one is GONE. What the engine does not answer is UNKNOWN:
        nothing is raised.
        """

    @abstractmethod
    def cancel(self, placed: Sequence[Placed]) -> None:
        """Take jobs back, after a look that they are still these; others are left alone.

        Raises:
            EngineError: the engine did not take it.
        """

    @abstractmethod
    def test(self) -> Iterator[tuple[str, str]]:
        """The steps of `target test` before a tiny run: what was tried, and what was seen.

        Raises:
            EngineError: a step failed; the line says what to mend.
        """

    def version(self) -> str:
        """What the engine calls itself, with its version, asked in a moment; "": it is not told.

        Raises:
            EngineError: what it is asked with is missing here, or it does not answer.
        """
        return ""

    def found(self, jobs: Sequence[Job]) -> list[Placed | None]:
        """Jobs that are there already with the marks of these, in one call: a submitter may be
        killed before it has noted them. None: there is none, or the engine cannot find one.

        Raises:
            EngineError: it does not answer; nothing is submitted then.
        """
        return [None for _ in jobs]

    def limit_s(self) -> float | None:
        """Seconds after which the engine ends a job of this target; None: it does not say.

        The supervisor ends the script ahead of that, by the signals of a stop.
        """
        return None

    def about(self) -> str:
        """Where the jobs go, in a few words, for `target list`."""
        return self.type


def plain_name(text: str) -> str:
    """A name in characters that every engine's lists take."""
    is_plain = {one: one.isascii() and (one.isalnum() or one in "_.-") for one in text}
    return "".join(one if is_plain[one] else "-" for one in text)
