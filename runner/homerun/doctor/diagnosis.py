"""One line of what the doctor says."""

from __future__ import annotations

OK = "ok"
WARN = "warn"
MISSING = "missing"
"""Something that is not needed is not there; what it would be good for stands beside it."""
BROKEN = "broken"
"""Something that is needed does not work."""


class Diagnosis:
    """What was looked at, how it is, and what to do where it is not well.

    Attributes:
        area: `python`, `kernel`, `store`, `clusters`, `machine` or `tools`.
        state: OK, WARN, MISSING or BROKEN.
        value: what was found, in a few words.
        advice: what to do next; None where it is well.
    """

    __slots__ = ("advice", "area", "name", "state", "value")

    def __init__(
        self, area: str, name: str, state: str, value: str, advice: str | None = None
    ) -> None:
        self.area = area
        self.name = name
        self.state = state
        self.value = value
        self.advice = advice

    def row(self) -> dict[str, str | None]:
        """It as JSON can hold it."""
        return {
            "area": self.area,
            "name": self.name,
            "state": self.state,
            "value": self.value,
            "advice": self.advice,
        }


def judged(
    area: str, name: str, is_well: bool, value: str, advice: str, state: str = WARN
) -> Diagnosis:
    """OK, or another state with an advice."""
    return (
        Diagnosis(area, name, OK, value) if is_well else Diagnosis(area, name, state, value, advice)
    )
