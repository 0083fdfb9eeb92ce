"""Start a run in an experiment: submit a script, or begin an interactive run."""

from __future__ import annotations

import os

from homerun.base import checks, messages
from homerun.base.errors import UserError
from homerun.config.script_run_config import ScriptRunConfig
from homerun.runs.submit import Request, submit
from runstore import names
from runstore.run import labels

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Mapping

    from homerun.runs.handle import RunHandle
    from runstore.run.record import Record
    from runstore.store import Store


def submit_to(
    store: Store,
    experiment: str,
    config: object,
    tags: Mapping[str, object] | None,
    run_id: str | None = None,
    parent: Record | None = None,
    *,
    display_name: str | None = None,
    description: str | None = None,
    former: Record | None = None,
    is_code_new: bool = False,
) -> Record:
    """Submit a script; see `Experiment.submit`.

    Args:
        former, is_code_new: as for `Request`.

    Raises:
        UserError: the configuration is of another class.
        InvalidName, SubmitError, StoreError: nothing was started.
    """
    names.check_experiment(experiment)
    if not isinstance(config, ScriptRunConfig):
        raise UserError(f"submit takes a ScriptRunConfig, not {type(config).__name__}")
    unarchive(store, experiment)
    wanted = checks.text_pairs("tags", tags or {})
    made, told = submit(
        Request(
            store,
            experiment,
            config,
            tags=wanted,
            display_name=display_name,
            description=description,
            run_id=run_id,
            parent=parent,
            former=former,
            is_code_new=is_code_new,
        )
    )
    messages.tell(told)
    return made


def start_logging(
    store: Store,
    experiment: str,
    name: str | None,
    run_id: str | None,
    outputs: bool | str | None,
    snapshot_directory: str | None,
    *,
    display_name: str | None,
    description: str | None,
    properties: Mapping[str, object] | None,
    tags: Mapping[str, object] | None,
) -> RunHandle:
    """Begin an interactive run that this process holds open; see `Experiment.start_logging`.

    Raises:
        RunExists, InvalidName, UserError, StoreError: no run was made.
    """
    from homerun.environments import interpreter  # a submit does without all of these
    from homerun.runs import interactive
    from homerun.runs.handle import RunHandle
    from homerun.snapshots import capture, git, git_diff

    code, told = capture.capture_if_small(store, snapshot_directory)
    source = git.look(snapshot_directory or ".")
    asked: dict[str, object] = {
        "name": name,
        "display_name": display_name or name,
        "description": description,
        "properties": {
            **source.properties,
            **checks.text_pairs("properties", properties or {}),
        },
        "tags": checks.text_pairs("tags", tags or {}),
        "target": "local",
        "snapshot": code.id if code else None,
    }
    try:
        folder = interactive.outputs_folder(outputs)
        unarchive(store, experiment)
        record = interactive.start(store, experiment, asked, run_id=run_id)
    finally:
        if code is not None:
            code.let_go()
    handle = RunHandle.opened(record, folder)
    git_diff.start(record.path, record.id, git_diff.wanted(source), os.environ)
    interpreter.note_own(record.mark, record.path)
    messages.tell(told)
    return handle


def unarchive(store: Store, experiment: str) -> None:
    """Bring an archived experiment back, so that its new run is listed."""
    if store.experiment_labels(experiment).archived:
        store.label_experiment(experiment, [(labels.ARCHIVED, "", False)])
