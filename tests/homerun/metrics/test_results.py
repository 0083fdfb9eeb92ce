"""What `get_metrics` returns: the original's shapes, and every value as it was logged."""

from __future__ import annotations

import types
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from helpers.values import same
from homerun import Experiment, Run, UserError, Workspace

BARE: dict[str, Any] = {"snapshot_directory": None, "outputs": False}
NAN = float("nan")


@pytest.fixture
def experiment(workspace_dir: Path) -> Experiment:
    return Experiment(Workspace.from_config(), "shapes")


@pytest.fixture
def run(experiment: Experiment) -> Iterator[Run]:
    with experiment.start_logging(**BARE) as run:
        yield run
    run._metrics.close()  # pytest keeps the run until after the leak check


# The table


def _numbers() -> Iterator[int]:
    yield from (1, 2, 3)


CASES: dict[str, tuple[Callable[[Run], None], object]] = {
    "log once": (lambda r: r.log("m", 0.5), 0.5),
    "log twice": (lambda r: [r.log("m", v) for v in (1, 0.5)], [1, 0.5]),
    "log of all kinds": (
        lambda r: [r.log("m", v) for v in ("a", 1, True, None)],
        ["a", 1, True, None],
    ),
    "log with steps": (lambda r: [r.log("m", v, step=9 - v) for v in (1, 2)], [1, 2]),
    "log of a huge integer": (lambda r: r.log("m", 10**4000), 10**4000),
    "log of None once": (lambda r: r.log("m", None), None),
    "list": (lambda r: r.log_list("m", [1, 2]), [1, 2]),
    "list of one": (lambda r: r.log_list("m", [5]), 5),
    "tuple": (lambda r: r.log_list("m", (1, 2)), [1, 2]),
    "range": (lambda r: r.log_list("m", range(3)), [0, 1, 2]),
    "array": (lambda r: r.log_list("m", np.array([0.5, NAN])), [0.5, NAN]),
    "array of integers": (lambda r: r.log_list("m", np.arange(3)), [0, 1, 2]),
    "generator": (lambda r: r.log_list("m", _numbers()), [1, 2, 3]),
    "generator function": (lambda r: r.log_list("m", _numbers), [1, 2, 3]),
    "text": (lambda r: r.log_list("m", "abc"), ["a", "b", "c"]),
    "list, list": (lambda r: [r.log_list("m", [1, 2]), r.log_list("m", [3])], [1, 2, 3]),
    "list, log": (lambda r: [r.log_list("m", [1, 2]), r.log("m", 3)], [1, 2, 3]),
    "log, list": (lambda r: [r.log("m", 1), r.log_list("m", [2, 3])], [1, 2, 3]),
    "row once": (lambda r: r.log_row("m", x=1, y="a"), {"x": 1, "y": "a"}),
    "row twice": (
        lambda r: [r.log_row("m", x=1, y=2), r.log_row("m", "why", x=3, y=4)],
        {"x": [1, 3], "y": [2, 4]},
    ),
    "row of numpy": (
        lambda r: r.log_row("m", x=np.int64(1), y=np.float32(0.5)),
        {"x": 1, "y": 0.5},
    ),
    "table": (lambda r: r.log_table("m", {"x": [1, 2], "y": [3, 4]}), {"x": [1, 2], "y": [3, 4]}),
    "table of one row": (lambda r: r.log_table("m", {"x": [1], "y": 2}), {"x": 1, "y": 2}),
    "table of scalars of numpy": (
        lambda r: r.log_table("m", {"x": np.array(0.5), "y": np.int64(2)}),
        {"x": 0.5, "y": 2},
    ),
    "table of arrays": (
        lambda r: r.log_table("m", {"x": np.arange(2), "y": (1, 2)}),
        {"x": [0, 1], "y": [1, 2]},
    ),
    "table, row": (
        lambda r: [r.log_table("m", {"x": [1, 2], "y": [3, 4]}), r.log_row("m", x=5, y=6)],
        {"x": [1, 2, 5], "y": [3, 4, 6]},
    ),
    "row, table, row": (
        lambda r: [
            r.log_row("m", x=1),
            r.log_table("m", {"x": [2, 3]}),
            r.log_row("m", x=4),
        ],
        {"x": [1, 2, 3, 4]},
    ),
    "rows that lack columns": (
        lambda r: [r.log_row("m", b=1, a=2), r.log_row("m", c=3), r.log_row("m", a=4, c=5)],
        {"b": [1, None, None], "a": [2, None, 4], "c": [None, 3, 5]},
    ),
    "row after a table without its column": (
        lambda r: [r.log_table("m", {"x": [1, 2]}), r.log_row("m", y=3)],
        {"x": [1, 2, None], "y": [None, None, 3]},
    ),
    "a column named like a tag of ours": (
        lambda r: r.log_row("m", **{"$f": "nan"}),
        {"$f": "nan"},
    ),
    "the first kind counts: a scalar": (
        lambda r: [r.log("m", 1), r.log_row("m", x=2), r.log("m", 3)],
        [1, 3],
    ),
    "the first kind counts: a row": (
        lambda r: [r.log_row("m", x=2), r.log("m", 1), r.log_list("m", [1])],
        {"x": 2},
    ),
}

NOTHING: dict[str, Callable[[Run], None]] = {
    "no list": lambda r: r.log_list("m", []),
    "empty generator": lambda r: r.log_list("m", iter(())),
    "no columns": lambda r: r.log_table("m", {}),
    "no rows": lambda r: r.log_table("m", {"x": [], "y": []}),
    "empty row": lambda r: r.log_row("m"),
}


@pytest.mark.parametrize(("log", "expected"), CASES.values(), ids=CASES.keys())
def test_metrics_have_the_shapes_of_the_original(
    run: Run, log: Callable[[Run], None], expected: object
) -> None:
    log(run)

    found = Run.get(run.experiment.workspace, run.id).get_metrics()
    assert list(found) == ["m"]
    assert same(found["m"], expected), found


@pytest.mark.parametrize("log", NOTHING.values(), ids=NOTHING.keys())
def test_what_is_empty_logs_nothing(run: Run, log: Callable[[Run], None]) -> None:
    log(run)

    assert run.get_metrics() == run.get_metrics("m") == {}


def test_an_offline_run_returns_the_same_shapes(workspace_dir: Path) -> None:
    for log, expected in CASES.values():
        offline = Run.get_context()
        log(offline)
        assert same(offline.get_metrics("m")["m"], expected)


def test_points_that_are_left_out_are_told_once(
    run: Run, capsys: pytest.CaptureFixture[str]
) -> None:
    run.log("used for two kinds", 1)
    run.log_row("used for two kinds", x=2)
    run.log_list("used for one", [1, 2])
    run.log("used for one", 3)

    found = [run.get_metrics(), run.get_metrics()]

    assert found == 2 * [{"used for two kinds": 1, "used for one": [1, 2, 3]}]
    (line,) = capsys.readouterr().err.splitlines()
    assert "'used for two kinds'" in line


def test_one_metric_is_read_by_its_name(run: Run) -> None:
    run.log("loss", 0.5)
    run.log("", 1)

    assert run.get_metrics("loss") == {"loss": 0.5}
    assert run.get_metrics(name="") == {"": 1}
    assert run.get_metrics("los") == {}
    assert run.get_metrics(recursive=True) == {run.id: {"loss": 0.5, "": 1}}
    assert run.get_metrics("los", recursive=True) == {}


@pytest.mark.parametrize(
    "misuse",
    [
        lambda r: r.log("m", [1]),
        lambda r: r.log(5, 1),
        lambda r: r.log_list("m", 5),
        lambda r: r.log_list("m", None),
        lambda r: r.log_list("m", [[1]]),
        lambda r: r.log_list("m", [object()]),
        lambda r: r.log_list(5, [1]),
        lambda r: r.log_list("m", np.array(5)),
        lambda r: r.log_row("m", x=[1]),
        lambda r: r.log_row("m", x=object()),
        lambda r: r.log_row(5, x=1),
        lambda r: r.log_table("m", [1]),
        lambda r: r.log_table("m", {"x": [1], "y": [1, 2]}),
        lambda r: r.log_table("m", {"x": [[1]]}),
        lambda r: r.log_table("m", {"x": {"a": 1}}),
        lambda r: r.log_table("m", {"x": b"ab"}),
        lambda r: r.log_table("m", {1: [1], "1": [2]}),
        lambda r: r.log_list("m", {"a": 1}),
        lambda r: r.log_list("m", types.MappingProxyType({"a": 1})),
        lambda r: r.log_list("m", np.zeros((2, 0))),
        lambda r: r.log_table(5, {"x": [1]}),
        lambda r: r.log("m", 10**5000),
        lambda r: r.log_list("m", [10**5000]),
        lambda r: r.log_row("m", x=10**5000),
    ],
)
def test_what_cannot_be_meant_is_refused_and_logs_nothing(
    run: Run, misuse: Callable[[Run], None]
) -> None:
    with pytest.raises(UserError) as refused:
        misuse(run)

    assert "\n" not in str(refused.value)
    assert run.get_metrics() == {}


def test_columns_that_differ_in_length_are_both_named(run: Run) -> None:
    with pytest.raises(UserError, match=r"'loss' and 'epoch'|'epoch' and 'loss'"):
        run.log_table("curve", {"loss": [1, 2], "epoch": [1]})


def test_points_of_a_foreign_writer_that_fit_no_shape_take_no_others_down(run: Run) -> None:
    run.log_row("m", x=1)
    run.log_list("n", [1, 2])
    with open(f"{run.directory}/metrics/1-foreign.jsonl", "w") as file:
        for name, kind in (("m", "row"), ("m", "table"), ("n", "list"), ("o", "row")):
            file.write(f'\n{{"n":"{name}","v":3,"k":"{kind}","t":1}}\n')
        file.write('\n{"n":"p","v":3,"k":"of a later version","t":1}\n')

    found = run.get_metrics()

    assert (found["m"], found["n"], found["p"]) == ({"x": 1}, [1, 2], 3)
