"""W&B offline: a log file per run; it launches nothing here, and lists nothing offline."""

from __future__ import annotations

import glob
import os
from collections.abc import Callable, Iterator

import work

os.environ["WANDB_MODE"] = "offline"
os.environ["WANDB_SILENT"] = "true"
os.environ["WANDB_CONSOLE"] = "off"

import wandb

OPENS = "import wandb\nwandb.init(project='bench', dir='.').finish()\n"
_BLOCK = 32768
_HEADER = 7


def logging(folder: str, body: Callable[[work.Log], None]) -> None:
    with wandb.init(project="bench", dir=folder) as run:
        body(lambda number: run.log({"loss": number * 0.5}))


def count(folder: str) -> int:
    from wandb.proto.wandb_internal_pb2 import Record

    (path,) = glob.glob(f"{folder}/wandb/offline-run-*/*.wandb")
    with open(path, "rb") as file:
        data = file.read()
    return sum(Record.FromString(one).HasField("history") for one in _records(data))


def _records(data: bytes) -> Iterator[bytes]:
    """The records of a log in LevelDB's form, whose first seven bytes are the file's own."""
    at, parts = _HEADER, []
    while at + _HEADER <= len(data):
        left = _BLOCK - at % _BLOCK
        if left < _HEADER:
            at += left
            continue
        length = int.from_bytes(data[at + 4 : at + 6], "little")
        kind = data[at + 6]
        at += _HEADER + length
        if not kind or at > len(data):
            return
        parts.append(data[at - length : at])
        if kind in (1, 4):  # whole, or the last part
            yield b"".join(parts)
            parts = []


if __name__ == "__main__":
    work.main(globals())
