"""`homerun notify …`: notifications."""

from __future__ import annotations

from homerun.base.errors import UserError
from homerun.cli.command import command
from homerun.cli.output import render
from homerun.cli.result import Result
from homerun.notify import deliver, message, settings

TYPE_CHECKING = False
if TYPE_CHECKING:
    from homerun.cli.invocation import Call

_EXAMPLE = '{"channels": [{"type": "ntfy", "url": "https://ntfy.sh/a-topic-of-mine"}]}'


@command("test")
def test(call: Call) -> Result:
    """Send a message through each channel of notify.json, and say which of them took it.

    Exits 1 if one of them does not take it. The file is ~/.config/homerun/notify.json, which no
    one else may read.

    \b
    Example:
      homerun notify test
    """
    said = settings.read()
    if not said.channels:
        raise UserError(f"no channel is named in {said.path}: write {_EXAMPLE}, and chmod 600 it")
    outcomes = deliver.deliver(said.channels, message.test())
    rows = [
        {"channel": channel.name, "sent": failed is None, "error": failed}
        for channel, failed in zip(said.channels, outcomes)
    ]
    lines = [[row["channel"], row["error"] or "sent"] for row in rows]
    code = 1 if any(outcomes) else 0
    return Result(rows, lambda: [render.Table(["channel", "result"], lines)], code)
