"""Samples: kept apart from what a run logs, and summed up."""

from __future__ import annotations

import json
import os
import time
from pathlib import Path

import pytest

from homerun.metrics import chart, points, results, summary
from runstore.metrics import log as metric_log
from runstore.metrics import samples
from runstore.run.record import Record
from runstore.store import Store


@pytest.fixture
def folder(tmp_path: Path) -> str:
    """A run's folder that holds a metric and three samples."""
    metric_log.Writer(str(tmp_path)).add_scalar("loss", 0.5)
    log = samples.SampleLog(str(tmp_path))
    log.add({"cpu_percent": None, "memory": 100, "read_bytes": 7, "processes": 1})
    log.add({"cpu_percent": 50.126, "memory": 400, "read_bytes": 9, "processes": 2})
    log.add({"cpu_percent": 150.0, "memory": 101, "read_bytes": 9, "processes": 2})
    return str(tmp_path)


def test_samples_come_to_means_and_peaks_and_to_the_last_of_what_only_grows(folder: str) -> None:
    assert samples.totals(folder) == {
        "samples": 3,
        "memory": {"mean": 200, "max": 400},
        "read_bytes": 9,
        "processes": {"mean": 1.67, "max": 2},
        "cpu_percent": {"mean": 100.06, "max": 150.0},
    }


def test_no_reader_of_metrics_shows_samples_unless_they_are_asked_for(folder: str) -> None:
    record = Record(Store(os.path.dirname(folder)), "", os.path.basename(folder))
    assert results.metrics_of_run(folder, "run") == {"loss": 0.5}
    assert results.metrics_of_run(folder, "run", "system/memory") == {
        "system/memory": [100, 400, 101]
    }
    assert [one["name"] for one in summary.Gauges(folder).read()[1]] == ["loss"]
    assert {row[0] for row in points.points(record)} == {"loss"}

    of_system = [one["name"] for one in summary.Gauges(folder, of_system=True).read()[1]]
    assert of_system == [f"system/{name}" for name in ("memory", "read_bytes", "processes")] + [
        "system/cpu_percent"
    ]
    memory = [row[4] for row in points.points(record, ["system/memory"], of_system=True)]
    assert memory == [100, 400, 101]
    (drawn,) = chart.read([record], ["system/memory"], chart.Wish(of_system=True))["series"]
    assert drawn["last"] == [100, 400, 101]
    told = summary.points(folder, "system/memory", 1, 1, of_system=True)
    assert [one["value"] for one in told["values"]] == [400]


def test_a_metric_that_a_script_logs_under_such_a_name_is_the_scripts(folder: str) -> None:
    metric_log.Writer(folder).add_scalar("system/memory", 1.0)

    assert results.metrics_of_run(folder, "run", "system/memory") == {"system/memory": 1.0}


def test_what_is_no_sample_is_left_out(folder: str) -> None:
    (log,) = Path(folder, "system").iterdir()
    with log.open("ab") as out:
        out.write(b'\n{"n":"system/odd","v":1,"t":1}\n\n{"n":"system/memory","v":"x","t":1}\n{"n":')
    totals = samples.totals(folder)

    assert totals["memory"] == {"mean": 200, "max": 400}
    assert set(totals) == {"samples", "memory", "read_bytes", "processes", "cpu_percent"}


def test_a_run_that_is_gone_is_not_made_again(tmp_path: Path) -> None:
    with pytest.raises(OSError, match="No such file"):
        samples.SampleLog(f"{tmp_path}/gone").add({"memory": 1})

    assert os.listdir(tmp_path) == []


def test_a_run_without_samples_comes_to_nothing(tmp_path: Path) -> None:
    assert samples.totals(str(tmp_path)) == {}


@pytest.mark.parametrize(
    ("said", "seconds"),
    [
        *((0, 0), (0.0, 0), (2, 2), (7.5, 7.5), (0.001, 0.5)),
        *((-1, 5), ("2", 5), (True, 5), (None, 5), ([], 5)),
    ],
)
def test_how_often_is_said_in_the_settings_and_what_is_no_number_counts_as_unsaid(
    tmp_path: Path, said: object, seconds: float
) -> None:
    (tmp_path / "settings.json").write_text(json.dumps({"sample_s": said}))

    assert samples.interval_s(str(tmp_path)) == seconds


def test_without_settings_it_is_five_seconds(tmp_path: Path) -> None:
    assert samples.interval_s(str(tmp_path)) == 5.0


def test_the_last_sample_is_whole_whatever_came_before(folder: str) -> None:
    assert samples.latest(folder) == {
        "cpu_percent": 150.0,
        "memory": 101,
        "processes": 2,
        "read_bytes": 9,
    }


def test_the_last_sample_is_the_newest_of_all_writers(folder: str) -> None:
    samples.SampleLog(folder).add({"memory": 7})

    assert samples.latest(folder) == {"memory": 7}


def test_a_sample_that_is_old_says_nothing_of_now(
    folder: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(samples, "time", lambda: time.time() + 30)

    assert samples.latest(folder) == {}


def test_a_damaged_end_of_a_log_hides_no_sample(folder: str) -> None:
    (log,) = Path(folder, "system").iterdir()
    with log.open("ab") as out:
        out.write(b'\n{"n":"system/memory","v":"x","t":9e9}\n\n{"n":3}\n\n[1]\n{"n":"syst')

    assert samples.latest(folder)["memory"] == 101
