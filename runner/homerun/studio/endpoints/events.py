"""The one stream of events: what changes, as it changes."""

from __future__ import annotations

import asyncio
import sqlite3
from functools import partial
from typing import TYPE_CHECKING, Any

from starlette.responses import StreamingResponse

from homerun.studio.http import responses
from homerun.views.feed import News, Subscription
from runstore.errors import BaseError

if TYPE_CHECKING:
    from collections.abc import AsyncIterator

    from homerun.studio.http.requests import Ask
    from homerun.studio.state import Desk

_ALIVE_S = 15.0


async def events(desk: Desk, ask: Ask) -> StreamingResponse:
    """What changes, as server-sent events."""
    cursor = ask.headers.get("last-event-id") or ask.text("cursor")
    make = partial(
        Subscription,
        desk.board,
        ask.texts("topic"),
        cursor,
        ask.texts("metrics"),
        ask.text("experiment"),
    )
    watch = await responses.work(make)
    headers = {"x-accel-buffering": "no"}
    told = _until_now(watch) if ask.flag("once") else _stream(desk, watch)
    return StreamingResponse(told, headers=headers, media_type="text/event-stream; charset=utf-8")


async def _until_now(watch: Subscription) -> AsyncIterator[bytes]:
    yield _hello(watch)
    for name, data in await _read(watch) or ():
        yield _event(name, data, watch.cursor)


async def _read(watch: Subscription) -> list[News] | None:
    """What is new; None: it cannot be read. The page asks again, and is told what is wrong."""
    try:
        news: list[News] = await responses.work(watch.read)
    except (BaseError, OSError, sqlite3.Error):
        return None
    return news


async def _stream(desk: Desk, watch: Subscription) -> AsyncIterator[bytes]:
    loop = asyncio.get_running_loop()
    looked = asyncio.Event()
    yield _hello(watch)
    desk.pulse.add(watch, lambda: _tell(loop, looked))
    try:
        while not desk.is_closing:
            try:
                await asyncio.wait_for(looked.wait(), _ALIVE_S)
            except asyncio.TimeoutError:
                yield b": nothing new\n\n"
                continue
            looked.clear()
            news = await _read(watch)
            if news is None:
                return
            for name, data in news:
                yield _event(name, data, watch.cursor)
    finally:
        desk.pulse.remove(watch)


def _tell(loop: asyncio.AbstractEventLoop, looked: asyncio.Event) -> None:
    try:
        loop.call_soon_threadsafe(looked.set)
    except RuntimeError:
        return  # the server has ended


def _hello(watch: Subscription) -> bytes:
    return _event("hello", {"cursor": watch.cursor, "topics": watch.topics}, watch.cursor)


def _event(name: str, data: dict[str, Any], cursor: str) -> bytes:
    return b"id: %s\nevent: %s\ndata: %s\n\n" % (
        cursor.encode("ascii", "replace"),
        name.encode(),
        responses.dumps(data),
    )
