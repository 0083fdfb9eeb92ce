"""The page itself and its files, and coming in."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING, Any

from starlette.responses import HTMLResponse, Response

from homerun.studio.assets import INDEX
from homerun.studio.http import auth, responses
from homerun.studio.http.middleware import WELCOME
from homerun.studio.http.requests import RefusedError
from homerun.views.live.scrape import MEDIA_TYPE

if TYPE_CHECKING:
    from collections.abc import Mapping

    from starlette.requests import Request

    from homerun.studio.assets import Asset
    from homerun.studio.http.auth import Session
    from homerun.studio.http.requests import Ask
    from homerun.studio.state import Desk

_WRONG_WAITS_S = 0.5
_FOR_EVER = "public, max-age=31536000, immutable"
_NOT_BUILT = """<!doctype html>
<meta charset="utf-8"><title>Studio</title><link rel="icon" href="./icon.svg">
<p>Studio's pages are not built here. Run <code>make studio</code> in the source of homerun, and
start <code>homerun studio</code> again. Everything below <code>api/</code> works without them.</p>
"""
_COME_IN = """<!doctype html>
<meta charset="utf-8"><title>Studio</title><link rel="icon" href="./icon.svg">
<meta http-equiv="refresh" content="0;url=./#key={key}">
<p><a href="./#key={key}">Go on to Studio</a></p>
"""
_TOO_LATE = """<!doctype html>
<meta charset="utf-8"><title>Studio</title><link rel="icon" href="./icon.svg">
<p>This address was used already, or is older than ten minutes. Open <a href="./">Studio</a>
without it: where <code>homerun studio</code> runs in a terminal, a new address is printed there.
Else start it again.</p>
"""


def page(assets: Mapping[str, Asset], headers: Mapping[str, str]) -> Response:
    """The page, which needs no session."""
    found = assets.get(INDEX)
    if found is None:
        return HTMLResponse(_NOT_BUILT)
    return _answer(found, headers)


def static(asset: Asset | None, headers: Mapping[str, str]) -> Response:
    """A file of the page."""
    if asset is None:
        raise responses.nothing_here()
    return _answer(asset, headers)


def enter(desk: Desk, code: str) -> Response:
    """Come in by a code, which is used up.

    The page goes on by itself: a redirect would be the other site's that linked here, and the
    cookie is not sent with what another site asks for. What stands behind the # stays in the
    browser, where only pages of this origin can keep it.
    """
    session = desk.door.enter_by_code(code)
    if session is None:
        return HTMLResponse(_TOO_LATE, 403)
    answer = HTMLResponse(_COME_IN.format(key=session.key))
    _give(answer, desk, session)
    return answer


async def login(desk: Desk, ask: Ask) -> Response:
    """Come in by the token."""
    if not desk.door.has_token:
        raise RefusedError(409, "conflict", "Studio was started without a token: use its address")
    session = desk.door.enter_by_token(ask.said_needed("token"))
    if session is None:
        await asyncio.sleep(_WRONG_WAITS_S)
        raise RefusedError(403, "refused", "that is not the token")
    answer = Response(status_code=204)
    _give(answer, desk, session)
    return answer


async def metrics(desk: Desk, request: Request) -> Response:
    """The store as numbers, for a program that shows the token: `Authorization: Bearer TOKEN`."""
    if not desk.door.has_token:
        raise RefusedError(401, "signed_out", "metrics need a token: HOMERUN_STUDIO_TOKEN")
    word, _, token = request.headers.get("authorization", "").partition(" ")
    if word.lower() != "bearer" or not desk.door.is_token(token.strip()):
        await asyncio.sleep(_WRONG_WAITS_S)
        raise RefusedError(401, "signed_out", "show the token: Authorization: Bearer TOKEN")
    request.scope.get("state", {}).get(WELCOME, bool)()
    text = await responses.work(desk.scrape.text)
    if text is None:
        said = "the store is being read, and its runs cannot be counted yet: ask again in a minute"
        raise RefusedError(503, "unavailable", said)
    return Response(text, media_type=MEDIA_TYPE)


def logout(desk: Desk, ask: Ask) -> Response:
    """End this session."""
    desk.door.leave(ask.cookies.get(desk.door.cookie, ""))
    answer = Response(status_code=204)
    answer.delete_cookie(desk.door.cookie, path=desk.cookie_path, httponly=True, samesite="strict")
    return answer


def ticket(desk: Desk, ask: Ask) -> dict[str, Any]:
    """What lets a browser fetch one address without the key, as when it keeps a file."""
    wanted = auth.target_of(ask.said_needed("address"))
    return {"ticket": desk.door.new_ticket(ask.cookies.get(desk.door.cookie), wanted)}


def _give(answer: Response, desk: Desk, session: Session) -> None:
    answer.headers[auth.KEY] = session.key
    answer.set_cookie(
        desk.door.cookie, session.cookie, path=desk.cookie_path, httponly=True, samesite="strict"
    )


def _answer(asset: Asset, headers: Mapping[str, str]) -> Response:
    told: dict[str, Any] = {"vary": "accept-encoding"}
    told["cache-control"] = _FOR_EVER if asset.is_hashed else "no-cache"
    data = asset.data
    if asset.packed is not None and "gzip" in headers.get("accept-encoding", ""):
        told["content-encoding"] = "gzip"
        data = asset.packed
    return Response(data, headers=told, media_type=asset.media_type)
