"""Two accounts and root on shared folders: each does at random what people do, also where it has no
business. No command runs as another than the store's owner, no run is lost, no file of a store
gets another owner.
"""

from __future__ import annotations

import json
import os
from collections.abc import Iterator
from pathlib import Path
from typing import Any, NamedTuple

import pytest

from helpers.person import Person, people
from helpers.wait import wait_until
from torture import report
from torture.people_driver import GROUP

ALICE = 64_400 + 2 * int(os.environ.get("PYTEST_XDIST_WORKER", "gw0")[2:])
BOB = ALICE + 1
TRIES = 200 if report.IS_LONG else 30

SCRIPT = """
import os, sys, uuid
open(f"{said}/{{uuid.uuid4()}}", "w").write(f"{owner} {{os.getuid()}}")
if sys.argv[1] == "wait":
    import select
    select.select([], [], [], 0.3)
sys.exit(sys.argv[1] == "fail")
"""

PREPARE = """
import json, sys
from homerun import Experiment, ScriptRunConfig, Workspace
here = Workspace.create("project")
here.targets.add("one", slots=1)
Experiment(here, "e").submit(ScriptRunConfig(".", "train.py", ["ok"])).wait_for_completion()
"""


class Town(NamedTuple):
    """Three persons, a folder of each that all may enter, and where commands say who runs them."""

    persons: list[Person]
    above: Path
    said: Path

    def folder(self, person: Person) -> Path:
        """The project of a person."""
        return self.above / str(person.user)


@pytest.fixture
def town() -> Iterator[Town]:
    """Each person's store has a target of one slot, a hook, and is shared with a group of all."""
    with people(ALICE, BOB, 0) as persons:
        above = persons[0].home.parent / "projects"
        said = above / "said"
        said.mkdir(parents=True)
        above.chmod(0o755)
        said.chmod(0o1777)
        made = Town(persons, above, said)
        for person in persons:
            person.groups = [GROUP]
            _prepare(made, person)
        yield made


def _prepare(town: Town, person: Person) -> None:
    folder = town.folder(person)
    folder.mkdir()
    (folder / "train.py").write_text(SCRIPT.format(said=town.said, owner=person.user))
    os.chown(folder, person.user, person.user)
    done = person.python("-c", PREPARE, at=folder)
    assert done.returncode == 0, done.stderr
    settings = folder / ".runs/settings.json"
    hook = f'echo "{person.user} $(id -u)" > {town.said}/$HOMERUN_ENDED_RUN.hook'
    found = {**json.loads(settings.read_text()), "on_end": [{"command": hook}]}
    settings.write_text(json.dumps(found))
    for words in (("store", "trust"), ("store", "share", "--group", str(GROUP))):
        done = person.homerun(*words, at=folder)
        assert done.returncode == 0, done.stderr


def test_people_on_shared_folders_act_and_lose_nothing_of_each_other(town: Town) -> None:
    submitted = _live_together(town)
    _come_to_the_end(town)

    said = [path.read_text() for path in town.said.iterdir()]
    wrong = [one for one in said if len(set(one.split())) > 1]  # a hook may be writing now
    lost = [one["id"] for one in submitted if one["id"] not in _known(town, one["in"])]
    strange = [one["id"] for one in submitted if one["in"] != str(town.above / one["by"])]
    foreign = [
        path for person in town.persons for path in _not_of(person, town.folder(person) / ".runs")
    ]

    tries = TRIES * len(town.persons)
    report.add("people on shared folders", tries, [*wrong, *lost, *strange, *foreign])
    assert {one["by"] for one in submitted} == {str(person.user) for person in town.persons}
    assert len(said) > len(town.persons)
    assert (wrong, lost, strange, foreign) == ([], [], [], [])


def _live_together(town: Town) -> list[dict[str, str]]:
    """Let all do what they do, at the same time; the runs that they say they have submitted."""
    driver = Path(__file__).with_name("people_driver.py")
    numbers = [str(person.user) for person in town.persons]
    running = [
        person.start(
            *(str(driver), str(report.SEED), str(TRIES), str(town.above), str(person.user)),
            *numbers,
        )
        for person in town.persons
    ]
    submitted = []
    for one in running:
        with one:
            told, errors = one.communicate()
        assert (one.returncode, "Traceback" in errors) == (0, False), errors
        submitted += [json.loads(line) for line in told.splitlines()]
    return submitted


def _come_to_the_end(town: Town) -> None:
    for person in town.persons:
        folder = town.folder(person)
        done = person.homerun("queue", "resume", "--target", "one", at=folder)
        assert done.returncode == 0, done.stderr
        wait_until(lambda at=folder, who=person: not _goes_on(who, at), "all runs are over")


def _goes_on(person: Person, folder: Path) -> list[str]:
    over = ("Completed", "Failed", "Canceled")
    return [row["run_id"] for row in _rows(person, folder) if row["status"] not in over]


def _rows(person: Person, folder: Path, *words: str) -> list[dict[str, Any]]:
    asked = words or ("run", "list", "--children", "--last", "10000")
    done = person.homerun(*asked, "-o", "json", at=folder)
    assert done.returncode == 0, done.stderr
    found: list[dict[str, Any]] = json.loads(done.stdout)
    return found


def _known(town: Town, folder: str) -> set[str]:
    """The runs of a store, those in the trash too, as its owner sees them."""
    person = next(one for one in town.persons if str(town.folder(one)) == folder)
    both = [*_rows(person, Path(folder)), *_rows(person, Path(folder), "store", "trash", "list")]
    return {row["run_id"] for row in both}


def _not_of(person: Person, folder: Path) -> list[str]:
    """What in the store of a person belongs to another."""
    return [str(path) for path in folder.rglob("*") if path.lstat().st_uid != person.user]
