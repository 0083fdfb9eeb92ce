"""Bulk actions: change many runs by one call, and submit by a form. They wait for no run's end.

A run that cannot be changed does not stop the others: each failure is returned with its run.
"""

from __future__ import annotations

import json
import math
import os
from itertools import product
from typing import NamedTuple

from homerun.base import messages
from homerun.base.errors import UserError
from homerun.config import settings as settings_table
from homerun.config.environment import Environment
from homerun.config.script_run_config import ScriptRunConfig
from homerun.runs import resubmit, start, stop
from homerun.sdk import batch
from homerun.sdk.batch import Batch
from homerun.sdk.experiment import Experiment, ViewType
from homerun.sdk.run import ScriptRun
from homerun.targets.engines import taking_back
from homerun.views import error_codes
from homerun.views.comparison import code_diff
from runstore import status
from runstore.errors import BaseError, ExperimentNotFound

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence
    from typing import Any

    from homerun import Run, Workspace
    from runstore.run.record import Record

_MOST_SCRIPTS = 500
_MOST_IN_GRID = 1_000


class SecretsNeeded(UserError):
    """The command of a run hides secrets, which have to be given again."""

    def __init__(self, run: Run, hidden: list[str]) -> None:
        self.hidden = hidden
        super().__init__(f"the command of run {run.id} hides {len(hidden)} secrets: give them")


def each(workspace: Workspace, ids: Sequence[str], act: Callable[[Run], str]) -> dict[str, Any]:
    """Do something with each of some runs; which were done, and why others were not."""
    done, failed = [], []
    with taking_back.InOneCall():
        for run_id in dict.fromkeys(ids):
            try:
                done.append(act(workspace.get_run(run_id)))
            except (BaseError, OSError) as error:
                failed.append(_told(run_id, error))
    return {"done": done, "failed": failed}


def label(
    run: Run,
    name: str | None,
    description: str | None,
    tags: Mapping[str, str | None],
    remove_tags: Sequence[str],
) -> str:
    """Change what people write on a run."""
    if name is not None:
        run.display_name = name
    if description is not None:
        run.description = description
    if tags:
        run.set_tags(tags)
    if remove_tags:
        run.remove_tags(remove_tags)
    return run.id


def cancel(run: Run) -> str:
    """Ask for a run's end; it is canceled some moments later."""
    seen = run._look()
    if run._record.is_interactive:
        run.cancel()
    elif not seen.is_over:
        stop.ask(run._record, seen, status.CANCEL)
    return run.id


def fail(run: Run, message: str | None) -> str:
    """Declare a run failed; one that goes on is stopped, and has failed some moments later."""
    seen = run._look()
    if run._record.is_interactive or seen.is_over:
        run.fail(message)
    else:
        said: dict[str, object] = {"code": "UserError", **({"message": message} if message else {})}
        stop.ask(run._record, seen, status.FAIL, said)
    return run.id


def again(run: Run, secrets: Sequence[str] = ()) -> str:
    """Submit a run again; the id of the new one.

    Raises:
        SecretsNeeded: its command hides more than was given.
    """
    hidden = resubmit.hidden(run._record)
    if len(hidden) != len(secrets):
        raise SecretsNeeded(run, hidden)
    if run._record.is_batch:
        return Batch.of(run).resubmit(secrets).parent.id
    return resubmit.again(run._record, secrets).id


def delete(workspace: Workspace, ids: Sequence[str]) -> dict[str, Any]:
    """Put runs that are over into the trash, with all below them."""
    gone: set[str] = set()

    def act(run: Run) -> str:
        gone.update(run.delete())
        return run.id

    found = each(workspace, ids, act)
    # One that went with its parent is no failure.
    with_others = [one["id"] for one in found["failed"] if one["id"] in gone]
    failed = [one for one in found["failed"] if one["id"] not in gone]
    return {"done": [*found["done"], *with_others], "failed": failed}


def restore(workspace: Workspace, ids: Sequence[str]) -> dict[str, Any]:
    """Take runs back from the trash."""
    done: list[str] = []
    failed = []
    for run_id in dict.fromkeys(ids):
        try:
            done += workspace.trash.restore(run_id)
        except (BaseError, OSError) as error:
            if run_id not in done:
                failed.append(_told(run_id, error))
    return {"done": done, "failed": failed}


def set_archived(workspace: Workspace, names: Sequence[str], is_archived: bool) -> dict[str, Any]:
    """Leave experiments out of listings, or bring them back; by their names."""
    done: list[str] = []
    failed = []
    known = {one.name: one for one in Experiment.list(workspace, view_type=ViewType.All)}
    for name in dict.fromkeys(names):
        try:
            if name not in known:
                raise ExperimentNotFound(name)
            if is_archived:
                known[name].archive()
            else:
                known[name].reactivate()
        except (BaseError, OSError) as error:
            failed.append(_told(name, error))
        else:
            done.append(name)
    return {"done": done, "failed": failed}


class Past(NamedTuple):
    """The run that a new one is made from, by a form.

    Attributes:
        variables: values of its environment variables; those that are left out are this process's.
        is_now: the code is that of the source folder now, else that of its snapshot.
    """

    run: Run
    variables: Mapping[str, str | None]
    is_now: bool

    def edited(self, work: Mapping[str, Any], said: Mapping[str, Any]) -> ScriptRunConfig:
        """What it was made with, with other work and settings.

        Where neither a Python nor packages are said it has the run's own.
        """
        keeps = "interpreter" not in said and work["environment"] is None
        changes = {name: value for name, value in said.items() if name != "interpreter"}
        work = {**work, "interpreter": said.get("interpreter")}
        given = {name: value or "" for name, value in self.variables.items()}
        return resubmit.Edited(self.run._record, work, given, changes, keeps, self.is_now)


def submit(
    workspace: Workspace,
    experiment: str,
    source: str | None,
    script: str,
    arguments: Sequence[str] = (),
    target: str | None = None,
    tags: Mapping[str, str | None] | None = None,
    name: str | None = None,
    limit_s: float | None = None,
    settings: Mapping[str, Any] | None = None,
    packages: str | None = None,
    grid: Mapping[str, Sequence[str]] | None = None,
    past: Past | None = None,
) -> tuple[Run, list[str]]:
    """Submit a script; the run, and notices for the user.

    Args:
        settings: rows of `config.settings` by name, as `slots`.
        packages: a file with what to install, of conda or of pip, in the source folder.
        grid: values by the name of an argument: a batch with a run for each combination.
        past: the run that this one is made from: what is not given here stays as it was there.

    Raises:
        UserError, SubmitError, StoreError: nothing was started.
    """
    folder = _folder(workspace, source)
    environment = _environment(folder, packages) if packages else None
    said = dict(settings or {})
    if limit_s is not None:
        said["max_run_duration_seconds"] = limit_s

    def config(more: Sequence[str] = ()) -> ScriptRunConfig:
        work: dict[str, Any] = {
            "source_directory": folder,
            "script": script,
            "arguments": [*arguments, *more],
            "compute_target": target,
            "environment": environment,
        }
        return ScriptRunConfig(**work, **said) if past is None else past.edited(work, said)

    config().argv()  # before an experiment is made: whether there is a script to run
    rows = _rows_of(grid or {})
    code = (None, False) if past is None else (past.run._record, past.is_now)
    with messages.Kept() as kept:
        home = Experiment(workspace, experiment)
        if rows:
            configs = [config([w for k, v in row.items() for w in (f"--{k}", v)]) for row in rows]
            of_each = [{**(tags or {}), **row} for row in rows]
            run = batch.submit_many(home, configs, of_each, tags or {}, None, {}, *code).parent
        else:
            made = start.submit_to(
                *(workspace.store, home.name, config(), tags),
                former=code[0],
                is_code_new=code[1],
            )
            run = ScriptRun.of(made, home)
        if name:
            run.display_name = name
    return run, kept.lines


def _rows_of(grid: Mapping[str, Sequence[str]]) -> list[dict[str, str]]:
    """The arguments of each run of a grid; []: there is none."""
    empty = [name for name, values in grid.items() if not values]
    if empty:
        raise UserError(f"the grid has no value for {empty[0]}: give one, or leave it out")
    count = math.prod(map(len, grid.values()))  # before so many are made
    if count > _MOST_IN_GRID:
        raise UserError(f"{count:,} runs are too many for a batch: at most {_MOST_IN_GRID}")
    return [dict(zip(grid, values)) for values in product(*grid.values())] if grid else []


def _environment(folder: str, packages: str) -> Environment:
    """What a file in the source folder asks for."""
    path = os.path.normpath(os.path.join(folder, packages))
    if not path.startswith(f"{folder.rstrip('/')}/") or not os.path.isfile(path):
        raise UserError(f"{packages} is not a file in the folder {folder}")
    made = os.path.splitext(os.path.basename(path))[0]
    if path.endswith((".yml", ".yaml")):
        return Environment.from_conda_specification(made, path)
    return Environment.from_pip_requirements(made, path)


def defaults(workspace: Workspace, run: Run | None = None) -> dict[str, Any]:
    """What a form for a new run begins with: that of a past one, or what is usual here."""
    found: dict[str, Any] = {
        **_AS_USUAL,
        "script": None,
        "arguments": [],
        "experiment": None,
        "target": workspace.targets.default,
        "source": home(workspace),
        "tags": {},
        "hidden": [],
    }
    if run is not None:
        asked = run._record.run
        found.update(
            script=asked.get("script"),
            arguments=asked.get("arguments") or [],
            experiment=run.experiment.name,
            target=asked.get("target") or found["target"],
            source=asked.get("source_directory") or found["source"],
            tags=run.get_tags(),
            hidden=resubmit.hidden(run._record),
            **_kept(run._record),
        )
    found["targets"] = [one.name for one in workspace.targets]
    found["experiments"] = sorted(workspace.experiments)
    return found


_IN_FORM = ("slots", "gpus", "priority", "max_retries", "max_run_duration_seconds")
_AS_USUAL: dict[str, Any] = {
    "slots": None,
    "gpus": None,
    "priority": None,
    "max_retries": None,
    "max_run_duration_seconds": None,
    "interpreter": None,
    "packages": None,
    "variables": [],
    "unset": [],
    "kept": {},
    "code": None,
}


def _kept(record: Record) -> dict[str, Any]:
    """What a run was submitted with beside its work."""
    run = record.run
    environment = run.get("environment") or {}
    has_packages = bool(environment.get("key"))
    others = settings_table.differing_in(run)
    has_code = resubmit.has_snapshot(record)
    return {
        **{name: others.pop(name, None) for name in _IN_FORM},
        "interpreter": None if has_packages else resubmit.python_of(record),
        "packages": (environment.get("name") or "") if has_packages else None,
        "variables": resubmit.variables_of(record),
        "unset": resubmit.unset(record),
        "kept": {name: json.dumps(value) for name, value in others.items()},
        "code": {
            "snapshot": str(run["snapshot"]) if has_code else None,
            "is_source_there": os.path.isdir(str(run.get("source_directory"))),
            "changed": code_diff.changed_since(record),
        },
    }


def scripts(workspace: Workspace, source: str | None) -> dict[str, Any]:
    """The scripts in a folder, and the folders in it, to choose from.

    Raises:
        UserError: it is not a folder, or cannot be read.
    """
    folder = _folder(workspace, source)
    try:
        with os.scandir(folder) as found:
            entries = sorted(found, key=lambda one: one.name)
    except OSError as error:
        raise UserError(f"the folder {folder} cannot be read ({error.strerror})") from error
    shown = [one for one in entries if one.name[0] != "."]
    return {
        "source": folder,
        "scripts": [one.name for one in shown if one.name.endswith(".py")][:_MOST_SCRIPTS],
        "folders": [one.name for one in shown if one.is_dir()][:_MOST_SCRIPTS],
    }


def home(workspace: Workspace) -> str:
    """The folder that a store lies in: where its users work."""
    return os.path.dirname(workspace.directory)


def _folder(workspace: Workspace, source: str | None) -> str:
    """A folder as the user wrote it, relative to the one that the store lies in."""
    if source is not None and "\0" in source:
        raise UserError("a folder's name holds no NUL")
    return os.path.normpath(os.path.join(home(workspace), os.path.expanduser(source or ".")))


def _told(run_id: str, error: Exception) -> dict[str, Any]:
    code, message = error_codes.code_of(error), error_codes.sentence(error)
    if isinstance(error, SecretsNeeded):
        needed = {"code": error_codes.NEEDS_SECRETS, "hidden": error.hidden}
        return {"id": run_id, "message": message, **needed}
    return {"id": run_id, "code": code, "message": message}
