"""A run is silent once it has printed, logged and computed nothing for a while."""

from __future__ import annotations

import json
import os
from collections.abc import Callable
from pathlib import Path

import pytest

from homerun.metrics.usage import silence

NOW = 2_000_000_000.0
Make = Callable[..., str]


@pytest.fixture
def make(tmp_path: Path) -> Make:
    """Make a run that printed and logged so many seconds ago; samples by the seconds since then."""

    def made(samples: dict[float, float], *, printed: float = 5000, logged: float = 5000) -> str:
        run = tmp_path / "exp" / "run"
        files = {
            "started.json": 6000.0,
            "user_logs/std_log.txt": printed,
            "metrics/1.jsonl": logged,
        }
        for name, ago in files.items():
            (run / name).parent.mkdir(parents=True, exist_ok=True)
            (run / name).write_text("{}")
            os.utime(run / name, (NOW - ago, NOW - ago))
        (run / "system").mkdir()
        with (run / "system" / "1.jsonl").open("w") as log:
            for ago, percent in sorted(samples.items(), reverse=True):
                print(json.dumps({"n": "system/memory", "v": 1, "t": NOW - ago}), file=log)
                print('{"n":"system/cpu_percent","v":', end="", file=log)
                print(f'{percent},"t":{NOW - ago}}}', file=log)
        return str(run)

    return made


IDLE = {float(ago): 0.5 for ago in range(0, 6000, 5)}


def test_one_that_does_nothing_is_silent_since_its_last_sign(make: Make) -> None:
    assert silence.lasts_s(make(IDLE, printed=4000, logged=2000), NOW) == pytest.approx(2000)


@pytest.mark.parametrize(
    ("changes", "why"),
    [
        ({"printed": 30}, "it prints"),
        ({"logged": 30}, "it logs"),
        ({"samples": {**IDLE, 20.0: 80.0}}, "it computes"),
        ({"samples": {}}, "whether it computes is not known"),
        ({"samples": {ago: 0.5 for ago in IDLE if ago > 1000}}, "nor is it known by now"),
        ({"samples": {ago: 0.5 for ago in IDLE if ago < 300}}, "nor long enough"),
    ],
)
def test_one_that_shows_a_sign_of_life_is_not_silent(
    make: Make, changes: dict[str, object], why: str
) -> None:
    given: dict[str, object] = {"samples": IDLE, **changes}
    samples = given.pop("samples")

    assert silence.lasts_s(make(samples, **given), NOW) is None, why


def test_what_it_computed_last_counts_as_its_last_sign(make: Make) -> None:
    assert silence.lasts_s(make({**IDLE, 900.0: 400.0}), NOW) == pytest.approx(900)


@pytest.mark.parametrize(
    ("said", "is_silent"), [(60, True), (0, False), (9999, False), ("x", True)]
)
def test_after_how_long_is_said_in_the_settings(
    make: Make, tmp_path: Path, said: object, is_silent: bool
) -> None:
    run = make(IDLE, printed=700, logged=700)
    (tmp_path / "settings.json").write_text(json.dumps({"silent_after_s": said}))

    assert (silence.lasts_s(run, NOW) is not None) is is_silent


def test_damaged_samples_are_left_out(make: Make) -> None:
    run = make(IDLE)
    with Path(run, "system", "1.jsonl").open("a") as log:
        log.write('{"n":"system/cpu_percent","v":"x","t":1}\n{"n":"system/cpu_percent"\n[1]\n')

    assert silence.lasts_s(run, NOW) == pytest.approx(5000)
