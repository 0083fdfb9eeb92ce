"""What can be wrong with a command line, told as words; `homerun.cli.entry` prints them."""

from __future__ import annotations


class UsageError(Exception):
    """The words of a command line make no sense, alone or together.

    Attributes:
        message: what is wrong, and what to do next.
        path: the command whose help says more; None: the one that goes on.
    """

    def __init__(self, message: str, path: str | None = None) -> None:
        super().__init__(message)
        self.message = message
        self.path = path


class BadValue(Exception):
    """A word is no value of its option or argument; the message says what would be one."""
