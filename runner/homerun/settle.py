"""Looking at a run, and putting on record what nobody else is left to put there."""

from __future__ import annotations

from runstore import layout
from runstore.errors import StoreError

TYPE_CHECKING = False
if TYPE_CHECKING:
    from runstore.record import Look, Record


def look(record: Record) -> Look:
    """A run as it is now. A run that is lost gets its outcome published on the way.

    Whoever may not write sees the same status. No lock is needed: once nothing of a run is alive
    its facts do not change, so all who look derive the same outcome, and one of them publishes it.
    """
    seen = record.look()
    if seen.is_lost and record.store.format <= layout.FORMAT:
        try:
            record.publish(layout.ENDED, dict(seen.outcome or {}), sync=True)
        except (OSError, StoreError):
            return seen
        return record.look()
    return seen
