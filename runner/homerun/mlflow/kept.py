"""What MLflow knows of a run that has no place of its own here: properties, each a JSON text.

So it is written once, by whichever process, and goes where the run goes. None of it is a tag.
"""

from __future__ import annotations

import json

from runstore.errors import PropertyExists

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Mapping
    from typing import Any

    from homerun.sdk.run import Run

MODEL, MODEL_STATUS, MODEL_STEP = "mlflow.model.", "mlflow.model-status.", "mlflow.model-step."
DATASET = "mlflow.dataset."
HISTORY = "mlflow.log-model.history"
_PLACES = (MODEL, MODEL_STATUS, MODEL_STEP, DATASET, f"{HISTORY}.")


def keep_value(run: Run, place: str, key: str, value: object) -> None:
    """Keep a value of JSON. Where there is another one under that key, that stays."""
    try:
        run.add_properties({place + key: json.dumps(value, sort_keys=True)})
    except PropertyExists:
        return


def kept_values(properties: Mapping[str, str], place: str) -> dict[str, Any]:
    """What is kept in a place, by key; what is damaged is left out."""
    found = {}
    for key, text in properties.items():
        if key.startswith(place):
            try:
                found[key[len(place) :]] = json.loads(text)
            except ValueError:
                continue
    return found


def tags_of(properties: Mapping[str, str], start: str) -> dict[str, str]:
    """The properties that are tags for MLflow: those whose names begin so.

    The history of models, which MLflow 2 keeps, is one of them again.
    """
    found = {
        key: value
        for key, value in properties.items()
        if key.startswith(start) and not key.startswith(_PLACES)
    }
    models = list(kept_values(properties, f"{HISTORY}.").values())
    return {**found, HISTORY: json.dumps(models)} if models else found
