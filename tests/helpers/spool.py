"""An engine that is a folder: a daemon on each host starts the jobs there that name the host.

    spool.py FOLDER HOST    the daemon; it lives until its host is gone

Nothing but the folder connects the hosts, so each of them can submit, look and cancel. A file
`FOLDER/HOST` lets the daemon start jobs; without it they wait.
"""

from __future__ import annotations

import json
import os
import select
import signal
import subprocess
import sys
import tempfile
from collections.abc import Iterator, Sequence
from pathlib import Path

from homerun.targets.engines.engine import (
    GONE,
    OVER,
    RUNNING,
    WAITING,
    Engine,
    Job,
    Option,
    Placed,
    Seen,
)

TURN_S = 0.02


class Spool(Engine):
    """The engine's side, on any host."""

    type = "spool"
    OPTIONS = (Option("folder", "the folder of the jobs"), Option("host", "where they are to run"))

    @property
    def folder(self) -> Path:
        """Where the jobs are."""
        return Path(str(self.said["folder"]))

    def submit(self, jobs: Sequence[Job]) -> list[Placed]:
        """Write jobs down, each in a folder of its own that appears whole."""
        return [self._submit(job) for job in jobs]

    def _submit(self, job: Job) -> Placed:
        made = Path(tempfile.mkdtemp(prefix=".new-", dir=self.folder))
        asked = {"argv": job.argv, "env": job.env, "log": job.log, "mark": job.mark}
        (made / "job").write_text(json.dumps({**asked, "host": self.said["host"]}))
        number = made.name.rpartition("-")[2]
        made.rename(self.folder / number)
        return Placed(self.type, str(self.folder), number, "", job.mark)

    def look(self, placed: Sequence[Placed]) -> list[Seen]:
        """What the folders of the jobs say."""
        return [self._seen(self.folder / one.job) for one in placed]

    def _seen(self, job: Path) -> Seen:
        if not job.exists():
            return Seen(GONE)
        if (job / "over").exists():
            return Seen(OVER, "its process ended")
        return Seen(RUNNING if (job / "begun").exists() else WAITING, "its host is busy")

    def cancel(self, placed: Sequence[Placed]) -> None:
        """Ask for their ends."""
        for one in placed:
            (self.folder / one.job / "cancel").touch()

    def found(self, jobs: Sequence[Job]) -> list[Placed | None]:
        """Jobs by what is written in them."""
        there = {}
        for path in self.folder.glob("[!.]*/job"):
            mark = json.loads(path.read_text())["mark"]
            there[mark] = Placed(self.type, str(self.folder), path.parent.name, "", mark)
        return [there.get(job.mark) for job in jobs]

    def test(self) -> Iterator[tuple[str, str]]:
        """The folder is there."""
        yield "the folder", str(len(os.listdir(self.folder)))


def main() -> None:
    """Start the jobs of this host, and end those that are to be canceled."""
    folder, host = Path(sys.argv[1]), sys.argv[2]
    running: dict[Path, subprocess.Popen[bytes]] = {}
    while True:
        select.select([], [], [], TURN_S)
        for job in folder.glob("[!.]*/job"):
            asked, place = json.loads(job.read_text()), job.parent
            if asked["host"] != host or (place / "over").exists():
                continue
            process = running.get(place)
            is_canceled = (place / "cancel").exists()
            if process is None and is_canceled:
                (place / "over").touch()
            elif process is None and (folder.parent / f"{host}.open").exists():
                running[place] = _start(asked)
                (place / "begun").touch()
            elif process is not None and process.poll() is not None:
                (place / "over").touch()
            elif process is not None and is_canceled:
                process.send_signal(signal.SIGTERM)


def _start(asked: dict[str, object]) -> subprocess.Popen[bytes]:
    argv, env = asked["argv"], asked["env"]
    assert isinstance(argv, list)
    assert isinstance(env, dict)
    with open(str(asked["log"]), "ab") as log:
        return subprocess.Popen(
            argv, env={"PATH": os.defpath, **env}, stdin=subprocess.DEVNULL, stdout=log, stderr=log
        )


if __name__ == "__main__":
    main()
