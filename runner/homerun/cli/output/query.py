"""Shape results with JMESPath. The only module that imports the package."""

from __future__ import annotations

import jmespath
from jmespath.exceptions import JMESPathError

from homerun.cli.errors import UsageError
from homerun.cli.output import console

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterator
    from typing import Any

_LONGEST = 100
_QUOTES = "put the expression in double quotes, and the texts in it in single quotes"


def check_expression(given: tuple[str, ...]) -> None:
    """Check that the words of a command line are one expression.

    Raises:
        UsageError: they are not; usually because the shell removed its quotes.
    """
    query = " ".join(given)
    if len(given) > 1:
        raise UsageError(f"the query {query} was split into {len(given)} parts: {_QUOTES}")
    try:
        jmespath.compile(query)
    except JMESPathError as error:
        raise UsageError(
            f"{query!r} is not a valid JMESPath expression ({_reason(error)}): {_QUOTES}"
        ) from error


def shaped(query: str, value: object) -> object:
    """Apply an expression to a value; a notice names a word in it that has lost its quotes.

    Raises:
        UsageError: its functions cannot be applied to the value.
    """
    expression = jmespath.compile(query)
    try:
        found: object = expression.search(value)
    except JMESPathError as error:
        raise UsageError(f"{query!r} does not fit the result: {_reason(error)}") from error
    for word in _compared(dict(expression.parsed)):
        if not _is_key(word, value):  # two missing fields are equal: all rows match
            console.inform(
                f"the query compares with {word}, but there is no field of that name: {_QUOTES}"
            )
    return found


def _reason(error: JMESPathError) -> str:
    """What is wrong, without the value at fault."""
    first = str(error).split("\n", 1)[0].rstrip(":. ").rpartition("expression: ")[2]
    return first if len(first) <= _LONGEST else f"{first[:_LONGEST]}…"


def _compared(node: dict[str, Any]) -> Iterator[str]:
    """The bare words on the right of comparisons."""
    children = [child for child in node["children"] if isinstance(child, dict)]
    if node["type"] == "comparator" and children[1]["type"] == "field":
        yield children[1]["value"]
    for child in children:
        yield from _compared(child)


def _is_key(word: str, value: object) -> bool:
    if isinstance(value, dict):
        return word in value or any(_is_key(word, inner) for inner in value.values())
    return isinstance(value, list) and any(_is_key(word, inner) for inner in value)
