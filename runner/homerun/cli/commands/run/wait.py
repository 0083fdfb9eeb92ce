"""`homerun run wait`: wait for the end of runs."""

from __future__ import annotations

import time

from homerun.base.errors import WaitTimeout
from homerun.cli.command import command
from homerun.cli.errors import UsageError
from homerun.cli.options import shared
from homerun.cli.options.kinds import Duration
from homerun.cli.options.params import argument, option
from homerun.cli.output import render, text
from homerun.cli.result import Result
from homerun.runs import wait
from homerun.views import details
from runstore.status import COMPLETED

TYPE_CHECKING = False
if TYPE_CHECKING:
    from homerun.cli.invocation import Call
    from runstore.run.record import Record


@command("wait")
@argument("names", metavar="RUN...", many=True, complete=shared.run_ids)
@option(
    "--timeout",
    kind=Duration(),
    metavar="DURATION",
    help="Give up after this time: 90s, 30m, 2h; the runs go on.",
)
@option("--any", "any_one", is_flag=True, help="Wait only until the first one ends.")
def wait_for(
    call: Call, names: tuple[str, ...] | None, timeout: float | None, any_one: bool
) -> Result | int:
    """Wait until runs are over, and print how each of them ended.

    Exits 0 only if all of them Completed; with --any, if the first that ended did. Ctrl-C ends the
    waiting, not the runs.

    \b
    Example:
      homerun run wait digits_1 digits_2
      homerun run wait @last --timeout 2h && homerun run metrics @last
    """
    if not names:
        raise UsageError("say which runs: their numbers or ids, or @last")
    records = list({one.id: one for one in map(call.record, names)}.values())
    try:
        over = _first(records, timeout) if any_one else _all(records, timeout)
    except KeyboardInterrupt:
        return 130
    rows = [details.row_of(record) for record in over]

    def shown() -> list[render.Part]:
        lines = [
            [
                row.get("run_number", text.NONE),
                row.get("display_name") or row["run_id"],
                row["status"],
                text.duration(text.took(row)),
            ]
            for row in rows
        ]
        return [render.Table(["#", "run", "status", "took"], lines)]

    code = 0 if all(row["status"] == COMPLETED for row in rows) else 1
    return Result(rows, shown, code)


def _all(records: list[Record], timeout: float | None) -> list[Record]:
    deadline = None if timeout is None else time.monotonic() + timeout
    for record in records:
        left = None if deadline is None else max(0.0, deadline - time.monotonic())
        if not wait.until_over(record, left).is_over:
            raise WaitTimeout(record.id, timeout or 0.0)
    return records


def _first(records: list[Record], timeout: float | None) -> list[Record]:
    found = wait.until_any_is_over(records, timeout)
    if found is None:
        raise WaitTimeout(records[0].id, timeout or 0.0)
    return [found]
