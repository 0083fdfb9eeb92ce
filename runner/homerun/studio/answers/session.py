"""What says who asks."""

from __future__ import annotations

from typing import TypedDict


class TicketAnswer(TypedDict):
    """A ticket, to be added to the address as `ticket`; good once, for half a minute."""

    ticket: str
