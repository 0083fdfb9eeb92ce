"""What a workspace has by name: a dict whose error for a missing name says what there is."""

from __future__ import annotations

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable, Iterable
    from typing import Any, NoReturn


class Named(dict):  # type: ignore[type-arg]
    """A dict of named things.

    Args:
        found: each name with its thing.
        missing: makes the error for a name that is not there, which is a KeyError too.
    """

    def __init__(
        self, found: Iterable[tuple[str, Any]], missing: Callable[[str], Exception]
    ) -> None:
        super().__init__(found)
        self._missing = missing

    def __missing__(self, name: object) -> NoReturn:
        raise self._missing(str(name))
