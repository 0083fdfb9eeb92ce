"""A command as all of them are made: the shared options, its own, and a result at its end.

    @command("show")
    @options.run
    def show(call: Call) -> Result:
        row = call.run().describe()
        return Result(row, lambda: [render.Card(...)])

What was given for the shared options, and for `-r` and `-e`, is in the call. The result is a value
for programs, and the parts that people see: `render.Table`, `Card`, `Note` or a line of text. A
command that prints while it works, as one that follows a log, sets `only_if_asked`.
"""

from __future__ import annotations

from contextlib import nullcontext

import click

from homerun.cli import options, words
from homerun.cli.call import Call

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable
    from contextlib import AbstractContextManager
    from typing import Any


class Command(click.Command):
    """A command whose function takes a `Call`, its own options, and gives a `Result` or a code."""

    def __init__(self, *args: Any, **settings: Any) -> None:
        super().__init__(*args, **settings)
        self._shared: list[click.Option] | None = None

    @property
    def shared(self) -> list[click.Option]:
        """The options that it shares with every command."""
        if self._shared is None:
            self._shared = options.shared()
        return self._shared

    def get_params(self, ctx: click.Context) -> list[click.Parameter]:
        """All of its options and arguments."""
        own = super().get_params(ctx)
        return [*own[:-1], *self.shared, *own[-1:]]

    def parse_args(self, ctx: click.Context, args: list[str]) -> list[str]:
        """Make sense of the words of a command line; see click."""
        try:
            return super().parse_args(ctx, args)
        except click.UsageError as error:
            raise _of(error, ctx) from None

    def invoke(self, ctx: click.Context) -> int:
        """Call its function, and hand its result over."""
        words.begin(ctx.command_path)
        try:
            call = Call.taken_from(ctx.params)
            assert self.callback is not None
            with _notices_kept():
                made = ctx.invoke(self.callback, call, **ctx.params)
                return made if isinstance(made, int) else made.hand_over(call)
        except click.UsageError as error:
            raise _of(error, ctx) from error.__cause__

    def format_options(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        """Its own options first, then those of every command."""
        of_all = {id(option) for option in self.shared}
        parts: dict[str, list[tuple[str, str]]] = {"Options": [], "Options of every command": []}
        for param in self.get_params(ctx):
            record = param.get_help_record(ctx)
            if record is not None and isinstance(param, click.Option):
                parts[[*parts][id(param) in of_all]].append(record)
        for title, records in parts.items():
            if records:
                with formatter.section(title):
                    formatter.write_dl(records)


def _notices_kept() -> AbstractContextManager[object]:
    """What the SDK tells is kept to itself where only errors are to be shown."""
    if not words.is_quiet():
        return nullcontext()
    from homerun import notices

    return notices.Kept()


def _of(error: click.UsageError, ctx: click.Context) -> click.UsageError:
    """The error as one of this command, whose help is then named."""
    error.ctx = error.ctx or ctx
    return error


def command(name: str, **settings: Any) -> Callable[[Callable[..., Any]], Command]:
    """Make a function a command of this name."""
    return click.command(name, cls=Command, **settings)
