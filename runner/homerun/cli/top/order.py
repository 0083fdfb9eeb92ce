"""The orders in which `homerun top` shows the runs of each group."""

from __future__ import annotations

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable

_FIELDS = ("-duration_s", "-cpu_percent", "-memory", "name")


class Order:
    """The newest first, or by a field; the largest first, or the other way around.

    Args:
        minimizes: whether less of a metric is better: the best comes first.
    """

    def __init__(self, minimizes: Callable[[str], bool]) -> None:
        self._minimizes = minimizes
        self._at = 0
        self._is_turned = False

    def step(self, goal: str | None) -> None:
        """Take the next order."""
        self._at = (self._at + 1) % len(self._all(goal))
        self._is_turned = False

    def turn(self) -> None:
        """Turn it around; the newest stay first."""
        self._is_turned = self._at > 0 and not self._is_turned

    def field(self, goal: str | None) -> str | None:
        """The field, a `-` before it for the largest first; None: the newest first."""
        every = self._all(goal)
        field = every[self._at] if self._at < len(every) else None
        if field is None or not self._is_turned:
            return field
        return field[1:] if field.startswith("-") else f"-{field}"

    def words(self, goal: str | None) -> str:
        """The order for people."""
        field = self.field(goal)
        if field is None:
            return "the newest first"
        name = field.lstrip("-").removeprefix("metrics.").removesuffix("_s")
        if name == "name":
            return "by name" if field == name else "by name, backwards"
        way = "the largest first" if field.startswith("-") else "the least first"
        return f"by {name.replace('_percent', '')}, {way}"

    def _all(self, goal: str | None) -> list[str | None]:
        if goal is None:
            return [None, *_FIELDS]
        return [None, f"{'' if self._minimizes(goal) else '-'}metrics.{goal}", *_FIELDS]
