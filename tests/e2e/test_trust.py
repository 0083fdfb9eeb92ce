"""Looking never acts for others: who may make a store start, stop, adopt, publish, run hooks."""

from __future__ import annotations

import json
import os
import shutil
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import NamedTuple

import pytest

from helpers.fifo import Fifo
from helpers.person import Person, digest, end_all_of, people
from helpers.wait import wait_until
from homerun import Experiment, ScriptRunConfig, Workspace
from homerun.cli.entry import run_command_line
from runstore.errors import ReadOnlyStore, UntrustedStore
from runstore.fs import trust
from runstore.store import Store

# Other tests end all processes of their own users meanwhile, so each worker has its own.
ALICE = 64_100 + 2 * int(os.environ.get("PYTEST_XDIST_WORKER", "gw0")[2:])
BOB = ALICE + 1

LOOKS = (
    ("run", "list"),
    ("run", "list", "--where", "status = Queued"),
    ("run", "list", "--children"),
    ("run", "show", "@last"),
    ("run", "logs", "@last"),
    ("run", "metrics", "@last"),
    ("run", "tree", "@last"),
    ("experiment", "list"),
    ("queue", "list"),
    ("target", "list"),
    ("store", "check"),
    ("store", "stats"),
    ("store", "trash", "list"),
    ("doctor",),
)


class Cast(NamedTuple):
    """Three accounts of one machine."""

    alice: Person
    bob: Person
    root: Person


@pytest.fixture
def cast() -> Iterator[Cast]:
    """Alice, whose store it is about, and two who come by it."""
    with people(ALICE, BOB, 0) as found:
        yield Cast(*found)


@pytest.fixture
def experiment(workspace_dir: Path) -> Experiment:
    """An experiment of a new store."""
    return Experiment(Workspace.create("trusting"), "e")


def _with_a_run_that_waits(person: Person) -> Path:
    """A project of a person in whose queue a run waits, its forerunner and the keeper killed."""
    project = person.home / "project"
    made = person.python(
        "-c",
        "import os, sys\n"
        "os.makedirs('project'); os.chdir('project')\n"
        "open('wait.py', 'w').write('import signal; signal.pause()')\n"
        "open('mark.py', 'w').write('import os; open(os.environ[\"MARK\"], \"w\").close()')\n"
        "from homerun import Experiment, ScriptRunConfig, Workspace\n"
        "here = Workspace.create('project')\n"
        "here.targets.add('one', slots=1)\n"
        "experiment = Experiment(here, 'e')\n"
        "experiment.submit(ScriptRunConfig('.', 'wait.py', compute_target='one'))\n"
        "mark = {'MARK': os.environ['HOME'] + '/ran'}\n"
        "experiment.submit(ScriptRunConfig('.', 'mark.py', compute_target='one',\n"
        "                                  environment_variables=mark))\n",
    )
    assert made.returncode == 0, made.stderr
    end_all_of(person.user)
    os.chmod(project, 0o755)
    return project


def _let_all_read(folder: Path) -> None:
    for path in (folder, *folder.rglob("*")):
        if not path.is_symlink():
            path.chmod(0o755 if path.is_dir() else 0o644)


@pytest.mark.parametrize("who", ["root", "another user"])
def test_a_look_at_another_users_store_starts_and_changes_nothing(cast: Cast, who: str) -> None:
    project = _with_a_run_that_waits(cast.alice)
    store = project / ".runs"
    _let_all_read(store)
    looker = cast.root if who == "root" else cast.bob
    before = digest(store)

    for words in LOOKS:
        done = looker.homerun(*words, at=project)
        assert "Traceback" not in done.stderr, done.stderr
        assert not (looker.home / "ran").exists()

    assert digest(store) == before
    assert not (cast.alice.home / "ran").exists()
    shown = looker.homerun("run", "list", at=project)
    assert f"it belongs to user {ALICE}" in shown.stderr


@pytest.mark.parametrize("words", [("submit-script", "-e", "e", "mark.py"), ("cancel", "@last")])
def test_root_submits_and_cancels_nothing_in_another_users_store(
    cast: Cast, words: tuple[str, ...]
) -> None:
    project = _with_a_run_that_waits(cast.alice)
    before = digest(project)

    done = cast.root.homerun("run", *words, at=project)

    assert done.returncode == 1
    assert f"it belongs to user {ALICE}" in done.stderr
    assert digest(project) == before


@pytest.mark.parametrize("who", ["root", "another user"])
def test_a_run_of_another_user_is_not_abandoned(cast: Cast, who: str) -> None:
    project = _with_a_run_that_waits(cast.alice)
    (started,) = project.glob(".runs/e/*/started.json")
    said = json.loads(started.read_text())
    started.unlink()
    started.write_text(json.dumps({**said, "boot_id": "another", "machine_id": "another"}))
    os.chown(started, ALICE, ALICE)
    _let_all_read(project / ".runs")
    before = digest(project)
    words = ("run", "cancel", "--abandon", "--yes", "-r", started.parent.name)

    done = (cast.root if who == "root" else cast.bob).homerun(*words, at=project)

    assert done.returncode == 1
    assert f"it belongs to user {ALICE}" in f"{done.stdout}{done.stderr}"
    assert digest(project) == before
    assert cast.alice.homerun(*words, at=project).returncode == 0


def test_the_owners_own_look_starts_what_waits(cast: Cast) -> None:
    project = _with_a_run_that_waits(cast.alice)

    cast.alice.homerun("run", "list", at=project)
    waited = cast.alice.homerun("run", "monitor-logs", "@last", at=project)

    assert waited.returncode == 0, waited.stderr
    assert (cast.alice.home / "ran").exists()


def test_a_completion_starts_nothing_in_ones_own_store(cast: Cast) -> None:
    project = _with_a_run_that_waits(cast.alice)
    asked = {
        "_HOMERUN_COMPLETE": "bash_complete",
        "COMP_WORDS": "homerun run show ",
        "COMP_CWORD": "3",
    }

    done = cast.alice.homerun(at=project, env=asked)

    assert "e_" in done.stdout, done
    assert not (cast.alice.home / "ran").exists()
    assert cast.alice.homerun("run", "list", "--status", "Queued", "-o", "json", at=project).stdout


def test_a_store_found_above_that_belongs_to_another_takes_no_run(cast: Cast) -> None:
    project = _with_a_run_that_waits(cast.alice)
    _let_all_read(project / ".runs")
    below = project / "below"
    below.mkdir()
    os.chown(below, BOB, BOB)
    (below / "t.py").write_text("")

    done = cast.bob.homerun("run", "submit-script", "-e", "e", "t.py", at=below)

    assert done.returncode == 1
    assert "HOMERUN_STORE" in done.stderr
    assert not (cast.alice.home / "ran").exists()


@pytest.fixture
def received(experiment: Experiment, script: Callable[..., Path], tmp_path: Path) -> Store:
    """A copy of a store, as somebody may have sent it."""
    script("train.py", "")
    experiment.start_logging(snapshot_directory=None, outputs=False).complete()
    shutil.copytree(".runs", tmp_path / "received" / ".runs", symlinks=True)
    os.chmod(tmp_path / "received" / ".runs", 0o700)
    return Store(str(tmp_path / "received" / ".runs"))


def test_a_copied_store_acts_for_nobody_before_it_is_trusted(received: Store) -> None:
    assert not received.may_act
    with pytest.raises(UntrustedStore, match="homerun store trust"):
        received.for_acting()


def test_a_store_that_is_trusted_takes_runs(
    received: Store, capfd: pytest.CaptureFixture[str]
) -> None:
    home = os.path.dirname(received.root)
    submit = ["run", "submit-script", "-p", home, "-e", "e", "--source-directory", "source"]

    assert run_command_line([*submit, "train.py"]) == 1
    assert f"homerun store trust {received.root}" in capfd.readouterr().err
    assert run_command_line(["store", "trust", received.root]) == 0
    assert run_command_line([*submit, "train.py"]) == 0


def test_a_store_that_is_distrusted_again_is_only_read(experiment: Experiment) -> None:
    store = experiment.workspace.store
    assert store.for_acting()

    assert trust.forget(store.root, store.id)
    assert not Store(store.root).may_act


def test_a_store_that_others_may_write_in_does_not_act(experiment: Experiment) -> None:
    root = experiment.workspace.store.for_acting().root
    os.chmod(root, 0o770)

    with pytest.raises(UntrustedStore, match="chmod go-w"):
        Store(root).for_acting()


def test_a_store_that_is_moved_goes_on_acting(experiment: Experiment, tmp_path: Path) -> None:
    root = experiment.workspace.store.for_acting().root

    os.rename(root, tmp_path / "moved")

    assert Store(str(tmp_path / "moved")).may_act


def test_a_store_that_a_variable_names_is_trusted_by_that(
    received: Store, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("HOMERUN_STORE", received.root)

    assert Workspace.from_config().store.for_acting().may_act


def test_a_user_without_a_home_trusts_in_a_private_folder(
    received: Store, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("XDG_STATE_HOME", "/dev/null/nowhere")
    monkeypatch.setattr(trust, "_SHARED", str(tmp_path))

    trust.trust(received.root, received.id)
    assert Store(received.root).may_act
    (private,) = tmp_path.glob("homerun-*")
    assert private.stat().st_mode & 0o777 == 0o700

    private.chmod(0o755)  # as one that another account has made
    assert not Store(received.root).may_act
    with pytest.raises(PermissionError):
        trust.trust(received.root, received.id)


def test_an_id_that_is_a_path_leads_to_no_file_outside_the_trusted(tmp_path: Path) -> None:
    root = tmp_path / ".runs"
    root.mkdir(mode=0o700)
    said = {"format": 1, "store_id": "../../../evil", "lock": "ofd"}
    (root / "store.json").write_text(json.dumps(said))

    assert not Store(str(root)).may_act


def test_new_commands_of_the_settings_are_not_started_before_they_are_trusted(
    experiment: Experiment, script: Callable[..., Path], ready: Fifo
) -> None:
    hooks = [{"command": f"echo $HOMERUN_ENDED_RUN > {ready.path}"}]
    experiment.workspace.store.for_acting()
    Path(".runs/settings.json").write_text(json.dumps({"on_end": hooks}))
    script("train.py", "")

    first = experiment.submit(ScriptRunConfig("source", "train.py"))
    first.wait_for_completion()
    log = Path(first.directory, "supervisor.log")
    wait_until(lambda: "homerun store trust" in log.read_text(), "the log says what to do")
    assert run_command_line(["store", "trust"]) == 0
    second = experiment.submit(ScriptRunConfig("source", "train.py"))

    assert ready.line() == second.id
    second.wait_for_completion()


def test_a_store_without_an_owner_here_can_not_be_trusted(cast: Cast) -> None:
    project = _with_a_run_that_waits(cast.alice)

    with pytest.raises(ReadOnlyStore, match="it belongs to"):
        trust.trust(str(project / ".runs"), Store(str(project / ".runs")).id)
