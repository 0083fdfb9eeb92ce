"""Saved views."""

from __future__ import annotations

from typing import TypedDict

from homerun.studio.answers.values import Time


class ViewRow(TypedDict):
    """A page as it was saved by name: `query` is what stands behind the `?` of its address."""

    id: str
    revision: int
    name: str
    page: str
    query: dict[str, list[str]]
    experiment: str
    is_default: bool
    user: str
    time: Time


class ViewsAnswer(TypedDict):
    """All views of the store, by name."""

    views: list[ViewRow]
