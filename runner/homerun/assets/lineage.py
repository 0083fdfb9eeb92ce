"""What a run reads and writes, as its record says it to people and to scripts of the original."""

from __future__ import annotations

from runstore import layout

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any

    from runstore.run.record import Record

_DATASET = {"id": "id", "dataset": "name", "version": "version", "datastore": "datastore"}


def inputs(record: Record) -> list[dict[str, Any]]:
    """What a run reads, in the original's keys."""
    return [
        {
            "dataset": _named(one),
            "consumptionDetails": {
                "type": "RunInput",
                "inputName": one.get("name"),
                "mechanism": str(one.get("mode")).capitalize(),
            },
        }
        for one in record.run.get("inputs") or ()
    ]


def outputs(record: Record) -> list[dict[str, Any]]:
    """What a run writes, in the original's keys."""
    return [
        {
            "dataset": _named(one),
            "outputType": "RunOutput",
            "outputDetails": {"outputName": one.get("name")},
        }
        for one in outputs_written(record)
    ]


def _named(one: dict[str, Any]) -> dict[str, Any]:
    found = {key: one[said] for said, key in _DATASET.items() if said in one}
    if "datastore" in one:
        found["path"] = one.get("path")
    return found


def outputs_written(record: Record) -> list[dict[str, Any]]:
    """What a run writes, each with the dataset and the version that it was registered as."""
    asked = record.run.get("outputs") or ()
    if not asked:
        return []
    said = record.fact(layout.REGISTERED) or {}
    known = {one.get("output"): one for one in said.get("datasets") or ()}
    found = []
    for one in asked:
        kept = {key: value for key, value in one.items() if key not in ("asked", "register")}
        made = known.get(one.get("name"))
        if made:
            kept.update(dataset=made.get("name"), version=made.get("version"))
        found.append(kept)
    return found
