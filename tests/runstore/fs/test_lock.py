"""The lock `alive`, in both kinds: free once its last holder is gone, and never before."""

from __future__ import annotations

import errno
import fcntl
import os
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Iterator

import pytest

from helpers import children
from helpers.errors import fails
from helpers.wait import DEADLINE_S, wait_until
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


@pytest.mark.parametrize("closed", [0, 1, 2])
def test_a_fork_lets_go_of_every_lock_though_one_was_closed_without_a_word(
    held: int, closed: int
) -> None:
    with lock.no_fork():
        copies = [lock.copied(held, 500) for _ in range(3)]
    os.close(copies[closed])
    (kept,) = children.race(1, lambda _: _open_ones(copies))
    os.dup2(held, copies[closed])
    for copy in copies:
        lock.release(copy)

    assert kept == []


def test_a_fork_can_take_locks_in_another_thread(path: str, kind: str, held: int) -> None:
    def take_in_thread(_: int) -> list[bool]:
        taken: list[bool] = []
        thread = threading.Thread(target=lambda: taken.append(lock.take(path, kind) is not None))
        thread.start()
        thread.join(DEADLINE_S)
        return taken

    assert children.race(1, take_in_thread) == [[False]]


FORKS_IN_A_HANDLER = """
import os, signal, sys
from runstore.fs import lock
path, kind = sys.argv[1:]
(rest, rests), (up, says) = os.pipe(), os.pipe()

def fork(*_):
    if os.fork() == 0:
        os.close(rests)
        os.write(says, b"u")
        os.read(rest, 1)
        os._exit(0)
    os.read(up, 1)

name = "_take_ofd" if kind == lock.OFD else "_take_flock"
take = getattr(lock, name)

def interrupted(descriptor):
    os.kill(os.getpid(), signal.SIGUSR1)
    return take(descriptor)

signal.signal(signal.SIGUSR1, fork)
setattr(lock, name, interrupted)
taken = lock.take(path, kind)
lock.release(taken)
print(lock.is_held(path, kind))
os.close(rests)
os.wait()
"""


def test_a_fork_by_a_signal_handler_while_a_lock_is_taken_neither_hangs_nor_keeps_it(
    path: str, kind: str
) -> None:
    command = [sys.executable, "-c", FORKS_IN_A_HANDLER, path, kind]

    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as forks:
        try:
            said, _ = forks.communicate(timeout=DEADLINE_S)
        finally:
            forks.kill()

    assert said == "False\n"


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
    monkeypatch.setattr(fcntl, "fcntl", fails(errno.EINVAL))
    assert lock.best_kind(folder) == lock.FLOCK

    monkeypatch.delattr(fcntl, "F_OFD_GETLK", raising=False)
    assert lock.best_kind(folder) == lock.FLOCK


@pytest.mark.skipif(sys.platform != "linux", reason="only Linux has these locks")
def test_linux_has_locks_that_a_probe_leaves_alone(folder: str) -> None:
    assert lock.best_kind(folder) == lock.OFD


@pytest.mark.parametrize("at", [0, 1_000_000])
def test_a_lock_is_of_the_whole_file(folder: str, path: str, at: int) -> None:
    if lock.best_kind(folder) != lock.OFD:
        pytest.skip("flock knows no parts of a file")
    with open(path, "wb") as other:
        fcntl.lockf(other, fcntl.LOCK_EX | fcntl.LOCK_NB, 1, at)
        seen = children.race(1, lambda _: [lock.is_held(path, lock.OFD), lock.take(path, lock.OFD)])

    assert seen == [[True, None]]


def test_a_lock_file_is_for_its_owner_alone(path: str, held: int) -> None:
    assert os.stat(path).st_mode & 0o777 == 0o600


def test_an_error_that_says_nothing_of_locks_is_no_reason_for_another_kind(
    folder: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(fcntl, "fcntl", fails(errno.EIO))

    with pytest.raises(OSError, match=os.strerror(errno.EIO)):
        lock.best_kind(folder)


def test_what_is_no_plain_file_is_no_lock(folder: str, kind: str) -> None:
    os.mkfifo(f"{folder}/pipe")
    os.symlink("kept", f"{folder}/link")
    os.mkdir(f"{folder}/folder")
    kept = lock.take(f"{folder}/kept", kind)
    assert kept is not None
    found = {name: lock.is_held(f"{folder}/{name}", kind) for name in ("pipe", "link", "kept")}
    for name in ("pipe", "link", "folder"):
        with pytest.raises(OSError, match=name):
            lock.take(f"{folder}/{name}", kind)
    lock.release(kept)

    assert found == {"pipe": False, "link": False, "kept": True}


def test_a_lock_that_cannot_be_asked_for_is_not_free(
    path: str, kind: str, held: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    with monkeypatch.context() as patch:
        patch.setattr(os, "open", fails(errno.EMFILE))
        with pytest.raises(OSError, match=os.strerror(errno.EMFILE)):
            lock.is_held(path, kind)
        with pytest.raises(OSError, match=os.strerror(errno.EMFILE)):
            lock.take(path, kind)


def test_a_lock_that_fails_in_the_taking_leaves_no_descriptor(
    path: str, kind: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    before = os.listdir("/proc/self/fd")
    with monkeypatch.context() as patch:
        patch.setattr(fcntl, "fcntl", fails(errno.ENOLCK))
        patch.setattr(fcntl, "flock", fails(errno.ENOLCK))
        with pytest.raises(OSError, match=os.strerror(errno.ENOLCK)):
            lock.take(path, kind)
        with pytest.raises(OSError, match=os.strerror(errno.ENOLCK)):
            lock.join(path)

    assert os.listdir("/proc/self/fd") == before
    again = lock.take(path, kind)
    assert again is not None
    lock.release(again)


def test_a_lock_that_is_lost_leaves_no_descriptor(path: str, kind: str, held: int) -> None:
    before = os.listdir("/proc/self/fd")

    assert lock.take(path, kind) is None
    assert os.listdir("/proc/self/fd") == before


def test_some_join_a_lock_together_and_one_has_it_alone(path: str) -> None:
    one, two = lock.join(path), lock.join(path)
    assert one is not None
    assert two is not None
    before = os.listdir("/proc/self/fd")
    assert lock.join(path, alone=True) is None
    assert os.listdir("/proc/self/fd") == before

    lock.release(one)
    assert lock.join(path, alone=True) is None
    lock.release(two)
    alone = lock.join(path, alone=True)
    assert alone is not None
    assert lock.join(path) is None
    lock.release(alone)
    again = lock.join(path)
    assert again is not None
    lock.release(again)


def test_a_fork_lets_go_of_a_lock_that_was_joined(path: str) -> None:
    joined = lock.join(path)
    assert joined is not None
    held = children.race(1, lambda _: [joined in lock._held])
    lock.release(joined)

    assert held == [[False]]


def test_a_probe_that_shares_for_an_instant_does_not_keep_a_taker_away(
    path: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    probe = os.open(path, os.O_RDONLY | os.O_CREAT, 0o600)
    fcntl.flock(probe, fcntl.LOCK_SH)
    pauses: list[float] = []

    def end_the_probe(seconds: float) -> None:
        pauses.append(seconds)
        if len(pauses) == 3:
            os.close(probe)

    monkeypatch.setattr(time, "sleep", end_the_probe)
    taken = lock.take(path, lock.FLOCK)
    assert taken is not None
    lock.release(taken)

    assert pauses == [0.001, 0.002, 0.005]


def test_a_taker_gives_up_before_a_tenth_of_a_second_is_over(
    path: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    held = lock.take(path, lock.FLOCK)
    assert held is not None
    pauses: list[float] = []
    monkeypatch.setattr(time, "sleep", pauses.append)
    again = lock.take(path, lock.FLOCK)
    lock.release(held)

    assert again is None
    assert sum(pauses) < 0.1


def _open_ones(descriptors: list[int]) -> list[int]:
    there = {int(name) for name in os.listdir("/proc/self/fd")}
    return [one for one in descriptors if one in there]
