"""Searching a log of any size for a text, or for lines that look like errors."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Any

from homerun.files.logs.line_pattern import LinePattern
from homerun.files.logs.pages import Log

_WINDOW = 1 << 20
_LONGEST_LINE = 4 << 20
_TELL_EVERY = 8 << 20
_COLOURS = re.compile(rb"\x1b\[[0-9;:?]{0,40}[@-~]")
_SHOWN = 400
_BEFORE = 100
_ERRORS = (
    *(b"Traceback (most recent call last)", b"Error", b"Exception", b"ERROR", b"FATAL"),
    *(b"CRITICAL", b"Segmentation fault", b"core dumped", b"ut of memory", b"error:", b"fatal:"),
)


def search(
    log: Log,
    words: str | LinePattern | None = None,
    is_exact: bool = False,
    limit: int = 1000,
    start: int = 0,
) -> Iterator[dict[str, Any]]:
    """Lines of a log that hold a text, match an expression, or look like errors, from a byte on.

    Args:
        words: the text, or the expression; None: errors.
        is_exact: capital letters of a text count.
        limit: so many hits at most.

    Yields:
        `{"hit": …}`, now and then `{"read": bytes, "size": bytes}`, at last `{"done": …}`.
    """
    if isinstance(words, LinePattern):
        pattern = words

        def among(at: int, line: int, data: bytes) -> Iterator[dict[str, Any]]:
            return _matches(pattern, at, line, data)

    else:
        wanted, is_folded = _wanted(words, is_exact)

        def among(at: int, line: int, data: bytes) -> Iterator[dict[str, Any]]:
            return _hits(wanted, at, line, data, is_folded)

    hits = 0
    told = start
    for at, line, data in _windows(log, start):
        for hit in among(at, line, data):
            if hits == limit:
                yield {"done": True, "hits": hits, "more": True}
                return
            hits += 1
            yield {"hit": hit}
        if at + len(data) - told >= _TELL_EVERY:
            told = at + len(data)
            yield {"read": told, "size": log.size}
    yield {"done": True, "hits": hits, "more": False}


def _windows(log: Log, start: int) -> Iterator[tuple[int, int, bytes]]:
    """Whole lines: the byte and the number of the first one, and the lines.

    A line of several MiB counts as several.
    """
    at, rest = start, b""
    line = 1 + _newlines(log, start)
    while data := log.read(at + len(rest), _WINDOW):
        rest += data
        end = rest.rfind(b"\n") + 1
        if not end and len(rest) < _LONGEST_LINE:
            continue
        whole, rest = (rest[:end], rest[end:]) if end else (rest, b"")
        yield at, line, whole
        at += len(whole)
        line += whole.count(b"\n")
    if rest:
        yield at, line, rest


def _newlines(log: Log, end: int) -> int:
    found, at = 0, 0
    while at < end and (data := log.read(at, min(_WINDOW, end - at))):
        found += data.count(b"\n")
        at += len(data)
    return found


def _hits(
    wanted: list[bytes], at: int, line: int, data: bytes, is_folded: bool
) -> Iterator[dict[str, Any]]:
    text = data.lower() if is_folded else data
    places = {one: text.find(one) for one in wanted}
    counted = 0
    while found := [(place, one) for one, place in places.items() if place >= 0]:
        place = min(found)[0]
        start = data.rfind(b"\n", 0, place) + 1
        end = data.find(b"\n", place)
        end = len(data) if end < 0 else end
        line += data.count(b"\n", counted, start)
        counted = start
        first = max(start, place - _BEFORE)
        shown = data[first : min(end, first + _SHOWN)]
        yield {
            "at": at + start,
            "line": line,
            "column": place - start,
            "text": shown.decode("utf-8", "replace"),
        }
        for before, one in found:
            if before <= end:
                places[one] = text.find(one, end + 1)


def _matches(pattern: LinePattern, at: int, line: int, data: bytes) -> Iterator[dict[str, Any]]:
    """Lines as people read them: without the sequences that colour them."""
    lines = data.split(b"\n")
    if not lines[-1]:
        lines.pop()  # behind the end of the last one there is none
    for one in lines:
        plain = _COLOURS.sub(b"", one).removesuffix(b"\r")
        if pattern.search(plain):
            shown = plain[:_SHOWN].decode("utf-8", "replace")
            yield {"at": at, "line": line, "column": 0, "text": shown}
        at += len(one) + 1
        line += 1


def _wanted(words: str | None, is_exact: bool) -> tuple[list[bytes], bool]:
    """The texts one of which a line has to hold, and whether the line is to be in small letters."""
    if words is None:
        return list(_ERRORS), False
    if is_exact:
        return [words.encode("utf-8", "replace")], False
    if words.isascii():
        return [words.encode().lower()], True
    forms = (words, words.lower(), words.upper(), words.title(), words.capitalize())
    return sorted({form.encode("utf-8", "replace") for form in forms}), False
