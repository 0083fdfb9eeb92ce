"""docs/configuration.md, row by row, against the fields of the code."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path
from typing import NamedTuple

import pytest

from homerun import CondaDependencies, RunConfiguration, UserError
from homerun.config.fields import Fields, is_part
from homerun.config.unused import names as ignored

PAGE = Path(__file__).parents[2] / "docs" / "configuration.md"


class Row(NamedTuple):
    """A row of the table."""

    field: str
    default: str
    verdict: str
    note: str


def rows() -> Iterator[Row]:
    for line in PAGE.read_text(encoding="utf-8").splitlines():
        cells = [cell.strip() for cell in line.strip("|").split(" | ")]
        if line.startswith("| `") and len(cells) == 4:
            yield Row(cells[0].strip("`"), cells[1].strip("`"), cells[2], cells[3].strip(" |"))


ROWS = {row.field: row for row in rows()}

VALUES: dict[str, object] = {
    "script": "other.py",
    "target": "gpu-cluster",
    "framework": "PySpark",
    "communicator": "ParameterServer",
    "pytorch.communication_backend": "gloo",
    "environment.python.conda_dependencies": CondaDependencies.create(pip_packages=["numpy"]),
    "stop_signals": [["INT", 5]],
    "memory": "1GB",
    "gpus": 1,
    "gpu_memory": "20GB",
}

BESIDE: dict[str, dict[str, str]] = {
    "mpi": {"communicator": "OpenMpi"},
    "pytorch": {"framework": "PyTorch"},
}
"""What has to be set too, for a part to be used at all."""


def leaves(part: Fields, path: str = "") -> Iterator[tuple[str, object]]:
    for name, (kind, _) in part._fields.items():
        value = getattr(part, name)
        if is_part(kind):
            yield from leaves(value, f"{path}{name}.")
        else:
            yield f"{path}{name}", value


def test_every_field_is_on_the_page_with_its_default() -> None:
    defaults = {
        name: "no packages" if isinstance(value, CondaDependencies) else json.dumps(value)
        for name, value in leaves(RunConfiguration())
    }

    assert defaults == {row.field: row.default for row in ROWS.values()}
    assert {row.verdict for row in ROWS.values()} == {"used", "said", "kept"}
    assert [row.field for row in ROWS.values() if row.verdict == "used" and not row.note] == []


@pytest.mark.parametrize("field", ROWS)
def test_a_field_that_is_set_is_said_only_where_the_page_says_so(field: str) -> None:
    config = RunConfiguration()
    *parts, last = field.split(".")
    owner: Fields = config
    for part in parts:
        owner = getattr(owner, part)
    for name, beside in BESIDE.get(field.partition(".")[0], {}).items():
        setattr(config, name, beside)
    for value in [VALUES[field]] if field in VALUES else _others(getattr(owner, last)):
        try:
            setattr(owner, last, value)
            break
        except UserError:
            continue

    said = [name for name in ignored(config) if f"{field}.".startswith(f"{name}.")]

    assert len(said) == (ROWS[field].verdict == "said")


def _others(default: object) -> list[object]:
    """Other values, one of which a field of this default can have."""
    if isinstance(default, bool):
        return [not default]
    if isinstance(default, list):
        return [["other"]]
    if isinstance(default, dict):
        return [{"other": "1"}]
    return [7, "other"]
