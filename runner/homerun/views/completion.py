"""Wait for the end of a run on behalf of a person: its output, then its details or its failure."""

from __future__ import annotations

from homerun.base import messages
from homerun.base.errors import RunFailed
from homerun.files.logs import print as log_print
from homerun.runs import wait
from homerun.views import details
from runstore import look

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any

    from runstore.run.record import Record


async def wait_async(record: Record, raise_on_error: bool) -> dict[str, Any]:
    """Wait until a run is over; its details. See `Run.wait_async`.

    Raises:
        RunFailed: the run ended Failed, and `raise_on_error`.
    """
    await wait.until_over_async(record)
    return _details(record, raise_on_error)


def wait_for_completion(record: Record, show_output: bool, raise_on_error: bool) -> dict[str, Any]:
    """Wait until a run is over; its details. See `Run.wait_for_completion`.

    Raises:
        RunFailed: the run ended Failed, and `raise_on_error`.
    """
    try:
        if show_output:
            log_print.output(record)
        wait.until_over(record)
    except KeyboardInterrupt:
        if not look.at(record).is_over:
            messages.tell([f"run {record.id} goes on; run.cancel() ends it"])
        raise
    return _details(record, raise_on_error)


def _details(record: Record, raise_on_error: bool) -> dict[str, Any]:
    found = details.details(record, look.at(record))
    error = found.get("error")
    if error is not None and raise_on_error:
        raise RunFailed(record.id, error["error"])
    return found
