"""`homerun schema`: what a command prints with `-o json`, as a JSON schema."""

from __future__ import annotations

from homerun.cli import command_table
from homerun.cli.command import command
from homerun.cli.errors import UsageError
from homerun.cli.options.params import argument
from homerun.cli.output import formats, render
from homerun.cli.result import Result
from homerun.manual import schemas

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterator
    from typing import Any

    from homerun.cli.invocation import Call


def _offered(given: dict[str, Any], begun: str) -> Iterator[tuple[str, str | None]]:
    for name in schemas.answer_schemas():
        if name.startswith(begun):
            yield name, None


def schema_name(words: str) -> str:
    """The name of a command's schema, from `run.show`, `run show` or `show`."""
    typed = " ".join(words.replace(".", " ").split())
    return command_table.SHORT.get(typed, typed).replace(" ", ".")


@command("schema")
@argument("words", many=True, metavar="[COMMAND]", complete=_offered)
def schema(call: Call, words: tuple[str, ...]) -> Result:
    """Print the JSON schema of what a command answers with -o json (default: list the commands).

    A later version may add fields, and takes none away.

    \b
    Example:
      homerun schema run.show
    """
    known = schemas.answer_schemas()
    if not words:
        return Result([*known], lambda: [render.Table(["command"], [[name] for name in known])])
    name = schema_name(" ".join(words))
    if name not in known:
        raise UsageError(f"{name} has no schema; homerun schema lists the commands that have one")
    found = schemas.schema_document(name, known[name])
    text = formats.formatted(found, formats.JSON, False)
    return Result(found, text.splitlines)
