"""Between two attempts: publish the end of the first, and wait for the next.

A supervisor loads this module only for a run that may be retried.
"""

from __future__ import annotations

from homerun.system import linux
from homerun.targets import retries
from runstore import layout, status
from runstore.run import attempts

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any

    from homerun.supervisor.attempt import Attempt


def rest(of: Attempt, outcome: dict[str, Any], exited: dict[str, object]) -> bool:
    """Wait for the next attempt. False: there is none, or a stop came first.

    The next attempt's folder is there before the end of this one is published, so that the run is
    at no moment shown as ending.
    """
    given = of.plan
    most, causes = given.setting("max_retries"), given.setting("retry_on")
    if not retries.is_wanted(most, causes, given.attempt, outcome):
        return False
    if of.stopped == status.RETRY:
        of.stop_kind_here = status.CANCEL
        of.stop_wanted = False  # that ended the attempt, and not the run
    of.doze(0)  # a signal may have come with the script's end
    if of.told_to_end or of.stop_wanted or of.has(layout.STOP):
        return False
    seconds = retries.delay(given.setting("retry_delay_s"), given.attempt)
    fact = {"after": outcome["cause"], "delay_s": seconds}
    of.insist(
        "the next attempt cannot be planned yet",
        lambda: attempts.plan(".", given.attempt + 1, fact),
    )
    of.publish(layout.EXITED, exited)
    of.log(f"attempt {given.attempt} failed ({outcome['cause']}); the next in {seconds:g} s")
    of.over, of.script = False, 0
    until = linux.clock() + seconds
    while linux.clock() < until and not of.stop_wanted:
        of.doze_in_time(until)
    return not of.stop_wanted
