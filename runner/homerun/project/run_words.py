"""The words that can name a run, and the one run of those that a word names."""

from __future__ import annotations

import time

from homerun.base import terminal, times
from homerun.base.errors import UserError
from runstore import look

TYPE_CHECKING = False
if TYPE_CHECKING:
    from runstore.run.record import Record

_LEAST = 4
"""A part of an id that is not its beginning has so many letters at least."""

_SHOWN = 5


def as_number(word: str) -> int | None:
    """The number that a word is, as `17` or `#17`; None: it is none."""
    digits = word[1:] if word.startswith("#") else word
    return int(digits) if digits.isascii() and digits.isdecimal() and len(digits) < 10 else None


def is_part_of(word: str, run_id: str) -> bool:
    """Whether a word is long enough to name a run by that part of its id.

    Digits count in the random end of an id only: the time in the middle is alike in many.
    """
    where = run_id.rpartition("_")[2] if word.isdigit() else run_id
    return len(word) >= _LEAST and word in where


def only_one(word: str, found: list[Record]) -> Record:
    """The only one of the runs that a word names; of several the only one that has no parent.

    Raises:
        UserError: there are several; the message lists them.
    """
    alone = [one for one in found if one.run.get("parent") is None]
    if len(found) == 1 or len(alone) == 1:
        return alone[0] if len(alone) == 1 else found[0]
    more = f", and {len(found) - _SHOWN} more" if len(found) > _SHOWN else ""
    by_number = sorted(found, key=lambda one: (one.experiment, one.run.get("number") or 0))
    shown = ", ".join(map(_described, by_number[:_SHOWN]))
    raise UserError(f"{word!r} names several runs: {shown}{more}")


def _described(record: Record) -> str:
    """A run among several: number, status, age, and the id that tells it from the others."""
    age = times.how_long_ago(record.run.get("time"), time.time())
    name = f"{terminal.escaped(record.experiment)} #{record.run.get('number')}"
    return f"{name} {look.at(record).status} {age} ({record.id})"
