"""What a process keeps of runs between two looks: only what is still true, and nobody else's."""

from __future__ import annotations

import pytest

from runstore.run import cache


def test_what_was_kept_is_there_under_its_stamp_and_no_other() -> None:
    kept: cache.Kept = {}
    cache.keep(kept, "a", "1", {"tags": {"x": None}})

    assert cache.get(kept, "a", "1") == {"tags": {"x": None}}
    assert cache.get(kept, "a", "2") is None
    assert cache.get(kept, "b", "1") is None


def test_who_changes_what_he_got_changes_nothing_for_the_next() -> None:
    kept: cache.Kept = {}
    cache.keep(kept, "a", "1", {"arguments": ["--lr"]})
    got = cache.get(kept, "a", "1")
    assert got is not None
    got["arguments"].append("0.1")

    assert cache.get(kept, "a", "1") == {"arguments": ["--lr"]}


def test_it_is_forgotten_after_a_while(monkeypatch: pytest.MonkeyPatch) -> None:
    kept: cache.Kept = {}
    cache.keep(kept, "a", "1", {})
    monkeypatch.setattr(cache, "KEPT_S", -1.0)

    assert cache.get(kept, "a", "1") is None


def test_it_holds_a_thousand_runs_and_no_more(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(cache, "_MOST", 2)
    kept: cache.Kept = {}
    for name in ("a", "b", "c"):
        cache.keep(kept, name, "1", {})

    assert [cache.get(kept, name, "1") for name in ("a", "b", "c")] == [None, None, {}]


def test_what_marshal_cannot_hold_is_not_kept() -> None:
    kept: cache.Kept = {}
    cache.keep(kept, "a", "1", {"x": object()})

    assert cache.get(kept, "a", "1") is None
