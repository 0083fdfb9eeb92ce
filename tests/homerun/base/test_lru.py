"""The last few things of a kind: kept while they are asked for, made again once they are not."""

from __future__ import annotations

from homerun.base.lru import Lru


def test_only_what_was_asked_for_last_is_kept() -> None:
    made: list[int] = []
    known: Lru[int, list[int]] = Lru(lambda key: made.append(key) or [key], most=2)

    for key in (1, 2, 1, 3, 1, 2):
        assert known.of(key) == [key]

    assert made == [1, 2, 3, 2]


def test_what_is_no_longer_usable_is_made_again() -> None:
    known: Lru[str, list[str]] = Lru(lambda key: [key])
    first = known.of("a")

    assert known.of("a", lambda found: found is first) is first
    assert known.of("a", lambda found: found is not first) is not first
