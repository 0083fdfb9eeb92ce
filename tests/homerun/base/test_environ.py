"""The environment of a supervisor, and what moves with a store."""

from __future__ import annotations

import os
from urllib.parse import unquote

import pytest

from homerun.base import environ

ADDRESS, RUN, NAME, ID = (
    *("MLFLOW_TRACKING_URI", "MLFLOW_RUN_ID"),
    *("MLFLOW_EXPERIMENT_NAME", "MLFLOW_EXPERIMENT_ID"),
)


@pytest.fixture(autouse=True)
def _clean(monkeypatch: pytest.MonkeyPatch) -> None:
    ours = [name for name in os.environ if "HOMERUN" in name or name.startswith("MLFLOW_")]
    for name in ("PYTHONPATH", "PYTHONUNBUFFERED", *ours):
        monkeypatch.delenv(name, raising=False)


def test_a_supervisor_gets_nothing_that_could_change_how_it_works(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setenv("PYTHONPATH", "/a")
    monkeypatch.setenv("LD_LIBRARY_PATH", "/opt/lib")
    monkeypatch.setenv("LD_PRELOAD", "/evil.so")
    monkeypatch.setenv("HOME", "/home/ann")
    monkeypatch.setenv("XDG_STATE_HOME", "/home/ann/state")

    given = environ.for_supervisor("run-1")

    given.pop("DYLD_LIBRARY_PATH", None)
    assert given == {
        "HOMERUN_SUPERVISES": "run-1",
        "LD_LIBRARY_PATH": "/opt/lib",
        "HOME": "/home/ann",
        "XDG_STATE_HOME": "/home/ann/state",  # the two say which stores the user trusts
    }


def test_a_process_without_a_run_has_none(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("HOMERUN_RUN_ID", "")

    assert environ.run_id() is None
    assert environ.run_folder() is None


def test_what_lies_in_a_moved_store_is_named_where_it_is_now() -> None:
    env = {
        "HOMERUN_STORE": "/a",
        "HOMERUN_RUN_FOLDER": "/a/e/run",
        "HOMERUN_WORK_DIRECTORY": "/a/e/run/work",
        "HOMERUN_SOURCE_DIRECTORY": "/a/e/parent/work",
        "PWD": "/a/e/run/work",
        "OLDPWD": "/ab",
        "PATH": "/a/e/run/work/bin:/usr/bin",
        "PYTHONPATH": "/ours:/a/e/run/work/lib:",
        "OTHER": "/a/e/run",
    }

    assert environ.moved(env, "/b:c", "/b:c/e/run") == {
        "HOMERUN_STORE": "/b:c",
        "HOMERUN_RUN_FOLDER": "/b:c/e/run",
        "HOMERUN_WORK_DIRECTORY": "/b:c/e/run/work",
        "HOMERUN_SOURCE_DIRECTORY": "/b:c/e/parent/work",
        "PWD": "/b:c/e/run/work",
        "OLDPWD": "/ab",
        "PATH": "/b:c/e/run/work/bin:/usr/bin",
        "PYTHONPATH": "/ours:/b:c/e/run/work/lib:",
        "OTHER": "/a/e/run",
    }


def test_an_address_for_mlflow_holds_any_path() -> None:
    path = "/home/ann b/ü%/\udcff~x"
    address = environ.mlflow_address(path)

    assert address == "homerun:///home/ann%20b/%C3%BC%25/%FF~x"
    assert unquote(address[len("homerun://") :], errors="surrogateescape") == path


def test_mlflow_logs_to_the_run() -> None:
    assert environ.for_mlflow({}, "/s", "run-1", "digits") == {
        ADDRESS: "homerun:///s",
        RUN: "run-1",
        NAME: "digits",
        ID: "digits",
    }


@pytest.mark.parametrize(
    "own", [{ADDRESS: "http://mlflow"}, {ADDRESS: ""}, {RUN: "abc"}, {ADDRESS: "homerun:///other"}]
)
def test_an_mlflow_of_the_users_own_stays(own: dict[str, str]) -> None:
    assert environ.for_mlflow(own, "/s", "run-1", "digits") == {}


@pytest.mark.parametrize("name", [NAME, ID])
def test_an_experiment_of_the_users_own_stays(name: str) -> None:
    found = environ.for_mlflow({name: "mine"}, "/s", "run-1", "digits")

    assert found == {ADDRESS: "homerun:///s", RUN: "run-1"}


def test_a_notebook_that_logs_to_the_store_by_mlflow_submits_runs_like_any_other() -> None:
    found = environ.for_mlflow({ADDRESS: "homerun:///s", ID: "notes"}, "/s", "run-1", "digits")

    assert found == {ADDRESS: "homerun:///s", RUN: "run-1"}


def test_a_run_hands_down_nothing_that_has_mlflow_log_to_it(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setenv("HOMERUN_RUN_ID", "run-1")
    monkeypatch.setenv("HOMERUN_STORE", "/s")
    for name, value in environ.for_mlflow({}, "/s", "run-1", "digits").items():
        monkeypatch.setenv(name, value)

    assert not any(name.startswith("MLFLOW_") for name in environ.of_no_run())
    hook = environ.for_hook(dict(os.environ), "run-1", "mark", "Completed", "/s/digits/run-1")
    assert not any(name.startswith("MLFLOW_") for name in hook)


def test_an_mlflow_of_the_users_own_is_handed_down(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("HOMERUN_RUN_ID", "run-1")
    monkeypatch.setenv("HOMERUN_STORE", "/s")
    monkeypatch.setenv(ADDRESS, "http://mlflow")
    monkeypatch.setenv(ID, "7")

    kept = environ.of_no_run()
    assert (kept[ADDRESS], kept[ID]) == ("http://mlflow", "7")


def test_the_address_of_a_moved_store_moves_with_it() -> None:
    env = {"HOMERUN_STORE": "/a", ADDRESS: environ.mlflow_address("/a")}
    other = {"HOMERUN_STORE": "/a", ADDRESS: environ.mlflow_address("/ab")}

    assert environ.moved(env, "/b", "/b/e/run")[ADDRESS] == environ.mlflow_address("/b")
    assert environ.moved(other, "/b", "/b/e/run")[ADDRESS] == environ.mlflow_address("/ab")


def test_processes_that_a_script_starts_know_one_experiment(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setenv(NAME, "digits")
    monkeypatch.setenv(ID, "chosen")
    environ.stay_in_experiment("digits")

    assert (os.environ[NAME], os.environ[ID]) == ("digits", "digits")
