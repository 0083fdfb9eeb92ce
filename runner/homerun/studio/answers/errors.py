"""What is answered instead where a request is refused, or fails."""

from __future__ import annotations

from typing import TypedDict


class ErrorText(TypedDict):
    """What is wrong: a word for programs, a sentence for people."""

    code: str
    message: str


class ErrorAnswer(TypedDict):
    """The answer to a request that was refused, or failed."""

    error: ErrorText
