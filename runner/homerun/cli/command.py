"""What every command has: the shared options, its own options, and a result.

    @command("show")
    @options.run
    def show(call: Call) -> Result:
        row = call.run().describe()
        return Result(row, lambda: [render.Card(...)])

The call holds the values of the shared options, and of `-r` and `-e`. The result is a value for
programs, and the parts that people see: `render.Table`, `Card`, `Note` or a line of text. A command
that prints while it works, such as one that follows a log, sets `only_if_asked`.
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
    """A function that takes a `Call` and its own options, and returns a `Result` or a code.

    Attributes:
        name: its last word.
        help: the text of its help page.
        own: its own options and arguments.
        shared: the options that it shares with every command.
        usage: the placeholder for its options in the usage line.
        takes_rest: what follows its first argument is passed on unparsed, options included.
        takes_unknown: an unknown option is an argument.
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
        taken = {name for param in self.own for name in param.names}
        self.shared = [one.without(taken) for one in shared.shared()]
        self.usage = usage
        self.takes_rest = takes_rest
        self.takes_unknown = takes_unknown
        self._function = function

    @property
    def params(self) -> list[Param]:
        """All of its options and arguments."""
        return [*self.own, *self.shared]

    def run(self, path: str, values: dict[str, Any]) -> int:
        """Call the function and print its result; returns the exit code.

        Args:
            path: the command's words, such as `homerun run show`.
            values: the values of all parameters, by key.

        Raises:
            UsageError: the values contradict each other.
        """
        console.begin_command(path)
        call = Call.taken_from(values)
        with _notices_kept():
            made = self._function(call, **values)
            return made if isinstance(made, int) else int(made.hand_over(call))


def command(name: str, **settings: Any) -> Callable[[Callable[..., Any]], Command]:
    """Make a function a command of this name."""
    return lambda function: Command(name, function, **settings)


def _notices_kept() -> AbstractContextManager[object]:
    """Suppress the messages of the SDK if only errors are to be shown."""
    if not console.is_quiet():
        return nullcontext()
    from homerun.base import messages

    return messages.Kept()
