"""Saved views by the server, and changes of all runs that a query means."""

from __future__ import annotations

from typing import Any
from urllib.parse import urlencode

import pytest

from helpers.asgi import Client
from homerun import Experiment, Run, Workspace

VIEW = {"name": "Failed", "page": "runs", "query": {"where": ["status = Failed"]}}
OF_ALL = {"experiment": ["many"], "where": ["status = Completed"]}


@pytest.fixture
def many(client: Client) -> list[Run]:
    experiment = Experiment(Workspace.from_config(), "many")
    made = []
    for _ in range(5):
        run = experiment.start_logging(snapshot_directory=None, outputs=False)
        run.complete()
        made.append(run)
    return made


def selection(client: Client) -> dict[str, Any]:
    found = client.get("/api/selection?experiment=many&where=status%20%3D%20Completed").json
    return {"query": OF_ALL, "count": found["total"], "until": found["until"]}


def test_a_view_is_saved_changed_and_deleted_and_who_comes_late_is_told(client: Client) -> None:
    saved = client.post("/api/views/save", VIEW).json
    assert client.get("/api/views").json == {"views": [saved]}
    changed = {**VIEW, "id": saved["id"], "revision": 1, "name": "Broken", "is_default": True}
    assert client.post("/api/views/save", changed).json["revision"] == 2

    late = client.post("/api/views/save", {**changed, "name": "Mine"})
    assert (late.status, late.error) == (409, "conflict")
    assert client.post("/api/views/delete", {"id": saved["id"], "revision": 1}).status == 409

    (now,) = client.get("/api/views").json["views"]
    assert (now["name"], now["is_default"]) == ("Broken", True)
    assert client.post("/api/views/delete", {"id": saved["id"], "revision": 2}).status == 200
    assert client.get("/api/views").json == {"views": []}
    assert client.post("/api/views/save", {**VIEW, "id": saved["id"], "revision": 2}).status == 404


@pytest.mark.parametrize(
    "said",
    [
        {},
        {"query": None},
        {"query": {"where": "x"}},
        {"query": {"where": [1]}},
        {"query": {"where": ["x" * 5_000]}},
        {"name": ""},
        {"name": "a\nb"},
        {"name": "x" * 101},
        {"page": "../runs"},
        {"revision": -1},
        {"revision": 0.5},
        {"is_default": "yes"},
    ],
)
def test_what_is_no_view_is_refused(client: Client, said: dict[str, Any]) -> None:
    asked = {**VIEW, **said} if said else {}

    assert client.post("/api/views/save", asked).status == 400
    assert client.get("/api/views").json == {"views": []}


def test_all_runs_that_a_query_means_are_changed_part_by_part(
    client: Client, many: list[Run], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("homerun.studio.endpoints.actions._AT_ONCE", 2)
    asked = {**selection(client), "tags": {"a": "1"}, "without": [many[0].id]}
    assert asked["count"] == 5
    later = Experiment(Workspace.from_config(), "many").start_logging(snapshot_directory=None)
    later.complete()

    done: list[str] = []
    while asked["until"]:
        told = client.post("/api/runs/labels", asked).json
        done += told["done"]
        asked.update(until=told["next"], count=asked["count"] - 2)

    assert done == [run.id for run in reversed(many[1:])]
    assert [run.get_tags() for run in (*many, later)] == [{}, *[{"a": "1"}] * 4, {}]


def test_no_more_runs_are_changed_than_were_confirmed(client: Client, many: list[Run]) -> None:
    many[2].fail()
    asked = selection(client)
    assert asked["count"] == 4
    asked["query"] = {"experiment": ["many"]}

    answer = client.post("/api/runs/delete", asked)

    assert (answer.status, answer.error) == (409, "conflict")
    assert "5 runs match by now, and 4 were confirmed" in str(answer.json)
    assert client.get("/api/trash").json == {"runs": []}


def test_what_is_narrowed_later_begins_at_the_same_place(client: Client, many: list[Run]) -> None:
    asked = selection(client)
    later = Experiment(Workspace.from_config(), "many").start_logging(snapshot_directory=None)
    later.complete()
    where = {"experiment": "many", "where": "status in (Completed)"}
    found = urlencode({**where, "until": asked["until"]})

    told = client.get(f"/api/selection?{found}").json
    assert (told["total"], told["until"]) == (5, asked["until"])
    assert client.get(f"/api/selection?{urlencode(where)}").json["total"] == 6
    assert client.get(f"/api/selection?{found}&ids={later.id}&ids={many[0].id}").json["total"] == 1
    assert client.get("/api/selection?until=x").status == 400


@pytest.mark.parametrize(
    "said",
    [
        {"query": {}},
        {"query": {}, "count": 5},
        {"query": {}, "count": 5, "until": "x"},
        {"query": {"where": ["loss <"]}, "count": 5, "until": "2026 a"},
        {"query": [], "count": 5, "until": "2026 a"},
    ],
)
def test_a_change_of_what_is_no_selection_is_refused(
    client: Client, many: list[Run], said: dict[str, Any]
) -> None:
    assert client.post("/api/runs/delete", said).status == 400
    assert client.get("/api/trash").json == {"runs": []}
