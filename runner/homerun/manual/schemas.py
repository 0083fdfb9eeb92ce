"""The schemas of what each command prints with `-o json`. A field that is there stays there."""

from __future__ import annotations

import json
import os

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any

FILE = "schemas.json"
_RUN = "$run"
_DRAFT = "https://json-schema.org/draft/2020-12/schema"


def answer_schemas() -> dict[str, dict[str, Any]]:
    """The schema of each command that has an answer, by its name, as `run.show`."""
    here = os.path.dirname(os.path.abspath(__file__))
    with open(os.path.join(here, FILE), encoding="utf-8") as file:
        found: dict[str, dict[str, Any]] = json.load(file)
    row = {"$defs": {"run": found.pop(_RUN)}}
    return {name: {**one, **row} if "$ref" in str(one) else one for name, one in found.items()}


def schema_document(name: str, schema: dict[str, Any]) -> dict[str, Any]:
    """A schema as a document of its own."""
    return {"$schema": _DRAFT, "title": f"homerun {name.replace('.', ' ')} -o json", **schema}
