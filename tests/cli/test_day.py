"""A day of work as a person types it: on 80 and on 160 columns, and in a pipe.

The files in `day/` hold what is shown, one for each form. Ids, times, sizes and paths are replaced,
each by a text of the same length where a table could move; in a pipe JSON is summed up by its keys.
After an intended change `GOLDEN=write make test ARGS=tests/cli/test_day.py` writes them again: read
each line of the difference as the person who sees it.
"""

from __future__ import annotations

import json
import os
import re
import shlex
import shutil
import sys
import tempfile
from collections.abc import Callable, Iterable, Iterator
from pathlib import Path
from typing import Any

import pytest

from helpers.wait import wait_until
from homerun.base import accounts

HERE = Path(__file__).parent / "day"
PROJECT = "/home/ann/project"
FORMS = {"80": 80, "160": 160, "pipe": None}

TRAIN = """import argparse
from pathlib import Path

from homerun import Run

parser = argparse.ArgumentParser()
parser.add_argument("--lr", type=float, default=0.1)
parser.add_argument("--epochs", type=int, default=3)
parser.add_argument("--seed", type=int, default=0)
args = parser.parse_args()
run = Run.get_context()
for epoch in range(1, args.epochs + 1):
    loss = 1 / (1 + args.lr * epoch) + args.seed / 100
    run.log("loss", loss)
    print(f"epoch {epoch}: loss {loss:.3f}")
Path("outputs/model.txt").write_text("weights")
"""
WAITS = "import signal\n\nprint('waiting', flush=True)\nsignal.pause()\n"
NEEDS = "import numpy_of_nobody\n"

DAY = """
homerun run train.py --lr 0.1
homerun ls
homerun logs 1 --tail 2
homerun run --name longer --note "more epochs" train.py --lr 0.1 --epochs 5
homerun show 1
homerun files longer
homerun files 1 outputs/model.txt
# the learning rate: a grid
homerun run --dry-run --grid lr=0.2,0.4 --grid seed=0,1 train.py
homerun run --grid lr=0.2,0.4 --grid seed=0,1 train.py
homerun ls
homerun show 3
homerun logs 3 --tail 1
homerun best
homerun best loss
> homerun.toml minimize = ["loss"]
homerun config
homerun best
homerun show @best --query "{number: run_number, params: params}" -o yaml
homerun compare 4 5 6 7
# what fails
homerun run train.py --lr a
homerun why
homerun rerun 8 -- --lr 0.8
homerun wait @last
homerun run needs.py
homerun why
homerun run tran.py
homerun run -m train.py
homerun run train.py --detach
homerun ps
homerun ls --sort loss
homerun ls --where "params.lr > 0.1" --sort metrics.loss
homerun ls --status failed --columns error
# what waits
homerun run -d waits.py
homerun ls --status running
homerun stop @last
homerun stop @last
homerun why @last
# keep order
homerun tag @best keep "why=lowest loss"
homerun ls --tags keep
homerun run metrics @best
homerun rm --status failed --yes
homerun show 8
homerun store trash list
homerun restore 8
homerun rm 8 12 --yes
homerun restore @last
homerun ls --last 3
> train.py print("changed")
homerun diff @best
homerun rerun 1 --code now
homerun wait @last
homerun diff 1 @last
homerun experiment list
homerun show 77
homerun run -q train.py
"""
"""A line each; `#` is a word to the reader, `> FILE TEXT` appends to a file."""

_ID = re.compile(r"_\d{10}_[0-9a-f]{8}")
_SAME = (
    (_ID, "_1795000000_0a1b2c3d"),
    (re.compile(r"20\d\d-\d\d-\d\d \d\d:\d\d:\d\d\+00:00"), "2026-11-21 09:30:00+00:00"),
    (re.compile(r"\d+(\.\d+)? [KM]i?B\b"), "12 MiB"),
    (re.compile(r"^((process|supervisor) +)\d+$", re.MULTILINE), r"\g<1>1234"),
    (re.compile(r"\d+\.\d+\.\d+, \d+ packages"), "3.11.7, 58 packages"),
    (re.compile(r"(?<=0x)[0-9a-f]{8,}"), "7f"),
)


def _padded(pattern: str, word: str, width: int) -> Callable[[str], str]:
    """Replaces a cell by a word; what follows it begins where it does behind the widest cell."""
    cell = re.compile(rf"{pattern}( {{2,}})?")
    return lambda text: cell.sub(lambda m: word.ljust(width + 2) if m[1] else word, text)


_CELLS = (
    _padded(r"\b\d+(?:\.\d+)? s\b", "0.04 s", 6),
    _padded(r"\b\d+[sm] ago", "2s ago", 7),
    _padded(r"(?<=  )took(?=  )", "took", 6),
)


def _plain(text: str, place: str) -> str:
    """What is the same each time: ids, times, sizes and paths are replaced."""
    text = text.replace(place, PROJECT).replace(accounts.own_name(), "ann")
    for pattern, word in _SAME:
        text = pattern.sub(word, text)
    for same in _CELLS:
        text = same(text)
    return "".join(f"{line.rstrip()}\n" for line in text.splitlines())


def _on_screen(raw: str) -> str:
    """What a terminal shows in the end: a line that was written over is its last state."""
    lines = raw.replace("\r\n", "\n").split("\n")
    return "\n".join(re.split(r"\r|\x1b\[2K", line)[-1] for line in lines)


_COME_LATER = ("start_time_utc", "end_time_utc", "process", "outcome", "interpreter")
"""Keys of a run that it has once it has come so far."""


def _summed_up(text: str) -> str:
    """JSON as its keys; any other text as it is."""
    try:
        value = json.loads(text)
    except ValueError:
        return text
    if isinstance(value, list):
        keys = dict.fromkeys(key for one in value if isinstance(one, dict) for key in one)
        return f"JSON: {len(value)} of {_keys(keys)}\n"
    return f"JSON: {_keys(value)}\n" if isinstance(value, dict) else text


def _keys(found: Iterable[str]) -> str:
    return " ".join(key for key in found if key not in _COME_LATER)


def _is_there(pattern: str, count: int) -> Callable[[], bool]:
    """Whether so many files of runs are there, and hold something."""
    return lambda: sum(file.stat().st_size > 0 for file in Path().glob(pattern)) >= count


_WAITED_FOR = {
    "homerun show 1": _is_there(".runs/digits/*/interpreter.json", 2),
    "homerun ls --status running": _is_there(".runs/digits/*/user_logs/std_log.txt", 11),
}
"""What comes a little later than the command that asks for it."""


@pytest.fixture
def project(monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    """A project with an environment, at a path of one length."""
    place = Path(tempfile.mkdtemp(prefix="ann_", dir="/tmp"))
    folder = place / "digits"
    (folder / ".venv/bin").mkdir(parents=True)
    program = f'#!/bin/sh\nexec {sys.executable} "$@"\n'
    (folder / ".venv/bin/python").write_text(program.ljust(256, "#"))  # its size is shown
    (folder / ".venv/bin/python").chmod(0o755)
    (folder / "train.py").write_text(TRAIN)
    (folder / "waits.py").write_text(WAITS)
    (folder / "needs.py").write_text(NEEDS)
    for name in ("VIRTUAL_ENV", "CONDA_PREFIX", "HOMERUN_EXPERIMENT", "HOMERUN_STORE"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("NO_COLOR", "1")
    monkeypatch.chdir(folder)
    yield place
    shutil.rmtree(place)


@pytest.mark.parametrize("form", FORMS)
def test_a_day_of_work_reads_as_it_always_has(
    form: str, project: Path, cli: Callable[..., Any], terminal: Callable[..., Any]
) -> None:
    os.chdir(project / "digits")
    shown = ""
    for line in DAY.strip().splitlines():
        word, *words = shlex.split(line, comments=False)
        if word != "homerun":
            shown += f"{line}\n"
            if word == ">":
                with open(words[0], "a") as file:
                    file.write(line.split(" ", 2)[2] + "\n")
            continue
        if line in _WAITED_FOR:
            wait_until(_WAITED_FOR[line], "it is there")
        columns = FORMS[form]
        if columns is None:
            done = cli(*words)
            code, out = done.code, _summed_up(done.text) + done.err
        else:
            one = terminal(*words, size=(100, columns), NO_COLOR="1")
            code = one.end()
            out = _on_screen(one.text)
        shown += f"$ {line}\n{_plain(out, str(project))}"
        shown += f"[exit code {code}]\n" if code else ""
        shown += "\n"

    file = HERE / f"{form}.txt"
    if os.environ.get("GOLDEN") == "write":
        file.write_text(shown)
    assert shown == file.read_text()
