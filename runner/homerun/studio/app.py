"""The application: the table of routes behind the guard, and errors in words."""

from __future__ import annotations

import inspect
import json
import sqlite3
from functools import partial
from typing import TYPE_CHECKING, Any
from urllib.parse import parse_qs

from starlette.responses import Response

from homerun.files.logs.pages import NotCounted
from homerun.studio import assets, openapi, routes
from homerun.studio.endpoints import pages
from homerun.studio.http import responses
from homerun.studio.http.middleware import Guard, Hosts
from homerun.studio.http.requests import Ask, RefusedError, bad
from runstore.errors import (
    AmbiguousPrefix,
    BaseError,
    ExperimentNotFound,
    FileMissing,
    FormatTooNew,
    InvalidTransition,
    ReadOnlyStore,
    RunNotFound,
)

if TYPE_CHECKING:
    from collections.abc import Callable

    from starlette.types import ASGIApp, Receive, Scope, Send

    from homerun.studio.assets import Asset
    from homerun.studio.state import Desk

_KINDS: tuple[tuple[type[Exception] | tuple[type[Exception], ...], int, str], ...] = (
    ((RunNotFound, ExperimentNotFound, FileMissing), 404, "not_found"),
    ((AmbiguousPrefix, InvalidTransition), 409, "conflict"),
    ((ReadOnlyStore, FormatTooNew), 403, "read_only"),
    (NotCounted, 503, "unavailable"),
    (BaseError, 400, "bad_request"),
    ((OSError, sqlite3.OperationalError), 503, "unavailable"),
)
_MOST_FIELDS = 3_000
_DEEPEST = 20


def made(
    desk: Desk,
    hosts: Hosts,
    base: str = "",
    framed: str = "'none'",
    static: dict[str, Asset] | None = None,
) -> ASGIApp:
    """The application.

    Args:
        base: the base path, "" or `/…` without an end.
        static: the files of the page; None: those of the package.
    """
    desk.cookie_path = f"{base}/"
    inner = _App(desk, assets.load() if static is None else static)
    return Guard(inner, desk.door, hosts, base, desk.is_read_only, framed)


class _App:
    """Finds the route of a request, and answers it."""

    def __init__(self, desk: Desk, static: dict[str, Asset]) -> None:
        self._desk = desk
        self._static = static
        self._exact: dict[tuple[str, str], Callable[..., Any]] = {}
        self._of_run: dict[tuple[str, str], Callable[..., Any]] = {}
        for route in routes.every():
            _, of_run, rest = route.path.partition("runs/{id}")
            if of_run:
                self._of_run[route.method, rest] = route.act
            else:
                self._exact[route.method, route.path] = route.act
        self._exact["GET", "openapi.json"] = self._openapi

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer a request; the guard has let it through."""
        if scope["type"] == "lifespan":
            await _lifespan(receive, send)
            return
        try:
            answer = await self._answer(scope, receive)
        except RefusedError as error:
            answer = responses.error(error)
        except Exception as error:  # noqa: BLE001 - the last line: whatever it is, it is told
            answer = responses.error(_refused(error))
        await answer(scope, receive, send)

    async def _answer(self, scope: Scope, receive: Receive) -> Response:
        path, method = scope["path"], scope["method"]
        headers = {
            name.decode("latin-1"): value.decode("latin-1") for name, value in scope["headers"]
        }
        if not path.startswith("/api/"):
            return self._page(path, method, headers, scope)
        act, run = self._find("GET" if method == "HEAD" else method, path[len("/api/") :])
        body = await _body(receive) if method == "POST" else {}
        ask = Ask(run, _query(scope), body, headers)
        if inspect.iscoroutinefunction(act):
            found = await act(self._desk, ask)
        else:
            found = await responses.work(partial(act, self._desk, ask))
        return found if isinstance(found, Response) else responses.of_json(found)

    def _find(self, method: str, path: str) -> tuple[Callable[..., Any], str]:
        """What answers a path, and the run in it."""
        act = self._exact.get((method, path))
        if act is not None:
            return act, ""
        head, _, rest = path.partition("/")
        run, slash, rest = rest.partition("/")
        act = self._of_run.get((method, slash + rest)) if head == "runs" and run else None
        if act is None:
            raise RefusedError(404, "not_found", "there is nothing at this address")
        return act, run

    def _page(self, path: str, method: str, headers: dict[str, str], scope: Scope) -> Response:
        if method == "POST":
            raise RefusedError(405, "bad_request", "use GET")
        if path == "/":
            return pages.page(self._desk, self._static, headers)
        if path == "/login" and method == "GET":
            code = _query(scope).get("code", [""])
            return pages.enter(self._desk, code[-1])
        return pages.static(self._static.get(path[1:]), headers)

    def _openapi(self, desk: Desk, ask: Ask) -> Response:
        return responses.of_json(openapi.document())


def _query(scope: Scope) -> dict[str, list[str]]:
    try:
        text = scope["query_string"].decode("ascii")
        return parse_qs(text, keep_blank_values=True, max_num_fields=_MOST_FIELDS, errors="strict")
    except ValueError:
        raise bad("the query cannot be read") from None


async def _body(receive: Receive) -> dict[str, Any]:
    message = await receive()
    try:
        found = json.loads(message.get("body", b""), parse_constant=_no_number)
    except (ValueError, RecursionError):
        raise bad("the body is no JSON") from None
    if not isinstance(found, dict):
        raise bad("the body is no JSON object")
    return found


def _no_number(name: str) -> None:
    raise ValueError(name)


def _refused(error: Exception) -> RefusedError:
    """An error as it is told: ours in its own words, what nobody expected without any."""
    for kinds, status, code in _KINDS:
        if isinstance(error, kinds):
            message = getattr(error, "message", None) or getattr(error, "strerror", None)
            return RefusedError(status, code, message or str(error))
    return RefusedError(500, "failed", f"something unexpected went wrong ({type(error).__name__})")


async def _lifespan(receive: Receive, send: Send) -> None:
    while True:
        message = await receive()
        await send({"type": f"{message['type']}.complete"})
        if message["type"] == "lifespan.shutdown":
            return
