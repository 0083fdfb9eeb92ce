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


class FormerCode(TypedDict):
    """Which code of a past run is there.

    Attributes:
        snapshot: the id of the code as it was; null: it is gone.
        changed: how many files are other ones in its source folder now; null: not known.
    """

    snapshot: str | None
    is_source_there: bool
    changed: int | None


class DefaultsAnswer(TypedDict):
    """What a form for a new run begins with; null: as usual.

    Attributes:
        packages: the name of the environment with packages that a past run had.
        variables: the names of the environment variables that it was given; their values are in no
            record. unset: those that Studio itself has not.
        kept: the other settings that are not as usual, as JSON: they stay.
        code: null: there is no past run.
    """

    script: str | None
    arguments: list[str]
    experiment: str | None
    target: str
    source: str
    tags: Tags
    hidden: list[str]
    slots: int | None
    gpus: int | None
    priority: int | None
    max_retries: int | None
    max_run_duration_seconds: float | None
    interpreter: str | None
    packages: str | None
    variables: list[str]
    unset: list[str]
    kept: dict[str, str]
    code: FormerCode | None
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
