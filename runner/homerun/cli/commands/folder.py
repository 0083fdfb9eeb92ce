"""`homerun folder …`: attach a folder to an experiment."""

from __future__ import annotations

from homerun.cli.command import command
from homerun.cli.options import shared
from homerun.cli.output import render
from homerun.cli.result import Result
from homerun.config import attach as config_attach
from homerun.config import workspace_config

TYPE_CHECKING = False
if TYPE_CHECKING:
    from homerun.cli.invocation import Call


@command("attach")
@shared.of_experiment("The experiment (default: the folder's name).")
def attach(call: Call) -> Result:
    """Attach a folder to an experiment, so that commands in it need no -e; write samples.

    The samples are the run configurations local, docker and sklearn. No existing file is
    changed.

    \b
    Example:
      homerun folder attach -w myworkspace -g myresourcegroup
      homerun run submit-script -c sklearn -e testexperiment train.py
    """
    workspace = call.workspace(wakes=False)
    written = config_attach.attach(
        call.folder,
        workspace.store,
        workspace.name,
        workspace.subscription_id,
        workspace.resource_group,
        call.experiment,
    )
    told = {
        "Experiment name": workspace_config.experiment_of(call.folder)[1],
        "Subscription id": workspace.subscription_id,
        "Resource group": workspace.resource_group,
        "Workspace name": workspace.name,
        "Project path": call.folder,
    }
    note = f"wrote {', '.join(written)}" if written else "everything exists already"
    return Result(told, lambda: [render.Card(told), render.Note(note)])
