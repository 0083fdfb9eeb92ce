"""Many scalar points at once, in the form in which our own writer appends them.

Such a line is `{"n":"loss","v":0.5,"t":1732147200123456e-6}`: a head, which is the same for every
point of a metric, and two numbers. Where a window of a log holds nothing else, and only there, its
lines are made into one flat JSON array of marks, values and times, without an object for each line.
Whatever else a window holds is left to the reader of single records.
"""

from __future__ import annotations

import json

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any

_NUMBER = b"0123456789.+-eE"
_SEAM, _VALUE, _TIME = b'}\n\n{"n":', b',"v":', b',"t":'
_MOST_HEADS = 4
"""With more metrics than that it is no faster to look for each of their heads."""


def parse(data: bytes, heads: dict[bytes, str]) -> list[tuple[str, list[Any], list[float]]] | None:
    """Names with values and times, by first appearance; None if any line is something else.

    The proof that a window holds nothing else: it has as many time signs as seams, where a line
    ends and the next begins. With each head (a seam, a name and the sign of a value) replaced by
    two commas around a mark in quotes, and each time sign by a comma, nothing remains but these and
    characters of numbers: so no quote or comma stood elsewhere, and between two heads there are
    number characters, a time sign and number characters. The JSON parser refuses those that are no
    numbers.

    Args:
        heads: those seen in the same log before, with their names; new ones are added.
    """
    data = data.strip(b"\n")
    if data[-1:] != b"}":
        return None
    data = b"}\n\n" + data[:-1]
    count = data.count(_TIME)
    if data.count(_SEAM) != count:
        return None
    flat = _without_heads(data, heads)
    if flat is None:
        return None
    flat = flat.replace(_TIME, b",")
    if flat.translate(None, _NUMBER) != b',"",,' * count:
        return None
    try:
        points = json.loads(b"[" + flat[1:] + b"]")
    except ValueError:
        return None
    return _by_name(points, list(heads.values()))


def _without_heads(data: bytes, heads: dict[bytes, str]) -> bytes | None:
    """The window with each head replaced by its number in quotes; None if there are too many."""
    for number, head in enumerate(heads):
        data = data.replace(head, b',"%d",' % number)
    while (start := data.find(_SEAM)) >= 0:
        head = data[start : data.find(_VALUE, start) + len(_VALUE)]
        name = _name(head)
        if name is None or len(heads) == _MOST_HEADS:
            return None
        data = data.replace(head, b',"%d",' % len(heads))
        heads[head] = name
    return data


def _name(head: bytes) -> str | None:
    """The name in a head, where nothing else stands in it."""
    text = head[len(_SEAM) : -len(_VALUE)]
    if text[:1] != b'"' or text[-1:] != b'"':  # around a text JSON allows blanks and newlines
        return None
    try:
        name = json.loads(text)
    except (ValueError, RecursionError):
        return None
    return name if isinstance(name, str) else None


def _by_name(points: list[Any], names: list[str]) -> list[tuple[str, list[Any], list[float]]]:
    marks, values, times = points[0::3], points[1::3], points[2::3]
    if marks.count(marks[0]) == len(marks):
        return [(names[int(marks[0])], values, times)]
    found: dict[str, tuple[str, list[Any], list[float]]] = {}
    of_mark = {}
    for mark in dict.fromkeys(marks):
        name = names[int(mark)]  # of two marks, where one name is spelled in two ways
        of_mark[mark] = found.setdefault(name, (name, [], []))
    for mark, value, time in zip(marks, values, times):
        _, of_name, at = of_mark[mark]
        of_name.append(value)
        at.append(time)
    return list(found.values())
