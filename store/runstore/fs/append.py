"""Append logs: many writers, no lock, and no writer can hurt another's record.

A record is one JSON object on a line, written by one `os.write` that also begins with a newline:
a writer that is killed in mid-write leaves a stump, and the next record's newline ends it, so the
stump costs nothing but itself. Readers take whole lines only, skip what does not parse and count
it, and go on later from the byte where they stopped.
"""

from __future__ import annotations

import errno
import os

from runstore.fs.atomic import let_group_read

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from typing import Any

_BLOCK = 8192
"""Lines parsed as one JSON array; larger blocks are no faster and take more memory."""

_WINDOW = 1 << 20
"""Bytes read at once."""

MOST_LINE = 1 << 27
"""A longer line is broken, and not kept: a run of another's making can hold anything."""

_SEEK_DATA = getattr(os, "SEEK_DATA", None)


def open_for_append(path: str, directory: int | None = None) -> int:
    """The descriptor of an append log, made if it is not there."""
    flags = os.O_WRONLY | os.O_APPEND | os.O_CREAT | os.O_NOFOLLOW | os.O_CLOEXEC
    descriptor = os.open(path, flags, 0o600, dir_fd=directory)
    let_group_read(descriptor, os.path.dirname(path) or ("." if directory is None else directory))
    return descriptor


def write_record(descriptor: int, record: str) -> bool:
    """Append one record (JSON without newlines). False: the disk took only a part of it.

    The rest of a short write is never written later: another writer may stand in between.
    """
    data = f"\n{record}\n".encode()
    return os.write(descriptor, data) == len(data)


def windows(path: str, offset: int = 0) -> Iterator[tuple[bytes, int]]:
    """Whole lines from a byte on, in windows: the bytes, and the offset behind them.

    An unfinished last line is "not yet" and is not given. Of a line longer than `MOST_LINE` only
    the end is given. What is no regular file has no lines; opening a pipe does not wait.
    """
    try:
        descriptor = os.open(path, os.O_RDONLY | os.O_NOFOLLOW | os.O_CLOEXEC | os.O_NONBLOCK)
    except FileNotFoundError:
        return
    except OSError as error:
        if error.errno in (errno.ELOOP, errno.ENXIO):
            return
        raise
    try:
        rest: list[bytes] = []
        at = offset
        while data := os.pread(descriptor, _WINDOW, at):
            at += len(data)
            end = data.rfind(b"\n") + 1
            if end:
                whole = b"".join((*rest, data[:end]))
                rest = [data[end:]]
                offset = at - len(rest[0])
                yield whole, offset
            else:
                rest.append(data)
                if at - offset > MOST_LINE:  # a byte of it stays: the line counts as broken
                    behind = _behind_hole(descriptor, at)
                    rest = [] if behind > at else [data[-1:]]
                    at = max(at, behind - 1)
    except OSError as error:
        if error.errno not in (errno.EISDIR, errno.ESPIPE):
            raise
    finally:
        os.close(descriptor)


def _behind_hole(descriptor: int, at: int) -> int:
    """Where a sparse file has bytes again, from here on; its holes take no time to be read."""
    if _SEEK_DATA is None:
        return at
    try:
        return os.lseek(descriptor, at, _SEEK_DATA)
    except OSError as error:
        return os.fstat(descriptor).st_size if error.errno == errno.ENXIO else at


def parse(data: bytes) -> tuple[list[dict[str, Any]], int]:
    """The records in whole lines, and how many lines were broken."""
    lines = [line for line in data.split(b"\n") if line]
    records: list[dict[str, Any]] = []
    broken = 0
    for start in range(0, len(lines), _BLOCK):
        block = lines[start : start + _BLOCK]
        good = _parse_block(block)
        if good is None:
            good = [record for record in map(_parse_line, block) if record is not None]
            broken += len(block) - len(good)
        records += good
    return records, broken


def _parse_block(lines: list[bytes]) -> list[dict[str, Any]] | None:
    """Many lines as one JSON array, or None if any of them is not surely one whole record.

    Joined, two broken lines can form one valid record (`{"a":1` and `"b":2}`), and one line can
    hold two (`1,2`): so number, braces and types have to fit.
    """
    import json

    if not all(line[0] == 0x7B and line[-1] == 0x7D for line in lines):
        return None
    try:
        joined = json.loads(b"[" + b",".join(lines) + b"]", parse_constant=_refuse)
    except (ValueError, RecursionError):
        return None
    if len(joined) == len(lines) and all(type(record) is dict for record in joined):
        return list(joined)
    return None


def _parse_line(line: bytes) -> dict[str, Any] | None:
    import json

    try:
        record = json.loads(line, parse_constant=_refuse)
    except (ValueError, RecursionError):
        return None
    return record if isinstance(record, dict) else None


def _refuse(name: str) -> None:
    raise ValueError(f"{name} is not JSON")


def survey(path: str, is_record: Callable[[dict[str, Any]], bool]) -> tuple[int, int, int]:
    """How many lines are broken or hold no such record, where the first begins, where lines end."""
    broken = first = start = 0
    for data, end in windows(path):
        records, bad = parse(data)
        if bad or not all(map(is_record, records)):
            offsets = [at for at, record in _located(data) if not (record and is_record(record))]
            first = first if broken else start + offsets[0]
            broken += len(offsets)
        start = end
    return broken, first, start


def _located(data: bytes) -> Iterator[tuple[int, dict[str, Any] | None]]:
    """Where each line begins, and its record if it is one."""
    at = 0
    for line in data.split(b"\n"):
        if line:
            yield at, _parse_line(line)
        at += len(line) + 1


def read(path: str, offset: int = 0) -> tuple[list[dict[str, Any]], int, int]:
    """All records from a byte on, the offset to go on from, and how many lines were broken."""
    records: list[dict[str, Any]] = []
    broken = 0
    for data, end in windows(path, offset):
        good, bad = parse(data)
        records += good
        broken += bad
        offset = end
    return records, offset, broken
