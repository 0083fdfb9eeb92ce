"""Questions to the user at the terminal, on standard error."""

from __future__ import annotations

import sys
from contextlib import contextmanager

from homerun.cli.errors import UsageError
from homerun.cli.output import console

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from homerun.sdk.run import Run

_SHOWN = 10


def confirm(question: str) -> bool:
    """Ask until the answer is yes or no; Return alone means no.

    Raises:
        KeyboardInterrupt: Ctrl-C, or the end of the input.
    """
    import click

    with _breaking_off():
        return click.confirm(question, default=False, err=True)


def secret(question: str) -> str:
    """Ask for an answer that is not shown while it is typed.

    Raises:
        KeyboardInterrupt: as `confirm`.
    """
    import click

    with _breaking_off():
        return str(click.prompt(question, hide_input=True, err=True, prompt_suffix=" ? "))


def check_asks(yes: bool) -> None:
    """Refuse a question without a terminal; before the store is read, so that a script learns of
    it whatever the store holds.

    Raises:
        UsageError: there is no terminal.
    """
    if not yes and not (console.is_terminal(sys.stdin) and console.is_terminal(sys.stderr)):
        raise UsageError("there is no terminal to ask for confirmation: add --yes")


def is_sure(question: str, yes: bool, runs: Sequence[Run] = ()) -> bool:
    """Ask for confirmation, unless `yes` was given.

    Args:
        runs: listed before the question.
    """
    if yes:
        return True
    for run in runs[:_SHOWN]:
        console.complain(f"  {run.id}  {run.get_status()}")
    if len(runs) > _SHOWN:
        console.complain(f"  … and {len(runs) - _SHOWN} more")
    return confirm(question)


@contextmanager
def _breaking_off() -> Iterator[None]:
    import click

    try:
        yield
    except click.Abort:
        console.complain("")  # ends the line of the question
        raise KeyboardInterrupt from None
