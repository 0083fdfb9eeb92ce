"""The seal on a log: whatever empties the log breaks it, and nothing else does."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from homerun import Experiment, ScriptRunConfig, Workspace
from homerun.supervisor import log_seal


@pytest.fixture(params=["a disk", "memory"])
def log(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Path]:
    """A log that is sealed, on either kind of file system."""
    path = tmp_path / "log"
    if request.param == "memory":
        path = Path(f"/dev/shm/{os.path.basename(tmp_path)}-{os.getpid()}")
    held = os.open(path, os.O_WRONLY | os.O_APPEND | os.O_CREAT, 0o600)
    try:
        if not log_seal.seal(held):
            pytest.skip("this file system cannot reserve a block")
        yield path
    finally:
        os.close(held)
        path.unlink(missing_ok=True)


def test_a_log_that_only_grows_keeps_its_seal(log: Path) -> None:
    with log.open("a") as file:
        file.write("line\n" * 100_000)

    assert not log_seal.is_broken(str(log))
    assert log.stat().st_size == 500_000


@pytest.mark.parametrize("size", [0, 1, 9_000])
def test_a_log_that_is_cut_off_has_a_broken_seal(log: Path, size: int) -> None:
    log.write_bytes(b"x" * 10_000)
    os.truncate(log, size)
    with log.open("a") as file:
        file.write("more")

    assert log_seal.is_broken(str(log))


def test_a_seal_that_is_removed_leaves_the_log_and_no_block(log: Path) -> None:
    log_seal.unseal(str(log))
    empty = log.stat()
    with log.open("a") as file:
        file.write("line\n")
    log_seal.unseal(str(log))

    assert empty.st_blocks == 0
    assert log.read_text() == "line\n"


@pytest.mark.parametrize("last", ["", "a line\n", "half a line"])
def test_the_log_tells_on_a_line_of_its_own(log: Path, last: str) -> None:
    log.write_text(last)

    log_seal.say_in(str(log))

    assert log.read_text().splitlines() == [*last.splitlines(), f"homerun: {log_seal.TOLD}"]


def test_a_file_system_without_such_blocks_is_left_alone() -> None:
    assert not log_seal.is_broken("/dev/null")
    assert not log_seal.is_broken("/no/such/log")
    log_seal.unseal("/no/such/log")
    log_seal.say_in("/no/such/log")


EMPTYING = {
    "the shell": "echo before; echo warn > /dev/stderr; echo after",
    "tee": "echo before; echo warn | tee /dev/stderr; echo after",
    "Python": "python -c \"print('before'); open('/dev/stdout', 'w').write('warn')\"",
}


@pytest.mark.parametrize("command", EMPTYING.values(), ids=EMPTYING.keys())
def test_a_run_that_empties_its_log_says_so_and_what_to_do(
    workspace_dir: Path, script: Callable[..., Path], command: str
) -> None:
    script("train.py", "")

    run = Experiment(Workspace.from_config(), "logs").submit(
        ScriptRunConfig("source", command=command)
    )
    run.wait_for_completion()

    log = b"".join(run.stream()).decode()
    assert "before" not in log
    assert f"homerun: {log_seal.TOLD}" in log.splitlines()
    (warning,) = run.get_details()["warnings"]
    assert ">&2" in warning["message"]


def test_a_run_that_appends_to_its_log_says_nothing(
    workspace_dir: Path, script: Callable[..., Path]
) -> None:
    script("train.py", "")
    command = "echo a; echo b >&2; echo c >> /dev/stderr; echo d | tee -a /dev/stderr"

    run = Experiment(Workspace.from_config(), "logs").submit(
        ScriptRunConfig("source", command=command)
    )
    run.wait_for_completion()

    assert b"".join(run.stream()) == b"a\nb\nc\nd\nd\n"
    assert "warnings" not in run.get_details()
