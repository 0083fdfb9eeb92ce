"""`homerun completion`: the script that makes a shell complete commands and ids."""

from __future__ import annotations

from homerun.cli.command import command
from homerun.cli.options.kinds import OneOf
from homerun.cli.options.params import argument
from homerun.cli.output import stdout
from homerun.cli.result import Result

TYPE_CHECKING = False
if TYPE_CHECKING:
    from homerun.cli.invocation import Call

_SHELLS = ("bash", "zsh", "fish")


@command("completion")
@argument("shell", metavar="bash|zsh|fish", required=True, kind=OneOf(_SHELLS))
def completion(call: Call, shell: str) -> Result:
    """Print the script that makes a shell complete commands, options, experiments and run ids.

    \b
    Example:
      homerun completion bash >> ~/.bashrc
      homerun completion zsh >> ~/.zshrc
      homerun completion fish > ~/.config/fish/completions/homerun.fish
    """
    from homerun.cli.parsing import click_parser

    script = click_parser.completion_script(shell)
    if not call.wants_result:
        stdout.put(script if script.endswith("\n") else f"{script}\n")
    return Result(script, only_if_asked=True)
