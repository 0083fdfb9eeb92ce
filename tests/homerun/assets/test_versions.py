"""Versions: fifty makers at once, makers that die, numbers that are never given twice, planted
links and names that lead elsewhere.
"""

from __future__ import annotations

import json
import os
import time
from pathlib import Path
from typing import Any

import pytest

from helpers.children import dies_at, race
from homerun import UserError
from homerun.assets import models
from homerun.base.errors import ModelNotFound
from runstore import layout
from runstore.errors import InvalidName
from runstore.fs import lock
from runstore.store import Store
from runstore.upkeep.check import check
from runstore.upkeep.findings import YOUNG_S
from runstore.upkeep.garbage import collect

MAKERS = 50
BAD_NAMES = (
    *("", " ", ".", "..", "../x", "a/b", "/etc", "a\0b", "a\nb", "-x", "_x", ".x", "x" * 256),
    *("\ud800", "é", "a b", "a:b", "C:\\x", "%2e%2e", "~", "$HOME"),
)


@pytest.fixture
def store(workspace_dir: Path) -> Store:
    (workspace_dir / "model").mkdir()
    (workspace_dir / "model/weights").write_bytes(b"w" * 1000)
    (workspace_dir / "model/deep").mkdir()
    (workspace_dir / "model/deep/vocabulary").write_bytes(b"v")
    return Store(str(workspace_dir / layout.STORE_FOLDER)).for_writing()


def register(store: Store, **said: Any) -> Any:
    return models.register_local(store, "iris", "model", models.said_of(**said))


def are_whole(store: Store) -> list[int]:
    """The versions that can be seen, each of which is whole."""
    found = list(models.chosen(store, name="iris"))
    for one in found:
        assert [kept["path"] for kept in one.said["files"]] == [
            "model/deep/vocabulary",
            "model/weights",
        ]
        path = models.download(one, f"{one.path}-copy-{os.urandom(4).hex()}")
        assert Path(path, "weights").read_bytes() == b"w" * 1000
    return sorted(one.number for one in found)


def test_of_fifty_makers_at_once_each_gets_a_number_of_its_own(store: Store) -> None:
    made = race(MAKERS, lambda number: register(Store(store.root), tags={"maker": number}).number)

    assert sorted(made) == list(range(1, MAKERS + 1))
    assert are_whole(store) == sorted(made)
    told = {one.number: one.tags["maker"] for one in models.chosen(store)}
    assert told == {number: str(maker) for maker, number in enumerate(made)}


def test_a_maker_that_dies_at_any_call_leaves_no_half_version(store: Store) -> None:
    count = 1
    while dies_at(count, lambda: register(Store(store.root)), torn=count % 2 == 0):
        are_whole(store)
        count += 1

    numbers = are_whole(store)
    assert count > 10
    assert numbers == list(range(1, len(numbers) + 1))
    grow_old(store)
    collect(store)
    assert check(store) == []
    home = Path(store.root, layout.MODELS, "iris")
    assert sorted(int(one.name) for one in home.iterdir() if one.name.isdecimal()) == numbers
    assert [one.name for one in home.iterdir() if one.name[0] == "."] == []


def grow_old(store: Store) -> None:
    """Let everything be as old as what a collector takes."""
    then = time.time() - 2 * YOUNG_S
    for folder, folders, files in os.walk(store.root):
        for name in (*folders, *files):
            os.utime(f"{folder}/{name}", (then, then), follow_symlinks=False)


def test_what_is_being_made_is_left_alone_by_a_collector(store: Store) -> None:
    folder = Path(store.root, layout.MODELS, "iris", f"{layout.NEW}1-abc")
    folder.mkdir(parents=True)
    held = lock.take(str(folder / layout.ALIVE), store.lock_kind)
    assert held is not None
    grow_old(store)

    collect(store)
    is_kept = folder.is_dir()
    lock.release(held)
    collect(store)

    assert (is_kept, folder.exists()) == (True, False)


def test_a_deletion_that_dies_at_any_call_leaves_the_version_or_takes_it(store: Store) -> None:
    register(store)
    version = register(store)

    count = 1
    while dies_at(count, lambda: version.shelf.delete(models.get(store, "iris:2"))):
        seen = are_whole(store)
        assert seen in ([1, 2], [1])
        if seen == [1]:
            break
        count += 1
    grow_old(store)
    collect(store)

    assert are_whole(store) == [1]
    assert sorted(os.listdir(version.path)) == [layout.DELETED, layout.MODEL]
    assert register(store).number == 3


def test_a_number_is_never_given_twice(store: Store) -> None:
    for _ in range(2):
        made = register(store)
        made.shelf.delete(made)

    with pytest.raises(ModelNotFound, match="there is no model 'iris' in this workspace"):
        models.get(store, "iris")
    assert register(store).id == "iris:3"


@pytest.mark.parametrize("name", BAD_NAMES, ids=ascii)
def test_a_name_that_no_model_has_is_refused_and_makes_nothing(store: Store, name: str) -> None:
    before = sorted(os.walk(store.root))

    with pytest.raises(InvalidName, match="is not a valid name for a model") as raised:
        models.register_local(store, name, "model", models.said_of())

    assert "\n" not in raised.value.message
    assert sorted(os.walk(store.root)) == before
    if name.strip():
        with pytest.raises(UserError):
            models.get(store, name)


@pytest.mark.parametrize("place", [".models", ".models/iris", ".models/iris/1"])
def test_a_link_in_the_place_of_a_folder_is_refused(
    store: Store, tmp_path: Path, place: str
) -> None:
    register(store)
    real = tmp_path / "elsewhere"
    os.rename(f"{store.root}/{place}", real)
    os.symlink(real, f"{store.root}/{place}")
    before = sorted(os.walk(real))

    with pytest.raises(UserError):
        models.get(store, "iris:1")
    if place == ".models/iris/1":
        assert register(store).number == 2
    else:
        with pytest.raises(UserError, match="cannot be kept"):
            register(store)

    seen = [one.number for one in models.chosen(store)]
    assert seen == ([2] if place == ".models/iris/1" else [])
    assert sorted(os.walk(real)) == before


def test_a_link_in_the_place_of_a_file_is_not_followed(store: Store, tmp_path: Path) -> None:
    version = register(store)
    secret = tmp_path / "secret"
    secret.write_text("s")
    os.unlink(f"{version.files}/model/weights")
    os.symlink(secret, f"{version.files}/model/weights")

    for use in (models.path_of, lambda one: models.download(one, "copy")):
        with pytest.raises(UserError, match="weights cannot be read"):
            use(version)

    assert not Path("copy/model/weights").exists()


def test_a_path_in_the_record_that_leads_out_is_not_read(store: Store, tmp_path: Path) -> None:
    version = register(store)
    path = Path(version.path, layout.MODEL)
    said = json.loads(path.read_text())
    said["files"][0]["path"] = "../../../../../secret"
    path.write_text(json.dumps(said))

    with pytest.raises(UserError, match="leads elsewhere"):
        models.path_of(models.get(store, "iris"))


@pytest.mark.skipif(os.geteuid() != 0, reason="only root can give a file away")
def test_a_record_of_another_user_is_refused(store: Store) -> None:
    version = register(store)
    os.chown(f"{version.path}/{layout.MODEL}", 65534, 65534)

    with pytest.raises(UserError, match=r"model\.json is another user's"):
        models.get(store, "iris")


def test_a_damaged_record_is_named_and_moved_aside_by_a_repair(store: Store) -> None:
    register(store)
    Path(store.root, ".models/iris/1/model.json").write_text("{")

    with pytest.raises(UserError, match="is damaged"):
        models.get(store, "iris:1")
    assert [one.path for one in check(store)] == [".models/iris/1/model.json"]
    check(store, repair=True)
    assert register(store).number == 2


def test_a_full_disk_leaves_nothing_of_a_version(
    store: Store, monkeypatch: pytest.MonkeyPatch
) -> None:
    def full(*_: object) -> int:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(os, "fsync", full)

    with pytest.raises(UserError, match=r"'iris' cannot be kept .No space left on device."):
        register(store)

    monkeypatch.undo()
    assert os.listdir(f"{store.root}/.models/iris") == []
