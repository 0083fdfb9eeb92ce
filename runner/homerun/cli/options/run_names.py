"""Find the run that a word names: its id, a unique prefix of it, or one of the words below.

`@last` is the run that was submitted last, `@last~1` the one before it, `@last-failed` the last one
that Failed; of one experiment, if it is named. Child runs do not count.
"""

from __future__ import annotations

from itertools import islice

from homerun.base.errors import UserError
from homerun.cli.errors import UsageError
from runstore.errors import AmbiguousPrefix, RunNotFound
from runstore.status import FAILED

TYPE_CHECKING = False
if TYPE_CHECKING:
    from homerun.sdk.run import Run
    from homerun.sdk.workspace import Workspace

WORDS = {"@last": None, "@last-failed": FAILED}
"""Each with the status that the run must have."""

_LOOKED_AT = 1000
"""How many of the newest ids are compared with an unknown one."""


def find_run(workspace: Workspace, word: str, experiment: str | None = None) -> Run:
    """The run that a word names.

    Raises:
        UserError, AmbiguousPrefix: no run, or several; the message names similar ids.
    """
    if word.startswith("@"):
        return _counted(workspace, word, experiment)
    try:
        found = workspace.get_run(word)
    except AmbiguousPrefix as error:
        found = _only_one(workspace, error, experiment)
    except RunNotFound as error:
        near = " or ".join(_near(workspace, word))
        meant = f"did you mean {near}?" if near else "homerun run list shows the ids"
        raise UserError(f"there is no run {word!r}; {meant}") from error
    if experiment is not None and found.experiment.name != experiment:
        raise UsageError(
            f"run {found.id} belongs to experiment {found.experiment.name!r}, not {experiment!r}"
        )
    return found


def require_experiment(workspace: Workspace, name: str) -> None:
    """Check that there is an experiment of that name, archived or not.

    Raises:
        UserError: there is none; the message names similar ones.
    """
    known = workspace.store.experiments()
    if name not in known:
        from difflib import get_close_matches

        near = " or ".join(get_close_matches(name, known, 2))
        meant = f"did you mean {near}?" if near else "homerun experiment list shows them"
        raise UserError(f"there is no experiment {name!r}; {meant}")


def _counted(workspace: Workspace, word: str, experiment: str | None) -> Run:
    name, tilde, steps = word.partition("~")
    if name not in WORDS or (tilde and not (steps.isascii() and steps.isdecimal())):
        raise UsageError(f"{word!r} is not a valid run: use @last, @last~1 or @last-failed")
    if experiment is not None:
        require_experiment(workspace, experiment)
    runs = workspace.get_runs(experiment, status=WORDS[name])
    for run in islice(runs, int(steps or 0), None):
        return run
    raise UserError(f"there is no run {word!r}; homerun run list shows the runs")


def _only_one(workspace: Workspace, error: AmbiguousPrefix, experiment: str | None) -> Run:
    """Of several runs, the one of the experiment, or the only one that has no parent."""
    runs = [workspace.get_run(run_id) for run_id in error.matches]
    if experiment is not None:
        runs = [run for run in runs if run.experiment.name == experiment]
    if len(runs) > 1:
        runs = [run for run in runs if run.parent is None]
    if len(runs) == 1:
        return runs[0]
    raise error


def _near(workspace: Workspace, word: str) -> list[str]:
    from difflib import get_close_matches

    ids = [run.id for run in islice(workspace.get_runs(include_children=True), _LOOKED_AT)]
    return get_close_matches(word, ids, 2, 0.85)
