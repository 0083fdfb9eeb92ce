"""Writes the types of Studio's pages from the types of its answers: `make types`.

They come by way of the description of the server: what it says is what the pages are checked with.
"""

import json
import re
import sys
from pathlib import Path

from homerun.studio import openapi

PAGE = Path(__file__).parents[1] / "runner/homerun/studio/web/src/types.ts"
HEAD = """\
/** What Studio's server answers with. `make types` writes this file from `studio/answers`. */
"""
EACH_ROUTE = {
    "Queries": "What may stand in the address of a question, by its route; `id` is in the path.",
    "Gets": "What a question is answered with.",
    "Streams": "What each line of an answer holds that comes line by line.",
    "Bodies": "What a change is sent with.",
    "Posts": "What a change is answered with.",
    "Events": "What each event of the stream holds.",
}
PLAIN = {"string": "string", "integer": "number", "number": "number", "boolean": "boolean"}
NAME = re.compile(r"[A-Za-z_]\w*")


def text() -> str:
    """The whole file."""
    document = openapi.document()
    named = document["components"]["schemas"]
    made = [_named(name, schema) for name, schema in named.items()]
    made += [_interface(name, EACH_ROUTE[name], rows) for name, rows in _by_route(document).items()]
    return "\n".join([HEAD, *made])


def _by_route(document: dict) -> dict[str, dict[str, str]]:
    """The fields of the interfaces that have one for each route, or each event."""
    found: dict[str, dict[str, str]] = {name: {} for name in EACH_ROUTE}
    for path, methods in document["paths"].items():
        route = path.removeprefix("/api/")
        for method, said in methods.items():
            content = _content(said)
            answer = content.get("application/json", {}).get("schema")
            if method == "post":
                body = said["requestBody"]["content"]["application/json"]["schema"]
                found["Bodies"][route] = _body(body)
                found["Posts"][route] = type_of(answer) if answer else "null"
                continue
            found["Queries"][route] = _query(said["parameters"])
            if answer:
                found["Gets"][route] = type_of(answer)
            for one in content.values():
                if "x-line" in one:
                    found["Streams"][route] = type_of(one["x-line"])
                found["Events"].update((k, type_of(v)) for k, v in one.get("x-events", {}).items())
    return found


def _content(said: dict) -> dict:
    return next(one for status, one in said["responses"].items() if status < "3").get("content", {})


def _query(parameters: list[dict]) -> str:
    needed = {one["name"]: type_of(one["schema"]) for one in parameters if one["required"]}
    more = {one["name"]: type_of(one["schema"]) for one in parameters if not one["required"]}
    return _braces([*_fields(needed), *(f"{key}?: {kind} | null" for key, kind in more.items())])


def _body(schema: dict) -> str:
    needed = schema.get("required", ())
    fields = {name: type_of(one) for name, one in schema.get("properties", {}).items()}
    more = (f"{_key(k)}?: {kind} | null" for k, kind in fields.items() if k not in needed)
    return _braces([*_fields({name: fields[name] for name in needed}), *more])


def _named(name: str, schema: dict) -> str:
    doc = schema.get("description", "")
    if "properties" not in schema:
        kinds = type_of(schema)
        return f"export type {name} = {kinds};\n"
    return _interface(name, doc, _properties(schema))


def _properties(schema: dict) -> dict[str, str]:
    needed = schema.get("required", ())
    return {
        name if name in needed else f"{name}?": type_of(one)
        for name, one in schema["properties"].items()
    }


def _interface(name: str, doc: str, fields: dict[str, str]) -> str:
    lines = "".join(f"  {line};\n" for line in _fields(fields))
    said = f"/** {' '.join(doc.split())} */\n" if doc else ""
    return f"{said}export interface {name} {{\n{lines}}}\n"


def _fields(fields: dict[str, str]) -> list[str]:
    return [f"{_key(name)}: {kind}" for name, kind in fields.items()]


def _key(name: str) -> str:
    return name if NAME.fullmatch(name.removesuffix("?")) else json.dumps(name)


def _braces(fields: list[str]) -> str:
    return f"{{ {'; '.join(fields)} }}" if fields else "{}"


def type_of(schema: dict) -> str:
    """A type as TypeScript has it, from its JSON schema."""
    if "$ref" in schema:
        return schema["$ref"].rpartition("/")[2]
    if "anyOf" in schema:
        return " | ".join(dict.fromkeys(type_of(one) for one in schema["anyOf"]))
    if "enum" in schema:
        return " | ".join(json.dumps(one) for one in schema["enum"])
    kind = schema.get("type")
    if isinstance(kind, list):
        return " | ".join(type_of({**schema, "type": one}) for one in kind)
    if kind == "array":
        inner = type_of(schema["items"])
        return f"({inner})[]" if " | " in inner else f"{inner}[]"
    if kind == "object":
        return _object(schema)
    return {**PLAIN, "null": "null", None: "unknown"}[kind]


def _object(schema: dict) -> str:
    if "properties" in schema:
        return _braces(_fields(_properties(schema)))
    value = type_of(schema["additionalProperties"])
    if "propertyNames" in schema:
        return f"Partial<Record<{type_of(schema['propertyNames'])}, {value}>>"
    return f"Record<string, {value}>"


if __name__ == "__main__":
    if "--check" in sys.argv and PAGE.read_text() != text():
        raise SystemExit("the types of Studio's pages are behind its answers: make types")
    PAGE.write_text(text())
