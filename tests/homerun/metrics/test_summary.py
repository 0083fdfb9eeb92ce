"""Summaries and rows of metrics, also of logs that another program wrote."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from homerun import Experiment, Run, Workspace
from homerun.metrics import points, summary
from homerun.metrics.kinds import KINDS

STRANGE: list[dict[str, Any]] = [
    {"v": {"a": 1}},
    {"v": [1, 2], "k": ["no", "name"]},
    {"v": "text", "k": "row"},
    {"v": 7, "k": "image"},
    {"v": {"name": 1}, "k": "residuals"},
    {"v": 3, "k": "of the future"},
]
"""Points whose value is not what their kind says, or whose kind is not known."""


def _write(run_folder: Path, writer: str, *records: dict[str, Any]) -> None:
    folder = run_folder / "metrics"
    folder.mkdir(exist_ok=True)
    lines = [json.dumps({"n": "m", "t": at, **one}) for at, one in enumerate(records, 1)]
    (folder / f"{writer}.jsonl").write_text("".join(f"\n{line}\n" for line in lines))


def _only(run_folder: Path) -> dict[str, Any]:
    _, (found,) = summary.Gauges(str(run_folder)).read()
    return found


def test_the_last_value_is_the_latest_one_of_all_writers(tmp_path: Path) -> None:
    _write(tmp_path, "a", {"v": 1, "t": 1}, {"v": 5, "t": 9, "s": 3})
    _write(tmp_path, "b", {"v": 7, "t": 2}, {"v": 2, "t": 4, "s": 8})

    found = _only(tmp_path)

    assert (found["last"], found["last_step"], found["last_time"]) == (5, 3, 9)
    assert (found["min"], found["max"], found["count"]) == (1, 7, 4)


def test_of_very_many_images_the_last_ones_are_kept(tmp_path: Path) -> None:
    images = [{"v": f"{number}.png", "k": "image"} for number in range(1_005)]
    _write(tmp_path, "a", *images)

    found = _only(tmp_path)

    assert found["files"] == [f"{number}.png" for number in range(5, 1_005)]
    assert (found["last"], found["count"]) == ("1004.png", 1_005)


@pytest.mark.parametrize("kind", [kind for kind in KINDS.values() if kind.shown])
def test_each_kind_is_shown_as_its_table_says(tmp_path: Path, kind: Any) -> None:
    value = {"row": {"x": 1}, "table": {"x": [1]}, "list": [1]}.get(kind.name, "file.bin")
    _write(tmp_path, "a", {"v": value, "k": kind.name})

    found = _only(tmp_path)

    assert (found["kind"], found["last"]) == (kind.shown, value)


@pytest.mark.parametrize("record", STRANGE, ids=str)
def test_a_point_of_another_program_stops_no_summary_and_no_rows(
    workspace_dir: Path, record: dict[str, Any]
) -> None:
    run: Run = Experiment(Workspace.from_config(), "e").start_logging(
        snapshot_directory=None, outputs=False
    )
    _write(Path(run.directory), "a", record, {"v": 1, "n": "good"})

    _, found = summary.Gauges(run.directory).read()
    rows = list(points.points(run._record, ["good"]))
    all_rows = list(points.points(run._record))

    assert [one["last"] for one in found if one["name"] == "good"] == [1]
    assert [row[-1] for row in rows] == [1]
    assert len(all_rows) >= 1
    assert run.get_metrics("good") == {"good": 1}
    run.complete()


def test_the_course_of_a_metric_is_in_order_of_time_and_has_few_numbers(tmp_path: Path) -> None:
    _write(tmp_path, "a", *({"v": at, "t": at} for at in range(0, 2000, 2)))
    _write(tmp_path, "b", *({"v": at, "t": at} for at in range(1, 2000, 2)))
    gauges = summary.Gauges(str(tmp_path))
    gauges.read()

    found = gauges.trend("m")

    assert found == sorted(found)
    assert found[0] == 0
    assert 64 <= len(found) <= 128
    assert max(after - before for before, after in zip(found, found[1:])) <= 64
    assert gauges.trend("other") == []
