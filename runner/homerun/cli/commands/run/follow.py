"""Follow a run: pass its output on as it comes, then print a summary.

The output is passed on unchanged, byte for byte, to standard output, and nothing else goes there;
on a terminal only text, colours and what draws progress bars.
With a query, or a format for programs, standard output holds the result alone, and the output goes
to standard error.

A submit loads this module while its script starts: what the last lines need takes no time then.
"""

from __future__ import annotations

import os
import sys

from homerun.base.errors import HomerunError
from homerun.cli.interrupts import Interrupted, Interrupts, waiting
from homerun.cli.output import console, text
from homerun.cli.result import Result
from homerun.files.logs import follow
from homerun.metrics import results
from homerun.runs import wait
from homerun.views import details
from runstore.status import CANCEL, CANCELED, COMPLETED, FAILED, TERMINAL

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterable
    from typing import Any, BinaryIO, TextIO

    from homerun.cli.invocation import Call
    from runstore.run.record import Record

_MOST_METRICS = 8


class OutputLost(HomerunError):
    """The run's output cannot be passed on; the run itself continues."""

    def __init__(self, run_id: str, reason: OSError) -> None:
        self.reason = reason
        super().__init__(
            f"the output can no longer be written ({reason.strerror}); run {run_id} is still "
            f"running: homerun run monitor-logs -r {run_id}"
        )


def stream_of(call: Call) -> TextIO | None:
    """The stream that a run's output goes to."""
    return sys.stderr if call.wants_result else sys.stdout


class Output:
    """Passes a run's output on, at once.

    Args:
        pieces: what to pass on; None: all that its script prints, until it is over.
        is_raw: a terminal gets every byte, too.
    """

    def __init__(
        self,
        record: Record,
        call: Call,
        pieces: Iterable[bytes] | None = None,
        is_raw: bool = False,
    ) -> None:
        self._record = record
        stream = stream_of(call)
        self._sink: BinaryIO | None = None if stream is None else stream.buffer
        self._output = follow.Following(record) if pieces is None else pieces
        self._last = b""
        self._screen = None
        if console.is_terminal(stream) and not is_raw:
            from homerun.base.terminal import Screen  # most submits go to a file or a pipe

            self._screen = Screen()

    def follow(self) -> None:
        """Pass on the output so far and what follows, until the run is over.

        Raises:
            OutputLost: the reader of the stream has gone, or cannot take more.
        """
        for part in self._output:
            self._last = part[-1:] or self._last
            self._put(part if self._screen is None else self._screen.show(part).encode())
        if self._screen is not None:
            self._put(self._screen.show(b"", is_last=True).encode())

    def _put(self, part: bytes) -> None:
        if self._sink is None or not part:
            return
        try:
            self._sink.write(part)
            self._sink.flush()
        except OSError as error:
            console.discard(self._sink)
            raise OutputLost(self._record.id, error) from error

    def finish(self) -> None:
        """Pass on the rest of an ended run's output, if the stream still has a reader."""
        try:
            self.follow()
        except OutputLost:
            pass
        self.close_line()

    def close_line(self) -> None:
        """Begin a new line on a terminal, if the output did not end its last one."""
        console.fresh_line(self._last)


def to_the_end(record: Record, call: Call) -> Result | int:
    """Follow a run to its end and print a summary; the exit code is 0 only if it Completed.

    Ctrl-C and a closed pipe end the following, not the run.
    """
    shown = Output(record, call)
    try:
        say_if_it_waits(record)
        shown.follow()
    except KeyboardInterrupt:
        shown.close_line()
        console.inform(
            f"run {record.id} is still running; homerun run cancel -r {record.id} cancels it"
        )
        return 130
    except OutputLost as lost:
        raise lost.reason from None
    shown.close_line()
    return conclude(record)


def or_cancel(record: Record, call: Call, interrupts: Interrupts) -> Result:
    """`to_the_end`, but a signal cancels the run."""
    shown = Output(record, call)
    try:
        interrupts.anywhere()
        say_if_it_waits(record)
        shown.follow()
        shown.close_line()
        return conclude(record)
    except Interrupted as interrupted:
        _cancel(record, shown, interrupted, interrupts)
        return Result(details.row_of(record), code=interrupted.exit_code, only_if_asked=True)


def print_id(run_id: str) -> None:
    """Print an id alone, at once."""
    sys.stdout.write(f"{run_id}\n")
    sys.stdout.flush()


def in_silence(record: Record, call: Call, interrupts: Interrupts) -> Result:
    """Print the id alone, and wait for the end; a signal cancels the run."""
    print_id(record.id)
    try:
        interrupts.anywhere()
        wait.until_over(record)
        code = 0 if details.row_of(record)["status"] == COMPLETED else 1
        return Result({}, code=code, only_if_asked=True)
    except Interrupted as interrupted:
        _cancel(record, Output(record, call, ()), interrupted, interrupts)
        return Result({}, code=interrupted.exit_code, only_if_asked=True)


def say_what_began(record: Record, python: str | None, name: str) -> None:
    """Say in one line which run this is, what runs it, and how its log is read again.

    Args:
        python: the interpreter; None: no Python script is run.
        name: how the run can be named from here.
    """
    with_python = f"  python {text.printable(short_path(python))}" if python else ""
    title = f"{text.printable(record.experiment)} #{record.run.get('number', text.NONE)}"
    if record.is_batch:
        title += f"  {text.plural(record.run['batch'])}"
    console.inform(f"{title}{with_python}  log: homerun logs {name}")


def short_path(path: str) -> str:
    """A path as people write it: from the current folder, or from home."""
    for start, sign in ((os.getcwd(), "."), (os.path.expanduser("~"), "~")):
        if path.startswith(f"{start}/"):
            return f"{sign}{path[len(start) :]}".removeprefix("./")
    return path


def say_if_it_waits(record: Record) -> None:
    """Say once where a run waits; its output begins when it has started."""
    place = details.waiting_place(record)
    if place is not None:
        console.inform(f"run {record.id} waits: {text.printable(place)}")


def conclude(record: Record) -> Result:
    """Print the summary of an ended run."""
    row = details.row_of(record)
    summary(record, row)
    return Result(row, code=0 if row["status"] == COMPLETED else 1, only_if_asked=True)


def summary(record: Record, row: dict[str, Any]) -> None:
    """Print status, metrics and folder on standard error; for a failed run also the reason."""
    status = row["status"]
    console.inform(head(row), console.COLOURS.get(status))
    console.inform(f"  run      {record.id}")
    for line in _metric_lines(results.metrics_of_run(record.path, record.id, populate=True)):
        console.inform(line)
    for warning in row.get("warnings") or []:
        console.inform(f"  warning  {text.printable(warning)}")
    for line in changed_originals(row):
        console.inform(f"  {line}", console.COLOURS[FAILED])
    console.inform(f"  folder   {text.printable(record.path)}")
    if status == FAILED:
        console.inform(failure(record, row), console.COLOURS[FAILED])
        from homerun.views import diagnosis  # few runs fail

        missing = diagnosis.missing_module(record, row.get("failure"))
        if missing:
            console.inform(missing)


def changed_originals(row: dict[str, Any]) -> list[str]:
    """A line for each file outside of the run that was changed while it went on."""
    return [
        f"CHANGED  the original of {text.printable(path)}, which is outside of the run"
        for path in row.get("changed_originals") or []
    ]


def in_short(record: Record, was_followed: bool) -> Result:
    """Print one line about an ended run, if it was followed."""
    row = details.row_of(record)
    if not was_followed:
        return Result(row, only_if_asked=True)
    status = row["status"]
    if status == FAILED:
        console.complain(failure(record, row), console.COLOURS[FAILED])
    else:
        console.inform(head(row), console.COLOURS.get(status))
    for line in changed_originals(row):
        console.inform(line, console.COLOURS[FAILED])
    return Result(row, code=0 if status == COMPLETED else 1, only_if_asked=True)


def head(row: dict[str, Any]) -> str:
    """The status of an ended run, how long it took, and its exit code."""
    status, seconds = row["status"], text.took(row)
    outcome = row.get("outcome") or {}
    head = f"{status} in {text.duration(seconds)}" if seconds is not None else status
    detail = outcome.get("signal") or outcome.get("exit_code")
    if detail is not None:
        head += f", exit code {detail}" if isinstance(detail, int) else f", {detail}"
    return str(head)


def failure(record: Record, row: dict[str, Any]) -> str:
    """Why a run failed, and what tells more, as one line."""
    error = (row.get("error") or {}).get("error") or {}
    reason = str(error.get("message") or "the run failed").split("\n", 1)[0]
    number = record.run.get("number")
    name = f"{record.experiment}/{number}" if number else record.id
    return text.printable(f"{reason}; homerun why {name} tells more")


def _metric_lines(metrics: dict[str, Any]) -> list[str]:
    """The last value of each metric; of many metrics only the first."""
    shown = list(metrics.items())[:_MOST_METRICS]
    width = max((len(text.printable(name)) for name, _ in shown), default=0)
    lines = []
    for name, value in shown:
        lines.append(f"{text.printable(name):<{width}} {text.last_value(value)}")
    if len(metrics) > len(lines):
        lines.append(f"… and {len(metrics) - len(lines)} more")
    heads = ["  metrics  ", *["           "] * len(lines)]
    return [head + line for head, line in zip(heads, lines)]


def _cancel(
    record: Record, shown: Output, interrupted: Interrupted, interrupts: Interrupts
) -> None:
    """Cancel the run and say so in one line; a second signal ends the wait, not the cancel."""
    from homerun.runs import stop

    interrupts.only_in(waiting())
    try:
        with Hint(f"canceling run {record.id}; Ctrl-C again stops waiting for it"):
            stop.stop(record, CANCEL)
    except Interrupted:
        console.inform(
            f"not waiting any longer: run {record.id} is being canceled by its supervisor"
        )
        return
    status = str(details.row_of(record)["status"])
    if status in TERMINAL:
        shown.finish()
    if status == CANCELED:
        console.inform(f"canceled by {interrupted.by}: run {record.id}")
    elif status in TERMINAL:
        console.inform(f"{interrupted.by} came too late: run {record.id} was {status} already")
    else:
        console.inform(
            f"run {record.id} is {status}: its processes have not ended; see {record.path}"
        )


class Hint:
    """A temporary line on a terminal; elsewhere nothing."""

    def __init__(self, line: str) -> None:
        self._line = line
        self._is_shown = console.is_terminal(sys.stderr)

    def __enter__(self) -> None:
        if self._is_shown:
            sys.stderr.write(f"\r\x1b[K{self._line}")
            sys.stderr.flush()

    def __exit__(self, *_: object) -> None:
        if self._is_shown:
            sys.stderr.write("\r\x1b[K")
            sys.stderr.flush()
