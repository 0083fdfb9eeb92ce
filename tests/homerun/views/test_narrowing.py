"""What is typed into the filter of `homerun top`: what is a condition, and what are words."""

from __future__ import annotations

import pytest

from homerun.views.live import narrowing
from runstore.errors import InvalidQuery
from runstore.index.fields import TEXT


def parts(typed: str) -> list[str]:
    """Each condition of a filter, as the fields that it names; words as themselves."""
    found = []
    for part in narrowing.parse(typed).conditions:
        leaves = list(part.leaves())
        is_word = leaves[0].field.area == TEXT
        found.append(
            str(leaves[0].wanted) if is_word else "|".join(x.field.written for x in leaves)
        )
    return found


@pytest.mark.parametrize(
    ("typed", "expected"),
    [
        ("", []),
        ("apple", ["apple"]),
        ("apple pie", ["apple", "pie"]),
        ("lr=0.1", ["lr=0.1"]),
        ("--lr=0.1 seed=3", ["--lr=0.1", "seed=3"]),
        ("a<b", ["a<b"]),
        ("status", ["status"]),
        ("don't", ["don't"]),
        ("status = Failed", ["status"]),
        ("status=failed", ["status"]),
        ("tags.best", ["tags.best"]),
        ("metrics.loss < 0.1", ["metrics.loss"]),
        ("metrics.loss < 0.1 and params.lr > 1", ["metrics.loss|params.lr"]),
        ("metrics.loss < 0.1 or status = failed", ["metrics.loss|status"]),
        ("(status = failed or name = x) and params.lr = 1", ["status|name|params.lr"]),
        ("status in (failed, canceled)", ["status|status"]),
        ("apple and metrics.loss < 0.1", ["apple", "metrics.loss"]),
        ("metrics.loss < 0.1 AND apple pie", ["metrics.loss", "apple", "pie"]),
    ],
)
def test_what_compares_a_field_is_a_condition_and_all_else_are_words(
    typed: str, expected: list[str]
) -> None:
    assert parts(typed) == expected


@pytest.mark.parametrize(
    ("typed", "message"),
    [
        ("speed > 3", "there is no field 'speed'"),
        ("apple and speed > 3", "there is no field 'speed'"),
        ("metrics.loss < much", "not a valid number"),
        ("status = fine", "fine"),
        ("duration > long", "long"),
    ],
)
def test_what_compares_what_is_not_there_is_refused(typed: str, message: str) -> None:
    with pytest.raises(InvalidQuery, match=message):
        narrowing.parse(typed)


def test_an_order_that_no_index_knows_is_left_to_the_rows() -> None:
    known = narrowing.parse("", "-metrics.loss")
    live = narrowing.parse("", "-memory")

    assert (known.of_index, known.wants_metrics) == ("-metrics.loss", True)
    assert (live.of_index, live.wants_metrics) == (None, False)
