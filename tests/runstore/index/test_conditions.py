"""The language of conditions: what is read as what, and what is refused with which example."""

from __future__ import annotations

from typing import Any

import pytest

from runstore.errors import InvalidQuery
from runstore.index import kinds
from runstore.index.conditions import parse
from runstore.index.fields import split
from runstore.index.kinds import holds
from runstore.index.query import Condition, Group, on
from runstore.index.row import indexed


def told(part: Condition | Group) -> Any:
    """A condition in plain values."""
    if isinstance(part, Group):
        return ("any" if part.is_any else "all", *map(told, part.parts))
    name = ".".join(filter(None, (part.field.area, part.field.key)))
    return name, part.operator, part.wanted


@pytest.mark.parametrize(
    ("text", "read"),
    [
        ("tags.a", ("tags.a", "?", None)),
        ("tags.a b = x y", ("tags.a b", "=", "x y")),
        ("tags.a = ", ("tags.a", "=", "")),
        ("tags.a=b=c", ("tags.a", "=", "b=c")),
        ("tags.'a = b' = 1", ("tags.a = b", "=", "1")),
        ('tags."a" = "x or y"', ("tags.a", "=", "x or y")),
        ("tags.a > 3", ("tags.a", ">", 3)),
        ("description ~ don't or won't do", None),
        ("description ~ don't", ("description", "~", "don't")),
        ("name = foo (a or b)", ("name", "=", "foo (a or b)")),
        (
            "params.lr in (0.1, 'a,b')",
            ("any", ("params.lr", "=", "0.1"), ("params.lr", "=", "a,b")),
        ),
        ("params.fast = True", ("params.fast", "=", "true")),
        ("params.x<=-1e-3", ("params.x", "<=", -0.001)),
        (
            "number = 1 or number = 2 and number = 3",
            (
                "any",
                ("number", "=", 1),
                ("all", ("number", "=", 2), ("number", "=", 3)),
            ),
        ),
        (
            "(number = 1 or number = 2) AND status = failed",
            (
                "all",
                ("any", ("number", "=", 1), ("number", "=", 2)),
                ("status", "=", "Failed"),
            ),
        ),
        ("duration > 1h30m", ("duration_s", ">", 5400.0)),
        ("duration_s > 90", ("duration_s", ">", 90)),
        ("cpu < 1.5 h", ("cpu_s", "<", 5400.0)),
        ("memory >= 10GB", ("memory_kib", ">=", 10 * 1024**2)),
        ("memory >= 512 b", ("memory_kib", ">=", 0.5)),
        ("memory_kib >= 1 MiB", ("memory_kib", ">=", 1024)),
        ("cpu_percent > 150%", ("cpu_percent", ">", 150.0)),
        ("gpu_percent <= 5", ("gpu_percent", "<=", 5.0)),
        ("created >= 2026-11-21T00:00:00Z", ("created", ">=", "2026-11-21T00:00:00.000000+00:00")),
        (
            "ended = 2026-11-21T10:00+01:00",
            (
                "ended",
                "=",
                ("2026-11-21T09:00:00.000000+00:00", "2026-11-21T09:01:00.000000+00:00"),
            ),
        ),
        ("metrics.loss < inf", ("metrics.loss", "<", float("inf"))),
    ],
)
def test_a_condition_is_read_as_it_is_written(text: str, read: Any) -> None:
    if read is None:
        with pytest.raises(InvalidQuery, match='there is no field "won\'t do"'):
            parse(text)
        return
    assert told(parse(text)) == read


@pytest.mark.parametrize(
    ("text", "says"),
    [
        ("lr > 1", "did you mean params.lr or metrics.lr or tags.lr"),
        ("statsu = Failed", "did you mean status"),
        ("durations > 1h", "did you mean duration"),
        ("", "there is no field ''"),
        ("tags. = 1", "there is no field 'tags.'"),
        ("tags.'a'b = 1", "there is no field"),
        ("metrics.'a'.median = 1", "ends in no last, min, max, mean or count"),
        ("script < b", "script is text, which < is not for: write script ~ word"),
        ("status > Failed", "status is a status, which > is not for"),
        ("status = Done", "'Done' is not a valid status for status: one of NotStarted"),
        ("number ~ 1", "number is a number, which ~ is not for: write number > 10"),
        ("number > many", "'many' is not a valid number for number"),
        ("duration > 90", "'90' is not a valid duration for duration: write duration > 90s"),
        ("duration > -5s", "'-5s' is not a valid duration"),
        ("memory > 10", "'10' is not a valid size for memory: write memory > 10GB"),
        ("memory > 1XB", "'1XB' is not a valid size"),
        ("created > yesterday", "'yesterday' is not a valid time for created: write created > 2h"),
        ("created > 20261121", "'20261121' is not a valid time"),
        ("created = 2h", "'2h' is not a valid time"),
        ("created > 2026-13-01", "'2026-13-01' is not a valid time"),
        ("tags.a > high", "'high' is not a valid number, duration or time for tags.a"),
        ("params.lr > high", "'high' is not a valid number, duration or time for params.lr"),
        ("params.fast < true", "'true' is not a valid number, duration or time for params.fast"),
        ("metrics.loss < high", "'high' is not a valid number for metrics.loss"),
        ("metrics.loss ~ 1", "metrics.loss is a number, which ~ is not for"),
        ("metrics.loss < nan", "compared with nan by = and != of metrics only"),
        ("number = nan", "compared with nan by = and != of metrics only"),
        ("text", "write text ~ word"),
        ("text = word", "write text ~ word"),
        ("number = 1 or ", "there is no field 'number = 1 or'|has nothing on one side|not a valid"),
        (" or number = 1", "there is no field|has nothing on one side"),
        ("number in ()", "'' is not a valid number"),
        ("params.lr => 1", "there is no operator '=>'; use = != <= >= < > ~"),
        ("params.lr <> 1", "there is no operator '<>'"),
        ("params.lr =< 1", "there is no operator '=<'"),
        ("params.lr =~ 1", "there is no operator '=~'"),
        ("params.a = x && params.b = 1", "write and for &&"),
        ("params.a = x || params.b = 1", "write or for"),
    ],
)
def test_what_cannot_be_meant_is_refused_with_an_example(text: str, says: str) -> None:
    with pytest.raises(InvalidQuery, match=says):
        parse(text)


def test_an_exact_name_of_a_metric_wins_and_quotes_say_which_is_meant() -> None:
    plain, exact, lowest = map(
        split, ("metrics.loss.min", 'metrics."loss.min"', "metrics.'loss'.min")
    )

    assert (plain.key, plain.aggregate, plain.exact) == ("loss", "min", "loss.min")
    assert (exact.key, exact.aggregate, exact.exact) == ("loss.min", "last", "")
    assert (lowest.key, lowest.aggregate, lowest.exact) == ("loss", "min", "")


@pytest.mark.parametrize(
    ("found", "operator", "text", "is_so"),
    [
        ("10", ">", "9", True),
        ("x", ">", "9", False),
        ("x", "!=", "9", True),
        (None, "!=", "9", True),
        (None, "=", "9", False),
        (3.0, "=", "3", True),
        ("3.0", "=", "3", False),
        ("true", "=", "true", True),
        ("inf", ">", "1e9", True),
        ("nan", ">", "0", False),
        ("2026-11-22", ">", "2026-11-21", True),
        ("2026-11-20T00:00:00Z", ">", "2026-11-21", False),
        ("Great Run", "~", "great", True),
        (0.25, "~", ".2", True),
    ],
)
def test_a_value_that_is_text_or_number_is_compared_as_what_it_is(
    found: object, operator: str, text: str, is_so: bool
) -> None:
    wanted = kinds.read(kinds.ANY, "tags.a", operator, text)

    assert kinds.holds(found, operator, wanted) is is_so


@pytest.mark.parametrize(
    ("text", "same"),
    [
        ("params.lr == 0.1", "params.lr = 0.1"),
        ("params.lr==0.1", "params.lr = 0.1"),
        ("params.lr in(0.1, 1)", "params.lr in (0.1, 1)"),
        ("params.lr IN (0.1)", "params.lr = 0.1"),
        ("params.lr not in (0.1, 1)", "params.lr != 0.1 and params.lr != 1"),
        ("params.lr NOT IN('a,b')", "params.lr != 'a,b'"),
    ],
)
def test_what_other_languages_write_means_the_same(text: str, same: str) -> None:
    def leaves(condition: str) -> list[tuple[str, str, object]]:
        return [(one.field.key, one.operator, one.wanted) for one in parse(condition).leaves()]

    assert leaves(text) == leaves(same)


@pytest.mark.parametrize("text", ["params.a = '=x'", "params.a = 'x && y'", "params.a = a<b"])
def test_operators_in_quotes_and_within_words_are_text(text: str) -> None:
    (one,) = parse(text).leaves()

    assert one.wanted == text.partition(" = ")[2].strip("'")


@pytest.mark.parametrize("number", [2**62, 2**63 - 1, -(2**62), 2**70])
def test_long_whole_numbers_are_found_and_ordered(number: int) -> None:
    found = indexed(number)

    assert holds(found, "=", on("params.x", "=", str(number)).wanted)
    assert holds(found, ">=", on("params.x", ">=", str(number)).wanted)
    assert holds(found, "<", on("params.x", "<", "1e30").wanted)
    assert not holds(found, ">", on("params.x", ">", "1e30").wanted)
