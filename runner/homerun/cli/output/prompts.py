"""Questions to the person at the terminal, on standard error."""

from __future__ import annotations

from contextlib import contextmanager

from homerun.cli.output import console

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterator


def confirm(question: str) -> bool:
    """Whether the answer is yes; only Return is no. What is neither is asked again.

    Raises:
        KeyboardInterrupt: Ctrl-C, or the end of what there is to read.
    """
    import click

    with _breaking_off():
        return click.confirm(question, default=False, err=True)


def secret(question: str) -> str:
    """An answer that is not shown while it is typed.

    Raises:
        KeyboardInterrupt: as `confirm`.
    """
    import click

    with _breaking_off():
        return str(click.prompt(question, hide_input=True, err=True, prompt_suffix=" ? "))


@contextmanager
def _breaking_off() -> Iterator[None]:
    import click

    try:
        yield
    except click.Abort:
        console.complain("")  # ends the line of the question
        raise KeyboardInterrupt from None
