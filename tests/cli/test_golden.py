"""What every command prints, whole: for people on 80 and on 200 columns, and as JSON.

The runs are those of a store with fixed ids and times, and the clock stands still. After an
intended change, `GOLDEN=write make test ARGS=tests/cli/test_golden.py` writes the files again; look
at the difference before you commit it.
"""

from __future__ import annotations

import os
import re
import shlex
import shutil
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from helpers.commands import COMMANDS
from helpers.trusted import trusted
from homerun.base import accounts
from homerun.cli.output import stdout

HERE = Path(__file__).parent / "golden"
STORE = Path(__file__).parents[1] / "data" / "format-1"
NOW = 1_795_300_000.0
MAIN, PARENT, MARKED = (
    "digits_1795254928_0d967bdc",
    "digits_1795254929_1aba1337",
    "Digits_1795254929_fc21c18b",
)

REGISTER = f"model register iris outputs/model.txt -r {MAIN} -d tree --tag a=b"

CASES = {
    "account-set": "account set --subscription 0000",
    "account-show": "account show",
    "completion": "completion fish",
    "dataset-list": "dataset list",
    "dataset-show": "dataset show iris",
    "datastore-add": "datastore add images .",
    "datastore-default": "datastore add images .; datastore default images",
    "datastore-list": "datastore list",
    "datastore-remove": "datastore add images .; datastore remove images",
    "env-build": "folder attach -w myworkspace; env build -c local",
    "env-gc": "env gc",
    "env-list": "env list",
    "experiment-list": "experiment list",
    "folder-attach": "folder attach -w myworkspace -g group -e digits",
    "login": "login",
    "model-list": "model list",
    "model-download": f"{REGISTER}; model download iris -d models",
    "model-delete": f"{REGISTER}; model delete iris --yes",
    "queue-list": "queue list",
    "queue-pause": "queue pause",
    "queue-resume": "queue resume",
    "queue-slots": "queue slots 2",
    "run-best": "run best loss -e digits --min",
    "run-diff": f"run diff {MAIN} {MARKED}",
    "run-tag": "run tag given-id keep a=b",
    "run-wait": f"run wait {MAIN}",
    "run-why": f"run why {MAIN}",
    "run-cancel": f"run cancel {MAIN}",
    "run-cancel-abandon": f"run cancel {MAIN} --abandon --yes",
    "run-cancel-none": "run cancel -e digits --yes",
    "run-fail": f"run fail {MAIN} --reason wrong",
    "forget-host": "forget-host node17 --yes",
    "run-compare": f"run compare {MAIN} {MARKED} --code",
    "run-compare-all": f"run compare {MAIN} {PARENT} given-id --all",
    "run-delete": f"run delete {MAIN} given-id --yes",
    "run-delete-none": "run delete --tags nothing --yes",
    "run-download-logs": f"run download-logs {MAIN} -d logs",
    "run-list": "run list",
    "run-list-children": "run list --children --last 20",
    "run-list-minimal": "run list --minimal --last 3",
    "run-list-none": "run list --tags nothing",
    "run-list-query": "run list '[].{id: run_id, status: status}' --last 3",
    "run-list-where": "run list --where 'metrics.loss < 9' --sort metrics.loss",
    "run-logs": f"run logs {MAIN} --tail 2",
    "run-logs-none": f"run logs {MAIN} --file train.log",
    "run-metrics": f"run metrics {MAIN}",
    "run-plot": f"run plot {MAIN} -m loss",
    "run-plot-none": f"run plot {MAIN} -m lost",
    "run-report": f"run report {MAIN} -m loss",
    "run-metrics-none": "run metrics given-id",
    "run-monitor-logs": f"run monitor-logs {MAIN}",
    "run-show": f"run show {MAIN}",
    "run-show-failed": "run show @last-failed -e digits",
    "run-snapshot": f"run snapshot {MAIN} -d code",
    "run-submit-script": "run submit-script -e digits --run-id mine train.py",
    "run-tree": f"run tree {PARENT}",
    "run-watch": "run watch",
    "top": "top",
    "run-update": "run update given-id --add-tag a=b --display-name Ann",
    "store-check": "store check",
    "store-gc": "store gc --dry-run",
    "store-reindex": "store reindex",
    "store-distrust": "store distrust",
    "store-share": "store share",
    "store-trust": "store trust",
    "store-trash-empty": "run delete given-id --yes; store trash empty --older-than 30d --yes",
    "store-trash-list": "store trash list",
    "store-trash-restore": f"run delete {MAIN} --yes; store trash restore {MAIN}",
    "target-add": "target add small --slots 1",
    "target-default": "target add small --slots 1; target default small",
    "target-list": "target list",
    "target-remove": "target remove local",
    "target-show": "target show local",
    "target-set": "target set local --gpus 0,1 --per-user 1 --reserve alice=0@18:00-23:00",
    "workspace-create": "workspace create -w myworkspace --exist-ok",
    "workspace-list": "workspace list",
    "workspace-show": "workspace show",
}

APART = {
    *("config", "doctor", "du", "queue move", "run SCRIPT"),
    *("run files", "run open", "run resubmit", "store stats"),
    *("studio", "notify test", "run stacks", "target test", "model register", "model show"),
    *("tensorboard", "run monitor-tensorboard", "help", "schema", "self-check"),
}
"""Commands that tell of this machine, of sizes on its disk, or of times of its own; each has other
tests."""

_VARIES = (
    (re.compile(r"20\d\d-\d\d-\d\dT[\d:.]+(Z|\+00:00)"), "TIME"),
    (re.compile(r"\d+\.\d+ s"), "SECONDS"),
    (re.compile(r"_\d{10}_[0-9a-f]{8}"), "_ID"),
    (re.compile(r'(?<=(.)": )\d+(\.\d+)?(?=,?\n)'), "NUMBER"),
    (re.compile(r'(?<="host": )".*"'), '"HOST"'),
    (re.compile(r'(?<="submitted_by": )".*"'), '"USER"'),
)
"""What is never the same in the records of a run that was just made."""

MADE_HERE = "run submit-script"


class Clock:
    """`time.time` that can stand still: a module that is loaded meanwhile keeps it for good."""

    def __init__(self) -> None:
        self.stands_still = False
        self._now = time.time

    def __call__(self) -> float:
        return NOW if self.stands_still else self._now()


CLOCK = Clock()


@pytest.fixture
def golden(
    invoke: Callable[..., Any], workspace_dir: Path, monkeypatch: pytest.MonkeyPatch
) -> Callable[[str, int | None], str]:
    """Run the commands of a case, the last one in one form; what that one prints, with marks."""
    monkeypatch.setenv("HOMERUN_MAX_CONCURRENT_RUNS", "2")
    monkeypatch.setenv("XDG_CACHE_HOME", str(workspace_dir / "cache"))
    monkeypatch.setattr(accounts, "own_name", lambda: "ann")
    monkeypatch.setattr(time, "time", CLOCK)
    monkeypatch.setattr(CLOCK, "stands_still", True)

    def shown(text: str, columns: int | None) -> str:
        place = workspace_dir / str(columns) / "project"
        trusted(shutil.copytree(STORE, place / ".runs", symlinks=True))
        (place / "train.py").write_text("print('trained')\n")
        monkeypatch.chdir(place)
        monkeypatch.setattr(stdout, "columns", lambda: columns or stdout.UNBOUNDED)
        *before, last = (shlex.split(part) for part in text.split(";"))
        for words in before:
            invoke(*words)
        named = next(len(words) for words in COMMANDS if words == tuple(last[: len(words)]))
        done = invoke(*last[:named], "-o", "table" if columns else "json", *last[named:])
        told = "".join(f"! {line}\n" for line in done.err.splitlines())
        code = f"exit code {done.code}\n" if done.code else ""
        found = (done.text + told + code).replace(str(place), "/home/ann/project")
        if text.startswith(MADE_HERE):
            for pattern, word in _VARIES:
                found = pattern.sub(word, found)
        return f"\n== {f'{columns} columns' if columns else 'JSON'}\n{found}"

    return shown


@pytest.mark.parametrize("name", CASES)
def test_a_command_prints_what_it_always_has(
    golden: Callable[[str, int | None], str], name: str
) -> None:
    file = HERE / f"{name}.txt"
    command = CASES[name].split(";")[-1].strip()

    found = f"$ homerun {command}\n" + "".join(golden(CASES[name], one) for one in (80, 200, None))

    if os.environ.get("GOLDEN") == "write":
        file.write_text(found)
    assert found == file.read_text()


def test_every_command_has_a_case() -> None:
    asked = [text.split(";")[-1].strip() for text in CASES.values()]
    names = {" ".join(words) for words in COMMANDS}

    assert {
        name for name in names if not any(f"{one} ".startswith(f"{name} ") for one in asked)
    } == APART


def test_every_file_has_a_case() -> None:
    assert {file.stem for file in HERE.iterdir()} == {*CASES}
