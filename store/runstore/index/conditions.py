"""The language of conditions: `metrics.loss < 0.1 and (params.opt in (adam, sgd) or tags.best)`.

`and` binds closer than `or`. What stands in quotes, or in brackets within a value, is text.
"""

from __future__ import annotations

from runstore.errors import InvalidQuery
from runstore.index.kinds import OPERATORS
from runstore.index.query import THERE, Condition, Group, on

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Union

    Part = Union[Condition, Group]

_OPEN, _CLOSE, _QUOTES = "(", ")", "'\""
_HIDDEN = "\0"
_BEFORE_QUOTE = " \t\n.,(=<>!~"
_IN = " in ("


def parse(text: str) -> Part:
    """A condition as people write it.

    Raises:
        InvalidQuery: it is none.
    """
    return _any(text.strip())


def _any(text: str) -> Part:
    parts = _split(text, " or ")
    return _all(text) if len(parts) == 1 else Group(list(map(_all, parts)), is_any=True)


def _all(text: str) -> Part:
    parts = _split(text, " and ")
    return _one(text) if len(parts) == 1 else Group(list(map(_one, parts)), is_any=False)


def _one(text: str) -> Part:
    text = text.strip()
    shown = _shown(text)
    if text[:1] == _OPEN and shown.find(_CLOSE) == len(text) - 1:
        return _any(text[1:-1].strip())
    places = [(shown.find(sign), -len(sign), sign) for sign in OPERATORS if sign in shown]
    listed = shown.casefold().find(_IN)
    if listed > 0 and shown.endswith(_CLOSE) and (not places or listed < min(places)[0]):
        values = _split(text[listed + len(_IN) : -1], ",")
        field = text[:listed].strip()
        return Group([on(field, "=", _unquoted(one)) for one in values], is_any=True)
    if not places:
        return on(text, THERE)
    at, _, sign = min(places)
    return on(text[:at].strip(), sign, _unquoted(text[at + len(sign) :]))


def _split(text: str, word: str) -> list[str]:
    """The parts of a text between a word that stands in no quotes and no brackets."""
    shown, parts, begun = _lowered(_shown(text)), [], 0
    at = shown.find(word)
    while at >= 0:
        parts.append(text[begun:at])
        begun = at + len(word)
        at = shown.find(word, begun)
    parts.append(text[begun:])
    if len(parts) > 1 and not all(part.strip() for part in parts):
        raise InvalidQuery(
            f"{text!r} has nothing on one side of {word.strip()!r}: write a condition"
        )
    return parts


def _lowered(text: str) -> str:
    """A text in small letters, letter by letter: places in it are places in the text."""
    return "".join(c.lower() if c.isascii() else c for c in text)


def _shown(text: str) -> str:
    """The text, with all that is in quotes or brackets hidden, letter by letter."""
    made, depth, at = list(text), 0, 0
    while at < len(text):
        c = text[at]
        end = text.find(c, at + 1) if c in _QUOTES and _may_begin(text, at) else -1
        if end > 0:
            made[at : end + 1] = _HIDDEN * (end + 1 - at)
            at = end
        elif c == _CLOSE and depth:
            depth -= 1
            made[at] = _HIDDEN if depth else c
        elif depth:
            made[at] = _HIDDEN
            depth += c == _OPEN
        elif c == _OPEN:
            depth = 1
        at += 1
    return "".join(made)


def _may_begin(text: str, at: int) -> bool:
    """Whether a quote at a place opens something: none does within a word, as in `don't`."""
    return at == 0 or text[at - 1] in _BEFORE_QUOTE


def _unquoted(value: str) -> str:
    value = value.strip()
    is_quoted = len(value) > 1 and value[0] == value[-1] and value[0] in _QUOTES
    return value[1:-1] if is_quoted else value
