"""How the parts of a line look: one table, for Textual and for the first picture."""

from __future__ import annotations

from homerun.cli.output import console

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any

STYLES: dict[str, dict[str, Any]] = {
    "head": {"bold": True},
    "heading": {"bold": True},
    "column": {"underline": True},
    "selected": {"reverse": True},
    "title": {"bold": True},
    "question": {"bold": True},
    "waiting": {"color": "blue", "bold": True},
    "value": {"color": "cyan"},
    "chart": {"color": "cyan"},
    "error": {"color": "red", "bold": True},
    "dim": {"dim": True},
}
"""By name, in the words of `rich.style.Style`; those of the statuses are colours."""


def styles(colours: bool) -> dict[str, dict[str, Any]]:
    """All of them by name. Without colours the rest of each is left."""
    found = {**STYLES, **{name: {"color": one} for name, one in console.COLOURS.items()}}
    if colours:
        return found
    return {name: {**one, "color": None} for name, one in found.items()}
