"""`homerun login` and `homerun account …`: scripts call them; no account is needed."""

from __future__ import annotations

from homerun.base import accounts
from homerun.cli.command import command
from homerun.cli.options.params import argument
from homerun.cli.output import render
from homerun.cli.result import Result

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable
    from typing import Any, TypeVar

    from homerun.cli.invocation import Call

    Function = TypeVar("Function", bound=Callable[..., Any])

_NO_ACCOUNT = "no account is needed: runs are on this machine; homerun run list shows them"


def _anything(function: Function) -> Function:
    """Accept options that belong to an account, such as `--service-principal`."""
    one = argument("ignored", metavar="[ANYTHING]", many=True)
    return one(function)


@command("login", takes_unknown=True)
@_anything
def login(call: Call, ignored: tuple[str, ...]) -> Result:
    """Do nothing, and say that no account is needed.

    \b
    Example:
      homerun login
    """
    return Result([], lambda: [render.Note(_NO_ACCOUNT)])


@command("set", takes_unknown=True)
@_anything
def select(call: Call, ignored: tuple[str, ...]) -> Result:
    """Do nothing, and say that no account is needed; a subscription is a label.

    \b
    Example:
      homerun account set --subscription 0000
    """
    return Result(None, lambda: [render.Note(_NO_ACCOUNT)])


@command("show")
def show(call: Call) -> Result:
    """Show who you are here: the user of this machine.

    \b
    Example:
      homerun account show
    """
    user = accounts.own_name()
    told = {"name": "local", "state": "Enabled", "user": {"name": user, "type": "user"}}
    return Result(told, lambda: [render.Card({"account": "none is needed", "user": user})])
