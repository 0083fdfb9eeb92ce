"""Markdown as a terminal shows it: wrapped, tables in columns, code as it is, links by topic."""

from __future__ import annotations

import re
import textwrap

from homerun.cli.output import console, text

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

WIDEST = 100
_INDENT = "    "
_LEAST = 20

_IMAGE = re.compile(r"!\[[^\]]*\]\([^)]*\)\n?")
_LINK = re.compile(r"\[([^\]]+)\]\(([^)\s]+)\)")
_PAGE = re.compile(r"([\w-]+)\.md(?:#.*)?")
_BOLD = re.compile(r"\*\*(.+?)\*\*")
_ITEM = re.compile(r"( *)([-*]|\d+\.) (.*)")
_CELLS = re.compile(r"(?<!\\)\|")


class PageText:
    """The text of a page, a part of a result."""

    def __init__(self, markdown: str) -> None:
        self._blocks = _IMAGE.sub("", markdown).strip("\n").split("\n")

    def lines(self, room: int) -> list[str]:
        """Its lines, for a terminal of this width."""
        wide = max(_LEAST, min(room, WIDEST))
        made: list[str] = []
        for kind, block in _blocks(self._blocks):
            made += _shown(kind, block, wide)
        return made


def _blocks(lines: Sequence[str]) -> Iterator[tuple[str, list[str]]]:
    """The lines by what they are part of: code, a table, an item of a list, a paragraph."""
    block: list[str] = []
    kind = ""
    for line in lines:
        if kind == "code":
            if line.startswith("```"):
                yield kind, block
                block, kind = [], ""
            else:
                block.append(line)
            continue
        found = _kind(line, kind)
        if found != kind or found in ("item", "heading", "blank"):
            if block:
                yield kind, block
            block, kind = [], found
        if found == "code":
            continue
        block.append(line)
        if found == "item":
            kind = "more"  # what follows on the next line belongs to it
            block = ["\0", *block]
    if block:
        yield kind, block


def _kind(line: str, before: str) -> str:
    if line.startswith("```"):
        return "code"
    if not line.strip():
        return "blank"
    if line.startswith("#"):
        return "heading"
    if line.startswith("|"):
        return "table"
    if _ITEM.match(line):
        return "item"
    return "more" if before == "more" else "paragraph"


def _shown(kind: str, block: list[str], wide: int) -> list[str]:
    if kind == "blank":
        return [""]
    if kind == "code":
        return [_INDENT + text.printable(line) for line in block]
    if kind == "heading":
        return [console.bold(_plain(block[0].lstrip("# ")))]
    if kind == "table":
        return _table([_cells(line) for line in block], wide)
    if block[0] == "\0":
        return _item(block[1:], wide)
    return _wrapped(" ".join(line.lstrip("> ") for line in block), wide)


def _item(block: list[str], wide: int) -> list[str]:
    found = _ITEM.match(block[0])
    assert found is not None
    indent = f"  {found[1]}"
    rest = " ".join([found[3], *(line.strip() for line in block[1:])])
    hanging = indent + " " * (len(found[2]) + 1)
    return _wrapped(rest, wide, f"{indent}{found[2]} ", hanging)


def _wrapped(prose: str, wide: int, first: str = "", hanging: str = "") -> list[str]:
    return textwrap.wrap(
        _plain(prose),
        wide,
        initial_indent=first,
        subsequent_indent=hanging,
        break_long_words=False,
        break_on_hyphens=False,
    )


def _cells(line: str) -> list[str]:
    cells = [cell.strip().replace("\\|", "|") for cell in _CELLS.split(line.strip())[1:-1]]
    return [_plain(cell) for cell in cells]


def _table(rows: list[list[str]], wide: int) -> list[str]:
    """Columns side by side; the last ones share the room that the others leave."""
    head, body = rows[0], rows[2:]
    count = len(head)
    body = [(row + [""] * count)[:count] for row in body]
    widths = _widths([head, *body], wide)
    lines = _row(head, widths, is_bold=True) if any(head) else []
    for row in body:
        lines += _row(row, widths)
    return lines


def _widths(rows: list[list[str]], wide: int) -> list[int]:
    natural = [max(text.width(cell) for cell in column) for column in zip(*rows)]
    room = wide - 2 * (len(natural) - 1)
    widths = [1] * len(natural)
    left = room - len(natural)
    while left > 0:  # the narrow ones get all that they need, the others as much as each other
        wanting = [place for place, of in enumerate(natural) if widths[place] < of]
        if not wanting:
            break
        narrowest = min(wanting, key=lambda place: widths[place])
        widths[narrowest] += 1
        left -= 1
    return widths


def _row(cells: list[str], widths: list[int], is_bold: bool = False) -> list[str]:
    columns = [
        textwrap.wrap(cell, wide, break_on_hyphens=False) or [""]
        for cell, wide in zip(cells, widths)
    ]
    lines = []
    for place in range(max(map(len, columns))):
        parts = [column[place] if place < len(column) else "" for column in columns]
        filled = [part + " " * (wide - text.width(part)) for part, wide in zip(parts, widths)]
        line = "  ".join(filled).rstrip()
        lines.append(console.bold(line) if is_bold else line)
    return lines


def _plain(prose: str) -> str:
    """Without marks; a link says the topic, or the address, that it leads to."""
    return text.printable(_BOLD.sub(r"\1", _LINK.sub(_followed, prose)))


def _followed(link: re.Match[str]) -> str:
    words, place = link[1], link[2]
    found = _PAGE.fullmatch(place)
    if found:
        return words if words == found[1] else f"{words} [{found[1]}]"
    return words if place.startswith("#") else f"{words} ({place})"
