"""Workspace, Experiment and Run as a notebook shows them: a small table, every value escaped."""

from __future__ import annotations

from html import escape
from itertools import islice
from urllib.parse import quote

from homerun.project import portal as studios

TYPE_CHECKING = False
if TYPE_CHECKING:
    from homerun import Experiment, Run, Workspace
    from runstore.root import Root

_MOST_CHILDREN = 20


DOCS_OF_EXPERIMENT = (
    "https://learn.microsoft.com/python/api/azureml-core/azureml.core.experiment.experiment"
)


def address(path: str) -> str:
    """A path on this machine as the address that a browser opens."""
    return f"file://{quote(path)}"


def quoted(text: str) -> str:
    """A text as a part of an address."""
    return quote(text, safe="")


def portal(store: Root, place: str, folder: str) -> str:
    """Where to look at something: its page in the Studio that shows the store, else its folder.

    Args:
        place: what stands behind the `#` of Studio's address, quoted.
    """
    found = studios.address_of(store)
    return address(folder) if found is None else f"{found}#{place}"


def workspace(shown: Workspace) -> str:
    """A workspace: its name, where it is, and how many experiments it has."""
    return _table(
        {
            "Workspace": shown.name,
            "Experiments": len(shown.experiments),
            "Directory": shown.directory,
        }
    )


def experiment(shown: Experiment) -> str:
    """An experiment and its workspace."""
    return _table({"Experiment": shown.name, "Workspace": shown.workspace.name})


def run(shown: Run) -> str:
    """A run: its identity and its status, its parameters, and what it logged last."""
    return "".join(_table(rows) for rows in (facts(shown), last_metrics(shown)) if rows)


def details(shown: Run) -> str:
    """A run, what it logged last, and its children."""
    parts = [_table(rows) for rows in (facts(shown), last_metrics(shown)) if rows]
    return "".join([*parts, *(_table(facts(child)) for child in newest_children(shown))])


def facts(shown: Run) -> dict[str, object]:
    """The facts of a run for one row."""
    experiment = getattr(shown, "experiment", None)  # an offline run has none
    return {
        "Experiment": experiment.name if experiment is not None else None,
        "Id": shown.id,
        "Type": shown.type,
        "Status": shown.get_status(),
        "Parameters": ", ".join(f"{key}={value}" for key, value in shown.get_params().items()),
        "Tags": ", ".join(f"{key}={value}" for key, value in shown.tags.items()),
        "Directory": shown.directory,
    }


def last_metrics(shown: Run) -> dict[str, object]:
    """The last value of each metric; of a table, the last one of each column."""
    return {name: _last(value) for name, value in shown.get_metrics().items()}


def newest_children(shown: Run) -> list[Run]:
    """As many of a run's children as a page takes."""
    return list(islice(shown.get_children(), _MOST_CHILDREN))


def _last(value: object) -> object:
    if isinstance(value, dict):
        return ", ".join(f"{column}={_last(cells)}" for column, cells in value.items())
    return value[-1] if isinstance(value, list) and value else value


def _table(rows: dict[str, object]) -> str:
    cells = "".join(f"<th style='text-align:left'>{escape(name)}</th>" for name in rows)
    values = "".join(
        f"<td style='text-align:left'>{escape('' if value is None else str(value))}</td>"
        for value in rows.values()
    )
    return f"<table><tr>{cells}</tr><tr>{values}</tr></table>"
