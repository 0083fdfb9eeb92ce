"""Calls of Slurm's commands: each with a limit of time, and with nothing of the user's settings."""

from __future__ import annotations

import os
import subprocess

from homerun.targets.engines.engine import EngineError

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

TIMEOUT_S = 30.0
"""A controller that is down is asked again for some ten seconds by the commands themselves."""

_KEPT = (
    *("HOME", "USER", "LOGNAME", "SHELL", "PATH", "LANG", "TZ"),
    *("LD_LIBRARY_PATH", "SLURM_CONF", "SLURM_CONF_SERVER", "SLURM_JWT"),
)
"""What a command needs of this process's environment: the person, and where Slurm is. Any other
`SLURM_*` or `SBATCH_*` would change what is asked: a shell within a job has dozens of them.
"""

_SILENT = "Unable to contact slurm controller"

_NOT_FOR_JOBS = ("SLURM_JWT", "TZ")

_CALLED = ("LC_ALL", "SLURM_TIME_FORMAT", "SLURM_BITSTR_LEN")
"""How the commands are to write: in English, times as seconds, lists of array tasks in full."""


class NoAnswer(EngineError):
    """The controller does not answer: what it was asked to do may have been done."""


def call(
    command: str,
    *arguments: str,
    stdin: str = "",
    env: Mapping[str, str] | None = None,
    timeout_s: float = TIMEOUT_S,
) -> str:
    """What a command writes.

    Args:
        env: in place of the environment that a command that asks has.

    Raises:
        EngineError: it is not there, failed, or did not end in time; its own line says why.
    """
    try:
        done = subprocess.run(
            [command, *arguments],
            input=stdin,
            env=asking() if env is None else dict(env),
            capture_output=True,
            text=True,
            errors="replace",
            timeout=timeout_s,
            check=False,
            start_new_session=True,  # a Ctrl-C is for us: half a submit would be lost
        )
    except FileNotFoundError:
        raise EngineError(
            f"`{command}` is not in PATH: Slurm's commands have to be on this machine; "
            "try again on a login node, or after `module load slurm`"
        ) from None
    except subprocess.TimeoutExpired:
        raise NoAnswer(
            f"`{command}` did not answer within {timeout_s:g} s; "
            "`scontrol ping` shows whether the controller is there"
        ) from None
    except OSError as error:
        raise EngineError(f"`{command}` cannot be started: {error}") from None
    if done.returncode != 0:
        why = _said(command, done.stderr, done.returncode)
        kind = NoAnswer if _SILENT in why else EngineError
        raise kind(f"`{command}` failed: {why}")
    return done.stdout


def asking() -> dict[str, str]:
    """The environment of a command that asks."""
    kept = {name: os.environ[name] for name in _KEPT if name in os.environ}
    return {**kept, **dict(zip(_CALLED, ("C", "%s", "0")))}


def submitting(given: Mapping[str, str]) -> dict[str, str]:
    """The environment of a command that submits, which the job has too."""
    kept = {name: value for name, value in asking().items() if name not in _CALLED}
    return {**{n: v for n, v in kept.items() if n not in _NOT_FOR_JOBS}, **given, "LC_ALL": "C"}


def _said(command: str, stderr: str, status: int) -> str:
    """Why a command failed, in a line: its last one that is an error, without its own name."""
    lines = [line.strip() for line in stderr.splitlines() if line.strip()]
    for mark in ("error: Batch job submission failed: ", "error: "):
        for line in reversed(lines):
            if mark in line:
                return line.partition(mark)[2]
    return lines[-1].replace(f"{command}: ", "", 1) if lines else f"exit code {status}"


def read_rows(text: str, columns: Sequence[str]) -> list[dict[str, str]]:
    """The lines of a table whose columns are apart by `|`; the last of them may hold any."""
    found = []
    for line in text.splitlines():
        parts = line.split("|", len(columns) - 1)
        if len(parts) == len(columns):
            found.append({name: part.strip() for name, part in zip(columns, parts)})
    return found
