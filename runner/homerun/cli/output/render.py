"""Results for people: tables, cards, lines."""

from __future__ import annotations

from homerun.cli.output import console, formats, stdout, text

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence
    from typing import Union

    from homerun.cli.output.plot import Plot
    from homerun.cli.page_text import PageText

    Part = Union["Table", "Card", "Branch", "Note", PageText, Plot, str]

_GAP = "  "
_MAY_BE_CUT = ("script", "tags")
_CUT = 6
_MOST_NAMED = 3
_NUMBERS = ("#", "last", "min", "max", "count", "position", "priority", "slots")


class Note:
    """A sentence to the user, instead of a result or after it, on standard error."""

    def __init__(self, line: str, colour: str | None = None) -> None:
        self._line = line
        self._colour = colour

    def say(self) -> None:
        """Print it."""
        console.inform(self._line, self._colour)


class Table:
    """A table with a heading; a `status` is coloured.

    Args:
        expendable: columns to leave out, in this order, if the terminal is too narrow. Of the rest
            only script and tags are ever cut, so that an id can always be copied.
        even: columns that are cut before, all to the same width.
        hint: how to see those of `named` that were left out, behind their names; "": nothing is
            said of them.
    """

    def __init__(
        self,
        columns: Sequence[str],
        rows: Iterable[Sequence[object]],
        expendable: tuple[str, ...] = (),
        *,
        even: tuple[str, ...] = (),
        named: tuple[str, ...] = (),
        hint: str = "",
    ) -> None:
        self._columns = list(columns)
        self._rows = [[text.printable(value) for value in row] for row in rows]
        self._expendable = expendable
        self._even = even
        self._named = named
        self._hint = hint

    def lines(self, room: int) -> list[str]:
        """Its lines, for a terminal of this width."""
        widths = self._widths(room)
        made = [
            console.bold(
                _line([(name, text.printable(name), wide) for name, wide in widths.items()])
            )
        ]
        for row in self._rows:
            of = dict(zip(self._columns, row))
            for name in self._even:
                of[name] = text.shortened(of[name], widths[name])
            made.append(_line([(name, of[name], wide) for name, wide in widths.items()]))
        return made

    def left_out(self, room: int) -> Note | None:
        """What to say of columns that a terminal of this width has no room for."""
        kept = self._widths(room)
        gone = [text.printable(name) for name in self._named if name not in kept]
        if not gone or not self._hint:
            return None
        first, more = gone[:_MOST_NAMED], len(gone) - _MOST_NAMED
        told = f"{', '.join(first)} and {more} more" if more > 0 else " and ".join(first)
        return Note(f"left out: {told}; {self._hint}")

    def _widths(self, room: int) -> dict[str, int]:
        cells = zip(*[map(text.printable, self._columns), *self._rows])
        natural = {name: max(map(text.width, of)) for name, of in zip(self._columns, cells)}
        return _fitted(_evened(natural, self._even, room), self._expendable, room)


class Card:
    """One object: a name and a value per line; what has no value is left out.

    Lines are not cut or wrapped: a path that is copied from a terminal has no break in it.
    """

    def __init__(self, fields: Mapping[str, object]) -> None:
        self._fields = {k: v for k, v in fields.items() if v not in (None, "", text.NONE)}

    def lines(self, room: int) -> list[str]:
        """Its lines."""
        wide = max(map(text.width, self._fields), default=0)
        made = []
        for name, value in self._fields.items():
            first, *rest = str(value).split("\n")
            head = console.bold(_filled(text.printable(name), wide) + _GAP)
            made.append(head + _coloured(name, text.printable(first)))
            made += [" " * wide + _GAP + text.printable(more) for more in rest]
        return made


class Branch:
    """One run of a tree: its id, its coloured status, and the rest."""

    def __init__(self, indent: str, run_id: str, status: str, rest: str = "") -> None:
        self._head = indent + text.printable(run_id)
        self._status = status
        self._rest = text.printable(rest)

    def lines(self, room: int) -> list[str]:
        """Its one line."""
        line = f"{self._head}{_GAP}{_coloured('status', self._status)}"
        return [f"{line}{_GAP}{self._rest}" if self._rest else line]


def parts_of(value: object) -> list[Part]:
    """Any value as a table of its plain fields."""
    columns, rows = formats.columns(value)
    return [Table(columns, rows)] if columns else []


def show(parts: Iterable[Part], pages: bool = True) -> None:
    """Print the parts of a result, a text as one line; notes come last."""
    room = stdout.columns()
    console.colours_as(stdout.takes_colours())
    lines: list[str] = []
    notes: list[Note] = []
    for part in parts:
        if isinstance(part, Note):
            notes.append(part)
        else:
            lines += [text.printable(part)] if isinstance(part, str) else part.lines(room)
            if isinstance(part, Table) and (left_out := part.left_out(room)):
                notes.append(left_out)
    if lines:
        stdout.put_paged("\n".join(lines) + "\n", pages)
    for note in notes:
        note.say()


def _evened(natural: dict[str, int], even: tuple[str, ...], room: int) -> dict[str, int]:
    """The widths of columns, of which some are cut to the greatest one that fits for all."""
    widths = dict(natural)
    while _total([*widths.values()]) > room:
        widest = max((widths[name] for name in even), default=0)
        if widest <= _CUT:
            break
        widths.update((name, widest - 1) for name in even if widths[name] == widest)
    return widths


def _fitted(natural: dict[str, int], expendable: tuple[str, ...], room: int) -> dict[str, int]:
    """The columns that fit on a terminal, each with its width."""
    widths = dict(natural)
    for name in expendable:
        least = [min(n, _CUT) if one in _MAY_BE_CUT else n for one, n in widths.items()]
        if _total(least) <= room:
            break
        widths.pop(name, None)
    for name in reversed(_MAY_BE_CUT):
        excess = _total([*widths.values()]) - room
        if name in widths and excess > 0:
            widths[name] = max(min(widths[name], _CUT), widths[name] - excess)
    return widths


def _total(widths: list[int]) -> int:
    return sum(widths) + len(_GAP) * (len(widths) - 1)


def _line(cells: list[tuple[str, str, int]]) -> str:
    """One line of a table from (column, value, width)."""
    made = []
    for column, value, wide in cells:
        kept = _cut(value, wide)
        filling = " " * (wide - text.width(kept))
        shown = _coloured(column, kept)
        made.append(filling + shown if column in _NUMBERS else shown + filling)
    return _GAP.join(made).rstrip()


def _filled(cell: str, wide: int) -> str:
    return cell + " " * (wide - text.width(cell))


def _cut(cell: str, wide: int) -> str:
    if text.width(cell) <= wide:
        return cell
    while text.width(cell) > wide - 1:
        cell = cell[:-1]
    return f"{cell}…"


def _coloured(column: str, value: str) -> str:
    return console.coloured(value, console.COLOURS.get(value)) if column == "status" else value
