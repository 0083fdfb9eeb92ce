"""`--grid KEY=VALUES`: the values of one argument, and the combinations of several."""

from __future__ import annotations

from homerun.cli.errors import BadValue

TYPE_CHECKING = False
if TYPE_CHECKING:
    Axis = tuple[str, list[str]]

MOST = 10_000
"""The most runs in a batch; more are most likely a typing error."""

_TO = ".."


def axes(given: tuple[str, ...]) -> list[tuple[str, list[str]]]:
    """Each `KEY=VALUES` as its key and its values."""
    found = [_axis(text) for text in given]
    keys = [key for key, _ in found]
    for key in keys:
        if keys.count(key) > 1:
            raise BadValue(f"{key!r} is given twice; give all of its values at once")
    count = 1
    for _, values in found:
        count *= len(values)
    if count > MOST:
        raise BadValue(f"this grid has {count:,} runs; a batch has at most {MOST:,}")
    return found


def combinations(found: list[tuple[str, list[str]]]) -> list[dict[str, str]]:
    """Every combination, as values by key; the last key changes fastest."""
    rows: list[dict[str, str]] = [{}]
    for key, values in found:
        rows = [{**row, key: value} for row in rows for value in values]
    return rows


def _axis(text: str) -> tuple[str, list[str]]:
    key, equals, listed = text.partition("=")
    if not key or key[0] == "-" or not equals or any(c.isspace() for c in key):
        raise BadValue(f"{text!r} is not a valid KEY=VALUES, e.g. lr=0.1,0.01 or seed=0..9")
    values: list[str] = []
    for part in listed.split(","):
        values += _range(part) if _TO in part else [part]
    if "" in values:
        raise BadValue(f"a value of {key!r} is empty")
    return key, values


def _range(text: str) -> list[str]:
    """`0..9`: the whole numbers from the first to the last, both included."""
    first, _, last = text.partition(_TO)
    try:
        low, high = int(first), int(last)
    except ValueError:
        return [text]  # a path such as ../data
    if high < low:
        raise BadValue(f"{text!r} runs backwards; put the lower number first")
    if high - low >= MOST:
        raise BadValue(f"{text!r} has {high - low + 1:,} values; at most {MOST:,}")
    return [str(number) for number in range(low, high + 1)]
