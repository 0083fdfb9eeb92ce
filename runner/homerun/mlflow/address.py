"""The addresses of stores, experiments and artifacts: a scheme of ours, and a path."""

from __future__ import annotations

from urllib.parse import unquote, urlsplit

from homerun.base import environ
from homerun.config import workspaces
from homerun.mlflow.errors import invalid
from runstore import layout, names
from runstore.store import Store

TYPE_CHECKING = False
if TYPE_CHECKING:
    from runstore.run.record import Record


def store_named(address: str) -> Store:
    """The store of an address; that of the current folder's workspace for one without a path."""
    path = _path_in(address)
    return Store(path) if path else workspaces.from_path(None)[0]


def outputs_address(record: Record) -> str:
    """The address of a run's artifacts: its `outputs/`."""
    return environ.mlflow_address(f"{record.path}/{layout.OUTPUTS}")


def experiment_address(store: Store, name: str) -> str:
    """The address of an experiment, below which its runs have theirs."""
    return environ.mlflow_address(f"{store.root}/{store.experiment_folder(name)}")


def run_and_folder(address: str) -> tuple[Record, str]:
    """The run of an artifacts' address, and their folder among the run's files: `outputs/model`.

    Raises:
        MlflowException: no run has such artifacts.
    """
    parts = _path_in(address).split("/")
    for at in range(4, len(parts)):
        if parts[at] == layout.OUTPUTS and names.is_run_id(parts[at - 1]):
            record = Store("/".join(parts[: at - 2])).get(parts[at - 1])
            if record is not None:
                return record, "/".join(filter(None, parts[at:]))
    raise invalid(
        f"{address} is not an address of a run's artifacts: {layout.OUTPUTS}/ of a run is"
    )


def _path_in(address: str) -> str:
    """The path in an address; "": it has none.

    Raises:
        MlflowException: it is none on this machine.
    """
    found = urlsplit(address)
    if found.netloc or (found.path and not found.path.startswith("/")):
        raise invalid(
            f"{address} names no folder: write {found.scheme}:// and the store's whole path"
        )
    return unquote(found.path, errors="surrogateescape").rstrip("/")
