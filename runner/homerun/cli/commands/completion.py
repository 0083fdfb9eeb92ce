"""`homerun completion`, and what a shell is told when it asks for the words that may follow."""

from __future__ import annotations

from homerun.base.errors import HomerunError
from homerun.cli.command import command
from homerun.cli.options.kinds import OneOf
from homerun.cli.options.params import argument
from homerun.cli.output import console, stdout
from homerun.cli.result import Result
from runstore.errors import StoreError

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any

    from homerun.cli.invocation import Call
    from homerun.cli.options.params import Offers
    from homerun.sdk.run import Run
    from homerun.sdk.workspace import Workspace

_SHELLS = ("bash", "zsh", "fish")
_LOOKED_AT = 1000
_OFFERED = 50


@command("completion")
@argument("shell", metavar="bash|zsh|fish", required=True, kind=OneOf(_SHELLS))
def completion(call: Call, shell: str) -> Result:
    """Print what makes a shell complete commands, options, experiments and run ids.

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


def runs(given: dict[str, Any], begun: str) -> Offers:
    """The newest runs whose id begins so, each with its experiment and status."""
    from homerun.cli.options.run_names import WORDS

    if begun.startswith("@"):
        return [(word, None) for word in WORDS if word.startswith(begun)]
    found: list[tuple[str, str | None]] = []
    try:
        workspace = _workspace(given)
        listed = workspace.get_runs(given.get("experiment"))
        for run, _ in zip(listed, range(_LOOKED_AT)):
            if run.id.startswith(begun):
                found.append((run.id, _hint(run)))
            if len(found) == _OFFERED:
                break
    except (HomerunError, StoreError, OSError):
        return found  # a shell that asks is told what there is, and no more
    return found


def experiments(given: dict[str, Any], begun: str) -> Offers:
    """The experiments whose name begins so."""
    try:
        names = _workspace(given).experiments
    except (HomerunError, StoreError, OSError):
        return []
    return [(name, None) for name in names if name.startswith(begun)]


def _hint(run: Run) -> str:
    return console.plain(f"{run.experiment.name}, {run.get_status()}")


def _workspace(given: dict[str, Any]) -> Workspace:
    from homerun.sdk.workspace import Workspace

    return Workspace.from_config(given.get("path"))
