"""The environment of a script and of a supervisor."""

from __future__ import annotations

import os

import pytest

from homerun.base import environ


def for_script(**extra: str) -> dict[str, str]:
    return environ.for_script("/s", "run-1", "/s/e/run-1", ["/inject", "/work"], extra)


@pytest.fixture(autouse=True)
def _clean(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("PYTHONPATH", "PYTHONUNBUFFERED", *[n for n in os.environ if "HOMERUN" in n]):
        monkeypatch.delenv(name, raising=False)


def test_a_script_gets_its_run_and_its_store() -> None:
    env = for_script()

    ours = {name: value for name, value in env.items() if name.startswith("HOMERUN_")}
    assert ours == {
        "HOMERUN_STORE": "/s",
        "HOMERUN_RUN_ID": "run-1",
        "HOMERUN_RUN_FOLDER": "/s/e/run-1",
    }


def test_a_script_gets_the_submitters_environment(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("DATA", "/data")

    assert for_script()["DATA"] == "/data"
    assert for_script(DATA="/other")["DATA"] == "/other"


@pytest.mark.parametrize("name", ["HOMERUN_RUN_ID", "HOMERUN_RUN_FOLDER", "HOMERUN_STORE"])
def test_neither_the_submitter_nor_a_variable_can_change_which_run_it_is(
    monkeypatch: pytest.MonkeyPatch, name: str
) -> None:
    expected = for_script()[name]
    monkeypatch.setenv(name, "outer")

    assert for_script(**{name: "given"})[name] == expected


def test_a_supervisors_mark_never_reaches_a_script(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("HOMERUN_SUPERVISES", "outer")

    assert "HOMERUN_SUPERVISES" not in for_script()
    assert "HOMERUN_SUPERVISES" not in for_script(HOMERUN_SUPERVISES="given")


def test_output_is_unbuffered_unless_somebody_said_otherwise(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    by_itself, given = for_script(), for_script(PYTHONUNBUFFERED="")
    monkeypatch.setenv("PYTHONUNBUFFERED", "0")

    assert by_itself["PYTHONUNBUFFERED"] == "1"
    assert given["PYTHONUNBUFFERED"] == ""
    assert for_script()["PYTHONUNBUFFERED"] == "0"


@pytest.mark.parametrize(
    ("own", "expected"),
    [
        ("", "/inject:/work"),
        ("/a:/b", "/inject:/work:/a:/b"),
        (":/a:", "/inject:/work:/a"),  # an empty part would be the current folder
    ],
)
def test_our_folders_come_before_the_users_own_path(
    monkeypatch: pytest.MonkeyPatch, own: str, expected: str
) -> None:
    monkeypatch.setenv("PYTHONPATH", own)

    assert for_script()["PYTHONPATH"] == expected
    assert for_script(PYTHONPATH="/given")["PYTHONPATH"] == "/inject:/work:/given"


def test_a_supervisor_gets_nothing_that_could_change_how_it_works(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setenv("PYTHONPATH", "/a")
    monkeypatch.setenv("LD_LIBRARY_PATH", "/opt/lib")
    monkeypatch.setenv("LD_PRELOAD", "/evil.so")

    given = environ.for_supervisor("run-1")

    given.pop("DYLD_LIBRARY_PATH", None)
    assert given == {"HOMERUN_SUPERVISES": "run-1", "LD_LIBRARY_PATH": "/opt/lib"}


def test_a_process_without_a_run_has_none(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("HOMERUN_RUN_ID", "")

    assert environ.run_id() is None
    assert environ.run_folder() is None


def test_a_script_finds_its_id_under_the_originals_name(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("AZUREML_RUN_ID", "the-parent")

    assert for_script()["AZUREML_RUN_ID"] == "run-1"
    assert "AZUREML_RUN_ID" not in for_script(HOMERUN_AZUREML="real")
