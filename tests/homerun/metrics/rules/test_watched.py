"""What rules see of a run: metrics read on, how quiet it is by a clock of its own, its disk."""

from __future__ import annotations

import json
import time
from collections.abc import Sequence
from pathlib import Path

import pytest

from homerun.metrics.rules import language
from homerun.metrics.rules.watched import Watched


class Clock:
    """`time.monotonic` that a test sets."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch) -> None:
        self.now = 1000.0
        monkeypatch.setattr(time, "monotonic", lambda: self.now)


@pytest.fixture
def clock(monkeypatch: pytest.MonkeyPatch) -> Clock:
    return Clock(monkeypatch)


def log(run: Path, *points: tuple[str, object, float], writer: str = "1-a") -> None:
    folder = run / "metrics"
    folder.mkdir(exist_ok=True)
    lines = [f"\n{json.dumps({'n': n, 'v': v, 't': t})}\n" for n, v, t in points]
    with (folder / f"{writer}.jsonl").open("a") as file:
        file.write("".join(lines))


def watching(run: Path, *rules: str, **started: object) -> tuple[Watched, list[language.Term]]:
    terms = [term for rule in rules for term in language.terms_of(language.parse(rule))]
    return Watched(str(run), terms, started), terms


def seen(watched: Watched, term: language.Term) -> Sequence[float]:
    return list(watched.values(term))


def test_metrics_are_read_on_and_each_new_point_counts_once(tmp_path: Path) -> None:
    watched, (last, least, mean, count) = watching(
        tmp_path, "metrics.a > 1", "metrics.a.min > 1", "metrics.a.mean > 1", "metrics.a.count > 1"
    )
    watched.look(None)
    assert [seen(watched, one) for one in (last, least, mean, count)] == [[], [], [], []]

    log(tmp_path, ("a", 4, 1.0), ("b", 9, 1.0), ("a", {"$f": "nan"}, 2.0), ("a", 2, 3.0))
    watched.look(None)
    first = seen(watched, last)
    assert (first[0], first[2], len(first)) == (4, 2, 3)
    assert first[1] != first[1]
    assert [seen(watched, one) for one in (least, mean, count)] == [[2], [2], [3]]

    log(tmp_path, ("a", 6, 4.0), writer="2-b")
    watched.look(None)
    assert [seen(watched, one) for one in (last, least, count)] == [[6], [2], [4]]

    watched.look(None)
    assert seen(watched, last) == [6]  # nothing is new: the last one still holds


def test_a_metric_whose_name_ends_in_an_aggregate_wins(tmp_path: Path) -> None:
    watched, (term,) = watching(tmp_path, "metrics.loss.min < 1")
    log(tmp_path, ("loss", 5, 1.0), ("loss.min", 7, 1.0))
    watched.look(None)

    assert seen(watched, term) == [7]


def test_what_is_no_number_and_what_is_broken_counts_for_nothing(tmp_path: Path) -> None:
    watched, (term,) = watching(tmp_path, "metrics.a > 1")
    log(tmp_path, ("a", "text", 1.0), ("a", None, 1.0), ("a", [1], 1.0), ("a", True, 1.0))
    with (tmp_path / "metrics/1-a.jsonl").open("a") as file:
        file.write('\n{"n":"a","v":\n\n{"n":"a"}\n\n[1]\n\n{"n":["a"],"v":3,"t":1}\n')
    watched.look(None)

    assert seen(watched, term) == []


def test_a_log_that_was_replaced_is_read_from_its_beginning(tmp_path: Path) -> None:
    watched, (last, count) = watching(tmp_path, "metrics.a > 1", "metrics.a.count > 1")
    log(tmp_path, ("a", 4, 1.0), ("a", 5, 1.0))
    watched.look(None)
    (tmp_path / "metrics/1-a.jsonl").unlink()
    log(tmp_path, ("a", 9, 1.0))
    watched.look(None)

    assert (seen(watched, last), seen(watched, count)) == ([9], [1])


def test_the_points_of_a_former_attempt_do_not_count(tmp_path: Path) -> None:
    rule, began = "metrics.a > 1", "1970-01-01T00:00:10+00:00"
    first, (term,) = watching(tmp_path, rule, attempt=1, time=began)
    second, _ = watching(tmp_path, rule, attempt=2, time=began)
    log(tmp_path, ("a", 4, 5.0), ("a", 6, 11.0))
    first.look(None)
    second.look(None)

    assert (seen(first, term), seen(second, term)) == ([4, 6], [6])


def test_output_and_metrics_are_quiet_since_their_files_last_grew(
    tmp_path: Path, clock: Clock
) -> None:
    watched, (output, metrics) = watching(tmp_path, "no output for 1m", "no metrics for 1m")
    (tmp_path / "user_logs").mkdir()
    text = tmp_path / "user_logs/std_log.txt"
    text.write_text("begins")
    watched.look(None)
    clock.now += 40
    text.write_text("begins, goes on")
    watched.look(None)
    clock.now += 30
    watched.look(None)
    assert (seen(watched, output), seen(watched, metrics)) == ([30], [70])

    log(tmp_path, ("a", 1, 1.0))
    watched.look(None)
    assert (seen(watched, output), seen(watched, metrics)) == ([30], [0])


@pytest.mark.parametrize(
    ("usage", "seconds"),
    [({"cpu_percent": 0.5}, 60), ({"cpu_percent": 80.0}, 0), ({"cpu_percent": None}, 0), (None, 0)],
)
def test_a_run_is_silent_only_where_it_is_known_that_it_computes_nothing(
    tmp_path: Path, clock: Clock, usage: dict[str, float | None] | None, seconds: float
) -> None:
    watched, (term,) = watching(tmp_path, "silent for 1m")
    watched.look(usage)
    clock.now += 60
    watched.look(usage)

    assert seen(watched, term) == [seconds]


def test_figures_of_the_machine_are_those_of_the_last_sample(tmp_path: Path) -> None:
    watched, (memory, disk, share) = watching(
        tmp_path, "system.memory > 1GB", "disk free > 1KB", "disk free < 101%"
    )
    watched.look({"memory": 5.0, "cpu_percent": None})

    assert seen(watched, memory) == [5]
    assert seen(watched, disk)[0] > 0
    assert 0 < seen(watched, share)[0] <= 100
    watched.look(None)
    assert seen(watched, memory) == []


def test_of_a_script_that_is_over_only_metrics_are_told(tmp_path: Path) -> None:
    rules = ("metrics.a > 1", "disk free > 1KB", "no output for 1s", "duration > 1s")
    watched, (metric, *others) = watching(tmp_path, *rules, clock_s=1.0)
    log(tmp_path, *[("a", number, 1.0) for number in range(3)])
    watched.look(None, is_over=True)

    assert seen(watched, metric) == [0, 1, 2]
    assert [seen(watched, one) for one in others] == [[], [], []]
