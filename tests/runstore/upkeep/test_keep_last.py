"""Rules for checkpoints: which of them go, and when all of them stay."""

from __future__ import annotations

import os
from pathlib import Path
from typing import Any

import pytest

from runstore import layout, status
from runstore.fs import facts
from runstore.run import labels
from runstore.run.record import Record
from runstore.upkeep import garbage, keep_last

RULE = "outputs/ckpt-*=2"


@pytest.fixture
def run(make_run: Any) -> Record:
    """A run that is over, with a rule and four checkpoints; 3 is the newest."""
    record: Record = make_run(keep_last=[RULE], work="work/source")
    add(record, *(f"outputs/ckpt-{number}" for number in range(4)))
    record.publish(layout.ENDED, dict(status.ended(status.COMPLETED)))
    return record


def add(record: Record, *paths: str, first: int = 1_000_000_000) -> None:
    """Files of the script, each a second newer than the one before."""
    for second, path in enumerate(paths, first):
        file = Path(record.path, "work/source", path)
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_bytes(b"x" * 9000)
        os.utime(file, (second, second))


def goes(record: Record, *rules: str) -> list[str]:
    """What rules let go, relative to the script's folder."""
    said = {**record.run, keep_last.FIELD: list(rules or [RULE])}
    found = keep_last.surplus(record.path, said)
    return [path.removeprefix("work/source/") for one in found for path in one.paths]


def left(record: Record) -> list[str]:
    return sorted(os.listdir(f"{record.path}/work/source/outputs"))


def test_all_but_the_newest_go_by_time_and_not_by_name(run: Record) -> None:
    os.utime(f"{run.path}/work/source/outputs/ckpt-0", (2_000_000_000, 2_000_000_000))

    assert goes(run) == ["outputs/ckpt-1", "outputs/ckpt-2"]
    assert goes(run, "outputs/ckpt-*=4") == []


def test_folders_are_checkpoints_too_and_go_with_all_below_them(run: Record) -> None:
    add(run, *(f"outputs/step-{number}/model.bin" for number in range(3)))
    for number in range(3):
        second = 1_000_000_000 + number
        os.utime(f"{run.path}/work/source/outputs/step-{number}", (second, second))
    [surplus] = keep_last.surplus(run.path, {**run.run, keep_last.FIELD: ["outputs/step-*=1"]})

    removed, freed = keep_last.remove(run.path, surplus)

    assert (removed, surplus.count) == (2, 3)
    assert freed >= 2 * 9000
    assert "step-2" in left(run)
    assert {"step-0", "step-1"}.isdisjoint(left(run))


def test_a_pattern_fits_names_as_in_a_shell(run: Record) -> None:
    add(run, "a/b/ckpt-1", "a/c/ckpt-2", "a/ckpt-3", "outputs/.ckpt-hidden", ".h/ckpt-4")

    assert goes(run, "*/*/ckpt-?=1") == ["a/b/ckpt-1"]
    assert goes(run, "*/.ckpt-*=1", "*/ckpt-h*=1") == []


def test_the_folders_of_results_are_no_checkpoints(run: Record) -> None:
    add(run, "logs/a", "other/b", "older/c")

    assert {"outputs", "logs"}.isdisjoint(goes(run, "*=1"))


def test_links_are_neither_counted_nor_followed_nor_removed(run: Record, tmp_path: Path) -> None:
    kept = tmp_path / "elsewhere"
    kept.mkdir()
    (kept / "ckpt-9").write_text("mine")
    outputs = Path(run.path, "work/source/outputs")
    (outputs / "ckpt-8").symlink_to(kept / "ckpt-9")
    (outputs / "sub").symlink_to(kept)

    assert goes(run) == ["outputs/ckpt-0", "outputs/ckpt-1"]
    assert goes(run, "outputs/sub/ckpt-*=1", "outputs/*/ckpt-*=1") == []


def test_a_link_in_the_place_of_the_scripts_folder_leads_nowhere(
    run: Record, tmp_path: Path
) -> None:
    os.rename(f"{run.path}/work/source", tmp_path / "mine")
    os.symlink(tmp_path / "mine", f"{run.path}/work/source")

    assert goes(run) == []


def test_what_is_swapped_for_a_link_meanwhile_is_not_removed_through_it(
    run: Record, tmp_path: Path
) -> None:
    [surplus] = keep_last.surplus(run.path, run.run)
    os.rename(f"{run.path}/work/source", tmp_path / "mine")
    os.symlink(tmp_path / "mine", f"{run.path}/work/source")

    with pytest.raises(NotADirectoryError):
        keep_last.remove(run.path, surplus)

    assert len(os.listdir(tmp_path / "mine/outputs")) == 4


def test_a_run_in_its_source_folder_keeps_all(run: Record) -> None:
    assert keep_last.surplus(run.path, {**run.run, "in_place": True}) == []


@pytest.mark.parametrize(
    "rule",
    ["ckpt-*", "../x=2", "/etc/*=1", "a//b=1", "=3", "a=0", "a=-1", "a=x", "a\nb=1", "./a=1"],
)
def test_what_is_no_rule_is_refused_and_lets_nothing_go(run: Record, rule: str) -> None:
    with pytest.raises(ValueError, match="is not a pattern"):
        keep_last.parse(rule)
    assert goes(run, rule) == []


# Tags


def test_a_tag_that_is_set_later_keeps_all_until_it_is_removed(run: Record) -> None:
    assert keep_last.tag_that_keeps(run.path) is None
    labels.write(run.path, [(labels.TAG, "best", None)])
    tagged = keep_last.tag_that_keeps(run.path)
    collected = garbage.collect(run.store)
    labels.write(run.path, [(labels.UNTAG, "best", None)])

    assert tagged == "best"
    assert (collected.items, len(left(run))) == ([], 4)
    assert keep_last.tag_that_keeps(run.path) is None


def test_tags_of_the_submit_and_of_the_script_itself_keep_nothing(make_run: Any) -> None:
    record: Record = make_run(tags={"model": "small"}, keep_last=[RULE])
    here = {"pid": os.getpid()}
    record.publish(layout.STARTED, {"script": here, "host": os.uname().nodename})
    labels.write(record.path, [(labels.TAG, "loss", "0.1")])

    assert keep_last.tag_that_keeps(record.path) is None


def test_a_planted_attempt_with_a_high_number_is_not_counted_up_to(
    run: Record, monkeypatch: pytest.MonkeyPatch
) -> None:
    folder = f"{run.path}/{layout.ATTEMPTS}/999999999"
    os.makedirs(folder)
    Path(folder, layout.STARTED).touch()
    reads = iter(range(10))  # and then there is an end
    read = facts.read
    monkeypatch.setattr(facts, "read", lambda *given: next(reads) >= 0 and read(*given))

    assert keep_last.tag_that_keeps(run.path) is None


# Collected as garbage


def test_garbage_collection_takes_what_a_supervisor_could_not(run: Record) -> None:
    looked = garbage.collect(run.store, dry_run=True)
    was_left = left(run)
    done = garbage.collect(run.store)
    log = Path(run.path, layout.SUPERVISOR_LOG).read_text()

    where = os.path.relpath(run.path, run.store.root)
    paths = [f"{where}/work/source/outputs/ckpt-{number}" for number in (0, 1)]
    assert [(one.what, one.path) for one in looked.items] == [("checkpoint", p) for p in paths]
    assert len(was_left) == 4
    assert [one.path for one in done.items] == paths
    assert left(run) == ["ckpt-2", "ckpt-3"]
    assert f"keep_last {RULE}: removed 2 of 4, " in log
    assert log.endswith("(store gc)\n")
    assert garbage.collect(run.store).items == []


def test_a_run_that_goes_on_or_left_processes_keeps_its_checkpoints(make_run: Any) -> None:
    going: Record = make_run(keep_last=[RULE], work="work/source")
    leaving: Record = make_run(keep_last=[RULE], work="work/source", on_exit="leave")
    for record in (going, leaving):
        add(record, *(f"outputs/ckpt-{number}" for number in range(4)))
    leaving.publish(layout.ENDED, dict(status.ended(status.COMPLETED)))

    assert garbage.collect(going.store).items == []
