"""Answers of Studio's server against its description: a client that checks each of them."""

from __future__ import annotations

import json
import re
from collections.abc import AsyncIterator
from contextlib import aclosing
from datetime import datetime
from functools import cache
from typing import Any

from jsonschema import Draft202012Validator, FormatChecker, ValidationError

from helpers.asgi import Answer, Client, Headers
from homerun.studio import openapi, routes
from homerun.studio.routes import JSON, STREAM, Route

__all__ = ["CheckedClient", "ValidationError", "check", "document", "events"]

FORMATS = FormatChecker(formats=())


@FORMATS.checks("date-time")
def is_time(text: object) -> bool:
    """Whether a text is a time as Studio writes them: in UTC, with a Z at its end."""
    return not isinstance(text, str) or (
        text.endswith("Z") and datetime.fromisoformat(text[:-1]).tzinfo is None
    )


@cache
def document() -> dict[str, Any]:
    """The description of the server."""
    return openapi.document()


def check(schema: dict[str, Any], value: Any) -> None:
    """Whether a value is as a schema of the description says.

    Raises:
        ValidationError: it is not.
    """
    whole = {**schema, "components": document()["components"]}
    Draft202012Validator(whole, format_checker=FORMATS).validate(value)


def content(route: Route) -> dict[str, Any]:
    """What the description says of the answer of a route."""
    said = document()["paths"][f"/api/{route.path}"][route.method.lower()]["responses"]
    return said[str(route.status)].get("content", {}).get(route.gives, {})


async def events(client: Client, target: str) -> AsyncIterator[tuple[str, Any]]:
    """The events of a stream by name, each compared with the description."""
    (stream,) = [one for one in routes.every() if one.gives == routes.EVENTS]
    said = content(stream)["x-events"]
    async with aclosing(client.messages("GET", target)) as messages:
        async for message in messages:
            for block in message.get("body", b"").decode().split("\n\n"):
                lines = dict(line.split(": ", 1) for line in block.splitlines() if line[:1] != ":")
                if "event" in lines:
                    name, data = lines["event"], json.loads(lines["data"])
                    check(said[name], data)
                    yield name, data


def route_of(method: str, target: str) -> Route | None:
    """The route of an address; of two, the one that names it whole."""
    path = target.partition("?")[0].rpartition("/api/")[2]
    found = [
        one
        for one in routes.every()
        if one.method == method
        and re.fullmatch(re.escape(one.path).replace(r"\{id\}", "[^/]+"), path)
    ]
    return min(found, key=lambda one: "{id}" in one.path, default=None)


class CheckedClient(Client):
    """A client that compares each answer with the description.

    Attributes:
        answered: the routes that have answered without an error.
    """

    def __init__(self, app: Any) -> None:
        super().__init__(app)
        self.answered: set[tuple[str, str]] = set()

    def request(
        self, method: str, target: str, headers: Headers | None = None, body: bytes = b""
    ) -> Answer:
        """What is answered to a request.

        Raises:
            ValidationError: something that the description does not say.
        """
        answer = super().request(method, target, headers, body)
        if answer.status >= 400 and answer.headers.get("content-type") == JSON:
            check({"$ref": "#/components/schemas/ErrorAnswer"}, answer.json)
        route = route_of(method, target)
        if route is not None and answer.status < 300:
            self._check(route, answer)
        return answer

    def _check(self, route: Route, answer: Answer) -> None:
        said = content(route)
        if answer.status != 206:
            assert answer.status == route.status, (route.path, answer)
        if route.gives == JSON:
            assert bool(said) == bool(answer.body), (route.path, answer)
        if route.gives == JSON and answer.body:
            check(said["schema"], answer.json)
        elif route.gives == STREAM:
            for line in answer.lines:
                check(said["x-line"], line)
        self.answered.add((route.method, route.path))
