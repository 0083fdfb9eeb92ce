"""What the torture suite is asked for, and the table that it ends with."""

from __future__ import annotations

import os
import platform
import random
from typing import NamedTuple

from runstore.fs import clock

SEED_VARIABLE = "TORTURE_SEED"
CASE_VARIABLE = "TORTURE_CASE"

IS_LONG = os.environ.get("TORTURE") == "long"
_SHORT_SEED = 20_261_121
_NEW_SEED = random.SystemRandom().randrange(1 << 32) if IS_LONG else _SHORT_SEED
SEED = int(os.environ.get(SEED_VARIABLE) or _NEW_SEED)
"""Every choice of the suite follows from it; `TORTURE_SEED=…` makes the same ones again. The short
form always makes the same: what fails in it fails at once, and not some other day."""


class Row(NamedTuple):
    """One line of the table."""

    fault: str
    tries: int
    breaks: tuple[str, ...]


_rows: dict[str, Row] = {}
_skipped: dict[str, str] = {}


def size(short: int, long: int) -> int:
    """So many tries in the form of the suite that was asked for."""
    return long if IS_LONG else short


def chance(*of: object) -> random.Random:
    """The choices of one case: the same for the same seed, whatever ran before."""
    return random.Random(":".join(map(str, (SEED, *of))))


def only_case() -> int | None:
    """The one case of the soak that is wanted, if any."""
    wanted = os.environ.get(CASE_VARIABLE)
    return None if wanted is None else int(wanted)


def add(fault: str, tries: int, breaks: list[str]) -> None:
    """Count tries of a fault, and say what broke."""
    former = _rows.get(fault, Row(fault, 0, ()))
    _rows[fault] = Row(fault, former.tries + tries, (*former.breaks, *breaks))


def skip(fault: str, why: str) -> None:
    """Note a fault that this machine cannot make."""
    _skipped[fault] = why


def settle(fault: str, tries: int, breaks: list[str]) -> None:
    """Count a test's tries, and fail it if anything broke."""
    add(fault, tries, breaks)
    assert not breaks, f"{SEED_VARIABLE}={SEED}\n" + "\n".join(breaks[:20])


def table() -> list[str]:
    """The report, as lines."""
    if not _rows and not _skipped:
        return []
    form = "long" if IS_LONG else "short"
    head = f"{form} form, {clock.now()[:10]}, Linux {platform.release()}, {SEED_VARIABLE}={SEED}"
    width = max(map(len, ["fault", *_rows, *_skipped]))
    lines = [
        head,
        "",
        f"| {'fault':<{width}} |  tries | breaks |",
        f"|{'-' * (width + 2)}|-------:|-------:|",
    ]
    lines += [
        f"| {row.fault:<{width}} | {row.tries:>6,} | {len(row.breaks):>6,} |"
        for row in _rows.values()
    ]
    lines += [f"| {fault:<{width}} | skipped: {why}" for fault, why in _skipped.items()]
    return lines
