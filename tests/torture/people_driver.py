"""What one person does on shared folders, at random: the program that `test_people.py` starts.

    people_driver.py <seed> <operations> <folder of all> <own number> <numbers of all>…

On its standard output is a line of JSON for each run that it has submitted; on its standard error
nothing but what people are told.
"""

from __future__ import annotations

import json
import os
import random
import subprocess
import sys
from collections.abc import Callable
from contextlib import suppress

from homerun import Experiment, ScriptRunConfig, Workspace
from homerun.base.errors import HomerunError
from homerun.cli.entry import run_command_line
from runstore.errors import StoreError

GROUP = 64_390
_REPORTS = 4
_LISTS = ("run list", "run list --where status=Queued", "queue list", "store stats", "store check")
_SHOWS = ("run show @last", "run logs @last", "run metrics @last", "run tree -r @last")


class Visitor:
    """One person, now in this folder and now in that."""

    def __init__(self, seed: str, above: str, own: str, people: list[str]) -> None:
        self._chance = random.Random(f"{seed} {own}")
        self._above = above
        self._own = own
        self._people = people

    def act(self) -> None:
        """Do one thing, in one's own folder or in that of another."""
        whose = self._chance.choice([self._own, *self._people])
        os.chdir(f"{self._above}/{whose}")
        acts: list[Callable[[], object]] = [
            *(self._submit, self._submit, self._list, self._show, self._cancel, self._tag),
            *(self._delete, self._restore, self._gc, self._share, self._trust, self._queue),
            *(self._retry, self._complete),
        ]
        with suppress(OSError, StoreError, HomerunError):
            self._chance.choice(acts)()

    def _submit(self) -> None:
        kind = self._chance.choice(("ok", "fail", "wait"))
        config = ScriptRunConfig(
            ".", "train.py", [kind], compute_target="one", max_retries=1, retry_delay_s=0.01
        )
        run = Experiment(Workspace.from_config(), "e").submit(config)
        os.write(
            _REPORTS, f"{json.dumps({'id': run.id, 'in': os.getcwd(), 'by': self._own})}\n".encode()
        )

    def _list(self) -> None:
        self._say(self._chance.choice(_LISTS))

    def _show(self) -> None:
        self._say(self._chance.choice(_SHOWS))

    def _cancel(self) -> None:
        self._say(f"run cancel {self._any()}")

    def _tag(self) -> None:
        self._say(f"run update -r {self._any()} --add-tag by={self._own}")

    def _delete(self) -> None:
        self._say(f"run delete {self._any()} --yes")

    def _restore(self) -> None:
        self._say(f"store trash restore {self._any('.runs/.trash/e')}")

    def _gc(self) -> None:
        self._say("store gc")

    def _share(self) -> None:
        self._say(self._chance.choice((f"store share --group {GROUP}", "store share --off")))

    def _trust(self) -> None:
        self._say(self._chance.choice(("store trust", "store trust --shared")))

    def _queue(self) -> None:
        self._say(f"queue {self._chance.choice(('pause', 'resume', 'resume'))} --target one")

    def _retry(self) -> None:
        self._say(f"run resubmit {self._any()}")

    def _complete(self) -> None:
        asked = {"_HOMERUN_COMPLETE": "bash_complete", "COMP_WORDS": "homerun run show "}
        env = {**os.environ, **asked, "COMP_CWORD": "3"}
        subprocess.run([sys.executable, "-m", "homerun"], env=env, check=False)

    def _any(self, folder: str = ".runs/e") -> str:
        """Any run that can be seen there."""
        found = sorted(name for name in os.listdir(folder) if name.startswith("e_"))
        return self._chance.choice(found or ["e_0_00000000"])

    def _say(self, line: str) -> None:
        run_command_line(line.split())


def main() -> None:
    """Do so many things, one after the other."""
    seed, count, above, own, *people = sys.argv[1:]
    os.dup2(1, _REPORTS, inheritable=False)  # answers of commands are no reports
    os.dup2(os.open("/dev/null", os.O_WRONLY), 1)
    visitor = Visitor(seed, above, own, people)
    for _ in range(int(count)):
        visitor.act()


if __name__ == "__main__":
    main()
