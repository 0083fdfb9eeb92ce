"""What can be said of a submit beside its work: a table, with a row for each setting.

A row says how a value is checked, what holds where nothing is said, and where the value goes: into
run.json, to the supervisor (`Plan.settings`), and into a run that is submitted again. To add a
setting: its row and its type in `Options`; the code that acts on it; its option in
`cli/options/submit.py`. `tests/contracts/test_settings.py` holds each row to that.
"""

from __future__ import annotations

from homerun.base import checks, sizes
from homerun.base.errors import UserError
from homerun.system import signals
from homerun.targets import retries
from homerun.targets.plan import DEFAULT_GRACE_S, LEAVE, SWEEP

TYPE_CHECKING = False
if TYPE_CHECKING:
    import inspect
    from collections.abc import Mapping, Sequence
    from typing import Any, Callable, TypedDict, TypeVar

    Class = TypeVar("Class", bound=type)

    class Options(TypedDict, total=False):
        """The settings as keywords; None, for each of them, says nothing.

        Without the time limit, which is an argument of the original's.
        """

        environment_variables: Mapping[str, object] | None
        in_place: bool | None
        copy_limit: int | str | None
        interpreter: object
        ignore_conda_packages: bool | None
        slots: int | None
        priority: int | None
        max_concurrent_runs: int | None
        gpus: int | None
        gpu_memory: int | str | None
        grace_s: float | None
        stop_signals: Sequence[tuple[str, float]] | None
        on_exit: str | None
        max_retries: int | None
        retry_on: str | int | Sequence[str | int] | None
        retry_delay_s: float | None
        memory: int | str | None
        cpus: float | None
        nice: int | None
        pids: int | None
        keep_last: Mapping[str, int] | Sequence[str] | None
        stop_if: str | Sequence[str] | None
        fail_if: str | Sequence[str] | None
        retry_if: str | Sequence[str] | None
        notify_if: str | Sequence[str] | None
        tag_if: str | Sequence[str] | None
        notify: str | Sequence[str] | None


class Setting:
    """A row of the table, and the attribute of a configuration that holds the value.

    Attributes:
        name: the keyword, the attribute, and the field of run.json.
        check: called with the name, what is given, and the limits; returns what is kept, or raises
            UserError.
        limits: the least and the greatest number, if it has any.
        default: what holds where nothing is said.
        help: its meaning, for people.
        is_recorded: run.json holds it, and a run that is submitted again has it from there.
        is_planned: the supervisor finds it in `Plan.settings`.
        may_change: a run that is submitted again may be given another value.
        hides_values: run.json holds the keys only; a run that is submitted again needs the values.
        needs: a setting without which this one means nothing and is noted nowhere.
    """

    __slots__ = (
        *("check", "default", "help", "hides_values", "is_planned", "is_recorded", "limits"),
        *("may_change", "name", "needs"),
    )

    def __init__(
        self,
        check: Callable[..., Any],
        default: object,
        help: str,
        *,
        limits: tuple[int, ...] = (),
        is_recorded: bool = False,
        is_planned: bool = False,
        may_change: bool = False,
        hides_values: bool = False,
        needs: str = "",
    ) -> None:
        self.name = ""
        self.check = check
        self.default = default
        self.help = help
        self.limits = limits
        self.is_recorded = is_recorded
        self.is_planned = is_planned
        self.may_change = may_change
        self.hides_values = hides_values
        self.needs = needs

    def __set_name__(self, owner: type, name: str) -> None:
        self.name = name
        TABLE[name] = self

    def __get__(self, holder: object, owner: type) -> Any:
        if holder is None:
            return self
        fallback = self.default.copy() if isinstance(self.default, dict) else self.default
        return holder.__dict__.get(self.name, fallback)

    def __set__(self, holder: object, given: object) -> None:
        if given is None:
            holder.__dict__.pop(self.name, None)
        else:
            holder.__dict__[self.name] = self.check(self.name, given, *self.limits)


_COPY_LIMIT = 1 << 30
_LEAST_MEMORY = 1 << 20

LIMITS = ("memory", "cpus", "nice", "pids")
"""The rows that bound what a run may use."""

SHARES = ("gpus", "gpu_memory")
"""The rows that say what it has for itself."""

TABLE: dict[str, Setting] = {}
"""The rows by name, in the order of run.json."""


def setting(check: Callable[..., Any], default: object, help: str, **where: Any) -> Any:
    """A row; to the type checker a value of the attribute's own type."""
    return Setting(check, default, help, **where)


def _exit(what: str, given: object) -> str:
    if given not in (SWEEP, LEAVE):
        raise UserError(f"{what} is {SWEEP!r} or {LEAVE!r}, not {given!r}")
    return str(given)


def _causes(what: str, given: str | int | Sequence[str | int]) -> list[str]:
    """The failures that are retried, an exit code as `exit:75`."""
    given, found = checks.plain(given), []
    for one in [given] if isinstance(given, (str, int)) else checks.items(what, given):
        cause = f"{retries.EXIT}{one}" if isinstance(one, int) else str(one)
        code = cause[len(retries.EXIT) :] if cause.startswith(retries.EXIT) else ""
        if cause not in retries.CAUSES and not (code.isdecimal() and 0 < int(code) < 256):
            known = f"{', '.join(retries.CAUSES)}, or {retries.EXIT}N"
            raise UserError(f"{what} holds {one!r}; a run is retried after {known}")
        found.append(cause if cause in retries.CAUSES else f"{retries.EXIT}{int(code)}")
    return found


def _rungs(what: str, given: Sequence[tuple[str, float]]) -> list[tuple[str, float]]:
    """The signals of a stop by name, each with its seconds."""
    try:
        found = [(signals.name(signals.number(name)), float(s)) for name, s in given]
    except (TypeError, ValueError) as error:
        shape = f"{what} are pairs of a signal and seconds, as [('INT', 5), ('TERM', 10)]"
        raise UserError(f"{shape}: {error}") from error
    if not found or any(not 0 <= seconds < 1e15 for _, seconds in found):
        raise UserError(f"{what} needs a signal, each with a number of seconds from 0 on")
    return found


def checkpoint_rules(what: str, given: Any) -> list[str] | None:
    """Rules by which old checkpoints go, each as `outputs/ckpt-*=3`."""
    from runstore.upkeep import keep_last  # few runs have rules, and patterns cost a start

    if hasattr(given, "items"):
        given = [f"{pattern}={number}" for pattern, number in given.items()]
    rules = checks.words(what, given)
    for rule in rules:
        try:
            keep_last.parse(rule)
        except ValueError as error:
            raise UserError(f"{what} is like 'outputs/ckpt-*=3': {error}") from None
    return rules or None


def _memory(what: str, given: object) -> int:
    """Bytes that a process can live with."""
    found = sizes.read(what, given)
    if found < _LEAST_MEMORY:
        raise UserError(f"{what} is at least {sizes.shown(_LEAST_MEMORY)}, not {given!r}")
    return found


def _processors(what: str, given: object) -> float:
    """How many processors, parts of one too."""
    given = checks.plain(given)
    if isinstance(given, bool) or not isinstance(given, (int, float)) or not 0 < given < 1e5:
        raise UserError(f"{what} is a number of processors, such as 4 or 0.5, not {given!r}")
    return given


def _rules(what: str, given: object) -> list[str] | None:
    """The conditions of rules, each checked."""
    from homerun.metrics.rules import rule  # most runs have none

    return rule.checked_conditions(what, given) or None


def _whens(what: str, given: object) -> list[str]:
    """Which ends of a run are told."""
    from homerun.notify import settings  # most submits say nothing

    return settings.whens(what, given)


class Configurable:
    """The table. An instance holds the values of what was said, and the defaults of the rest.

    Raises:
        UserError: a value that the setting cannot have.
    """

    environment_variables: dict[str, str] = setting(
        checks.variables,
        {},
        "set for the script, over the submitter's own.",
        is_recorded=True,
        hides_values=True,
        may_change=True,
    )
    in_place: bool = setting(
        checks.flag, False, "run in the source folder itself instead of a copy.", is_recorded=True
    )
    copy_limit: int = setting(
        sizes.read,
        _COPY_LIMIT,
        "bytes, as a number or as `20 GB`, that the run's own copies of ignored and large files "
        "take together; beyond that they are links to the originals.",
        is_recorded=True,
        may_change=True,
    )
    interpreter: str | None = setting(
        checks.path, None, "the Python to run the script with; None: the one that submits."
    )
    ignore_conda_packages: bool = setting(
        checks.flag, False, "go on without packages of conda that pip has not, where no conda is."
    )
    slots: int = setting(
        checks.count,
        1,
        "how many slots of its target the run takes, where it takes any.",
        limits=(1, 999),
        is_recorded=True,
        may_change=True,
    )
    priority: int = setting(
        checks.count,
        0,
        "0 to 9999; of the runs that wait the highest go first.",
        limits=(0, 9999),
        is_recorded=True,
        may_change=True,
    )
    max_concurrent_runs: int | None = setting(
        checks.count,
        None,
        "the run waits while that many go on at its target, whatever the target itself allows.",
        limits=(1, 999),
        is_recorded=True,
        may_change=True,
    )
    gpus: int = setting(
        checks.count,
        0,
        "how many GPUs the run has for itself; it waits until they are free, and sees no others.",
        limits=(0, 999),
        is_recorded=True,
        may_change=True,
    )
    gpu_memory: int | None = setting(
        sizes.read,
        None,
        "bytes, as a number or as `20 GB`, that the run needs of each of its GPUs (of one, where "
        "`gpus` says nothing): it shares them with other runs that say so.",
        is_recorded=True,
        may_change=True,
    )
    max_run_duration_seconds: float | None = setting(
        checks.seconds,
        None,
        "the run is stopped after that time; None: never.",
        is_recorded=True,
        is_planned=True,
        may_change=True,
    )
    grace_s: float = setting(
        checks.seconds,
        DEFAULT_GRACE_S,
        "seconds that a stopped run has between TERM and KILL.",
        is_recorded=True,
        may_change=True,
    )
    stop_signals: list[tuple[str, float]] | None = setting(
        _rungs,
        None,
        "other signals before KILL than TERM for the grace, each with its seconds: "
        "`[('INT', 5), ('TERM', 10)]` for a script that saves a checkpoint on Ctrl-C.",
        is_recorded=True,
        may_change=True,
    )
    on_exit: str = setting(
        _exit,
        SWEEP,
        "`sweep` ends the processes that the script left behind, `leave` does not.",
        is_recorded=True,
        is_planned=True,
        may_change=True,
    )
    max_retries: int = setting(
        checks.count,
        0,
        "how often a script that failed is started again.",
        limits=(0, 999),
        is_recorded=True,
        is_planned=True,
        may_change=True,
    )
    retry_on: Sequence[str] = setting(
        _causes,
        retries.USUAL,
        "after which failures: `exit_code`, `signal`, `out_of_memory`, `host_restarted`, or a "
        "certain exit code, as a number or `exit:75`. None: the first three.",
        is_recorded=True,
        is_planned=True,
        may_change=True,
        needs="max_retries",
    )
    retry_delay_s: float = setting(
        checks.seconds,
        0.0,
        "seconds before the first retry; before each further one twice as many.",
        is_recorded=True,
        is_planned=True,
        may_change=True,
    )
    memory: int | None = setting(
        _memory,
        None,
        "bytes, as a number or as `16 GB`, that all its processes may have together; over that it "
        "is ended as out_of_memory.",
        is_recorded=True,
        is_planned=True,
        may_change=True,
    )
    cpus: float | None = setting(
        _processors,
        None,
        "how many processors it may use, such as 4 or 0.5.",
        is_recorded=True,
        is_planned=True,
        may_change=True,
    )
    nice: int | None = setting(
        checks.count,
        None,
        "0 to 19; the higher, the more it lets others go first.",
        limits=(0, 19),
        is_recorded=True,
        is_planned=True,
        may_change=True,
    )
    pids: int | None = setting(
        checks.count,
        None,
        "how many processes and threads it may have at once.",
        limits=(1, 4_194_304),
        is_recorded=True,
        is_planned=True,
        may_change=True,
    )
    keep_last: list[str] | None = setting(
        checkpoint_rules,
        None,
        "patterns below the script's folder, each with how many of its newest files and folders "
        "are kept: `{'outputs/ckpt-*': 3}`; all of them while the run is tagged later.",
        is_recorded=True,
        is_planned=True,
        may_change=True,
    )
    stop_if: list[str] | None = setting(
        _rules,
        None,
        "conditions under which the run is canceled, such as `metrics.loss is nan`, `no output for "
        "30m` or `disk free < 5GB`.",
        is_recorded=True,
        is_planned=True,
        may_change=True,
    )
    fail_if: list[str] | None = setting(
        _rules,
        None,
        "the same; the run is stopped, and ends Failed.",
        is_recorded=True,
        is_planned=True,
        may_change=True,
    )
    retry_if: list[str] | None = setting(
        _rules,
        None,
        "the same; the script is stopped and started again, as often as `max_retries` says.",
        is_recorded=True,
        is_planned=True,
        may_change=True,
    )
    notify_if: list[str] | None = setting(
        _rules,
        None,
        "the same; its user is told, and the run goes on.",
        is_recorded=True,
        is_planned=True,
        may_change=True,
    )
    tag_if: list[str] | None = setting(
        _rules,
        None,
        "the same, each behind a tag that the run gets: `diverged: metrics.loss > 10`.",
        is_recorded=True,
        is_planned=True,
        may_change=True,
    )
    notify: list[str] | None = setting(
        _whens,
        None,
        "of which end its user is told: `completed`, `failed`, `canceled`, `ended`: of any; "
        "`never`. None: as the user's own file says.",
        is_recorded=True,
        is_planned=True,
        may_change=True,
    )


def apply(config: Configurable, given: Mapping[str, object]) -> None:
    """Give a configuration settings; None says nothing.

    Raises:
        TypeError: there is no such setting, as for any keyword.
        UserError: a value that the setting cannot have.
    """
    for name, value in given.items():
        if name not in TABLE:
            wrong = f"{type(config).__name__} got an unexpected keyword argument {name!r}"
            raise TypeError(wrong)
        setattr(config, name, value)


def check_together(config: Configurable) -> None:
    """Check the settings that need each other.

    Raises:
        UserError: one lacks another.
    """
    if config.retry_if and not config.max_retries:
        raise UserError(
            "retry_if needs max_retries (--max-retries N): how often the script may be started "
            "again"
        )


def says(config: Configurable, name: str) -> bool:
    """Whether a configuration says so, be it the default."""
    return name in config.__dict__


def recorded(config: Configurable) -> dict[str, object]:
    """What run.json holds of a configuration's settings."""
    rows = [row for row in TABLE.values() if row.is_recorded]
    return {
        row.name: sorted(_value(config, row)) if row.hides_values else _value(config, row)
        for row in rows
    }


def planned(config: Configurable) -> dict[str, object]:
    """What the supervisor gets of them."""
    return {row.name: _value(config, row) for row in TABLE.values() if row.is_planned}


def _value(config: Configurable, row: Setting) -> Any:
    is_idle = row.needs and not getattr(config, row.needs)
    return None if is_idle else getattr(config, row.name)


def said_in(run: Mapping[str, Any]) -> dict[str, Any]:
    """The settings of a recorded run, as keywords; without those whose values are in no record."""
    return {
        row.name: run.get(row.name)
        for row in TABLE.values()
        if row.is_recorded and not row.hides_values
    }


def differing_in(run: Mapping[str, Any]) -> dict[str, Any]:
    """The settings of a recorded run that are not as they are where nothing is said."""
    found = said_in(run)
    usual = {name: TABLE[name].default for name in found}
    return {
        name: value
        for name, value in found.items()
        if value is not None
        and value != usual[name]
        and [*_listed(value)] != [*_listed(usual[name])]
    }


def _listed(value: object) -> Sequence[object]:
    return value if isinstance(value, (list, tuple)) else (value,)


def for_resubmit(run: Mapping[str, Any], changes: Mapping[str, Any]) -> dict[str, Any]:
    """The settings of a recorded run as keywords, some of them changed.

    Raises:
        UserError: one of them stays as it was, or is not a setting.
    """
    free = [row.name for row in TABLE.values() if row.may_change]
    for name in changes:
        if name not in free:
            raise UserError(
                f"{name} is as it was in a run that is submitted again; {', '.join(free)} can be "
                "changed"
            )
    found = said_in(run)
    if "grace_s" in changes:
        found["stop_signals"] = None  # they would win over it
    return {**found, **changes}


def taken_as_keywords(cls: Class) -> Class:
    """Show people the settings that a class takes as `**settings`: in its help and signature."""
    if cls.__doc__:  # python -OO has none
        lines = "\n".join(f"        {row.name}: {row.help}" for row in TABLE.values())
        cls.__doc__ = cls.__doc__.replace("        **settings: those of `Configurable`.", lines)
    cls.__signature__ = _Signature()  # type: ignore[attr-defined]
    return cls


class _Signature:
    """The signature of a class with a keyword for each setting, made when it is asked for."""

    def __get__(self, holder: object, owner: type) -> inspect.Signature:
        import inspect

        own = [*inspect.signature(owner.__init__).parameters.values()][1:]  # type: ignore[misc]
        taken = {one.name for one in own}
        keywords = [
            inspect.Parameter(row.name, inspect.Parameter.KEYWORD_ONLY, default=row.default)
            for row in TABLE.values()
            if row.name not in taken
        ]
        return inspect.Signature([*own[:-1], *keywords])
