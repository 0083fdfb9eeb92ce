"""Every command by the words that name it."""

from __future__ import annotations

import click

from homerun.cli.root import root


def _leaves(group: click.Group, path: tuple[str, ...]) -> dict[tuple[str, ...], click.Command]:
    context = click.Context(group)
    found: dict[tuple[str, ...], click.Command] = {}
    for name in group.list_commands(context):
        command = group.get_command(context, name)
        assert command is not None
        below = isinstance(command, click.Group)
        found |= _leaves(command, (*path, name)) if below else {(*path, name): command}
    return found


COMMANDS = _leaves(root, ())
