"""Logs that are cut, copied away or rotated while they are followed: each line once."""

from __future__ import annotations

import os
from collections.abc import Callable
from pathlib import Path

import pytest

from helpers.fifo import Gate
from homerun import Run
from homerun.files.logs import follow
from homerun.files.logs.tail import Tail

LINES = 20_000
ROTATED = f"""
import logging.handlers
handler = logging.handlers.RotatingFileHandler("logs/a.log", maxBytes=4000, backupCount=1000)
logger = logging.getLogger("rotated")
logger.addHandler(handler)
logger.setLevel("INFO")
logger.propagate = False
for i in range({LINES}):
    logger.info(i)
    if i == 0:
        PASS
"""
COPIED = f"""
import os, shutil
log = open("logs/a.log", "a", buffering=1)
for i in range({LINES}):
    log.write(f"{{i}}\\n")
    if i % 9000 == 8999:
        shutil.copy("logs/a.log", "logs/a.log.1")
        os.truncate("logs/a.log", 0)
    if i % 9000 in (0, 8999):
        PASS
"""
"""A log that is emptied twice between two looks would lose what stood there in between; so this
waits until its first line was read, and until the copy was, which the next one replaces."""


@pytest.fixture
def log(tmp_path: Path) -> Callable[..., Tail]:
    """A log in a folder of its own; what is told of it goes to `told`."""
    made: list[Tail] = []

    def tail(told: list[str]) -> Tail:
        path = str(tmp_path / "a.log")

        def opened(name: str) -> int:
            return os.open(tmp_path / name, os.O_RDONLY | os.O_CLOEXEC)

        made.append(Tail(path, "a.log", opened, tell=told.append))
        return made[-1]

    yield tail
    for one in made:
        one.close()


def new(tail: Tail) -> bytes:
    return b"".join(tail.read())


@pytest.mark.parametrize(
    ("source", "stops"),
    [(ROTATED, [0]), (COPIED, [0, 8999, 9000, 17999, 18000])],
    ids=["renamed", "copied"],
)
def test_no_line_of_a_log_that_is_rotated_in_a_flood_is_lost_or_repeated(
    submit: Callable[[str], Run], gate: Callable[[str], Gate], source: str, stops: list[int]
) -> None:
    door = gate("door")
    run = submit(source.replace("PASS", door.passed))

    seen, pending = b"", list(stops)
    for part in follow.Following(run._record, "logs/a.log"):
        seen += part
        while pending and seen.endswith(b"%d\n" % pending[0]):
            del pending[0]
            door.open()

    assert seen == b"".join(b"%d\n" % i for i in range(LINES))


def test_a_log_that_is_emptied_goes_on_and_that_is_told_once(
    log: Callable[..., Tail], tmp_path: Path
) -> None:
    told: list[str] = []
    tail, path = log(told), tmp_path / "a.log"

    path.write_bytes(b"one\n")
    assert new(tail) == b"one\n"
    path.write_bytes(b"")
    assert new(tail) == b""
    path.write_bytes(b"two\nmore than there was\n")
    assert new(tail) == b"two\nmore than there was\n"
    path.write_bytes(b"three\nlonger than before, so its size tells nothing\n")
    assert new(tail) == b"three\nlonger than before, so its size tells nothing\n"

    (line,) = told
    assert line.startswith("a.log was emptied while it was read; what was not read by then is lost")


def test_a_writer_that_does_not_append_leaves_a_hole_that_is_not_shown(
    log: Callable[..., Tail], tmp_path: Path
) -> None:
    tail = log([])
    with open(tmp_path / "a.log", "wb", buffering=0) as writer:
        writer.write(b"x" * 10_000)
        assert len(new(tail)) == 10_000
        os.truncate(writer.name, 0)
        writer.write(b"after\n")

    assert new(tail) == b"after\n"


def test_what_is_still_written_to_a_log_that_was_moved_away_is_read(
    log: Callable[..., Tail], tmp_path: Path
) -> None:
    tail, path = log([]), tmp_path / "a.log"
    with open(path, "wb", buffering=0) as slow:
        slow.write(b"1\n")
        assert new(tail) == b"1\n"
        path.rename(tmp_path / "a.log-20261121")
        path.write_bytes(b"3\n")
        assert new(tail) == b"3\n"
        slow.write(b"2\n")
        assert new(tail) == b"2\n"


def test_what_was_rotated_before_is_not_shown(log: Callable[..., Tail], tmp_path: Path) -> None:
    (tmp_path / "a.log.1").write_bytes(b"older\n")
    tail = log([])
    assert new(tail) == b""

    (tmp_path / "a.log").write_bytes(b"new\n")

    assert new(tail) == b"new\n"


def test_a_log_that_is_removed_goes_on_with_the_next_and_that_is_told(
    log: Callable[..., Tail], tmp_path: Path
) -> None:
    told: list[str] = []
    tail, path = log(told), tmp_path / "a.log"
    path.write_bytes(b"1\n")
    assert new(tail) == b"1\n"

    path.unlink()
    assert new(tail) == b""
    path.write_bytes(b"2\n")

    assert new(tail) == b"2\n"
    assert told == ["a.log was removed; it goes on with what is there, and some may be missing"]
