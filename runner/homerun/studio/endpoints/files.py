"""Answers with what a run has written: files, logs, and the code that it ran."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from homerun.files import archive, browse
from homerun.files.logs import pages as log_pages
from homerun.files.logs import search
from homerun.files.logs.line_pattern import LinePattern, WrongPatternError
from homerun.studio.http import responses
from homerun.studio.http.requests import bad
from homerun.views import code as code_view

if TYPE_CHECKING:
    from collections.abc import Iterator

    from starlette.responses import Response

    from homerun.studio.http.requests import Ask
    from homerun.studio.state import Desk

_PIECE = 64 << 10
_MOST_BYTE = 1 << 60
_MOST_HITS = 10_000
_ZIP = "application/zip"


def files(desk: Desk, ask: Ask) -> dict[str, Any]:
    """What lies in a folder of a run's files, or all files below it."""
    record, folder = desk.record(ask.run), (ask.text("folder") or "").rstrip("/")
    order = ask.text("sort") or browse.BY_NAME
    if not ask.flag("below"):
        return browse.entries(record, folder, order)
    return browse.below(record, folder, ask.text("like") or "", order)


def preview(desk: Desk, ask: Ask) -> dict[str, Any]:
    """The beginning of a file, as text or a table."""
    return browse.preview(desk.record(ask.run), ask.needed("file"))


def file(desk: Desk, ask: Ask) -> Response:
    """A file: an image to be shown, anything else as an attachment."""
    found = browse.RunFile(desk.record(ask.run), ask.needed("file"))
    return responses.of_file(found, ask.headers, is_shown=not ask.flag("download"))


def folder(desk: Desk, ask: Ask) -> Response:
    """A folder as an archive, while it is made."""
    record = desk.record(ask.run)
    wanted = (ask.text("folder") or "").rstrip("/")
    browse.entries(record, wanted)  # whether it is there
    last = wanted.rpartition("/")[2] or "files"
    packed = archive.zip_of_folder(record, wanted)
    return responses.of_parts(packed, f"{record.id}-{last}.zip", _ZIP)


def log_list(desk: Desk, ask: Ask) -> dict[str, Any]:
    """The logs of a run."""
    return {"logs": log_pages.listed(desk.record(ask.run))}


def log(desk: Desk, ask: Ask) -> dict[str, Any]:
    """A piece of a log, in whole lines."""
    run = desk.run(ask.run)
    count = max(1, ask.whole("bytes", _PIECE, log_pages.MOST_BYTES))
    wanted = [name for name in ("end", "at", "before", "line") if ask.text(name) is not None]
    if len(wanted) != 1:
        raise bad("give one of end, at, before and line")
    with log_pages.Log(run._record, ask.needed("log"), desk.board.lines) as found:
        if wanted == ["end"]:
            piece = found.end(count)
        else:
            place = ask.whole(wanted[0], 0, _MOST_BYTE)
            ways = {"at": found.at, "before": found.before, "line": found.line}
            piece = ways[wanted[0]](place, count)
    return {**piece, "is_live": not run._look().is_over}


def log_search(desk: Desk, ask: Ask) -> Response:
    """Lines of a log that hold a text or match an expression, while they are found."""
    words: str | LinePattern | None = ask.text("q")
    is_exact = ask.flag("case")
    if (words is None) != ask.flag("errors"):
        raise bad("give q, or errors=1")
    if words is not None and ask.flag("regex"):
        words = _pattern(str(words), is_exact)
    opened = log_pages.Log(desk.record(ask.run), ask.needed("log"))
    limit = ask.whole("limit", 1_000, _MOST_HITS)
    start = ask.whole("from", 0, _MOST_BYTE)

    def rows() -> Iterator[dict[str, Any]]:
        with opened:
            yield from search.search(opened, words, is_exact, limit, start)

    return responses.of_lines(rows())


def _pattern(text: str, is_exact: bool) -> LinePattern:
    written = text.encode("utf-8", "replace")
    try:
        return LinePattern(written if is_exact else b"(?i:" + written + b")")
    except WrongPatternError as error:
        raise bad(f"not a regular expression: {error}") from None


def log_download(desk: Desk, ask: Ask) -> Response:
    """A log as an attachment."""
    found = log_pages.Log(desk.record(ask.run), ask.needed("log"))
    return responses.of_log(found, ask.headers)


def code(desk: Desk, ask: Ask) -> dict[str, Any]:
    """The files of the code that a run ran."""
    return code_view.listed(desk.record(ask.run))


def code_file(desk: Desk, ask: Ask) -> dict[str, Any]:
    """One of these files, as text."""
    return code_view.file(desk.record(ask.run), ask.needed("file"))


def code_diff(desk: Desk, ask: Ask) -> dict[str, Any]:
    """What git had not committed of it."""
    return code_view.diff(desk.record(ask.run))


def code_zip(desk: Desk, ask: Ask) -> Response:
    """The code as an archive."""
    record = desk.record(ask.run)
    return responses.of_parts(archive.zip_of_code(record), f"{record.id}-code.zip", _ZIP)
