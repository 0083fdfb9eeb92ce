"""Files, logs and code of a run."""

from __future__ import annotations

from typing import Literal, TypedDict, Union

from homerun.studio.answers.values import Time


class FileRow(TypedDict):
    """A file or a folder of a run."""

    name: str
    path: str
    kind: Literal["folder", "file"]
    size: int | None
    modified: Time
    preview: Literal["image", "text", "json", "csv", "none"]


class FilesAnswer(TypedDict):
    """What lies in a folder, or all files below it; `total`: how many there are of them."""

    folder: str
    entries: list[FileRow]
    total: int
    more: bool


class _Preview(TypedDict):
    path: str
    kind: Literal["image", "text", "json", "csv", "none"]
    size: int
    modified: Time
    is_cut: bool


class PreviewAnswer(_Preview, total=False):
    """The beginning of a file: its text, and of a table its rows."""

    text: str
    columns: list[str]
    rows: list[list[str]]


class LogRow(TypedDict):
    """A log of a run."""

    name: str
    size: int
    modified: Time
    is_live: bool


class LogsAnswer(TypedDict):
    """The logs of a run, the most interesting first."""

    logs: list[LogRow]


class LinesCounted(TypedDict):
    """How far lines are counted."""

    bytes: int
    lines: int


class LogPiece(TypedDict):
    """A piece of a log; `from` and `to` are bytes, `line` is None while it is not counted."""

    name: str
    size: int
    from_: int
    to: int
    text: str
    line: int | None
    cut_start: bool
    cut_end: bool
    counted: LinesCounted
    is_live: bool


class LogHit(TypedDict):
    """A line of a log that was found."""

    at: int
    line: int
    column: int
    text: str


class FoundLine(TypedDict):
    """A hit, while a log is searched."""

    hit: LogHit


class ProgressLine(TypedDict):
    """How far a search has come."""

    read: int
    size: int


class DoneLine(TypedDict):
    """The end of a search; more: there are more hits than were asked for."""

    done: Literal[True]
    hits: int
    more: bool


SearchLine = Union[FoundLine, ProgressLine, DoneLine]


class GitState(TypedDict):
    """What git said of the source folder."""

    branch: str | None
    commit: str | None
    remote: str | None
    dirty: str | None


class CodeRow(TypedDict):
    """A file of a run's code."""

    path: str
    kind: Literal["file", "folder", "link", "linked", "linked folder"]
    size: int | None
    target: str | None


class CodeAnswer(TypedDict):
    """The files of a run's code; is_there: the snapshot was not removed."""

    snapshot: str | None
    is_there: bool
    git: GitState | None
    has_diff: bool
    files: list[CodeRow]
    more: bool


class TextAnswer(TypedDict):
    """The beginning of a text; None where the file holds anything else."""

    size: int
    text: str | None
    is_cut: bool
    is_binary: bool


class CodeFileAnswer(TextAnswer):
    """A file of a run's code."""

    path: str
