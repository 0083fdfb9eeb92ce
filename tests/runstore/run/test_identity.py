"""Who a recorded process was: never a stranger, and unknown counts as alive."""

from __future__ import annotations

import errno
import os
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from runstore.run import identity


@pytest.fixture
def child() -> Iterator[subprocess.Popen[bytes]]:
    with subprocess.Popen(["cat"], stdin=subprocess.PIPE) as process:
        yield process
        process.kill()


def test_the_own_process_lives() -> None:
    me = identity.process(os.getpid())

    assert identity.lives(me)
    descriptor = identity.open_same(me)
    assert descriptor is not None
    assert not identity.has_ended(descriptor)
    os.close(descriptor)


def test_a_process_is_dead_as_a_zombie_and_after_it_was_reaped(
    child: subprocess.Popen[bytes],
) -> None:
    recorded = identity.process(child.pid)
    assert identity.lives(recorded)
    child.kill()
    os.waitid(os.P_PID, child.pid, os.WEXITED | os.WNOWAIT)

    assert not identity.lives(recorded)
    assert identity.open_same(recorded) is None

    child.wait()

    assert not identity.lives(recorded)
    assert identity.open_same(recorded) is None
    with pytest.raises(ProcessLookupError):
        identity.process(child.pid)


@pytest.mark.parametrize("field", ["start_ticks", "pidfd_inode"])
def test_another_process_of_the_same_pid_is_not_it(
    field: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    recorded = identity.process(os.getpid())
    recorded[field] = int(str(recorded[field])) + 1
    if field == "start_ticks":
        recorded["pidfd_inode"] = 0

    if field == "pidfd_inode" and not identity.process(os.getpid())["pidfd_inode"]:
        pytest.skip("this kernel's pidfds all share one inode (Linux before 6.9)")
    assert not identity.lives(recorded)
    assert identity.open_same(recorded) is None


def test_on_an_old_kernel_the_shared_inode_is_no_identity_and_ticks_decide(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    descriptor = identity.open_pidfd(os.getpid())
    assert descriptor is not None
    device = os.fstat(descriptor).st_dev
    os.close(descriptor)
    monkeypatch.setattr(identity, "_shared_device", lambda: device)
    me = identity.process(os.getpid())

    assert me["pidfd_inode"] == 0
    assert identity.lives(me)
    assert not identity.lives({**me, "start_ticks": 1})


def test_without_pidfds_ticks_decide(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delattr(os, "pidfd_open")
    me = identity.process(os.getpid())

    assert identity.lives(me)
    assert identity.open_same(me) is None
    assert not identity.lives({**me, "start_ticks": 1})


def test_a_refused_pidfd_is_none_but_a_missing_process_is_gone(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    def refuse(_pid: int) -> int:
        raise OSError(errno.ENOSYS, "no such call")

    monkeypatch.setattr(os, "pidfd_open", refuse)

    assert identity.open_pidfd(os.getpid()) is None
    assert identity.lives(identity.process(os.getpid()))


def test_what_cannot_be_known_counts_as_alive(monkeypatch: pytest.MonkeyPatch) -> None:
    me = {**identity.process(os.getpid()), "pidfd_inode": 0}
    assert identity.lives({**me, "start_ticks": 0})

    monkeypatch.setattr(identity, "read_stat", lambda _pid: None)

    assert identity.lives(me)


@pytest.mark.parametrize("pid", [None, 0, -1, True, "1", [1], 1.5, 10**30, 2**31], ids=repr)
def test_a_damaged_pid_is_nobody(pid: object) -> None:
    assert not identity.lives({"pid": pid})
    assert identity.open_same({"pid": pid}) is None


def test_another_machine_host_or_namespace_is_another_place(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    here = identity.here()
    assert identity.same_place(here)
    assert identity.same_boot(here)

    later = {**here, "boot_id": "another boot"}
    assert identity.same_place(later)
    assert not identity.same_place({**later, "machine_id": "other"})
    assert not identity.same_place({**later, "host": "other"})
    assert not identity.same_place({**here, "pid_namespace": 1})
    assert not identity.same_place({})


def test_a_host_that_gets_another_name_is_the_same_place() -> None:
    assert identity.same_place({**identity.here(), "host": "dhcp-17"})


def test_after_a_reboot_the_place_is_the_same_and_the_boot_is_not(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    before = {**identity.here(), "pid_namespace": 1}
    monkeypatch.setattr(identity, "boot_id", lambda: "after the reboot")

    assert identity.same_place(before)
    assert not identity.same_boot(before)


def test_a_boot_id_that_is_not_told_is_no_restart(monkeypatch: pytest.MonkeyPatch) -> None:
    before = identity.here()
    monkeypatch.setattr(identity, "boot_id", lambda: "")

    without = identity.here()

    assert identity.same_boot(before)
    monkeypatch.undo()
    assert identity.same_boot(without)


def test_a_machine_without_an_id_or_proc_has_empty_ones(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(identity, "read_or_empty", lambda _path: b"")
    monkeypatch.setattr(identity, "_told", lambda _path: b"")

    assert (identity.machine_id(), identity.boot_id()) == ("", "")
    assert identity.read_stat(os.getpid()) is None


def test_a_command_with_blanks_and_brackets_is_read(monkeypatch: pytest.MonkeyPatch) -> None:
    fields = b" ".join(b"%d" % n for n in range(4, 53))
    monkeypatch.setattr(identity, "read_or_empty", lambda _path: b"1 (a) S (b)) R " + fields)

    assert identity.read_stat(1) == (b"R", 22)


def test_a_pid_that_was_used_again_is_a_stranger(needs_pid_namespace: None) -> None:
    code = """
import os
from runstore.run import identity

def start():
    gate, go = os.pipe()
    pid = os.fork()
    if not pid:
        os.close(go)
        os.read(gate, 1)
        os._exit(0)
    os.close(gate)
    return pid, go

first, go = start()
recorded = identity.process(first)
assert identity.lives(recorded)
os.close(go)
os.waitpid(first, 0)
with open("/proc/sys/kernel/ns_last_pid", "w") as file:
    file.write(str(first - 1))
second, go = start()
assert second == first, (first, second)
assert not identity.lives(recorded)
assert identity.open_same(recorded) is None
os.close(go)
os.waitpid(second, 0)
"""
    if not identity.process(os.getpid())["pidfd_inode"]:
        pytest.skip("this kernel's pidfds all share one inode (Linux before 6.9)")
    subprocess.run(
        ["unshare", "-rpf", "--mount-proc", sys.executable, "-c", code], check=True, timeout=60
    )


def test_what_the_system_says_in_a_file_is_read_through_a_link(tmp_path: Path) -> None:
    (tmp_path / "kept").write_text("abc\n")
    (tmp_path / "machine-id").symlink_to("kept")

    assert identity._told(str(tmp_path / "machine-id")) == b"abc\n"
