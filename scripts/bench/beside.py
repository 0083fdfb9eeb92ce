"""The same work with other tools, each in an environment of its own, side by side.

    python scripts/bench/beside.py [--minutes N] [--only PART] [--write] [TOOL ...]

What was measured is kept in .venv-peers/results.json, so that tools can be measured one by one, and
a part of two tools in turn.
"""

from __future__ import annotations

import argparse
import json
import os
import select
import shutil
import signal
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from typing import Any

import measure
import report
import versus

ENVIRONMENTS = f"{report.REPOSITORY}/.venv-peers"
RESULTS = f"{ENVIRONMENTS}/results.json"
HERE = os.path.dirname(os.path.abspath(__file__))
PEERS = {
    "homerun": "",
    "mlflow": "mlflow",
    "sacred": "sacred",
    "aim": "aim",
    "trackio": "trackio",
    "wandb": "wandb",
    "dvclive": "dvclive",
    "tensorboardx": "tensorboardX",
    "submitit": "submitit",
    "guildai": "guildai",
    "ray": "ray[default]",
    "hyperqueue": "hyperqueue",
    "gflow": "runqd",
    "parallel": "",
}
PROGRAMS = {"parallel"}
"""Those that the machine has, or has not."""
SIZES = ("100", "1000", "10000", "100000")
POINTS = "100000"
QUEUED = "1000"
KILLS = 3
PARTS = ["launch", "log", "kills", "grown", "queue"]
_KILL_AFTER_S = 3.0
_SETTLE_S = 3.0
_LIMIT_S = 300.0
_COUNT_S = 120.0
_FOLDER = "BENCH_FOLDER"


def main() -> None:
    """Do what the command line says."""
    parser = argparse.ArgumentParser(description="Measure other tools on the same work.")
    parser.add_argument("tools", nargs="*", metavar="TOOL", help=f"of {', '.join(PEERS)}; or all")
    parser.add_argument("--minutes", type=float, default=10, help="for filling each tool's record")
    parser.add_argument("--only", choices=PARTS, help="this part alone; else all of them")
    parser.add_argument("--write", action="store_true", help="put the tables into the page")
    chosen = parser.parse_args()
    unknown = set(chosen.tools) - set(PEERS)
    if unknown:
        parser.error(f"there is no tool {', '.join(sorted(unknown))}")
    os.makedirs(ENVIRONMENTS, exist_ok=True)
    results = _results()
    for name in chosen.tools or PEERS:
        print(f"{name}: {report.circumstances()}", flush=True)
        results[name] = _joined(results.get(name, {}), name, chosen.minutes * 60, chosen.only)
        print(f"  {results[name]}", flush=True)
        with open(RESULTS, "w", encoding="utf-8") as file:
            json.dump(results, file, indent=1)
    known = {name: results[name] for name in PEERS if name in results}
    tables = versus.tables(known, [int(size) for size in SIZES])
    print(tables)
    if chosen.write:
        report.write("peers", tables)


def _results() -> dict[str, Any]:
    try:
        with open(RESULTS, encoding="utf-8") as file:
            found: dict[str, Any] = json.load(file)
            return found
    except FileNotFoundError:
        return {}


def _joined(known: dict[str, Any], name: str, limit: float, only: str | None) -> dict[str, Any]:
    """What is known of a tool, with what is measured of it now."""
    if not only:
        return _measured(name, limit, PARTS)
    found = _measured(name, limit, [only])
    if "when" not in known:
        return found
    alone = {**known.get("alone", {}), only: found["when"]}
    return {**known, **found, "when": known["when"], "alone": alone}


def _measured(name: str, limit: float, parts: list[str]) -> dict[str, Any]:
    """What these parts tell of one tool; `missing` says why there is nothing."""
    found: dict[str, Any] = {"when": report.circumstances()}
    try:
        python = _installed(name)
        found["version"] = _version(python, name)
    except FileNotFoundError:
        return {**found, "missing": "it is not on this machine"}
    except subprocess.CalledProcessError as error:
        lines = [line for line in (error.stderr or "").splitlines() if line.strip()]
        return {
            **found,
            "missing": lines[-1].removeprefix("ERROR: ")[:120]
            if lines
            else "it cannot be installed",
        }
    peer = Peer(python, name)
    for what, ask in (
        ("launch", lambda: peer.answers("launch", _LIMIT_S)),
        ("log", peer.logged),
        ("kills", lambda: [peer.killed() for _ in range(KILLS)]),
        ("grown", lambda: peer.answers("grow", limit * 1.3 + 60, str(limit), *SIZES)),
        ("queue", lambda: peer.answers("queue", _LIMIT_S, QUEUED)),
    ):
        if what in parts and peer.can(what):
            found[what] = ask()
    return found


def _installed(name: str) -> str:
    """The interpreter of a tool's environment, made if it is not there."""
    if not PEERS[name]:
        return sys.executable
    folder = f"{ENVIRONMENTS}/{name}"
    python = f"{folder}/bin/python"
    if not os.path.exists(f"{folder}/installed"):
        shutil.rmtree(folder, ignore_errors=True)
        _run([sys.executable, "-m", "venv", folder])
        _run([python, "-m", "pip", "install", "--quiet", PEERS[name]])
        with open(f"{folder}/installed", "w", encoding="utf-8"):
            pass
    return python


def _version(python: str, name: str) -> str:
    if name in PROGRAMS:
        return _run([name, "--version"]).splitlines()[0].split()[-1]
    code = "import sys; from importlib.metadata import version; print(version(sys.argv[1]))"
    return _run([python, "-c", code, PEERS[name].split("[")[0] or name]).strip()


def _run(command: list[str]) -> str:
    return subprocess.run(command, check=True, capture_output=True, text=True).stdout


class Peer:
    """A tool's worker: `peers/with_NAME.py`, each time with a fresh folder."""

    _NEEDS = {
        "launch": ("launch", "command", "OPENS"),
        "grown": ("make",),
        "queue": ("queueing",),
    }

    def __init__(self, python: str, name: str) -> None:
        self._python = python
        self._script = f"{HERE}/peers/with_{name}.py"
        with open(self._script, encoding="utf-8") as file:
            self._source = file.read()

    def can(self, what: str) -> bool:
        """Whether the tool has an answer to this at all."""
        needs = self._NEEDS.get(what, ("logging",))
        return any(f"\ndef {one}(" in self._source or f"\n{one} =" in self._source for one in needs)

    def answers(self, what: str, limit: float, *numbers: str) -> list[Any]:
        """What the worker tells of one task; what came before an error or the limit counts."""
        with _folder() as folder:
            return self._answers(folder, what, limit, *numbers)

    def logged(self) -> list[Any]:
        """The figures of logging; `counted` is how many points the record has afterwards."""
        with _folder() as folder:
            found = self._answers(folder, "log", _LIMIT_S, POINTS)
            counted = self._answers(folder, "count", _COUNT_S)
            return [{**one, "counted": counted[0] if counted else 0} for one in found[:1]]

    def killed(self) -> list[int]:
        """Points that were acknowledged when the logging process was killed, and those found."""
        with _folder() as folder:
            page = f"{folder}/acknowledged"
            started = self._start(folder, f"{folder}/output", "kill")
            try:
                while not _number(page) and not _has_ended(started, 0.01):
                    pass
                _has_ended(started, _KILL_AFTER_S)
                started.kill()
                _has_ended(started, _SETTLE_S)
                acknowledged = _number(page)
                time.sleep(_SETTLE_S)  # what a helper process of the tool has in hand
                return [acknowledged, *self._answers(folder, "count", _COUNT_S)[:1]]
            finally:
                _end(started, folder)

    def _answers(self, folder: str, what: str, limit: float, *numbers: str) -> list[Any]:
        output = f"{folder}/output-of-{what}"
        started = self._start(folder, output, what, *numbers)
        is_over = _has_ended(started, limit)
        _end(started, folder)
        found = list(_lines(output))
        if not found or (is_over and started.returncode):
            with open(output, encoding="utf-8", errors="replace") as file:
                print(f"  {what} failed: {file.read()[-1500:]}", flush=True)
        return found

    def _start(self, folder: str, output: str, *task: str) -> subprocess.Popen[bytes]:
        what, *numbers = task
        home = f"{folder}/home"  # homerun makes no store in a home folder itself
        os.makedirs(home, exist_ok=True)
        environment = {
            _FOLDER: folder,
            "HOME": home,
            "LANG": "C.UTF-8",
            "PATH": f"{os.path.dirname(self._python)}:/usr/bin:/bin",
        }
        with open(output, "wb") as file:
            return subprocess.Popen(
                [self._python, self._script, what, folder, *numbers],
                stdin=subprocess.DEVNULL,
                stdout=file,
                stderr=subprocess.STDOUT,
                env=environment,
                start_new_session=True,
            )


def _folder() -> tempfile.TemporaryDirectory[str]:
    return tempfile.TemporaryDirectory(
        prefix="peer-", dir=measure.memory(4 << 30, 1_000_000), ignore_cleanup_errors=True
    )


def _has_ended(started: subprocess.Popen[bytes], seconds: float) -> bool:
    """Wait for a worker's end, so long at most, without reaping it: its number stays its own."""
    process = os.pidfd_open(started.pid)
    try:
        return bool(select.select([process], [], [], seconds)[0])
    finally:
        os.close(process)


def _end(started: subprocess.Popen[bytes], folder: str) -> None:
    """End a worker, and all helpers of its tool, which go on in sessions of their own."""
    if started.poll() is None:
        started.kill()
        started.wait()
    mark = f"{_FOLDER}={folder}".encode()
    for name in filter(str.isdigit, os.listdir("/proc")):
        try:
            process = os.pidfd_open(int(name))
        except OSError:
            continue
        try:
            with open(f"/proc/{name}/environ", "rb") as file:
                if mark in file.read().split(b"\0"):
                    signal.pidfd_send_signal(process, signal.SIGKILL)
        except OSError:
            continue  # gone, or another user's
        finally:
            os.close(process)


def _lines(path: str) -> Iterator[Any]:
    """The lines of JSON in an output."""
    with open(path, encoding="utf-8", errors="replace") as file:
        for line in file:
            try:
                yield json.loads(line)
            except ValueError:
                continue


def _number(path: str) -> int:
    try:
        with open(path, "rb") as file:
            return int.from_bytes(file.read(8), "little")
    except FileNotFoundError:
        return 0


if __name__ == "__main__":
    main()
