"""Requests to an ASGI application in this process: any bytes, as a hostile client sends them too.

The path is decoded as a web server does it. An answer that streams is read to its end, or as far
as a test wants to.
"""

from __future__ import annotations

import asyncio
import json
from collections.abc import AsyncIterator, Callable, Coroutine, Iterable
from types import TracebackType
from typing import Any, TypeVar
from urllib.parse import unquote_to_bytes

from helpers.wait import DEADLINE_S

T = TypeVar("T")
Headers = dict[str, str]

KEY = "homerun-key"
HOST = "127.0.0.1:8765"
ORIGIN = f"http://{HOST}"


class Answer:
    """What came back."""

    def __init__(self, status: int, headers: Iterable[tuple[bytes, bytes]], body: bytes) -> None:
        self.status = status
        self.pairs = [(name.decode().lower(), value.decode("latin-1")) for name, value in headers]
        self.headers = dict(self.pairs)
        self.body = body

    @property
    def text(self) -> str:
        """The body as text."""
        return self.body.decode()

    @property
    def json(self) -> Any:
        """The body as JSON, which is strict."""
        return json.loads(self.body, parse_constant=_refuse)

    @property
    def lines(self) -> list[Any]:
        """The body as JSON, one a line."""
        return [json.loads(line, parse_constant=_refuse) for line in self.body.splitlines()]

    @property
    def error(self) -> str:
        """The code of an error."""
        return str(self.json["error"]["code"])

    def __repr__(self) -> str:
        return f"<{self.status} {self.body[:200]!r}>"


class Client:
    """A client of an application, with an event loop of its own; a context manager.

    Attributes:
        cookie: sent with every request.
        key: the key of the session, sent with every request.
        base: the base path of the application, for who makes addresses.
    """

    def __init__(self, app: Callable[..., Coroutine[Any, Any, None]]) -> None:
        self._app = app
        self._loop = asyncio.new_event_loop()
        self.cookie = ""
        self.key = ""
        self.base = ""

    def __enter__(self) -> Client:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self._loop.run_until_complete(self._loop.shutdown_asyncgens())
        self._loop.run_until_complete(self._loop.shutdown_default_executor())
        self._loop.close()

    def take(self, answer: Answer) -> None:
        """Come in with what an answer gives: a cookie and a key."""
        self.cookie = answer.headers["set-cookie"].partition(";")[0]
        self.key = answer.headers[KEY]

    def get(self, target: str, headers: Headers | None = None) -> Answer:
        """What an address answers."""
        return self.request("GET", target, headers)

    def post(self, target: str, said: Any = None, headers: Headers | None = None) -> Answer:
        """What is answered to JSON, sent as a page of our own would."""
        given = {"content-type": "application/json", "origin": ORIGIN, **(headers or {})}
        return self.request("POST", target, given, json.dumps(said or {}).encode())

    def request(
        self, method: str, target: str, headers: Headers | None = None, body: bytes = b""
    ) -> Answer:
        """What is answered to a request as it is given; a header of None is left out."""
        return self.wait(self._request(method, target, headers, [body]))

    def parts(
        self, method: str, target: str, headers: Headers | None, body: list[bytes | None]
    ) -> Answer:
        """The same with a body in parts; None: the client has gone."""
        return self.wait(self._request(method, target, headers, body))

    async def unfinished(self, method: str, target: str, headers: Headers) -> Answer:
        """What is answered to a request whose body never comes to its end."""
        return await self._request(method, target, headers, [b"", b"{", b""], is_whole=False)

    def wait(self, work: Coroutine[Any, Any, T]) -> T:
        """Wait for something of this client's loop."""
        return self._loop.run_until_complete(asyncio.wait_for(work, DEADLINE_S))

    async def _request(
        self,
        method: str,
        target: str,
        headers: Headers | None,
        body: list[bytes | None],
        is_whole: bool = True,
    ) -> Answer:
        begun: dict[str, Any] = {}
        found = bytearray()
        async for message in self.messages(method, target, headers, body, is_whole):
            if message["type"] == "http.response.start":
                begun = message
            else:
                found += message.get("body", b"")
        return Answer(begun["status"], begun["headers"], bytes(found))

    async def messages(
        self,
        method: str,
        target: str,
        headers: Headers | None = None,
        body: list[bytes | None] | None = None,
        is_whole: bool = True,
    ) -> AsyncIterator[dict[str, Any]]:
        """What the application sends, one by one; who stops taking them disconnects."""
        sent: asyncio.Queue[dict[str, Any] | None] = asyncio.Queue(1)
        waiting = list(body or [b""])
        gone = asyncio.Event()

        async def receive() -> dict[str, Any]:
            if not waiting:
                await gone.wait()
                return {"type": "http.disconnect"}
            part = waiting.pop(0)
            if part is None:
                return {"type": "http.disconnect"}
            return {
                "type": "http.request",
                "body": part,
                "more_body": bool(waiting) or not is_whole,
            }

        async def send(message: dict[str, Any]) -> None:
            if not gone.is_set():
                await sent.put(message)

        async def run() -> None:
            try:
                await self._app(self._scope(method, target, headers or {}), receive, send)
            finally:
                if not gone.is_set():
                    await sent.put(None)

        task = asyncio.get_running_loop().create_task(run())
        try:
            while (message := await sent.get()) is not None:
                yield message
            await task
        finally:
            gone.set()
            while not sent.empty():
                sent.get_nowait()
            await asyncio.wait([task])

    def _scope(self, method: str, target: str, headers: Headers) -> dict[str, Any]:
        raw, _, query = target.partition("?")
        given = {"host": HOST, **headers}
        if self.cookie and "cookie" not in given:
            given["cookie"] = self.cookie
        if self.key and KEY not in given:
            given[KEY] = self.key
        return {
            "type": "http",
            "asgi": {"version": "3.0"},
            "http_version": "1.1",
            "method": method,
            "scheme": "http",
            "path": unquote_to_bytes(raw).decode("utf-8", "replace"),
            "raw_path": raw.encode(),
            "query_string": query.encode("utf-8", "surrogatepass"),
            "root_path": "",
            "headers": [
                (name.encode("latin-1"), value.encode("utf-8", "surrogatepass"))
                for name, value in given.items()
                if value is not None
            ],
            "client": ("127.0.0.1", 50000),
            "server": ("127.0.0.1", 8765),
        }


def _refuse(name: str) -> None:
    raise ValueError(f"{name} is not JSON")
