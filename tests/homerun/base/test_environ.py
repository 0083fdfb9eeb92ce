"""The environment of a supervisor, and what moves with a store."""

from __future__ import annotations

import os

import pytest

from homerun.base import environ


@pytest.fixture(autouse=True)
def _clean(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("PYTHONPATH", "PYTHONUNBUFFERED", *[n for n in os.environ if "HOMERUN" in n]):
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
