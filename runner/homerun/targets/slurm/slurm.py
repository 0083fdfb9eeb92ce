"""The engine `slurm`: its jobs are submitted, seen and taken back with its plain commands.

A job is never known by its number alone: after a loss of its state a controller gives numbers
again. The comment of a job is the mark of its run, which no other job has, or for an array of
jobs one of its own. Accounting (`sacct`) is not asked: many clusters have none.
"""

from __future__ import annotations

import os
import shutil

from homerun.targets.engines.engine import (
    GONE,
    OVER,
    RUNNING,
    UNKNOWN,
    WAITING,
    Engine,
    EngineError,
    Job,
    Option,
    Placed,
    Seen,
    plain_name,
)
from homerun.targets.slurm import batch_script, calls, job_table, reasons, time_limit

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from homerun.targets.slurm.job_table import JobRow

SLURM = "slurm"

_ARRAY = "homerun-"
"""How the comment of an array begins."""

_VERSION_S = 10.0

_MOST_TASKS = 1000
"""The jobs of an array where the controller does not say how many there may be: its default."""


class Slurm(Engine):
    """The cluster that Slurm's commands on this machine speak to."""

    type = SLURM
    OPTIONS = (
        Option("partition", "the partition", "gpu"),
        Option("time", "limit of a job's time", "2h", time_limit.read_time),
        Option("gres", "generic resources, such as GPUs", "gpu:1"),
        Option("cpus", "processors for a run", "8"),
        Option("memory", "memory for a run, on each node", "32G"),
        Option("account", "the account that is charged", "vision"),
        Option("qos", "the quality of service", "long"),
        Option("constraint", "features that a node has to have", "a100"),
        Option("nodelist", "the nodes to use", "gpu[01-04]"),
        Option("exclude", "nodes not to use", "gpu07"),
        Option("reservation", "a reservation to use", "course"),
        Option("sbatch", "another option of sbatch", "--exclusive", is_list=True),
    )
    takes_nodes = True
    GIVEN = ("SLURM_", "SLURMD_", "CUDA_VISIBLE_DEVICES", "ROCR_VISIBLE_DEVICES", "GPU_DEVICE_")

    def submit(self, jobs: Sequence[Job]) -> list[Placed]:
        """Submit jobs: those that differ by their run alone as one array.

        Raises:
            EngineError: one was refused, and those submitted before it were taken back.
        """
        alike: dict[tuple[object, ...], list[Job]] = {}
        for job in jobs:
            key = (batch_script.options(job), job.root)
            alike.setdefault(key, []).append(job)
        placed: dict[str, Placed] = {}
        try:
            for some in alike.values():
                most = self._most_tasks() if len(some) > 1 else 1
                for part in batch_script.chunks(some, most):
                    placed.update(self._submit_alike(part))
        except EngineError:
            self._take_back(list(placed.values()))
            raise
        self._note_times(list(placed.values()))
        return [placed[job.mark] for job in jobs]

    def look(self, placed: Sequence[Placed]) -> list[Seen]:
        """What the controller says, in one call."""
        try:
            table = job_table.read()
        except EngineError as error:
            return [Seen(UNKNOWN, str(error)) for _ in placed]
        return [_seen(table.get(one.job), one) for one in placed]

    def cancel(self, placed: Sequence[Placed]) -> None:
        """Take those back that are there and still these.

        Raises:
            EngineError: the controller did not take it.
        """
        table = job_table.read()
        there = [one.job for one in placed if _is_to_end(table.get(one.job), one)]
        if there:
            calls.call("scancel", "--quiet", *_in_ranges(there))

    def found(self, jobs: Sequence[Job]) -> list[Placed | None]:
        """Jobs by their comments, and tasks of arrays by what their scripts have of the mark.

        Raises:
            EngineError: the controller does not answer.
        """
        marks = {job.mark for job in jobs}
        there: dict[str, Placed] = {}
        arrays: dict[str, list[tuple[str, JobRow]]] = {}
        for name, row in job_table.read().items():
            if reasons.state_of(row.states) == OVER:
                continue
            if row.comment in marks:
                there[row.comment] = self._placed(name, row)
            elif row.comment.startswith(_ARRAY) and "_" in name:
                arrays.setdefault(name.partition("_")[0], []).append((name, row))
        for array, rows in arrays.items():
            script = calls.call("scontrol", "write", "batch_script", array, "-")
            of = batch_script.tasks_of(script, jobs)
            for name, row in rows:
                mark = of.get(int(name.partition("_")[2]))
                if mark is not None:
                    there[mark] = self._placed(name, row)
        return [there.get(job.mark) for job in jobs]

    def limit_s(self) -> float | None:
        """The limit that the target's settings name."""
        return batch_script.limit_in(self.said)

    def test(self) -> Iterator[tuple[str, str]]:
        """The commands, the controller, the partition, and whether it would take such a job.

        Raises:
            EngineError: a step failed.
        """
        version = calls.call("sbatch", "--version").strip()
        yield "Slurm's commands", version
        calls.call("scontrol", "ping")
        yield "the controller", f"answers: cluster {self._cluster()}"
        partition = self.said.get("partition")
        chosen = [f"--partition={partition}"] if partition else []
        said = calls.call("sinfo", "--noheader", *chosen, "--format=%P|%a|%l|%D|%T")
        rows = calls.read_rows(said, ["name", "is_up", "limit", "nodes", "state"])
        if not rows:
            raise EngineError(
                f"there is no partition {partition!r}: `sinfo --summarize` shows them"
                if partition
                else "the cluster shows no partition: `sinfo` says more"
            )
        usual = [row for row in rows if row["name"].endswith("*")] or rows
        nodes = ", ".join(f"{row['nodes']} {row['state']}" for row in usual)
        row = usual[0]
        name = row["name"].rstrip("*")
        yield "the partition", f"{name}: {row['is_up']}, limit {row['limit']}, nodes: {nodes}"
        # Only the options count: nothing of a run is needed.
        trial = Job(
            run_id="test",
            mark="test",
            name="homerun-test",
            root="/",
            folder="/",
            argv=["true"],
            env={},
            log="/dev/null",
            said=self.said,
            time_limit_s=None,
        )
        calls.call(
            "sbatch",
            "--test-only",
            *batch_script.options(trial),
            "--output=/dev/null",
            stdin=batch_script.of_one(trial),
            env=calls.submitting({}),
        )
        yield "its options", "the cluster would take such a job"

    def version(self) -> str:
        """The version of Slurm's commands, once all that are used are there.

        Raises:
            EngineError: one is not.
        """
        for command in ("squeue", "scancel", "scontrol", "sinfo"):
            if shutil.which(command) is None:
                raise EngineError(
                    f"`{command}` is not in PATH; put all of Slurm's commands there: "
                    "`module load slurm`, or a login node"
                )
        return calls.call("sbatch", "--version", timeout_s=_VERSION_S).strip()

    def about(self) -> str:
        """The partition and what is asked of it."""
        names = ("partition", "gres", "time")
        return " ".join(["slurm", *(str(self.said[name]) for name in names if self.said.get(name))])

    def _placed(self, name: str, row: JobRow) -> Placed:
        return Placed(SLURM, row.cluster or self._cluster(), name, row.submitted, row.comment)

    def _submit_alike(self, jobs: Sequence[Job]) -> dict[str, Placed]:
        """Submit jobs of the same options: one, or an array."""
        first = jobs[0]
        is_array = len(jobs) > 1
        comment = f"{_ARRAY}{os.urandom(16).hex()}" if is_array else first.mark
        names = [plain_name(job.name) for job in jobs]
        said = calls.call(
            "sbatch",
            "--parsable",
            f"--comment={comment}",
            f"--job-name={batch_script.longest_name(names)}",
            f"--chdir={first.root}",
            "--input=/dev/null",
            "--open-mode=append",
            "--export=ALL",
            f"--output={'/dev/null' if is_array else batch_script.own_output(first)}",
            *([f"--array=0-{len(jobs) - 1}"] if is_array else []),
            *batch_script.options(first),
            stdin=batch_script.of_array(jobs) if is_array else batch_script.of_one(first),
            env=calls.submitting(batch_script.shared_env(jobs)),
        )
        number, cluster = _number_in(said)
        return {
            job.mark: Placed(
                SLURM, cluster, f"{number}_{task}" if is_array else number, "", comment
            )
            for task, job in enumerate(jobs)
        }

    def _note_times(self, placed: list[Placed]) -> None:
        """Note when, by the controller's clock, and on which cluster; a look later has it too."""
        try:
            table = job_table.read()
            for one in placed:
                row = table.get(one.job)
                if row is not None and row.comment in (one.comment, ""):
                    one.submitted = row.submitted
                    one.cluster = one.cluster or row.cluster
                    one.comment = row.comment
                one.cluster = one.cluster or self._cluster()
        except EngineError:
            return  # they are known by their comments

    def _take_back(self, placed: list[Placed]) -> None:
        if placed:
            try:
                self.cancel(placed)
            except EngineError:
                return  # such a job finds that its run was placed otherwise, and ends

    def _cluster(self) -> str:
        return self._config().get("ClusterName", "")

    def _most_tasks(self) -> int:
        said = self._config().get("MaxArraySize", "")
        most = min(int(said) - 1, _MOST_TASKS) if said.isdigit() else _MOST_TASKS
        return max(1, most)

    def _config(self) -> dict[str, str]:
        """What the controller says of itself; asked once."""
        known: dict[str, str] | None = getattr(self, "_asked", None)
        if known is None:
            said = calls.call("scontrol", "show", "config").splitlines()
            pairs = (line.partition("=") for line in said if "=" in line)
            known = {name.strip(): value.strip() for name, _, value in pairs}
            self._asked = known
        return known


def _number_in(said: str) -> tuple[str, str]:
    """The number of a job and its cluster's name, if any, in what `sbatch --parsable` writes.

    Raises:
        EngineError: it writes neither: a wrapper of the site stands in its place.
    """
    for line in reversed(said.splitlines()):
        number, _, cluster = line.strip().partition(";")
        if number.isdigit():
            return number, cluster
    raise EngineError(f"`sbatch --parsable` named no job, but said {said.strip()[:200]!r}")


def _is_same(row: JobRow, one: Placed) -> bool:
    """Whether a job is the one that was submitted. Slurm changes the time at a requeue."""
    if row.comment != one.comment or (one.cluster and row.cluster not in ("", one.cluster)):
        return False
    if not one.submitted or not row.submitted.isdigit():
        return bool(one.comment)
    same_time = row.submitted == one.submitted
    return same_time or (bool(one.comment) and int(row.submitted) > int(one.submitted))


def _seen(row: JobRow | None, one: Placed) -> Seen:
    if row is None:
        return Seen(GONE, "Slurm does not know its job any more")
    if not _is_same(row, one):
        return Seen(GONE, f"the number {one.job} is that of another job by now")
    state = reasons.state_of(row.states)
    if state == WAITING:
        return Seen(state, reasons.waits_for(row.reason))
    if state == OVER:
        return Seen(state, reasons.how_ended(row.states, row.exit), row.exit)
    if state == UNKNOWN:
        return Seen(state, f"Slurm says {' '.join(row.states)}")
    return Seen(state)


def _is_to_end(row: JobRow | None, one: Placed) -> bool:
    if row is None or not _is_same(row, one):
        return False
    return reasons.state_of(row.states) in (WAITING, RUNNING, UNKNOWN)


def _in_ranges(jobs: Sequence[str]) -> list[str]:
    """Names of jobs, the tasks of an array as one: `5_[0-2,7]`."""
    found = [job for job in jobs if "_" not in job]
    arrays: dict[str, list[int]] = {}
    for job in jobs:
        array, mark, task = job.partition("_")
        if mark:
            arrays.setdefault(array, []).append(int(task))
    for array, tasks in arrays.items():
        parts: list[tuple[int, int]] = []
        for number in sorted(tasks):
            if parts and number == parts[-1][1] + 1:
                parts[-1] = parts[-1][0], number
            else:
                parts.append((number, number))
        text = ",".join(f"{first}-{last}" if first != last else str(first) for first, last in parts)
        found.append(f"{array}_[{text}]")
    return found
