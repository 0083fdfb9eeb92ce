"""What commands answer in JSON, held against the schemas that were promised.

Each test that reads an answer of the command line also checks it. With the variable `ANSWERS` the
answers are added to the file that it names, from which `scripts/schemas.py` makes the schemas.
"""

from __future__ import annotations

import json
import os
from collections.abc import Sequence
from functools import cache
from typing import Any

from jsonschema import Draft202012Validator

from homerun.cli.commands.machine import schema
from homerun.cli.parsing import fast
from homerun.manual import schemas

RECORDED = "ANSWERS"

WITHOUT = {
    *("completion", "dataset.show", "run.open", "schema", "studio", "tensorboard", "top"),
    *("account.set", "run.monitor-tensorboard", "run.stacks", "run.watch"),
}
"""Commands that answer for people only, with nothing, or as a definition has it."""


def check(args: Sequence[str], value: Any) -> None:
    """Whether an answer has the schema of its command; what was shaped by a query has none."""
    name = _name(args)
    if name is None:
        return
    if RECORDED in os.environ:
        with open(os.environ[RECORDED], "a", encoding="utf-8") as file:
            file.write(json.dumps([name, value]) + "\n")
        return
    assert name in schemas.answer_schemas(), (
        f"{name} has no schema: {RECORDED}=FILE, scripts/schemas.py"
    )
    wrong = [f"{error.json_path}: {error.message}" for error in _validator(name).iter_errors(value)]
    assert not wrong, f"homerun {' '.join(args)} answers otherwise than promised: {wrong[:5]}"


@cache
def _validator(name: str) -> Draft202012Validator:
    return Draft202012Validator(schemas.answer_schemas()[name])


def _name(args: Sequence[str]) -> str | None:
    """The command of a line whose answer is its own; None: of no such line."""
    try:
        found = fast.parse_line(list(args))
    except Exception:  # noqa: BLE001 - a wrong line answers nothing
        return None
    if found is None:
        return None
    path, _, values = found
    if (
        values.get("query")
        or values.get("expressions")
        or values.get("output") not in (None, "json")
    ):
        return None
    if values.get("columns") or values.get("minimal") or values.get("raw_json"):
        return None
    words = path.split()[1:]
    name = schema.schema_name(" ".join(words)) if words != ["run"] else "run.SCRIPT"
    return None if name in WITHOUT else name
