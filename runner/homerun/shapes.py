"""The shapes in which metrics are returned: the original's, by kind and number of points."""

from __future__ import annotations

from runstore import metrics

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any


def of_folder(run_folder: str, name: str | None = None) -> dict[str, Any]:
    """A recorded run's metrics; see `of_lists`."""
    found, _ = metrics.read(run_folder)
    return of_lists({key: series.values for key, series in found.items()}, name)


def of_lists(found: dict[str, list[Any]], name: str | None = None) -> dict[str, Any]:
    """Metrics by name: one value as itself, several as a list of them.

    Args:
        name: only this metric; {} if there is none of that name.
    """
    return {
        key: values[0] if len(values) == 1 else values
        for key, values in found.items()
        if name is None or key == name
    }
