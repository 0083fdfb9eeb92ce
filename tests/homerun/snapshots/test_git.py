"""What git knows of a run's code: read from its files, and asked of the program beside the run."""

from __future__ import annotations

import hashlib
import os
import subprocess
from collections.abc import Callable
from pathlib import Path

import pytest

from helpers.wait import holds_within, wait_until
from homerun import Experiment, Run, ScriptRunConfig, Workspace
from homerun.snapshots import git
from homerun.snapshots.git import public

COMMIT = "azureml.git.commit"
BRANCH = "azureml.git.branch"
URL = "azureml.git.repository_uri"
DIRTY = "azureml.git.dirty"

WHO = (
    "-c",
    "user.name=ada",
    "-c",
    "user.email=ada@example.org",
    "-c",
    "protocol.file.allow=always",
)


def ask(folder: Path, *words: str) -> str:
    """What the git program says in a folder, whatever the user's own settings are."""
    env = {"PATH": os.environ["PATH"], "HOME": "/nonexistent", "GIT_CONFIG_NOSYSTEM": "1"}
    done = subprocess.run(
        ["git", *WHO, *words], cwd=folder, env=env, check=True, capture_output=True, text=True
    )
    return done.stdout.strip()


@pytest.fixture
def repo(workspace_dir: Path) -> Path:
    """A repository with one commit: `train.py`, in the current folder."""
    ask(workspace_dir, "init", "-q", "-b", "main")
    (workspace_dir / "train.py").write_text("print(1)\n")
    ask(workspace_dir, "add", ".")
    ask(workspace_dir, "commit", "-qm", "first")
    return workspace_dir


def submitted(folder: Path = Path()) -> Run:
    run = Experiment(Workspace.from_config(), "git").submit(ScriptRunConfig(folder, "train.py"))
    run.wait_for_completion()
    return run


def answered(run: Run) -> dict[str, str]:
    """The run's properties once the git program has been asked."""
    return wait_until(lambda: run.properties if DIRTY in run.properties else {}, "git has answered")


# Read from the files


def test_a_run_knows_the_commit_branch_and_remote_of_its_code(repo: Path) -> None:
    ask(repo, "remote", "add", "origin", "https://ada:s3cret@example.org/digits.git")

    run = submitted()

    commit, url = ask(repo, "rev-parse", "HEAD"), "https://example.org/digits.git"
    asked = Workspace.from_config().store.find(run.id).run["properties"]
    assert asked == {
        "azureml.git.repository_uri": url,
        "mlflow.source.git.repoURL": url,
        "azureml.git.branch": "main",
        "mlflow.source.git.branch": "main",
        "azureml.git.commit": commit,
        "mlflow.source.git.commit": commit,
    }
    assert answered(run) == {**asked, "azureml.git.dirty": "False"}
    assert run.get_details()["properties"][COMMIT] == commit


def test_an_interactive_run_knows_its_code_too(repo: Path) -> None:
    (repo / "train.py").write_text("print(2)\n")

    with Experiment(Workspace.from_config(), "git").start_logging() as run:
        assert run.properties[COMMIT] == ask(repo, "rev-parse", "HEAD")
        assert answered(run)[DIRTY] == "True"

    assert "+print(2)" in Path(run.directory, "files/git.diff").read_text()


def test_a_property_given_by_the_caller_wins(repo: Path) -> None:
    experiment = Experiment(Workspace.from_config(), "git")

    with experiment.start_logging(properties={COMMIT: "mine"}) as run:
        assert answered(run)[COMMIT] == "mine"


def test_a_folder_in_no_repository_gives_no_properties(
    workspace_dir: Path, script: Callable[..., Path]
) -> None:
    script("train.py", "")

    run = submitted(workspace_dir / "source")

    assert run.properties == {}


def test_a_subfolder_belongs_to_the_repository_above(repo: Path) -> None:
    (repo / "deep/down").mkdir(parents=True)

    assert git.look(str(repo / "deep/down")).properties[BRANCH] == "main"


def test_packed_refs_are_read(repo: Path) -> None:
    ask(repo, "branch", "mainly")
    commit = ask(repo, "rev-parse", "HEAD")
    ask(repo, "pack-refs", "--all", "--prune")

    assert not (repo / ".git/refs/heads/main").exists()
    assert git.look(str(repo)).commit == commit


def test_a_loose_ref_wins_over_a_packed_one(repo: Path) -> None:
    ask(repo, "pack-refs", "--all")
    ask(repo, "commit", "-q", "--allow-empty", "-m", "second")

    assert git.look(str(repo)).commit == ask(repo, "rev-parse", "HEAD")


def test_a_detached_head_has_a_commit_and_no_branch(repo: Path) -> None:
    ask(repo, "checkout", "-q", "--detach")

    found = git.look(str(repo)).properties

    assert found[COMMIT] == ask(repo, "rev-parse", "HEAD")
    assert BRANCH not in found


def test_a_repository_without_a_commit_has_a_branch_alone(workspace_dir: Path) -> None:
    ask(workspace_dir, "init", "-q", "-b", "feature/größe")

    found = git.look(str(workspace_dir))

    assert (found.commit, found.properties[BRANCH]) == ("", "feature/größe")
    assert COMMIT not in found.properties


def test_a_linked_working_tree_has_its_own_head_and_the_remotes_of_all(repo: Path) -> None:
    ask(repo, "remote", "add", "origin", "https://example.org/x")
    ask(repo, "worktree", "add", "-q", "-b", "side", "../side")
    side = repo.parent / "side"
    ask(side, "commit", "-q", "--allow-empty", "-m", "second")

    found = git.look(str(side)).properties

    assert (found[BRANCH], found[URL]) == ("side", "https://example.org/x")
    assert found[COMMIT] == ask(side, "rev-parse", "HEAD") != ask(repo, "rev-parse", "HEAD")


def test_a_submodule_is_a_repository_of_its_own(repo: Path) -> None:
    outer = repo.parent / "outer"
    outer.mkdir()
    ask(outer, "init", "-q", "-b", "outer")
    ask(outer, "submodule", "add", "-q", str(repo), "inner")

    found = git.look(str(outer / "inner")).properties

    assert (found[BRANCH], found[URL]) == ("main", str(repo))
    assert found[COMMIT] == ask(repo, "rev-parse", "HEAD")


def test_the_remote_of_the_branch_wins_then_origin_then_any(repo: Path) -> None:
    ask(repo, "remote", "add", "fork", "https://example.org/fork")
    seen = [git.look(str(repo)).properties[URL]]
    ask(repo, "remote", "add", "origin", "https://example.org/origin")
    seen.append(git.look(str(repo)).properties[URL])
    ask(repo, "config", "branch.main.remote", "fork")
    seen.append(git.look(str(repo)).properties[URL])

    assert [url.rpartition("/")[2] for url in seen] == ["fork", "origin", "fork"]


CONFIG = r"""
# [remote "origin"] url = https://example.org/comment
[core] bare = false ; with more = words
[REMOTE "o\"]d\\d"]
    url = "https://example.org/a#b;c" ; a comment
    Fetch = +refs/heads/*:refs/remotes/o/*
[remote "origin"] url = https://example.org/\
continued # a comment
[flags]
    on
    =nothing
[broken
"""


def test_settings_are_read_as_git_reads_them(tmp_path: Path) -> None:
    (tmp_path / "config").write_text(CONFIG)

    found = dict(git.settings(str(tmp_path / "config")))

    assert found == {
        "core.bare": "false",
        'remote.o"]d\\d.url': "https://example.org/a#b;c",
        'remote.o"]d\\d.fetch': "+refs/heads/*:refs/remotes/o/*",
        "remote.origin.url": "https://example.org/continued",
        "flags.on": "true",
    }


def test_a_script_that_submits_hands_its_own_commit_on(repo: Path) -> None:
    (repo / "child.py").write_text("")
    (repo / "train.py").write_text(
        "from homerun import *\n"
        "child = Run.get_context().submit_child(ScriptRunConfig('.', 'child.py'))\n"
        "child.wait_for_completion()\n"
    )
    ask(repo, "add", ".")
    ask(repo, "commit", "-qm", "second")
    first = ask(repo, "rev-parse", "HEAD")

    run = submitted()

    ask(repo, "commit", "-q", "--allow-empty", "-m", "third")
    (child,) = run.get_children()
    assert child.properties[COMMIT] == first
    assert answered(run)[DIRTY] == "False"


# Hostile and odd files


def fake(folder: Path, head: str = "ref: refs/heads/main\n") -> Path:
    """A repository made by hand: as much of one as a reader looks at."""
    (folder / ".git/refs/heads").mkdir(parents=True)
    (folder / ".git/HEAD").write_text(head)
    return folder / ".git"


@pytest.mark.parametrize(
    "head",
    [
        "ref: refs/../../secret\n",
        "ref: ../secret\n",
        "ref: /etc/passwd\n",
        "ref: refs/heads/.invalid\n",
        "ref: refs/heads/a\0b\n",
        "ref: refs//x\n",
        "ref: HEAD\n",
        "ref:\n",
        "\n",
        "0123\n",
        "g" * 40,
        "ref: refs/heads/" + "x" * 5000,
    ],
)
def test_a_head_that_names_no_ref_gives_nothing(tmp_path: Path, head: str) -> None:
    fake(tmp_path, head)
    (tmp_path / "secret").write_text("0" * 40)

    assert git.look(str(tmp_path)).properties == {}


def test_refs_that_lead_in_a_circle_end(tmp_path: Path) -> None:
    (fake(tmp_path) / "refs/heads/main").write_text("ref: refs/heads/main\n")

    assert git.look(str(tmp_path)).commit == ""


@pytest.mark.parametrize("name", ["HEAD", "config", "packed-refs", "commondir"])
def test_a_pipe_among_the_files_is_not_waited_for(tmp_path: Path, name: str) -> None:
    folder = fake(tmp_path)
    (folder / name).unlink(missing_ok=True)
    os.mkfifo(folder / name)

    assert COMMIT not in git.look(str(tmp_path)).properties


@pytest.mark.parametrize("name", ["HEAD", "config"])
def test_a_huge_file_is_not_read(tmp_path: Path, name: str) -> None:
    folder = fake(tmp_path)
    with open(folder / name, "ab") as file:
        file.truncate(1 << 40)

    assert URL not in git.look(str(tmp_path)).properties


@pytest.mark.parametrize("line", ["gitdir: nowhere\n", "gitdir: \0\n", "gitdir:", "x", "", "\xff"])
def test_a_git_file_that_leads_nowhere_leaves_the_repository_above(repo: Path, line: str) -> None:
    (repo / "inner").mkdir()
    (repo / "inner/.git").write_text(line)

    assert git.look(str(repo / "inner")).commit == git.look(str(repo)).commit != ""


def test_another_users_repository_is_not_looked_into(
    repo: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    os.chown(repo / ".git", 12345, -1) if os.geteuid() == 0 else None
    monkeypatch.setattr(os, "geteuid", lambda: 54321)

    assert git.look(str(repo)).properties == {}


URLS = {
    "https://user:token@example.org/a/b.git": "https://example.org/a/b.git",
    "https://token@example.org/a": "https://example.org/a",
    "https://user:p@ss@example.org:8443/a": "https://example.org:8443/a",
    "https://user:pa/ss@example.org/a": "https://example.org/a",
    "https://example.org/a?token=x#y": "https://example.org/a",
    "https://[::1]:80/a": "https://[::1]:80/a",
    "https://example.org/@scope/a": "https://example.org/@scope/a",
    "ssh://git@example.org:22/a": "ssh://example.org:22/a",
    "git@github.com:a/b.git": "github.com:a/b.git",
    "user:secret@host:a/b": "host:a/b",
    "git+ssh://u:p@h/a": "git+ssh://h/a",
    "helper::https://u:p@h/a": "helper::https://h/a",
    "git-remote-x::https://u:p@h/a": "git-remote-x::https://h/a",
    "persistent-https://token@h/a": "persistent-https://h/a",
    "x.y+ssh://u:p@h/a": "x.y+ssh://h/a",
    "file://u:p@h/a": "file://h/a",
    "ssh://u:p@[::1]:22/a": "ssh://[::1]:22/a",
    "user:pa/ss@host:a/b": "host:a/b",
    "token@host:a/b@c": "host:a/b@c",
    "host:a/b@c": "host:a/b@c",
    "user:secret@host": "host",
    "user:secret@host/a": "host/a",
    "host:@scope/a": "host:@scope/a",
    "https://h/ghp_0123456789abcdefABCDEF/a": "https://h/*****/a",
    "ext::sh -c secret": "",
    "/home/ada@work/digits": "/home/ada@work/digits",
    "../digits": "../digits",
    "file:///srv/x": "file:///srv/x",
    "https://u:p@h/a\nsecond": "https://h/asecond",
    "x" * 3000: "",
    "": "",
}


@pytest.mark.parametrize(("url", "expected"), URLS.items(), ids=[url[:30] for url in URLS])
def test_an_address_is_recorded_without_credentials(url: str, expected: str) -> None:
    assert public(url) == expected


# Asked of the program


def test_the_difference_can_be_applied_to_the_commit(repo: Path) -> None:
    (repo / "train.py").write_text("print(2)\n")
    (repo / "staged.bin").write_bytes(bytes(range(256)))
    ask(repo, "add", "staged.bin")

    run = submitted()

    answered(run)
    assert "git.diff" in run.get_file_names()
    copy = repo.parent / "copy"
    ask(repo, "clone", "-q", str(repo), str(copy))
    ask(copy, "apply", f"{run.directory}/files/git.diff")
    assert (copy / "train.py").read_text() == "print(2)\n"
    assert (copy / "staged.bin").read_bytes() == bytes(range(256))
    assert [name for name in os.listdir(run.directory) if name.startswith(".git")] == []


def test_no_file_of_credentials_is_in_the_difference(repo: Path) -> None:
    names = (".netrc", "deep/.pypirc", ".aws/credentials")
    for name in names:
        (repo / name).parent.mkdir(exist_ok=True)
        (repo / name).write_text("old\n")
    ask(repo, "add", "-f", *names)
    ask(repo, "commit", "-qm", "second")
    for name in (*names, "train.py"):
        (repo / name).write_text("canary = 1\n")

    run = submitted()

    assert answered(run)[DIRTY] == "True"
    patch = Path(run.directory, "files/git.diff").read_text()
    assert patch.count("diff --git") == patch.count("+canary") == 1


def test_an_untracked_file_makes_it_dirty_without_a_difference(repo: Path) -> None:
    (repo / "new.py").write_text("")

    run = submitted()

    assert answered(run)[DIRTY] == "True"
    assert not Path(run.directory, "files/git.diff").exists()


def test_ignored_files_and_the_store_itself_are_no_difference(
    repo: Path, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    home = tmp_path / "home"
    home.mkdir()
    (home / ".gitconfig").write_text(f"[core]\n\texcludesFile = {home}/ignored\n")
    (home / "ignored").write_text("*.log\n")
    (repo / ".git/info/exclude").write_text("data\n")
    monkeypatch.setenv("HOME", str(home))
    (repo / "a.log").write_text("")
    (repo / "data").mkdir()
    (repo / "data/x").write_text("")

    assert answered(submitted())[DIRTY] == "False"


HOSTILE = """
[core]
    fsmonitor = {0}
    hooksPath = {1}
    pager = {0}
    sshCommand = {0}
    alternateRefsCommand = {0}
[filter "evil"]
    clean = {0}
    smudge = {0}
    process = {0}
    required = true
[diff]
    external = {0}
[diff "evil"]
    command = {0}
    textconv = {0}
"""


def test_nothing_that_a_repositorys_settings_name_is_run(repo: Path, tmp_path: Path) -> None:
    program = tmp_path / "hooks/post-index-change"
    program.parent.mkdir()
    program.write_text(f"#!/bin/sh\ntouch {tmp_path}/was-run\ncat\n")
    program.chmod(0o755)
    with open(repo / ".git/config", "a") as file:
        file.write(HOSTILE.format(program, program.parent))
    (repo / ".gitattributes").write_text("* filter=evil diff=evil\n")
    (repo / "train.py").write_text("print(2)\n")

    run = submitted()

    assert answered(run)[DIRTY] == "True"
    assert "+print(2)" in Path(run.directory, "files/git.diff").read_text()
    assert not (tmp_path / "was-run").exists()


def test_the_users_own_repository_is_not_touched(repo: Path) -> None:
    (repo / "train.py").touch()  # git would like to write its index anew
    before = {path: path.stat().st_mtime_ns for path in (repo / ".git").rglob("*")}

    assert answered(submitted())[DIRTY] == "False"

    assert {path: path.stat().st_mtime_ns for path in (repo / ".git").rglob("*")} == before


def test_without_the_git_program_the_commit_is_known_all_the_same(
    repo: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    commit = ask(repo, "rev-parse", "HEAD")
    monkeypatch.setenv("PATH", "relative:/nonexistent")

    run = submitted()

    assert run.properties[COMMIT] == commit
    assert DIRTY not in run.properties


def program(folder: Path, source: str) -> str:
    """A program of our own named git; the PATH that finds it first."""
    folder.mkdir()
    (folder / "git").write_text(f"#!/bin/sh\n{source}\n")
    (folder / "git").chmod(0o755)
    return f"{folder}:{os.environ['PATH']}"


def test_a_git_program_that_fails_leaves_nothing(
    repo: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    marker = tmp_path / "asked"
    monkeypatch.setenv("PATH", program(tmp_path / "bin", f"echo x; echo >> {marker}; exit 128"))

    run = submitted()

    wait_until(marker.exists, "git was asked")
    assert holds_within(lambda: not hidden(run), 30)
    assert DIRTY not in run.properties


def test_a_difference_that_is_too_large_is_left_out_whole(
    repo: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    source = 'case "$*" in *--porcelain*) echo M;; *) exec head -c 17M /dev/zero;; esac'
    monkeypatch.setenv("PATH", program(tmp_path / "bin", source))

    run = submitted()

    assert answered(run)[DIRTY] == "True"
    assert holds_within(lambda: not hidden(run), 30)
    assert not Path(run.directory, "files/git.diff").exists()


def hidden(run: Run) -> list[str]:
    return [name for name in os.listdir(run.directory) if name.startswith(".git")]


@pytest.fixture
def slow_git(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A git program that answers once something is written into this pipe."""
    held = tmp_path / "held.fifo"
    os.mkfifo(held)
    source = f'case "$*" in *--porcelain*) read line < {held};; esac; echo M'
    monkeypatch.setenv("PATH", program(tmp_path / "bin", source))
    return held


def test_the_end_of_a_run_neither_waits_for_git_nor_ends_it(repo: Path, slow_git: Path) -> None:
    run = submitted()  # is over while git still thinks

    assert run.get_status() == "Completed"
    assert DIRTY not in run.properties
    slow_git.write_text("go\n")
    assert answered(run)[DIRTY] == "True"


def test_a_git_at_work_for_another_run_survives_the_end_of_the_script_that_asked(
    repo: Path, slow_git: Path
) -> None:
    outside = repo.parent / "outside"
    outside.mkdir()
    (outside / "train.py").write_text(
        "from homerun import Run\n"
        "experiment = Run.get_context().experiment\n"
        f"experiment.start_logging(None, 'inner', False, snapshot_directory={str(repo)!r})\n"
    )

    submitted(outside)

    inner = Workspace.from_config().get_run("inner")
    assert inner.get_status() == "Completed"
    assert DIRTY not in inner.properties
    slow_git.write_text("go\n")
    assert answered(inner)[DIRTY] == "True"


# Submodules and large files


@pytest.fixture
def outer(repo: Path) -> Path:
    """A repository with `repo` as a submodule, `libs/inner`."""
    outer = repo.parent / "outer"
    outer.mkdir()
    ask(outer, "init", "-q", "-b", "main")
    (outer / "train.py").write_text("print(1)\n")
    ask(outer, "submodule", "add", "-q", str(repo), "libs/inner")
    ask(outer, "add", ".")
    ask(outer, "commit", "-qm", "first")
    return outer


def test_a_submodule_with_an_edit_makes_it_dirty_and_the_difference_has_it(outer: Path) -> None:
    clean = answered(submitted(outer))[DIRTY]
    (outer / "libs/inner/train.py").write_text("print(2)\n")

    run = submitted(outer)

    assert (clean, answered(run)[DIRTY]) == ("False", "True")
    ask(outer / "libs/inner", "checkout", "-q", ".")
    ask(outer, "apply", f"{run.directory}/files/git.diff")
    assert (outer / "libs/inner/train.py").read_text() == "print(2)\n"


def test_the_settings_of_a_submodule_run_nothing(outer: Path, tmp_path: Path) -> None:
    program = tmp_path / "hooks/post-index-change"
    program.parent.mkdir()
    program.write_text(f"#!/bin/sh\ntouch {tmp_path}/was-run\ncat\n")
    program.chmod(0o755)
    inner = outer / "libs/inner"
    ask(inner, "init", "-q", "untracked")
    with open(outer / ".gitmodules", "a") as file:
        file.write("    ignore = none\n")
    (inner / ".gitattributes").write_text("* filter=evil diff=evil\n")
    (inner / "train.py").write_text("print(2)\n")
    settings = HOSTILE.format(program, program.parent)
    for config in (outer / ".git/modules/libs/inner/config", inner / "untracked/.git/config"):
        with open(config, "a") as file:
            file.write(settings)

    run = submitted(outer)

    assert answered(run)[DIRTY] == "True"
    assert "+print(2)" in Path(run.directory, "files/git.diff").read_text()
    assert not (tmp_path / "was-run").exists()


@pytest.fixture
def large(repo: Path, tmp_path: Path) -> Path:
    """A file of 1 MB that is committed as git LFS does it."""
    content = os.urandom(1 << 20)
    digest = hashlib.sha256(content).hexdigest()
    pointer = f"version https://git-lfs.github.com/spec/v1\noid sha256:{digest}\nsize {1 << 20}\n"
    (repo / ".gitattributes").write_text("*.bin filter=lfs diff=lfs merge=lfs -text\n")
    (repo / "model.bin").write_bytes(content)
    (tmp_path / "pointer").write_text(pointer)
    ask(repo, "-c", f"filter.lfs.clean=cat {tmp_path}/pointer", "add", ".")
    ask(repo, "commit", "-qm", "large")
    return repo / "model.bin"


def test_a_large_file_that_was_only_touched_is_not_dirty(large: Path) -> None:
    os.utime(large, (5, 5))

    assert answered(submitted())[DIRTY] == "False"


def test_a_large_file_that_is_still_a_pointer_is_not_dirty(repo: Path, large: Path) -> None:
    large.unlink()
    ask(repo, "checkout", "-q", "model.bin")
    os.utime(large, (5, 5))

    assert answered(submitted())[DIRTY] == "False"


def test_of_a_large_file_that_was_changed_the_difference_has_the_pointer(large: Path) -> None:
    content = bytes(1 << 20)
    large.write_bytes(content)

    run = submitted()

    assert answered(run)[DIRTY] == "True"
    patch = Path(run.directory, "files/git.diff").read_text()
    assert f"+oid sha256:{hashlib.sha256(content).hexdigest()}\n" in patch
    assert len(patch) < 1000
