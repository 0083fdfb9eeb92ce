"""A Ray cluster of one node on this machine, from PyPI, in a folder of its own, and in a PID
namespace of its own where this machine has those.

`ray stop` is never called: it ends every Ray of the machine, by name.
"""

from __future__ import annotations

import contextlib
import json
import os
import shutil
import socket
import subprocess
import sys
import tempfile
import uuid
from pathlib import Path
from typing import Any
from urllib import error, request

import pytest

from helpers import probes, process
from helpers.wait import holds_within

INSTALL_S = 600.0

START_S = 300.0
"""Ray loads some two hundred modules in each of a dozen processes."""

_VARIABLES = {
    "RAY_AUTH_MODE": "token",
    "RAY_USAGE_STATS_ENABLED": "0",
    "RAY_JOB_START_TIMEOUT_SECONDS": "3600",
}


class CannotBeHad(Exception):
    """Why there is no Ray to test against, in one line."""


def installed(folder: Path) -> Path:
    """The folder of Ray's programs, installed on the first call.

    Raises:
        CannotBeHad: it cannot be installed here.
    """
    programs = folder / "bin"
    if (folder / "installed").exists():
        return programs
    shutil.rmtree(folder, ignore_errors=True)
    for command in (
        [sys.executable, "-m", "venv", "--without-pip", folder],
        [
            *(sys.executable, "-m", "pip", "--python", programs / "python", "install", "--quiet"),
            *("--disable-pip-version-check", "ray[default]"),
        ],
    ):
        try:
            done = subprocess.run(command, capture_output=True, text=True, timeout=INSTALL_S)
        except subprocess.TimeoutExpired:
            raise CannotBeHad(f"no Ray is tried: pip did not end in {INSTALL_S:g} s") from None
        if done.returncode:
            last = (done.stderr.strip().splitlines() or ["pip failed"])[-1]
            raise CannotBeHad(f"no Ray is tried, since it cannot be installed: {last}")
    (folder / "installed").touch()
    return programs


class Cluster:
    """A cluster that runs, from `start` to `close`.

    Attributes:
        token: what lets in.
        is_far: whether its processes cannot be seen from here, as on another machine.
    """

    def __init__(self, programs: Path, cpus: int = 4) -> None:
        self._programs = programs
        self._cpus = cpus
        # The path of a socket has at most 107 bytes: the folders of pytest are too deep.
        self.folder = Path(tempfile.mkdtemp(prefix="ray-", dir="/tmp"))
        self._ports = _free_ports(4)
        self._guardian: subprocess.Popen[str] | None = None
        self._pid = 0
        self.is_far = probes.can_unshare_pid()
        self.token = uuid.uuid4().hex

    @property
    def address(self) -> str:
        """That of its dashboard."""
        return f"http://127.0.0.1:{self._ports[0]}"

    def start(self) -> None:
        """Start it, and wait until it takes jobs; after a crash it knows nothing of before.

        A head that gives up, as on a machine that is busy, is started again.
        """
        if self._guardian is None:
            self._guardian = self._guarded()
        for _ in range(3):
            self._pid = self._tell("start")
            holds_within(lambda: self.takes_jobs() or not self.is_there(), START_S)
            if self.is_there():
                return
        pytest.fail(f"Ray does not start: {self._last_words()}")

    def crash(self) -> None:
        """SIGKILL to the head and all that it has started, as when the machine is lost."""
        self._tell("crash")

    def _guarded(self) -> subprocess.Popen[str]:
        dashboard, agent, gcs, client = map(str, self._ports)
        guardian = subprocess.Popen(
            [
                *(sys.executable, str(Path(__file__).with_name("ray_guardian.py"))),
                "far" if self.is_far else "near",
                *(str(self._programs / "ray"), "start", "--head", "--block"),
                *("--node-ip-address", "127.0.0.1", "--port", gcs),
                *("--dashboard-port", dashboard, "--dashboard-agent-listen-port", agent),
                *("--ray-client-server-port", client),
                *("--min-worker-port", "0", "--max-worker-port", "0"),
                *("--num-cpus", str(self._cpus), "--object-store-memory", "80000000"),
                *("--temp-dir", "SESSION", "--disable-usage-stats"),
            ],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            cwd=self.folder,
            env={
                **{name: os.environ[name] for name in ("PATH", "LANG") if name in os.environ},
                **_VARIABLES,
                "RAY_AUTH_TOKEN": self.token,
                "HOME": str(self.folder),
            },
            text=True,
        )
        guardian.wait()  # it goes on in a child
        return guardian

    def _tell(self, line: str) -> int:
        assert self._guardian is not None
        assert self._guardian.stdin is not None
        assert self._guardian.stdout is not None
        print(line, file=self._guardian.stdin, flush=True)
        return int(self._guardian.stdout.readline())

    def takes_jobs(self) -> bool:
        """Whether the dashboard answers, and the agent behind it, which submits."""
        try:
            self._ask(self.address, "/api/jobs/")
            self._ask(f"http://127.0.0.1:{self._ports[1]}", "/api/healthz")
        except OSError:
            return False
        return True

    def submit(self, entrypoint: str, job: str | None = None) -> str:
        """Submit a job that is nothing of homerun's, if wanted by an id; its id.

        A cluster that has ended by itself, as on a machine that is busy, is started again.
        """
        asked = {"entrypoint": entrypoint, "entrypoint_num_cpus": 0.1, "submission_id": job}
        for _ in range(3):
            try:
                return str(self._ask(self.address, "/api/jobs/", asked)["submission_id"])
            except OSError as wrong:
                why = wrong
                if not holds_within(lambda: not self.is_there(), START_S / 10):
                    break
                self.start()
        pytest.fail(f"Ray does not take a job: {why}; {self._last_words()}")

    def stop(self, job: str) -> None:
        """End a job as `ray job stop` does; one that is not known is none."""
        with contextlib.suppress(error.HTTPError):
            self._ask(self.address, f"/api/jobs/{job}/stop", {})

    def state(self, job: str) -> str:
        """What the cluster says of a job, in its own word; "": nothing."""
        found = [one for one in self._ask(self.address, "/api/jobs/") if isinstance(one, dict)]
        states = {one.get("submission_id"): one.get("status") for one in found}
        return str(states.get(job) or "")

    def processes(self) -> list[process.Process]:
        """Its processes, those of its jobs too."""
        parents: dict[int, list[process.Process]] = {}
        for one in process.everyone():
            parents.setdefault(one.parent, []).append(one)
        found, todo = [], [self._pid]
        while todo:
            more = parents.get(todo.pop(), [])
            found += more
            todo += [one.pid for one in more]
        return found

    def _ask(self, address: str, path: str, said: object = None) -> Any:
        headers = {"Authorization": f"Bearer {self.token}", "Content-Type": "application/json"}
        data = None if said is None else json.dumps(said).encode()
        asked = request.Request(address + path, data, headers)
        with request.urlopen(asked, timeout=30) as answer:
            text = answer.read()
        return json.loads(text) if text.startswith((b"{", b"[")) else text

    def close(self) -> None:
        """End everything, and remove the folder."""
        if self._guardian is not None:
            assert self._guardian.stdin is not None
            assert self._guardian.stdout is not None
            self._guardian.stdin.close()
            self._guardian.stdout.read()  # it ends when the guardian does
            self._guardian.stdout.close()
        shutil.rmtree(self.folder)

    def is_there(self) -> bool:
        """Whether the process that holds it lives."""
        try:
            state = Path(f"/proc/{self._pid}/stat").read_text().rpartition(")")[2].split()[0]
        except OSError:
            return False
        return state != "Z"

    def _last_words(self) -> str:
        return (self.folder / "head.out").read_text(errors="replace")[-1000:]


def _free_ports(wanted: int) -> list[int]:
    """Ports that were free a moment ago."""
    held = [socket.create_server(("127.0.0.1", 0)) for _ in range(wanted)]
    found = [one.getsockname()[1] for one in held]
    for one in held:
        one.close()
    return found
