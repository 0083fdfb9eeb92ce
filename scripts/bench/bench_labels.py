"""Tags from fifty processes at once over bare appends; ten thousand children over bare files."""

from __future__ import annotations

import os
import resource
import sys
import tempfile
from collections.abc import Callable, Iterator

import measure
import rows
from rows import Row

from homerun import Experiment, Run, Workspace

WRITERS = 50
UPDATES = 20
CHILDREN = 10_000
DESCRIPTORS = 1024

LINE = (
    b'\n{"label":"tag","key":"quality","value":"fantastic run","n":%d,'
    b'"time":"2026-11-21T05:21:02.123456+00:00","user":"somebody","host":"workstation","pid":%d}\n'
)


def measured(quick: bool) -> Iterator[Row]:
    """The rows of this part of the table."""
    with measure.place(size=1 << 30, files=200_000) as folder:
        experiment = Experiment(Workspace.from_config(), "bench")
        yield from _tags(experiment, folder)
        yield from _children(experiment, folder, 100 if quick else CHILDREN)


def _tags(experiment: Experiment, folder: str) -> Iterator[Row]:
    bare, ours, idle = measure.in_turn(
        5,
        lambda: _at_once(_appender(_fresh(folder))),
        lambda: _at_once(_tagger(_ended(experiment))),
        lambda: _at_once(lambda: None),
    )
    each = (measure.median(ours) - measure.median(idle)) / (WRITERS * UPDATES)
    beside = f"one tag: {each * 1e3:.2f} ms"
    name = "1,000 tags by 50 processes at once, over bare appends"
    yield rows.of(name, measure.ratios(ours, bare), "x", 10, beside=beside)


def _children(experiment: Experiment, folder: str, count: int) -> Iterator[Row]:
    hard = resource.getrlimit(resource.RLIMIT_NOFILE)[1]
    resource.setrlimit(resource.RLIMIT_NOFILE, (DESCRIPTORS, hard))
    _ended(experiment).create_children(100)
    bare, ours = [], []
    for _ in range(3):  # each takes seconds: no round goes uncounted
        bare.append(measure.seconds(lambda: _files(_fresh(folder), count)))
        ours.append(measure.seconds(lambda: _ended(experiment).create_children(count)))
    beside = f"{measure.median(ours):.2f} s"
    name = f"create_children({count:,}), over the bare files"
    yield rows.of(name, measure.ratios(ours, bare), "x", 5, beside=beside)


def _fresh(folder: str) -> str:
    return tempfile.mkdtemp(dir=folder)


def _ended(experiment: Experiment) -> Run:
    """A fresh run, with all loaded that labelling needs."""
    with experiment.start_logging(snapshot_directory=None, outputs=False) as run:
        run.tag("made", "for the bench")
    return run


def _appender(folder: str) -> Callable[[], None]:
    """What each writer does at the least: the same lines into a file of its own."""

    def append() -> None:
        path = f"{folder}/{os.getpid()}.jsonl"
        descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_APPEND, 0o600)
        for number in range(UPDATES):
            os.write(descriptor, LINE % (number, os.getpid()))
        os.close(descriptor)

    return append


def _tagger(run: Run) -> Callable[[], None]:
    def tag() -> None:
        for _ in range(UPDATES):
            run.tag("quality", "fantastic run")

    return tag


def _at_once(work: Callable[[], None]) -> None:
    """Fifty forked processes that do the same."""
    pids = []
    for _ in range(WRITERS):
        pid = os.fork()
        if pid == 0:
            work()
            os._exit(0)
        pids.append(pid)
    for pid in pids:
        if os.waitpid(pid, 0)[1]:
            sys.exit("a writer failed")


def _files(folder: str, count: int) -> None:
    """What each child costs at the least: a folder, a file, a link to it, and its appearance."""
    os.mkdir(f"{folder}/children")
    content = b"x" * 600
    for number in range(count):
        hidden = f"{folder}/.new-{number}"
        os.mkdir(hidden, 0o700)
        descriptor = os.open(f"{hidden}/run.json", os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
        os.write(descriptor, content)
        os.close(descriptor)
        os.symlink(f"../{number}", f"{folder}/children/{number}")
        os.rename(hidden, f"{folder}/{number}")
