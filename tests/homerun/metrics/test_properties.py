"""Any value, row, table, document, tag and name comes back as it was written, in strict JSON."""

from __future__ import annotations

import json
import math
import os
import tempfile
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from hypothesis.extra import numpy as npst

from helpers.values import same
from homerun import Experiment, Run, Workspace
from homerun.metrics import files
from runstore.fs import json_write

try:
    import orjson
except ImportError:
    orjson = None  # type: ignore[assignment]

BARE: dict[str, Any] = {"snapshot_directory": None, "outputs": False}
NAN = float("nan")

steady = settings(
    max_examples=40,
    deadline=None,
    database=None,
    derandomize=True,
    suppress_health_check=[HealthCheck.function_scoped_fixture],
)
"""The same examples at every run, and no clock."""


@pytest.fixture
def experiment(workspace_dir: Path) -> Experiment:
    return Experiment(Workspace.from_config(), "any")


@pytest.fixture
def run(experiment: Experiment) -> Iterator[Run]:
    with experiment.start_logging(**BARE) as run:
        yield run
    run._metrics.close()  # pytest keeps the run until after the leak check


def _is_one_by_one(text: str) -> bool:
    """Whether no two halves of a character stand side by side: JSON reads those as the whole."""
    return len(text.encode("utf-16", "surrogatepass").decode("utf-16", "replace")) == len(text)


TEXT = st.text(st.characters(exclude_categories=[]), max_size=20).filter(_is_one_by_one)
TEXT |= st.sampled_from(["", "\0", "\n", "\u2028", "é" * 5000, "$f", "a/b", "../x", "\udc80", "-1"])
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


ROWS = st.dictionaries(TEXT, VALUES, min_size=1, max_size=3)
JSON = st.recursive(
    SCALARS,
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(TEXT, inner, max_size=3),
    max_leaves=6,
)


@st.composite
def tables(draw: st.DrawFn) -> dict[str, list[Any]]:
    """Columns of one length."""
    height = draw(st.integers(1, 4))
    column = st.lists(VALUES, min_size=height, max_size=height)
    return draw(st.dictionaries(TEXT, column, min_size=1, max_size=3))


def bare(values: list[Any]) -> Any:
    """A list of one as that one, as metrics are returned."""
    return values[0] if len(values) == 1 else values


@steady
@given(st.lists(st.tuples(TEXT, VALUES, st.none() | st.integers()), max_size=8))
def test_any_scalar_reads_back_as_it_was_logged(
    points: list[tuple[str, Any, int | None]],
) -> None:
    expected: dict[str, list[Any]] = {}
    with tempfile.TemporaryDirectory() as folder:
        run = Run.in_folder(folder, "any")
        for name, value, step in points:
            run.log(name, value, step=step)
            expected.setdefault(name, []).append(plain(value))
        _check_same(run, {name: bare(values) for name, values in expected.items()})


@steady
@given(st.dictionaries(TEXT, st.lists(st.lists(VALUES, min_size=1, max_size=4), max_size=3)))
def test_any_list_reads_back_as_it_was_logged(lists: dict[str, list[list[Any]]]) -> None:
    expected: dict[str, list[Any]] = {}
    with tempfile.TemporaryDirectory() as folder:
        run = Run.in_folder(folder, "any")
        for name, parts in lists.items():
            for values in parts:
                run.log_list(name, values)
                expected.setdefault(name, []).extend(map(plain, values))
        _check_same(run, {name: bare(values) for name, values in expected.items()})


@steady
@given(st.dictionaries(TEXT, st.lists(tables() | ROWS, min_size=1, max_size=3), max_size=3))
def test_any_rows_and_tables_read_back_as_one_table(
    parts: dict[str, list[dict[str, Any]]],
) -> None:
    expected: dict[str, dict[str, Any]] = {}
    with tempfile.TemporaryDirectory() as folder:
        run = Run.in_folder(folder, "any")
        for name, tables in parts.items():
            columns: dict[str, list[Any]] = {}
            height = 0
            for table in tables:
                run.log_table(name, table)
                cells = {k: v if isinstance(v, list) else [v] for k, v in table.items()}
                added = len(next(iter(cells.values())))
                for key in [key for key in cells if key not in columns]:
                    columns[key] = [None] * height
                for key, column in columns.items():
                    column += map(plain, cells.get(key, [None] * added))
                height += added
            expected[name] = {key: bare(column) for key, column in columns.items()}
        _check_same(run, expected)


@steady
@given(TEXT, st.dictionaries(TEXT, JSON, max_size=3))
def test_any_document_reads_back_as_it_was_logged(name: str, value: dict[str, Any]) -> None:
    with tempfile.TemporaryDirectory() as folder:
        run = Run.in_folder(folder, "any")
        run.log_residuals(name, value)

        (artifact,) = run.get_metrics(populate=True).values()
        found = artifact.convert_to_object()
        _strict(artifact.data)
        _check_strict(folder)

    assert same(found, untagged(value))


def untagged(value: Any) -> Any:
    """The value; what is spelled as the store spells NaN is read as that."""
    return json.loads(json_write.dumps(value), object_hook=_float)


def _float(value: dict[str, Any]) -> Any:
    known = {"nan": NAN, "inf": math.inf, "-inf": -math.inf}
    is_tag = list(value) == ["$f"] and value["$f"] in ("nan", "inf", "-inf")
    return known[value["$f"]] if is_tag else value


@steady
@given(st.lists(TEXT | st.text("./", max_size=8), min_size=1, max_size=5))
def test_any_name_is_a_file_of_its_own(given_names: list[str]) -> None:
    with tempfile.TemporaryDirectory() as folder:
        run = Run.in_folder(folder, "any")
        for number, name in enumerate(given_names):
            stored = files.store(folder, files.safe_name(name, "none"), b"%d" % number)
            assert stored.isprintable()
            assert files.read(folder, stored) == b"%d" % number

        assert len(_files(folder)) == len(given_names)
        assert run.get_metrics() == {}


def _files(folder: str) -> list[str]:
    return [name for _, _, names in os.walk(folder) for name in names]


def _check_same(run: Run, expected: dict[str, Any]) -> None:
    """The run's metrics are these, and all of its files are strict JSON."""
    found = run.get_metrics()
    _check_strict(run.directory)
    run._metrics.close()
    assert same(found, expected), found


@steady
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
    raise AssertionError(f"{name} is not JSON")
