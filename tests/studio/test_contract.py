"""Each real answer is as the description says, for every route of the table and every event.

All tests here use a client that compares what it gets with the description; these two see to it
that no route and no event is left out.
"""

from __future__ import annotations

import io
import json
import subprocess
from collections.abc import Callable
from contextlib import aclosing
from pathlib import Path
from typing import Any
from urllib.parse import quote, urlencode

import pytest
from jsonschema import Draft202012Validator

from helpers import schema
from homerun import Dataset, Experiment, Run, ScriptRunConfig, Workspace
from homerun.assets import saved_views
from homerun.studio import routes
from homerun.studio.answers.events import EVENT_TYPES
from homerun.studio.routes import Route
from runstore import layout

from .conftest import PNG, TRAIN, Shelf

TOKEN = "a-token-of-this-test"
LOG = "user_logs/std_log.txt"
VIEW = {"name": "best", "page": "runs", "query": {"where": ["tags.best"]}, "is_default": True}
BARE: dict[str, Any] = {"snapshot_directory": None, "outputs": False}


class Rich:
    """A workspace that has something of everything, and a client of a server over it."""

    def __init__(self, shelf: Shelf, run: Run) -> None:
        self.shelf = shelf
        self.client = shelf.sign_in()
        self.workspace = Workspace.from_config()
        self.run = run
        self.parent = Experiment(self.workspace, "family").start_logging(**BARE)
        self.child = self.parent.child_run()
        self.child.child_run().fail("too hot")
        self.child.complete()
        self.workspace.get_run(self.parent.id).log("loss", float("inf"))

        query = {"sort": ["-created"]}
        self.view = saved_views.save_view(self.workspace.store, "newest", "runs", query).id

    def damage(self) -> Run:
        """A run of which the first fact cannot be read."""
        run = Experiment(self.workspace, "damaged").start_logging(**BARE)
        run.complete()
        Path(run.directory, layout.RUN).write_text("{")
        return run

    def fail(self) -> Run:
        """A run that failed, at the second attempt too."""
        Path("source", "train.py").write_text("raise SystemExit(3)")
        config = ScriptRunConfig("source", "train.py", max_retries=1)
        run = Experiment(self.workspace, "digits").submit(config)
        run.wait_for_completion(raise_on_error=False)
        return run

    def delete(self) -> str:
        """The id of a run that lies in the trash."""
        run = Experiment(self.workspace, "digits").start_logging(**BARE)
        run.complete()
        run.delete()
        return run.id

    def wait_in_queue(self) -> Run:
        """A run that waits for its target."""
        self.workspace.targets.add("local", slots=1)
        self.workspace.queue("local").pause()
        Path("source", "train.py").write_text("")
        return Experiment(self.workspace, "digits").submit(ScriptRunConfig("source", "train.py"))


@pytest.fixture
def rich(shelf: Callable[..., Shelf], script: Callable[..., Path]) -> Rich:
    script("train.py", TRAIN)
    git = ("git", "-C", "source", "-c", "user.name=a", "-c", "user.email=a@example.com")
    for command in (("init", "-q"), ("add", "."), ("commit", "-qm", "first")):
        subprocess.run([*git, *command], check=True)
    Path("source", "train.py").write_text(Path("source", "train.py").read_text() + "# more\n")
    config = ScriptRunConfig("source", "train.py", ["--lr", "0.1"])
    run = Experiment(Workspace.from_config(), "digits").submit(config, {"lr": "0.1", "best": None})
    run.wait_for_completion()
    run.upload_file("plots/a.png", io.BytesIO(PNG))
    run.register_model("net", "outputs/table.csv", tags={"a": None}, properties={"b": "c"})
    data = Dataset.File.from_files("source").register(run.experiment.workspace, "data")
    run.register_model("net", "outputs/table.csv", datasets=[("training", data)])
    Path(run.experiment.workspace.directory, layout.MODELS, "stray").write_text("")
    made = Rich(shelf(token=TOKEN), run)
    yield made
    made.parent.complete()


def said(rich: Rich, route: Route) -> list[dict[str, Any]]:
    """Questions to a route, which together show each of its shapes."""
    run, child = rich.run.id, rich.child.id
    known: dict[str, list[dict[str, Any]]] = {
        "POST runs/labels": [{"ids": [run], "name": "a", "tags": {"a": None}}],
        "POST runs/cancel": [{"ids": [run, "no run"]}],
        "POST runs/fail": [{"ids": [child], "message": "why"}],
        "POST runs/resubmit": [{"ids": [child]}],
        "POST runs/delete": [{"ids": [rich.parent.id]}],
        "POST trash/restore": [{"ids": [rich.delete()]}],
        "POST views/save": [VIEW],
        "POST views/delete": [{"id": rich.view, "revision": 1}],
        "GET report": [{"ids": run, "metrics": "loss"}, {"experiment": "family", "children": "1"}],
        "GET selection": [{}, {"where": "status = Failed"}, {"experiment": "family"}, {"ids": run}],
        "POST experiments/archive": [{"names": [rich.run.experiment.name, "no experiment"]}],
        "POST experiments/reactivate": [{"names": [rich.run.experiment.name]}],
        "POST submit": [{"experiment": "e", "source": "source", "script": "train.py"}],
        "POST queue/pause": [{"target": "local"}],
        "POST queue/resume": [{"target": "local"}],
        "POST login": [{"token": TOKEN}],
        "POST ticket": [{"address": "api/info"}],
        "GET home": [{}, {"since": "2026-11-29T10:00:00.5Z"}],
        "GET compare": [{"run": run}, {"run": [run, child]}],
        "GET compare/code": [{"run": run, "other": child}],
        "GET importance": [{"run": [run, child], "metric": "loss"}],
        "GET experiments": [{}, {"archived": "1"}],
        "GET runs": [
            {"metrics": "*", "children": "1"},
            {"ids": run},
            {"group": "status"},
            {"group": "duration_s"},
        ],
        "GET values": [{"field": one} for one in ("status", "duration_s", "tags.lr")],
        "GET series": [
            *({"run": run, "name": one} for one in ("loss", "acc")),
            {"run": run, "name": "acc", "x": "metrics.loss"},
            {"run": run, "name": "loss", "group": "tags.lr", "stat": "mean,std,raw"},
        ],
        "GET submit/defaults": [{}, {"run": run}],
        "GET models": [{}, {"run": run}],
        "GET model": [{"name": "net"}, {"name": "net", "version": "1"}],
        "GET model/file": [{"name": "net", "file": "table.csv"}],
        "GET model/zip": [{"name": "net"}],
        "GET runs/{id}/children": [{"recursive": "1"}],
        "GET runs/{id}/values": [{"name": one} for one in ("loss", "acc", "rows", "note", "many")],
        "GET runs/{id}/files": [
            *({}, {"folder": "outputs"}, {"below": "1", "like": "CSV", "sort": "size"}),
        ],
        "GET runs/{id}/preview": [
            *({"file": "outputs/table.csv"}, {"file": "plots/a.png"}, {"file": LOG}),
        ],
        "GET runs/{id}/file": [{"file": "plots/a.png"}],
        "GET runs/{id}/log": [{"log": LOG, "end": "1"}, {"log": LOG, "line": "2"}],
        "GET runs/{id}/log/search": [
            {"log": LOG, "q": "line"},
            {"log": LOG, "errors": "1"},
            {"log": LOG, "q": "l.ne", "regex": "1"},
        ],
        "GET runs/{id}/log/download": [{"log": LOG}],
        "GET runs/{id}/code/file": [{"file": "train.py"}],
    }
    return known.get(f"{route.method} {route.path}", [{}])


def ask(rich: Rich, route: Route, run: Run, asked: dict[str, Any]) -> int:
    """The status of the answer to a question, which the client checks."""
    path = f"/api/{route.path.replace('{id}', run.id)}"
    if route.method == "POST":
        return rich.client.post(path, asked).status
    query = urlencode(asked, doseq=True)
    return rich.client.get(f"{path}?{query}").status


def test_every_route_answers_as_its_type_says(rich: Rich) -> None:
    for route in routes.every():
        if route.gives == routes.EVENTS or route.path == "logout":
            continue  # the stream has a test of its own; without a session nothing is answered
        for asked in said(rich, route):
            assert ask(rich, route, rich.run, asked) == route.status, (route, asked)
    assert rich.client.post("/api/logout").status == 204
    every = {(one.method, one.path) for one in routes.every() if one.gives != routes.EVENTS}
    assert rich.client.answered == every
    run = Workspace.from_config().experiments["e"].get_runs()
    next(iter(run)).wait_for_completion()


def test_a_run_answers_as_its_type_says_whatever_has_become_of_it(rich: Rich) -> None:
    runs = [rich.parent, rich.child, rich.damage(), rich.fail(), rich.wait_in_queue()]
    rich.delete()
    of_all = [one for one in routes.every() if one.method == "GET" and "{id}" not in one.path]
    of_run = [one for one in routes.every() if one.method == "GET" and "{id}" in one.path]
    for route in of_all:
        if route.gives != routes.EVENTS:
            assert all(ask(rich, route, rich.run, one) == 200 for one in said(rich, route)), route
    for run in runs:
        for route in of_run:
            for asked in said(rich, route):
                assert ask(rich, route, run, asked) in (200, 400, 404), (route, run, asked)
    waiting = rich.client.get("/api/targets").json["targets"][0]["waiting"]
    assert [one["run"]["id"] for one in waiting] == [runs[-1].id]
    rich.workspace.queue("local").resume()
    runs[-1].wait_for_completion()


def test_every_event_is_as_its_type_says(rich: Rich) -> None:
    run = rich.workspace.get_run(rich.parent.id)
    log = Path(run.directory, LOG)
    log.parent.mkdir(exist_ok=True)
    log.write_text("one\n")
    topics = ("runs", "experiments", "queue", "views", f"run:{run.id}", f"log:{run.id}")
    query = "&".join(f"topic={quote(topic)}" for topic in topics)

    async def read() -> set[str]:
        seen: set[str] = set()
        target = f"/api/events?{query}&cursor=unknown.1"
        async with aclosing(schema.events(rich.client, target)) as stream:
            async for name, _ in stream:
                if name == "reset":
                    run.log("loss", 2)
                    run.tag("late")
                seen.add(name)
                if seen == set(EVENT_TYPES):
                    break
        return seen

    assert rich.client.wait(read()) == set(EVENT_TYPES)


def test_the_schemas_are_right_themselves_and_all_are_used() -> None:
    document = schema.document()
    for one in document["components"]["schemas"].values():
        Draft202012Validator.check_schema(one)
    text = json.dumps(document)
    unused = [
        name
        for name in document["components"]["schemas"]
        if f'"#/components/schemas/{name}"' not in text
    ]
    assert unused == []


def test_an_answer_with_a_field_of_another_name_is_noticed() -> None:
    row = {
        "target": "local",
        "position": 1,
        "reason": "",
        "slots": 1,
        "gpus": 0,
        "priority": 0,
        "run": None,
    }
    waiting = {"$ref": "#/components/schemas/WaitingRow"}
    schema.check(waiting, {**row, "since_utc": "2026-11-29T03:15:49.772Z"})
    for wrong in ({"since": "2026-11-29T03:15:49.772Z"}, {"since_utc": "2026-11-29T03:15:49"}):
        with pytest.raises(schema.ValidationError):
            schema.check(waiting, {**row, **wrong})
