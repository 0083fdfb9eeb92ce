"""The table of a user's jobs, in one call: `squeue --json`, or its columns where that fails.

The answers of different versions differ: a number is `5` or `{"set": true, "number": 5}`, a state
a word or a list of words. Version 22.05 and earlier ignore each filter beside `--json`.
"""

from __future__ import annotations

import json
import os
import re

from homerun.targets.engines.engine import EngineError
from homerun.targets.slurm import calls

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping
    from typing import Any

_COLUMNS = ("job", "array", "task", "state", "submitted", "name", "reason", "comment")
_FORMAT = "%A|%F|%K|%T|%V|%j|%r|%k"

_RANGE = re.compile(r"(\d+)(?:-(\d+)(?::(\d+))?)?")


class JobRow:
    """One job, as Slurm has it now.

    Attributes:
        ids: how it is named: `7`, or `5_3` and the like for the tasks of an array that it is for.
        states: the words of its state.
        reason: why it waits, in Slurm's word.
        submitted: seconds since 1970, as text.
        exit: `code:signal`; None: the table does not say.
    """

    __slots__ = ("cluster", "comment", "exit", "ids", "name", "reason", "states", "submitted")

    def __init__(
        self,
        ids: list[str],
        states: list[str],
        reason: str,
        submitted: str,
        comment: str,
        exit: str | None = None,
        cluster: str = "",
        name: str = "",
    ) -> None:
        self.ids = ids
        self.states = states
        self.reason = reason
        self.submitted = submitted
        self.comment = comment
        self.exit = exit
        self.cluster = cluster
        self.name = name


def read() -> dict[str, JobRow]:
    """Every job of this user that the controller knows, by each of its names.

    Raises:
        EngineError: the controller does not answer.
    """
    uid = os.getuid()
    options = ["--states=all", f"--user={uid}"]
    try:
        found = _of_json(calls.call("squeue", "--json", *options), uid)
    except calls.NoAnswer:
        raise
    except (EngineError, ValueError, LookupError, TypeError, AttributeError):
        # This version has no such option or plugin; where the controller is gone, this fails too.
        said = calls.call("squeue", "--noheader", "--array", *options, f"--format={_FORMAT}")
        found = [_of_columns(row) for row in calls.read_rows(said, _COLUMNS)]
    return {name: row for row in found for name in row.ids}


def _of_columns(row: dict[str, str]) -> JobRow:
    is_task = row["task"].isdigit()
    ids = [f"{row['array']}_{row['task']}"] if is_task else [row["job"]]
    comment = "" if row["comment"] == "(null)" else row["comment"]
    return JobRow(ids, [row["state"]], row["reason"], row["submitted"], comment, name=row["name"])


def _of_json(text: str, uid: int) -> list[JobRow]:
    found = []
    said = json.loads(text)
    if said.get("errors") and not said["jobs"]:
        # The exit status is 0: without the controller there would be no job at all.
        raise calls.NoAnswer(f"Slurm's controller does not answer: {_error(said['errors'])}")
    for job in said["jobs"]:
        if _number(job.get("user_id")) not in (None, uid):
            continue
        states = job["job_state"]
        found.append(
            JobRow(
                list(_ids(job)),
                [str(one) for one in states] if isinstance(states, list) else [str(states)],
                str(job.get("state_reason") or ""),
                str(_number(job["submit_time"])),
                str(job.get("comment") or ""),
                _exit(job.get("exit_code")),
                str(job.get("cluster") or ""),
                str(job.get("name") or ""),
            )
        )
    return found


def _ids(job: Mapping[str, Any]) -> Iterator[str]:
    """The names of a job: for the tasks of an array that still wait, one job is there for all."""
    array, task = _number(job.get("array_job_id")), _number(job.get("array_task_id"))
    if not array:
        yield str(_number(job["job_id"]))
    elif task is not None and not job.get("array_task_string"):
        yield f"{array}_{task}"
    else:
        for number in tasks_in(str(job.get("array_task_string") or "")):
            yield f"{array}_{number}"


def tasks_in(text: str) -> Iterator[int]:
    """The numbers in `0-2,5,10-20:5%4`."""
    for part in text.strip("[]").partition("%")[0].split(","):
        found = _RANGE.fullmatch(part.strip())
        if found:
            first, last, step = found.groups()
            yield from range(int(first), int(last or first) + 1, int(step or 1))


def _error(given: Any) -> str:
    first = given[0] if isinstance(given, list) else given
    return str(first.get("description") if isinstance(first, dict) else first)


def _number(given: Any) -> int | None:
    """A number as this version or that writes it; None: there is none."""
    if isinstance(given, dict):
        return _number(given.get("number")) if given.get("set", True) else None
    return given if isinstance(given, int) and not isinstance(given, bool) else None


def _exit(given: Any) -> str | None:
    """`code:signal` of a wait status, or of the object that newer versions write."""
    if isinstance(given, dict) and "return_code" in given:
        code = _number(given["return_code"]) or 0
        signal = given.get("signal") or {}
        number = _number(signal.get("id", signal.get("signal_id"))) or 0
        return f"{code}:{number}"
    status = _number(given)
    return None if status is None else f"{status >> 8 & 255}:{status & 127}"
