"""`homerun tensorboard`: runs in TensorBoard; and the original's command for one run."""

from __future__ import annotations

import os
import signal
import sys

from homerun.cli.command import command
from homerun.cli.interrupts import NUMBERS, Interrupts
from homerun.cli.options import shared
from homerun.cli.options.kinds import Number
from homerun.cli.options.params import argument, option
from homerun.cli.output import stdout
from homerun.cli.result import Result
from homerun.files.tensorboard import titles
from homerun.files.tensorboard.server import TensorBoardServer

TYPE_CHECKING = False
if TYPE_CHECKING:
    from homerun.cli.invocation import Call
    from runstore.run.record import Record


@command("tensorboard")
@option(
    "--port", kind=Number(1, 65535), metavar="N", help="The port (default: 6006 or a free one)."
)
@argument("words_of_runs", metavar="RUN...", many=True, required=True, complete=shared.run_ids)
def tensorboard(call: Call, words_of_runs: tuple[str, ...], port: int | None) -> int:
    """See runs in TensorBoard, until Ctrl-C: their event files, and the metrics that they log.

    Runs below a run, as those of a batch, are shown with it. What a run writes while it goes on
    appears within seconds. Nothing is copied: event files are links, in a temporary folder that
    is removed at the end. Prints one line, the address. It needs the extra `tensorboard`.

    \b
    Example:
      homerun tensorboard 17 @best
      homerun tensorboard 12 --port 6007
    """
    return _serve(call, [call.record(word) for word in words_of_runs], None, port)


@command("monitor-tensorboard")
@option("--local-directory", metavar="DIR", help="Keep links and metrics there meanwhile.")
@shared.one_run
def monitor_tensorboard(call: Call, local_directory: str | None) -> int:
    """See a run in TensorBoard, until Ctrl-C: as `homerun tensorboard` with its defaults.

    \b
    Example:
      homerun run monitor-tensorboard -r digits_1
    """
    folder = None if local_directory is None else os.path.abspath(local_directory)
    return _serve(call, [call.record(call.run_id)], folder, None)


def _serve(call: Call, records: list[Record], folder: str | None, port: int | None) -> int:
    """Show the runs until a signal, or until TensorBoard ends."""
    server = TensorBoardServer(titles.Family(records), folder, port)
    with Interrupts((*NUMBERS, signal.SIGHUP)) as interrupts:
        interrupts.anywhere()
        try:
            _say(call, server.start())
            server.wait()
        finally:
            interrupts.only_in(())
            server.stop()
    return 0


def _say(call: Call, address: str) -> None:
    if call.wants_result:
        Result({"address": address}).hand_over(call)
    else:
        stdout.put(f"TensorBoard: {address}\n")
    if sys.stdout is not None:
        sys.stdout.flush()
