"""The account that this process works for."""

from __future__ import annotations

from runstore.fs import facts


def own_name() -> str:
    """Its login name, or its number where the system knows no name, as for a container's user."""
    return facts.user_name()
