"""`homerun help`: the pages of the manual in the terminal."""

from __future__ import annotations

from homerun.cli import command_table
from homerun.cli.command import command
from homerun.cli.errors import UsageError
from homerun.cli.options.params import argument
from homerun.cli.output import render
from homerun.cli.page_text import PageText
from homerun.cli.result import Result
from homerun.manual import pages

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterator
    from typing import Any

    from homerun.cli.invocation import Call
    from homerun.manual.pages import Page

_PIPE = 80
_MOST = 12


def _offered(given: dict[str, Any], begun: str) -> Iterator[tuple[str, str | None]]:
    for topic in pages.topics():
        if topic.startswith(begun):
            yield topic, None


@command("help")
@argument("words", many=True, metavar="[TOPIC] [WORDS]", complete=_offered)
def help_on(call: Call, words: tuple[str, ...]) -> Result | int:
    """Show a page of the manual (default: the list of all), a section, or a command's help.

    Words behind a topic choose the first section whose heading has them. Words that are neither a
    topic nor a command are searched for in all pages.

    \b
    Example:
      homerun help getting-started
      homerun help troubleshooting disk
    """
    found = pages.page(words[0] if words else pages.INDEX)
    text = None if found is None else _text(found, words[1:])
    if found is not None and text is not None:
        return _page(found, text)
    path, rest = command_table.split_line(words)
    if not rest and (command_table.command(path) or " ".join(path) in command_table.GROUPS):
        from homerun.cli.parsing import click_parser

        return click_parser.run_line([*words, "--help"])
    if found is not None:
        raise UsageError(
            f"the page {found.topic} has no heading with {' '.join(words[1:])!r}; "
            f"homerun help {found.topic} shows all of it"
        )
    return _places(words)


def _text(found: Page, words: tuple[str, ...]) -> str | None:
    return found.part(words) if words else found.text


def _page(found: Page, text: str) -> Result:
    value = {"topic": found.topic, "title": found.title, "text": text}
    shown = PageText(text)
    return Result(value, lambda: [shown], plain="\n".join(shown.lines(_PIPE)) + "\n")


def _places(words: tuple[str, ...]) -> Result:
    found = pages.where_words_stand(words)
    if not found:
        raise UsageError(f"no page has {' '.join(words)!r}; homerun help lists all pages")
    value = [{"topic": topic, "heading": heading} for topic, heading in found]

    def shown() -> Iterator[render.Part]:
        yield render.Table(["topic", "heading"], [[*row.values()] for row in value[:_MOST]])
        more = len(value) - _MOST
        if more > 0:
            yield render.Note(f"{more} more; another word makes them fewer")

    return Result(value, shown)
