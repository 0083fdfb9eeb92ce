"""A store as format 1 made it: it opens and shows what it did, and any damage stays where it is."""

from __future__ import annotations

import os
import shutil
from pathlib import Path
from random import Random
from typing import Any

import pytest

from helpers import children
from homerun import Run
from homerun.views import details
from runstore import look as looks
from runstore import status
from runstore.metrics import log as metric_log
from runstore.run.record import Record
from runstore.store import Store
from runstore.upkeep.check import check
from torture import report

GOLDEN = Path(__file__).parents[1] / "data" / "format-1"

MAIN = "digits_1795254928_0d967bdc"
FOLD = "digits_1795254928_155ac584"
BY_HAND = "digits_1795254929_1aba1337"
MARKED = "Digits_1795254929_fc21c18b"
TWIN_FOLD = "Digits_1795254930_395adf11"
UNBEGUN = "digits_1795254929_7987b585"
ELSEWHERE = "Digits_1795254930_393e4ce3"

RUNS = {  # id: number, experiment, parent, status, cause
    ELSEWHERE: (4, "Digits", None, status.NOT_RESPONDING, None),
    TWIN_FOLD: (3, "Digits", MARKED, status.COMPLETED, None),
    MARKED: (2, "Digits", None, status.FAILED, None),
    "Digits_1795254929_610ca8f1": (1, "Digits", None, status.FAILED, status.EXIT_CODE),
    UNBEGUN: (8, "digits", BY_HAND, status.CANCELED, status.NEVER_STARTED),
    "digits_1795254929_a099c490": (7, "digits", BY_HAND, status.COMPLETED, None),
    "digits_1795254929_957151db": (6, "digits", BY_HAND, status.COMPLETED, None),
    BY_HAND: (5, "digits", None, status.COMPLETED, None),
    "given-id": (4, "digits", None, status.CANCELED, status.CANCEL),
    "digits_1795254929_7a294685": (3, "digits", None, status.FAILED, status.EXIT_CODE),
    FOLD: (2, "digits", MAIN, status.COMPLETED, None),
    MAIN: (1, "digits", None, status.COMPLETED, None),
}


@pytest.fixture
def golden(tmp_path: Path) -> Store:
    """A copy of the golden store, to be damaged."""
    return Store(str(shutil.copytree(GOLDEN, tmp_path / "golden", symlinks=True)))


def _row(record: Record) -> tuple[Any, ...]:
    seen = looks.at(record)
    cause = (seen.outcome or {}).get("cause")
    return record.run["number"], record.experiment, record.run["parent"], seen.status, cause


def test_a_store_of_format_1_shows_the_runs_that_it_has(golden: Store) -> None:
    assert {record.id: _row(record) for record in golden.runs()} == RUNS
    assert golden.experiments() == ["Digits", "digits"]
    assert [record.id for record in golden.runs("digits")] == [
        run_id for run_id, row in RUNS.items() if row[1] == "digits"
    ]
    assert check(golden) == []


def test_a_run_of_format_1_has_its_labels_metrics_and_properties(golden: Store) -> None:
    record = golden.find(MAIN)
    series, broken = metric_log.read(record.path)
    labels = record.labels()

    assert (labels.tags, labels.display_name) == (
        {"team": "vision", "quality": "great run"},
        "the good one",
    )
    assert record.properties() == {"data": "digits-3", "odd key/ü": "value"}
    assert (series["loss"].values, series["loss"].steps, broken) == (
        [1.0, 0.5, 1 / 3],
        [0, 1, 2],
        0,
    )
    assert Run.of(record).get_metrics("scores") == {
        "scores": {"class": ["a", "b"], "f1": [0.5, 0.75]}
    }
    assert str(Run.of(record).get_metrics("point")) == "{'point': {'x': 1.5, 'y': nan}}"
    assert metric_log.read(golden.find(FOLD).path)[0]["accuracy"].values == [0.9]
    assert record.run["arguments"] == ["--epochs", "5", "--api-key", "*****"]
    assert Path(record.path, "outputs", "model.txt").read_text() == "weights\n"


def test_a_mark_of_format_1_leaves_the_outcome_readable(golden: Store) -> None:
    seen = looks.at(golden.find(MARKED))

    assert (seen.status, (seen.outcome or {})["status"]) == (status.FAILED, status.COMPLETED)


def test_a_store_of_format_1_can_still_be_written(golden: Store) -> None:
    golden.find(MAIN).add_property("more", "v")
    golden.find(MAIN).label([("tag", "quality", "better")])

    assert golden.find(MAIN).properties()["more"] == "v"
    assert golden.find(MAIN).labels().tags["quality"] == "better"


def test_damage_of_any_byte_is_no_traceback_and_hurts_no_other_run(golden: Store) -> None:
    root = Path(golden.root)
    paths = sorted(p for p in root.rglob("*") if p.is_file() and not p.is_symlink())
    places = [(path, at) for path in paths for at in range(path.stat().st_size)]
    count = report.size(160, 2 * len(places))
    shards = report.size(1, 4)

    def play(shard: int) -> list[str]:
        mine = Path(shutil.copytree(root, root.parent / f"shard-{shard}", symlinks=True))
        chance = report.chance("golden", shard)
        known = {record.id: _read(record) for record in Store(str(mine)).runs()}
        breaks = []
        for path, at in _chosen(places, chance, shard, shards):
            for way in ("cut", "flip"):
                breaks += _damage(mine, path.relative_to(root), at, way, chance, known)
        return breaks

    breaks = [text for shard in children.race(shards, play) for text in shard]

    report.settle("golden store: a bit flipped, or the file cut", count, breaks)


def _chosen(places: list[Any], chance: Random, shard: int, shards: int) -> list[Any]:
    return places[shard::shards] if report.IS_LONG else chance.sample(places, 80)


def _damage(
    mine: Path, path: Path, at: int, way: str, chance: Random, known: dict[str, Any]
) -> list[str]:
    """Damage one byte, look at everything, and mend it again; what is wrong, in words."""
    whole = (mine / path).read_bytes()
    bit = 1 << chance.randrange(8)
    flipped = whole[:at] + bytes([whole[at] ^ bit]) + whole[at + 1 :]
    (mine / path).write_bytes(whole[:at] if way == "cut" else flipped)
    words = f"{path}, {way} at byte {at}" + (f" (bit {bit})" if way == "flip" else "")
    try:
        store = Store(str(mine))
        found = {record.id: _read(record) for record in store.runs()}
        breaks = [
            f"{words}: the run {run_id} reads otherwise"
            for run_id, reading in known.items()
            if run_id not in _touched(path) and found.get(run_id) != reading
        ]
        if any(not finding.path or not finding.problem for finding in check(store)):
            breaks.append(f"{words}: a finding says nothing")
        for run_id in set(path.parts) & set(known):
            _show(store.find(run_id))
    except Exception as error:  # noqa: BLE001 - whatever it is, it is a break
        breaks = [f"{words}: {type(error).__name__}: {error}"]
    finally:
        (mine / path).write_bytes(whole)
    return breaks


def _touched(path: Path) -> set[str]:
    """The runs that a file tells of: a row that nobody began follows its parent."""
    return {*path.parts, UNBEGUN} if BY_HAND in path.parts else set(path.parts)


def _read(record: Record) -> tuple[Any, ...]:
    """All that a run shows."""
    seen = looks.at(record)
    labels = record.labels()
    values = {name: str(one.values) for name, one in metric_log.read(record.path)[0].items()}
    tags = (labels.tags, labels.display_name, labels.description)
    return record.run, seen.status, seen.outcome, tags, record.properties(), values


def _show(record: Record) -> None:
    """The damaged run, as the SDK and the command line show it."""
    seen = looks.at(record)
    details.row(record, seen)
    details.details(record, seen)
    Run.of(record).get_metrics()
    assert os.path.isdir(record.path)
