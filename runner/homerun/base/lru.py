"""The last few things of a kind, kept because they are likely to be asked for again."""

from __future__ import annotations

import threading
from collections.abc import Callable, Hashable
from typing import Generic, TypeVar

Key = TypeVar("Key", bound=Hashable)
Kept = TypeVar("Kept")


class Lru(Generic[Key, Kept]):
    """Things by key, each made when it is first asked for; from any thread.

    Args:
        make: makes the thing of a key.
        most: as many are kept; of more the one that was not asked for the longest is dropped.
    """

    def __init__(self, make: Callable[[Key], Kept], most: int = 16) -> None:
        self._make = make
        self._most = most
        self._known: dict[Key, Kept] = {}
        self._choosing = threading.Lock()

    def of(self, key: Key, is_usable: Callable[[Kept], bool] | None = None) -> Kept:
        """The thing of a key; one that is no longer usable is made again."""
        with self._choosing:
            found = self._known.pop(key, None)
            if found is None or (is_usable is not None and not is_usable(found)):
                found = self._make(key)
            self._known[key] = found
            for old in list(self._known)[: -self._most]:
                del self._known[old]
            return found
