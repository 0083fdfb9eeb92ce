"""Root looks at stores of other accounts, while these play lanes of the kill soak.

It lists, shows, and reconciles, from before there is a run until it is over. That may change
nothing: root opens nothing to write, starts and signals nothing, and what is in the store stays its
owner's.
"""

from __future__ import annotations

import io
import json
import os
import subprocess
import sys
import traceback
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager, redirect_stderr, redirect_stdout, suppress
from pathlib import Path
from random import Random
from typing import Any

import pytest

from helpers.person import PACKAGES, Person, people
from homerun import Workspace
from homerun.base.errors import HomerunError
from homerun.cli.entry import run_command_line
from homerun.runs import reconcile
from runstore import layout, status
from runstore import look as looks
from runstore.errors import StoreError
from runstore.run.record import Record
from runstore.store import Store
from torture import invariants, nemeses, report, soak
from torture.cast import tick

LANES = 6
BETWEEN_LOOKS_MS = 40.0
FIRST_USER = 61_000 + os.getpid() % 500 * LANES
"""Two suites at a time end each other's processes if they work as the same users."""

HARMLESS = ("os.listdir", "os.scandir", "os.walk", "os.fwalk", "os.getxattr", "os.listxattr")
ACTS = ("os.", "shutil.", "subprocess.", "signal.", "socket.connect", "sqlite3.connect")
TO_WRITE = os.O_WRONLY | os.O_RDWR | os.O_CREAT | os.O_TRUNC


@contextmanager
def others() -> Iterator[list[Person]]:
    """The accounts that play every second lane; none where this suite is not root's."""
    with ExitStack() as stack:
        found: list[Person] = []
        try:
            found = stack.enter_context(people(*range(FIRST_USER, FIRST_USER + LANES // 2)))
        except pytest.skip.Exception as skipped:
            report.skip("kill soak: while root looks", str(skipped))
        yield found


def lane(persons: list[Person], first: int, count: int, step: int, folder: str) -> dict[str, Any]:
    """Play a lane of the soak: where its number is odd, as another account, while root looks."""
    number = first % LANES
    if number % 2 == 0 or not persons:
        return soak.lane(first, count, step, folder)
    home = persons[number // 2].home / "lane"
    os.symlink(home, folder)
    found = _play(persons[number // 2], home, first, count, step)
    if found["breaks"]:
        subprocess.run(["cp", "-a", str(home), f"{folder}-kept"], check=False)
    return found


def _play(person: Person, home: Path, *numbers: int) -> dict[str, Any]:
    root = _Root()
    env = {
        "PYTHONPATH": os.pathsep.join([str(Path(__file__).parents[1]), PACKAGES]),
        "TORTURE": os.environ.get("TORTURE", ""),
        report.SEED_VARIABLE: str(report.SEED),
    }
    words = ("-m", "torture.soak_driver", *map(str, numbers), str(home))
    with person.start(*words, env=env, stdin=subprocess.PIPE) as playing:
        assert playing.stdin is not None
        assert playing.stdout is not None
        for line in playing.stdout:
            told = json.loads(line)
            if "tries" in told:
                return dict(told)
            breaks = root.look_at(told["root"], told["run"], Path(told["folder"]))
            playing.stdin.write(f"{json.dumps(breaks[:20])}\n")
            playing.stdin.flush()
    said = home.with_name(f"{home.name}.said")
    raise RuntimeError(f"the lane broke off: {said.read_text() if said.exists() else ''}")


class _Root:
    """This process, which looks, and notes whatever it does besides."""

    def __init__(self) -> None:
        self._looks = False
        self._breaks: list[str] = []
        sys.addaudithook(self._note)

    def look_at(self, root: str, run_id: str, folder: Path) -> list[str]:
        """Look at a run until it is over, and once more; what is broken."""
        self._breaks = []
        chance = report.chance("root looks", run_id)
        seen: list[str] = []
        os.chdir(Path(root).parent)
        while not (folder / nemeses.END).exists():
            tick(BETWEEN_LOOKS_MS * chance.random())
            self._look(chance, root, run_id, seen)
        self._breaks += _strange(root, run_id)
        record = Store(root).get(run_id)
        if record is not None:
            last = looks.at(record).status
            self._breaks += invariants.check_seen(
                "root", [*_since_adopted(record, seen), last], last
            )
        return [f"while root looks: {text}" for text in self._breaks]

    def _look(self, chance: Random, root: str, run_id: str, seen: list[str]) -> None:
        def command(*words: str) -> None:
            run_command_line([*words])

        def open_workspace() -> None:
            seen.append(Workspace.from_config().get_run(run_id).get_status())

        def bring_up_to_date() -> None:
            record = Store(root).get(run_id)
            if record is not None:
                seen.append(reconcile.bring_up_to_date(record).status)

        kinds: list[Callable[[], None]] = [
            lambda: command("run", "list"),
            lambda: command("run", "show", run_id),
            open_workspace,
            bring_up_to_date,
        ]
        self._looks = True
        try:
            with _unheard(), suppress(HomerunError, StoreError, LookupError):
                chance.choice(kinds)()
        except Exception:  # noqa: BLE001 - it looks on, and tells
            self._breaks.append(traceback.format_exc())
        finally:
            self._looks = False

    def _note(self, event: str, args: tuple[Any, ...]) -> None:
        """Note what this process does besides looking; it can't be noted where C does it."""
        if not self._looks or event in HARMLESS:
            return
        if event == "open":
            path, _, flags = args
            if flags & TO_WRITE and path != os.devnull:
                self._breaks.append(f"it opens {path} to write")
        elif event.startswith(ACTS):
            self._breaks.append(f"it does {event} {args}")


@contextmanager
def _unheard() -> Iterator[None]:
    said = io.TextIOWrapper(io.BytesIO(), encoding="utf-8")
    with redirect_stdout(said), redirect_stderr(said):
        yield


def _since_adopted(record: Record, seen: list[str]) -> list[str]:
    """What was seen, without what came before an adopter that found the script gone.

    A look at all processes misses one that is being forked. So a run that lost supervisor and
    script, and left others, can look over for a moment, until its owner's adopter ends these.
    """
    log = Path(record.path, layout.SUPERVISOR_LOG)
    is_known = log.exists() and " is gone" in log.read_text()
    went_on = [at for at, word in enumerate(seen) if word not in status.TERMINAL]
    return seen[went_on[-1] :] if is_known and went_on else seen


def _strange(root: str, run_id: str) -> list[str]:
    """What in a store is root's, and which processes of a run are."""
    breaks = []
    for folder, names, others_names in os.walk(root):  # what goes meanwhile is passed by
        for name in (*names, *others_names):
            with suppress(FileNotFoundError):
                if os.lstat(f"{folder}/{name}").st_uid == os.getuid():
                    breaks.append(f"{folder}/{name} is root's")
    for one in invariants.living_of(run_id):
        with suppress(FileNotFoundError):
            if os.stat(f"/proc/{one.pid}").st_uid == os.getuid():
                breaks.append(f"{one} is root's")
    return breaks
