"""The kernel's count of kills for want of memory: which group's, and when it rose."""

from __future__ import annotations

import os
import select
from pathlib import Path

import pytest

from homerun.system.limits import oom, own_group

SECOND = "30 23 0:27 {root} {mount} rw,nosuid shared:9 - cgroup2 cgroup2 rw,nsdelegate\n"
FIRST = "35 31 0:32 {root} {mount} rw,relatime - cgroup cgroup rw,memory\n"
OTHER = "34 31 0:31 / /sys/fs/cgroup/cpuset rw,relatime - cgroup cgroup rw,cpuset\n"
TMPFS = "31 23 0:28 / /sys/fs/cgroup rw,relatime - tmpfs tmpfs rw,mode=755\n"

SEEN = {
    "a session": ("0::/user.slice/a\n", SECOND, "/", "user.slice/a"),
    "a container that sees its own group as the root": ("0::/\n", SECOND, "/", ""),
    "a container whose mount shows its group": ("0::/docker/1f\n", SECOND, "/docker/1f", ""),
    "a group below such a one": ("0::/docker/1f/init\n", SECOND, "/docker/1f", "init"),
    "version 1": ("4:cpu,memory:/a\n0::/\n", FIRST, "/", "a"),
    "version 1 in a container": ("4:memory:/docker/1f\n0::/\n", FIRST, "/docker/1f", ""),
    "version 1 in a container that sees its own group as the root": (
        "4:memory:/\n0::/\n",
        FIRST,
        "/",
        "",
    ),
}


@pytest.fixture
def kernel(monkeypatch: pytest.MonkeyPatch) -> dict[str, bytes]:
    """What /proc says; other files are read as they are."""
    told: dict[str, bytes] = {}
    real = oom.atomic.read_or_empty
    monkeypatch.setattr(own_group, "USUAL", {True: "/nowhere", False: "/nowhere"})
    monkeypatch.setattr(
        own_group.atomic,
        "read_or_empty",
        lambda path: told[path] if path in told else b"" if path[:5] == "/proc" else real(path),
    )
    return told


@pytest.mark.parametrize("case", SEEN)
def test_the_own_group_is_found_where_it_can_be_seen(
    kernel: dict[str, bytes], tmp_path: Path, case: str
) -> None:
    groups, line, root, within = SEEN[case]
    mount = tmp_path / "with space"
    (mount / within).mkdir(parents=True)
    name = "memory.oom_control" if line is FIRST else "memory.events"
    (mount / within / name).write_text("oom 3\noom_kill 4\noom_group_kill 0\n")
    kernel["/proc/self/cgroup"] = groups.encode()
    shown = str(mount).replace(" ", "\\040")
    kernel["/proc/self/mountinfo"] = (TMPFS + OTHER + line.format(root=root, mount=shown)).encode()

    found = oom.of_own_group()

    assert found is not None
    assert (found.path, found.count()) == (str(mount / within / name), 4)


def test_the_usual_place_is_looked_at_first(
    kernel: dict[str, bytes], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "a").mkdir()
    (tmp_path / "a/cgroup.procs").touch()
    monkeypatch.setattr(own_group, "USUAL", {True: "/nowhere", False: str(tmp_path)})
    kernel["/proc/self/cgroup"] = b"0::/a\n"

    found = own_group.of_memory()

    assert found is not None
    assert (found.folder, found.top, found.is_first) == (f"{tmp_path}/a", str(tmp_path), False)


@pytest.mark.parametrize(
    ("groups", "root"),
    [("0::/\n", None), ("", "/"), ("0::/docker/2\n", "/docker/1f"), ("0::/a\n", "/../..")],
)
def test_outside_of_what_can_be_seen_nothing_is_said(
    kernel: dict[str, bytes], tmp_path: Path, groups: str, root: str | None
) -> None:
    kernel["/proc/self/cgroup"] = groups.encode()
    lines = SECOND.format(root=root, mount=tmp_path) if root else TMPFS
    kernel["/proc/self/mountinfo"] = lines.encode()

    assert oom.of_own_group() is None


def test_kills_in_groups_below_do_not_count(tmp_path: Path) -> None:
    (tmp_path / "memory.events").write_text("oom_kill 7\n")
    (tmp_path / "memory.events.local").write_text("oom_kill 2\n")

    found = oom.of_group(str(tmp_path))

    assert found is not None
    assert found.count() == 2


def test_a_group_that_is_gone_counts_nothing(tmp_path: Path) -> None:
    found = oom.Kills(f"{tmp_path}/gone/memory.events.local")

    assert (found.count(), found.watch()) == (None, None)
    assert oom.of_group(f"{tmp_path}/gone") is None


def test_a_group_of_version_1_is_waited_for_until_it_counts(tmp_path: Path) -> None:
    path = tmp_path / "memory.oom_control"
    path.write_text("oom_kill 1\n")
    found, (events, raised) = oom.Kills(str(path)), os.pipe()
    os.write(raised, b"12345678")

    counted = found.told(events, 1, lambda _: path.write_text("oom_kill 2\n"))
    is_quiet = not select.select([events], [], [], 0)[0]
    os.close(events)
    os.close(raised)

    assert (counted, is_quiet) == (2, True)


def test_a_group_of_version_1_that_counts_no_more_is_not_waited_for_for_long(
    tmp_path: Path,
) -> None:
    path = tmp_path / "memory.oom_control"
    path.write_text("oom_kill 1\n")
    events, raised = os.pipe()
    os.write(raised, b"12345678")
    waited: list[float] = []

    counted = oom.Kills(str(path)).told(events, 1, waited.append)
    os.close(events)
    os.close(raised)

    assert counted == 1
    assert 0 < sum(waited) < 0.2


def test_where_the_kernel_may_not_be_told_to_tell_the_count_stays_readable(tmp_path: Path) -> None:
    path = tmp_path / "memory.oom_control"
    path.write_text("oom_kill 1\n")
    found = oom.of_group(str(tmp_path), is_first=True)
    before = len(os.listdir("/proc/self/fd"))

    assert found is not None
    assert found.watch() is None
    assert found.count() == 1
    assert len(os.listdir("/proc/self/fd")) == before
