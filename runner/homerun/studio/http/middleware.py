"""What stands before every request: the host, the origin, the session, the size and time of bodies.

It is the outermost layer, so what it refuses reaches no route; its headers are on every answer.
"""

from __future__ import annotations

import asyncio
import ipaddress
from typing import TYPE_CHECKING, Any

from starlette.datastructures import Headers
from starlette.requests import HTTPConnection

from homerun.studio.http import auth, responses, wrong_host
from homerun.studio.http.requests import RefusedError

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable

    from starlette.types import ASGIApp, Message, Receive, Scope, Send

    from homerun.studio.http.auth import Door

MOST_BODY = 1 << 20
BODY_WAITS_S = 20.0
_LONGEST_PATH = 8_192
_OPEN = ("/api/login",)
"""What needs no session, below `/api/`."""
_ALWAYS = ("/api/login", "/api/logout", "/api/ticket")
"""What may be posted where nothing may be changed."""
WRONG_HOST = "wrong_host"
WELCOME = "welcome"
"""In the state of a request: to be called once its connection has shown a session."""
_LOOPBACK = ("127.0.0.1", "localhost", "::1")


class Hosts:
    """The hosts that requests may be meant for: against DNS that is pointed here by others.

    The port is not looked at: behind `ssh -L 9000:localhost:8765` it is another one, and only a
    name can be pointed elsewhere.

    Args:
        names: further names, as of a proxy, whose pages may have another port than the server.
        own: the names of this machine.
        is_remote: reached from elsewhere too: then addresses as such are right, since no name of
            another owner leads to them.
    """

    def __init__(
        self, names: Iterable[str] = (), is_remote: bool = False, own: Iterable[str] = ()
    ) -> None:
        self._names = {name.lower() for name in names}
        self._own = {*_LOOPBACK, *(name.lower() for name in own)}
        self._is_remote = is_remote

    def allows(self, host: str) -> bool:
        """Whether `name:port` is one of them."""
        name, _ = _split(host)
        if name in self._names or name in self._own:
            return True
        return self._is_remote and _is_address(name)

    def is_own(self, origin: str, host: str) -> bool:
        """Whether a page of that origin is ours, for a request to that host."""
        scheme, _, place = origin.partition("://")
        if scheme not in ("http", "https") or "/" in place:
            return False
        return place.lower() == host.lower() or _split(place)[0] in self._names


class Guard:
    """The layer itself.

    Args:
        base: the base path, "" or `/…` without an end.
        framed: who may show the page in a frame, as `frame-ancestors` names them.
    """

    def __init__(
        self,
        app: ASGIApp,
        door: Door,
        hosts: Hosts,
        base: str = "",
        is_read_only: bool = False,
        framed: str = "'none'",
    ) -> None:
        self._app = app
        self._door = door
        self._hosts = hosts
        self._base = base
        self._is_read_only = is_read_only
        self._headers = responses.safe_headers(framed)

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Let a request through, or answer it with what is wrong."""
        if scope["type"] == "lifespan":
            await self._app(scope, receive, send)
            return
        if scope["type"] != "http":
            await send({"type": "websocket.close", "code": 1008})
            return
        send = self._guarded(send)
        try:
            inner = self._checked(scope)
            if scope["method"] == "POST":
                receive = await _whole_body(scope, receive)
        except RefusedError as error:
            if error.status == 401:
                self._door.knock()
            answer = wrong_host.explained(error.message) if _is_page(scope, error) else None
            await (answer or responses.error(error))(scope, receive, send)
            return
        await self._app(inner, receive, send)

    def _checked(self, scope: Scope) -> Scope:
        asked = HTTPConnection(scope)
        headers = asked.headers
        host = _only(headers, "host") or ""
        if not self._hosts.allows(host):
            raise RefusedError(421, WRONG_HOST, wrong_host.refusal_of(_split(host)[0]))
        method, path = scope["method"], scope["path"]
        if method not in ("GET", "HEAD", "POST"):
            raise RefusedError(405, "bad_request", "use GET or POST")
        if method == "HEAD" and "/api/" in path:
            raise RefusedError(405, "bad_request", "use GET")
        if len(path) > _LONGEST_PATH:
            raise RefusedError(414, "bad_request", "the address is too long")
        if self._base and path == self._base:
            path = self._base + "/"
        if not path.startswith(self._base + "/"):
            raise RefusedError(404, "not_found", "there is nothing at this address")
        path = path[len(self._base) :]
        self._check_origin(method, path, headers, host)
        is_open = not path.startswith("/api/") or path in _OPEN
        if not is_open:
            self._check_session(asked, method, path)
        if method == "POST":
            self._check_write(path, headers)
        return {**scope, "path": path, "raw_path": path.encode("utf-8", "replace"), "root_path": ""}

    def _check_session(self, asked: HTTPConnection, method: str, path: str) -> None:
        """Refuse what shows neither the key of its session nor a ticket for this download."""
        cookie = asked.cookies.get(self._door.cookie)
        if not self._door.knows(cookie, _only(asked.headers, auth.KEY)):
            query = asked.scope["query_string"].decode("latin-1")
            ticket = asked.query_params.get(auth.TICKET)
            wanted = auth.target(path, query)
            if method != "GET" or not ticket or not self._door.takes(cookie, ticket, wanted):
                said = "open the address that `homerun studio` prints"
                raise RefusedError(401, "signed_out", said)
        asked.scope.get("state", {}).get(WELCOME, bool)()

    def _check_origin(self, method: str, path: str, headers: Headers, host: str) -> None:
        """Refuse what a page of another site asks for, and each write that says no origin."""
        site, origin = _only(headers, "sec-fetch-site"), _only(headers, "origin")
        is_write = method == "POST"
        is_api = path.startswith("/api/")
        if is_write and site not in (None, "same-origin"):
            raise RefusedError(403, "refused", "another site asks for that")
        if is_api and site not in (None, "same-origin", "none"):
            raise RefusedError(403, "refused", "another site asks for that")
        if origin is None and is_write:
            raise RefusedError(403, "refused", "a write has to say its origin")
        if origin is not None and not self._hosts.is_own(origin, host):
            raise RefusedError(403, "refused", "another site asks for that")

    def _check_write(self, path: str, headers: Headers) -> None:
        kind = (_only(headers, "content-type") or "").partition(";")[0].strip().lower()
        if kind != "application/json":
            raise RefusedError(415, "not_json", "send JSON, with its content type")
        if self._is_read_only and path not in _ALWAYS:
            raise RefusedError(403, "read_only", "Studio was started with --read-only")

    def _guarded(self, send: Send) -> Send:
        async def guarded(message: Message) -> None:
            if message["type"] == "http.response.start":
                given = list(message.get("headers", ()))
                names = {name.lower() for name, _ in given}
                given += [pair for pair in self._headers if pair[0] not in names]
                message = {**message, "headers": given}
            await send(message)

        return guarded


def _is_page(scope: Scope, error: RefusedError) -> bool:
    """Whether a browser shows the answer, and came by a name that Studio does not know."""
    accepted = Headers(scope=scope).get("accept", "")
    return error.code == WRONG_HOST and scope["method"] == "GET" and "text/html" in accepted


def _only(headers: Headers, name: str) -> str | None:
    """A header that may be given once; None where it is not given.

    Raises:
        RefusedError: it is given twice.
    """
    found = headers.getlist(name)
    if len(found) > 1:
        raise RefusedError(400, "bad_request", f"the header {name} is given twice")
    return found[0].strip() if found else None


async def _whole_body(scope: Scope, receive: Receive) -> Receive:
    """Read a body whole, if it is not too large and does not take too long."""
    length = _only(Headers(scope=scope), "content-length")
    if length is not None and (not length.isdecimal() or int(length[:18]) > MOST_BODY):
        raise RefusedError(413, "too_large", f"send at most {MOST_BODY} bytes")
    try:
        body = await asyncio.wait_for(_read(receive), BODY_WAITS_S)
    except asyncio.TimeoutError:
        raise RefusedError(408, "bad_request", "the body took too long") from None
    messages: list[dict[str, Any]] = [{"type": "http.request", "body": body, "more_body": False}]

    async def replayed() -> Message:
        return messages.pop() if messages else await receive()

    return replayed


async def _read(receive: Callable[[], Any]) -> bytes:
    body = bytearray()
    while True:
        message = await receive()
        if message["type"] == "http.disconnect":
            raise RefusedError(400, "bad_request", "the request ended early")
        body += message.get("body", b"")
        if len(body) > MOST_BODY:
            raise RefusedError(413, "too_large", f"send at most {MOST_BODY} bytes")
        if not message.get("more_body"):
            return bytes(body)


def _split(host: str) -> tuple[str, int | None]:
    """The name and the port of a host; what is none has the name ""."""
    if host.startswith("["):
        name, _, port = host[1:].partition("]")
        port = port[1:] if port.startswith(":") else ("" if not port else "-")
    else:
        name, _, port = host.partition(":")
    if port and not (port.isascii() and port.isdecimal() and len(port) <= 5):
        return "", None
    return name.lower(), int(port) if port else None


def _is_address(name: str) -> bool:
    try:
        ipaddress.ip_address(name)
    except ValueError:
        return False
    return True
