"""The start page: what needs its user, what runs, what has ended, and the machine."""

from __future__ import annotations

from typing import TypedDict

from homerun.studio.answers.runs import BestRun, RunRow, Unread
from homerun.studio.answers.store import WaitingRow
from homerun.studio.answers.values import Numeric, Seconds, Time


class GoalRow(TypedDict):
    """The metric that an experiment is judged by.

    For a run `best` is the best of the other runs, and `is_best` whether none of them is better.
    """

    metric: str
    is_most: bool
    is_best: bool
    best: BestRun | None


class FailureGroup(TypedDict):
    """Runs that failed alike: all but for numbers. `runs` has the newest three, `ids` more."""

    error: str
    count: int
    ids: list[str]
    runs: list[RunRow]


class FailedRuns(TypedDict):
    """Failures; more: there are others, which were not counted. `until` is when the last ended."""

    total: int
    more: bool
    kinds: int
    until: Time | None
    groups: list[FailureGroup]


class NanRow(TypedDict):
    """A run that is judged by metrics which are NaN now."""

    run: RunRow
    metrics: list[str]


class NanRuns(TypedDict):
    """Runs with such metrics."""

    total: int
    runs: list[NanRow]


class WaitingRuns(TypedDict):
    """Runs that wait for longer than an hour."""

    total: int
    runs: list[WaitingRow]


class SilentRow(TypedDict):
    """A run that goes on and has shown no sign of life for so long."""

    run: RunRow
    silent_s: Seconds


class SilentRuns(TypedDict):
    """Runs without a sign of life."""

    total: int
    runs: list[SilentRow]


class GoingRow(TypedDict):
    """A run that goes on.

    `progress` is what it logs as that, `ends` when it is over by that; `value` the
    goal's metric now; `line` the last line that was printed.
    """

    run: RunRow
    progress: Numeric
    total_steps: float | None
    ends: Time | None
    limit_s: Seconds | None
    goal: GoalRow | None
    value: Numeric
    line: str


class GoingRuns(TypedDict):
    """Runs that go on."""

    total: int
    runs: list[GoingRow]


class FinishedRow(TypedDict):
    """A run that was completed; its row has the metrics that experiments are judged by."""

    run: RunRow
    goal: GoalRow | None


class FinishedRuns(TypedDict):
    """Runs that were completed."""

    total: int
    runs: list[FinishedRow]


class DiskRoom(TypedDict):
    """The disk of the store."""

    free_bytes: int
    bytes: int


class GpuLoad(TypedDict):
    """What a GPU is busy with; `flaw`: why it cannot be used."""

    index: str
    name: str
    percent: float | None
    memory_bytes: int | None
    memory_used_bytes: int | None
    flaw: str | None


class TargetLoad(TypedDict):
    """The slots of a target, and how many runs are active there and wait for it."""

    target: str
    slots: int | None
    busy: int
    paused: bool
    is_default: bool
    active: int
    waiting: int


class MachineLoad(TypedDict):
    """What the server's machine is busy with."""

    cpu_percent: float | None
    memory_bytes: int
    memory_used_bytes: int
    disk: DiskRoom | None
    gpus: list[GpuLoad]
    targets: list[TargetLoad]


class ExperimentGoal(TypedDict):
    """How the runs of an experiment have ended, and its goal with the best of them."""

    name: str
    ended: int
    failed: int
    goal: GoalRow | None


class HomeAnswer(TypedDict):
    """What there is to know now; of each list the first few, and how many there are."""

    time: Time
    failed: FailedRuns
    nans: NanRuns
    waiting: WaitingRuns
    silent: SilentRuns
    running: GoingRuns
    finished: FinishedRuns
    machine: MachineLoad
    experiments: list[ExperimentGoal]
    unread: Unread | None
