"""Runs side by side, and what a metric of theirs depends on."""

from __future__ import annotations

from typing import Any, Literal, TypedDict

from homerun.studio.answers.runs import RunRow


class ComparedRow(TypedDict):
    """A value of each run; `differs`: of those that can have one, they are not all the same.

    Of a metric `is_most` says whether more of it is better; None: that is not known, or it is none.
    """

    section: Literal[
        "run",
        "params",
        "arguments",
        "metrics",
        "tags",
        "properties",
        "code",
        "environment",
        "packages",
        "files",
    ]
    name: str
    values: list[Any]
    differs: bool
    is_most: bool | None


class CompareAnswer(TypedDict):
    """Runs in the order in which they were named; `gone`: those that are not there any more."""

    runs: list[RunRow]
    gone: list[str]
    rows: list[ComparedRow]
    more: bool


class ParamWeight(TypedDict):
    """How much a parameter tells of a metric, from 0 to 1, and the rank correlation of the two."""

    name: str
    importance: float
    correlation: float | None
    runs: int


class ImportanceAnswer(TypedDict):
    """The parameters that differ, the most telling first; `runs`: so many have the metric.

    `more`: there are more of them; these 50 tell most.
    """

    metric: str
    runs: int
    params: list[ParamWeight]
    more: bool
