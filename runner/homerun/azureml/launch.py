"""Starting Python again, in this process, with our packages on its path.

What runs is Python itself, so arguments, `__main__`, tracebacks, signals and exit code are its
own; and the processes that the script starts find our packages too.
"""

from __future__ import annotations

import os
import sys

from homerun.base import environ
from homerun.base.errors import UserError
from homerun.environments import python_path

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import NoReturn

_OWN = "homerun.azureml"


def python(arguments: list[str]) -> NoReturn:
    """Become `python ARGUMENTS`, with the options that this Python was started with.

    Raises:
        UserError: Python would not look where our packages are, or cannot be started.
    """
    if sys.flags.ignore_environment:
        raise UserError("Python ignores PYTHONPATH under -E and -I; leave that out")
    try:
        ours = python_path.folder(environ.azureml_is_ours())
        if os.pathsep in ours:
            raise UserError(f"PYTHONPATH cannot hold {ours}: set XDG_CACHE_HOME to another folder")
        env = {**os.environ, "PYTHONPATH": _path(ours, os.environ.get("PYTHONPATH"))}
        os.execve(sys.executable, [sys.executable, *_options(), *arguments], env)
    except OSError as error:
        raise UserError(f"{arguments[0]} cannot be run: {error}") from error


def _path(ours: str, others: str | None) -> str:
    parts = [part for part in (others or "").split(os.pathsep) if part and part != ours]
    return os.pathsep.join([ours, *parts])


def _options() -> list[str]:
    """What stood before `-m homerun.azureml`; the `m` may end a cluster, as in `-um`."""
    given = sys.orig_argv[1 : len(sys.orig_argv) - len(sys.argv[1:])]
    last = given.pop()
    option = given.pop() if last == _OWN else last[: -len(_OWN)]
    cluster = option[:-1]
    return [*given, cluster] if cluster != "-" else given
