"""What MLflow finds by its entry points, and loads with itself: no more than a way to the rest."""

from __future__ import annotations

TYPE_CHECKING = False
if TYPE_CHECKING:
    from homerun.mlflow.artifacts import RunArtifacts
    from homerun.mlflow.tracking import TrackingStore


def tracking_store(store_uri: str, artifact_uri: str | None = None) -> TrackingStore:
    """The store of an address such as `homerun:///home/ann/digits/.runs`.

    Args:
        artifact_uri: MLflow's own; artifacts lie with their run.
    """
    from homerun.mlflow.tracking import TrackingStore

    return TrackingStore(store_uri)


def artifact_repository(
    artifact_uri: str, tracking_uri: str | None = None, registry_uri: str | None = None
) -> RunArtifacts:
    """The artifacts below an address such as `homerun:///…/.runs/digits/digits_17…/outputs`."""
    from homerun.mlflow.artifacts import RunArtifacts

    return RunArtifacts(artifact_uri)
