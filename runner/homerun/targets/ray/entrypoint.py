"""The entrypoint of a job: a line for `/bin/sh -c`, which becomes the program of the run."""

from __future__ import annotations

import shlex

from homerun.targets.engines.engine import EngineError

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Sequence

    from homerun.targets.engines.engine import Job

SIGN = "homerun: "
"""What a line begins with that tells why nothing was started: Ray keeps the last lines."""


def of(job: Job, given: Sequence[str] = ()) -> str:
    """The line of a job.

    What a node lacks is told before all else goes into the run's folder. `exec`: the process that
    Ray started is the supervisor, so its end is that of the job.

    Args:
        given: variables that Ray gives it, which stay as they are.

    Raises:
        EngineError: Ray cannot be given such a command.
    """
    python = job.argv[0]
    env = {name: value for name, value in sorted(job.env.items()) if name not in given}
    return "; ".join(
        [
            _or_say(f"[ -d {_quoted(job.folder)} ]", f"there is no {job.folder} on ", 126),
            _or_say(f"[ -x {_quoted(python)} ]", f"there is no {python} on ", 127),
            *(f"export {name}={_quoted(value)}" for name, value in env.items()),
            f"exec {' '.join(map(_quoted, job.argv))} </dev/null >>{_quoted(job.log)} 2>&1",
        ]
    )


def _or_say(test: str, words: str, code: int) -> str:
    return f'{test} || {{ echo {_quoted(SIGN + words)}"$(uname -n)"; exit {code}; }}'


def _quoted(text: str) -> str:
    """A word of the shell that is exactly this text.

    Raises:
        EngineError: it has bytes that are no text: they do not pass through Ray's JSON.
    """
    if "\0" in text or any("\ud800" <= one <= "\udfff" for one in text):
        raise EngineError(
            f"Ray takes text only, and {text!r} has other bytes: rename that folder or file"
        )
    return shlex.quote(text)
