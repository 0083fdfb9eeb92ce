"""A zoo of badly behaved scripts: each has one right outcome, run to its end and canceled."""

from __future__ import annotations

import os
import textwrap
import threading
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any, NamedTuple

import pytest

from helpers.fifo import Fifo, Gate
from helpers.wait import holds_within
from homerun import Experiment, ScriptRunConfig, Workspace
from homerun.runs import wait
from runstore import layout, look, status
from runstore.errors import RunNotFound
from runstore.run.record import Record
from torture import invariants, report
from torture.invariants import Audit, Canaries

FLOOD_BYTES = report.size(8 << 20, 1 << 30)

GOOD = (status.COMPLETED, None, 0, None)
SEGV = (status.FAILED, status.SIGNAL, None, "SIGSEGV")
GONE = ("gone",)
NOTHING: list[str] = []
CHUNKS = 6
KILLED = (status.FAILED, status.SIGNAL, None, "SIGKILL")


def code(number: int) -> tuple[Any, ...]:
    return status.FAILED, status.EXIT_CODE, number, None


class Animal(NamedTuple):
    """A script: what it does, where it is up (`UP`), and how a run of it ends by itself.

    `UP` tells the test that it is there, and goes on when the test lets it.
    """

    body: str
    end: tuple[Any, ...] = GOOD


PAUSE = "pause()"

ZOO = {
    "ignores TERM": Animal("signal.signal(15, signal.SIG_IGN)\nUP"),
    "ignores every signal": Animal(
        "for n in set(signal.valid_signals()) - {9, 19, 32, 33}: signal.signal(n, signal.SIG_IGN)\nUP"
    ),
    "blocks every signal": Animal(
        "signal.pthread_sigmask(signal.SIG_BLOCK, signal.valid_signals())\nUP"
    ),
    "traps TERM and exits 0": Animal("signal.signal(15, lambda *_: os._exit(0))\nUP"),
    "traps TERM and forks": Animal("signal.signal(15, lambda *_: os.fork())\nUP"),
    "double-forks": Animal(
        f"if not os.fork():\n    if os.fork(): os._exit(0)\n    {PAUSE}\nos.wait()\nUP"
    ),
    "leaves a setsid daemon that ignores TERM": Animal(
        "r, w = os.pipe()\n"
        "if not os.fork():\n    os.setsid()\n    if os.fork(): os._exit(0)\n"
        f"    signal.signal(15, signal.SIG_IGN)\n    os.write(w, b'x')\n    {PAUSE}\n"
        "os.wait()\nos.read(r, 1)\nUP"
    ),
    "changes its process group": Animal(
        f"if not os.fork():\n    os.setpgid(0, 0)\n    {PAUSE}\nUP"
    ),
    "stops a child of its": Animal(f"pid = os.fork()\nif not pid: {PAUSE}\nos.kill(pid, 19)\nUP"),
    "stops itself at its end": Animal(
        "if not os.fork():\n    parent = os.getppid()\n"
        "    while open(f'/proc/{parent}/stat').read().rsplit(')')[-1].split()[0] != 'T': os.sched_yield()\n"
        "    os.kill(parent, 18)\n    os._exit(0)\n"
        "UP\nos.kill(os.getpid(), 19)"
    ),
    "closes stdout and stderr": Animal("UP\nos.close(1)\nos.close(2)\nos._exit(3)", code(3)),
    "closes every descriptor": Animal("UP\nos.closerange(0, 4096)\nos._exit(0)"),
    "dup2s over all descriptors": Animal(
        "UP\nnull = os.open('/dev/null', 2)\nfor n in range(200):\n    n == null or os.dup2(null, n)\nos._exit(4)",
        code(4),
    ),
    "floods its output": Animal(
        f"UP\nblock = b'x' * 65536\nfor _ in range({FLOOD_BYTES} // 65536): os.write(1, block)"
    ),
    "floods without newlines and exits 1": Animal(
        "UP\nos.write(1, b'\\xff' * 100000)\nsys.exit(1)", code(1)
    ),
    "removes its own run folder": Animal(
        "UP\nimport shutil\nshutil.rmtree(folder, ignore_errors=True)", GONE
    ),
    "renames work/": Animal("UP\nos.rename(folder + '/work', folder + '/elsewhere')"),
    "removes work/": Animal("UP\nimport shutil\nshutil.rmtree(folder + '/work')"),
    "removes its logs": Animal("UP\nimport shutil\nshutil.rmtree(folder + '/user_logs')"),
    "forks workers that block in a pipe": Animal(
        "r, w = os.pipe()\nfor _ in range(4):\n    if not os.fork():\n"
        "        while True: os.write(w, b'x' * 65536)\nUP"
    ),
    "os._exit with a code": Animal("UP\nos._exit(42)", code(42)),
    "exit code 255": Animal("UP\nsys.exit(-1)", code(255)),
    "exit code 127": Animal("UP\nos._exit(127)", code(127)),
    "segfaults": Animal("UP\nimport ctypes\nctypes.string_at(0)", SEGV),
    "aborts": Animal("UP\nos.abort()", (status.FAILED, status.SIGNAL, None, "SIGABRT")),
    "kills itself": Animal("UP\nos.kill(os.getpid(), 9)", KILLED),
    "kills its own group": Animal("UP\nos.killpg(0, 9)", KILLED),
    "TERMs its own group": Animal(
        "UP\nos.killpg(0, 15)\nsignal.pause()", (status.FAILED, status.SIGNAL, None, "SIGTERM")
    ),
    "execs another program": Animal("UP\nos.execv('/bin/sh', ['sh', '-c', 'exit 6'])", code(6)),
    "scrubs its environment": Animal(
        f"if os.environ.pop('SCRUBBED', None) is None:\n"
        "    os.execve(sys.executable, [sys.executable, *sys.argv, folder], {'SCRUBBED': '1'})\n"
        f"if not os.fork():\n    os.setsid()\n    {PAUSE}\nUP"
    ),
    "changes its name and command line": Animal(
        "open('/proc/self/comm', 'w').write('a) S 1 (b')\nUP"
    ),
    "submits a run and leaves": Animal(
        "from homerun import Run, ScriptRunConfig\n"
        "child = Run.get_context().experiment.submit(ScriptRunConfig('.', 'child.py'), run_id='inner')\nUP"
    ),
    "kills its supervisor": Animal(
        "UP\nos.kill(supervisor, 9)\nwhile os.getppid() == supervisor: os.sched_yield()\n"
        "from homerun import Run\nRun.get_context()",
        GOOD,
    ),
    "stops its supervisor for a while": Animal(
        "os.kill(os.getppid(), 19)\nUP\nos.kill(supervisor, 18)"
    ),
    "forks a chain": Animal(
        "signal.signal(15, signal.SIG_IGN)\n"
        "if not os.fork():\n    for _ in range(3000):\n        if os.fork(): os._exit(0)\nUP"
    ),
    "forks widely": Animal(f"for _ in range(100):\n    if not os.fork(): {PAUSE}\nUP"),
    "has threads that never end": Animal(
        "import threading\nfor _ in range(20): threading.Thread(target=threading.Event().wait, daemon=True).start()\nUP\nos._exit(0)"
    ),
    "ends its first thread only": Animal(
        "import ctypes, threading\n"
        "def rest():\n"
        "    while open('/proc/self/stat').read().rsplit(')')[-1].split()[0] != 'Z': os.sched_yield()\n"
        "    UP\n    os._exit(5)\n"
        "threading.Thread(target=rest).start()\n"
        "ctypes.CDLL(None).syscall(60 if os.uname().machine == 'x86_64' else 93, 0)",
        code(5),
    ),
    "changes its folder away": Animal("os.chdir('/')\nUP"),
    "has no umask": Animal("os.umask(0)\nopen('outputs/mine', 'w').close()\nUP"),
    "has a umask of 777": Animal("os.umask(0o777)\nUP"),
    "writes garbage beside its facts": Animal(
        "open(folder + '/.ended.json.1.x', 'w').write('{')\nopen(folder + '/garbage', 'w').write('\\0')\nUP"
    ),
    "writes a garbage exited.json": Animal(
        "open(folder + '/exited.json', 'w').write('{\"exit')\nUP"
    ),
    "writes a garbage failed.json": Animal(
        "UP\nopen(folder + '/failed.json', 'w').write('[')", (status.FAILED, status.FAIL, 0, None)
    ),
    "writes garbage into its logs": Animal(
        "from homerun import Run\nrun = Run.get_context()\nrun.log('a', 1)\nrun.tag('a', 'b')\n"
        "for kind in ('metrics', 'labels'):\n    for name in os.listdir(folder + '/' + kind):\n"
        "        open(folder + '/' + kind + '/' + name, 'ab').write(b'\\0\\xff{\"n\":')\nUP"
    ),
    "makes a pipe of a fact": Animal("os.mkfifo(folder + '/mark.json')\nUP"),
    "reads from its stdin": Animal("UP\nsys.exit(0 if sys.stdin.read() == '' else 9)"),
    "raises": Animal("UP\nraise ValueError('bad')", code(1)),
    "raises in atexit": Animal("import atexit\natexit.register(lambda: 1 / 0)\nUP"),
    "raises SystemExit with a text": Animal("UP\nraise SystemExit('no')", code(1)),
    "exits from a thread": Animal(
        "import threading\nUP\nthreading.Thread(target=os._exit, args=(5,)).start()\nsignal.pause()",
        code(5),
    ),
    "calls fail() and exits 0": Animal(
        "from homerun import Run\nUP\nRun.get_context().fail('bad')",
        (status.FAILED, status.FAIL, 0, None),
    ),
    "calls complete() and exits 3": Animal(
        "from homerun import Run\nUP\nRun.get_context().complete()\nsys.exit(3)", code(3)
    ),
    "logs what no one logs": Animal(
        "from homerun import Run\nrun = Run.get_context()\nrun.log('x', float('nan'))\n"
        "run.log('\\ud800' if False else 'é\\n\"', 1e308)\nUP"
    ),
    "limits its own files": Animal(
        "import resource\nUP\nresource.setrlimit(resource.RLIMIT_FSIZE, (1000, 1000))\n"
        "signal.signal(signal.SIGXFSZ, signal.SIG_IGN)\n"
        "from homerun import Run\nrun = Run.get_context()\nfor i in range(100): run.log('a', i)"
    ),
    "is out of descriptors": Animal(
        "import resource\nfrom homerun import Run\nrun = Run.get_context()\nUP\n"
        "resource.setrlimit(resource.RLIMIT_NOFILE, (3, 3))\nrun.log('a', 1)\nos._exit(0)"
    ),
}

HEAD = """
import os, signal, sys
folder = os.environ.get("HOMERUN_RUN_FOLDER") or sys.argv[-1]
supervisor = os.getppid()
def pause():
    while True: signal.pause()
def up():
    with open({ready!r}, "w", buffering=1) as fifo:
        print("up", file=fifo)
    with open({door!r}, "rb", buffering=0) as door:
        while door.read(3) != b"go\\n": pass
"""


class Cage:
    """One animal's run, and the pipes by which it is held."""

    def __init__(self, name: str, folder: Path, pipes: Path, experiment: Experiment) -> None:
        self.name = name
        self.animal = ZOO[name]
        number = list(ZOO).index(name)
        self.ready = Fifo(pipes / f"ready-{number}.fifo")
        self.door = Gate(pipes / f"door-{number}.fifo")
        head = textwrap.dedent(HEAD.format(ready=str(self.ready.path), door=str(self.door.path)))
        source = folder / f"source-{number}"
        source.mkdir()
        (source / "train.py").write_text(head + self.animal.body.replace("UP", "up()") + "\n")
        (source / "child.py").write_text("")
        self.run = experiment.submit(ScriptRunConfig(str(source), "train.py", grace_s=0.3))

    def close(self) -> None:
        """Let go of the pipes, and of whatever is left."""
        invariants.kill_all_of(self.run.id)
        self.ready.close()
        self.door.close()

    def said(self) -> tuple[Any, ...]:
        """How it ended."""
        if not os.path.exists(f"{self.run.directory}/{layout.RUN}"):
            return GONE
        outcome = self.run.describe()["outcome"] or {}
        rest = (outcome.get(key) for key in ("cause", "exit_code", "signal"))
        return self.run.get_status(), *rest


@pytest.fixture
def play(
    workspace_dir: Path, tmp_path: Path, canaries: Canaries
) -> Iterator[Callable[..., list[str]]]:
    """Let animals come up together, then go on or be canceled; what was not as it should be."""
    cages: list[Cage] = []

    def run_them(names: list[str], *, cancel: bool) -> list[str]:
        experiment = Experiment(Workspace.from_config(), "zoo")
        audit = Audit(Workspace.from_config().store.for_writing().root, canaries)
        cages.extend(Cage(name, workspace_dir, tmp_path, experiment) for name in names)
        for cage in cages:
            cage.ready.line()
        if cancel:
            callers = [threading.Thread(target=cage.run.cancel) for cage in cages]
            for caller in callers:
                caller.start()
            for caller in callers:
                caller.join()
        else:
            for cage in cages:
                cage.door.open()
        wrong = [text for cage in cages for text in _settle(cage, cancel)]
        for other in experiment.get_runs():
            other.wait_for_completion(raise_on_error=False)
        breaks = audit.check()
        for cage in cages:
            if not holds_within(lambda c=cage: not invariants.living_of(c.run.id), 10.0):  # type: ignore[misc]
                breaks.append(f"I4: {cage.name}: {invariants.living_of(cage.run.id)}")
        report.add(f"zoo: {'canceled' if cancel else 'run'}", len(cages), wrong + breaks)
        return wrong + breaks

    yield run_them
    for cage in cages:
        cage.close()


def _settle(cage: Cage, cancel: bool) -> list[str]:
    """Wait until it is over; what is wrong with how it ended."""
    record = Record(cage.run.experiment.workspace.store, "zoo", cage.run.id)
    try:
        if not wait.until_over(record, 30.0).is_over:
            return [f"{cage.name}: it does not end: {look.at(record).status}"]
    except RunNotFound:
        pass
    said = cage.said()
    if cancel:
        is_right = said[:2] == (status.CANCELED, status.CANCEL)
    elif cage.animal.end == GONE:
        is_right = said == GONE
    else:
        is_right = said == cage.animal.end
    return [] if is_right else [f"{cage.name}: it ended {said}"]


def _chunks() -> list[list[str]]:
    names = list(ZOO)
    return [names[at::CHUNKS] for at in range(CHUNKS)]


@pytest.mark.parametrize("names", _chunks(), ids=lambda names: f"{names[0]} …")
def test_animals_that_run_end_as_they_do(play: Callable[..., list[str]], names: list[str]) -> None:
    assert play(names, cancel=False) == NOTHING


@pytest.mark.parametrize("names", _chunks(), ids=lambda names: f"{names[0]} …")
def test_animals_that_are_canceled_are_gone(
    play: Callable[..., list[str]], names: list[str]
) -> None:
    assert play(names, cancel=True) == NOTHING
