"""What a job asks of itself, on its own node."""

from __future__ import annotations

from homerun.targets.engines.engine import EngineError
from homerun.targets.slurm import calls

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Mapping

_ANSWER_S = 5.0


def lost(env: Mapping[str, str]) -> str:
    """Whether the job ends since a node of it is lost, in words; "": no, or Slurm does not say.

    Args:
        env: the variables that Slurm gave the job.
    """
    job = env.get("SLURM_JOB_ID", "")
    if not job:
        return ""
    try:
        said = calls.call(
            "squeue",
            *("--noheader", "--states=all", f"--jobs={job}", "--format=%T|%r"),
            env={**env, "LC_ALL": "C"},
            timeout_s=_ANSWER_S,
        )
    except EngineError:
        return ""
    # A job whose processes are being ended says COMPLETING, and why in its reason alone.
    words = {word for line in said.splitlines() for word in line.strip().split("|")}
    return "a node of its job failed" if words & {"NODE_FAIL", "NodeDown"} else ""
