"""What a run uses: its whole tree counts, and no process that only has the pid of one."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Iterator
from typing import Any

import pytest

from homerun.metrics.usage import process_use
from homerun.metrics.usage.meter import Meter, _Clock
from homerun.metrics.usage.process_use import ProcessUse, Watched
from homerun.system import process_tree
from runstore import names
from runstore.fs import atomic
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
    class Later:
        """A /proc in which every pid is a later process's by now."""

        read_or_empty = staticmethod(atomic.read_or_empty)

        @staticmethod
        def read_bytes(path: str) -> bytes | None:
            before, name, rest = (atomic.read_bytes(path) or b"").rpartition(b")")
            fields = rest.split()
            fields[19] = b"%d" % (int(fields[19]) + 1)
            return before + name + b" " + b" ".join(fields)

    monkeypatch.setattr(process_use, "atomic", Later)

    assert Meter().read({RUN: started(script)}) == {}


def test_without_proc_psutil_tells_the_same(
    script: subprocess.Popen[bytes], monkeypatch: pytest.MonkeyPatch
) -> None:
    ticks = identity.process(script.pid)["start_ticks"]
    by_proc = Watched().used_by(script.pid, ticks)
    monkeypatch.setattr(identity, "has_proc", lambda: False)
    by_psutil = Watched().used_by(script.pid, ticks)

    assert by_proc is not None
    for name in ProcessUse.__slots__:
        # The kernel counts memory in batches for each processor, and sums them up for statm only.
        within = 0.02 if name == "memory" else 0
        assert getattr(by_proc, name) == pytest.approx(getattr(by_psutil, name), rel=within), name


def test_a_process_is_asked_twice_whose_it_is_and_then_seldom(
    script: subprocess.Popen[bytes], monkeypatch: pytest.MonkeyPatch
) -> None:
    ask, asked = process_tree._is_of_another, [0]

    def counts(pid: int, mark: str) -> bool:
        asked[-1] += 1
        return ask(pid, mark)

    monkeypatch.setattr(process_tree, "_is_of_another", counts)
    meter = Meter()
    for _ in range(13):
        found = meter.read({RUN: started(script)})[RUN]
        assert found.processes == 2
        asked.append(0)

    assert asked[:13] == [2, 2, *[0] * 10, 2]


def test_a_run_of_another_machine_is_not_looked_at(script: subprocess.Popen[bytes]) -> None:
    elsewhere = {**started(script), "boot_id": "", "machine_id": "other", "host": "other"}

    assert Meter().read({RUN: elsewhere}) == {}


def test_the_run_of_another_user_is_not_read(
    script: subprocess.Popen[bytes], monkeypatch: pytest.MonkeyPatch
) -> None:
    own = os.getuid()
    monkeypatch.setattr(process_use.os, "getuid", lambda: own + 1)

    assert Meter().read({RUN: started(script)}) == {}


def test_a_run_that_never_started_uses_nothing() -> None:
    assert Meter().read({RUN: {}}) == {}


class Told:
    """What a process has used, as far as a test says."""

    def __init__(self, cpu_s: float, children_cpu_s: float = 0.0) -> None:
        self.cpu_s = cpu_s
        self.children_cpu_s = children_cpu_s


@pytest.mark.parametrize(
    ("looks", "percents"),
    [
        # A process goes on, another has its pid by now, a third one is new.
        ([{(1, 7): Told(1), (2, 7): Told(5)}, {(1, 7): Told(2.5), (1, 8): Told(0.5)}], [200.0]),
        # One ends, and its parent collects it: only what is new of it counts.
        ([{(1, 7): Told(1), (2, 7): Told(9)}, {(1, 7): Told(1, 9.5)}], [50.0]),
        # It is collected one look later than it was gone.
        ([{(1, 7): Told(1), (2, 7): Told(9)}, {(1, 7): Told(1)}, {(1, 7): Told(1, 9.25)}], [0, 25]),
        # It is never collected: that hides nothing of what others use themselves.
        ([{(1, 7): Told(1), (2, 7): Told(9)}, {(1, 7): Told(2)}, {(1, 7): Told(4)}], [100, 200]),
        # A child that came and went between two looks.
        ([{(1, 7): Told(1)}, {(1, 7): Told(1, 0.75)}], [75.0]),
    ],
)
def test_processor_time_counts_once_whoever_tells_it(
    looks: list[dict[tuple[int, int], Any]], percents: list[float]
) -> None:
    clock = _Clock()
    told = [clock.percent(looked, None, float(at)) for at, looked in enumerate(looks)]

    assert told == [None, *map(pytest.approx, percents)]


def test_what_a_supervisor_collects_counts_and_its_death_hides_nothing() -> None:
    clock = _Clock()
    script: dict[tuple[int, int], Any] = {(1, 7): Told(1)}
    above: list[Any] = [Told(0, 5), Told(0, 5.5), None, None]
    busy: dict[tuple[int, int], Any] = {(1, 7): Told(1.5, 1)}
    looks = [script, script, script, busy]
    told = [clock.percent(*one, float(at)) for at, one in enumerate(zip(looks, above))]

    assert told == [None, pytest.approx(50), pytest.approx(0), pytest.approx(150)]


def test_what_a_script_and_its_child_burn_is_told_within_a_few_percent() -> None:
    burns = (
        "import os, sys, time\nprint('up', flush=True)\nsys.stdin.readline()\n"
        "if not os.fork():\n"
        "    while time.process_time() < 0.2: pass\n    os._exit(0)\n"
        "os.wait()\n"
        "while time.process_time() < 0.3: pass\n"
        "print('done', flush=True)\nsys.stdin.readline()\n"
    )
    env = {**os.environ, "HOMERUN_RUN_UUID": RUN}
    pipe = subprocess.PIPE
    with subprocess.Popen([sys.executable, "-c", burns], stdin=pipe, stdout=pipe, env=env) as it:
        assert it.stdin is not None
        assert it.stdout is not None
        assert it.stdout.readline() == b"up\n"
        meter, fact = Meter(), {RUN: started(it)}
        clock = meter._clocks.setdefault(RUN, _Clock())
        meter.read(fact)
        before = clock._at
        it.stdin.write(b"go\n")
        it.stdin.flush()
        assert it.stdout.readline() == b"done\n"
        percent = meter.read(fact)[RUN].cpu_percent
        it.stdin.close()
    assert before is not None
    assert clock._at is not None
    assert percent is not None
    used_s = percent / 100 * (clock._at - before)

    assert 0.4 < used_s < 0.56  # two clocks of 10 ms, and the start of the two


def test_what_processes_share_is_looked_at_now_and_then_where_there_are_several(
    script: subprocess.Popen[bytes],
) -> None:
    meter = Meter(is_thorough=True)
    fact = {RUN: started(script)}
    first, second = meter.read(fact)[RUN], meter.read(fact)[RUN]

    assert first.processes == 2
    assert first.threads == 2
    assert first.shared_once is not None
    assert 64 * MIB < first.shared_once < first.memory
    assert second.shared_once is None
