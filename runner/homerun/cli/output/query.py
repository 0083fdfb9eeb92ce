"""JMESPath, which shapes results. The only importer of the package."""

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
_QUOTES = "put all of it in double quotes, and texts that it compares with in single ones"


def check(given: tuple[str, ...]) -> None:
    """See that the words of a command line are one expression.

    Raises:
        UsageError: they are none; that the shell ate its quotes is the usual cause.
    """
    query = " ".join(given)
    if len(given) > 1:
        raise UsageError(f"the query {query} came in {len(given)} parts: {_QUOTES}")
    try:
        jmespath.compile(query)
    except JMESPathError as error:
        raise UsageError(f"{query!r} is no JMESPath ({_reason(error)}): {_QUOTES}") from error


def shaped(query: str, value: object) -> object:
    """What an expression makes of a value; a word in it that has lost its quotes is told.

    Raises:
        UsageError: its functions cannot be applied to what it finds.
    """
    expression = jmespath.compile(query)
    try:
        found: object = expression.search(value)
    except JMESPathError as error:
        raise UsageError(f"{query!r} fits not what is there: {_reason(error)}") from error
    for word in _compared(dict(expression.parsed)):
        if not _is_key(word, value):  # two fields that are not there are equal: all rows match
            console.say(
                f"the query compares with {word}, which nothing here has as a field: {_QUOTES}"
            )
    return found


def _reason(error: JMESPathError) -> str:
    """What is wrong, without the value that it is wrong with."""
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
