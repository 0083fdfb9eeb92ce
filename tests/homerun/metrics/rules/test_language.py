"""The language of rules: what can be said, what is refused with an example, and when it holds."""

from __future__ import annotations

import pytest

from homerun.base.errors import UserError
from homerun.metrics.rules import language, rule
from homerun.metrics.rules.language import Term
from runstore.errors import InvalidQuery

GB = 1 << 30


class Values:
    """What was seen, by the name of the term."""

    def __init__(self, **found: list[float]) -> None:
        self.found = {name.replace("_", " ", 1): values for name, values in found.items()}

    def values(self, term: Term) -> list[float]:
        return self.found.get(term.name, self.found.get(term.key, []))


def the_term(text: str) -> Term:
    (found,) = language.terms_of(language.parse(text))
    return found


@pytest.mark.parametrize(
    ("text", "about", "name", "operator", "wanted"),
    [
        ("metrics.loss < 0.5", "metric", "metrics.loss", "<", 0.5),
        ("metrics.acc.max >= 95e-2", "metric", "metrics.acc.max", ">=", 0.95),
        ('metrics."val loss" = inf', "metric", 'metrics."val loss"', "=", float("inf")),
        ("no output for 30m", "quiet", "no output", ">=", 1800),
        ("no  metrics for 1h30m", "quiet", "no metrics", ">=", 5400),
        ("silent for 90s", "quiet", "silent", ">=", 90),
        ("disk free < 5GB", "disk", "disk free", "<", 5 * GB),
        ("disk free < 5%", "disk", "disk free", "<", 5),
        ("system.memory > 10 GiB", "system", "system.memory", ">", 10 * GB),
        ("memory > 10GB", "system", "system.memory", ">", 10 * GB),
        ("system.cpu_percent < 5%", "system", "system.cpu_percent", "<", 5),
        ("duration > 2h", "duration", "duration", ">", 7200),
        ("duration_s > 90", "duration", "duration_s", ">", 90),
    ],
)
def test_a_rule_is_read_with_its_units(
    text: str, about: str, name: str, operator: str, wanted: float
) -> None:
    found = the_term(text)

    assert (found.about, found.name, found.operator) == (about, name, operator)
    assert found.wanted == wanted


@pytest.mark.parametrize(
    ("text", "told"),
    [
        ("", "a rule is like metrics.loss is nan"),
        ("loss > 3", "a rule is like metrics.loss is nan"),
        ("tags.best = 1", "a rule is like"),
        ("status = Failed", "a rule is like"),
        ("metrics.loss > many", "write metrics.loss > 10"),
        ("metrics.loss > nan", "write metrics.loss is nan"),
        ("metrics.loss ~ 3", "metrics.loss ~"),
        ("no output", "write no output for 30m"),
        ("no output for long", "write no output for 30m"),
        ("no output for 0s", "write no output for 30m"),
        ("no sleep for 30m", "a rule is like"),
        ("disk free < 5", "write disk free > 10GB"),
        ("disk free", "a rule is like"),
        ("duration > 2", "write duration > 90s"),
        ("system.memory > 2h", "write system.memory > 10GB"),
        ("system.smell > 1", "there is no system.smell; there are system.cpu_percent"),
        ("metrics.a > 1 and", "write metrics.a > 10"),
    ],
)
def test_what_is_no_rule_is_refused_with_an_example(text: str, told: str) -> None:
    with pytest.raises(UserError) as caught:
        rule.checked_conditions("stop_if", [text])

    assert str(caught.value).startswith("stop_if: ")
    assert told in str(caught.value) or told.split(" ~")[0] in str(caught.value)


def test_brackets_without_end_are_refused() -> None:
    with pytest.raises(UserError, match="stop_if: a condition has too many brackets"):
        rule.checked_conditions("stop_if", "(" * 5000 + "metrics.a > 1" + ")" * 5000)


@pytest.mark.parametrize("given", [3, [3], {"a": 1}, object()])
def test_what_is_no_text_is_refused_with_an_example(given: object) -> None:
    with pytest.raises(UserError, match=r"^fail_if is a condition or a list of them, such as"):
        rule.checked_conditions("fail_if", given)


def seen(text: str, **found: list[float]) -> dict[str, float] | None:
    return language.seen_in(language.parse(text), Values(**found))


def test_a_rule_looks_at_each_point_that_is_new() -> None:
    nan = float("nan")
    shown = seen("metrics.loss is nan", loss=[0.5, nan, 0.4])

    assert shown is not None
    assert shown["metrics.loss"] != shown["metrics.loss"]
    assert seen("metrics.loss is nan", loss=[0.5]) is None
    assert seen("metrics.loss is not nan", loss=[nan]) is None
    assert seen("metrics.acc > 0.9", acc=[0.5, 0.95, 0.91]) == {"metrics.acc": 0.95}
    assert seen("metrics.acc < 0.9", acc=[nan]) is None
    assert seen("metrics.acc", acc=[0.0]) == {"metrics.acc": 0.0}
    assert seen("metrics.acc > 0.9") is None


def test_and_wants_all_and_or_wants_one() -> None:
    text = "metrics.a > 1 and (metrics.b > 2 or disk free < 1GB)"

    assert seen(text, a=[2], b=[3]) == {"metrics.a": 2, "metrics.b": 3}
    assert seen(text, a=[2], disk_free=[5]) == {"metrics.a": 2, "disk free": 5}
    assert seen(text, a=[2], b=[2]) is None
    assert seen(text, b=[3]) is None
    assert seen("metrics.a in (3, 4)", a=[4]) == {"metrics.a": 4}


@pytest.mark.parametrize(
    ("text", "value", "words"),
    [
        ("metrics.loss is nan", float("nan"), "metrics.loss was nan"),
        ("metrics.acc > 0.9", 0.95125, "metrics.acc was 0.95125"),
        ("no output for 30m", 1805.2, "no output for 30m5s"),
        ("disk free < 5GB", 3.5 * GB, "disk free was 3.5 GiB"),
        ("disk free < 5%", 4.25, "disk free was 4.25 %"),
        ("duration > 2h", 7201, "duration was 2h1s"),
        ("system.memory > 1GB", 2 * GB, "system.memory was 2.0 GiB"),
    ],
)
def test_what_was_seen_is_said_with_its_unit(text: str, value: float, words: str) -> None:
    part = language.parse(text)

    assert language.in_words(part, {the_term(text).name: value}) == words


def test_the_rules_of_a_record_are_numbered_and_what_is_none_is_left_out() -> None:
    run = {
        "stop_if": ["no output for 30m", "from the future > 3"],
        "tag_if": ["diverged: metrics.loss > 10"],
        "notify_if": "metrics.x > 3",
    }
    found = rule.rules_of(run)

    assert [(one.number, one.action, one.tag) for one in found] == [
        (1, "stop", ""),
        (2, "tag", "diverged"),
    ]


def test_a_tag_without_a_name_is_refused_with_an_example() -> None:
    with pytest.raises(InvalidQuery, match=r"write KEY: CONDITION, as diverged: metrics.loss"):
        rule.Rule(1, rule.TAG, "metrics.loss > 10")
