"""The application: the routes as Starlette has them, behind the guard, and errors as answers."""

from __future__ import annotations

import inspect
import sqlite3
from functools import partial
from typing import TYPE_CHECKING, Any

from starlette.applications import Starlette
from starlette.exceptions import HTTPException
from starlette.responses import Response
from starlette.routing import Route

from homerun.studio import assets, openapi, routes
from homerun.studio.endpoints import pages
from homerun.studio.http import requests, responses
from homerun.studio.http.middleware import Guard, Hosts
from homerun.studio.http.requests import RefusedError
from runstore.errors import BaseError

if TYPE_CHECKING:
    from collections.abc import Callable

    from starlette.requests import Request
    from starlette.types import ASGIApp

    from homerun.studio.assets import Asset
    from homerun.studio.state import Desk


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
    static = assets.load() if static is None else static
    inner = Starlette(
        routes=[*_api(desk), *_pages(desk, static)],
        exception_handlers={
            RefusedError: _refused,
            HTTPException: _wrong_method,
            BaseError: _failed,
            OSError: _failed,
            sqlite3.OperationalError: _failed,
            Exception: _failed,
        },
    )
    return Guard(inner, desk.door, hosts, base, desk.is_read_only, framed)


def _api(desk: Desk) -> list[Route]:
    """What lies below `/api/`: the table of routes and its description."""
    found = [
        Route(f"/api/{one.path}", _endpoint(desk, one.act), methods=[one.method])
        for one in routes.every()
    ]
    found.append(Route("/api/openapi.json", _description))
    found.append(Route("/api/{rest:path}", _nothing, methods=["GET", "POST"]))
    return found


def _pages(desk: Desk, static: dict[str, Asset]) -> list[Route]:
    """The page, its files, and the address that lets a browser in."""

    async def page(request: Request) -> Response:
        return pages.page(static, request.headers)

    async def enter(request: Request) -> Response:
        if request.method == "HEAD":
            raise responses.nothing_here()  # a program that only looks uses no code up
        return pages.enter(desk, request.query_params.get("code", ""))

    async def file(request: Request) -> Response:
        return pages.static(static.get(request.path_params["path"]), request.headers)

    async def metrics(request: Request) -> Response:
        return await pages.metrics(desk, request)

    return [
        *(Route("/", page), Route("/login", enter), Route("/metrics", metrics)),
        Route("/{path:path}", file),
    ]


def _endpoint(desk: Desk, act: Callable[..., Any]) -> Callable[[Request], Any]:
    """A handler of the table as Starlette calls it; one that blocks runs in a thread."""

    async def answer(request: Request) -> Response:
        ask = await requests.read(request)
        if inspect.iscoroutinefunction(act):
            found = await act(desk, ask)
        else:
            found = await responses.work(partial(act, desk, ask))
        return found if isinstance(found, Response) else responses.of_json(found)

    return answer


async def _description(request: Request) -> Response:
    return responses.of_json(openapi.document())


async def _nothing(request: Request) -> Response:
    raise responses.nothing_here()


async def _refused(request: Request, error: Exception) -> Response:
    assert isinstance(error, RefusedError)
    return responses.error(error)


async def _wrong_method(request: Request, error: Exception) -> Response:
    """A page is asked for by POST: every other address has a route for either method."""
    return responses.error(RefusedError(405, "bad_request", "use GET"))


async def _failed(request: Request, error: Exception) -> Response:
    return responses.error(responses.refused(error))
