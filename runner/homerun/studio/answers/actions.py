"""What changes have done, and what a form for a new run begins with."""

from __future__ import annotations

from typing import TypedDict

from homerun.studio.answers.runs import RunRow, Unread
from homerun.studio.answers.values import Tags


class _Failure(TypedDict):
    id: str
    code: str
    message: str


class BulkFailure(_Failure, total=False):
    """Why one run was not changed; `hidden` names the secrets that it needs."""

    hidden: list[str]


class BulkAnswer(TypedDict):
    """Which runs were changed, and why others were not.

    `next` is where to go on with the runs that a query means; null: there are no more.
    """

    done: list[str]
    failed: list[BulkFailure]
    next: str | None


class SelectionAnswer(TypedDict):
    """How many runs a query means, and from where on; null: there are none."""

    total: int
    until: str | None
    unread: Unread | None


class DefaultsAnswer(TypedDict):
    """What a form for a new run begins with."""

    script: str | None
    arguments: list[str]
    experiment: str | None
    target: str
    source: str
    tags: Tags
    hidden: list[str]
    targets: list[str]
    experiments: list[str]


class ScriptsAnswer(TypedDict):
    """The scripts and the folders in a folder."""

    source: str
    scripts: list[str]
    folders: list[str]


class SubmitAnswer(TypedDict):
    """The new run, and what there is to say about it."""

    run: RunRow
    notices: list[str]
