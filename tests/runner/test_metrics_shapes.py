"""What `get_metrics` returns: the original's shapes, and every value as it was logged."""

from __future__ import annotations

import json
import math
import os
import tempfile
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from hypothesis.extra import numpy as npst

from homerun import Experiment, Run, UserError, Workspace

try:
    import orjson
except ImportError:
    orjson = None  # type: ignore[assignment]

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


def same(one: object, other: object) -> bool:
    """Equal, also in type, and NaN equal to itself."""
    if isinstance(one, float) and isinstance(other, float) and math.isnan(one):
        return math.isnan(other)
    if isinstance(one, list) and isinstance(other, list):
        return len(one) == len(other) and all(map(same, one, other))
    if isinstance(one, dict) and isinstance(other, dict):
        return list(one) == list(other) and all(same(one[key], other[key]) for key in one)
    return type(one) is type(other) and one == other


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


# Anything


TEXT = st.text(max_size=30) | st.sampled_from(["", "\0", "\n", "\u2028", "é" * 5000, "$f", "a/b"])
SCALARS = (
    st.none()
    | st.booleans()
    | st.integers()
    | st.integers(min_value=-(10**300), max_value=10**300)
    | st.floats()
    | TEXT
)
NUMPY = st.one_of(
    npst.from_dtype(np.dtype(kind))
    for kind in ("bool", "int8", "uint8", "int64", "uint64", "float16", "float32", "float64")
)
VALUES = SCALARS | NUMPY


def plain(value: Any) -> Any:
    """A scalar of numpy as the plain value that it is."""
    return value.item() if isinstance(value, np.generic) else value


@settings(max_examples=150, deadline=None)
@given(
    scalars=st.lists(st.tuples(TEXT, VALUES), max_size=8),
    lists=st.dictionaries(TEXT, st.lists(VALUES, min_size=1, max_size=5), max_size=3),
    rows=st.dictionaries(TEXT, st.dictionaries(TEXT, VALUES, min_size=1, max_size=3), max_size=3),
)
def test_any_metric_reads_back_as_it_was_logged(
    scalars: list[tuple[str, Any]], lists: dict[str, list[Any]], rows: dict[str, dict[str, Any]]
) -> None:
    with tempfile.TemporaryDirectory() as folder:
        run = Run.in_folder(folder, "any")
        expected: dict[str, Any] = {}
        for name, value in scalars:
            run.log(f"s{name}", value)
            expected.setdefault(f"s{name}", []).append(plain(value))
        for name, values in lists.items():
            run.log_list(f"l{name}", values)
            expected[f"l{name}"] = list(map(plain, values))
        for name, row in rows.items():
            run.log_table(f"r{name}", {key: [cell] for key, cell in row.items()})
            expected[f"r{name}"] = {key: plain(cell) for key, cell in row.items()}

        found = run.get_metrics()
        _check_strict(folder)

    one_is_bare = {
        k: v[0] if isinstance(v, list) and len(v) == 1 else v for k, v in expected.items()
    }
    assert same(found, one_is_bare)


@settings(
    max_examples=40, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
@given(
    tags=st.dictionaries(TEXT, st.none() | TEXT | st.floats() | NUMPY, max_size=5),
    properties=st.dictionaries(TEXT, TEXT | st.integers() | NUMPY, max_size=3),
    name=TEXT,
)
def test_any_tag_and_property_reads_back_as_it_was_written(
    run: Run, tags: dict[str, Any], properties: dict[str, Any], name: str
) -> None:
    (row,) = run.create_children(1)
    row.remove_tags(row.tags)
    row.set_tags(tags)
    row.add_properties(properties)
    row.display_name = row.description = name

    seen = Run.get(Workspace.from_config(), row.id)

    as_text = {k: v if v is None or isinstance(v, str) else str(plain(v)) for k, v in tags.items()}
    assert seen.tags == as_text
    assert seen.properties == {key: str(plain(value)) for key, value in properties.items()}
    assert (seen.display_name, seen.description) == (name or row.id, name)
    assert next(run.get_children(tags=tags, properties=properties)) == row
    _check_strict(row.directory)


def test_every_file_of_a_store_is_strict_json(run: Run, workspace_dir: Path) -> None:
    with run.child_run("kind\u2028\0") as child:
        child.log("loss", NAN)
        child.log_list("all", [math.inf, -math.inf, "\ud7ff\U0001f600"])
        child.log_row("row", x=NAN)
        child.set_tags({"größe": NAN, "\x1f": None})
        child.add_properties({"a/b": '\\"', ".": "..", "x" * 500: "y" * 100_000})
    child.fail("it diverged: \0\x7f")
    run.experiment.start_logging(snapshot_directory=".", outputs=False).fail(ValueError("why"))

    assert _check_strict(".runs") > 15


def _check_strict(folder: str) -> int:
    """Read each JSON file below a folder as a parser would that takes the standard at its word."""
    count = 0
    for at, folders, names in os.walk(folder):
        folders[:] = [name for name in folders if name not in ("tree", "work")]
        for name in names:
            data = Path(at, name).read_bytes()
            if name.endswith(".jsonl"):
                lines = [line for line in data.split(b"\n") if line]
            elif name.endswith(".json") or os.path.basename(at) == "properties":
                lines = [data]
            else:
                continue
            for line in lines:
                assert isinstance(_strict(line), dict), (name, line)
                count += 1
    return count


def _strict(data: bytes) -> object:
    parsed: object = json.loads(data.decode("utf-8"), parse_constant=_no_constant)
    if orjson is not None:
        orjson.loads(data)
    return parsed


def _no_constant(name: str) -> None:
    raise AssertionError(f"{name} is no JSON")
