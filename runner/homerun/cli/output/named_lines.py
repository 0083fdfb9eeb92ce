"""Lines of several logs in one: each with the name of its run in front, `#23 lr=0.1 | epoch 1`."""

from __future__ import annotations

from homerun.cli.output import console, text
from homerun.cli.output.log_filter import Sieve
from homerun.views.rows import differing

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterable

    from homerun.files.logs.line_pattern import LinePattern
    from runstore.run.record import Record

_LONGEST = 1 << 20
"""A longer line is shown as several."""

_MOST_PARAMS = 3
_WIDEST = 32
_COLOURS = ("cyan", "yellow", "green", "magenta", "blue")
_RESET = b"\x1b[0m"


class NamedLines:
    """Puts the names of runs in front of their lines.

    Args:
        pattern, folds: as for `log_filter.Sieve`.
        is_coloured: each name has a colour of its own.
    """

    def __init__(self, pattern: LinePattern | None, folds: bool, is_coloured: bool) -> None:
        self._pattern = pattern
        self._folds = folds
        self._is_coloured = is_coloured
        self._records: dict[str, Record] = {}
        self._names: dict[str, str] = {}
        self._sieves: dict[str, Sieve] = {}
        self._rests: dict[str, bytes] = {}
        self._wide = 0

    def sieve(self) -> Sieve:
        """What lets the lines of one run through."""
        return Sieve(self._pattern, self._folds)

    def know(self, records: Iterable[Record]) -> None:
        """Name some runs by their numbers, and by what differs among all that are known."""
        new = {one.id: one for one in records if one.id not in self._records}
        if not new:
            return
        self._records.update(new)
        rows = [{"params": record.params()} for record in self._records.values()]
        columns = differing(rows)[:_MOST_PARAMS]
        for record, row in zip(self._records.values(), rows):
            if record.id not in self._names:
                values = [(one.title, one.value(row)) for one in columns]
                params = " ".join(f"{name}={v}" for name, v in values if v is not None)
                self._names[record.id] = _name(record, record.labels().display_name or params)
        self._wide = max(map(text.width, self._names.values()))

    def name(self, record: Record) -> str:
        """The name of a run."""
        self.know([record])
        return self._names[record.id]

    def pass_on(self, record: Record, piece: bytes) -> bytes:
        """The lines that end in a piece of a run's log."""
        if record.id not in self._sieves:
            self.know([record])
            self._sieves[record.id] = self.sieve()
        return self._named(record, self._sieves[record.id].pass_on(piece))

    def end(self, record: Record) -> bytes:
        """The last line of a run, if it has no end."""
        sieve = self._sieves.pop(record.id, None)
        if sieve is None:
            return b""
        shown = self._named(record, sieve.rest())
        rest = self._rests.pop(record.id, b"")
        return shown + (self._line(record, rest) if rest else b"")

    def _named(self, record: Record, passed: bytes) -> bytes:
        *whole, rest = (self._rests.get(record.id, b"") + passed).split(b"\n")
        if len(rest) > _LONGEST:
            whole, rest = [*whole, rest], b""
        self._rests[record.id] = rest
        return b"".join(self._line(record, line) for line in whole)

    def _line(self, record: Record, line: bytes) -> bytes:
        name = self._names[record.id]
        shown = f"{name}{' ' * (self._wide - text.width(name))} | "
        if not self._is_coloured:
            return shown.encode() + line + b"\n"
        colour = _COLOURS[list(self._names).index(record.id) % len(_COLOURS)]
        # A colour that a line leaves on would run on into the names.
        end = _RESET if b"\x1b" in line else b""
        return console.painted(shown, colour).encode() + line + end + b"\n"


def _name(record: Record, said: str) -> str:
    number = record.run.get("number")
    name = text.printable(" ".join(filter(None, [f"#{number}" if number else record.id, said])))
    return name if len(name) <= _WIDEST else f"{name[: _WIDEST - 1]}…"
