"""The answers of a cluster: how long they may take, and those that are errors."""

from __future__ import annotations

from homerun.targets.engines.engine import EngineError

TIMEOUT_S = 30.0
"""For an answer. The head itself waits 10 s for its agent before it refuses a job."""


class NoAnswer(EngineError):
    """The cluster does not answer: what it was asked to do may have been done."""


class Refused(EngineError):
    """The cluster answers, with an error.

    Attributes:
        code: the status of the answer.
    """

    def __init__(self, text: str, code: int) -> None:
        super().__init__(text)
        self.code = code
