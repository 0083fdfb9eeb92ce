"""One run: its row, its details, its record."""

from __future__ import annotations

from typing import Any, TypedDict

from homerun.studio.answers.runs import Rollup, RunRow
from homerun.studio.answers.values import Params, Status, Tags, Time


class QueuePlace(TypedDict):
    """Where a run waits, and why."""

    target: str
    position: int
    reason: str
    since_utc: Time
    slots: int
    gpus: int
    priority: int


class ProcessRow(TypedDict, total=False):
    """The process of a run, as far as it is known."""

    pid: int | None
    supervisor_pid: int | None
    host: str | None


class OutcomeRow(TypedDict, total=False):
    """How a run ended, and what it used."""

    exit_code: int | None
    signal: str | None
    cause: str | None
    source: str | None
    elapsed_s: float
    cpu_user_s: float
    cpu_system_s: float
    peak_memory_kib: int
    memory_peak: int
    processes_refused: int


class MeanMax(TypedDict):
    """What the samples of a quantity come to."""

    mean: float
    max: float


class UsageRow(TypedDict, total=False):
    """What a run has used of its machine: means and peaks, and the last of what only grows.

    `now` is the last sample of a run that goes on, by quantity.
    """

    samples: int
    now: dict[str, float]
    cpu_percent: MeanMax
    cpu_s: float
    cpu_joules: float
    memory: MeanMax
    shared_once: MeanMax
    threads: MeanMax
    processes: MeanMax
    read_bytes: int
    written_bytes: int
    gpu_percent: MeanMax
    gpu_memory: MeanMax
    gpu_watts: MeanMax
    gpu_celsius: MeanMax
    gpu_joules: float


class _Gpu(TypedDict):
    index: str
    uuid: str
    name: str


class GpuRow(_Gpu, total=False):
    """A GPU that a run was given; `memory` in bytes where it is not all of it."""

    memory: int


class FiredRule(TypedDict):
    """A rule of the run that has fired: what it did, its condition, and what was seen."""

    action: str
    condition: str
    seen: str
    time_utc: Time


class AttemptRow(TypedDict, total=False):
    """One start of a run's script."""

    attempt: int
    start_time_utc: Time
    end_time_utc: Time
    exit_code: int
    signal: str
    cause: str


class RunErrorText(TypedDict):
    """Why a run failed; below the first line of the message may be the end of its log."""

    code: str
    message: str
    messageParameters: dict[str, Any]
    details: list[Any]


class RunError(TypedDict):
    """The error of a failed run, in the shape of Azure ML."""

    error: RunErrorText
    correlation: dict[str, Any]
    environment: str
    location: str
    time: str | None


class _Known(TypedDict):
    run_id: str
    experiment_name: str
    status: Status
    directory: str
    params: Params
    tags: Tags
    properties: dict[str, str]


class LinkedRow(TypedDict):
    """A link of the run to what was too much to copy; `bytes` is null where it was not counted."""

    path: str
    original: str
    bytes: int | None
    why: str


class DataRow(TypedDict, total=False):
    """What a run reads or writes: a dataset in a version, or a path of a datastore.

    `path` is that of a datastore, or of the run's own folder for files that were put there.
    """

    name: str
    mode: str
    id: str
    dataset: str
    version: int
    datastore: str
    path: str
    reference: bool


class DetailsOfRun(_Known, total=False):
    """What `homerun run show -o json` prints; keys without a value are left out."""

    run_number: int
    parent_run_id: str
    display_name: str
    description: str
    run_type: str
    queue: QueuePlace
    created_utc: Time
    start_time_utc: Time
    end_time_utc: Time
    script_name: str
    arguments: list[str]
    inputs: list[DataRow]
    outputs: list[DataRow]
    processes: dict[str, Any]
    target: str
    submitted_by: str
    error: RunError
    failure: str
    warnings: list[str]
    process: ProcessRow
    limits: dict[str, Any]
    gpus: list[GpuRow]
    outcome: OutcomeRow
    usage: UsageRow
    silent_s: float
    rules: list[FiredRule]
    attempts: list[AttemptRow]
    linked: list[LinkedRow]
    changed_originals: list[str]


class Siblings(TypedDict):
    """The runs before and after one, by number in its experiment."""

    previous: str | None
    next: str | None


class CountsOfRun(TypedDict):
    """How much of a kind a run has: metrics that are numbers, others, and files of its own."""

    metrics: int
    media: int
    files: int


class ProjectGoal(TypedDict):
    """The metric by which the project's file tells a good run, and whether more of it is better."""

    metric: str
    is_most: bool


class InterpreterAnswer(TypedDict, total=False):
    """What the script ran with; nothing where that is not on record, or not yet."""

    python: str
    version: str
    implementation: str
    platform: str
    packages: list[str]


class RunAnswer(TypedDict):
    """Everything about a run; can_resubmit: it was submitted, so that it can be run again.

    can_edit: it has a script, so that it can be so with another command.
    """

    run: RunRow
    details: DetailsOfRun
    counts: CountsOfRun
    can_resubmit: bool
    can_edit: bool
    goal: ProjectGoal | None
    rollup: Rollup | None
    siblings: Siblings
    cursor: str


class RecordLabels(TypedDict):
    """What people wrote on a run."""

    display_name: str | None
    description: str | None
    tags: Tags


class _Record(TypedDict):
    id: str
    directory: str
    facts: dict[str, dict[str, Any]]
    labels: RecordLabels
    properties: dict[str, str]


class RecordAnswer(_Record, total=False):
    """The record as it is; `attempts` by number where there was more than one."""

    attempts: dict[str, dict[str, Any]]
