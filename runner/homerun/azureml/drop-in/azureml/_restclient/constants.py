"""`azureml._restclient.constants`: the words for a run's status."""

from __future__ import annotations

from runstore import status


class RunStatus:
    """Every status of the original; homerun itself says those of `runstore.status`."""

    NOT_STARTED = status.NOT_STARTED
    UNAPPROVED = "Unapproved"
    QUEUED = status.QUEUED
    PREPARING = status.PREPARING
    PROVISIONING = "Provisioning"
    STARTING = "Starting"
    RUNNING = status.RUNNING
    PAUSING = "Pausing"
    PAUSED = "Paused"
    CANCEL_REQUESTED = status.CANCEL_REQUESTED
    CANCELED = status.CANCELED
    FINALIZING = status.FINALIZING
    COMPLETED = status.COMPLETED
    FAILED = status.FAILED
    NOT_RESPONDING = status.NOT_RESPONDING


RUNNING_STATES = [
    RunStatus.NOT_STARTED,
    RunStatus.QUEUED,
    RunStatus.PREPARING,
    RunStatus.PROVISIONING,
    RunStatus.STARTING,
    RunStatus.RUNNING,
    RunStatus.UNAPPROVED,
    RunStatus.NOT_RESPONDING,
    RunStatus.PAUSING,
    RunStatus.PAUSED,
]
"""In which the original goes on waiting."""
