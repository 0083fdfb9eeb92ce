"""Who a recorded process was, and whether it still lives; which folder a fact was written in.

A process id is not an identity: it is used again, even within the same clock tick. A process is
named by machine and host, boot id, PID namespace, pid, start ticks and the inode of its pidfd
(Linux ≥ 6.9; 0 where the kernel has none, and then the rest decides). What cannot be known counts
as alive: a wrong "dead" would end a living run. Nothing here signals a process.

A copy of a run holds the facts of the original, which name the original's processes. A folder is
known by the file of its lock: by inode and device, and, where that file has links in several
folders, by the inode of the folder.
"""

from __future__ import annotations

import os
import select
import sys

from runstore.fs.atomic import read_bytes, read_or_empty

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Mapping
    from typing import Any

_ZOMBIE_STATES = b"ZX"

ALIVE, OWNER = "alive", "owner"
"""The kinds of lock that a run hangs on: its own, and that of a process that holds it open."""


def here() -> dict[str, object]:
    """This place: the fields that tell one machine, boot and PID namespace from another."""
    return {
        "machine_id": machine_id(),
        "host": os.uname().nodename,
        "boot_id": boot_id(),
        "pid_namespace": pid_namespace(),
        "root": _root(),
    }


def same_root(recorded: Mapping[str, Any]) -> bool:
    """Whether a record was made with the same root folder: in this container, or in none."""
    return recorded.get("root") == _root()


def _root() -> str:
    found = os.stat("/")
    return f"{found.st_dev}:{found.st_ino}"


def container_name() -> str:
    """A short name of this machine, or of this container: that of a file in a shared folder.

    Raises:
        OSError: as `machine_id`.
    """
    known = machine_id()[:12] or os.uname().nodename
    plain = "".join(sign for sign in known if sign.isalnum() or sign == "-")
    return f"{plain}-{_root().replace(':', '-')}"


def machine_id() -> str:
    """The machine's own id, or "" where it has none (containers often have none).

    Raises:
        OSError: it has one that cannot be read now (too many open files): no answer is wrong.
    """
    for path in ("/etc/machine-id", "/var/lib/dbus/machine-id"):
        data = _told(path)
        if data:
            return data.decode("ascii", "replace").strip()
    return ""


def boot_id() -> str:
    """An id that changes with every start of the kernel, or "" where it is not told.

    Raises:
        OSError: as `machine_id`.
    """
    return _told("/proc/sys/kernel/random/boot_id").decode("ascii", "replace").strip()


def pid_namespace() -> int:
    """The inode of this process's PID namespace, 0 where there are none.

    Raises:
        OSError: as `machine_id`.
    """
    try:
        return os.stat("/proc/self/ns/pid").st_ino
    except (FileNotFoundError, PermissionError):
        return 0


def process(pid: int) -> dict[str, object]:
    """The identity of a living process.

    Raises:
        ProcessLookupError: there is none.
    """
    descriptor = open_pidfd(pid)  # first the pidfd: what is read then belongs to it, or it is gone
    try:
        stat = read_stat(pid)
        ticks = stat[1] if stat else 0
        return {"pid": pid, "start_ticks": ticks, "pidfd_inode": _inode(descriptor)}
    finally:
        if descriptor is not None:
            os.close(descriptor)


def open_pidfd(pid: int) -> int | None:
    """A pidfd, or None where the kernel has none (then start ticks alone tell)."""
    opener = getattr(os, "pidfd_open", None)
    if opener is None:
        return None
    try:
        return int(opener(pid))
    except ProcessLookupError:
        raise
    except OSError:
        return None


def read_stat(pid: int) -> tuple[bytes, int] | None:
    """A process's state letter and start ticks, or None if there is no such process.

    Where only its first thread is gone, it lives: then it counts as running. On a system without
    /proc psutil tells its start, in microseconds; without psutil too, nothing is known: None. The
    same goes for a /proc that shows other processes than ours.
    """
    if proc_flaw():
        return None
    if not _is_linux() and not has_proc():
        return _by_psutil(pid)
    data = read_or_empty(f"/proc/{pid}/stat")
    if not data:
        return None
    fields = data[data.rindex(b")") + 2 :].split()  # the command may hold blanks and ")"
    is_partly_gone = fields[0] in _ZOMBIE_STATES and fields[17] not in (b"0", b"1")
    return b"R" if is_partly_gone else fields[0], int(fields[19])


def has_proc() -> bool:
    """Whether there is a /proc, and its pids are those that this process uses.

    Raises:
        OSError: the system does not tell now; taken for no, all processes would be gone.
    """
    try:
        if os.readlink("/proc/self") != str(os.getpid()):
            return False
    except (FileNotFoundError, NotADirectoryError):
        return False
    if os.getpid() not in _looked_at:
        _looked_at[os.getpid()] = _has_one_pid()
    return _looked_at[os.getpid()]


def proc_flaw() -> str:
    """What keeps Linux from telling this process of others; "": nothing, or it is no Linux.

    A sandbox or a container may have the /proc of its host: the pids in it are those of other
    processes here.
    """
    if not _is_linux():
        return ""
    try:
        if has_proc():
            return ""
    except OSError as error:
        return f"/proc cannot be read now ({error.strerror})"
    if os.path.exists("/proc/stat"):
        return "the /proc that is mounted here is that of another PID namespace"
    return "no /proc is mounted here"


def _is_linux() -> bool:
    return sys.platform.startswith("linux")


_looked_at: dict[int, bool] = {}


def _has_one_pid() -> bool:
    """Whether /proc knows this process by one pid: that of an outer namespace knows two."""
    for line in (read_bytes("/proc/self/status") or b"").splitlines():
        if line.startswith(b"NSpid:"):
            return len(line.split()) == 2
    return True  # Linux before 4.1


def _by_psutil(pid: int) -> tuple[bytes, int] | None:
    try:
        import psutil
    except ImportError:
        return None
    try:
        found = psutil.Process(pid)
        is_zombie = found.status() in (psutil.STATUS_ZOMBIE, psutil.STATUS_DEAD)
        return b"Z" if is_zombie else b"S", round(found.create_time() * 1e6)
    except psutil.Error:
        return None


def same_place(recorded: Mapping[str, Any]) -> bool:
    """Whether a record was made on this machine, in this PID namespace.

    The boot id and the namespace say it alone; a host's name may change while a run goes on. A
    record of another boot has another place's namespaces: there machine and name are compared.
    """
    boot = boot_id()
    if boot and recorded.get("boot_id") == boot:
        return recorded.get("pid_namespace") == pid_namespace()
    if recorded.get("boot_id") and not boot:
        return False  # not told to us, though it was told then: this may be the same boot
    if recorded.get("machine_id", "") != machine_id():
        return False
    return recorded.get("host") == os.uname().nodename


def same_boot(recorded: Mapping[str, Any]) -> bool:
    """Whether the machine has not been restarted since the record was made, as far as told."""
    then, now = recorded.get("boot_id"), boot_id()
    return not (then and now) or bool(then == now)


def of_folder(folder: str, lock: str | int, kind: str = ALIVE) -> dict[str, object]:
    """What a fact says of the folder that it is written in.

    Args:
        lock: the file of its lock, by path or by descriptor.
        kind: of the lock.
    """
    found = os.stat(lock)
    return {
        f"{kind}_inode": found.st_ino,
        f"{kind}_device": found.st_dev,
        "folder_inode": os.stat(folder).st_ino,
    }


def is_copied(recorded: Mapping[str, Any], folder: str, lock: str, kind: str = ALIVE) -> bool:
    """Whether a folder is a copy of the one that a fact in it was written in.

    The lock of an owner that is gone was cleared away; a run's own stays with it.
    """
    try:
        found = os.lstat(lock)
    except FileNotFoundError:
        return kind == ALIVE and f"{ALIVE}_inode" in recorded
    if found.st_ino != recorded.get(f"{kind}_inode"):
        return True
    if found.st_nlink > 1 and os.lstat(folder).st_ino != recorded.get("folder_inode"):
        return True  # or an earlier version wrote it, and which of them is the original is unknown
    is_elsewhere = found.st_dev != recorded.get(f"{kind}_device", found.st_dev)
    return is_elsewhere and _same_mounts(recorded)


def _same_mounts(recorded: Mapping[str, Any]) -> bool:
    """Whether the number of a device on record still tells: it may change with a restart of the
    machine, and of a container.
    """
    boot = boot_id()
    is_same = bool(boot) and recorded.get("boot_id") == boot
    return is_same and recorded.get("pid_namespace") == pid_namespace()


def open_same(recorded: Mapping[str, Any]) -> int | None:
    """A pidfd of the recorded process, checked to be that very one; the caller closes it.

    Returns:
        None: it is gone, or cannot be told from others here (or the kernel has no pidfds).
    """
    pid = recorded.get("pid", 0)
    if not _is_pid(pid):
        return None
    try:
        descriptor = open_pidfd(pid)
    except ProcessLookupError:
        return None
    if descriptor is not None and not _matches(recorded, pid, descriptor, unless_told=False):
        os.close(descriptor)
        return None
    return descriptor


def lives(recorded: Mapping[str, Any]) -> bool:
    """Whether the recorded process, recorded in this boot and namespace, is alive; a zombie is not.

    Unknown counts as alive.
    """
    pid = recorded.get("pid", 0)
    if not _is_pid(pid):
        return False
    try:
        descriptor = open_pidfd(pid)
    except ProcessLookupError:
        return False
    try:
        return _matches(recorded, pid, descriptor)
    finally:
        if descriptor is not None:
            os.close(descriptor)


def lives_by_ticks(recorded: Mapping[str, Any]) -> bool:
    """Whether the recorded process is seen to live where the kernel, or a sandbox, opens no pidfds.

    Its pid and the tick of its start tell. Unlike in `lives`, what cannot be known is no.
    """
    pid, ticks = recorded.get("pid", 0), recorded.get("start_ticks")
    if not _is_pid(pid) or not ticks:
        return False
    try:
        descriptor = open_pidfd(pid)
    except ProcessLookupError:
        return False
    if descriptor is not None:
        os.close(descriptor)
        return False
    stat = read_stat(pid)
    return stat is not None and stat[0] not in _ZOMBIE_STATES and stat[1] == ticks


def has_ended(pidfd: int) -> bool:
    """Whether the process of a pidfd is dead, reaped or not."""
    poll = select.poll()
    poll.register(pidfd, select.POLLIN)
    return bool(poll.poll(0))


def has_pid(pidfd: int, pid: int) -> bool:
    """Whether the process of a pidfd still has its pid: it lives, or is dead and not yet reaped."""
    for line in read_or_empty(f"/proc/self/fdinfo/{pidfd}").splitlines():
        if line.startswith(b"Pid:"):
            return line.split()[1:] == [b"%d" % pid]
    return False


def _is_pid(value: object) -> bool:
    return type(value) is int and 0 < value < 1 << 31


def _matches(
    recorded: Mapping[str, Any], pid: int, descriptor: int | None, *, unless_told: bool = True
) -> bool:
    """Whether a process is the recorded one; `unless_told` is the answer where /proc is none."""
    if descriptor is not None:
        if has_ended(descriptor):
            return False
        inode = _inode(descriptor)
        if inode and recorded.get("pidfd_inode"):
            return bool(inode == recorded["pidfd_inode"])
    stat = read_stat(pid)
    if stat is None and not unless_told and proc_flaw():
        return False
    if stat is None:  # no /proc, or one that hides other users' processes
        return descriptor is not None or _exists(pid)
    ticks = recorded.get("start_ticks")  # 0: could not be read when it was recorded
    return stat[0] not in _ZOMBIE_STATES and (ticks == 0 or stat[1] == ticks)


def _exists(pid: int) -> bool:
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    except PermissionError:
        return True
    return True


def _inode(descriptor: int | None) -> int:
    """The pidfd's inode where it names the process; 0 on kernels where all pidfds share one."""
    if descriptor is None:
        return 0
    found = os.fstat(descriptor)
    return 0 if found.st_dev == _shared_device() else found.st_ino


def _shared_device() -> int:
    """The device of the kernel's anonymous inodes: before Linux 6.9 pidfds were of that kind."""
    with select.epoll() as anonymous:
        return os.fstat(anonymous.fileno()).st_dev


def _told(path: str) -> bytes:
    """What the system says of itself in a file; b"" where it does not say it."""
    try:
        return read_bytes(path, follow=True) or b""
    except PermissionError:
        return b""
