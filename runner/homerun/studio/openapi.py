"""The description of all routes, made from their table."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from homerun.base.installed import __version__
from homerun.studio.answers.errors import ErrorAnswer
from homerun.studio.routes import EVENTS, JSON, PAIRS, QUERY, STREAM, every
from homerun.studio.schema import Schemas

if TYPE_CHECKING:
    from homerun.studio.routes import Route, RouteParam


def document() -> dict[str, Any]:
    """The description, as OpenAPI 3.1 has it."""
    schemas = Schemas()
    error = schemas.of(ErrorAnswer)
    paths: dict[str, dict[str, Any]] = {}
    for route in every():
        operation = _operation(route, schemas, error)
        paths.setdefault(f"/api/{route.path}", {})[route.method.lower()] = operation
    return {
        "openapi": "3.1.0",
        "info": {
            "title": "homerun studio",
            "version": __version__,
            "description": "Runs on this machine. docs/studio-api.md says what each answer holds.",
        },
        "paths": paths,
        "components": {"schemas": dict(sorted(schemas.named.items()))},
    }


def _operation(route: Route, schemas: Schemas, error: dict[str, Any]) -> dict[str, Any]:
    found: dict[str, Any] = {
        "operationId": f"{route.method.lower()} {route.path}",
        "summary": route.says,
        "responses": {
            str(route.status): {"description": route.says, **_content(route, schemas)},
            "default": {
                "description": "What is wrong",
                "content": {JSON: {"schema": error}},
            },
        },
    }
    parameters = [_parameter("path", "id", _text())] if "{id}" in route.path else []
    if route.method == "GET":
        parameters += [_parameter("query", one.name, _schema(one), one) for one in route.params]
    else:
        found["requestBody"] = {"required": True, "content": {JSON: {"schema": _body(route)}}}
    return {**found, "parameters": parameters}


def _parameter(
    place: str, name: str, schema: dict[str, Any], said: RouteParam | None = None
) -> dict[str, Any]:
    found: dict[str, Any] = {"in": place, "name": name, "schema": schema}
    found["required"] = place == "path" or bool(said and said.is_needed)
    if said is not None:
        found["description"] = said.says
    return found


def _body(route: Route) -> dict[str, Any]:
    return {
        "type": "object",
        "properties": {one.name: {**_schema(one), "description": one.says} for one in route.params},
        "required": [one.name for one in route.params if one.is_needed],
    }


def _schema(param: RouteParam) -> dict[str, Any]:
    if param.kind == PAIRS:
        return {"type": "object", "additionalProperties": {"type": ["string", "null"]}}
    if param.kind == QUERY:
        texts = {"type": "array", "items": {"type": "string"}}
        return {"type": "object", "additionalProperties": texts}
    one = {"type": param.kind}
    return {"type": "array", "items": one} if param.is_many else one


def _content(route: Route, schemas: Schemas) -> dict[str, Any]:
    """What an answer holds: JSON of a type, lines or events of types, or a file."""
    if route.gives == JSON:
        return {"content": {JSON: {"schema": schemas.of(route.answer)}}} if route.answer else {}
    found: dict[str, Any] = {"schema": _text()}
    if route.gives == STREAM:
        found["x-line"] = schemas.of(route.answer)
    if route.gives == EVENTS:
        found["x-events"] = {name: schemas.of(one) for name, one in route.answer.items()}
    return {"content": {route.gives: found}}


def _text() -> dict[str, Any]:
    return {"type": "string"}
