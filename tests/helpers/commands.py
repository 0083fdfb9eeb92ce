"""Every command by the words that name it."""

from __future__ import annotations

from homerun.cli import command_table

TYPE_CHECKING = False
if TYPE_CHECKING:
    from homerun.cli.command import Command


def _command(path: tuple[str, ...]) -> Command:
    found = command_table.command(path)
    assert found is not None
    return found


COMMANDS = {tuple(path.split()): _command(tuple(path.split())) for path in command_table.COMMANDS}
