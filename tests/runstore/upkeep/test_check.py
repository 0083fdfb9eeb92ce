"""The check: every damaged file is named, and a repair loses nothing."""

from __future__ import annotations

import builtins
import errno
import os
import shutil
import subprocess
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from helpers import children
from runstore import layout, look
from runstore.draft import Draft
from runstore.errors import FormatTooNew, LockTimeout, StoreError
from runstore.fs import atomic, facts
from runstore.metrics import log as metric_log
from runstore.queue.queue import Queue
from runstore.run import labels, ledger, properties
from runstore.run.record import Record
from runstore.store import Store
from runstore.upkeep.check import check

pytest.importorskip("filelock", reason="repairs need the package filelock")

Arrange = Callable[[Store, Record], None]


def put(path: str, content: str = "") -> None:
    os.makedirs(os.path.dirname(path), exist_ok=True)
    with open(path, "w") as file:
        file.write(content)


def age(path: str, seconds: float = 1000) -> None:
    when = os.lstat(path).st_mtime - seconds
    os.utime(path, (when, when), follow_symlinks=False)


def a_dead_pid() -> int:
    with subprocess.Popen(["true"]) as process:
        return process.pid


def damaged_store(store: Store, run: Record) -> None:
    put(f"{store.root}/store.json", "{")


def missing_store(store: Store, run: Record) -> None:
    os.unlink(f"{store.root}/store.json")


def damaged_workspace(store: Store, run: Record) -> None:
    put(f"{store.root}/workspace.json", "[]")


def damaged_experiment(store: Store, run: Record) -> None:
    put(f"{store.root}/exp/experiment.json", "")


def missing_experiment(store: Store, run: Record) -> None:
    os.unlink(f"{store.root}/exp/experiment.json")


def renamed_experiment(store: Store, run: Record) -> None:
    put(f"{store.root}/exp/experiment.json", '{"name":"other"}')


def damaged_run(store: Store, run: Record) -> None:
    put(f"{run.path}/run.json", "\0\0\0")


def run_without_id(store: Store, run: Record) -> None:
    put(f"{run.path}/run.json", '{"script":"a.py"}')


def damaged_started(store: Store, run: Record) -> None:
    put(f"{run.path}/started.json", "[5]")


def damaged_stop(store: Store, run: Record) -> None:
    put(f"{run.path}/stop.json", '{"kind":"?"}')


def damaged_ended(store: Store, run: Record) -> None:
    put(f"{run.path}/ended.json", '{"status":"Running"}')


def damaged_property(store: Store, run: Record) -> None:
    put(f"{run.path}/properties/k", '{"key":"other","value":"v"}')


def fact_that_is_a_folder(store: Store, run: Record) -> None:
    os.mkdir(f"{run.path}/exited.json")


def left_temporary(store: Store, run: Record) -> None:
    put(f"{run.path}/.run.json.{a_dead_pid()}.aabbccdd")


def left_old_temporary_of_a_pid_used_again(store: Store, run: Record) -> None:
    put(f"{run.path}/.run.json.{os.getpid()}.aabbccdd")
    age(f"{run.path}/.run.json.{os.getpid()}.aabbccdd")


def left_draft(store: Store, run: Record) -> None:
    children.in_child(lambda: bool(Draft(store, "exp").take_alive()))


def left_draft_without_lock(store: Store, run: Record) -> None:
    age(Draft(store, "exp").path)


def left_experiment(store: Store, run: Record) -> None:
    os.mkdir(f"{store.root}/.new-aabbccdd")
    age(f"{store.root}/.new-aabbccdd")


def torn_ledger(store: Store, run: Record) -> None:
    with open(f"{store.root}/exp/ledger", "ab") as file:
        file.write(b"exp_torn")


def damaged_row(store: Store, run: Record) -> None:
    with open(f"{store.root}/exp/ledger", "r+b") as file:
        file.seek(5)
        file.write(b"\0")


def copied_in(store: Store, run: Record) -> None:
    os.truncate(f"{store.root}/exp/ledger", 0)


def half_snapshot(store: Store, run: Record) -> None:
    path = f"{store.root}/.snapshots/.new-{a_dead_pid()}-aabbccdd"
    os.makedirs(f"{path}/tree")
    age(path)


def damaged_manifest(store: Store, run: Record) -> None:
    os.makedirs(f"{store.root}/.snapshots/aa/tree")
    put(f"{store.root}/.snapshots/aa/manifest.json", "{")


def snapshot_without_tree(store: Store, run: Record) -> None:
    put(f"{store.root}/.snapshots/aa/manifest.json", "{}")


def dangling_child(store: Store, run: Record) -> None:
    os.mkdir(f"{run.path}/children")
    os.symlink("../../gone", f"{run.path}/children/gone")
    age(f"{run.path}/children/gone")


def child_that_is_no_link(store: Store, run: Record) -> None:
    put(f"{run.path}/children/child")


def entry_without_run(store: Store, run: Record) -> None:
    age(Queue(store.root, "local").add("exp_gone", b"SECRET=1").path)


def entry_of_a_run_that_is_over(store: Store, run: Record) -> None:
    facts.publish(run.path, layout.ENDED, {"status": "Completed"})
    Queue(store.root, "local").add(run.id, b"SECRET=1")


def entry_of_a_run_that_has_started(store: Store, run: Record) -> None:
    facts.publish(run.path, layout.STARTED, {"script": {"pid": 1}})
    age(Queue(store.root, "local").add(run.id, b"SECRET=1").path)


def half_entry(store: Store, run: Record) -> None:
    put(f"{store.root}/.queue/local/.new-exp_gone", "SECRET=1")
    age(f"{store.root}/.queue/local/.new-exp_gone")


def damaged_queued(store: Store, run: Record) -> None:
    put(f"{run.path}/queued.json", "{}")


CURABLE = {
    entry_without_run: ".queue/local/9999.",
    entry_of_a_run_that_is_over: ".queue/local/9999.",
    entry_of_a_run_that_has_started: ".queue/local/9999.",
    half_entry: ".queue/local/.new-exp_gone",
    damaged_queued: "exp/{run}/queued.json",
    damaged_store: "store.json",
    missing_store: "store.json",
    damaged_workspace: "workspace.json",
    damaged_experiment: "exp/experiment.json",
    missing_experiment: "exp/experiment.json",
    renamed_experiment: "exp/experiment.json",
    damaged_run: "exp/{run}/run.json",
    run_without_id: "exp/{run}/run.json",
    damaged_started: "exp/{run}/started.json",
    damaged_stop: "exp/{run}/stop.json",
    damaged_ended: "exp/{run}/ended.json",
    damaged_property: "exp/{run}/properties/k",
    fact_that_is_a_folder: "exp/{run}/exited.json",
    left_temporary: "exp/{run}/.run.json.",
    left_old_temporary_of_a_pid_used_again: "exp/{run}/.run.json.",
    left_draft: "exp/.new-exp_",
    left_draft_without_lock: "exp/.new-exp_",
    left_experiment: ".new-aabbccdd",
    torn_ledger: "exp/ledger",
    damaged_row: "exp/ledger",
    copied_in: "exp/{run}",
    half_snapshot: ".snapshots/.new-",
    damaged_manifest: ".snapshots/aa",
    snapshot_without_tree: ".snapshots/aa",
    dangling_child: "exp/{run}/children/gone",
    child_that_is_no_link: "exp/{run}/children/child",
}


@pytest.mark.parametrize("arrange", CURABLE, ids=lambda arrange: arrange.__name__)
def test_it_is_named_and_after_a_repair_nothing_is_found(
    store: Store, run: Record, arrange: Arrange
) -> None:
    where = CURABLE[arrange].format(run=run.id)
    arrange(store, run)
    before = sorted(Path(store.root).rglob("*"))

    found = check(Store(store.root))
    assert len(found) == 1
    assert found[0].path.startswith(where)
    assert (found[0].problem != "", found[0].repaired) == (True, False)
    assert sorted(Path(store.root).rglob("*")) == before

    repaired = check(Store(store.root), repair=True)
    assert [(f.path, f.repaired) for f in repaired] == [(found[0].path, True)]
    after = Store(store.root)
    assert check(after) == []
    assert after.id == store.id
    assert [record.id for record in after.runs()] == [run.id]
    assert after.experiments() == ["exp"]


@pytest.mark.parametrize("arrange", [damaged_store, damaged_run, damaged_ended, damaged_row])
def test_what_is_damaged_is_moved_aside_and_kept(
    store: Store, run: Record, arrange: Arrange
) -> None:
    arrange(store, run)
    check(Store(store.root), repair=True)

    kept = [path.name for path in Path(store.root).rglob(f"{layout.DAMAGED}*")]
    assert len(kept) == 1


def test_a_whole_store_has_no_findings(store: Store, make_run: Callable[..., Record]) -> None:
    for record in (make_run(), make_run("größe"), make_run(run_id="mine"), make_run(alive=True)):
        labels.write(record.path, [(labels.TAG, "a", "b")])
        properties.add(record.path, "a/b", "c")
        writer = metric_log.Writer(record.path)
        writer.add_scalar("loss", 0.5)
        writer.close()
    shutil.rmtree(make_run().path)

    assert check(store) == []
    assert check(store, repair=True) == []


def test_a_torn_line_is_named_with_its_offset_and_stays(store: Store, run: Record) -> None:
    path = f"{run.path}/metrics/1-a.jsonl"
    put(path, '\n{"n":"a","v":1,"t":1}\n\n{"n"\n\n{"m":1}\n\n{"n":"a"')
    for repair in (False, True):
        found = check(store, repair=repair)
        assert [f.path for f in found] == [f"exp/{run.id}/metrics/1-a.jsonl"]
        assert "3 lines" in found[0].problem
        assert "at byte 24" in found[0].problem
        assert not found[0].repaired


def test_a_run_under_another_name_and_a_stray_folder_are_left_to_people(
    store: Store, run: Record
) -> None:
    os.rename(run.path, f"{store.root}/exp/renamed")
    os.mkdir(f"{store.root}/exp/stray")
    os.mkdir(f"{store.root}/notes")
    check(store, repair=True)

    assert [(f.path, f.repaired) for f in check(store, repair=True)] == [
        ("exp/renamed/run.json", False),
        ("exp/stray/run.json", False),
        ("notes/experiment.json", False),
    ]


@pytest.mark.parametrize("code", [errno.EIO, errno.EACCES])
def test_what_only_cannot_be_read_is_named_and_never_moved_aside(
    store: Store, run: Record, monkeypatch: pytest.MonkeyPatch, code: int
) -> None:
    path = f"{run.path}/{layout.RUN}"
    read = atomic.read_bytes

    def refused(wanted: str, *most: int) -> bytes | None:
        if wanted == path:
            raise OSError(code, os.strerror(code), wanted)
        return read(wanted, *most)

    with monkeypatch.context() as patch:
        patch.setattr(atomic, "read_bytes", refused)
        found = check(store, repair=True)

    assert [one.repaired for one in found if layout.RUN in one.path] == [False]
    assert Record(store, run.experiment_folder, run.id).run["id"] == run.id


def test_a_check_without_descriptors_says_so_and_repairs_nothing(
    store: Store, run: Record, monkeypatch: pytest.MonkeyPatch
) -> None:
    def out_of_descriptors(wanted: str, *_: int) -> bytes | None:
        raise OSError(errno.EMFILE, os.strerror(errno.EMFILE), wanted)

    with monkeypatch.context() as patch:
        patch.setattr(atomic, "read_bytes", out_of_descriptors)
        with pytest.raises(OSError, match="Too many open files"):
            check(store, repair=True)

    assert Record(store, run.experiment_folder, run.id).run["id"] == run.id


def test_a_live_run_is_never_repaired_and_what_it_is_writing_is_no_finding(
    store: Store, make_run: Callable[..., Record]
) -> None:
    live = make_run(alive=True)
    put(f"{live.path}/.exited.json.{a_dead_pid()}.aabbccdd")
    put(f"{live.path}/metrics/1-a.jsonl", '\n{"n":"a"')
    put(f"{live.path}/stop.json", "{")
    found = check(store, repair=True)

    assert [(f.path, f.repaired) for f in found] == [(f"exp/{live.id}/stop.json", False)]
    assert os.path.exists(f"{live.path}/stop.json")


def test_a_draft_whose_maker_lives_is_no_finding(store: Store) -> None:
    draft, young = Draft(store, "exp"), Draft(store, "exp")
    draft.take_alive()

    assert check(store, repair=True) == []
    assert os.path.isdir(young.path)
    draft.discard()


def test_links_to_children_are_made_as_the_children_say(
    store: Store, make_run: Callable[..., Record]
) -> None:
    parent, other = make_run(), make_run()
    near, far = make_run(parent=parent.id), make_run("elsewhere", parent=parent.id)
    put(f"{parent.path}/children/.keep")
    os.unlink(f"{parent.path}/children/.keep")
    link = f"{parent.path}/children/{near.id}"
    if os.path.lexists(link):
        os.unlink(link)
    os.symlink(f"../../{other.id}", link)
    os.symlink(f"../../{other.id}", f"{parent.path}/children/{other.id}")
    check(store, repair=True)

    assert check(store) == []
    folder = f"{parent.path}/children"
    assert sorted(os.listdir(folder)) == sorted([near.id, far.id])
    assert os.readlink(link) == f"../../{near.id}"
    assert os.path.samefile(f"{folder}/{far.id}", far.path)


def test_a_stale_claim_is_removed_and_a_good_one_stays(
    store: Store, make_run: Callable[..., Record], monkeypatch: pytest.MonkeyPatch
) -> None:
    import time

    make_run(run_id="mine")
    put(f"{store.root}/.ids/gone")
    assert check(store) == []

    now = time.time()
    monkeypatch.setattr(time, "time", lambda: now + 100)
    assert [f.path for f in check(store, repair=True)] == [".ids/gone"]
    assert os.listdir(f"{store.root}/.ids") == ["mine"]


def test_runs_copied_in_get_lines_in_the_ledger(
    store: Store, make_run: Callable[..., Record], folder: str
) -> None:
    top, child = make_run(), make_run(parent="gone")
    other = Store(f"{folder}/other")
    shutil.copytree(f"{store.root}/exp", f"{other.for_writing().root}/exp")
    os.unlink(f"{other.root}/exp/ledger")
    assert len(check(other, repair=True)) == 2

    lines = {line.run_id: line for line in ledger.newest_first(f"{other.root}/exp/ledger")}
    assert {run_id: line.is_child for run_id, line in lines.items()} == {
        top.id: False,
        child.id: True,
    }
    assert lines[top.id].made == top.created[:19] + "Z"


def test_a_damaged_row_gets_its_own_line_again(
    store: Store, make_run: Callable[..., Record]
) -> None:
    made = [make_run() for _ in range(3)]
    damaged_row(store, made[0])
    check(store, repair=True)

    lines = ledger.newest_first(f"{store.root}/exp/ledger")
    assert [(line.number, line.run_id) for line in lines] == [
        (number, made[number - 1].id) for number in (3, 2, 1)
    ]


def test_a_store_of_a_newer_format_is_checked_and_not_repaired(store: Store) -> None:
    os.unlink(f"{store.root}/store.json")
    facts.publish(store.root, "store.json", {"format": 2, "store_id": "x"})
    newer = Store(store.root)

    assert check(newer) == []
    with pytest.raises(FormatTooNew):
        check(newer, repair=True)


def test_two_repairs_do_not_meet(store: Store, monkeypatch: pytest.MonkeyPatch) -> None:
    from runstore.fs import maintenance_lock

    with maintenance_lock.lock(store.root):
        monkeypatch.setattr(maintenance_lock, "PATIENCE_S", 0)

        def try_to_repair() -> str:
            try:
                check(store, repair=True)
            except LockTimeout as error:
                return str(error)
            return "it was repaired"

        assert "try again" in children.in_child(try_to_repair)
    assert check(store, repair=True) == []


def test_without_filelock_a_check_works_and_a_repair_says_what_to_install(
    store: Store, monkeypatch: pytest.MonkeyPatch
) -> None:
    real = builtins.__import__

    def refuse(name: str, *args: Any, **named: Any) -> Any:
        if name == "filelock":
            raise ImportError(name)
        return real(name, *args, **named)

    monkeypatch.setattr(builtins, "__import__", refuse)

    assert check(store) == []
    with pytest.raises(StoreError, match="pip install filelock"):
        check(store, repair=True)


def test_a_store_that_is_not_there_has_no_findings(folder: str) -> None:
    assert check(Store(f"{folder}/none")) == []
    assert check(Store(f"{folder}/none"), repair=True) == []
    assert os.listdir(folder) == []


def test_a_repair_killed_at_any_call_can_be_done_again(tmp_path: Path) -> None:
    count, died = 0, True
    while died:
        count += 1
        store = Store(str(tmp_path / str(count))).for_writing()
        draft = Draft(store, "exp")
        run = draft.publish({"kind": "submitted", "parent": None})
        for arrange in (damaged_store, damaged_row, damaged_run, damaged_stop, torn_ledger):
            arrange(store, run)
        again = Store(store.root)
        died = children.dies_at(count, lambda s=again: check(s, repair=True))  # type: ignore[misc]
        check(Store(store.root), repair=True)
        assert [f.problem for f in check(Store(store.root)) if "left" not in f.problem] == []
        assert [record.id for record in Store(store.root).runs()] == [run.id]

    assert count > 10


def golden(root: str) -> tuple[str, str]:
    """A small store with a bit of everything: the ids of its two runs."""
    store = Store(root).for_writing()
    made = []
    for number in range(2):
        run = Draft(store, "exp").publish({"kind": "submitted", "script": "a.py", "parent": None})
        facts.publish(run.path, layout.STARTED, {"script": {"pid": 1, "start_ticks": 5}})
        facts.publish(run.path, layout.STOP, {"kind": "cancel"})
        facts.publish(run.path, layout.EXITED, {"exit_code": number})
        facts.publish(run.path, layout.ENDED, {"status": "Canceled", "cause": "cancel"})
        labels.write(run.path, [(labels.TAG, "a", "b")])
        properties.add(run.path, "k", "v")
        writer = metric_log.Writer(run.path)
        writer.add_scalar("loss", 0.5)
        writer.add("loss", float("nan"), step=1)
        writer.close()
        made.append(run.id)
    return made[0], made[1]


def read_all(root: str) -> dict[str, object]:
    """Read everything of a store that there is to read."""
    store = Store(root)
    store.experiments()
    found: dict[str, object] = {}
    for run in store.runs():
        run_labels = run.labels()
        series = metric_log.read(run.path)[0]
        said = (look.at(run).status, look.at(run).outcome, run_labels.tags, run.properties())
        values = {name: (s.values, s.steps, s.kinds) for name, s in series.items()}
        found[run.id] = repr((run.run, run.created, run.experiment, said, values))
    check(store)
    return found


def _changes(data: bytes) -> list[bytes]:
    cut = [data[:at] for at in range(len(data))]
    flipped = [
        data[:at] + bytes([data[at] ^ mask]) + data[at + 1 :]
        for at in range(len(data))
        for mask in (0x01, 0x80)
    ]
    return cut + flipped


def _damageable() -> list[str]:
    run = [*layout.FACTS[:-1], "properties/k", "labels", "metrics"]
    return [layout.STORE, f"exp/{layout.EXPERIMENT}", f"exp/{layout.LEDGER}", *run]


@pytest.mark.parametrize("name", [n for n in _damageable() if n != layout.FAILED])
def test_damage_at_any_byte_raises_nowhere_and_leaves_the_other_run_as_it_was(
    tmp_path: Path, name: str
) -> None:
    root = str(tmp_path / ".runs")
    damaged, other = golden(root)
    shared = name in (layout.STORE, f"exp/{layout.EXPERIMENT}", f"exp/{layout.LEDGER}")
    path = f"{root}/{name}" if shared else f"{root}/exp/{damaged}/{name}"
    if os.path.isdir(path):
        path = f"{path}/{os.listdir(path)[0]}"
    before = read_all(root)
    data = Path(path).read_bytes()
    step = 3 if len(data) > 300 else 1
    for changed in _changes(data)[::step]:
        Path(path).write_bytes(changed)
        found = read_all(root)
        assert found[other] == before[other]
        assert found.keys() >= before.keys()
