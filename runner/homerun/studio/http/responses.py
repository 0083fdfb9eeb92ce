"""Answers: JSON, streams, files, and the headers that keep each of them harmless."""

from __future__ import annotations

import json
from functools import cache, partial
from typing import TYPE_CHECKING, Any
from urllib.parse import quote

from anyio import CancelScope, CapacityLimiter, to_thread
from starlette.responses import Response, StreamingResponse

from homerun.studio.http.requests import RefusedError
from homerun.views import error_codes

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Callable, Iterator, Mapping

    from homerun.files.browse import RunFile
    from homerun.files.logs.pages import Log

STATUSES = {
    error_codes.BAD_REQUEST: 400,
    error_codes.READ_ONLY: 403,
    error_codes.NOT_FOUND: 404,
    error_codes.CONFLICT: 409,
    error_codes.FAILED: 500,
    error_codes.UNAVAILABLE: 503,
}
"""The HTTP status of each code that an error of ours has."""

_PIECE = 1 << 18
_MOST_THREADS = 16
_INERT = "sandbox; default-src 'none'; style-src 'unsafe-inline'; img-src data:"
_PAGE = (
    "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data: blob:; "
    "font-src 'self'; connect-src 'self'; form-action 'self'; base-uri 'none'; frame-ancestors "
)


def safe_headers(framed: str) -> list[tuple[bytes, bytes]]:
    """The headers of every answer that has none of its own for the same."""
    found = {
        "content-security-policy": _PAGE + framed,
        "x-content-type-options": "nosniff",
        "referrer-policy": "no-referrer",
        "cross-origin-opener-policy": "same-origin",
        "cross-origin-resource-policy": "same-origin",
        "permissions-policy": "camera=(), microphone=(), geolocation=()",
        "cache-control": "no-store",
    }
    if framed == "'none'":
        found["x-frame-options"] = "DENY"
    return [(name.encode(), value.encode()) for name, value in found.items()]


def dumps(value: object) -> bytes:
    """Strict JSON; numbers that it has not become texts."""
    try:
        text = json.dumps(value, allow_nan=False, separators=(",", ":"), ensure_ascii=True)
    except ValueError:
        text = json.dumps(_finite(value), allow_nan=False, separators=(",", ":"))
    return text.encode()


def of_json(value: object, status: int = 200) -> Response:
    """A value as JSON."""
    return Response(dumps(value), status, media_type="application/json")


def error(refused: RefusedError) -> Response:
    """What is wrong, as JSON."""
    said = {"error": {"code": refused.code, "message": refused.message}}
    return of_json(said, refused.status)


def refused(failure: Exception) -> RefusedError:
    """A failure as it is answered: our errors in their own words, others by their class alone."""
    code = error_codes.code_of(failure)
    if code == error_codes.FAILED:
        message = f"something unexpected went wrong ({type(failure).__name__})"
    else:
        message = error_codes.sentence(failure)
    return RefusedError(STATUSES[code], code, message)


def nothing_here() -> RefusedError:
    """The error of an address that leads nowhere."""
    return RefusedError(404, error_codes.NOT_FOUND, "there is nothing at this address")


def of_lines(rows: Iterator[Mapping[str, Any]]) -> Response:
    """JSON objects, one a line, as they come."""
    lines = (dumps(row) + b"\n" for row in rows)
    return StreamingResponse(in_thread(lines, rows), media_type="application/x-ndjson")


def of_parts(
    parts: Iterator[bytes], name: str, media_type: str, size: int | None = None
) -> Response:
    """Bytes as they come, to be kept as a file.

    Args:
        size: how many there are, where that is known before: a browser that gets fewer says so.
    """
    headers = {"content-disposition": _attachment(name), "content-security-policy": _INERT}
    if size is not None:
        headers["content-length"] = str(size)
    return StreamingResponse(in_thread(parts), headers=headers, media_type=media_type)


def of_file(file: RunFile, headers: Mapping[str, str], is_shown: bool) -> Response:
    """A file of a run: an image as one, anything else as an attachment; or a range of it."""
    kind = file.image_type()
    name = file.name.rpartition("/")[2]
    told = {
        "accept-ranges": "bytes",
        "etag": f'"{file.tag}"',
        "cache-control": "private, no-cache",
        "content-security-policy": _INERT,
    }
    if not is_shown or kind is None:
        told["content-disposition"] = _attachment(name)
    if headers.get("if-none-match") == told["etag"]:
        file.close()
        return Response(status_code=304, headers=told)
    return of_bytes(file, headers, told, kind or "application/octet-stream")


def of_log(log: Log, headers: Mapping[str, str]) -> Response:
    """A log as an attachment, or a range of it."""
    told = {
        "accept-ranges": "bytes",
        "content-disposition": _attachment(log.name.replace("/", "-")),
        "content-security-policy": _INERT,
    }
    return of_bytes(log, headers, told, "text/plain; charset=utf-8")


def of_bytes(source: Any, headers: Mapping[str, str], told: dict[str, str], kind: str) -> Response:
    """What can be read by place, or the range of it that is asked for; closed in the end."""
    size = source.size
    first, last = 0, size - 1
    status = 200
    asked = headers.get("range")
    if asked is not None and headers.get("if-range", told.get("etag")) == told.get("etag"):
        found = _range(asked, size)
        if found is None:
            source.close()
            return Response(status_code=416, headers={"content-range": f"bytes */{size}"})
        if found != (first, last):
            first, last = found
            status = 206
            told["content-range"] = f"bytes {first}-{last}/{size}"
    told["content-length"] = str(last - first + 1)
    parts = _parts(source, first, last + 1)
    return StreamingResponse(in_thread(parts, source), status, headers=told, media_type=kind)


async def work(act: Callable[[], Any]) -> Any:
    """Do something that blocks, in a thread."""
    return await to_thread.run_sync(act, limiter=_limiter())


async def in_thread(parts: Iterator[bytes], *owners: Any) -> AsyncIterator[bytes]:
    """The parts of something that blocks; it is closed when the client takes no more of them."""
    try:
        while True:
            part = await to_thread.run_sync(partial(next, parts, None), limiter=_limiter())
            if part is None:
                return
            yield part
    finally:
        with CancelScope(shield=True):
            await to_thread.run_sync(_close, (parts, *owners), limiter=_limiter())


def _close(owners: tuple[Any, ...]) -> None:
    for owner in owners:
        owner.close()


@cache
def _limiter() -> CapacityLimiter:
    """The bound on the threads of all requests together."""
    return CapacityLimiter(_MOST_THREADS)


def _parts(source: Any, start: int, end: int) -> Iterator[bytes]:
    try:
        while start < end:
            part = source.read(start, min(_PIECE, end - start))
            if not part:
                part = bytes(min(_PIECE, end - start))  # cut short since: the length was told
            start += len(part)
            yield part
    finally:
        source.close()


def _range(asked: str, size: int) -> tuple[int, int] | None:
    """The first and last byte of a range; None: there are none such. Several: the whole."""
    unit, _, said = asked.partition("=")
    if unit.strip() != "bytes" or "," in said:
        return 0, size - 1
    first, dash, last = said.strip().partition("-")
    if not dash or not all(one.isascii() and one.isdecimal() for one in (first, last) if one):
        return 0, size - 1
    if max(len(first), len(last)) > 18 or not (first or last):
        return None
    if not first:
        start, end = max(0, size - int(last)), size - 1
    else:
        start, end = int(first), min(int(last), size - 1) if last else size - 1
    return (start, end) if start <= end and start < size else None


def _attachment(name: str) -> str:
    plain = "".join(c if c.isascii() and (c.isalnum() or c in "._-") else "_" for c in name)
    coded = quote(name.encode("utf-8", "replace"), safe="")
    return f"attachment; filename=\"{plain[-100:] or 'file'}\"; filename*=UTF-8''{coded}"


def _finite(value: Any) -> Any:
    if isinstance(value, float):
        if value - value == 0.0:
            return value
        return "NaN" if value != value else "Infinity" if value > 0 else "-Infinity"
    if isinstance(value, dict):
        return {key: _finite(one) for key, one in value.items()}
    if isinstance(value, (list, tuple)):
        return [_finite(one) for one in value]
    return value
