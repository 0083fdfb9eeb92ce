"""The options of the commands that submit a run, in the sections of their help page."""

from __future__ import annotations

from homerun.cli.errors import BadValue
from homerun.cli.options import shared
from homerun.cli.options.kinds import Decimal, Duration, FileName, Number
from homerun.cli.options.params import argument, option
from homerun.targets.plan import DEFAULT_GRACE_S

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable
    from typing import Any, TypeVar

    from homerun.cli.options.grids import Axis

    Function = TypeVar("Function", bound=Callable[..., Any])

WHAT, WHERE, LIMITS, LABELS, OUTPUT = "What to run", "Where", "Limits", "Labels", "Output"
RULES = "Rules"


def what_option(*names: str, **settings: Any) -> Callable[[Function], Function]:
    """Declare an option that says what runs."""
    return option(*names, section=WHAT, **settings)


def output_option(*names: str, **settings: Any) -> Callable[[Function], Function]:
    """Declare an option that says what is printed."""
    return option(*names, section=OUTPUT, **settings)


def _where(*names: str, **settings: Any) -> Callable[[Function], Function]:
    return option(*names, section=WHERE, **settings)


def _limit(*names: str, **settings: Any) -> Callable[[Function], Function]:
    return option(*names, section=LIMITS, **settings)


def _rule(action: str, help: str, metavar: str = "CONDITION") -> Callable[[Function], Function]:
    return option(
        f"--{action}-if", section=RULES, many=True, check=_texts, metavar=metavar, help=help
    )


def _label(*names: str, **settings: Any) -> Callable[[Function], Function]:
    return option(*names, section=LABELS, **settings)


def _words(given: str | None) -> list[str] | None:
    """Words between commas; of none, None."""
    return None if given is None else [word.strip() for word in given.split(",")]


def _rules(given: tuple[str, ...]) -> list[str] | None:
    """`PATTERN=N` each; of none, None."""
    if not given:
        return None
    from homerun.base.errors import UserError
    from homerun.config import settings

    try:
        return settings.checkpoint_rules("it", given)
    except UserError as error:
        raise BadValue(error.message.replace("it is like", "a rule is like")) from None


def _texts(given: tuple[str, ...]) -> list[str] | None:
    """What was given several times; nothing, where it was not given."""
    return list(given) or None


def _axes(given: tuple[str, ...]) -> list[Axis]:
    if not given:
        return []
    from homerun.cli.options import grids  # most submits are no batch

    return grids.axes(given)


def _variables(given: tuple[str, ...]) -> dict[str, str]:
    """`NAME=VALUE` each; a name alone takes the value that it has here."""
    if not given:
        return {}
    from homerun.base import environ

    found = {}
    for text in given:
        name, equals, value = text.partition("=")
        known = value if equals else environ.variable(name)
        if not name or known is None:
            raise BadValue(f"{text!r} is not a valid NAME=VALUE, nor a variable that is set here")
        found[name] = known
    return found


def _bounds() -> tuple[Callable[[Function], Function], ...]:
    return (
        _limit(
            "--memory",
            check=shared.size,
            metavar="SIZE",
            help="Memory that all its processes may have together, e.g. 16GB; over that it is "
            "ended as out_of_memory.",
        ),
        _limit(
            "--cpus",
            kind=Decimal(),
            metavar="N",
            help="Processors that it may use, e.g. 4 or 0.5.",
        ),
        _limit(
            "--nice",
            kind=Number(0, 19),
            metavar="N",
            help="The higher, the more it lets others go first.",
        ),
        _limit(
            "--pids",
            kind=Number(1, 4_194_304),
            metavar="N",
            help="Processes and threads that it may have at once.",
        ),
    )


def _shares() -> tuple[Callable[[Function], Function], ...]:
    return (
        _where(
            "--gpus",
            kind=Number(0, 999),
            metavar="N",
            help="Wait for N free GPUs, and see these only (default: 0).",
        ),
        _where(
            "--gpu-memory",
            check=shared.size,
            metavar="SIZE",
            help="Share the GPU with other runs that say what they need of it, e.g. 20GB.",
        ),
    )


def bounds(function: Function) -> Function:
    """Add the options that bound what a run may use, and say what it has for itself."""
    for declare in reversed((*_shares(), *_bounds())):
        function = declare(function)
    return function


def of_submit(function: Function) -> Function:
    """Add the options that say what runs, where, and how it is called."""
    declared = (
        what_option(
            "-m",
            "--module",
            ends=True,
            metavar="MODULE",
            help="Run a module, as python -m does, instead of SCRIPT; what follows are its "
            "arguments.",
        ),
        what_option(
            "--command", "line", metavar="LINE", help="Run a line of the shell instead of SCRIPT."
        ),
        what_option(
            "-G",
            "--grid",
            "axes",
            check=_axes,
            many=True,
            metavar="KEY=VALUES",
            help="A batch: one run for each value or combination of values, e.g. lr=0.1,0.01, "
            "seed=0..9, lr=log:1e-5..1e-1:5, flag:amp or pair:model.lr=0.1,0.01.",
        ),
        what_option(
            "--random",
            kind=Number(1, 10_000),
            metavar="N",
            help="N runs of the grid, chosen at random; a range needs no count then, e.g. "
            "lr=log:1e-5..1e-1.",
        ),
        what_option(
            "-c",
            "--run-configuration-name",
            "named",
            kind=FileName(),
            metavar="NAME",
            help="A run configuration: a name in .azureml/, or the path of a file.",
        ),
        what_option(
            "--python",
            "interpreter",
            kind=FileName(),
            metavar="INTERPRETER",
            help="The Python that runs the script.",
        ),
        what_option(
            "--requirements",
            metavar="FILE",
            help="A pip requirements file: the packages of this run.",
        ),
        what_option(
            "--ignore-conda-packages",
            "ignore_conda_packages",
            is_flag=True,
            help="Without conda, skip the conda packages that pip does not have.",
        ),
        what_option(
            "--env",
            "environment_variables",
            check=_variables,
            many=True,
            metavar="NAME[=VALUE]",
            help="Set a variable for the script; can be given several times.",
        ),
        what_option(
            "--source-directory",
            "source",
            metavar="DIR",
            help="The folder with the code (default: this one).",
        ),
        what_option(
            "--in-place", is_flag=True, help="Run in the source folder itself instead of in a copy."
        ),
        what_option(
            "--copy-limit",
            check=shared.size,
            metavar="SIZE",
            help="Copy ignored and large files for the run up to SIZE, e.g. 20GB; the rest is "
            "linked to the originals (default: 1GB).",
        ),
        shared.of_experiment(
            "The experiment (default: HOMERUN_EXPERIMENT, homerun.toml, the one that the folder is "
            "attached to, or the folder's name).",
            WHERE,
        ),
        _where(
            *("--target", "--ct"),
            metavar="NAME",
            complete=shared.targets_offered,
            help="Where to run (default: the default target).",
        ),
        _where(
            "--slots", kind=Number(1, 999), metavar="N", help="Slots that it takes (default: 1)."
        ),
        _where(
            "--priority",
            kind=Number(0, 9999),
            metavar="N",
            help="The highest of the waiting runs starts first (default: 0).",
        ),
        _where(
            "--max-concurrent-runs",
            kind=Number(1, 999),
            metavar="N",
            help="Wait while the target has N live runs.",
        ),
        *_shares(),
        _limit(
            "--max-run-duration",
            "limit",
            kind=Duration(),
            metavar="DURATION",
            help="Stop the run after this time: 90s, 30m, 2h, 1d, or seconds.",
        ),
        _limit(
            "--grace",
            "grace_s",
            kind=Duration(),
            metavar="DURATION",
            help=f"Time between SIGTERM and SIGKILL when canceled (default: {DEFAULT_GRACE_S:g}s).",
        ),
        _limit(
            "--signals",
            "stop_signals",
            check=shared.rungs,
            metavar="NAME:SECONDS,…",
            help="Signals before SIGKILL, each with its wait, instead of --grace: INT:5,TERM:10.",
        ),
        *_bounds(),
        _limit(
            "--max-retries",
            kind=Number(),
            metavar="N",
            help="Restart a failed script at most N times.",
        ),
        _limit(
            "--retry-on",
            check=_words,
            metavar="CAUSE,…",
            help="Retry after these causes (default: exit_code,signal,out_of_memory); also "
            "host_restarted, exit:N.",
        ),
        _limit(
            "--retry-delay",
            "retry_delay_s",
            kind=Duration(),
            metavar="DURATION",
            help="Time before the first retry; doubled at each retry.",
        ),
        _limit(
            "--keep-last",
            check=_rules,
            many=True,
            metavar="PATTERN=N",
            help="Keep the N newest checkpoints only, e.g. 'outputs/ckpt-*=3', unless the run is "
            "tagged later; can be given several times.",
        ),
        _rule(
            "stop",
            "Cancel the run when this holds: 'metrics.loss is nan', 'no output for 30m', "
            "'disk free < 5GB'; can be given several times, as all of these.",
        ),
        _rule("fail", "Stop the run, which ends Failed."),
        _rule("retry", "Stop the script and start it again, as often as --max-retries says."),
        _rule("notify", "Tell me, and let the run go on."),
        option(
            "--notify",
            section=RULES,
            check=_words,
            metavar="WHEN,…",
            help="Tell me when it has completed, failed, canceled, or ended in any way; never.",
        ),
        _rule("tag", "Set a tag: 'diverged: metrics.loss > 10'.", "KEY: CONDITION"),
        _label("--name", metavar="NAME", help="The run's display name."),
        _label("--note", metavar="TEXT", help="The run's description."),
        shared.tags("A tag;", LABELS),
        _label("--run-id", "own_id", metavar="ID", help="The run's id (default: a new one)."),
        output_option(
            "--dry-run", is_flag=True, help="Say what would be run, and where; make nothing."
        ),
        argument("script", kind=FileName()),
        argument("arguments", kind=FileName(), many=True),
    )
    for declare in reversed(declared):
        function = declare(function)
    return function
