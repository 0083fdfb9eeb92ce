"""`homerun run logs`, `monitor-logs`, `download-logs`: what a run has written, or writes."""

from __future__ import annotations

import os
from collections import deque

from homerun.base.errors import UserError
from homerun.cli.command import command
from homerun.cli.commands.run import follow as run_follow
from homerun.cli.errors import BadValue, UsageError
from homerun.cli.options import shared
from homerun.cli.options.kinds import Number
from homerun.cli.options.params import option
from homerun.cli.output import console, log_filter, render, text
from homerun.cli.result import Result
from homerun.files.logs import follow
from homerun.files.logs import pages as run_logs
from homerun.views import details
from runstore.status import TERMINAL

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from homerun.base.line_pattern import LinePattern
    from homerun.cli.invocation import Call
    from homerun.cli.output.log_filter import Sieve
    from homerun.cli.result import Result
    from runstore.run.record import Record

_LAST = "@last"
_SHOWN = 8


def _compiled(pattern: str | None) -> LinePattern | None:
    if pattern is None:
        return None
    from homerun.base.line_pattern import LinePattern, WrongPatternError  # most logs are not sifted

    try:
        return LinePattern(os.fsencode(pattern))
    except WrongPatternError as error:
        wrong = (
            f"{pattern!r} is not a valid expression ({error}); put a \\ before a literal character"
        )
        raise BadValue(wrong) from None


@command("logs")
@shared.one_run
@option("-f", "--follow", "follows", is_flag=True, help="Follow the log until the run is over.")
@option("--tail", kind=Number(least=0), metavar="N", help="Only the last N lines.")
@option(
    "--grep",
    "pattern",
    check=_compiled,
    metavar="PATTERN",
    help="Only lines that match this regular expression.",
)
@option("--file", "name", metavar="NAME", help="This log: its name, or the end of its name.")
@option(
    "--fold/--no-fold",
    "folds",
    default=None,
    help="Show a progress bar's last state only (default: outside a terminal).",
)
@option("--raw", is_flag=True, help="Print every byte unchanged, on a terminal too.")
def logs(
    call: Call,
    follows: bool,
    tail: int | None,
    pattern: LinePattern | None,
    name: str | None,
    folds: bool | None,
    raw: bool,
) -> Result | int:
    """Show what a run has printed, or another of its logs (default: the newest run).

    With -f it exits 0 only if the run Completed. Ctrl-C stops following, not the run. With
    --tail and --grep together: the last matching lines. PATTERN is a Python regular expression
    without look-around and back references.

    \b
    Example:
      homerun run logs digits_1 -f --tail 20
      homerun run logs @last --grep 'loss|error'
    """
    if raw and (folds or pattern):
        raise UsageError("--raw prints a log unchanged; leave out --fold and --grep")

    record = call.record(_LAST if call.run_id is None else call.run_id)
    if call.run_id is None:
        console.inform(f"logs of run {record.id}")
    if name is not None:
        name = _named(record, name, follows)
    if folds is None:
        folds = not raw and not console.is_terminal(run_follow.stream_of(call))
    sieve = log_filter.Sieve(pattern, folds)
    pieces = _pieces(record, name, follows, tail, sieve)
    shown = run_follow.Output(record, call, pieces, raw)
    try:
        shown.follow()
    except KeyboardInterrupt:
        shown.close_line()
        return 130
    except run_follow.OutputLost as lost:
        raise lost.reason from None
    shown.close_line()
    return run_follow.in_short(record, follows)


@command("monitor-logs")
@shared.one_run
def monitor_logs(call: Call) -> Result | int:
    """Show a run's output from its beginning, and follow it to the run's end.

    Exits 0 only if the run Completed. Ctrl-C stops following, not the run.

    \b
    Example:
      homerun run monitor-logs digits_1
    """
    return run_follow.to_the_end(call.record(call.run_id), call)


@command("download-logs")
@shared.one_run
@option("-d", "--output-dir", metavar="DIR", required=True, help="The folder; created if needed.")
def download_logs(call: Call, output_dir: str) -> Result:
    """Copy a run's log files into a folder, and print the paths of the copies.

    \b
    Example:
      homerun run download-logs digits_1 -d logs
    """
    found = call.run()
    made = found.get_all_logs(output_dir)
    return Result(made, lambda: made or [render.Note(f"run {found.id} has no logs")])


def _pieces(
    record: Record, name: str | None, follows: bool, tail: int | None, sieve: Sieve
) -> Iterator[bytes]:
    """What is shown, as it comes."""
    attempt, offset = 1, 0
    if tail is not None and sieve.lets_all_through:
        attempt, offset = follow.last(record, name, tail)
    elif tail is not None:
        attempt, offset = _last_let_through(record, name, tail, sieve)
    if follows:
        pieces: Iterable[bytes] = follow.Following(record, name, attempt, offset)
    else:
        pieces = follow.written(record, name, attempt, offset)
    for piece in pieces:
        yield sieve.pass_on(piece)
    yield sieve.rest()


def _last_let_through(
    record: Record, name: str | None, count: int, sieve: Sieve
) -> tuple[int, int]:
    """Where the last `count` lines that pass begin; this reads all of them."""
    places: deque[tuple[int, int]] = deque(maxlen=count)
    begins = 1, 0
    for attempt, one in enumerate(follow.names(record, name), 1):
        offset = 0
        for line in sieve.lines(follow.written(record, one, 1, 0)):
            if sieve.is_let_through(line):
                places.append((attempt, offset))
            offset += len(line)
        begins = attempt, offset
    return places[0] if places else begins


def _named(record: Record, word: str, may_wait: bool) -> str:
    """The log of this name, or the only one whose name ends with it."""
    known = [row["name"] for row in run_logs.listed(record)]
    found = [one for one in known if one == word] or [one for one in known if _ends(one, word)]
    if len(found) == 1:
        return str(found[0])
    if not found and may_wait and details.row_of(record)["status"] not in TERMINAL:
        console.inform(f"run {record.id} has no log {text.printable(word)} yet")
        return word
    listed = ", ".join(map(text.printable, (found or known)[:_SHOWN])) or "none yet"
    wrong = "several such logs" if found else f"no log {text.printable(word)!r}"
    raise UserError(f"run {record.id} has {wrong}; its logs: {listed}")


def _ends(name: str, word: str) -> bool:
    return name.endswith(f"/{word}")
