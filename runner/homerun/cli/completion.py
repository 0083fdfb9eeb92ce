"""`homerun completion`, and what a shell is told when it asks for the words that may follow."""

from __future__ import annotations

from homerun.cli import screen, words
from homerun.cli.command import command
from homerun.cli.kinds import OneOf
from homerun.cli.params import argument
from homerun.cli.results import Result
from homerun.errors import HomerunError
from runstore.errors import StoreError

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any

    from homerun.cli.call import Call
    from homerun.cli.params import Offers
    from homerun.run import Run
    from homerun.workspace import Workspace

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
    from homerun.cli import clicked

    script = clicked.completion_script(shell)
    if not call.wants_result:
        screen.put(script if script.endswith("\n") else f"{script}\n")
    return Result(script, only_if_asked=True)


def runs(given: dict[str, Any], begun: str) -> Offers:
    """The newest runs whose id begins so, each with its experiment and status."""
    from homerun.cli.naming import WORDS

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
    return words.plain(f"{run.experiment.name}, {run.get_status()}")


def _workspace(given: dict[str, Any]) -> Workspace:
    from homerun.workspace import Workspace

    return Workspace.from_config(given.get("path"))
