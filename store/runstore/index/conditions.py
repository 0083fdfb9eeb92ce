"""The language of conditions: `metrics.loss < 0.1 and (params.opt in (adam, sgd) or tags.best)`.

`and` binds closer than `or`. What stands in quotes, or in brackets within a value, is text.
"""

from __future__ import annotations

from runstore.errors import InvalidQuery
from runstore.index.kinds import OPERATORS
from runstore.index.query import THERE, Condition, Group, on

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable
    from typing import Any, Union

    Part = Union[Condition, Group]
    MakeOne = Callable[..., Any]

_OPEN, _CLOSE, _QUOTES = "(", ")", "'\""
_SIGNS = ("=", "<", ">", "~")
_HIDDEN = "\0"
_BEFORE_QUOTE = " \t\n.,(=<>!~"
_IN, _IN_BARE, _NOT = " in (", " in(", " not"
_HABITS = {"&&": "and", "||": "or"}


def parse(text: str, make: MakeOne = on) -> Part:
    """A condition as people write it.

    Args:
        make: called with what stands before an operator, the operator, and the value behind it;
            with THERE and no value where there is none.

    Raises:
        InvalidQuery: it is none.
    """
    return _any(text.strip(), make)


def _any(text: str, make: MakeOne) -> Part:
    parts = [_all(part, make) for part in _split(text, " or ")]
    return parts[0] if len(parts) == 1 else Group(parts, is_any=True)


def _all(text: str, make: MakeOne) -> Part:
    parts = [_one(part, make) for part in _split(text, " and ")]
    return parts[0] if len(parts) == 1 else Group(parts, is_any=False)


def _one(text: str, make: MakeOne) -> Part:
    text = text.strip()
    shown = _shown(text)
    if text[:1] == _OPEN and shown.find(_CLOSE) == len(text) - 1:
        return _any(text[1:-1].strip(), make)
    places = [(shown.find(sign), -len(sign), sign) for sign in OPERATORS if sign in shown]
    lowered = _lowered(shown)
    listed, word = max((lowered.find(word), word) for word in (_IN, _IN_BARE))
    if listed > 0 and shown.endswith(_CLOSE) and (not places or listed < min(places)[0]):
        return _listed(text[:listed].strip(), text[listed + len(word) : -1], make)
    if not places:
        return make(text, THERE)  # type: ignore[no-any-return]
    at, _, sign = min(places)
    value = _value(text[at + len(sign) :], sign)
    return make(text[:at].strip(), sign, value)  # type: ignore[no-any-return]


def _listed(field: str, values: str, make: MakeOne) -> Part:
    """`FIELD in (A, B)`: one of them; `FIELD not in (A, B)`: none of them."""
    is_not = _lowered(field).endswith(_NOT)
    name = field[: -len(_NOT)].strip() if is_not else field
    each = [_unquoted(one) for one in _split(values, ",")]
    return Group([make(name, "!=" if is_not else "=", one) for one in each], is_any=not is_not)


def _value(text: str, sign: str) -> str:
    """What stands behind an operator; `==` is `=`.

    Raises:
        InvalidQuery: it holds another operator, as other languages write them.
    """
    if sign == "=" and text[:1] == "=":
        text = text[1:]
    if text[:1] in _SIGNS:
        raise InvalidQuery(
            f"there is no operator {sign + text[0]!r}; use {' '.join(OPERATORS)}, and quotes "
            "around a text that begins so"
        )
    shown = _shown(text)
    for habit, word in _HABITS.items():
        if f" {habit} " in shown:
            raise InvalidQuery(f"write {word} for {habit}, and quotes around a text with {habit}")
    return _unquoted(text)


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
