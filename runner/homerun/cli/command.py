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

from homerun.cli.invocation import Call
from homerun.cli.options import params, shared
from homerun.cli.output import console

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable
    from contextlib import AbstractContextManager
    from typing import Any

    from homerun.cli.options.params import Param


class Command:
    """A function that takes a `Call` and its own options, and gives a `Result` or a code.

    Attributes:
        name: its last word.
        help: what it does, at length.
        own: its own options and arguments.
        shared: the options that it shares with every command.
        usage: how its options are called in the first line of its help.
        takes_rest: what stands behind its first bare word is left as it is, options too.
        takes_unknown: an option that it does not have is a bare word like any other.
    """

    def __init__(
        self,
        name: str,
        function: Callable[..., Any],
        usage: str = "[OPTIONS]",
        takes_rest: bool = False,
        takes_unknown: bool = False,
    ) -> None:
        self.name = name
        self.help = function.__doc__ or ""
        self.own = params.params_of(function)
        self.shared = shared.shared()
        self.usage = usage
        self.takes_rest = takes_rest
        self.takes_unknown = takes_unknown
        self._function = function

    @property
    def params(self) -> list[Param]:
        """All of its options and arguments."""
        return [*self.own, *self.shared]

    def run(self, path: str, values: dict[str, Any]) -> int:
        """Call the function, and hand its result over; the exit code.

        Args:
            path: the words that led here, as `homerun run show`.
            values: of all parameters, by key.

        Raises:
            UsageError: they make no sense together.
        """
        console.begin(path)
        call = Call.taken_from(values)
        with _notices_kept():
            made = self._function(call, **values)
            return made if isinstance(made, int) else int(made.hand_over(call))


def command(name: str, **settings: Any) -> Callable[[Callable[..., Any]], Command]:
    """Make a function a command of this name."""
    return lambda function: Command(name, function, **settings)


def _notices_kept() -> AbstractContextManager[object]:
    """What the SDK tells is kept to itself where only errors are to be shown."""
    if not console.is_quiet():
        return nullcontext()
    from homerun.base import messages

    return messages.Kept()
