"""Workspace, Experiment and Run as a notebook shows them: a small table, every value escaped."""

from __future__ import annotations

from html import escape

TYPE_CHECKING = False
if TYPE_CHECKING:
    from homerun.experiment import Experiment
    from homerun.run import Run
    from homerun.workspace import Workspace


DOCS_OF_EXPERIMENT = (
    "https://learn.microsoft.com/python/api/azureml-core/azureml.core.experiment.experiment"
)


def address(path: str) -> str:
    """A path on this machine as the address that a browser opens."""
    from urllib.parse import quote

    return f"file://{quote(path)}"


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
    """A run: who it is, how it stands, and what it logged last."""
    rows: dict[str, object] = {
        "Experiment": shown.experiment.name,
        "Id": shown.id,
        "Type": shown.type,
        "Status": shown.get_status(),
        "Tags": ", ".join(f"{key}={value}" for key, value in shown.tags.items()),
        "Directory": shown.directory,
    }
    return _table(rows)


def _table(rows: dict[str, object]) -> str:
    cells = "".join(f"<th style='text-align:left'>{escape(name)}</th>" for name in rows)
    values = "".join(
        f"<td style='text-align:left'>{escape('' if value is None else str(value))}</td>"
        for value in rows.values()
    )
    return f"<table><tr>{cells}</tr><tr>{values}</tr></table>"
