"""The plan of a run: the command, environment and limits that its supervisor is started with.

It travels through a file without a name, made whole before the supervisor is: never through a
command line (every user's `ps` shows it), never into the store (arguments may hold secrets).
"""

from __future__ import annotations

import os

from homerun.system import signals
from runstore import layout
from runstore.run import attempts

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from typing import Any

    from runstore.run.record import Record

LOCK_DESCRIPTOR = 3
"""Where a supervisor has the run's lock."""
PLAN_DESCRIPTOR = 4
SCRIPT_DESCRIPTOR = 5
"""A pidfd of the script, for an adopter."""
SLOT_DESCRIPTOR = 6
"""The first of the slots' locks; the others follow."""

DEFAULT_GRACE_S = 10.0
"""Seconds between TERM and KILL where the submitter names none."""

_FIXED = (
    "run_id",
    "store_id",
    "user",
    "shown",
    "cwd",
    "ladder",
    "limit_s",
    "on_exit",
    "script_is_open",
    "slots",
    "target",
    "entry",
    "recipe",
    "python",
    "attempt",
    "kept",
    "max_retries",
    "retry_on",
    "retry_delay_s",
)

_SCRIPT_IS = {True: "open", False: "", None: "gone"}
_IS_SCRIPT: dict[str, bool | None] = {"open": True, "": False, "gone": None}


class Plan:
    """One start of a run's script.

    Args:
        run_id, store_id, user: whose facts the supervisor publishes.
        shown: the command line with secrets masked, for people.
        cwd: the script's folder, relative to the run's folder or absolute.
        argv: the command, its first part a path.
        env: the script's whole environment.
        ladder: the signals of a stop, each with the seconds that it is given; then comes KILL.
        limit_s: seconds that the script may take; None: no limit.
        on_exit: `sweep` ends what the script left running, `leave` does not.
        slots: how many slots of its target it holds: descriptors behind the other ones.
        target: the target's name.
        entry: its place in the queue, to be removed once it has started; "" where it never waited.
        recipe: the environment to be made before the script starts, as text; "" for none.
        python: the interpreter whose packages are to be recorded; "": none.
        attempt: which start of the script this is, from 1 on.
        kept: a file, relative to the run's folder, that is to be removed when the run is over.
        max_retries, retry_on, retry_delay_s: how often, after which causes, and how long after a
            first failure the script is started again.
        script_is_open: for an adopter: whether the living script's /proc entry could be read;
            None: the script is gone, and only what it left behind is to be ended.
    """

    __slots__ = (*_FIXED, "argv", "env")

    def __init__(
        self,
        *,
        run_id: str,
        store_id: str,
        user: str,
        shown: str,
        cwd: str,
        argv: list[str],
        env: dict[str, str],
        ladder: list[tuple[int, float]],
        limit_s: float | None = None,
        on_exit: str = "sweep",
        script_is_open: bool | None = False,
        slots: int = 0,
        target: str = "",
        entry: str = "",
        recipe: str = "",
        python: str = "",
        attempt: int = 1,
        kept: str = "",
        max_retries: int = 0,
        retry_on: Sequence[str] = (),
        retry_delay_s: float = 0.0,
    ) -> None:
        self.run_id = run_id
        self.store_id = store_id
        self.user = user
        self.shown = shown
        self.cwd = cwd
        self.argv = argv
        self.env = env
        self.ladder = ladder
        self.limit_s = limit_s
        self.on_exit = on_exit
        self.script_is_open = script_is_open
        self.slots = slots
        self.target = target
        self.entry = entry
        self.recipe = recipe
        self.python = python
        self.attempt = attempt
        self.kept = kept
        self.max_retries = max_retries
        self.retry_on = tuple(retry_on)
        self.retry_delay_s = retry_delay_s

    @property
    def grace_s(self) -> float:
        """Seconds between the first signal of a stop and KILL."""
        return sum(seconds for _, seconds in self.ladder)

    def encode(self) -> bytes:
        """The plan as bytes: parts that end in NUL, which none of them can hold."""
        limit = "" if self.limit_s is None else repr(float(self.limit_s))
        fixed = [self.run_id, self.store_id, self.user, self.shown, self.cwd]
        ladder = " ".join(f"{number}:{float(seconds)!r}" for number, seconds in self.ladder)
        is_open = _SCRIPT_IS[self.script_is_open]
        fixed += [ladder, limit, self.on_exit, is_open, str(self.slots), self.target, self.entry]
        fixed += [self.recipe, self.python]
        fixed += [str(self.attempt), self.kept, str(self.max_retries), " ".join(self.retry_on)]
        fixed += [repr(float(self.retry_delay_s)), str(len(self.argv))]
        env = [f"{name}={value}" for name, value in self.env.items()]
        return os.fsencode("\0".join((*fixed, *self.argv, *env)))


def decode(data: bytes) -> Plan:
    """The plan that `Plan.encode` made."""
    parts = os.fsdecode(data).split("\0")
    fixed = dict(zip(_FIXED, parts))
    count = int(parts[len(_FIXED)])
    rest = parts[len(_FIXED) + 1 :]
    return Plan(
        run_id=fixed["run_id"],
        store_id=fixed["store_id"],
        user=fixed["user"],
        shown=fixed["shown"],
        cwd=fixed["cwd"],
        argv=rest[:count],
        env=dict(part.split("=", 1) for part in rest[count:]),
        ladder=[_rung(rung) for rung in fixed["ladder"].split()],
        limit_s=float(fixed["limit_s"]) if fixed["limit_s"] else None,
        on_exit=fixed["on_exit"],
        script_is_open=_IS_SCRIPT[fixed["script_is_open"]],
        slots=int(fixed["slots"]),
        target=fixed["target"],
        entry=fixed["entry"],
        recipe=fixed["recipe"],
        python=fixed["python"],
        attempt=int(fixed["attempt"]),
        kept=fixed["kept"],
        max_retries=int(fixed["max_retries"]),
        retry_on=fixed["retry_on"].split(),
        retry_delay_s=float(fixed["retry_delay_s"]),
    )


def _rung(text: str) -> tuple[int, float]:
    number, _, seconds = text.partition(":")
    return int(number), float(seconds)


def read(descriptor: int) -> Plan:
    """The plan in an open file, from its beginning; the descriptor is closed."""
    data = os.pread(descriptor, os.fstat(descriptor).st_size, 0)
    os.close(descriptor)
    return decode(data)


def ladder(rungs: object, grace_s: float) -> list[tuple[int, float]]:
    """The signals of a stop as a run's record has them; TERM for the grace if it has none."""
    try:
        found = [
            (signals.number(name), float(seconds))
            for name, seconds in rungs  # type: ignore[attr-defined]
        ]
    except (TypeError, ValueError):
        found = []
    return found or [(signals.TERM, grace_s)]


def grace_of(asked: Mapping[str, Any]) -> float:
    """The grace that a run's record (run.json or started.json) names, else the default."""
    grace = asked.get("grace_s")
    return float(grace) if isinstance(grace, (int, float)) else DEFAULT_GRACE_S


def for_adoption(record: Record, script_is_open: bool | None) -> Plan:
    """The plan of an adopter, from the run's own record; there is nothing to start."""
    run, started = record.run, record.fact(layout.STARTED) or {}
    limit = started.get("limit_s")
    return Plan(
        run_id=record.id,
        store_id=record.store.id,
        user=str(run.get("user", "")),
        shown="",
        cwd=layout.WORK,
        argv=[],
        env={},
        ladder=ladder(run.get("stop_signals"), grace_of(run)),
        limit_s=float(limit) if isinstance(limit, (int, float)) else None,
        on_exit=str(run.get("on_exit", "sweep")),
        script_is_open=script_is_open,
        attempt=attempts.begun(record.path),
        kept=_kept(run, record.id),
    )


def _kept(run: Mapping[str, Any], run_id: str) -> str:
    from homerun.targets import retries  # a supervisor loads it only for a run with retries

    if not retries.keeps_plan(run):
        return ""
    return f"../../{layout.QUEUE}/{run.get('target')}/{layout.QUEUE_KEPT}{run_id}"
