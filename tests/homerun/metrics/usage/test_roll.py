"""The roll of the runs that are sampled, and the setting that says how often."""

from __future__ import annotations

from pathlib import Path

import pytest

from homerun.metrics.usage import roll
from runstore.run import identity


def test_a_place_is_named_by_boot_and_namespace_and_by_no_path() -> None:
    here = roll.place_name(identity.here())
    assert here == roll.place_name(identity.here())
    assert here != roll.place_name({**identity.here(), "pid_namespace": 7})
    assert roll.place_name({"host": "../x", "pid_namespace": 1}) == "x-1"
    assert roll.place_name({}) == "here-0"


def test_an_entry_that_leads_elsewhere_or_is_empty_names_no_run(tmp_path: Path) -> None:
    for name, text in {"a": "exp\n", "b": "../out\n", "c": "", "d": ".hidden\n"}.items():
        (tmp_path / name).write_text(text)
    (tmp_path / "lock").write_text("")
    (tmp_path / ".new").write_text("exp\n")
    (tmp_path / "linked").symlink_to(tmp_path / "a")

    assert roll.runs(str(tmp_path)) == {"a": "exp"}


def test_a_run_that_is_on_the_roll_is_entered_again_and_a_sampler_is_started_where_none_is(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    started: list[list[str]] = []

    def start(program: str, argv: list[str], *_: object) -> int:
        started.append(argv)
        return 4711

    monkeypatch.setattr("homerun.system.spawn.start", start)
    run = tmp_path / "digits" / "run-1"
    run.mkdir(parents=True)
    monkeypatch.chdir(run)
    place = identity.here()

    assert [roll.add_run("mark", place, has_rules=True) for _ in range(2)] == [4711, 4711]
    assert len(started) == 2
    (tmp_path / "settings.json").write_text('{"sample_s": 0}')
    assert roll.add_run("mark", place) == 0
    assert roll.add_run("mark", place, has_rules=True) == 4711
    assert roll.runs(str(tmp_path / ".sampler" / roll.place_name(place))) == {"run-1": "digits"}
