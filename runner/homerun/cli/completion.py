"""`homerun completion`, and what a shell is told when it asks for the words that may follow."""

from __future__ import annotations

import click
from click.shell_completion import CompletionItem, get_completion_class

from homerun import environ
from homerun.cli import screen, words
from homerun.cli.command import command
from homerun.cli.results import Result
from homerun.errors import HomerunError
from runstore.errors import StoreError

TYPE_CHECKING = False
if TYPE_CHECKING:
    from homerun.cli.call import Call
    from homerun.run import Run
    from homerun.workspace import Workspace

_SHELLS = ("bash", "zsh", "fish")
_LOOKED_AT = 1000
_OFFERED = 50


@command("completion")
@click.argument("shell", metavar="SHELL", type=click.Choice(_SHELLS))
def completion(call: Call, shell: str) -> Result:
    """Print what makes a shell complete commands, options, experiments and run ids.

    \b
    Example:
      homerun completion bash >> ~/.bashrc
      homerun completion zsh >> ~/.zshrc
      homerun completion fish > ~/.config/fish/completions/homerun.fish
    """
    from homerun.cli.root import root

    made = get_completion_class(shell)
    assert made is not None
    script = made(root, {}, "homerun", environ.COMPLETION).source()
    if not call.wants_result:
        screen.put(script if script.endswith("\n") else f"{script}\n")
    return Result(script, only_if_asked=True)


def runs(ctx: click.Context, begun: str) -> list[CompletionItem]:
    """The newest runs whose id begins so, each with its experiment and status."""
    from homerun.cli.naming import WORDS

    if begun.startswith("@"):
        return [CompletionItem(word) for word in WORDS if word.startswith(begun)]
    found: list[CompletionItem] = []
    try:
        workspace = _workspace(ctx)
        listed = workspace.get_runs(ctx.params.get("experiment"))
        for run, _ in zip(listed, range(_LOOKED_AT)):
            if run.id.startswith(begun):
                found.append(CompletionItem(run.id, help=_hint(run)))
            if len(found) == _OFFERED:
                break
    except (HomerunError, StoreError, OSError):
        return found  # a shell that asks is told what there is, and no more
    return found


def experiments(ctx: click.Context, begun: str) -> list[CompletionItem]:
    """The experiments whose name begins so."""
    try:
        names = _workspace(ctx).experiments
    except (HomerunError, StoreError, OSError):
        return []
    return [CompletionItem(name) for name in names if name.startswith(begun)]


def _hint(run: Run) -> str:
    return words.plain(f"{run.experiment.name}, {run.get_status()}")


def _workspace(ctx: click.Context) -> Workspace:
    from homerun.workspace import Workspace

    return Workspace.from_config(ctx.params.get("path"))
