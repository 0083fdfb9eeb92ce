"""Many scalar points at once, in the form in which our own writer appends them.

Such a line is `{"n":"loss","v":0.5,"t":1732147200.123456}`: a head, which is the same for every
point of a metric, and two numbers. Where a window of a log holds nothing else, and only there, its
lines are made into one flat JSON array of marks, values and times, without an object for each line.
Whatever else a window holds is left to the reader of single records.
"""

from __future__ import annotations

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any

_NUMBER = b"0123456789.+-eE"
_BEGIN, _VALUE, _TIME, _END = b'\n{"n":', b',"v":', b',"t":', b"}\n"
_MOST_HEADS = 4
"""With more metrics than that it is no faster to look for each of their heads."""


def parse(data: bytes, heads: dict[bytes, str]) -> list[tuple[str, list[Any], list[float]]] | None:
    """Names with values and times, by first appearance; None if any line is something else.

    The proof that a window holds nothing else: each end of a line but the last is followed by a
    beginning, and there are no other newlines. With heads, time signs and ends replaced, and the
    characters of numbers left out, nothing remains but what took the place of the heads, and one
    comma after each; and there are as many time signs as heads. So each line is a head, number
    characters, a time sign, number characters and an end. The JSON parser refuses those that are no
    numbers.

    Args:
        heads: those seen in the same log before, with their names; new ones are added.
    """
    data = b"\n" + data.strip(b"\n") + b"\n"
    count = data.count(_TIME)
    if data.count(_END + _BEGIN) != count - 1 or data.count(b"\n") != 2 * count:
        return None
    if not data.startswith(_BEGIN) or not data.endswith(_END):
        return None
    flat = _without_heads(data, heads)
    if flat is None:
        return None
    flat = flat.replace(_TIME, b",").replace(_END, b"")
    if flat.translate(None, _NUMBER) != b',"",,' * count:
        return None
    import json

    try:
        points = json.loads(b"[" + flat[1:] + b"]")
    except ValueError:
        return None
    return _by_name(points, list(heads.values()))


def _without_heads(data: bytes, heads: dict[bytes, str]) -> bytes | None:
    """The window with each head replaced by its number in quotes; None if there are too many."""
    for number, head in enumerate(heads):
        data = data.replace(head, b',"%d",' % number)
    while (start := data.find(_BEGIN)) >= 0:
        head = data[start : data.find(_VALUE, start) + len(_VALUE)]
        name = _name(head)
        if name is None or len(heads) == _MOST_HEADS:
            return None
        data = data.replace(head, b',"%d",' % len(heads))
        heads[head] = name
    return data


def _name(head: bytes) -> str | None:
    import json

    try:
        name = json.loads(head[len(_BEGIN) : -len(_VALUE)])
    except (ValueError, RecursionError):
        return None
    return name if isinstance(name, str) else None


def _by_name(points: list[Any], names: list[str]) -> list[tuple[str, list[Any], list[float]]]:
    marks, values, times = points[0::3], points[1::3], points[2::3]
    if marks.count(marks[0]) == len(marks):
        return [(names[int(marks[0])], values, times)]
    found: dict[str, tuple[str, list[Any], list[float]]] = {
        mark: (names[int(mark)], [], []) for mark in dict.fromkeys(marks)
    }
    for mark, value, time in zip(marks, values, times):
        _, of_mark, at = found[mark]
        of_mark.append(value)
        at.append(time)
    return list(found.values())
