"""tensorboardX: event files; it launches nothing and lists nothing."""

from __future__ import annotations

import os
from collections.abc import Callable

import work
from tensorboardX import SummaryWriter

OPENS = "from tensorboardX import SummaryWriter\nSummaryWriter('run').close()\n"


def logging(folder: str, body: Callable[[work.Log], None]) -> None:
    with SummaryWriter(f"{folder}/run") as writer:
        body(lambda number: writer.add_scalar("loss", number * 0.5, number))


def count(folder: str) -> int:
    """Whole records of an event file: length (8), its checksum (4), data, its checksum (4)."""
    (name,) = os.listdir(f"{folder}/run")
    with open(f"{folder}/run/{name}", "rb") as file:
        data = file.read()
    at = found = 0
    while at + 12 <= len(data):
        at += 16 + int.from_bytes(data[at : at + 8], "little")
        found += at <= len(data)
    return found - 1  # the first one is the file's version


if __name__ == "__main__":
    work.main(globals())
