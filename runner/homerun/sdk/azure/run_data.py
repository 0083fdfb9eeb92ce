"""What a run was given to read and to write, as its script finds it by name."""

from __future__ import annotations

from homerun.assets import bindings, secrets
from homerun.base import environ
from homerun.base.errors import AssetNotFound
from homerun.sdk.azure import dataset
from homerun.sdk.azure.named import Named
from runstore.store import store_of

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping
    from typing import Any

    from homerun.runs.handle import RunHandle
    from runstore.run.record import Record


def inputs_of_run(handle: RunHandle) -> Named:
    """What a run reads; see `Run.input_datasets`."""
    record = _record_of(handle)
    given = environ.named_paths(environ.INPUT_DATA, ",")
    found = {**given, **dict(_inputs(record))} if record else given
    return Named(found.items(), lambda name: _missing("input", name, found))


def outputs_of_run(handle: RunHandle) -> Named:
    """What a run writes; see `Run.output_datasets`."""
    record = _record_of(handle)
    given = environ.named_paths(environ.OUTPUT_DATA, ";")
    found = {**given, **dict(_outputs(record))} if record else given
    return Named(found.items(), lambda name: _missing("output", name, found))


def secret_of(handle: RunHandle, name: str) -> str:
    """A secret; see `Run.get_secret`."""
    record = _record_of(handle)
    found = secrets.find_secret(None if record is None else store_of(record), name)
    if found is None:
        raise secrets.missing_secret(name)
    return found


def _record_of(handle: RunHandle) -> Record | None:
    try:
        return handle.record
    except AttributeError:
        return None  # an offline run has none


def _inputs(record: Record) -> Iterator[tuple[str, Any]]:
    store = store_of(record)
    for one in record.run.get("inputs") or ():
        if one["mode"] == bindings.DIRECT and not one.get("reference"):
            yield one["name"], dataset.of_input(store, one)
        else:
            yield one["name"], bindings.input_path(store, record.path, one)


def _outputs(record: Record) -> Iterator[tuple[str, str]]:
    store = store_of(record)
    for one in record.run.get("outputs") or ():
        yield one["name"], bindings.output_path(store, one)


def _missing(kind: str, name: str, found: Mapping[str, object]) -> AssetNotFound:
    known = ", ".join(sorted(found)) or "none"
    return AssetNotFound(f"the run has no {kind} {name!r}; it has {known}")
