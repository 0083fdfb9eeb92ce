"""What Studio answers while the index of a store is being made by another process."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from homerun import Experiment, Run, Workspace
from homerun.runs import index_work
from runstore.index import verify

from .conftest import Shelf

TOKEN = "a-token-of-this-test"


@pytest.fixture
def runs(shelf: Callable[..., Shelf], monkeypatch: pytest.MonkeyPatch) -> list[Run]:
    """Six runs, of which an index that begins reads two."""
    monkeypatch.setattr("runstore.index.refresh.SHORT", 2)
    monkeypatch.setattr("runstore.index.live.SHORT", 2)
    monkeypatch.setattr("runstore.index.live.MANY", 3)
    monkeypatch.setattr(index_work, "start", lambda store: None)
    experiment = Experiment(Workspace.from_config(), "many")
    made = []
    for _ in range(6):
        made.append(experiment.start_logging(snapshot_directory=None, outputs=False))
        made[-1].complete()
    return made


def test_what_is_counted_of_a_part_says_so_until_all_are_read(
    shelf: Callable[..., Shelf], runs: list[Run]
) -> None:
    server = shelf()
    client = server.sign_in()
    routes = ("home", "info", "experiments", "selection?experiment=many", "runs")
    for route in routes:
        unread = client.get(f"/api/{route}").json["unread"]
        assert unread is not None
        assert 0 < unread["runs"] < unread["of"] == 6
    verify.feed(server.workspace._store)
    server.desk.board.live.freshen()
    for route in routes:
        assert client.get(f"/api/{route}").json["unread"] is None


def test_a_run_that_is_asked_for_by_its_id_is_read_at_once(
    shelf: Callable[..., Shelf], runs: list[Run]
) -> None:
    client = shelf().sign_in()
    answer = client.get(f"/api/runs/{runs[0].id}")
    assert (answer.status, answer.json["run"]["id"]) == (200, runs[0].id)
    assert client.get(f"/api/selection?ids={runs[1].id}").json["total"] == 1
    assert client.get("/api/runs/no_such_run").status == 404


def test_nothing_is_done_to_all_runs_while_not_all_are_known(
    shelf: Callable[..., Shelf], runs: list[Run]
) -> None:
    client = shelf().sign_in()
    found = client.get("/api/selection?experiment=many").json
    said = {"query": {"experiment": ["many"]}, "count": 6, "until": found["until"]}
    answer = client.post("/api/runs/labels", {**said, "tags": {"a": "1"}})
    assert (answer.status, answer.error) == (409, "conflict")
    assert "not all runs are known yet" in answer.json["error"]["message"]
    assert [run.get_tags() for run in runs] == [{}] * 6


def test_a_scrape_of_a_part_is_refused(shelf: Callable[..., Shelf], runs: list[Run]) -> None:
    server = shelf(token=TOKEN)
    asked = {"authorization": f"Bearer {TOKEN}"}
    answer = server.client.get("/metrics", headers=asked)
    assert (answer.status, answer.error) == (503, "unavailable")
    verify.feed(server.workspace._store)
    server.desk.board.live.freshen()
    answer = server.client.get("/metrics", headers=asked)
    lines = [one for one in answer.text.splitlines() if one.startswith("homerun_runs{")]
    assert (answer.status, [one.rpartition(" ")[2] for one in lines]) == (200, ["6"])
