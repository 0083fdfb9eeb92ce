"""Control groups of runs, in a tree of files that behaves like the kernel's."""

from __future__ import annotations

import errno
import os
from collections.abc import Callable
from pathlib import Path

import pytest

from homerun.system.limits import groups, oom, own_group, scopes
from homerun.system.limits.scopes import NoGroup

ALL = ("memory", "cpus", "pids")


class Tree:
    """A tree of groups.

    A folder that is made in it gets the files of a group. One that holds processes takes no
    controllers, as in the kernel.
    """

    def __init__(self, top: Path) -> None:
        self.top = top
        self.moved: dict[str, str] = {}
        self._fill(str(top))
        (top / "cgroup.events").unlink()

    def _fill(self, folder: str) -> None:
        names = ("cgroup.procs", "cgroup.controllers", "cgroup.subtree_control", "cgroup.events")
        limits = ("memory.max", "memory.swap.max", "memory.oom.group", "cpu.max", "pids.max")
        for name in (*names, *limits):
            Path(folder, name).write_text("")
        Path(folder, "memory.events.local").write_text("oom_kill 0\n")

    def add(self, path: str, controllers: str = "", given: str = "", inside: str = "") -> str:
        folder = self.top / path if path else self.top
        if path:
            os.makedirs(folder.parent, exist_ok=True)
            os.mkdir(folder)
        (folder / "cgroup.controllers").write_text(controllers)
        (folder / "cgroup.subtree_control").write_text(given)
        (folder / "cgroup.procs").write_text(inside)
        return str(folder)

    def write(self, path: str, text: str) -> None:
        if path.endswith("/cgroup.subtree_control"):
            folder = Path(path).parent
            is_outermost = not (folder / "cgroup.events").exists()
            if (folder / "cgroup.procs").read_text().strip() and not is_outermost:
                raise OSError(errno.EBUSY, os.strerror(errno.EBUSY))
            Path(path).write_text(f"{Path(path).read_text()} {text[1:]}")
        elif not os.path.exists(path):
            raise FileNotFoundError(errno.ENOENT, os.strerror(errno.ENOENT))
        else:
            Path(path).write_text(text)


@pytest.fixture
def tree(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Tree:
    made = tmp_path / "cgroup"
    made.mkdir()
    tree, mkdir, rmdir = Tree(made), os.mkdir, os.rmdir

    def make(path: str, mode: int = 0o777) -> None:
        mkdir(path, mode)
        if str(path).startswith(str(made)):
            tree._fill(str(path))

    def remove(path: str) -> None:
        if Path(path, "cgroup.procs").read_text().strip():
            raise OSError(errno.EBUSY, os.strerror(errno.EBUSY))
        for file in Path(path).iterdir():
            file.unlink()
        rmdir(path)

    monkeypatch.setattr(os, "mkdir", make)
    monkeypatch.setattr(groups.os, "rmdir", remove)
    monkeypatch.setattr(oom, "write_to", tree.write)
    monkeypatch.setattr(scopes, "are_needed", lambda: False)
    return tree


@pytest.fixture
def within(tree: Tree, monkeypatch: pytest.MonkeyPatch) -> Callable[[str], None]:
    """Have this process be in a group of the tree."""

    def enter(folder: str) -> None:
        place = own_group.Membership(folder, str(tree.top), is_first=False)
        monkeypatch.setattr(own_group, "of_second", lambda: place)

    return enter


def read(folder: str, name: str) -> str:
    return Path(folder, name).read_text()


def test_a_group_is_made_beside_the_own_one_with_the_limits(
    tree: Tree, within: Callable[[str], None]
) -> None:
    tree.add("", "cpu memory pids", "cpu memory pids")
    within(tree.add("init", "cpu memory pids", inside="17\n"))

    foreseen = groups.foreseen(ALL)
    made, kept = groups.make_group("ab12", 2, ALL)
    for name, value in (("memory", 1 << 30), ("cpus", 1.5), ("pids", 50)):
        assert made.limit(name, value)
    made.take_in(4711)

    assert foreseen == kept == set(ALL)
    assert made.folder == f"{tree.top}/homerun-run-ab12.2"
    assert read(made.folder, "memory.max") == str(1 << 30)
    assert read(made.folder, "memory.swap.max") == "0"
    assert read(made.folder, "memory.oom.group") == "1"
    assert read(made.folder, "cpu.max") == "150000 100000"
    assert read(made.folder, "pids.max") == "50"
    assert read(made.folder, "cgroup.procs") == "4711"


def test_the_groups_that_killed_supervisors_left_are_removed_once_they_are_empty(
    tree: Tree, within: Callable[[str], None], monkeypatch: pytest.MonkeyPatch
) -> None:
    tree.add("", "memory", "memory")
    within(tree.add("init", "memory", inside="17\n"))
    tree.add("homerun-run-cd34.1", "memory")
    tree.add("homerun-run-ef56.1", "memory", inside="4711\n")
    tree.add("other", "memory")
    groups.make_group("ab12", 1, ["memory"])
    stays = sorted(path.name for path in tree.top.iterdir() if path.is_dir())
    monkeypatch.setattr(groups.time, "time", lambda: 4e9)

    groups.make_group("ab12", 2, ["memory"])
    left = sorted(path.name for path in tree.top.iterdir() if path.is_dir())

    assert len(stays) == 5
    assert left == ["homerun-run-ab12.2", "homerun-run-ef56.1", "init", "other"]


def test_controllers_are_given_to_the_groups_below_where_nothing_stands_in_the_way(
    tree: Tree, within: Callable[[str], None]
) -> None:
    within(tree.add("", "cpu memory pids", inside="17\n"))  # the outermost one may hold processes

    _, kept = groups.make_group("ab12", 1, ["memory"])

    assert kept == {"memory"}
    assert read(str(tree.top), "cgroup.subtree_control").split() == ["memory"]


def test_a_container_whose_processes_are_in_its_outermost_group_can_have_none(
    tree: Tree, within: Callable[[str], None]
) -> None:
    folder = tree.add("", "cpu memory pids", inside="1\n17\n")
    Path(folder, "cgroup.events").write_text("")
    within(folder)

    with pytest.raises(NoGroup, match="no group here has the controllers"):
        groups.foreseen(["memory"])
    with pytest.raises(NoGroup):
        groups.make_group("ab12", 1, ["memory"])


def test_the_limits_whose_controllers_are_there_are_kept(
    tree: Tree, within: Callable[[str], None]
) -> None:
    tree.add("", "memory pids", "memory pids")
    within(tree.add("session", "memory pids", inside="17\n"))

    assert groups.foreseen(ALL) == groups.make_group("ab12", 1, ALL)[1] == {"memory", "pids"}


def test_the_nearest_group_that_can_is_taken(tree: Tree, within: Callable[[str], None]) -> None:
    tree.add("", "memory", "memory")
    tree.add("mine", "memory", "memory")
    within(tree.add("mine/session", "memory", inside="17\n"))

    made, _ = groups.make_group("ab12", 1, ["memory"])

    assert made.folder == f"{tree.top}/mine/homerun-run-ab12.1"


def test_a_tree_that_this_user_may_not_write_to_is_not_delegated(
    tree: Tree, within: Callable[[str], None], monkeypatch: pytest.MonkeyPatch
) -> None:
    tree.add("", "memory", "memory")
    within(tree.add("session", "memory"))
    monkeypatch.setattr(os, "access", lambda path, mode: False)

    with pytest.raises(NoGroup, match="delegated to this user"):
        groups.make_group("ab12", 1, ["memory"])


def test_a_system_without_groups_of_version_2_says_so(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(own_group, "of_second", lambda: None)
    monkeypatch.setattr(scopes, "are_needed", lambda: True)

    with pytest.raises(NoGroup, match="no control groups of version 2"):
        groups.foreseen(["memory"])


def test_a_supervisor_leaves_the_group_of_the_run_that_submitted_it(
    tree: Tree, within: Callable[[str], None]
) -> None:
    tree.add("", "memory", "memory")
    groups.leave_others(tree.add("homerun-run-ab12.1", "memory"))
    aside = f"{tree.top}/homerun-supervisors"
    entered = read(aside, "cgroup.procs")
    groups.leave_others(aside)
    groups.leave_others(tree.add("session", "memory"))

    assert entered == str(os.getpid())
    assert sorted(os.listdir(tree.top / "session")) == sorted(os.listdir(aside))


def test_where_systemd_runs_the_machine_a_scope_is_asked_for_and_filled(
    tree: Tree, within: Callable[[str], None], monkeypatch: pytest.MonkeyPatch
) -> None:
    tree.add("", "memory", "memory")
    within(tree.add("session.scope", "memory", inside="17\n"))
    asked: list[str] = []

    def enter(name: str) -> None:
        asked.append(name)
        within(tree.add(name, "memory"))

    monkeypatch.setattr(scopes, "are_needed", lambda: True)
    monkeypatch.setattr(scopes, "check_manager", lambda: None)
    monkeypatch.setattr(scopes, "enter_scope", enter)

    foreseen = groups.foreseen(["memory"])
    made, kept = groups.make_group("ab12", 1, ["memory"])
    scope = f"{tree.top}/homerun-run-ab12.1.scope"
    again, _ = groups.make_group("ab12", 2, ["memory"])

    assert foreseen == kept == {"memory"}
    assert asked == ["homerun-run-ab12.1.scope"]
    assert read(f"{scope}/homerun-supervisors", "cgroup.procs") == str(os.getpid())
    assert made.folder == f"{scope}/homerun-run-ab12.1"
    assert again.folder == f"{scope}/homerun-run-ab12.2"


def test_what_the_group_had_and_was_refused_is_told(tree: Tree) -> None:
    group = groups.ControlGroup(tree.add("run"))
    unknown = group.peak(), group.refused()
    Path(group.folder, "memory.peak").write_text("4096\n")
    Path(group.folder, "pids.events").write_text("max 3\n")

    assert unknown == (None, 0)
    assert (group.peak(), group.refused()) == (4096, 3)
    assert group.kills is not None
    assert group.kills.count() == 0


def test_kills_are_counted_by_the_group_above_where_the_own_one_has_no_memory(tree: Tree) -> None:
    group = groups.ControlGroup(tree.add("run"))
    Path(group.folder, "memory.events.local").unlink()

    kills = group.kills

    assert kills is not None
    assert kills.path == f"{tree.top}/memory.events.local"


def test_a_group_that_something_lives_in_stays(tmp_path: Path) -> None:
    folder = tmp_path / "run"
    (folder / "below").mkdir(parents=True)

    groups.ControlGroup(str(folder)).remove()
    stays = folder.exists()
    (folder / "below").rmdir()
    groups.ControlGroup(str(folder)).remove()

    assert (stays, folder.exists()) == (True, False)
