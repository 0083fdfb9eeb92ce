"""Regular expressions over lines, in a time that grows with the line alone.

Python's own engine tries one way after another: `(a+)+b` takes years on a line of forty
letters, and `.*x` the square of a line's length. Here all ways are followed at once, as sets of
places in the expression, and each set that was met is kept with what every byte leads to. What
that cannot do is refused: look-around and back references.
"""

from __future__ import annotations

import re
import sys
from collections.abc import Iterable
from math import inf, prod
from typing import Any

if sys.version_info >= (3, 11):
    from re import _constants as ops
    from re import _parser as parser
else:
    import sre_constants as ops
    import sre_parse as parser

_MOST_WAYS = 300
"""Python's engine may try so many at each byte: it is ten times as fast where it has no choice."""
_MOST_PLACES = 5_000
_MOST_STATES = 1_000
_BYTES = frozenset(range(256))
_WORD = frozenset(b"_0123456789abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ")
_SPACE = frozenset(b" \t\n\r\f\v")
_DIGIT = frozenset(b"0123456789")
_CATEGORIES = {
    ops.CATEGORY_DIGIT: _DIGIT,
    ops.CATEGORY_NOT_DIGIT: _BYTES - _DIGIT,
    ops.CATEGORY_SPACE: _SPACE,
    ops.CATEGORY_NOT_SPACE: _BYTES - _SPACE,
    ops.CATEGORY_WORD: _WORD,
    ops.CATEGORY_NOT_WORD: _BYTES - _WORD,
}
_START, _INSIDE, _AFTER_WORD = range(3)
"""What stands before a byte: nothing, or a byte that belongs to no word, or to one."""


class WrongPatternError(ValueError):
    """An expression that is not valid, or that cannot be matched in linear time."""


class LinePattern:
    """An expression that is looked for in lines, each without its line end.

    Raises:
        WrongPatternError: it is not valid, too large, or looks around or back.
    """

    def __init__(self, pattern: bytes) -> None:
        try:
            plain = re.compile(pattern)
            parsed: Any = parser.parse(pattern, 0)  # type: ignore[arg-type]  # it takes bytes, too
        except (re.error, OverflowError, RecursionError) as error:
            raise WrongPatternError(str(error)) from None
        self.pattern = pattern
        self._plain = plain.search
        self._choices = _choices(parsed)
        self._places: list[tuple[Any, Any, int]] = []
        self._end = self._place(None, None, -1)
        self._begin = self._sequence(parsed, parsed.state.flags, self._end)
        self._states: dict[tuple[frozenset[int], int], _State] = {}
        self._found = _State(frozenset(), _START)
        self._found[:] = [self._found] * 256
        self._first = self._state(frozenset(), _START)

    def __eq__(self, other: object) -> bool:
        return isinstance(other, LinePattern) and other.pattern == self.pattern

    def __hash__(self) -> int:
        return hash(self.pattern)

    def search(self, line: bytes) -> bool:
        """Whether a part of the line matches."""
        if prod(one or len(line) + 1 for one in self._choices) <= _MOST_WAYS:
            return self._plain(line) is not None
        state = self._first
        for byte in line:
            state = state[byte] or self._step(state, byte)
        return state is self._found or self._met(state, None)[0]

    # The places of an expression: what may stand there, and which place comes next

    def _place(self, kind: Any, said: Any, then: int) -> int:
        if len(self._places) >= _MOST_PLACES:
            raise WrongPatternError("it is too large")
        self._places.append((kind, said, then))
        return len(self._places) - 1

    def _sequence(self, parsed: Iterable[Any], flags: int, then: int) -> int:
        if flags & re.LOCALE:
            raise WrongPatternError("the flag L is not supported")
        for op, said in reversed(list(parsed)):
            then = self._one(op, said, flags, then)
        return then

    def _one(self, op: Any, said: Any, flags: int, then: int) -> int:
        if op is ops.SUBPATTERN:
            _, added, removed, inner = said
            return self._sequence(inner, (flags | added) & ~removed, then)
        if op is ops.BRANCH:
            return self._fork([self._sequence(one, flags, then) for one in said[1]])
        if _is_repeat(op):
            least, most, inner = said
            return self._repeat(least, most, inner, flags, then)
        if op is ops.AT:
            return self._place(ops.AT, said, then)
        return self._place(ops.IN, _bytes_of(op, said, flags), then)

    def _fork(self, ways: list[int]) -> int:
        return self._place(ops.BRANCH, ways, -1)

    def _repeat(self, least: int, most: int, inner: Any, flags: int, then: int) -> int:
        end = then
        if most == ops.MAXREPEAT:
            then = self._fork([end])
            self._places[then][1].append(self._sequence(inner, flags, then))
        else:
            for _ in range(most - least):
                then = self._fork([end, self._sequence(inner, flags, then)])
        for _ in range(least):
            then = self._sequence(inner, flags, then)
        return then

    # The sets of places that are reached, each with where every byte leads from there

    def _state(self, reached: frozenset[int], before: int) -> _State:
        known = self._states.get((reached, before))
        if known is None:
            if len(self._states) >= _MOST_STATES:
                self._states.clear()  # those that are met again are made again
            known = self._states[reached, before] = _State(reached, before)
        return known

    def _step(self, state: _State, byte: int) -> _State:
        is_met, places = self._met(state, byte)
        if is_met:
            state[byte] = self._found
        else:
            reached = frozenset(then for _, said, then in places if byte in said)
            before = _AFTER_WORD if byte in _WORD else _INSIDE
            state[byte] = self._state(reached, before)
        return state[byte]  # type: ignore[return-value]

    def _met(self, state: _State, byte: int | None) -> tuple[bool, list[tuple[Any, Any, int]]]:
        """Whether the expression ends here, else where a byte is wanted next.

        Args:
            byte: what comes next; None: the end of the line.
        """
        waiting, seen = [self._begin, *state.reached], set()
        wanted = []
        while waiting:
            at = waiting.pop()
            if at in seen:
                continue
            seen.add(at)
            if at == self._end:
                return True, []
            kind, said, then = self._places[at]
            if kind is ops.BRANCH:
                waiting += said
            elif kind is ops.IN:
                wanted.append(self._places[at])
            elif _holds(said, state.before, byte):
                waiting.append(then)
        return False, wanted


class _State(list["_State | None"]):
    """A set of places that are reached, after something; at each byte, the state it leads to."""

    __slots__ = ("before", "reached")

    def __init__(self, reached: frozenset[int], before: int) -> None:
        super().__init__([None] * 256)
        self.reached = reached
        self.before = before


def _choices(parsed: Any, is_repeated: bool = False) -> list[float]:
    """How many ways each part of an expression leaves open, which Python tries one by one.

    0: as many as the line has bytes. A choice within a repetition is one of unbounded many.
    """
    found: list[float] = []
    for op, said in parsed:
        inner = [said[-1]] if op is ops.SUBPATTERN else said[1] if op is ops.BRANCH else []
        is_loop = _is_repeat(op)
        if is_loop:
            least, most, one = said
            inner = [one]
            count = 0 if most == ops.MAXREPEAT else most - least + 1
        else:
            count = max(1, len(inner))
        found.append(inf if is_repeated and count != 1 else count)
        found += [one for part in inner for one in _choices(part, is_repeated or is_loop)]
    return [one for one in found if one != 1]


def _is_repeat(op: Any) -> bool:
    return op is ops.MAX_REPEAT or op is ops.MIN_REPEAT


def _bytes_of(op: Any, said: Any, flags: int) -> frozenset[int]:
    """The bytes that may stand where one is wanted."""
    if op is ops.ANY:
        return _BYTES if flags & re.DOTALL else _BYTES - {10}
    if op is ops.LITERAL:
        return _folded({said}, flags)
    if op is ops.NOT_LITERAL:
        return _BYTES - _folded({said}, flags)
    if op is not ops.IN:
        raise WrongPatternError("it looks around or back, which is not supported")
    found: set[int] = set()
    for kind, one in said:
        if kind is ops.LITERAL:
            found.add(one)
        elif kind is ops.RANGE:
            found.update(range(one[0], one[1] + 1))
        elif kind is ops.CATEGORY:
            found |= _CATEGORIES[one]
    is_negated = said[0][0] is ops.NEGATE
    return _BYTES - _folded(found, flags) if is_negated else _folded(found, flags)


def _folded(found: set[int], flags: int) -> frozenset[int]:
    if not flags & re.IGNORECASE:
        return frozenset(found)
    return frozenset(found) | frozenset(bytes(found).upper()) | frozenset(bytes(found).lower())


def _holds(wanted: Any, before: int, byte: int | None) -> bool:
    """Whether a place between two bytes is as wanted."""
    if wanted in (ops.AT_BEGINNING, ops.AT_BEGINNING_STRING):
        return before == _START
    if wanted in (ops.AT_END, ops.AT_END_STRING):
        return byte is None
    is_edge = (before == _AFTER_WORD) != (byte in _WORD)
    return is_edge == (wanted is ops.AT_BOUNDARY)
