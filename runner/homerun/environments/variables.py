"""The variables of a script: those of the submitter, of its run, and those that were given for it.

Nothing of them leads back to the source: what lies in it, and is in the copy, is named in the copy.
What a notebook has set for itself stays there. A run that a script submits gets no place of its
parent's copy.
"""

from __future__ import annotations

import os
import sys

from homerun.base import environ

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

_BUFFERED = ("", "0")
"""Values of PYTHONUNBUFFERED that ask for Python's own buffer."""

_INLINE = ("module://matplotlib_inline", "module://ipykernel")
"""Backends of matplotlib that draw into a notebook's page."""

_OF_KERNELS = ("JPY_", "PYDEVD_")

_SET_BY_KERNELS = {
    "CLICOLOR": "1",
    "CLICOLOR_FORCE": "1",
    "FORCE_COLOR": "1",
    "GIT_PAGER": "cat",
    "PAGER": "cat",
    "TERM": "xterm-color",
}
"""What a kernel sets for the commands of its cells: anywhere else they are a person's own."""


class Copy:
    """A source and the copy of it that a run works in.

    Args:
        source: the source folder, its links followed.
        work: the copy's place.
        built: where the copy is for now.
    """

    def __init__(self, source: str, work: str, built: str) -> None:
        self.source = source
        self.work = work
        self._built = built
        # A shell names the current folder as it went there: perhaps through a link.
        self._spelled = [source, *(at for at in _logical() if os.path.realpath(at) == source)]

    def lead(self, path: str) -> str:
        """The same place in the copy; a path outside of the source, and what is a link, as it is.

        A virtual environment in the source is such a link.
        """
        inside = self._inside(path)
        return path if inside is None else self.work + inside

    def program(self, path: str) -> str:
        """The same for a program that is started in the copy: a path from there."""
        inside = self._inside(path)
        return path if inside is None else f".{inside}"

    def _inside(self, path: str) -> str | None:
        for spelled in self._spelled:
            if _is_below(path, spelled):
                inside = path[len(spelled) :]
                found = os.path.realpath(self._built + inside)
                if _is_below(found, os.path.realpath(self._built)) and os.path.exists(found):
                    return inside
        return None

    def lead_all(self, path: str) -> str:
        """The same for all parts of a PATH; such a variable cannot hold a copy with a `:`."""
        if os.pathsep in self.work:
            return path
        return os.pathsep.join(self.lead(part) for part in path.split(os.pathsep))


def of_script(
    store: str, run: str, uuid: str, folder: str, ours: str, copy: Copy, extra: Mapping[str, str]
) -> dict[str, str]:
    """A script's environment.

    Args:
        run, uuid, folder: the run's id, its uuid and its folder.
        ours: the folder to put in front of the user's own PYTHONPATH.
        extra: variables that win over the submitter's.
    """
    env = _of_submitter()
    if env.get(environ.UNBUFFERED, "1") not in _BUFFERED:
        env[environ.UNBUFFERED] = environ.BY_LINES
    env.update(extra)
    if "PATH" in env:
        env["PATH"] = copy.lead_all(env["PATH"])
    if "OLDPWD" in env:
        env["OLDPWD"] = copy.lead(env["OLDPWD"])
    env["PWD"] = copy.work
    own = _without_parents(env.get("PYTHONPATH") or "", ours, copy)
    env["PYTHONPATH"] = os.pathsep.join([ours, *([copy.lead_all(own)] if own else [])])
    env.pop(environ.SUPERVISES, None)  # also one that was given: a sweep would spare the script
    env[environ.STORE] = store
    env[environ.RUN_ID] = run
    env[environ.RUN_UUID] = uuid
    env[environ.RUN_FOLDER] = folder
    env[environ.SOURCE_DIRECTORY] = copy.source
    env[environ.WORK_DIRECTORY] = copy.work
    if environ.azureml_is_ours(extra):
        env[environ.AZUREML_RUN_ID] = run
    return env


def _of_submitter() -> dict[str, str]:
    """The variables of this process, without those that it has as a run or as a notebook."""
    env = environ.of_no_run()
    if env.get("MPLBACKEND", "").startswith(_INLINE):
        del env["MPLBACKEND"]
    if not ("ipykernel" in sys.modules or "JPY_PARENT_PID" in env):
        return env
    return {
        name: value
        for name, value in env.items()
        if not name.startswith(_OF_KERNELS) and _SET_BY_KERNELS.get(name) != value
    }


def _without_parents(python_path: str, ours: str, copy: Copy) -> str:
    """PYTHONPATH without what a run was given: our folder, and places in that run's own copy."""
    former = environ.run_folder()
    kept = [
        part
        for part in python_path.split(os.pathsep)
        if os.path.dirname(part) != os.path.dirname(ours)
        and not (former and _is_below(part, former) and not _is_below(part, copy.source))
    ]
    return os.pathsep.join(kept)


def _is_below(path: str, folder: str) -> bool:
    return f"{path}/".startswith(f"{folder}/")


def _logical() -> Iterable[str]:
    """The current folder as the shell names it."""
    named = environ.variable("PWD")
    return [named] if named else []
