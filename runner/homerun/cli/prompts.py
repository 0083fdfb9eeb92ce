"""Questions to the person at the terminal, on standard error."""

from __future__ import annotations

from homerun.cli import words

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable
    from typing import TypeVar

    Answer = TypeVar("Answer")


def confirm(question: str) -> bool:
    """Whether the answer is yes; no, where it is neither.

    Raises:
        KeyboardInterrupt: Ctrl-C, or the end of what there is to read.
    """
    import click

    return _asked(lambda: click.confirm(question, default=False, err=True))


def secret(question: str) -> str:
    """An answer that is not shown while it is typed.

    Raises:
        KeyboardInterrupt: as `confirm`.
    """
    import click

    return _asked(
        lambda: str(click.prompt(question, hide_input=True, err=True, prompt_suffix=" ? "))
    )


def _asked(ask: Callable[[], Answer]) -> Answer:
    import click

    try:
        return ask()
    except click.Abort:
        words.complain("")  # ends the line of the question
        raise KeyboardInterrupt from None
