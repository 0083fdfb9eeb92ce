"""The lock `alive`, in both kinds: free once its last holder is gone, and never before."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from collections.abc import Iterator

import pytest

from helpers import children
from helpers.wait import wait_until
from runstore.fs import lock


@pytest.fixture(params=[lock.OFD, lock.FLOCK])
def kind(request: pytest.FixtureRequest, folder: str) -> str:
    if request.param == lock.OFD and lock.best_kind(folder) != lock.OFD:
        pytest.skip("this system has no open file description locks")
    return str(request.param)


@pytest.fixture
def path(folder: str) -> str:
    return f"{folder}/alive"


@pytest.fixture
def held(path: str, kind: str) -> Iterator[int]:
    descriptor = lock.take(path, kind)
    assert descriptor is not None
    yield descriptor
    if descriptor in lock._held:
        lock.release(descriptor)


def test_a_lock_is_held_until_it_is_released(path: str, kind: str, held: int) -> None:
    assert lock.is_held(path, kind)
    assert lock.take(path, kind) is None

    lock.release(held)

    assert not lock.is_held(path, kind)


def test_a_lock_whose_file_is_not_there_is_free(path: str, kind: str) -> None:
    assert not lock.is_held(path, kind)
    assert not lock.is_held(f"{path}/below", kind)


def test_other_processes_see_it_and_cannot_take_it(path: str, kind: str, held: int) -> None:
    seen = children.race(5, lambda _: [lock.is_held(path, kind), lock.take(path, kind)])

    assert seen == [[True, None]] * 5


def test_of_many_takers_one_gets_it(path: str, kind: str) -> None:
    gate, let_go = os.pipe()
    lost_gate, tell_lost = os.pipe()

    def take(_: int) -> bool:
        taken = lock.take(path, kind) is not None
        os.close(let_go)
        if not taken:
            os.write(tell_lost, b"x")
        else:  # keep it until all others have lost
            os.close(tell_lost)
            lost = b""
            while len(lost) < 9:
                lost += os.read(lost_gate, 9)
        return taken

    won = children.race(10, take)
    for descriptor in (gate, let_go, lost_gate, tell_lost):
        os.close(descriptor)

    assert sum(won) == 1


def test_a_probe_takes_nothing(path: str, kind: str, held: int) -> None:
    lock.release(held)
    for _ in range(100):
        assert not lock.is_held(path, kind)

    again = lock.take(path, kind)
    assert again is not None
    lock.release(again)


def test_a_taker_gets_through_a_storm_of_probes(path: str, kind: str) -> None:
    os.close(os.open(path, os.O_CREAT, 0o600))

    def work(number: int) -> int:
        if number:
            return sum(lock.is_held(path, kind) for _ in range(3000))
        taken = 0
        for _ in range(50):
            descriptor = lock.take(path, kind)
            if descriptor is not None:
                taken += 1
                lock.release(descriptor)
        return taken

    assert children.race(2, work)[0] == 50


def test_a_fork_does_not_keep_the_lock(path: str, kind: str, held: int) -> None:
    gate, let_go = os.pipe()
    pid = os.fork()
    if not pid:
        os.close(let_go)
        os.read(gate, 1)
        os._exit(0)
    os.close(gate)
    lock.release(held)
    # The fork's hook runs in the child; until then its copy holds the lock.
    wait_until(lambda: not lock.is_held(path, kind), "the fork let go")
    os.close(let_go)
    os.waitpid(pid, 0)


def test_a_started_program_that_inherits_the_lock_keeps_it_until_it_is_killed(
    path: str, kind: str, held: int
) -> None:
    process = subprocess.Popen(
        [sys.executable, "-c", "print('up', flush=True); input()"],
        pass_fds=[held],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
    )
    with process:
        assert process.stdout is not None
        assert process.stdout.readline() == b"up\n"
        lock.release(held)
        assert lock.is_held(path, kind)
        process.send_signal(signal.SIGKILL)
        process.wait()
    assert not lock.is_held(path, kind)


def test_a_started_program_that_does_not_inherit_it_does_not_keep_it(
    path: str, kind: str, held: int
) -> None:
    with subprocess.Popen([sys.executable, "-c", "input()"], stdin=subprocess.PIPE) as process:
        lock.release(held)
        assert not lock.is_held(path, kind)
        process.kill()


def test_closing_another_descriptor_of_the_file_frees_nothing(
    path: str, kind: str, held: int
) -> None:
    os.close(os.open(path, os.O_RDWR))

    assert lock.is_held(path, kind)


def test_a_lock_moves_with_its_folder_and_a_copy_is_free(
    folder: str, path: str, kind: str, held: int
) -> None:
    with open(f"{folder}/copy", "wb"):
        pass
    os.rename(path, f"{folder}/moved")

    assert lock.is_held(f"{folder}/moved", kind)
    assert not lock.is_held(f"{folder}/copy", kind)


def test_a_file_system_that_refuses_ofd_locks_gets_flock(
    folder: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    import errno
    import fcntl

    def refuse(*_args: object) -> None:
        raise OSError(errno.EINVAL, "refused")

    monkeypatch.setattr(fcntl, "fcntl", refuse)
    assert lock.best_kind(folder) == lock.FLOCK

    monkeypatch.delattr(fcntl, "F_OFD_GETLK", raising=False)
    assert lock.best_kind(folder) == lock.FLOCK
