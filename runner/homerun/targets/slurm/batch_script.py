"""What `sbatch` is given for jobs: its options, and the script, which becomes the supervisor."""

from __future__ import annotations

import math
import shlex

from homerun.targets.slurm import time_limit

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from typing import Any

    from homerun.targets.engines.engine import Job

NOTICE = "XCPU"
"""The signal that Slurm sends ahead of a job's limit of time. TERM stands for a cancel."""

_MIB = 1 << 20
_OWN_MIB = 64
"""For the supervisor beside the run: it, not Slurm, is to end a run that is over its limit."""

TEXTS = {
    "partition": "partition",
    "account": "account",
    "qos": "qos",
    "constraint": "constraint",
    "nodelist": "nodelist",
    "exclude": "exclude",
    "reservation": "reservation",
    "gres": "gres",
    "cpus": "cpus-per-task",
    "memory": "mem",
}
"""Settings that are options of sbatch, each with the option's name."""


def options(job: Job) -> tuple[str, ...]:
    """The options for a job that others, of the same settings, have too."""
    said = {**_limits(job), **job.said}
    if job.gpus:
        said = {**said, "gres": gpus_in(said.get("gres"), job.gpus)}
    found = [f"--{option}={said[name]}" for name, option in TEXTS.items() if said.get(name)]
    limit = time_limit.minutes(limit_in(said), job.time_limit_s)
    if limit is not None:
        found.append(f"--time={limit}")
    if job.nodes > 1:
        found += [f"--nodes={job.nodes}", f"--ntasks-per-node={job.per_node}"]
    found.append(f"--signal=B:{NOTICE}@{time_limit.notice_s(limit, job.grace_s)}")
    found.append("--requeue" if job.may_requeue else "--no-requeue")
    more = said.get("sbatch") or ()
    return (*found, *([more] if isinstance(more, str) else more))


def _limits(job: Job) -> dict[str, str]:
    """A run's own limits as settings of a target, which go before where it has them."""
    found = {}
    if job.cpus is not None:
        found["cpus"] = str(math.ceil(job.cpus))
    if job.memory is not None:
        found["memory"] = f"{math.ceil(job.memory / _MIB) + _OWN_MIB}M"
    return found


def limit_in(said: Mapping[str, Any]) -> int | None:
    """The limit of a target, which was checked when it was added; None: it has none."""
    given = said.get("time")
    return None if not given else time_limit.read_time(str(given))


def gpus_in(gres: object, count: int) -> str:
    """The generic resources of a target, with so many GPUs: `gpu:a100:1,tmp:5` has one."""
    others = [part for part in str(gres or "").split(",") if part]
    gpus = [part for part in others if part.split(":")[0] == "gpu"]
    kind = gpus[0].split(":")[1:-1] if gpus else []
    wanted = ":".join(["gpu", *kind, str(count)])
    return ",".join([wanted, *(part for part in others if part not in gpus)])


def own_output(job: Job) -> str:
    """The file of a job's own output, as `sbatch` wants it: `%` begins a pattern there."""
    return job.log.replace("\\", "\\\\").replace("%", "%%")


def of_one(job: Job) -> str:
    """The script of a single job."""
    return f"#!/bin/sh\nexec {shlex.join(job.argv)}\n"


def of_array(jobs: Sequence[Job]) -> str:
    """The script of jobs whose commands begin alike, and whose numbers are 0 and up.

    What differs stands in the script: no file has to be there when the last of them starts.
    """
    shared = _beginning([job.argv for job in jobs])
    env = shared_env(jobs)
    lines = []
    for number, job in enumerate(jobs):
        own = [f"{name}={value}" for name, value in job.env.items() if name not in env]
        exports = f"export {shlex.join(own)}; " if own else ""
        ends = shlex.join([job.log, *job.argv[len(shared) :]])
        lines.append(f"{number}) {exports}set -- {ends} ;;")
    return "\n".join(
        [
            "#!/bin/sh",
            "case $SLURM_ARRAY_TASK_ID in",
            *lines,
            "esac",
            "log=$1; shift",
            'exec >>"$log" 2>&1',
            f'exec {shlex.join(shared)} "$@"',
            "",
        ]
    )


def shared_env(jobs: Sequence[Job]) -> dict[str, str]:
    """The variables that all jobs have alike."""
    first, *others = (job.env for job in jobs)
    return {n: v for n, v in first.items() if all(one.get(n) == v for one in others)}


def tasks_of(script: str, jobs: Sequence[Job]) -> dict[int, str]:
    """The marks of those of these jobs that an array's script has, by their numbers in it."""
    marks = {job.log: job.mark for job in jobs}
    found = {}
    for line in script.splitlines():
        number, is_task, rest = line.partition(") ")
        words = rest.rpartition("set -- ")[2].split(" ;;")[0] if is_task else ""
        if number.isdigit() and words:
            log = shlex.split(words)[0]
            found.update({int(number): marks[log]} if log in marks else {})
    return found


def longest_name(names: Sequence[str]) -> str:
    """What the names of an array's jobs have in common; the first of them if that is little."""
    common = "".join(_beginning(names)).rstrip("_-. ")
    return common if len(common) > 2 else names[0]


def _beginning(all_of_them: Sequence[Sequence[str]]) -> list[str]:
    """What sequences begin with alike."""
    found = []
    for parts in zip(*all_of_them):
        if any(part != parts[0] for part in parts):
            break
        found.append(parts[0])
    return found


def chunks(jobs: Sequence[Job], most: int) -> list[Sequence[Job]]:
    """Jobs in as few parts of about the same size as arrays of at most so many allow."""
    parts = math.ceil(len(jobs) / most)
    size = math.ceil(len(jobs) / parts) if parts else 1
    return [jobs[start : start + size] for start in range(0, len(jobs), size)]
