"""Errors travel: they are copied, pickled, and sent back by worker processes, whole."""

from __future__ import annotations

import copy
import pickle
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from homerun.base import errors
from homerun.base.errors import NotHere
from runstore import errors as store_errors
from runstore.errors import BaseError

MADE: list[BaseError] = [
    errors.HomerunError("text"),
    errors.MissingExtra("the page", "studio"),
    errors.RunEnvironmentError(),
    errors.RunFailed("run-1", {"code": "UserError", "message": "exit code 3"}),
    errors.SubmitError("text"),
    errors.MissingPath("text"),
    errors.ComputeTargetError("text"),
    errors.RunConfigurationError("text"),
    errors.UserError("text", inner_exception=ValueError("inner")),
    errors.WaitTimeout("run-1", 2.5),
    errors.WorkspaceError("text"),
    errors.AssetNotFound("text"),
    errors.ViewConflict("best", "ada"),
    errors.WebserviceError("text", 404),
    errors.ModelNotFound("text"),
    errors.ModelPathNotFound("text"),
    NotHere("text"),
    store_errors.AggregatedError([ValueError("text")]),
    store_errors.AmbiguousPrefix("run", ["run-1", "run-2"]),
    store_errors.CorruptRecord("/s/run.json", "no JSON"),
    store_errors.ExperimentNotFound("hello"),
    store_errors.FileBlocked("a/b", "run-1", "a is a file"),
    store_errors.FileMissing("a", "run-1"),
    store_errors.FileTaken("a", "run-1"),
    store_errors.FormatTooNew("/s", 2, 1),
    store_errors.InvalidName("text"),
    store_errors.InvalidQuery("text"),
    store_errors.InvalidSettings("/a/settings.json", "text"),
    store_errors.InvalidTransition("run-1", "Failed", "complete"),
    store_errors.LockTimeout("/s/lock"),
    store_errors.MisuseError("text"),
    store_errors.PropertyExists("author", "a", "b"),
    store_errors.ReadOnlyStore("/s", "permission denied"),
    store_errors.UntrustedStore("/s", "it was not made here by you"),
    store_errors.RunExists("run-1"),
    store_errors.NotInTrash("run-1"),
    store_errors.RunNotFound("run-1"),
    store_errors.StoreError("text"),
    BaseError("text"),
]

WORKER = """
from concurrent.futures import ProcessPoolExecutor
from multiprocessing import get_context
from runstore.errors import InvalidTransition

def refuse():
    raise InvalidTransition("run-1", "Failed", "stop")

if __name__ == "__main__":
    with ProcessPoolExecutor(1, get_context("spawn")) as pool:
        error = pool.submit(refuse).exception()
    print(type(error).__name__, error.run_id, f"{error.status}: {error}")
"""


def family(kind: type) -> Iterator[type]:
    yield kind
    for below in kind.__subclasses__():
        yield from family(below)


def test_every_error_is_tried_here() -> None:
    ours = {k for k in family(BaseError) if k.__module__.endswith("errors")}

    assert {type(error) for error in MADE} == ours


@pytest.mark.parametrize("error", MADE, ids=lambda error: type(error).__name__)
def test_an_error_survives_copies_and_pickles(error: BaseError) -> None:
    protocols = range(2, pickle.HIGHEST_PROTOCOL + 1)
    pickled = [pickle.loads(pickle.dumps(error, protocol)) for protocol in protocols]

    for twin in (*pickled, copy.copy(error), copy.deepcopy(error)):
        assert type(twin) is type(error)
        assert (str(twin), twin.message, twin.args) == (str(error), error.message, error.args)
        assert _facts(twin) == _facts(error)
    assert str(error) == error.message != ""
    assert "\n" not in str(error)


def test_a_workers_error_arrives_whole(tmp_path: Path) -> None:
    (tmp_path / "main.py").write_text(WORKER)

    done = subprocess.run([sys.executable, tmp_path / "main.py"], stdout=subprocess.PIPE, text=True)

    assert done.stdout == "InvalidTransition run-1 Failed: run run-1 is Failed: it cannot stop\n"


def test_an_error_is_made_in_the_originals_words() -> None:
    inner = ValueError("inner")

    error = errors.UserError(exception_message="text", inner_exception=inner, target="t", details=1)

    assert (error.message, error.inner_exception, error.args) == ("text", inner, ("text",))


def _facts(error: BaseError) -> dict[str, object]:
    return {**vars(error), "inner_exception": repr(error.inner_exception)}
