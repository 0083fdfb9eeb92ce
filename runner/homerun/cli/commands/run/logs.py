"""`homerun run logs`, `monitor-logs`, `download-logs`: what a run has written, or writes.

Of a batch these are the logs of its runs, each line with the name of its run in front.
"""

from __future__ import annotations

import os
from collections import Counter, deque

from homerun.base.errors import UserError
from homerun.cli.command import command
from homerun.cli.commands.run import follow as run_follow
from homerun.cli.errors import BadValue, UsageError
from homerun.cli.options import shared
from homerun.cli.options.kinds import Number
from homerun.cli.options.params import option
from homerun.cli.output import batch_table, console, log_filter, render, text
from homerun.cli.output.named_lines import NamedLines
from homerun.cli.result import Result
from homerun.files.logs import follow
from homerun.files.logs import pages as run_logs
from homerun.files.logs.together import Together
from homerun.project import run_names
from homerun.runs import children
from homerun.views import details, listing
from runstore.errors import FileMissing
from runstore.status import ALL, COMPLETED, FAILED, TERMINAL

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator, Sequence

    from homerun.cli.invocation import Call
    from homerun.cli.output.log_filter import Sieve
    from homerun.cli.result import Result
    from homerun.files.logs.line_pattern import LinePattern
    from runstore.run.record import Record

_LAST = "@last"
_SHOWN = 8
_LAST_LINES = 10


def _compiled(pattern: str | None) -> LinePattern | None:
    if pattern is None:
        return None
    from homerun.files.logs.line_pattern import (  # most logs are not sifted
        LinePattern,
        WrongPatternError,
    )

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
@option(
    "--all",
    "of_all",
    is_flag=True,
    help="Follow all runs of the experiment that go on, with their names in front.",
)
@option("--tail", kind=Number(least=0), metavar="N", help="Only the last N lines of each run.")
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
    of_all: bool,
    tail: int | None,
    pattern: LinePattern | None,
    name: str | None,
    folds: bool | None,
    raw: bool,
) -> Result | int:
    """Show what a run has printed, or another of its logs (default: the newest run).

    Of a batch it shows the logs of all its runs, each line with its run in front. --all follows
    whatever runs in the experiment, from the last 10 lines of each, and what begins meanwhile.

    With -f it exits 0 only if the run Completed. Ctrl-C stops following, not the run. With
    --tail and --grep together: the last matching lines. PATTERN is a Python regular expression
    without look-around and back references.

    \b
    Example:
      homerun run logs digits_1 -f --tail 20
      homerun run logs @last --grep 'loss|error'
      homerun run logs --all -e digits
    """
    if raw and (folds or pattern):
        raise UsageError("--raw prints a log unchanged; leave out --fold and --grep")
    if of_all:
        if call.run_id is not None:
            raise UsageError("--all follows whatever runs; leave out the run, or --all")
        last = _LAST_LINES if tail is None else tail
        return _Several(call, name, last, pattern, folds, raw).all()

    record = call.record(_LAST if call.run_id is None else call.run_id)
    if call.run_id is None:
        console.inform(f"logs of {'batch' if record.is_batch else 'run'} {record.id}")
    if record.is_batch:
        return _Several(call, name, tail, pattern, folds, raw).of_batch(record, follows)
    if name is not None:
        name = _named(record, name, follows)
    if folds is None:
        folds = not raw and not console.is_terminal(run_follow.stream_of(call))
    sieve = log_filter.Sieve(pattern, folds)
    pieces = _pieces(record, name, follows, tail, sieve)
    if not _is_shown(run_follow.Output(record, call, pieces, raw)):
        return 130
    return run_follow.in_short(record, follows)


def _is_shown(shown: run_follow.Output) -> bool:
    """Show it to its end; False: Ctrl-C came before."""
    try:
        shown.follow()
        return True
    except KeyboardInterrupt:
        return False
    except run_follow.OutputLost as lost:
        raise lost.reason from None
    finally:
        shown.close_line()


@command("monitor-logs")
@shared.one_run
def monitor_logs(call: Call) -> Result | int:
    """Show a run's output from its beginning, and follow it to the run's end.

    Exits 0 only if the run Completed. Ctrl-C stops following, not the run.

    \b
    Example:
      homerun run monitor-logs digits_1
    """
    record = call.record(call.run_id)
    if record.is_batch:
        return _Several(call, None, None, None, False, False).of_batch(record, follows=True)
    return run_follow.to_the_end(record, call)


@command("download-logs")
@shared.one_run
@option("-d", "--output-dir", metavar="DIR", required=True, help="The folder; created if needed.")
def download_logs(call: Call, output_dir: str) -> Result:
    """Copy a run's log files into a folder, and print the paths of the copies.

    Those of a batch's runs each get a folder there, of the run's id.

    \b
    Example:
      homerun run download-logs digits_1 -d logs
    """
    found = call.run()
    if found._record.is_batch:
        from homerun.sdk.batch import Batch  # it loads all that a submit needs

        runs = Batch.of(found)
        made = [path for run in runs for path in run.get_all_logs(f"{output_dir}/{run.id}")]
    else:
        made = found.get_all_logs(output_dir)
    return Result(made, lambda: made or [render.Note(f"run {found.id} has no logs")])


def _pieces(
    record: Record, name: str | None, follows: bool, tail: int | None, sieve: Sieve
) -> Iterator[bytes]:
    """What is shown, as it comes."""
    attempt, offset = _begin(record, name, tail, sieve)
    if follows:
        pieces: Iterable[bytes] = follow.Following(record, name, attempt, offset)
    else:
        pieces = follow.written(record, name, attempt, offset)
    for piece in pieces:
        yield sieve.pass_on(piece)
    yield sieve.rest()


def _begin(record: Record, name: str | None, tail: int | None, sieve: Sieve) -> tuple[int, int]:
    """Where to begin: an attempt, and a byte in its output."""
    if tail is None:
        return 1, 0
    if sieve.lets_all_through:
        return follow.last(record, name, tail)
    return _last_let_through(record, name, tail, sieve)


def _last_let_through(
    record: Record, name: str | None, count: int, sieve: Sieve
) -> tuple[int, int]:
    """Where the last `count` lines that pass begin; this reads all of them."""
    places: deque[tuple[int, int]] = deque(maxlen=count)
    begins = 1, 0
    for attempt, one in follow.logs(record, name):
        offset = 0
        try:
            for line in sieve.lines(follow.written(record, one, 1, 0)):
                if sieve.is_let_through(line):
                    places.append((attempt, offset))
                offset += len(line)
        except FileMissing:
            if name is not None:
                raise
            continue  # this attempt has printed nothing yet
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


class _Several:
    """The logs of several runs, each line with the name of its run in front.

    Raises:
        UsageError: they are to be unchanged.
    """

    def __init__(
        self,
        call: Call,
        name: str | None,
        tail: int | None,
        pattern: LinePattern | None,
        folds: bool | None,
        raw: bool,
    ) -> None:
        if raw:
            raise UsageError("--raw prints one log unchanged: name one run, not a batch")
        is_terminal = console.is_terminal(run_follow.stream_of(call))
        self._call = call
        self._name = name
        self._tail = tail
        # A bar that draws over its line would draw over the name.
        self._lines = NamedLines(
            pattern, True if folds is None else folds, is_terminal and console.may_colour()
        )
        self._seen: dict[str, Record] = {}
        self._live: set[str] = set()

    def of_batch(self, parent: Record, follows: bool) -> Result | int:
        """Those of a batch; its end is told if it was followed."""

        def found() -> Sequence[Record]:
            return children.of_batch(parent)

        pieces = self._followed(found, parent, parent) if follows else self._written(found())
        if not _is_shown(run_follow.Output(parent, self._call, pieces)):
            return 130
        row = details.row_of(parent)
        if not follows:
            return Result(row, only_if_asked=True)
        status = row["status"]
        names = Counter(details.row_of(one)["status"] for one in self._seen.values())
        more = f"; homerun why {self._call.name_of(parent)}" if status == FAILED else ""
        told = batch_table.how_it_went(status, dict(names))
        console.inform(f"{told}{more}", console.COLOURS.get(status))
        return Result(row, code=0 if status == COMPLETED else 1, only_if_asked=True)

    def all(self) -> Result | int:
        """Those of all runs of the experiment that go on, until none does."""
        experiment = str(self._call.current_experiment().value)
        store = self._call.workspace().store
        run_names.require_experiment(store, experiment)
        names = ",".join(name for name in ALL if name not in TERMINAL)
        going_on = listing.conditions(where=[f"status in ({names})"])

        def found() -> list[Record]:
            runs = listing.runs(store, experiment, going_on, include_children=True, sort="number")
            return [record for record in runs if not record.is_batch]

        first = next(iter(found()), None)
        if first is None:
            console.inform(f"no run of {text.printable(experiment)} goes on")
            return Result([], only_if_asked=True)
        pieces = self._followed(found, first)
        if not _is_shown(run_follow.Output(first, self._call, pieces)):
            return 130
        rows = [details.row_of(one) for one in self._seen.values()]
        code = 0 if all(row["status"] == COMPLETED for row in rows) else 1
        return Result(rows, code=code, only_if_asked=True)

    def _written(self, records: Sequence[Record]) -> Iterator[bytes]:
        """What is there now, one run after another."""
        self._lines.know(records)
        for record in records:
            name = self._log_name(record)
            if name is None and self._name is not None:
                continue
            begin = _begin(record, name, self._tail, self._lines.sieve())
            for piece in follow.written(record, name, *begin):
                yield self._lines.pass_on(record, piece)
            yield self._lines.end(record)

    def _followed(
        self, found: Callable[[], Sequence[Record]], beside: Record, parent: Record | None = None
    ) -> Iterator[bytes]:
        """What is there and what is written; the end of each run that was seen to go on is told."""

        def known() -> Sequence[Record]:
            records = found()
            self._lines.know(records)
            self._seen.update((record.id, record) for record in records)
            return records

        for record, piece in Together(known, self._log_of, beside, parent):
            if piece is not None:
                yield self._lines.pass_on(record, piece)
                continue
            yield self._lines.end(record)
            if record.id in self._live:
                row = details.row_of(record)
                told = f"{self._lines.name(record)}  {run_follow.head(row)}"
                console.inform(told, console.COLOURS.get(row["status"]))

    def _log_of(self, record: Record) -> follow.Following | None:
        if details.row_of(record)["status"] not in TERMINAL:
            self._live.add(record.id)
        name = self._log_name(record)
        if name is None and self._name is not None:
            return None
        begin = _begin(record, name, self._tail, self._lines.sieve())
        return follow.Following(record, name, *begin)

    def _log_name(self, record: Record) -> str | None:
        """The log of a run that is wanted; None: what its script prints, or it has no such log."""
        if self._name is None:
            return None
        known = [str(row["name"]) for row in run_logs.listed(record)]
        found = [one for one in known if one == self._name or _ends(one, self._name)]
        return found[0] if found else None
