"""The store: made once, readable whatever its content, and the folders are the truth."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

from helpers import children
from runstore import layout, names, status
from runstore import look as looks
from runstore.draft import Draft
from runstore.errors import (
    AmbiguousPrefix,
    CorruptRecord,
    ExperimentNotFound,
    FormatTooNew,
    InvalidName,
    RunNotFound,
    UntrustedStore,
)
from runstore.fs import facts, lock
from runstore.run.record import Record
from runstore.store import Store


def test_a_store_that_is_not_there_reads_as_an_empty_one_and_is_not_made(tmp_path: Path) -> None:
    store = Store(str(tmp_path / "none"))

    assert not store.exists()
    assert (store.experiments(), list(store.runs()), store.get("a")) == ([], [], None)
    with pytest.raises(RunNotFound):
        store.find("a")
    assert os.listdir(tmp_path) == []


def test_twenty_processes_make_one_store_and_one_experiment(tmp_path: Path) -> None:
    root = str(tmp_path / ".runs")

    def make(_: int) -> list[str]:
        store = Store(root).for_writing()
        return [store.id, store.make_experiment("exp")]

    made = children.race(20, make)

    assert len({tuple(pair) for pair in made}) == 1
    assert sorted(os.listdir(root)) == [layout.GITIGNORE, "exp", layout.STORE]
    assert os.stat(root).st_mode & 0o777 == 0o700


def test_a_maker_killed_at_any_call_leaves_a_store_that_can_be_made(tmp_path: Path) -> None:
    count = 1
    root = str(tmp_path / "1")
    while children.dies_at(count, lambda r=root: Store(r).make_experiment("exp"), torn=True):  # type: ignore[misc]
        assert Store(root).experiments() in ([], ["exp"])
        assert Store(root).for_writing().make_experiment("exp") == "exp"
        assert os.path.exists(f"{root}/{layout.GITIGNORE}")
        count += 1
        root = str(tmp_path / str(count))

    assert count > 15


@pytest.mark.parametrize("content", ["", "{", "[]", "{}", '{"format":1,"store_id":"","lock":"ofd"}',
                                     '{"format":true,"store_id":"x","lock":"ofd"}',
                                     '{"format":1,"store_id":"x","lock":"ofe"}'])  # fmt: skip
def test_a_store_with_a_damaged_description_is_read_and_not_written(
    store: Store, run: Record, content: str
) -> None:
    with open(f"{store.root}/{layout.STORE}", "w") as file:
        file.write(content)
    damaged = Store(store.root)

    assert damaged.exists()
    assert [record.id for record in damaged.runs()] == [run.id]
    assert looks.at(damaged.find(run.id)).status == status.NOT_RESPONDING
    with pytest.raises(CorruptRecord, match=r"store\.json"):
        damaged.for_writing()


def test_a_store_of_a_newer_format_is_read_and_not_written(store: Store, run: Record) -> None:
    os.unlink(f"{store.root}/{layout.STORE}")
    newer = {"format": 2, "store_id": store.id, "lock": "of a later version"}
    facts.publish(store.root, layout.STORE, newer)
    found = Store(store.root)

    assert [record.id for record in found.runs()] == [run.id]
    with pytest.raises(FormatTooNew):
        found.find(run.id).publish(layout.MARK, {})
    with pytest.raises(FormatTooNew):
        found.make_experiment("other")
    assert found.experiments() == ["exp"]


def test_a_read_only_store_is_read_and_says_why_it_cannot_be_written(
    store: Store, run: Record, needs_user_mount: None
) -> None:
    code = """
import sys
from runstore import Draft, ReadOnlyStore, Store
store = Store(sys.argv[1])
assert len(list(store.runs())) == 1
for experiment in ("exp", "other"):
    try:
        Draft(store, experiment)
    except ReadOnlyStore as error:
        assert "read-only" in str(error), error
    else:
        raise SystemExit("it was made")
"""
    mount = 'mount --bind "$1" "$1" && mount -o remount,bind,ro "$1" && exec "$2" -c "$3" "$1"'
    shell = ["unshare", "-rm", "sh", "-c", mount, "sh", store.root, sys.executable, code]
    subprocess.run(shell, check=True)


@pytest.mark.parametrize("name", ["Größe", "x" * 200, "a-_b"])
def test_an_experiment_keeps_its_true_name(
    store: Store, make_run: Callable[..., Record], name: str
) -> None:
    record = make_run(name)

    assert store.experiments() == [name]
    assert record.experiment == name
    assert [found.id for found in store.runs(name)] == [record.id]
    assert store.experiment_folder(name).isascii()
    assert store.make_experiment(name) == store.experiment_folder(name)


def test_names_that_differ_by_case_get_folders_that_do_not(
    store: Store, make_run: Callable[..., Record]
) -> None:
    records = [make_run(name) for name in ("exp", "Exp", "EXP")]
    folders = {store.experiment_folder(name).casefold() for name in ("exp", "Exp", "EXP")}

    assert len(folders) == 3
    assert [[r.id for r in store.runs(n)] for n in ("exp", "Exp", "EXP")] == [
        [record.id] for record in records
    ]


def test_an_unknown_or_impossible_experiment_is_named(store: Store) -> None:
    with pytest.raises(ExperimentNotFound, match="'none'"):
        store.experiment_folder("none")
    for name in ("a/b", "..", "", "\udc80", "a\0"):
        with pytest.raises(InvalidName):
            store.make_experiment(name)
        assert list(store.runs(name)) == []


@pytest.mark.parametrize("content", [None, "", "{", "{}", '{"name":5}', '{"name":"other"}'])
def test_an_experiment_without_a_good_description_bears_its_folders_name(
    store: Store, run: Record, content: str | None
) -> None:
    os.unlink(f"{store.root}/exp/{layout.EXPERIMENT}")
    if content is not None:
        with open(f"{store.root}/exp/{layout.EXPERIMENT}", "w") as file:
            file.write(content)

    assert store.experiments() == ["exp"]
    assert [found.id for found in store.runs("exp")] == [run.id]
    assert store.make_experiment("exp") == "exp"


def test_runs_are_found_by_a_part_of_their_id_and_by_their_number(
    store: Store, make_run: Callable[..., Record]
) -> None:
    for run_id in ("abc-1", "abc-2", "abd"):
        make_run("one" if run_id == "abd" else "two", run_id)

    assert [one.id for one in store.holding("bc")] == ["abc-1", "abc-2"]
    assert store.holding("") == store.holding("nothing") == []
    assert {one.id for one in store.numbered(1)} == {"abc-1", "abd"}
    assert [one.id for one in store.numbered(2, "two")] == ["abc-2"]
    assert [store.last_number(name) for name in ("two", "one", "none")] == [2, 1, 0]
    assert store.numbered(0) == store.numbered(3) == store.numbered(1, "none") == []


def test_a_run_is_found_by_its_id_and_by_a_beginning_of_it(
    store: Store, make_run: Callable[..., Record]
) -> None:
    for run_id in ("abc-1", "abc-2", "abd"):
        make_run("one" if run_id == "abd" else "two", run_id)

    assert store.find("abc-1").id == "abc-1"
    assert store.find("abd").id == store.find("abd"[:3]).id == "abd"
    with pytest.raises(AmbiguousPrefix, match="2 runs"):
        store.find("abc")
    for unknown in ("x", "", "abc-3", "bc", "../two", "a\0", "é"):
        with pytest.raises(RunNotFound):
            store.find(unknown)


def test_runs_of_all_experiments_are_merged_newest_first(
    store: Store, make_run: Callable[..., Record]
) -> None:
    made = [make_run(name).id for name in ("b", "a", "c", "a", "b")]

    assert [record.id for record in store.runs()] == made[::-1]


def test_a_removed_run_is_not_shown_and_a_copied_one_is(
    store: Store, make_run: Callable[..., Record], folder: str
) -> None:
    kept, moved = make_run(), make_run()
    other = Store(f"{folder}/other")
    other.make_experiment("exp")
    os.rename(moved.path, f"{other.root}/exp/{moved.id}")

    assert [record.id for record in store.runs()] == [kept.id]
    assert [record.id for record in other.runs()] == [moved.id]
    assert other.find(moved.id[:-1]).id == moved.id


def test_a_moved_store_works_and_a_copy_of_a_live_run_is_not_responding(
    store: Store, make_run: Callable[..., Record], folder: str
) -> None:
    live = make_run(alive=True)
    shutil.copytree(store.root, f"{folder}/copy")
    os.rename(store.root, f"{folder}/moved")

    moved = looks.at(Store(f"{folder}/moved").find(live.id))
    copied = looks.at(Store(f"{folder}/copy").find(live.id))

    assert (moved.status, copied.status) == (status.PREPARING, status.NOT_RESPONDING)
    assert not copied.is_lost


def test_another_users_run_does_not_take_the_list_down(
    store: Store, make_run: Callable[..., Record]
) -> None:
    mine, theirs = make_run(), make_run()
    if os.getuid():
        pytest.skip("only root can try how a store looks to another user")

    def look() -> list[str]:
        os.chmod(store.root, 0o755)
        os.chmod(f"{store.root}/exp", 0o755)
        for path in (store.root, *map(str, Path(store.root).rglob("*"))):
            if theirs.id not in path:
                os.chown(path, 65534, 65534)
        for parent in Path(store.root).parents:
            os.chmod(parent, os.stat(parent).st_mode | 0o711)
        os.setgroups([])
        os.setgid(65534)
        os.setuid(65534)
        return [looks.at(record).status for record in Store(store.root).runs()]

    assert children.in_child(look) == [status.NOT_RESPONDING, status.FAILED]
    assert mine.exists()


@pytest.mark.parametrize(
    "content", ["", "{", "{}", '{"submitted_from":5}', '{"submitted_from":{"boot_id":[]}}',
                '{"time":5,"experiment":[],"kind":{},"parent":[]}'],
)  # fmt: skip
def test_a_run_with_a_damaged_record_is_listed_and_looked_at(
    store: Store, make_run: Callable[..., Record], content: str
) -> None:
    whole, damaged = make_run(), make_run()
    with open(f"{damaged.path}/{layout.RUN}", "w") as file:
        file.write(content)
    found = list(store.runs())

    assert {record.id for record in found} == {whole.id, damaged.id}
    assert all(looks.at(record).status in status.ALL for record in found)
    assert all(record.labels().tags == {} and record.properties() == {} for record in found)
    assert store.find(damaged.id).created in ("", "5")


@pytest.mark.parametrize("name", [layout.ENDED, layout.MARK])
@pytest.mark.parametrize("content", ["", "{}", '{"status":"Compleeted"}', '{"status":[]}'])
def test_a_damaged_outcome_is_no_outcome(run: Record, name: str, content: str) -> None:
    facts.publish(run.path, layout.EXITED, {"exit_code": 0})
    if name == layout.MARK:
        facts.publish(run.path, layout.ENDED, {"status": status.COMPLETED})
    with open(f"{run.path}/{name}", "w") as file:
        file.write(content)
    look = looks.at(run)

    assert look.status == status.COMPLETED
    assert look.outcome is not None
    assert run.is_damaged(name) == (content == "")


def test_the_lock_is_asked_before_the_facts_are_read(
    run: Record, monkeypatch: pytest.MonkeyPatch
) -> None:
    def ends_in_the_meantime(_path: str, _kind: str) -> bool:
        facts.publish(run.path, layout.ENDED, {"status": status.COMPLETED})
        return False

    monkeypatch.setattr(lock, "is_held", ends_in_the_meantime)

    assert looks.at(run).status == status.COMPLETED
    assert names.is_run_id(run.id)


def _reopened(store: Store) -> Store:
    return Store(store.root)


def _opened_before_it_was_there(store: Store) -> Store:
    os.rename(store.root, f"{store.root}-away")
    early = Store(store.root)
    assert not early.exists()
    os.rename(f"{store.root}-away", store.root)
    return early


def _opened_before_it_was_made_anew(store: Store) -> Store:
    os.rename(store.root, f"{store.root}-away")
    former = Store(store.root).for_writing()
    os.rename(store.root, f"{store.root}-former")
    os.rename(f"{store.root}-away", store.root)
    return former


def _opened_while_it_was_damaged(store: Store) -> Store:
    with open(f"{store.root}/{layout.STORE}", "r+") as file:
        whole = file.read()
        file.truncate(0)
        damaged = Store(store.root)
        assert damaged.damage
        file.seek(0)
        file.write(whole)
    return damaged


def _opened_without_its_description(store: Store) -> Store:
    os.unlink(f"{store.root}/{layout.STORE}")
    return Store(store.root)


@pytest.mark.parametrize(
    "opened",
    [
        _reopened,
        _opened_before_it_was_there,
        _opened_before_it_was_made_anew,
        _opened_while_it_was_damaged,
        _opened_without_its_description,
    ],
)
def test_a_store_knows_its_live_runs_however_long_ago_it_was_opened(
    store: Store, make_run: Callable[..., Record], opened: Callable[[Store], Store]
) -> None:
    live = make_run(alive=True)
    known, kind = store.id, store.lock_kind

    found = opened(store)

    assert looks.at(found.find(live.id)).status == status.PREPARING
    assert (found.id, found.lock_kind, found.exists()) == (known, kind, True)
    assert found.for_acting().id == known
    assert Store(found.root).id == known


def test_a_description_that_is_gone_is_written_again_with_the_id_of_the_runs_that_were_made_there(
    store: Store, make_run: Callable[..., Record], folder: str
) -> None:
    native = make_run()
    other = Store(f"{folder}/other").for_writing()
    os.rename(store.root, f"{folder}/moved")
    for _ in range(3):
        copied = Draft(other, "exp")
        alive = copied.take_alive()
        record = copied.publish({"kind": status.SUBMITTED})
        lock.release(alive)
        shutil.copytree(record.path, f"{folder}/moved/exp/{record.id}")
    os.unlink(f"{folder}/moved/{layout.STORE}")

    found = Store(f"{folder}/moved").for_writing()

    assert found.id == store.id
    assert looks.at(found.find(native.id)).status == status.FAILED


def test_a_copy_without_a_description_has_the_id_of_no_other_store_and_acts_for_no_user(
    store: Store, make_run: Callable[..., Record], folder: str
) -> None:
    run = make_run(alive=True)
    shutil.copytree(store.root, f"{folder}/copy")
    os.unlink(f"{folder}/copy/{layout.STORE}")
    copy = Store(f"{folder}/copy")

    assert (copy.id, copy.exists(), copy.may_act) == ("", False, False)
    assert looks.at(copy.find(run.id)).status == status.NOT_RESPONDING
    assert not os.path.exists(f"{copy.root}/{layout.STORE}")

    written = copy.for_writing()

    assert written.id not in ("", store.id)
    assert not written.may_act
    with pytest.raises(UntrustedStore, match="not made here"):
        written.for_acting()


def test_a_umask_that_takes_the_owners_own_rights_takes_none_that_a_store_needs(
    tmp_path: Path,
) -> None:
    def make() -> list[str]:
        os.umask(0o277)
        store = Store(f"{tmp_path}/.runs").for_writing()
        draft = Draft(store, "e")
        alive = draft.take_alive()
        record = draft.publish({"kind": "submitted"})
        lock.release(alive)
        opened_again = (store.root, f"{store.root}/e", f"{store.root}/e/{layout.LEDGER}")
        found = (*opened_again, record.path, f"{record.path}/{layout.ALIVE}")
        return [oct(os.stat(path).st_mode & 0o777) for path in found]

    assert children.in_child(make) == ["0o700", "0o700", "0o600", "0o700", "0o600"]


def begun_here(record: Record) -> dict[str, object]:
    """started.json of a run of this boot of the machine, whose process is gone."""
    return dict(record.asked()["submitted_from"])


@pytest.fixture
def looked_at(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """The id of each run that is looked at; a look at too many ends the test."""
    found: list[str] = []
    real = looks.at

    def at(record: Record) -> looks.Look:
        found.append(record.id)
        assert len(found) < 20
        return real(record)

    monkeypatch.setattr(looks, "at", at)
    return found


@pytest.mark.parametrize("is_over", [True, False])
@pytest.mark.parametrize("count", [1, 2])
def test_a_submitted_run_that_says_it_was_begun_in_another_sends_no_reader_in_a_circle(
    make_run: Callable[..., Record], looked_at: list[str], count: int, is_over: bool
) -> None:
    found = [make_run() for _ in range(count)]
    for record, around in zip(found, [*found[1:], found[0]]):
        facts.publish(record.path, layout.STARTED, {**begun_here(record), "within": around.id})
        if is_over:
            ended = {"status": status.FAILED, "cause": status.PROCESS_EXITED}
            facts.publish(record.path, layout.ENDED, ended)

    for record in found:
        seen = looks.at(record)
        assert seen.status == status.FAILED
        assert looks.left_open_by(record, seen) is None
        assert looks.failed_because(record, seen)
    assert looked_at == [record.id for record in found]


def test_submitted_runs_that_say_they_are_batches_of_each_other_send_no_reader_in_a_circle(
    make_run: Callable[..., Record], looked_at: list[str]
) -> None:
    found = [make_run(batch=1) for _ in range(2)]
    for parent, child in (found, found[::-1]):
        os.mkdir(f"{parent.path}/{layout.CHILDREN}")
        os.symlink(f"../../{child.id}", f"{parent.path}/{layout.CHILDREN}/{child.id}")
        facts.publish(parent.path, layout.STARTED, begun_here(parent))

    assert [looks.at(record).status for record in found] == [status.FAILED] * 2
    assert looked_at == [record.id for record in found]
