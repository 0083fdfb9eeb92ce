"""`homerun completion`: the script that makes a shell complete commands and ids."""

from __future__ import annotations

from homerun.cli import shells
from homerun.cli.command import command
from homerun.cli.errors import UsageError
from homerun.cli.options.kinds import OneOf
from homerun.cli.options.params import argument, option
from homerun.cli.output import stdout
from homerun.cli.result import Result

TYPE_CHECKING = False
if TYPE_CHECKING:
    from homerun.cli.invocation import Call


@command("completion")
@argument("shell", metavar="[bash|zsh|fish]", kind=OneOf(shells.SHELLS))
@option("--install", is_flag=True, help="Add the line that loads it to the shell's own file.")
def completion(call: Call, shell: str | None, install: bool) -> Result:
    """Print the script that makes a shell complete commands, options, files and runs.

    With --install it is loaded by every new shell; the file and the line are printed. Without a
    name it is the shell that you use ($SHELL).

    \b
    Example:
      homerun completion --install
      source <(homerun completion bash)
    """
    from homerun.cli.parsing import click_parser

    shell = shell or shells.shell_of_user()
    if shell is None:
        raise UsageError("say for which shell: homerun completion bash, zsh or fish")
    if install:
        path, is_new = shells.load_completion(shell)
        word = "now loads" if is_new else "already loads"
        told = f"{path} {word} the completion of homerun; a new {shell} has it"
        return Result({"file": path, "is_new": is_new}, lambda: [told])
    script = shells.completion_script(shell, click_parser.completion_script(shell))
    if not call.wants_result:
        stdout.put(script if script.endswith("\n") else f"{script}\n")
    return Result(script, only_if_asked=True)
