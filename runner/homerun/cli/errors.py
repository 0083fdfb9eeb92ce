"""Errors of a command line; `homerun.cli.entry` prints them."""

from __future__ import annotations


class UsageError(Exception):
    """A command line is not valid.

    Attributes:
        message: what is wrong, and what to do next.
        path: the command whose help says more; None: the current one.
    """

    def __init__(self, message: str, path: str | None = None) -> None:
        super().__init__(message)
        self.message = message
        self.path = path


class BadValue(Exception):
    """A word is not a valid value of its option or argument; the message says what is."""
