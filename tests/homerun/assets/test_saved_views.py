"""Saved views: facts, of which the highest revision holds and of two changes one wins."""

from __future__ import annotations

import json
import os
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from helpers.hostile import LITERAL, NAMES
from homerun import Workspace
from homerun.assets import saved_views
from homerun.assets.saved_views import SavedView, remove, save_view, stored
from homerun.base.errors import AssetNotFound, UserError, ViewConflict
from runstore import layout
from runstore.errors import StoreError
from runstore.store import Store
from runstore.upkeep import check as store_check
from runstore.upkeep import garbage

QUERY = {"where": ["status = Failed", "tags.a in (x, y)"], "sort": ["-created"]}


@pytest.fixture
def store(workspace_dir: Path) -> Store:
    return Workspace.from_config().store.for_writing()


@pytest.fixture
def folder(store: Store) -> Path:
    return Path(store.root, layout.VIEWS)


def names(store: Store) -> list[str]:
    return [one.name for one in stored(store)]


def test_a_view_is_saved_renamed_copied_and_deleted(store: Store, folder: Path) -> None:
    first = save_view(store, "Failed", "runs", QUERY)
    again = save_view(store, "Broken", "runs", {"where": ["a"]}, view_id=first.id, revision=1)
    save_view(store, "Copy", "runs", {"where": ["a"]})

    assert (again.id, again.revision) == (first.id, 2)
    assert [(one.name, one.query) for one in stored(store)] == [
        ("Broken", {"where": ["a"]}),
        ("Copy", {"where": ["a"]}),
    ]
    assert remove(store, first.id, 2).name == "Broken"
    assert names(store) == ["Copy"]
    with pytest.raises(AssetNotFound, match="deleted"):
        save_view(store, "Failed", "runs", QUERY, view_id=first.id, revision=3)
    said = json.loads((folder / f"{first.id}.1.json").read_text())
    assert (said["name"], said["query"]) == ("Failed", QUERY)
    assert {"user", "host", "pid", "time"} <= set(said)
    assert {one.stat().st_mode & 0o777 for one in folder.iterdir()} == {0o600}


def test_of_many_who_change_one_revision_one_wins_and_the_others_are_told(store: Store) -> None:
    view = save_view(store, "Failed", "runs", QUERY)

    def change(number: int) -> SavedView | None:
        try:
            return save_view(store, f"{number}", "runs", QUERY, view_id=view.id, revision=1)
        except ViewConflict:
            return None

    with ThreadPoolExecutor(8) as pool:
        won = [one for one in pool.map(change, range(16)) if one is not None]

    assert [one.name for one in won] == names(store)
    with pytest.raises(ViewConflict):
        remove(store, view.id, 1)


def test_one_who_comes_after_old_revisions_were_swept_is_told_too(
    store: Store, folder: Path
) -> None:
    view = save_view(store, "Failed", "runs", QUERY)
    for revision in range(1, 15):
        save_view(store, "Failed", "runs", QUERY, view_id=view.id, revision=revision)
    assert len([*folder.iterdir()]) == saved_views.KEPT

    with pytest.raises(ViewConflict):
        saved_views._publish(store, view.id, 1, {"name": "late", "page": "runs", "query": {}})

    assert names(store) == ["Failed"]


def test_a_save_that_another_one_is_based_on_at_once_has_held(
    store: Store, monkeypatch: pytest.MonkeyPatch
) -> None:
    view = save_view(store, "Failed", "runs", QUERY)
    listed = saved_views.atomic.names_in

    def next_one_first(folder: str) -> list[str]:
        monkeypatch.undo()
        save_view(store, "theirs", "runs", QUERY, view_id=view.id, revision=2)
        return listed(folder)

    monkeypatch.setattr(saved_views.atomic, "names_in", next_one_first)
    mine = save_view(store, "mine", "runs", QUERY, view_id=view.id, revision=1)

    assert (mine.revision, names(store)) == (2, ["theirs"])


def test_a_name_is_given_once_in_an_experiment(store: Store) -> None:
    save_view(store, "Failed", "runs", QUERY)

    with pytest.raises(UserError, match="already"):
        save_view(store, "Failed", "runs", {})

    assert save_view(store, "Failed", "runs", {"experiment": ["digits"]}).experiment == "digits"
    with pytest.raises(UserError, match="by its id"):
        saved_views.find_view(store, "Failed")


def test_two_views_that_are_given_one_name_at_once_are_told_apart(
    store: Store, monkeypatch: pytest.MonkeyPatch
) -> None:
    publish = saved_views._publish

    def after_another(*all: object) -> SavedView:
        monkeypatch.setattr(saved_views, "_publish", publish)
        save_view(store, "Ours", "runs", {"where": ["b"]})
        return publish(*all)

    save_view(store, "Ours (2)", "runs", {"where": ["c"]})
    monkeypatch.setattr(saved_views, "_publish", after_another)
    save_view(store, "Ours", "runs", {"where": ["a"]})
    save_view(store, "Ours", "runs", {"experiment": ["other"]})

    found = {one.name: one for one in stored(store) if not one.experiment}
    assert [*found] == ["Ours", "Ours (2)", "Ours (3)"]
    assert sorted(found[name].query["where"] for name in ("Ours", "Ours (3)")) == [["a"], ["b"]]
    assert saved_views.find_view(store, "Ours (3)").id == found["Ours (3)"].id
    with pytest.raises(UserError, match="already"):
        save_view(store, "Ours (3)", "runs", QUERY)

    mine = found["Ours (3)"]
    save_view(store, mine.name, "runs", QUERY, view_id=mine.id, revision=1)
    remove(store, found["Ours"].id)
    assert names(store) == ["Ours", "Ours (2)", "Ours (3)"]  # the first is of the other experiment
    assert saved_views.find_view(store, "Ours (3)").query == QUERY


def test_of_several_defaults_the_one_saved_last_is_it(store: Store) -> None:
    for name in "abc":
        save_view(store, name, "runs", {}, is_default=True)
    of_other = save_view(store, "d", "runs", {"experiment": ["digits"]}, is_default=True)

    assert [one.name for one in stored(store) if one.is_default] == ["c", of_other.name]


def test_a_hostile_name_is_text_in_a_file_of_its_own(
    store: Store, folder: Path, tmp_path: Path
) -> None:
    before = {one for one in tmp_path.rglob("*") if layout.VIEWS not in one.parts}
    for name in (*NAMES, *LITERAL):
        try:
            view = save_view(store, name, "runs", {name: [name]})
        except (UserError, StoreError):
            assert stored(store) == []
            continue
        assert [(one.name, one.query) for one in stored(store)] == [(name.strip(), {name: [name]})]
        (file,) = folder.iterdir()
        assert file.name == f"{view.id}.1.json"
        file.unlink()
    assert {one for one in tmp_path.rglob("*") if layout.VIEWS not in one.parts} == before


@pytest.mark.parametrize("word", ["../../run", "a/b", "..", "", "x" * 300, "abc.1", "*"])
def test_an_id_leads_nowhere(store: Store, word: str) -> None:
    save_view(store, "Failed", "runs", QUERY)

    with pytest.raises(AssetNotFound):
        remove(store, word)
    with pytest.raises(AssetNotFound):
        save_view(store, "b", "runs", QUERY, view_id=word or "no view", revision=1)


def test_links_and_what_is_damaged_are_no_views_and_a_check_names_them(
    store: Store, folder: Path, tmp_path: Path
) -> None:
    view = save_view(store, "Failed", "runs", QUERY)
    outside = tmp_path / "outside.json"
    outside.write_text(json.dumps({"name": "outside", "page": "runs", "query": {}}))
    (folder / "0123456789ab.1.json").symlink_to(outside)
    (folder / f"{view.id}.2.json").write_text("{")
    os.mkfifo(folder / "0123456789ac.1.json")
    (folder / "0123456789ad.1.json").write_text('{"name": 1, "page": "runs", "query": []}')

    assert [(one.name, one.revision) for one in stored(store)] == [("Failed", 2)]
    save_view(store, "Failed", "runs", {}, view_id=view.id, revision=2)
    found = {one.path for one in store_check.check(store)}
    assert {f".views/{view.id}.2.json", ".views/0123456789ab.1.json"} <= found
    store_check.check(store, repair=True)
    assert (folder / "0123456789ab.1.json").is_symlink() is False
    assert names(store) == ["Failed"]
    assert outside.exists()


def test_a_link_in_place_of_the_folder_is_not_followed(
    store: Store, folder: Path, tmp_path: Path
) -> None:
    outside = tmp_path / "outside"
    outside.mkdir()
    (outside / "0123456789ab.1.json").write_text('{"name": "x", "page": "runs", "query": {}}')
    folder.symlink_to(outside)

    assert stored(store) == []
    with pytest.raises((UserError, OSError)):
        save_view(store, "Failed", "runs", QUERY)
    assert [one.name for one in outside.iterdir()] == ["0123456789ab.1.json"]


def test_a_collector_takes_what_was_deleted_long_ago_the_deletion_last(
    store: Store, folder: Path
) -> None:
    view, kept = save_view(store, "a", "runs", {}), save_view(store, "b", "runs", {})
    remove(store, view.id)

    assert garbage.collect(store).items == []
    taken = [one.path for one in garbage.collect(store, trash_days=0).items]

    assert taken == [f".views/{view.id}.1.json", f".views/{view.id}.2.json"]
    assert [one.name for one in folder.iterdir()] == [f"{kept.id}.1.json"]
