"""Delivery: one message through all channels at once, and what came of it in each."""

from __future__ import annotations

import threading
import time

from homerun.base import masking
from homerun.base.errors import UserError
from homerun.notify import channels

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Sequence

    from homerun.notify.message import Message
    from homerun.notify.settings import Channel

DEADLINE_S = 30.0
"""A channel that takes longer is given up: a server can answer a byte at a time."""

_LONGEST = 200


def deliver(
    every: Sequence[Channel], message: Message, deadline_s: float = DEADLINE_S
) -> list[str | None]:
    """Send a message through each of the channels.

    Returns:
        For each of them why it was not taken; None: it was.
    """
    found: list[str | None] = [f"no answer within {deadline_s:g} s"] * len(every)

    def act(number: int) -> None:
        said = _outcome(every[number], message)
        found[number] = said

    threads = [threading.Thread(target=act, args=(n,), daemon=True) for n in range(len(every))]
    for thread in threads:
        thread.start()
    until = time.monotonic() + deadline_s
    for thread in threads:
        thread.join(max(0.0, until - time.monotonic()))
    return list(found)


def _outcome(channel: Channel, message: Message) -> str | None:
    try:
        channels.send_through(channel, message)
    except UserError as error:
        return _masked(error.message, channel)
    except Exception as error:  # noqa: BLE001 - a server can answer anything
        return _masked(_words(error), channel)
    return None


def _words(error: Exception) -> str:
    """What a library says, in one line."""
    if isinstance(error, TimeoutError) or "timed out" in str(error):
        return f"no answer within {channels.PATIENCE_S:g} s"
    reason = getattr(error, "reason", None) or error
    if isinstance(reason, OSError) and reason.strerror:
        return reason.strerror
    told = str(reason).strip()
    return f"{type(error).__name__}: {told}" if told else type(error).__name__


def _masked(text: str, channel: Channel) -> str:
    line = " ".join(text.split())
    return masking.text(line, channel.secrets)[:_LONGEST]
