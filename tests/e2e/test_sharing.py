"""A store that is shared with a group: its members read all of it, and act for none of it."""

from __future__ import annotations

import json
import os
import stat
from collections.abc import Iterator
from pathlib import Path
from typing import Any, NamedTuple

import pytest

from helpers.person import Person, digest, people
from helpers.wait import wait_until

# Other tests end all processes of their own users meanwhile, so each worker has its own.
ALICE = 64_300 + 3 * int(os.environ.get("PYTEST_XDIST_WORKER", "gw0")[2:])
BOB = ALICE + 1
EVE = ALICE + 2
ML = 64_290

MAKE = """
import os
os.makedirs("project")
os.chdir("project")
open("wait.py", "w").write('''
import os, signal
from homerun import Run
run = Run.get_context()
run.log("loss", 0.5)
print("hello", flush=True)
open("outputs/open.txt", "w").write("for all")
os.umask(0o077)
open("outputs/private.txt", "w").write("for me")
open(os.environ["HOME"] + "/ready", "w").close()
signal.pause()
''')
open("done.py", "w").write('print("done")')
from homerun import Environment, Experiment, ScriptRunConfig, Workspace
here = Workspace.create("project")
here.targets.add("one", slots=1)
Environment("packages").register(here)
experiment = Experiment(here, "e")
ended = experiment.submit(ScriptRunConfig(".", "done.py"), run_id="ended")
ended.wait_for_completion()
os.close(os.open(ended.directory + "/user_logs/environment_log.txt", os.O_CREAT, 0o600))
experiment.submit(ScriptRunConfig(".", "wait.py", compute_target="one"), run_id="running")
experiment.submit(ScriptRunConfig(".", "done.py", compute_target="one"), run_id="waiting")
experiment.start_logging(run_id="here", outputs=False, snapshot_directory=None).complete()
"""

STATUSES = {
    "ended": "Completed",
    "running": "Running",
    "waiting": "Queued",
    "here": "Completed",
}

SECRETS = (".queue/one/9*", ".environments", ".maintenance.lock", "e/ended/user_logs/env*")
"""What no group reads: values of variables, tokens, and what nothing but its owner needs."""

LOOKS = (
    ("run", "list"),
    ("run", "list", "--where", "status = Running"),
    ("run", "show", "running"),
    ("run", "show", "waiting"),
    ("run", "logs", "running"),
    ("run", "metrics", "running"),
    ("run", "tree", "-r", "running"),
    ("run", "compare", "running", "ended"),
    ("run", "snapshot", "ended", "-d", "{home}/code"),
    ("run", "download-logs", "running", "-d", "{home}/logs"),
    ("experiment", "list"),
    ("queue", "list"),
    ("target", "list"),
    ("store", "check"),
    ("store", "stats"),
    ("store", "share"),
    ("store", "trash", "list"),
    ("store", "gc", "--dry-run"),
)

CHANGES = (
    ("run", "submit-script", "-e", "e", "done.py"),
    ("run", "resubmit", "ended"),
    ("run", "cancel", "running"),
    ("run", "cancel", "waiting"),
    ("run", "update", "-r", "ended", "--add-tag", "a=b"),
    ("run", "delete", "ended", "--yes"),
    ("queue", "pause", "--target", "one"),
    ("queue", "resume", "--target", "one"),
    ("target", "add", "two", "--slots", "2"),
    ("store", "share", "--off"),
    ("store", "share", "--group", str(ML)),
    ("store", "trust"),
    ("store", "gc"),
    ("store", "reindex"),
    ("store", "check", "--repair"),
)

STUDIO = """
import json, sys
sys.path.append(sys.argv[1])
from helpers.asgi import Client
from homerun import Workspace
from homerun.studio import app
from homerun.studio.http.auth import Door
from homerun.studio.http.middleware import Hosts
from homerun.studio.state import Desk
told = {}
for read_only in (True, False):
    desk = Desk(Workspace.from_config(), Door(None), read_only)
    with Client(app.made(desk, Hosts(), static={})) as client:
        client.take(client.get("/login?code=" + desk.door.new_code()))
        for route in sys.argv[2].split():
            told[f"{route} {read_only}"] = client.get("/api/" + route).status
        for route, body in json.loads(sys.argv[3]).items():
            answer = client.post("/api/" + route, body)
            told[f"{route} {read_only}"] = answer.status, answer.text
        rows = client.get("/api/runs").json["runs"]
        told[f"rows {read_only}"] = {row["id"]: row["status"] for row in rows}
    desk.close()
print(json.dumps(told))
"""


class Lab(NamedTuple):
    """Alice's project with a shared store, her colleague Bob, and Eve, who is in no group."""

    alice: Person
    bob: Person
    eve: Person
    project: Path

    @property
    def store(self) -> Path:
        """The store's folder."""
        return self.project / ".runs"


@pytest.fixture
def lab() -> Iterator[Lab]:
    """Runs that have ended, run and wait; then the store is shared."""
    with people(ALICE, BOB, EVE) as (alice, bob, eve):
        alice.groups = bob.groups = [ML]
        made = alice.python("-c", MAKE)
        assert made.returncode == 0, made.stderr
        wait_until((alice.home / "ready").exists, "the script has written its files")
        project = alice.home / "project"
        project.chmod(0o755)
        done = alice.homerun("store", "share", "--group", str(ML), at=project)
        assert done.returncode == 0, done.stderr
        wait_until(lambda: _has_settled(project), "what is written beside runs is written")
        yield Lab(alice, bob, eve, project)


def _has_settled(project: Path) -> bool:
    runs = [project / ".runs/e" / name for name in ("ended", "running")]
    return all((run / "interpreter.json").exists() for run in runs)


def _rows(person: Person, lab: Lab) -> dict[str, str]:
    done = person.homerun("run", "list", "--children", "-o", "json", at=lab.project)
    assert done.returncode == 0, done.stderr
    return {row["run_id"]: row["status"] for row in json.loads(done.stdout)}


def test_members_of_the_group_see_the_true_status_of_every_run(lab: Lab) -> None:
    assert _rows(lab.bob, lab) == STATUSES

    assert lab.alice.homerun("run", "cancel", "running", at=lab.project).returncode == 0
    assert lab.alice.homerun("run", "monitor-logs", "waiting", at=lab.project).returncode == 0

    assert _rows(lab.bob, lab) == {**STATUSES, "running": "Canceled", "waiting": "Completed"}


def test_members_of_the_group_read_and_change_nothing(lab: Lab) -> None:
    before = digest(lab.store)

    for words in LOOKS:
        named = [word.format(home=lab.bob.home) for word in words]
        done = lab.bob.homerun(*named, at=lab.project)
        assert (done.returncode, "Traceback" in done.stderr) == (0, False), (words, done.stderr)
    for words in CHANGES:
        done = lab.bob.homerun(*words, at=lab.project)
        assert done.returncode == 1, (words, done)
        assert f"it belongs to user {ALICE}" in done.stderr, (words, done.stderr)

    assert digest(lab.store) == before


def test_studio_shows_a_shared_store_and_changes_nothing_of_it(lab: Lab) -> None:
    before = digest(lab.store)
    looks = "info experiments trash targets runs runs/running runs/running/metrics runs/ended/code"
    log = "runs/running/log?log=user_logs/std_log.txt&end=1"
    files = f"{log} runs/running/file?file=outputs/open.txt"
    both, one = {"ids": ["running", "ended"]}, {"target": "one"}
    changes = {
        "submit": {"experiment": "e", "script": "done.py", "source": str(lab.project)},
        "runs/labels": {**both, "name": "mine"},
        **{f"runs/{verb}": both for verb in ("cancel", "fail", "delete", "resubmit")},
        "queue/pause": one,
        "queue/resume": one,
    }
    tests = str(Path(__file__).parents[1])

    done = lab.bob.python(
        "-c", STUDIO, tests, f"{looks} {files}", json.dumps(changes), at=lab.project
    )

    assert done.returncode == 0, done.stderr
    told: dict[str, Any] = json.loads(done.stdout)
    for read_only in (True, False):
        assert told.pop(f"rows {read_only}") == STATUSES
        for route in changes:
            status, text = told.pop(f"{route} {read_only}")
            assert '"read_only"' in text, (route, status, text)
    assert {one: status for one, status in told.items() if status != 200} == {}
    assert digest(lab.store) == before


def test_a_member_follows_a_run_to_its_end(lab: Lab) -> None:
    follow = "from homerun import Workspace\nprint(Workspace.from_config().get_run('running')"
    waits = ".wait_for_completion(show_output=True, raise_on_error=False)['status'])"
    at_end = "import os, signal\n" + follow + waits

    with lab.bob.start("-c", at_end, at=lab.project) as followed:
        assert followed.stdout is not None
        line = next(one for one in followed.stdout if "hello" in one)
        lab.alice.homerun("run", "cancel", "running", at=lab.project)
        rest = followed.stdout.read()

    assert followed.returncode == 0
    assert (line.strip(), rest.split()[-1]) == ("hello", "Canceled")


def test_what_holds_secrets_and_what_a_script_made_private_stay_the_owners(lab: Lab) -> None:
    outputs = lab.store / "e/running/work/project/outputs"
    found = [path for one in SECRETS for path in lab.store.glob(one)]

    assert len(found) == len(SECRETS)
    assert [str(path) for path in found if path.stat().st_mode & 0o077] == []
    assert (outputs / "private.txt").stat().st_mode & 0o077 == 0
    read = lab.bob.python("-c", f"print(open({str(outputs / 'open.txt')!r}).read())")
    assert read.stdout == "for all\n"
    told = json.loads(lab.alice.homerun("store", "share", "-o", "json", at=lab.project).stdout)
    assert (told["group"], told["hidden_files"]) == (str(ML), 0)


def test_nobody_else_reads_a_shared_store(lab: Lab) -> None:
    assert lab.eve.homerun("run", "list", at=lab.project).returncode == 1
    assert [path for path in _all(lab.store) if path.stat().st_mode & 0o007 and _ours(path)] == []


def _all(store: Path) -> list[Path]:
    return [path for path in (store, *store.rglob("*")) if not path.is_symlink()]


def _ours(path: Path) -> bool:
    return "/work/project/outputs/" not in str(path)


def test_a_store_that_is_shared_no_more_is_closed_at_once_and_for_what_comes_later(
    lab: Lab,
) -> None:
    assert lab.alice.homerun("store", "share", "--off", at=lab.project).returncode == 0
    made = lab.alice.homerun(
        *("run", "submit-script", "-e", "e", "--run-id", "later", "done.py"), at=lab.project
    )

    assert made.returncode == 0, made.stderr
    assert lab.bob.homerun("run", "list", at=lab.project).returncode == 1
    assert [path for path in _all(lab.store) if path.stat().st_mode & 0o077 and _ours(path)] == []
    assert [path for path in _all(lab.store) if path.stat().st_gid != ALICE and _ours(path)] == []


def test_all_that_is_made_in_a_shared_store_is_readable_for_the_group(lab: Lab) -> None:
    made = lab.alice.python(
        "-c",
        "import os\n"
        "os.umask(0o077)\n"
        "from homerun import Experiment, ScriptRunConfig, Workspace\n"
        "here = Workspace.from_config()\n"
        "run = Experiment(here, 'new').submit(ScriptRunConfig('.', 'done.py'), run_id='later')\n"
        "run.tag('a', 'b')\n"
        "run.add_properties({'p': '1'})\n"
        "run.wait_for_completion()\n"
        "run.upload_file('deep/table.csv', 'done.py')\n"
        "held = Experiment(here, 'new').start_logging(snapshot_directory='.', outputs=False)\n"
        "held.log('loss', 1.0)\n"
        "held.child_run(run_id='below').complete()\n"
        "held.complete()\n"
        "Experiment(here, 'new').tag('x', 'y')\n"
        "run.delete()\n",
        at=lab.project,
    )
    assert made.returncode == 0, made.stderr
    shared = stat.S_ISGID | 0o050

    for path in (lab.store / "new", lab.store / ".trash", *_all(lab.store / "new")):
        seen = path.stat()
        wanted = shared if path.is_dir() else 0o040
        assert (seen.st_gid, seen.st_mode & (wanted | 0o007)) == (ML, wanted), path
    assert _rows(lab.bob, lab)["below"] == "Completed"


def test_a_folder_above_that_the_group_may_not_pass_is_named(lab: Lab) -> None:
    lab.project.chmod(0o700)

    done = lab.alice.homerun("store", "share", "-o", "table", at=lab.project)

    assert f"the group may not pass {lab.project}: `chmod o+x {lab.project}`" in done.stderr


@pytest.mark.parametrize(
    ("words", "told"),
    [
        (("--group", "no-such-group"), "there is no group 'no-such-group'"),
        (("--group", "0"), "you are not in the group '0'"),
        (("--group", str(ML), "--off"), "say --group or --off, not both"),
    ],
)
def test_a_group_that_can_not_be_shared_with_is_refused_with_one_line(
    lab: Lab, words: tuple[str, ...], told: str
) -> None:
    before = digest(lab.store)

    done = lab.alice.homerun("store", "share", *words, at=lab.project)

    assert done.returncode in (1, 2)
    assert told in done.stderr
    assert digest(lab.store) == before
