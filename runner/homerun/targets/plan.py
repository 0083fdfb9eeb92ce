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
    from typing import Any, Callable

    from runstore.run.record import Record

LOCK_DESCRIPTOR = 3
"""Where a supervisor has the run's lock."""
PLAN_DESCRIPTOR = 4
SCRIPT_DESCRIPTOR = 5
"""A pidfd of the script, for an adopter."""
SLOT_DESCRIPTOR = 6
"""The first of the slots' locks; the others follow."""
MOST_IN_MESSAGE = 253
"""So many descriptors the kernel takes in one message (SCM_MAX_FD)."""

DEFAULT_GRACE_S = 10.0
"""Seconds between TERM and KILL where the submitter names none."""

SWEEP = "sweep"
LEAVE = "leave"
"""What happens to the processes that a script leaves behind."""

_TAKEN_OVER = ("stop_if", "fail_if", "notify_if", "tag_if", "notify")
"""What an adopter takes over from run.json. It starts no script again."""

_SCRIPT_IS = {True: "open", False: "", None: "gone"}
_IS_SCRIPT: dict[str, bool | None] = {"open": True, "": False, "gone": None}


def ladder_text(rungs: Sequence[tuple[int, float]]) -> str:
    """The signals of a stop as text: each with its seconds."""
    return " ".join(f"{number}:{float(seconds)!r}" for number, seconds in rungs)


def read_ladder(text: str) -> list[tuple[int, float]]:
    """What `ladder_text` has made text of."""
    pairs = [rung.partition(":") for rung in text.split()]
    return [(int(number), float(seconds)) for number, _, seconds in pairs]


_PARTS: tuple[tuple[str, Callable[[Any], str], Callable[[str], Any]], ...] = (
    ("mark", str, str),
    ("store_id", str, str),
    ("user", str, str),
    ("shown", str, str),
    ("cwd", str, str),
    ("ladder", ladder_text, read_ladder),
    ("script_is_open", _SCRIPT_IS.__getitem__, _IS_SCRIPT.__getitem__),
    ("slots", str, int),
    ("target", str, str),
    ("entry", str, str),
    ("recipe", str, str),
    ("python", str, str),
    ("attempt", str, int),
    ("kept", str, str),
    ("inherited", str, str),
)
"""What has a place of its own: its name, how it is written, and how it is read."""


class Plan:
    """One start of a run's script.

    Args:
        mark: what names the run to processes (`Record.mark`).
        store_id, user: whose facts the supervisor publishes.
        shown: the command line with secrets masked, for people.
        cwd: the script's folder, relative to the run's folder or absolute.
        argv: the command, its first part a path.
        env: the script's whole environment.
        ladder: the signals of a stop, each with the seconds that it is given; then comes KILL.
        settings: what else was said of the submit, by name (`config/settings.py`): None, a text, a
            number, True or False, or a list of texts.
        slots: how many slots of its target it holds: descriptors behind the other ones.
        target: the target's name.
        entry: its place in the queue, to be removed once it has started; "" where it never waited.
        recipe: the environment to be made before the script starts, as text; "" for none.
        python: the interpreter whose packages are to be recorded; "": none.
        attempt: which start of the script this is, from 1 on.
        kept: a file, relative to the run's folder, that is to be removed when the run is over.
        inherited: what its submitter's processes inherit (`system/inherited.py`), for a script that
            another process starts; "": what the supervisor has.
        script_is_open: for an adopter: whether the living script's /proc entry could be read;
            None: the script is gone, and only what it left behind is to be ended.
    """

    __slots__ = (*(name for name, _, _ in _PARTS), "argv", "env", "settings")

    def __init__(
        self,
        *,
        mark: str,
        store_id: str,
        user: str,
        shown: str,
        cwd: str,
        argv: list[str],
        env: dict[str, str],
        ladder: list[tuple[int, float]],
        settings: Mapping[str, Any] | None = None,
        script_is_open: bool | None = False,
        slots: int = 0,
        target: str = "",
        entry: str = "",
        recipe: str = "",
        python: str = "",
        attempt: int = 1,
        kept: str = "",
        inherited: str = "",
    ) -> None:
        self.mark = mark
        self.store_id = store_id
        self.user = user
        self.shown = shown
        self.cwd = cwd
        self.argv = argv
        self.env = env
        self.ladder = ladder
        self.settings = settings or {}
        self.script_is_open = script_is_open
        self.slots = slots
        self.target = target
        self.entry = entry
        self.recipe = recipe
        self.python = python
        self.attempt = attempt
        self.kept = kept
        self.inherited = inherited

    @property
    def grace_s(self) -> float:
        """Seconds between the first signal of a stop and KILL."""
        return sum(seconds for _, seconds in self.ladder)

    @property
    def gpu_locks(self) -> range:
        """Where the supervisor that is started with this plan has the locks of its GPUs."""
        first = SLOT_DESCRIPTOR + self.slots
        return range(first, first + (self.setting("gpu_locks") or 0))

    @property
    def limit_s(self) -> float | None:
        """Seconds that the script may take; None: no limit."""
        limit: float | None = self.setting("max_run_duration_seconds")
        return limit

    @property
    def bounds(self) -> dict[str, Any]:
        """The limits of what it may use, by name; {} where there are none."""
        asked = {
            "memory": self.setting("memory"),
            "cpus": self.setting("cpus"),
            "nice": self.setting("nice"),
            "pids": self.setting("pids"),
        }
        return {name: value for name, value in asked.items() if value is not None}

    @property
    def has_rules(self) -> bool:
        """Whether the run has rules, which a process beside it looks at."""
        return bool(
            self.setting("stop_if")
            or self.setting("fail_if")
            or self.setting("retry_if")
            or self.setting("notify_if")
            or self.setting("tag_if")
        )

    def setting(self, name: str) -> Any:
        """What was said of a setting; None: nothing, or the plan is of an earlier version."""
        return self.settings.get(name)

    def encode(self) -> bytes:
        """The plan as bytes: parts that end in NUL, which none of them can hold."""
        fixed = [write(getattr(self, name)) for name, write, _ in _PARTS]
        said = [f"{name}={_packed(value)}" for name, value in self.settings.items()]
        env = [f"{name}={value}" for name, value in self.env.items()]
        parts = (*fixed, str(len(said)), str(len(self.argv)), *said, *self.argv, *env)
        return os.fsencode("\0".join(parts))


def decode(data: bytes) -> Plan:
    """The plan that `Plan.encode` made."""
    parts = os.fsdecode(data).split("\0")
    fixed = {name: read(text) for (name, _, read), text in zip(_PARTS, parts)}
    first = len(_PARTS) + 2
    argv = first + int(parts[first - 2])
    env = argv + int(parts[first - 1])
    said = [part.split("=", 1) for part in parts[first:argv]]
    return Plan(
        **fixed,
        settings={name: _unpacked(text) for name, text in said},
        argv=parts[argv:env],
        env=dict(part.split("=", 1) for part in parts[env:]),
    )


def decode_for(record: Record, data: bytes) -> Plan:
    """The plan that is kept of a run, in the queue or for a restart.

    Raises:
        ValueError, LookupError: it is damaged, or that of another run, which had this one's id.
    """
    given = decode(data)
    # Where there is no uuid an earlier version made it, which put the id in that place.
    if given.mark != (record.uuid or record.id):
        raise ValueError("it is another run's")
    given.mark = record.mark
    return given


def _packed(value: Any) -> str:
    """The value of a setting, with a letter in front for its type."""
    if value is None:
        return "n"
    if isinstance(value, str):
        return f"s{value}"
    if isinstance(value, bool):
        return f"b{value:d}"
    if isinstance(value, (int, float)):
        return f"i{value!r}" if isinstance(value, int) else f"f{value!r}"
    return "l" + "".join(f"{item}\n" for item in value)


def _unpacked(text: str) -> Any:
    kind, rest = text[0], text[1:]
    if kind == "n":
        return None
    if kind == "s":
        return rest
    if kind == "l":
        return rest.split("\n")[:-1]
    return bool(int(rest)) if kind == "b" else int(rest) if kind == "i" else float(rest)


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


def ranks_of(processes: Mapping[str, Any] | None) -> list[str] | None:
    """The processes of a run's record as its plan has them; None: not on several nodes."""
    said = processes or {}
    if not said.get("nodes"):
        return None
    return [str(said.get(name) or 0) for name in ("launcher", "count", "nodes", "workers")]


def for_adoption(record: Record, script_is_open: bool | None, *, has_pidfd: bool) -> Plan:
    """The plan of an adopter, from the run's own record; there is nothing to start.

    Args:
        has_pidfd: whether it inherits a pidfd of the script.
    """
    from runstore.run import work  # a supervisor is told its folder

    run, started = record.run, record.fact(layout.STARTED) or {}
    limit = started.get("limit_s")
    return Plan(
        mark=record.mark,
        store_id=record.store.id,
        user=str(run.get("user", "")),
        shown="",
        cwd=work.folder_of(run),
        argv=[],
        env={},
        ladder=ladder(run.get("stop_signals"), grace_of(run)),
        settings={
            "max_run_duration_seconds": limit if isinstance(limit, (int, float)) else None,
            "on_exit": run.get("on_exit"),
            "keep_last": run.get("keep_last"),
            "has_pidfd": has_pidfd,
            "beats": os.path.lexists(f"{record.path}/{layout.HEARTBEAT}"),
            "ranks": ranks_of(run.get("processes")),
            **{name: run.get(name) for name in _TAKEN_OVER},
        },
        script_is_open=script_is_open,
        attempt=attempts.begun(record.path),
        kept=_kept(run, record.id),
    )


def _kept(run: Mapping[str, Any], run_id: str) -> str:
    from homerun.targets import retries  # a supervisor loads it only for a run with retries

    if not retries.keeps_plan(run):
        return ""
    return f"../../{layout.QUEUE}/{run.get('target')}/{layout.QUEUE_KEPT}{run_id}"
