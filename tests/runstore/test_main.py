"""`python -m runstore`: any store as text."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

from helpers.probes import Interpreter
from runstore import layout
from runstore.__main__ import main
from runstore.run.record import Record
from runstore.store import Store

SOURCE = str(Path(layout.__file__).parent.parent)


def test_experiments_and_runs_are_a_table_newest_first(
    store: Store, make_run: Callable[..., Record], capsys: pytest.CaptureFixture[str]
) -> None:
    first, live = make_run("größe"), make_run("größe", alive=True)
    make_run("exp", script="a\x1b[2J.py")

    assert main([store.root]) == 0
    lines = capsys.readouterr().out.splitlines()

    assert lines[0] == "exp"
    assert lines[1].split() == ["run", "number", "status", "created", "script"]
    assert lines[2].endswith("a?[2J.py")
    assert lines[3] == "größe"
    assert [line.split()[:3] for line in lines[5:]] == [
        [live.id, "2", "Preparing"],
        [first.id, "1", "Failed"],
    ]


def test_a_folder_that_is_no_store_is_one_line_of_error(
    folder: str, capsys: pytest.CaptureFixture[str]
) -> None:
    for path in (folder, f"{folder}/none"):
        assert main([path]) == 1
        out, error = capsys.readouterr()
        assert (out, error.count("\n")) == ("", 1)
        assert path in error
    assert os.listdir(folder) == []


def test_a_check_names_what_is_damaged_and_exits_1(
    store: Store, run: Record, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main([store.root, "--check"]) == 0
    with open(f"{run.path}/{layout.STOP}", "w"):
        pass
    assert main([store.root, "--check"]) == 1

    assert capsys.readouterr().out.splitlines()[1:] == [f"exp/{run.id}/stop.json: it is empty"]


def test_a_damaged_run_is_listed_with_the_others(
    store: Store, make_run: Callable[..., Record], capsys: pytest.CaptureFixture[str]
) -> None:
    whole, damaged = make_run(), make_run()
    with open(f"{damaged.path}/{layout.RUN}", "w") as file:
        file.write("{")

    assert main([store.root]) == 0
    out = capsys.readouterr().out
    assert whole.id in out
    assert damaged.id in out


def test_it_runs_in_every_interpreter_alone_without_homerun_and_read_only(
    interpreter: Interpreter, store: Store, run: Record, folder: str
) -> None:
    os.symlink(f"{SOURCE}/runstore", f"{folder}/runstore")
    before = sorted(Path(store.root).rglob("*"))
    code = (
        f"import sys; sys.path.append({folder!r}); from runstore.__main__ import main; "
        f"sys.exit(main([{store.root!r}]) or 'homerun' in sys.modules)"
    )
    done = subprocess.run(
        [interpreter.path, "-I", "-S", "-c", code], capture_output=True, text=True, check=True
    )

    assert run.id in done.stdout
    assert sorted(Path(store.root).rglob("*")) == before


def test_a_reader_that_leaves_early_is_no_error(store: Store, run: Record) -> None:
    reader, writer = os.pipe()
    os.close(reader)
    with os.fdopen(writer, "w") as out:
        done = subprocess.run(
            [sys.executable, "-m", "runstore", store.root],
            stdout=out, stderr=subprocess.PIPE, env={**os.environ, "PYTHONPATH": SOURCE},
        )  # fmt: skip

    assert (done.returncode, done.stderr) == (0, b"")
