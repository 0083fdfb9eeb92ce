"""What a run uses: its whole tree counts, and no process that only has the pid of one."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Iterator
from typing import Any

import pytest

from homerun.system import portable, process_tree
from homerun.views.live.usage import Meter
from runstore import names
from runstore.run import identity

RUN = names.new_uuid()
SCRIPT = """
import os, sys
held = bytearray(64 << 20)
if os.fork() == 0:
    held[::4096] = b"x" * len(held[::4096])
print("up", flush=True)
sys.stdin.read()
"""
MIB = 1 << 20


@pytest.fixture
def script() -> Iterator[subprocess.Popen[bytes]]:
    """A script of the run, and a child of it that holds 64 MiB."""
    env = {**os.environ, "HOMERUN_RUN_UUID": RUN}
    command = [sys.executable, "-c", SCRIPT]
    pipe = subprocess.PIPE
    with subprocess.Popen(command, stdin=pipe, stdout=pipe, env=env) as process:
        assert process.stdout is not None
        assert process.stdout.readline() == b"up\n"
        assert process.stdout.readline() == b"up\n"
        yield process
        assert process.stdin is not None
        process.stdin.close()
        assert process.stdout.read() == b""  # the child has ended too


def started(process: subprocess.Popen[bytes], **changes: Any) -> dict[str, Any]:
    return {**identity.here(), "script": {**identity.process(process.pid), **changes}}


def test_a_run_uses_what_its_whole_tree_uses(script: subprocess.Popen[bytes]) -> None:
    meter = Meter()
    fact = {RUN: started(script)}

    first, second = meter.read(fact)[RUN], meter.read(fact)[RUN]

    assert first.memory > 64 * MIB
    assert first.cpu_percent is None
    assert second.cpu_percent is not None
    assert second.cpu_percent >= 0


def test_a_process_that_only_has_the_pid_is_not_read(script: subprocess.Popen[bytes]) -> None:
    other = started(script, start_ticks=1, pidfd_inode=1)

    assert Meter().read({RUN: other}) == {}


def test_a_pid_that_went_to_another_meanwhile_does_not_count(
    script: subprocess.Popen[bytes], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(process_tree, "still_lives", lambda process: False)

    assert Meter().read({RUN: started(script)}) == {}


def test_a_run_of_another_machine_is_not_looked_at(script: subprocess.Popen[bytes]) -> None:
    elsewhere = {**started(script), "boot_id": "", "machine_id": "other", "host": "other"}

    assert Meter().read({RUN: elsewhere}) == {}


def test_the_run_of_another_user_is_not_read(
    script: subprocess.Popen[bytes], monkeypatch: pytest.MonkeyPatch
) -> None:
    own = os.getuid()
    monkeypatch.setattr(portable.os, "getuid", lambda: own + 1)

    assert Meter().read({RUN: started(script)}) == {}


def test_a_run_that_never_started_uses_nothing() -> None:
    assert Meter().read({RUN: {}}) == {}


def test_processor_time_counts_once_for_each_process_between_two_looks() -> None:
    from homerun.views.live.usage import _percent

    before, now = {(1, 7): 1.0, (2, 7): 5.0}, {(1, 7): 2.5, (1, 8): 0.5, (3, 9): 1.0}

    assert _percent(10.0, before, 12.0, now) == pytest.approx(150.0)
