"""A run whose folder its script, or a stranger, has filled with traps spoils only itself.

Each trap is one bad row at most: the other run is listed and shown as before, every command and
every route of Studio answers, and the run can be deleted.
"""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from helpers.asgi import Client
from homerun import Experiment, Run, Workspace
from homerun.cli import entry
from homerun.studio import app
from homerun.studio.http.auth import Door
from homerun.studio.http.middleware import Hosts
from homerun.studio.state import Desk

HUGE = 20 << 30


def link_to_zeros(folder: Path) -> None:
    (folder / "failed.json").symlink_to("/dev/zero")


def label_to_zeros(folder: Path) -> None:
    (folder / "labels/9.1-00000000.jsonl").symlink_to("/dev/zero")


def property_to_zeros(folder: Path) -> None:
    (folder / "properties").mkdir(exist_ok=True)
    (folder / "properties/p").symlink_to("/dev/zero")


def sparse_fact(folder: Path) -> None:
    sparse(folder / "mark.json")


def sparse_interpreter(folder: Path) -> None:
    (folder / "interpreter.json").unlink(missing_ok=True)
    sparse(folder / "interpreter.json")


def sparse_run_json(folder: Path) -> None:
    (folder / "run.json").unlink()
    sparse(folder / "run.json")


def sparse_log(folder: Path) -> None:
    sparse(folder / "metrics/1-00000000.jsonl")


def sparse_labels(folder: Path) -> None:
    sparse(folder / "labels/9.1-00000000.jsonl")


def endless_line(folder: Path) -> None:
    with (folder / "metrics/1-00000000.jsonl").open("wb") as file:
        file.write(b'{"n":"')
        for _ in range(300):
            file.write(b"x" * (1 << 20))
        file.write(b'","v":1,"t":1}\n')


def deep_fact(folder: Path) -> None:
    (folder / "mark.json").write_text("[" * 1_000_000)


def pipe_for_alive(folder: Path) -> None:
    (folder / "alive").unlink(missing_ok=True)
    os.mkfifo(folder / "alive")


def pipe_for_a_fact(folder: Path) -> None:
    os.mkfifo(folder / "stop.json")


def pipe_for_a_log(folder: Path) -> None:
    os.mkfifo(folder / "metrics/1-00000000.jsonl")


def circle_below_metrics(folder: Path) -> None:
    (folder / "metrics/loop.jsonl").symlink_to("loop.jsonl")


def circle_for_metrics(folder: Path) -> None:
    (folder / "metrics").rename(folder / "former")
    (folder / "metrics").symlink_to("metrics")


def circle_for_facts(folder: Path) -> None:
    (folder / "exited.json").symlink_to("exited.json")
    (folder / "attempts").symlink_to("attempts")
    (folder / "children").symlink_to("children")


def folder_for_facts(folder: Path) -> None:
    (folder / "ended.json").unlink()
    (folder / "ended.json").mkdir()


def child_of_itself(folder: Path) -> None:
    (folder / "children").mkdir()
    (folder / f"children/{folder.name}").symlink_to(f"../../{folder.name}")


TRAPS = [
    *(link_to_zeros, label_to_zeros, property_to_zeros, sparse_fact, sparse_interpreter),
    *(sparse_run_json, sparse_log, sparse_labels, endless_line, deep_fact, pipe_for_alive),
    *(pipe_for_a_fact, pipe_for_a_log, circle_below_metrics, circle_for_metrics),
    *(circle_for_facts, folder_for_facts, child_of_itself),
]

LOOKS = [
    *("run show bad", "run tree -r bad", "run metrics bad", "run logs bad", "store check"),
    *("run list --where metrics.loss<1", "run list --where tags.a", "run compare bad good"),
    *("store stats", "store gc --dry-run", "queue list", "experiment list", "doctor", "du"),
]

ROUTES = [
    *("runs", "runs?metrics=*", "experiments", "trash", "runs/bad", "runs/bad/children"),
    *("runs/bad/record", "runs/bad/metrics", "runs/bad/values?name=loss", "runs/bad/files"),
    *("runs/bad/logs", "series?run=bad&name=loss&run=good"),
]


def sparse(path: Path) -> None:
    with path.open("wb") as file:
        file.truncate(HUGE)


@contextmanager
def studio() -> Iterator[Client]:
    """A client of Studio that is signed in."""
    desk = Desk(Workspace.from_config(), Door(None), False)
    try:
        with Client(app.made(desk, Hosts(), static={})) as client:
            answer = client.get(f"/login?code={desk.door.new_code()}")
            client.cookie = answer.headers["set-cookie"].partition(";")[0]
            yield client
    finally:
        desk.close()


def make(run_id: str) -> Run:
    """A run that is over, with a metric and a tag."""
    experiment = Experiment(Workspace.from_config(), "digits")
    run = experiment.start_logging(run_id=run_id, snapshot_directory=None, outputs=False)
    run.log("loss", 0.5)
    run.tag("a", "1")
    run.complete()
    return run


@pytest.fixture
def trapped(workspace_dir: Path) -> Callable[[Callable[[Path], None]], Path]:
    """Two runs, of which the one called `bad` falls into a trap; its folder."""

    def spring(trap: Callable[[Path], None]) -> Path:
        make("good")
        folder = Path(make("bad").directory)
        trap(folder)
        return folder

    return spring


@pytest.mark.parametrize("trap", TRAPS, ids=lambda trap: trap.__name__)
def test_a_run_with_a_trap_is_listed_shown_and_deleted(
    trapped: Callable[[Callable[[Path], None]], Path],
    trap: Callable[[Path], None],
    capsys: pytest.CaptureFixture[str],
) -> None:
    folder = trapped(trap)

    codes = {line: entry.run_command_line(line.split()) for line in LOOKS}
    errors = capsys.readouterr().err
    listed = entry.run_command_line(["run", "list", "--query", "[].run_id"])
    shown = capsys.readouterr().out
    with studio() as client:
        statuses = {route: client.get(f"/api/{route}").status for route in ROUTES}
    deleted = entry.run_command_line(["run", "delete", "bad", "--yes", "--purge"])

    assert set(codes.values()) <= {0, 1}
    assert "Traceback" not in errors
    assert (listed, '"good"' in shown, '"bad"' in shown) == (0, True, True)
    assert {route for route, status in statuses.items() if status >= 500} == set()
    assert (deleted, folder.exists()) == (0, False)
    assert entry.run_command_line(["run", "show", "good"]) == 0
