"""What a scan says about each path of a source folder."""

from __future__ import annotations

import os
import socket
import subprocess
import sys
from pathlib import Path

import pytest

from homerun.base.errors import SubmitError
from homerun.snapshots import scan as snapshot_scan
from homerun.snapshots.scan import BIG, MANY, Tree


def write(root: Path, *paths: str) -> None:
    for path in paths:
        (root / path).parent.mkdir(parents=True, exist_ok=True)
        (root / path).write_text(f"# {path}\n")


def kinds(tree: Tree) -> dict[str, str]:
    return {
        (f"{folder}/" if folder else "") + entry[0]: entry[1]
        for folder, entries in tree.folders
        for entry in entries
    }


def targets(tree: Tree) -> dict[str, str]:
    return {entry[0]: entry[7] for _, entries in tree.folders for entry in entries if entry[7]}


def scan(root: Path, store: Path | None = None) -> Tree:
    return snapshot_scan.scan(str(root), store=str(store) if store else None)


def test_code_in_folders_is_copied(tmp_path):
    write(tmp_path, "train.py", "pkg/model.py")
    assert kinds(scan(tmp_path)) == {"train.py": "file", "pkg": "folder", "pkg/model.py": "file"}


def test_an_empty_folder_is_kept(tmp_path):
    (tmp_path / "checkpoints").mkdir()
    assert kinds(scan(tmp_path)) == {"checkpoints": "folder"}


def test_a_file_over_ten_megabytes_becomes_a_link(tmp_path):
    write(tmp_path, "data.bin")
    os.truncate(tmp_path / "data.bin", BIG + 1)
    tree = scan(tmp_path)
    assert kinds(tree) == {"data.bin": "linked"}
    assert targets(tree) == {"data.bin": os.path.realpath(tmp_path / "data.bin")}


def test_a_file_of_exactly_ten_megabytes_is_copied(tmp_path):
    write(tmp_path, "data.bin")
    os.truncate(tmp_path / "data.bin", BIG)
    assert kinds(scan(tmp_path)) == {"data.bin": "file"}


@pytest.mark.parametrize("name", [".git", "__pycache__"])
def test_what_is_never_taken_is_left_out(tmp_path, name):
    write(tmp_path, "train.py", f"{name}/x")
    tree = scan(tmp_path)
    assert (kinds(tree), tree.notices) == ({"train.py": "file"}, [])


@pytest.mark.parametrize("name", ["outputs", "logs"])
def test_results_that_no_ignore_file_names_come_along(tmp_path, name):
    write(tmp_path, "train.py", f"{name}/__init__.py")
    assert kinds(scan(tmp_path))[f"{name}/__init__.py"] == "file"


def test_results_that_an_ignore_file_names_stay_behind_and_are_said(tmp_path):
    write(tmp_path, "train.py", "outputs/model.pt", "logs/a.txt", "logs/keep.py")
    (tmp_path / ".gitignore").write_text("outputs/\nlogs/*\n!logs/keep.py\n")
    tree = scan(tmp_path)
    assert [path for path in kinds(tree) if path[0] in "ol"] == ["logs", "logs/keep.py"]
    assert tree.notices == ["left out: outputs/ (results)"]


def test_empty_results_that_are_ignored_are_not_worth_a_word(tmp_path):
    write(tmp_path, "train.py")
    (tmp_path / "outputs").mkdir()
    (tmp_path / ".gitignore").write_text("outputs/\n")
    assert scan(tmp_path).notices == []


def git(folder: Path, *words: str) -> None:
    subprocess.run(["git", "-C", str(folder), *words], check=True, capture_output=True)


@pytest.mark.parametrize("version", ["2", "3", "4"])
@pytest.mark.parametrize("below", ["", "projects/digits/"])
@pytest.mark.parametrize("hashes", ["sha1", "sha256"])
def test_results_that_git_tracks_come_along_although_they_are_ignored(
    tmp_path, version, below, hashes
):
    names = ("outing.py", "outputs/best.ckpt", "outputs/deep/a.py", "logs/__init__.py", "z.py")
    write(tmp_path, *(below + name for name in names), f"{below}outputs/other.ckpt")
    write(tmp_path, f"{below}logs/run/1.txt", "outputs/no.py")
    (tmp_path / below / ".gitignore").write_text("outputs/\nlogs/\n")
    git(tmp_path, "init", "--object-format", hashes)
    git(tmp_path, "add", "-f", *(below + name for name in names), "outputs/no.py")
    git(tmp_path, "add", "-N", "-f", f"{below}z.py")  # extended flags, which version 3 is for
    git(tmp_path, "update-index", "--index-version", version)

    found = kinds(scan(tmp_path / below))

    assert {
        path: kind for path, kind in found.items() if path.startswith(("outputs/", "logs/"))
    } == {
        "outputs/best.ckpt": "file",
        "outputs/deep": "folder",
        "outputs/deep/a.py": "file",
        "logs/__init__.py": "file",
        **({} if below else {"outputs/no.py": "file"}),
    }


@pytest.mark.parametrize(
    "damage",
    [b"", b"DIRC", b"DIRC\0\0\0\4\0\0\0\5" + bytes(70), b"DIRC\0\0\0\4\0\0\0\5" + b"\xff" * 99],
)
def test_a_damaged_index_tracks_nothing(tmp_path, damage):
    write(tmp_path, "train.py", "outputs/model.pt")
    (tmp_path / ".gitignore").write_text("outputs/\n")
    git(tmp_path, "init")
    (tmp_path / ".git/index").write_bytes(damage)
    assert "outputs" not in kinds(scan(tmp_path))


def test_of_the_results_of_a_run_only_what_came_along_goes_on_to_its_child(tmp_path):
    write(tmp_path, "run.json", "work/a/train.py", "work/a/logs/__init__.py", "work/a/logs/1.txt")
    (tmp_path / ".brought").write_bytes(b"file\x001\x001\x00a/logs/__init__.py\x00")
    found = kinds(scan(tmp_path / "work/a"))
    assert set(found) == {"train.py", "logs", "logs/__init__.py"}


@pytest.mark.parametrize(
    "name", ["id_rsa", ".netrc", ".pypirc", ".ssh/config", ".aws/credentials", "deep/.ssh/id_rsa"]
)
def test_credentials_are_left_out_and_said(tmp_path, name):
    write(tmp_path, "train.py", name)
    tree = scan(tmp_path)
    kept = {"train.py", *(["deep"] if name.startswith("deep") else [])}
    assert set(kinds(tree)) == kept
    (line,) = tree.notices
    assert line.startswith("left out: ")
    assert line.endswith(" (credentials)")


def test_a_private_key_is_left_out_and_a_certificate_is_not(tmp_path):
    write(tmp_path, "train.py", "server.pem", "empty.key")
    (tmp_path / "own.key").write_text("-----BEGIN RSA PRIVATE KEY-----\nabc\n")
    tree = scan(tmp_path)
    assert set(kinds(tree)) == {"train.py", "server.pem", "empty.key"}
    assert tree.notices == ["left out: own.key (a private key)"]


def test_a_link_to_credentials_is_left_out_and_said(tmp_path):
    write(tmp_path, "home/.ssh/key", "src/train.py")
    (tmp_path / "src/key").symlink_to(tmp_path / "home/.ssh/key")
    tree = scan(tmp_path / "src")
    assert set(kinds(tree)) == {"train.py"}
    assert tree.notices == ["the link key leads to credentials: it is left out"]


def test_much_that_is_left_out_is_said_in_one_line(tmp_path):
    write(tmp_path, "train.py", *(f"{number}/.netrc" for number in range(10)))
    (line,) = scan(tmp_path).notices
    assert line.endswith("7/.netrc (credentials), and 2 more")


def test_an_outputs_folder_below_the_top_is_taken(tmp_path):
    write(tmp_path, "pkg/outputs/x", "pkg/logs/y")
    assert kinds(scan(tmp_path))["pkg/outputs/x"] == "file"


def test_a_virtual_environment_is_a_link_also_when_ignored(tmp_path):
    write(tmp_path, "env/pyvenv.cfg", "env/lib/x.py", "box/env2/pyvenv.cfg", "train.py")
    write(tmp_path, "conda/conda-meta/history")
    fill(tmp_path / "env/many", MANY)
    (tmp_path / ".gitignore").write_text("env/\nbox/\n")
    tree = scan(tmp_path)
    linked = {"env": "linked folder", "conda": "linked folder", "box/env2": "linked folder"}
    assert kinds(tree) == {".gitignore": "file", "train.py": "file", "box": "folder", **linked}
    assert targets(tree)["env2"] == os.path.realpath(tmp_path / "box/env2")


def test_sockets_and_pipes_are_left_out(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    os.mkfifo("pipe")
    with socket.socket(socket.AF_UNIX) as listener:
        listener.bind("socket")
        assert kinds(scan(tmp_path)) == {}


def test_the_store_is_left_out_wherever_it_lies(tmp_path):
    write(tmp_path, "train.py", "deep/mine/exp/run.json")
    assert kinds(scan(tmp_path, tmp_path / "deep/mine")) == {"train.py": "file", "deep": "folder"}


def test_any_other_store_is_left_out(tmp_path):
    write(tmp_path, "old/.runs/store.json", "old/.runs/x")
    assert kinds(scan(tmp_path)) == {"old": "folder"}


def test_a_folder_named_like_a_store_that_is_none_is_taken(tmp_path):
    write(tmp_path, ".runs/x")
    assert kinds(scan(tmp_path)) == {".runs": "folder", ".runs/x": "file"}


def test_the_store_itself_as_a_source_is_an_error(tmp_path):
    with pytest.raises(SubmitError, match="is the store itself"):
        scan(tmp_path, tmp_path)


def test_a_missing_source_is_an_error(tmp_path):
    with pytest.raises(SubmitError, match="cannot be read"):
        scan(tmp_path / "absent")


def test_an_ignored_file_becomes_a_link(tmp_path):
    write(tmp_path, "train.py", "model.ckpt", "sub/other.ckpt")
    (tmp_path / ".gitignore").write_text("# weights\n*.ckpt\n")
    found = kinds(scan(tmp_path))
    assert (found["model.ckpt"], found["sub/other.ckpt"]) == ("linked", "linked")
    assert found["train.py"] == "file"


def test_an_ignored_folder_becomes_a_folder_of_links(tmp_path):
    write(tmp_path, "data/a.csv", "data/sub/b.csv")
    (tmp_path / ".gitignore").write_text("data/\n")
    found = kinds(scan(tmp_path))
    assert (found["data"], found["data/sub"]) == ("folder", "folder")
    assert (found["data/a.csv"], found["data/sub/b.csv"]) == ("linked", "linked")


def fill(folder: Path, count: int) -> None:
    folder.mkdir()
    for number in range(count):
        os.close(os.open(folder / str(number), os.O_CREAT))


def test_an_ignored_folder_of_a_thousand_entries_becomes_links(tmp_path):
    fill(tmp_path / "data", MANY)
    (tmp_path / ".gitignore").write_text("data\n")
    tree = scan(tmp_path)
    assert len(kinds(tree)) == MANY + 2
    assert tree.notices == []


def test_an_ignored_folder_of_more_entries_is_linked_as_a_whole(tmp_path):
    fill(tmp_path / "data", MANY)
    write(tmp_path, "data/sub/one")
    (tmp_path / ".gitignore").write_text("data\n")
    tree = scan(tmp_path)
    assert kinds(tree) == {".gitignore": "file", "data": "linked folder"}
    assert targets(tree) == {"data": os.path.realpath(tmp_path / "data")}


def test_an_ignored_folder_that_holds_the_store_is_never_linked_as_a_whole(tmp_path):
    fill(tmp_path / "data", MANY + 5)
    write(tmp_path, "data/.runs/store.json")
    (tmp_path / ".gitignore").write_text("data\n")
    found = kinds(scan(tmp_path, tmp_path / "data/.runs"))
    assert found["data"] == "folder"
    assert "data/.runs" not in found
    assert found["data/7"] == "linked"


@pytest.mark.parametrize(
    ("more", "linked"),
    [
        ("", {"a.txt", "b.txt", "c.txt"}),
        ("!a.txt\n", {"b.txt", "c.txt"}),
        ("# without .gitignore\r\n", {"b.txt"}),
    ],
)
def test_both_ignore_files_count_unless_the_second_says_otherwise(tmp_path, more, linked):
    write(tmp_path, "a.txt", "b.txt", "c.txt")
    (tmp_path / ".gitignore").write_text("a.txt\nc.txt")
    (tmp_path / ".amlignore").write_text(more + "b.txt\n")
    found = kinds(scan(tmp_path))
    assert {name for name, kind in found.items() if kind == "linked"} == linked


def test_an_ignore_file_below_the_top_is_not_read(tmp_path):
    write(tmp_path, "sub/a.txt")
    (tmp_path / "sub/.gitignore").write_text("*\n")
    assert kinds(scan(tmp_path))["sub/a.txt"] == "file"


def test_a_pattern_for_the_content_of_a_folder_can_have_exceptions(tmp_path):
    write(tmp_path, "data/keep.py", "data/big.csv", "data/sub/x")
    (tmp_path / ".gitignore").write_text("data/**\n!data/keep.py\n")
    found = kinds(scan(tmp_path))
    assert (found["data/keep.py"], found["data/big.csv"]) == ("file", "linked")
    assert found["data/sub/x"] == "linked"


def test_an_ignore_file_loads_nothing_heavy(tmp_path):
    write(tmp_path, "train.py")
    (tmp_path / ".gitignore").write_text("*.pyc\n/data/**/x[0-9]?\n")
    code = (
        "import sys; from homerun.snapshots import scan, snapshot, work_copy;"
        "scan.scan(sys.argv[1], store=None);"
        "heavy = {'fnmatch', 'hashlib', 'json', 'shutil', 'tempfile', 'pathlib', 're'};"
        "print(sorted(heavy & set(sys.modules)))"
    )
    paths = [part for part in sys.path if part.endswith(("runner", "store"))]
    paths += [str(Path(snapshot_scan.__file__).parents[2])]
    setup = f"import sys; sys.path[:0] = {[*paths, str(Path(paths[-1]).parent / 'store')]!r}; "
    done = subprocess.run(
        [sys.executable, "-I", "-S", "-c", setup + code, str(tmp_path)],
        capture_output=True,
        text=True,
        check=True,
    )
    assert done.stdout == "[]\n"


def test_the_copy_of_another_run_is_a_source_like_any_other(tmp_path):
    write(tmp_path, "data.csv", "run/run.json", "run/work/train.py", "run/work/pkg/new.csv")
    (tmp_path / "run/work/.gitignore").write_text("*.csv\n")
    (tmp_path / "run/work/data.csv").symlink_to(tmp_path / "data.csv")
    tree = scan(tmp_path / "run/work")
    assert kinds(tree)["pkg/new.csv"] == "linked"
    assert targets(tree)["data.csv"] == os.path.realpath(tmp_path / "data.csv")


def test_a_link_outside_becomes_a_link_to_the_final_original(tmp_path):
    write(tmp_path, "far/data.csv", "src/train.py")
    (tmp_path / "hop").symlink_to("far/data.csv")
    (tmp_path / "src/data").symlink_to("../hop")
    (tmp_path / "src/folder").symlink_to(tmp_path / "far")
    tree = scan(tmp_path / "src")
    assert kinds(tree)["data"] == "linked"
    assert kinds(tree)["folder"] == "linked folder"
    real = os.path.realpath(tmp_path / "far")
    assert targets(tree) == {"data": f"{real}/data.csv", "folder": real}


def test_a_link_inside_stays_as_it_is(tmp_path):
    write(tmp_path, "a/b.py")
    (tmp_path / "a/l").symlink_to("../a/b.py")
    (tmp_path / "latest").symlink_to("a")
    assert targets(scan(tmp_path)) == {"l": "../a/b.py", "latest": "a"}


def test_an_absolute_link_inside_becomes_relative(tmp_path):
    write(tmp_path, "a/b.py", "c/d.py")
    (tmp_path / "a/l").symlink_to(tmp_path / "c/d.py")
    assert targets(scan(tmp_path)) == {"l": "../c/d.py"}


def test_a_link_that_leaves_and_comes_back_becomes_plain(tmp_path):
    write(tmp_path, "src/a.py")
    (tmp_path / "src/l").symlink_to("../src/a.py")
    (tmp_path / "src/up").symlink_to("../back")
    (tmp_path / "back").symlink_to("src")
    (tmp_path / "src/m").symlink_to("up/a.py")
    assert targets(scan(tmp_path / "src")) == {"l": "a.py", "m": "a.py", "up": "."}


def test_a_link_into_what_is_left_out_leads_to_the_original(tmp_path):
    write(tmp_path, ".runs/store.json", ".runs/exp/model.pt")
    (tmp_path / "init.pt").symlink_to(".runs/exp/model.pt")
    tree = scan(tmp_path, tmp_path / ".runs")
    assert targets(tree) == {"init.pt": os.path.realpath(tmp_path / ".runs/exp/model.pt")}


def test_links_to_stores_are_left_out_and_those_to_environments_are_not(tmp_path):
    write(tmp_path, "far/.runs/store.json", "far/env/pyvenv.cfg", "src/train.py")
    (tmp_path / "src/.runs").symlink_to(tmp_path / "far/.runs")
    (tmp_path / "src/env").symlink_to(tmp_path / "far/env")
    assert kinds(scan(tmp_path / "src")) == {"train.py": "file", "env": "linked folder"}


def test_a_dangling_link_stays_if_inside_and_is_named_if_not(tmp_path):
    (tmp_path / "later").symlink_to("outputs/model.pt")
    (tmp_path / "loop").symlink_to("loop")
    (tmp_path / "gone").symlink_to("/nowhere/at/all")
    (tmp_path / "up").symlink_to("../nowhere-at-all")
    tree = scan(tmp_path)
    assert kinds(tree) == {"later": "link", "loop": "link"}
    assert [notice.split()[2] for notice in tree.notices] == ["gone", "up"]


def test_an_unchanged_tree_has_the_same_signature(tmp_path):
    write(tmp_path, "b.py", "a.py", "pkg/c.py")
    assert scan(tmp_path).signature == scan(tmp_path).signature


def test_an_edit_that_hides_its_time_changes_the_signature(tmp_path):
    write(tmp_path, "a.py")
    before, first = (tmp_path / "a.py").stat(), scan(tmp_path).signature
    (tmp_path / "a.py").write_text("# A.PY\n")
    os.utime(tmp_path / "a.py", ns=(before.st_atime_ns, before.st_mtime_ns))
    assert scan(tmp_path).signature != first


@pytest.mark.parametrize(
    "change",
    [
        lambda root: (root / "a.py").chmod(0o755),
        lambda root: (root / "a.py").rename(root / "z.py"),
        lambda root: (root / "empty").mkdir(),
        lambda root: (root / ".gitignore").write_text("nothing\n"),
        lambda root: (root / "link").symlink_to("a.py"),
        lambda root: (root / "a.py").unlink(),
    ],
    ids=["exec bit", "rename", "new folder", "ignore file", "link", "removal"],
)
def test_each_change_of_the_tree_changes_the_signature(tmp_path, change):
    write(tmp_path, "a.py")
    first = scan(tmp_path).signature
    change(tmp_path)
    assert scan(tmp_path).signature != first


def test_a_young_file_makes_the_tree_unsettled(tmp_path):
    write(tmp_path, "a.py")
    assert not scan(tmp_path).settled


def test_names_of_any_bytes_are_found(tmp_path):
    names = [b"new\nline", b"\xff\xfe", b"-rf", b"x" * 255, "ü".encode(), b" "]
    for name in names:
        os.close(os.open(os.fsencode(tmp_path) + b"/" + name, os.O_CREAT))
    assert set(kinds(scan(tmp_path))) == {os.fsdecode(name) for name in names}


def test_an_unreadable_folder_is_an_error_and_a_link_when_ignored(tmp_path):
    if os.geteuid() == 0:
        pytest.skip("root reads everything")
    (tmp_path / "secret").mkdir(mode=0)
    with pytest.raises(SubmitError, match="secret cannot be read"):
        scan(tmp_path)
    (tmp_path / ".gitignore").write_text("secret\n")
    assert kinds(scan(tmp_path))["secret"] == "linked folder"
