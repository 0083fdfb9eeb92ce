"""Lists answer as a plain loop over what `run show` tells of each run would, children included.

The command line is asked in a process of its own, which takes many lines one after the other.
"""

from __future__ import annotations

import json
import random
import subprocess
import sys
from collections import Counter
from collections.abc import Callable, Iterator
from datetime import datetime, timedelta, timezone
from pathlib import Path
from typing import Any

import pytest

from homerun import Workspace
from homerun.views import listing
from homerun.views.table import Board
from runstore import layout, status
from runstore.draft import Draft
from runstore.fs import facts, lock
from runstore.metrics import log as metric_log
from runstore.metrics import samples
from runstore.run import labels
from runstore.run.record import Record
from runstore.store import Store

Row = dict[str, Any]

NOW = datetime.now(timezone.utc)
VALUES: list[Any] = [
    *(0.1, 0.5, 1, 10, -2, True, False, "adam", "sgd", "0.1", "x y", "nan", None, "", "90s"),
    *("2h", "12,3", "don't", "é=ü", 10**17, [64, 32], ["crop", True], "inf", "2026-11-21"),
]
NUMBERS = [0.25, 1.0, -3.0, 1e9, float("nan"), float("inf")]


def make(store: Store, dice: random.Random, parent: Record | None) -> Record:
    """A run by chance: what it was asked, how it went, what was logged to it."""
    draft = Draft(store, dice.choice(["one", "two"]) if parent is None else "one", parent=parent)
    alive = draft.take_alive()
    names = dice.sample(["lr", "opt", "a b", "fast", "ü.x"], dice.randint(0, 4))
    asked: dict[str, object] = {
        "kind": status.SUBMITTED,
        "script": dice.choice(["train.py", "eval.py"]),
        "params": {name: dice.choice(VALUES) for name in names},
        "tags": {"a": dice.choice(["1", "2", "10", "x", "2026-11-21"])}
        if dice.random() < 0.7
        else {},
    }
    record = draft.publish(asked)
    begun = NOW - timedelta(hours=dice.randint(1, 72))
    ended = begun + timedelta(seconds=dice.choice([0.5, 90, 3600, 9000]))
    how = dice.choice([status.COMPLETED, status.FAILED, status.CANCELED])
    code = 0 if how == status.COMPLETED else 3
    exited = {"exit_code": code, "peak_memory_kib": dice.choice([900, 5000, 2_000_000])}
    used = {"cpu_user_s": dice.choice([1.0, 100.0]), "cpu_system_s": 0.5}
    outcome = {"status": how, "cause": status.EXIT_CODE if code else None, "exit_code": code}
    for name, fact, at in (
        (layout.STARTED, {"attempt": 1, "gpus": dice.choice([[], [{"uuid": "GPU-1"}]])}, begun),
        (layout.EXITED, {**exited, **used}, ended),
        (layout.ENDED, outcome, ended),
    ):
        facts.publish(record.path, name, {**fact, "time": at.isoformat(timespec="microseconds")})
    if dice.random() < 0.6:
        sample(record, dice, is_summed_up=dice.random() < 0.7)
    if dice.random() < 0.3:
        record.label([(labels.PARAM, "lr", dice.choice(VALUES)), (labels.DISPLAY_NAME, "", "Ann")])
    writer = metric_log.Writer(record.path)
    for name in dice.sample(["loss", "loss.min", "acc"], dice.randint(0, 3)):
        for _ in range(dice.randint(1, 3)):
            writer.add_scalar(name, dice.choice(NUMBERS))
    writer.close()
    lock.release(alive)
    return record


def sample(record: Record, dice: random.Random, is_summed_up: bool) -> None:
    """Samples of a run by chance; their sum is missing where its supervisor was killed."""
    log = samples.SampleLog(record.path)
    for _ in range(2):
        used = {name: dice.choice([None, 0, 50, 3 << 30]) for name in samples.QUANTITIES}
        log.add(used)
    if is_summed_up:
        facts.publish(record.path, layout.USAGE, samples.totals(record.path))


@pytest.fixture(params=range(4))
def rows(request: pytest.FixtureRequest, workspace_dir: Path) -> list[Row]:
    """What is told of each of thirty runs by itself, some of which are children."""
    dice = random.Random(request.param)
    store = Workspace.from_config().store.for_writing()
    made: list[Record] = []
    for _ in range(30):
        above = [one for one in made if one.experiment == "one" and dice.random() < 0.2]
        made.append(make(store, dice, above[0] if above else None))
    return listing.describe_all(made)


def numeric(value: Any) -> bool:
    return isinstance(value, (int, float)) and not isinstance(value, bool)


def as_number(value: Any) -> float | None:
    """What a value of a tag or a parameter is as a number."""
    if numeric(value):
        return float(value)
    try:
        return None if value is None or isinstance(value, bool) else float(value)
    except (ValueError, TypeError):
        return None


def less(value: Any, limit: float) -> bool:
    number = as_number(value)
    return number is not None and number < limit


def more(value: Any, limit: float) -> bool:
    number = as_number(value)
    return number is not None and number > limit


def metric(row: Row, name: str, which: str = "last") -> Any:
    found = row["metrics"].get(name, {}).get(which)
    return float(found) if isinstance(found, str) else found  # JSON has "Infinity"


def least_loss(row: Row) -> Any:
    exact = "loss.min" in row["metrics"]
    return metric(row, "loss.min") if exact else metric(row, "loss", "min")


def used(row: Row, quantity: str, which: str = "max") -> float:
    """What the samples of a run come to; -1: there are none."""
    told = row.get("usage", {}).get(quantity, -1)
    return float(told[which] if isinstance(told, dict) else told)


def joules(row: Row) -> float:
    return sum(max(0.0, used(row, name)) for name in ("cpu_joules", "gpu_joules"))


def kib(number: float) -> int | None:
    return None if number < 0 else round(number / 1024)


def seconds(row: Row) -> float:
    first, last = (datetime.fromisoformat(row[key].replace("Z", "+00:00")) for key in ENDS)
    return (last - first).total_seconds()


ENDS = ("start_time_utc", "end_time_utc")


def hours_ago(row: Row) -> float:
    begun = datetime.fromisoformat(row["start_time_utc"].replace("Z", "+00:00"))
    return (datetime.now(timezone.utc) - begun).total_seconds() / 3600


def _disk(row: Row) -> float:
    return max(used(row, "read_bytes"), used(row, "written_bytes"))


CONDITIONS: list[tuple[str, Callable[[Row], bool]]] = [
    ("params.lr < 0.5", lambda row: less(row["params"].get("lr"), 0.5)),
    ("params.lr = 0.1", lambda row: row["params"].get("lr") in (0.1, "0.1")),
    ("params.lr = 1", lambda row: numeric(row["params"].get("lr")) and row["params"]["lr"] == 1),
    ("params.lr != 0.1", lambda row: row["params"].get("lr", 0.1) not in (0.1, "0.1")),
    ("params.fast = true", lambda row: row["params"].get("fast") is True),
    ("params.opt in (adam, 'x y')", lambda row: row["params"].get("opt") in ("adam", "x y")),
    ("params.'a b'", lambda row: "a b" in row["params"]),
    ("tags.a < 5", lambda row: less(row["tags"].get("a"), 5)),
    ("tags.a > 2026-11-20", lambda row: row["tags"].get("a") == "2026-11-21"),
    ("tags.a = 1 or tags.a = x", lambda row: row["tags"].get("a") in ("1", "x")),
    ("metrics.loss < 1", lambda row: (metric(row, "loss") or 1) < 1),
    ("metrics.loss = nan", lambda row: "loss" in row["metrics"] and metric(row, "loss") is None),
    (
        "metrics.loss.min <= 0.25",
        lambda row: least_loss(row) is not None and least_loss(row) <= 0.25,
    ),
    ("metrics.'loss'.count > 1", lambda row: (metric(row, "loss", "count") or 0) > 1),
    ("metrics.acc.mean > 0", lambda row: (metric(row, "acc", "mean") or 0) > 0),
    ("metrics.acc", lambda row: "acc" in row["metrics"]),
    ("duration > 1m", lambda row: seconds(row) > 60),
    ("duration_s <= 90", lambda row: seconds(row) <= 90),
    ("cpu >= 1m", lambda row: row["outcome"]["cpu_user_s"] + 0.5 >= 60),
    (
        "memory > 1GB",
        lambda row: max(row["outcome"]["peak_memory_kib"], used(row, "memory") / 1024) > 1 << 20,
    ),
    (
        "cpu_percent > 40% and cpu_percent < 60%",
        lambda row: 40 < used(row, "cpu_percent", "mean") < 60,
    ),
    ("read >= 1GB or written > 2GB", lambda row: _disk(row) >= 1 << 30),
    ("gpus > 0", lambda row: bool(row.get("gpus"))),
    ("gpu_percent <= 50", lambda row: 0 <= used(row, "gpu_percent", "mean") <= 50),
    ("gpu_memory = 3GB", lambda row: used(row, "gpu_memory") == 3 << 30),
    ("joules > 100", lambda row: joules(row) > 100),
    ("started > 25.5h", lambda row: hours_ago(row) < 25.5),
    ("started < 25.5h", lambda row: hours_ago(row) > 25.5),
    ("status = failed", lambda row: row["status"] == "Failed"),
    (
        "status != Failed and number <= 9",
        lambda row: row["status"] != "Failed" and row["run_number"] <= 9,
    ),
    ("error ~ exit code", lambda row: "exit code" in row.get("failure", "")),
    ("name = Ann", lambda row: row.get("display_name") == "Ann"),
    ("parent", lambda row: "parent_run_id" in row),
    ("script ~ EVAL", lambda row: "eval" in row["script_name"]),
    ("text ~ a=10", lambda row: row["tags"].get("a") == "10"),
]

ODD: list[tuple[str, Callable[[Row], bool]]] = [
    ("params.lr > 1e16", lambda row: more(row["params"].get("lr"), 1e16)),
    ("params.opt = ''", lambda row: row["params"].get("opt") == ""),
    ("params.opt > 1h", lambda row: row["params"].get("opt") == "2h"),
    ("params.opt <= 90s", lambda row: row["params"].get("opt") == "90s"),
    ("params.lr < 2026-12-01", lambda row: row["params"].get("lr") == "2026-11-21"),
    ("params.lr in ('12,3', inf)", lambda row: row["params"].get("lr") in ("12,3", "inf")),
    ("params.'ü.x' = don't", lambda row: row["params"].get("ü.x") == "don't"),
    ("params.'ü.x' ~ É=", lambda row: row["params"].get("ü.x") == "é=ü"),
    ("params.lr = 64, 32", lambda row: row["params"].get("lr") == [64, 32]),
    ("params.lr ~ 64, 3", lambda row: row["params"].get("lr") == [64, 32]),
    ("metrics.loss = inf", lambda row: metric(row, "loss") == float("inf")),
    ("created > 2020-01-01T00:00+05:00 and created > 1h", lambda row: True),
]

SORTS: list[tuple[str, Callable[[Row], Any]]] = [
    ("params.lr", lambda row: row["params"].get("lr")),
    ("tags.a", lambda row: row["tags"].get("a")),
    ("metrics.loss", lambda row: metric(row, "loss")),
    ("metrics.loss.min", least_loss),
    ("metrics.acc.mean", lambda row: metric(row, "acc", "mean")),
    ("duration", seconds),
    ("status", lambda row: row["status"]),
    ("error", lambda row: row.get("failure")),
    ("number", lambda row: row["run_number"]),
    ("gpu_memory", lambda row: kib(used(row, "gpu_memory"))),
]


def ids(found: Iterator[Any]) -> list[str]:
    return [run.id for run in found]


@pytest.mark.parametrize(("text", "holds"), CONDITIONS, ids=[text for text, _ in CONDITIONS])
def test_a_filter_finds_what_a_loop_over_the_rows_finds(
    rows: list[Row], text: str, holds: Callable[[Row], bool]
) -> None:
    workspace = Workspace.from_config()
    expected = sorted(row["run_id"] for row in rows if holds(row))

    by_sdk = ids(workspace.get_runs(where=text))
    by_studio = Board(workspace.store).page(where=[text], children=True)

    assert sorted(by_sdk) == expected
    assert sorted(row["id"] for row in by_studio["runs"]) == expected
    assert by_studio["total"] == len(expected)


@pytest.mark.parametrize("is_descending", [False, True])
@pytest.mark.parametrize(("field", "value"), SORTS, ids=[field for field, _ in SORTS])
def test_a_sort_puts_rows_in_the_order_of_their_values_and_those_without_last(
    rows: list[Row], field: str, value: Callable[[Row], Any], is_descending: bool
) -> None:
    workspace = Workspace.from_config()
    sort = f"-{field}" if is_descending else field
    by_id = {row["run_id"]: row for row in rows}

    by_sdk = ids(workspace.get_runs(sort=sort))
    by_studio = Board(workspace.store).page(sort=sort, children=True)

    found = [ranked(value(by_id[one])) for one in by_sdk]
    assert [row["id"] for row in by_studio["runs"]] == by_sdk
    assert found == sorted_plainly([value(row) for row in rows], is_descending)


def sorted_plainly(values: list[Any], is_descending: bool) -> list[Any]:
    """Numbers in order (also those that a text reads as), then texts, then what has no value."""
    shown = list(map(ranked, values))
    numbers = [one for one in shown if numeric(one)]
    texts = [one for one in shown if isinstance(one, str)]
    return [
        *sorted(numbers, reverse=is_descending),
        *sorted(texts, reverse=is_descending),
        *[None for one in shown if one is None],
    ]


def ranked(value: Any) -> Any:
    """A value as it is sorted."""
    shown = spelled(value)
    try:
        return shown if shown is None or float(shown) != float(shown) else float(shown)
    except ValueError:
        return shown


@pytest.mark.parametrize("field", ["params.lr", "tags.a", "status", "script", "metrics.loss.count"])
def test_groups_count_what_a_loop_over_the_rows_counts(rows: list[Row], field: str) -> None:
    area, _, key = field.partition(".")
    values: dict[str, Callable[[Row], Any]] = {
        "params": lambda row: row["params"].get(key),
        "tags": lambda row: row["tags"].get(key),
        "metrics": lambda row: metric(row, "loss", "count"),
        "script": lambda row: row["script_name"],
        "status": lambda row: row["status"],
    }

    found = Board(Workspace.from_config().store).page(group=[field], children=True)["groups"]

    counted = Counter(spelled(values[area](row)) for row in rows)
    assert {one["value"]: one["count"] for one in found} == counted


def spelled(value: Any) -> Any:
    if isinstance(value, list):
        return ", ".join(str(spelled(one)) for one in value)
    return str(value).lower() if isinstance(value, bool) else value


DRIVER = """
import io, json, sys
from homerun.cli import entry
answers = []
for line in json.load(sys.stdin):
    sys.stdout = io.TextIOWrapper(io.BytesIO(), "utf-8")
    code = entry.run_command_line(line)
    sys.stdout.flush()
    answers.append([code, sys.stdout.buffer.getvalue().decode()])
json.dump(answers, sys.__stdout__)
"""


def asked(lines: list[list[str]]) -> list[Any]:
    """What the command prints for each line, as JSON has it."""
    done = subprocess.run(
        [sys.executable, "-c", DRIVER],
        input=json.dumps(lines),
        capture_output=True,
        text=True,
        check=True,
    )
    found = []
    for line, (code, text) in zip(lines, json.loads(done.stdout)):
        assert code == 0, (line, done.stderr)
        found.append(json.loads(text))
    return found


def mixed(dice: random.Random) -> tuple[str, Callable[[Row], bool]]:
    """Three conditions, joined in a way by chance; `and` binds closer than `or`."""
    (a, of_a), (b, of_b), (c, of_c) = dice.sample(PLAIN, 3)
    forms: list[tuple[str, Callable[[Row], bool]]] = [
        (f"{a} or {b} and {c}", lambda row: of_a(row) or (of_b(row) and of_c(row))),
        (f"{a} and {b} OR {c}", lambda row: (of_a(row) and of_b(row)) or of_c(row)),
        (f"({a} or {b}) and {c}", lambda row: (of_a(row) or of_b(row)) and of_c(row)),
        (f"{a} AND ({b} or ({c}))", lambda row: of_a(row) and (of_b(row) or of_c(row))),
    ]
    return dice.choice(forms)


PLAIN = [one for one in CONDITIONS if " and " not in one[0] and " or " not in one[0]]


def test_the_command_line_answers_as_a_loop_over_what_it_shows_of_each_run(
    rows: list[Row], request: pytest.FixtureRequest
) -> None:
    dice = random.Random(request.node.name)
    shown = asked([["run", "show", row["run_id"]] for row in rows])
    filters = [*CONDITIONS, *ODD, *(mixed(dice) for _ in range(25))]
    sorts = [(f"{sign}{field}", value) for field, value in SORTS for sign in ("", "-")]
    listed = ["run", "list", "--last", "99"]
    answers = asked(
        [
            *([*listed, "--where", text] for text, _ in filters),
            *([*listed, f"--sort={field}"] for field, _ in sorts),
            listed,
        ]
    )

    for (text, holds), answer in zip(filters, answers):
        expected = {row["run_id"] for row in shown if holds(row)}
        assert {row["run_id"] for row in answer} == expected, text
        assert len(answer) == len(expected), text
    for text, holds in ODD:
        by_studio = Board(Workspace.from_config().store).page(where=[text], children=True)
        expected = {row["run_id"] for row in shown if holds(row)}
        assert {row["id"] for row in by_studio["runs"]} == expected, text
    for (field, value), answer in zip(sorts, answers[len(filters) :]):
        found = [ranked(value(row)) for row in answer]
        assert found == sorted_plainly([value(row) for row in shown], field[0] == "-"), field
    for row in answers[-1]:
        below = Counter(one["status"] for one in shown if one.get("parent_run_id") == row["run_id"])
        assert row.get("children", {}).get("by_status", {}) == below
    on_top = {row["run_id"] for row in shown if "parent_run_id" not in row}
    assert {row["run_id"] for row in answers[-1]} == on_top
