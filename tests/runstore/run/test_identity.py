"""Who a recorded process was: never a stranger, and unknown counts as alive."""

from __future__ import annotations

import errno
import os
import shutil
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path

import psutil
import pytest

from helpers.errors import fails, raises
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

    assert me["pidfd_inode"] == 0
    assert identity.lives(me)
    assert identity.open_same(me) is None
    assert not identity.lives({**me, "start_ticks": 1})


def test_without_pidfds_a_process_is_seen_to_live_by_its_pid_and_the_tick_of_its_start(
    child: subprocess.Popen[bytes], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delattr(os, "pidfd_open")
    recorded = identity.process(child.pid)
    ticks = int(str(recorded["start_ticks"]))
    assert identity.lives_by_ticks(recorded)
    assert not identity.lives_by_ticks({**recorded, "start_ticks": ticks + 1})
    assert not identity.lives_by_ticks({**recorded, "start_ticks": 0})
    assert not identity.lives_by_ticks({**recorded, "pid": str(child.pid)})
    assert not identity.lives_by_ticks({"start_ticks": identity.process(1)["start_ticks"]})
    child.kill()
    os.waitid(os.P_PID, child.pid, os.WEXITED | os.WNOWAIT)
    assert not identity.lives_by_ticks(recorded)
    child.wait()

    assert not identity.lives_by_ticks(recorded)


def test_where_a_pidfd_tells_ticks_alone_do_not(child: subprocess.Popen[bytes]) -> None:
    recorded = identity.process(child.pid)
    before = len(os.listdir("/proc/self/fd"))

    assert not identity.lives_by_ticks(recorded)
    assert len(os.listdir("/proc/self/fd")) == before
    child.kill()
    child.wait()
    assert not identity.lives_by_ticks(recorded)


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

    assert identity.process(os.getpid())["start_ticks"] == 0
    assert identity.lives(me)
    assert not identity.lives({})
    assert identity.open_same({}) is None


def test_what_cannot_be_told_from_others_lives_and_is_not_opened(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    me = {**identity.process(os.getpid()), "pidfd_inode": 0}
    monkeypatch.setattr(identity, "read_stat", lambda _pid: None)
    monkeypatch.setattr(identity, "proc_flaw", lambda: "no /proc is mounted here")

    assert identity.lives(me)
    assert identity.open_same(me) is None


def test_without_pidfds_and_proc_a_pid_that_may_not_be_signalled_lives(
    child: subprocess.Popen[bytes], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delattr(os, "pidfd_open")
    monkeypatch.setattr(identity, "read_stat", lambda _pid: None)
    recorded = {"pid": child.pid}
    assert identity.lives(recorded)
    with monkeypatch.context() as patch:
        patch.setattr(os, "kill", fails(errno.EPERM))
        assert identity.lives(recorded)
    child.communicate()

    assert child.returncode == 0, "the question was a signal"
    assert not identity.lives(recorded)


def test_the_first_process_of_all_has_an_identity_too() -> None:
    assert identity.lives(identity.process(1))


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


def test_a_boot_that_is_not_told_to_us_is_no_place_that_we_know(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    told = identity.here()
    monkeypatch.setattr(identity, "boot_id", lambda: "")

    assert not identity.same_place(told)
    assert identity.same_place({**told, "boot_id": ""})


def test_another_root_folder_is_another_container() -> None:
    here = identity.here()

    assert identity.same_root(here)
    assert not identity.same_root({**here, "root": "0:0"})
    assert not identity.same_root({})


@pytest.mark.parametrize(
    ("told", "expected"),
    [
        ({"/etc/machine-id": b"one\n", "/var/lib/dbus/machine-id": b"two\n"}, "one"),
        ({"/var/lib/dbus/machine-id": b"two\n"}, "two"),
    ],
)
def test_a_machine_has_its_id_in_one_of_two_files(
    monkeypatch: pytest.MonkeyPatch, told: dict[str, bytes], expected: str
) -> None:
    monkeypatch.setattr(identity, "_told", lambda path: told.get(path, b""))

    assert identity.machine_id() == expected


def test_what_the_system_does_not_let_us_read_is_not_told(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(identity, "read_bytes", fails(errno.EACCES))

    assert identity.machine_id() == ""


@pytest.mark.parametrize("number", [errno.ENOENT, errno.EACCES])
def test_where_no_namespace_is_told_its_number_is_zero(
    monkeypatch: pytest.MonkeyPatch, number: int
) -> None:
    with monkeypatch.context() as patch:
        patch.setattr(os, "stat", fails(number))
        found = identity.pid_namespace()

    assert found == 0


def test_a_machine_without_an_id_or_proc_has_empty_ones(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(identity, "read_or_empty", lambda _path: b"")
    monkeypatch.setattr(identity, "_told", lambda _path: b"")

    assert (identity.machine_id(), identity.boot_id()) == ("", "")
    assert identity.read_stat(os.getpid()) is None


def test_a_command_with_blanks_and_brackets_is_read(monkeypatch: pytest.MonkeyPatch) -> None:
    fields = b" ".join(b"%d" % n for n in range(4, 53))
    monkeypatch.setattr(identity, "read_or_empty", lambda _path: b"1 (a) S (b)) R " + fields)

    assert identity.read_stat(1) == (b"R", 22)


@pytest.mark.parametrize(
    ("state", "threads", "seen"),
    [
        (b"Z", b"1", b"Z"),
        (b"Z", b"0", b"Z"),
        (b"X", b"1", b"X"),
        (b"Z", b"3", b"R"),
        (b"S", b"3", b"S"),
    ],
)
def test_a_process_whose_first_thread_alone_is_gone_runs(
    monkeypatch: pytest.MonkeyPatch, state: bytes, threads: bytes, seen: bytes
) -> None:
    told = b" ".join([b"1 (a)", state, *[b"7"] * 16, threads, b"7", b"99", *[b"7"] * 30])
    monkeypatch.setattr(identity, "read_or_empty", lambda _path: told)

    assert identity.read_stat(1) == (seen, 99)


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


# Which /proc


@pytest.fixture
def looked_at(monkeypatch: pytest.MonkeyPatch) -> None:
    """What was seen of /proc before is forgotten."""
    monkeypatch.setattr(identity, "_looked_at", {})


@pytest.mark.parametrize(
    ("told", "expected"),
    [
        (b"Name:\ta b c\nNSpid:\t7\nPid:\t7\n", True),
        (b"Name:\tpython\nNSpid:\t7\t1\n", False),
        (b"Name:\ta b c\n", True),
        (None, True),
    ],
    ids=["one pid", "two pids", "an old kernel", "nothing"],
)
def test_a_proc_that_knows_us_by_two_pids_is_that_of_another_namespace(
    monkeypatch: pytest.MonkeyPatch, looked_at: None, told: bytes | None, expected: bool
) -> None:
    monkeypatch.setattr(identity, "read_bytes", lambda _path: told)

    assert identity.has_proc() is expected
    assert ("another PID namespace" in identity.proc_flaw()) is not expected


@pytest.mark.parametrize(
    ("answer", "is_there", "flaw"),
    [
        (lambda _: "1", True, "the /proc that is mounted here is that of another PID namespace"),
        (FileNotFoundError, False, "no /proc is mounted here"),
        (NotADirectoryError, False, "no /proc is mounted here"),
    ],
    ids=["another pid", "none", "a file"],
)
def test_linux_says_what_it_lacks_to_tell_processes_apart(
    monkeypatch: pytest.MonkeyPatch, answer: Callable[[str], str], is_there: bool, flaw: str
) -> None:
    with monkeypatch.context() as patch:
        patch.setattr(os, "readlink", answer if is_there else raises(answer))
        patch.setattr(os.path, "exists", lambda _path: is_there)
        seen = [identity.has_proc(), identity.proc_flaw(), identity.read_stat(os.getpid())]

    assert seen == [False, flaw, None]
    assert identity.proc_flaw() == ""


def test_a_proc_that_cannot_be_read_just_now_tells_nothing(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    with monkeypatch.context() as patch:
        patch.setattr(os, "readlink", fails(errno.EMFILE))
        seen = identity.proc_flaw()

    assert seen == "/proc cannot be read now (Too many open files)"


# Other systems


@pytest.fixture
def mac(monkeypatch: pytest.MonkeyPatch) -> None:
    """A system that is no Linux and has no /proc."""
    monkeypatch.setattr(sys, "platform", "darwin")
    monkeypatch.setattr(identity, "has_proc", lambda: False)


def test_without_proc_psutil_tells_when_a_process_began_and_whether_it_is_dead(
    mac: None, child: subprocess.Popen[bytes]
) -> None:
    began = round(psutil.Process(child.pid).create_time() * 1e6)
    living = identity.read_stat(child.pid)
    child.kill()
    os.waitid(os.P_PID, child.pid, os.WEXITED | os.WNOWAIT)
    dead = identity.read_stat(child.pid)
    child.wait()

    assert (living, dead) == ((b"S", began), (b"Z", began))
    assert identity.read_stat(child.pid) is None
    assert identity.proc_flaw() == ""


def test_without_proc_and_psutil_nothing_is_known(
    mac: None, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(sys.modules, "psutil", None)

    assert identity.read_stat(os.getpid()) is None


def test_a_proc_of_another_system_is_read(monkeypatch: pytest.MonkeyPatch) -> None:
    on_linux = identity.process(os.getpid())["start_ticks"]
    monkeypatch.setattr(sys, "platform", "freebsd14")
    _, ticks = identity.read_stat(os.getpid()) or (b"", 0)

    assert ticks == on_linux


def test_a_pidfd_has_its_pid_until_the_process_is_reaped(child: subprocess.Popen[bytes]) -> None:
    pidfd = identity.open_pidfd(child.pid)
    assert pidfd is not None
    while_it_lives = [identity.has_pid(pidfd, child.pid), identity.has_pid(pidfd, os.getpid())]
    child.kill()
    os.waitid(os.P_PID, child.pid, os.WEXITED | os.WNOWAIT)
    while_dead = identity.has_pid(pidfd, child.pid)
    child.wait()
    once_reaped = identity.has_pid(pidfd, child.pid)
    os.close(pidfd)

    assert while_it_lives == [True, False]
    assert (while_dead, once_reaped) == (True, False)
    assert not identity.has_pid(pidfd, child.pid)


# Copies


@pytest.fixture
def locked(folder: str) -> str:
    """A file in a folder, as a lock is one."""
    path = f"{folder}/alive"
    with open(path, "wb"):
        pass
    return path


def recorded_of(folder: str, path: str, kind: str = identity.ALIVE) -> dict[str, object]:
    return {**identity.here(), **identity.of_folder(folder, path, kind)}


def test_a_folder_is_the_original_wherever_it_is_moved_to(folder: str, locked: str) -> None:
    recorded = recorded_of(folder, locked)
    os.rename(folder, f"{folder}-moved")

    assert not identity.is_copied(recorded, f"{folder}-moved", f"{folder}-moved/alive")


def test_a_copy_is_known_by_the_file_of_its_lock(folder: str, locked: str) -> None:
    recorded = recorded_of(folder, locked)
    shutil.copytree(folder, f"{folder}-copy")

    assert identity.is_copied(recorded, f"{folder}-copy", f"{folder}-copy/alive")
    assert not identity.is_copied(recorded, folder, locked)


def test_a_copy_of_hard_links_is_known_by_its_folder(folder: str, locked: str) -> None:
    recorded = recorded_of(folder, locked)
    earlier = {key: value for key, value in recorded.items() if key != "folder_inode"}
    assert not identity.is_copied(earlier, folder, locked)
    shutil.copytree(folder, f"{folder}-copy", copy_function=os.link)

    assert identity.is_copied(recorded, f"{folder}-copy", f"{folder}-copy/alive")
    assert not identity.is_copied(recorded, folder, locked)
    assert identity.is_copied(earlier, folder, locked)


@pytest.mark.parametrize(
    ("of_another", "boot", "expected"),
    [
        pytest.param({}, "now", True, id="the same boot"),
        pytest.param({"boot_id": "before"}, "now", False, id="another boot"),
        pytest.param({"pid_namespace": 1}, "now", False, id="another container"),
        pytest.param({"boot_id": ""}, "", False, id="no boot is told"),
    ],
)
def test_an_image_is_known_by_its_device_as_long_as_the_number_of_a_device_tells(
    folder: str,
    locked: str,
    monkeypatch: pytest.MonkeyPatch,
    of_another: dict[str, object],
    boot: str,
    expected: bool,
) -> None:
    monkeypatch.setattr(identity, "boot_id", lambda: boot)
    recorded = {**recorded_of(folder, locked), **of_another}
    assert not identity.is_copied(recorded, folder, locked)
    del recorded["alive_device"]
    assert not identity.is_copied(recorded, folder, locked)
    recorded["alive_device"] = -1

    assert identity.is_copied(recorded, folder, locked) is expected


def test_a_lock_that_is_gone_is_a_copys_unless_it_was_an_owners(folder: str, locked: str) -> None:
    both = {**recorded_of(folder, locked), **recorded_of(folder, locked, identity.OWNER)}
    os.unlink(locked)

    assert identity.is_copied(both, folder, locked)
    assert not identity.is_copied({}, folder, locked)
    assert not identity.is_copied(both, folder, locked, identity.OWNER)
