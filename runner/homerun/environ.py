"""Every environment variable of homerun, once; and what a script's environment is made of."""

from __future__ import annotations

import os

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Mapping

STORE = "HOMERUN_STORE"
"""Set by a person: the store to use, wherever the current folder is. Set for a script too: the
copy of the source that it works in may hold a workspace's configuration of its own."""

RUN_ID = "HOMERUN_RUN_ID"
"""Set for a script: the id of its run. Also the mark by which a run's processes are known."""

RUN_FOLDER = "HOMERUN_RUN_FOLDER"
"""Set for a script: the folder of its run."""

SUPERVISES = "HOMERUN_SUPERVISES"
"""Set for a supervisor alone, never for a script: the run that it supervises."""

ENDED_RUN = "HOMERUN_ENDED_RUN"
"""Set for a command that is started when a run has ended: its id."""

ENDED_STATUS = "HOMERUN_ENDED_STATUS"
"""Set for such a command: how the run ended."""

ENDED_FOLDER = "HOMERUN_ENDED_FOLDER"
"""Set for such a command: the run's folder."""

COMPLETION = "_HOMERUN_COMPLETE"
"""Set by a shell that asks the command line for completions."""

_OF_A_RUN = (RUN_ID, RUN_FOLDER, SUPERVISES)

_LOADER = ("LD_LIBRARY_PATH", "DYLD_LIBRARY_PATH")
"""What an interpreter may need to start at all."""


def run_id() -> str | None:
    """The id of the run that this process belongs to."""
    return os.environ.get(RUN_ID) or None


def run_folder() -> str | None:
    """The folder of the run that this process belongs to."""
    return os.environ.get(RUN_FOLDER) or None


def for_helper() -> dict[str, str]:
    """A process of ours: nothing of the user that could change how it works."""
    return {name: os.environ[name] for name in _LOADER if name in os.environ}


def for_supervisor(run: str) -> dict[str, str]:
    """The same, with a supervisor's mark."""
    return {**for_helper(), SUPERVISES: run}


def for_hook(env: Mapping[str, str], run: str, status: str, folder: str) -> dict[str, str]:
    """The environment of a command that a run's end starts: the script's, and what ended how.

    The supervisor's mark keeps the sweep of an outer run away from it.
    """
    kept = {name: value for name, value in env.items() if name not in _OF_A_RUN}
    kept.setdefault("PATH", os.defpath)
    kept[SUPERVISES] = run
    kept[ENDED_RUN] = run
    kept[ENDED_STATUS] = status
    kept[ENDED_FOLDER] = os.path.realpath(folder)
    return kept


def for_script(
    store: str, run: str, folder: str, python_path: list[str], extra: Mapping[str, str]
) -> dict[str, str]:
    """A script's environment: the submitter's own, its run's variables, and the given ones.

    Args:
        python_path: folders to put in front of the user's own PYTHONPATH.
        extra: variables that win over the submitter's.
    """
    kept = os.environ.items()
    env = {name: value for name, value in kept if name and name not in _OF_A_RUN}
    env.setdefault("PYTHONUNBUFFERED", "1")
    env.update(extra)
    # An empty part would mean the current folder.
    parts = [*python_path, *(env.get("PYTHONPATH") or "").split(os.pathsep)]
    env["PYTHONPATH"] = os.pathsep.join(part for part in parts if part)
    env.pop(SUPERVISES, None)  # also one that was given: a sweep would spare the script
    env[STORE] = store
    env[RUN_ID] = run
    env[RUN_FOLDER] = folder
    return env
