"""`--grid KEY=VALUES`: the values of one argument, and the combinations of several.

lr=0.1,0.01              --lr 0.1, then --lr 0.01
seed=0..9                the whole numbers from 0 to 9
dropout=0..0.5:6         six numbers from 0 to 0.5, evenly spaced
lr=log:1e-5..1e-1:5      five, each the same multiple of the one before
layers=[64,64],[32]      brackets and quotes keep their commas: --layers '[64,64]'
data="a,b",'0..9'        quotes around a value are not part of it; what they hold is no range
flag:amp                 with --amp, and without
pair:model.lr=0.1,0.01   model.lr=0.1 as one word, as Hydra has it

With `--random N` a range needs no count: lr=log:1e-5..1e-1 is any number from it.
"""

from __future__ import annotations

from typing import NamedTuple, Union

from homerun.cli.errors import BadValue

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterable
    from random import Random

    Row = tuple[dict[str, str], list[str]]
    """The values by key, and the words that the script gets for them."""

MOST = 10_000
"""The most runs in a batch; more are most likely a typing error."""

_TO = ".."
_LOG = "log:"
_FLAG = "flag:"
_PAIR = "pair:"
_ON, _OFF = "true", "false"
_TRIES = 100
_CLOSING = {"[": "]", "(": ")", "{": "}"}
_QUOTES = "'\""


class Span(NamedTuple):
    """All numbers between two, the ends among them.

    Attributes:
        part: as it was written.
        is_log: small numbers are as likely as large ones, each decade as any other.
    """

    part: str
    low: float
    high: float
    is_log: bool

    def any(self, chance: Random) -> str:
        """One of them, as a text of at most six digits."""
        if self.is_log:
            found = self.low * (self.high / self.low) ** chance.random()
        else:
            found = chance.uniform(self.low, self.high)
        return f"{found:.6g}"


Value = Union[str, Span]


class Axis(NamedTuple):
    """One key of a grid, and its values.

    Attributes:
        form: how the script gets a value: "" as two words, `flag:` or `pair:`.
    """

    key: str
    values: list[Value]
    form: str = ""

    @property
    def span(self) -> Span | None:
        """The range without a count among the values, if there is one."""
        return next((one for one in self.values if isinstance(one, Span)), None)

    def words(self, value: str) -> list[str]:
        """What the script gets for a value."""
        if self.form == _FLAG:
            return [f"--{self.key}"] if value == _ON else []
        return [f"{self.key}={value}"] if self.form == _PAIR else [f"--{self.key}", value]

    def any(self, chance: Random) -> str:
        """One of the values; a range counts as one."""
        found = chance.choice(self.values)
        return found.any(chance) if isinstance(found, Span) else found


def axes(given: tuple[str, ...]) -> list[Axis]:
    """Each `KEY=VALUES`, read.

    Raises:
        BadValue: one is not valid.
    """
    found = [_axis(text) for text in given]
    keys = [one.key for one in found]
    for key in keys:
        if keys.count(key) > 1:
            raise BadValue(f"{key!r} is given twice; give all of its values at once")
    return found


def combinations(found: list[Axis]) -> list[Row]:
    """Every combination; the last key changes fastest.

    Raises:
        BadValue: there are too many, or a range has no count.
    """
    count = 1
    for one in found:
        if one.span is not None:
            raise _no_range(one.span.part)
        count *= len(one.values)
    if count > MOST:
        raise BadValue(f"this grid has {count:,} runs; a batch has at most {MOST:,}")
    rows: list[list[str]] = [[]]
    for one in found:
        rows = [[*row, str(value)] for row in rows for value in one.values]
    return [_row(found, row) for row in rows]


def drawn(found: list[Axis], count: int, chance: Random) -> list[Row]:
    """So many combinations by chance, no two alike; all where there are no more.

    Raises:
        BadValue: a range has fewer numbers than there would have to be.
    """
    total = 1
    for one in found:
        total *= len(one.values)
    if total <= count and all(one.span is None for one in found):
        return combinations(found)
    rows: dict[tuple[str, ...], None] = {}
    for _ in range(_TRIES * count):
        rows[tuple(one.any(chance) for one in found)] = None
        if len(rows) == count:
            return [_row(found, row) for row in rows]
    raise BadValue(f"the grid has no {count:,} different runs; ask for fewer")


def _row(found: list[Axis], values: Iterable[str]) -> Row:
    pairs = list(zip(found, values))
    return (
        {one.key: value for one, value in pairs},
        [word for one, value in pairs for word in one.words(value)],
    )


def _axis(text: str) -> Axis:
    if text.startswith(_FLAG):
        key = text[len(_FLAG) :]
        if "=" in key:
            raise BadValue(f"{text!r} is not valid: a flag has no values, e.g. flag:amp")
        return Axis(_key(text, key), [_ON, _OFF], _FLAG)
    form = _PAIR if text.startswith(_PAIR) else ""
    key, equals, listed = text[len(form) :].partition("=")
    if not equals:
        raise _not_valid(text)
    values = [value for part in _parts(listed) for value in _values(key, part)]
    return Axis(_key(text, key), values, form)


def _key(text: str, key: str) -> str:
    if not key or key[0] == "-" or any(c.isspace() for c in key):
        raise _not_valid(text)
    return key


def _not_valid(text: str) -> BadValue:
    return BadValue(f"{text!r} is not a valid KEY=VALUES, e.g. lr=0.1,0.01 or seed=0..9")


def _parts(listed: str) -> list[str]:
    """What stands between the commas that are in no brackets and no quotes."""
    parts, begun, inside = [], 0, ""  # inside: what has to close, the innermost last
    for place, letter in enumerate(listed):
        if inside[-1:] == letter:
            inside = inside[:-1]
        elif inside[-1:] in tuple(_QUOTES):
            continue
        elif letter in _QUOTES:
            inside += letter
        elif letter in _CLOSING:
            inside += _CLOSING[letter]
        elif letter in _CLOSING.values():
            raise BadValue(f"{listed!r} has a {letter!r} too many; put the value in quotes")
        elif letter == "," and not inside:
            parts.append(listed[begun:place])
            begun = place + 1
    if inside:
        raise BadValue(f"{listed!r} lacks a {inside[-1]}; put the value in other quotes")
    return [*parts, listed[begun:]]


def _values(key: str, part: str) -> list[Value]:
    """The values that one part means: the text in quotes, a range, or the part itself."""
    part = part.strip()
    if part[:1] in tuple(_QUOTES) and part.find(part[0], 1) == len(part) - 1:
        return [part[1:-1]]
    if not part:
        raise BadValue(f'a value of {key!r} is empty; write "" for an empty text')
    is_log = part.startswith(_LOG)
    first, to, last = part[len(_LOG) if is_log else 0 :].partition(_TO)
    if not is_log and not (to and (_is_like_number(first) or _is_like_number(last))):
        return [part]  # a text, such as the path ../data
    last, colon, count = last.partition(":")
    low, high = _number(part, first), _number(part, last)
    if not is_log and not colon and isinstance(low, int) and isinstance(high, int):
        return [*_whole_numbers(part, low, high)]
    if is_log and not (low > 0 and high > 0):
        raise BadValue(f"{part!r} begins or ends at or below 0, which has no logarithm")
    if not colon:
        return [Span(part, low, high, is_log)]
    return [*_spaced(part, low, high, _count(part, count), is_log)]


def _is_like_number(text: str) -> bool:
    return text.lstrip("+-.")[:1].isdigit() and "/" not in text


def _number(part: str, text: str) -> int | float:
    for kind in (int, float):
        try:
            found = kind(text)
        except ValueError:
            continue
        if found - found == 0:  # neither NaN nor endless
            return found
    raise _no_range(part)


def _no_range(part: str) -> BadValue:
    return BadValue(
        f"{part!r} is not a valid range, e.g. 0..9, 0..1:5 or log:1e-4..1:5 (five values); "
        "with --random a range needs no count; for a text put it in quotes within quotes"
    )


def _count(part: str, text: str) -> int:
    try:
        count = int(text)
    except ValueError:
        raise _no_range(part) from None
    if not 2 <= count <= MOST:
        raise BadValue(f"{part!r} has {count:,} values; a range has from 2 to {MOST:,}")
    return count


def _whole_numbers(part: str, low: int, high: int) -> list[str]:
    if high < low:
        raise BadValue(f"{part!r} runs backwards; put the lower number first")
    if high - low >= MOST:
        raise BadValue(f"{part!r} has {high - low + 1:,} values; at most {MOST:,}")
    return [str(number) for number in range(low, high + 1)]


def _spaced(part: str, low: float, high: float, count: int, is_log: bool) -> list[str]:
    """So many numbers, both ends among them, as texts of at most twelve digits."""
    steps = count - 1
    if is_log:
        found = [low * (high / low) ** (step / steps) for step in range(count)]
    else:
        found = [low + (high - low) * step / steps for step in range(count)]
    found[-1] = high
    texts = [f"{number:.12g}" for number in found]
    if len(set(texts)) < count:
        raise BadValue(f"{part!r} has values that do not differ; ask for fewer")
    return texts
