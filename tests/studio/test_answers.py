"""What Studio's server answers to what its pages ask, over a real store with real runs."""

from __future__ import annotations

import io
import json
import math
import os
import sqlite3
import zipfile
from collections.abc import Callable
from contextlib import aclosing
from pathlib import Path
from statistics import fmean, stdev
from typing import Any
from urllib.parse import quote

import pytest

from helpers.asgi import Client
from helpers.fifo import Fifo
from helpers.wait import wait_until
from homerun import Experiment, Run, ScriptRunConfig, Workspace
from homerun.files import browse
from homerun.studio import openapi, routes
from runstore import layout, status
from runstore.index import pages
from runstore.index.cache import MEMORY, Cache

from .conftest import PNG, Shelf, train

BARE = {"snapshot_directory": None, "outputs": False}
LOG = "user_logs/std_log.txt"


def test_a_store_that_is_not_there_yet_is_an_empty_one(client: Client) -> None:
    info = client.get("/api/info").json
    assert (info["runs"], info["experiments"], info["read_only"]) == (0, 0, False)
    assert client.get("/api/experiments").json == {"experiments": [], "unread": None}
    assert client.get("/api/runs").json["total"] == 0
    assert client.get("/api/fields").status == 200
    assert client.get("/api/trash").json == {"runs": []}


def test_an_experiment_without_runs_counts_as_one(client: Client, trained: Run) -> None:
    Experiment(Workspace.from_config(), "empty")
    named = {one["name"] for one in client.get("/api/experiments").json["experiments"]}
    info = client.get("/api/info").json
    assert (info["experiments"], info["runs"]) == (len(named), 1)


def test_a_rollup_tells_the_best_run_by_the_goal_of_the_project(
    shelf: Callable[..., Shelf], workspace_dir: Path
) -> None:
    (workspace_dir / "homerun.toml").write_text('minimize = ["loss"]')
    client = shelf().sign_in()
    parent = Experiment(Workspace.from_config(), "digits").start_logging(**BARE)
    for loss in (0.5, 0.25):
        child = parent.child_run()
        child.log("loss", loss)
        child.complete()
    parent.complete()

    rollup = client.get(f"/api/runs/{parent.id}").json["rollup"]

    assert rollup["total"] == 2
    best = {"metric": "loss", "value": 0.25, "run_id": child.id, "run_number": child.number}
    assert rollup["best"] == best


def test_a_run_names_its_best_child_also_where_only_the_name_of_a_metric_tells_what_is_better(
    client: Client,
) -> None:
    parent = Experiment(Workspace.from_config(), "digits").start_logging(**BARE)
    found = {}
    for accuracy in (0.5, 0.75, 0.25):
        child = parent.child_run()
        child.log("width", 10 * accuracy)
        child.log("accuracy", accuracy)
        child.complete()
        found[accuracy] = child
    parent.complete()

    best = client.get(f"/api/runs/{parent.id}").json["rollup"]["best"]

    assert (best["metric"], best["value"], best["run_id"]) == ("accuracy", 0.75, found[0.75].id)


def test_without_a_metric_that_tells_what_is_better_no_child_is_the_best(client: Client) -> None:
    parent = Experiment(Workspace.from_config(), "digits").start_logging(**BARE)
    child = parent.child_run()
    child.log("width", 3)
    child.complete()
    parent.complete()

    assert "best" not in client.get(f"/api/runs/{parent.id}").json["rollup"]


def test_a_table_of_some_runs_shows_in_what_these_differ_and_what_they_have_logged(
    client: Client,
) -> None:
    experiment = Experiment(Workspace.from_config(), "digits")
    for alone in range(4):  # more of them, and none of the table's
        run = experiment.start_logging(**BARE)
        run.log_params({"seed": alone})
        run.log("val loss", 1.0)
        run.complete()
    parent = experiment.start_logging(**BARE)
    for rate in (0.1, 0.2):
        child = parent.child_run()
        child.log_params({"rate": rate, "depth": 3})
        child.log("accuracy", rate)
        child.complete()
    parent.complete()

    asked = f"/api/fields?experiment=digits&children=1&where={quote(f'parent = {parent.id}')}"

    assert client.get(asked).json["columns"] == ["params.rate", "metrics.accuracy"]
    assert "params.seed" in client.get("/api/fields?experiment=digits&children=1").json["columns"]
    assert client.get("/api/fields?where=nonsense+%3D+1").status == 400


def test_an_experiment_tells_its_runs_and_how_the_last_ones_went(
    client: Client, trained: Run
) -> None:
    (one,) = client.get("/api/experiments").json["experiments"]
    assert (one["name"], one["runs"], one["active"]) == ("digits", 1, 0)
    assert one["last"]["id"] == trained.id
    assert [run["status"] for run in one["trend"]] == [status.COMPLETED]


def test_a_row_holds_what_the_table_shows(client: Client, trained: Run) -> None:
    answer = client.get("/api/runs?metrics=loss&experiment=digits").json
    (row,) = answer["runs"]
    assert (row["id"], row["number"], row["status"]) == (trained.id, 1, status.COMPLETED)
    assert row["arguments"] == ["--lr", "0.1"]
    assert row["tags"] == {"lr": "0.1"}
    mean = pytest.approx(sum(1 / step for step in range(1, 21)) / 20)
    ends = {"last": 0.05, "min": 0.05, "max": 1.0, "mean": mean}
    assert row["metrics"]["loss"] == {**ends, "count": 20}
    assert row["duration_s"] > 0
    assert row["cpu_s"] > 0
    assert row["memory_kib"] > 0
    assert row["created"].endswith("Z")


def all_completed(number: int) -> dict[str, Any]:
    return {"depth": 0, "by_status": {"Completed": number}, "metrics": {}}


def test_runs_are_filtered_sorted_grouped_and_paged(
    client: Client, script: Callable[..., Path], workspace_dir: Path
) -> None:
    start = Experiment(Workspace.from_config(), "table").start_logging
    runs = [start(**BARE, tags={"n": str(n), "even": str(n % 2 == 0)}) for n in range(5)]
    for n, run in enumerate(runs):
        run.log("score", n)
        run.complete()
    ids = [run.id for run in runs]

    def shown(query: str) -> list[int]:
        return [ids.index(row["id"]) for row in client.get(f"/api/runs?{query}").json["runs"]]

    assert shown("") == [4, 3, 2, 1, 0]
    assert shown("sort=metrics.score&limit=2") == [0, 1]
    assert shown("sort=-tags.n&skip=3") == [1, 0]
    assert shown(f"where={quote('metrics.score > 2')}&where={quote('tags.even = True')}") == [4]
    assert shown(f"ids={ids[3]}&ids={ids[1]}") == [3, 1]
    grouped = client.get("/api/runs?group=tags.even&sort=created").json
    assert [ids.index(row["id"]) for row in grouped["runs"]] == [1, 3, 0, 2, 4]
    assert grouped["groups"] == [
        {"value": "False", "count": 2, "first": 0, **all_completed(2)},
        {"value": "True", "count": 3, "first": 2, **all_completed(3)},
    ]
    nested = client.get("/api/runs?group=tags.even&group=tags.n&metrics=score").json["groups"]
    assert [(one["value"], one["depth"], one["first"]) for one in nested] == [
        *(("False", 0, 0), ("1", 1, 0), ("3", 1, 1)),
        *(("True", 0, 2), ("0", 1, 2), ("2", 1, 3), ("4", 1, 4)),
    ]
    even = [0, 2, 4]
    spread = nested[3]["metrics"]["score"]
    assert spread == {
        "mean": fmean(even),
        "std": stdev(even),
        "min": 0,
        "max": 4,
        "count": 3,
    }
    assert nested[1]["metrics"]["score"]["std"] is None
    driven = client.get("/api/runs?where=tags.even&group=tags.n").json
    assert [one["value"] for one in driven["groups"]] == ["0", "1", "2", "3", "4"]
    assert client.get("/api/runs?where=tags.n").json["total"] == 5


def test_groups_are_whole_and_head_their_own_runs_where_there_are_too_many(
    client: Client, workspace_dir: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    start = Experiment(Workspace.from_config(), "table").start_logging
    for outer, inner, ends in ("aps", "aqs", "bps", "bpf", "bqs", "brs", "cps", "-ps", "-pf"):
        tags = {"inner": inner, **({} if outer == "-" else {"outer": outer})}
        run = start(**BARE, tags=tags)
        run.log("score", ord(inner))
        run.complete() if ends == "s" else run.fail()
    by = ("tags.outer", "tags.inner")

    def grouped(most: int, *fields: str) -> list[tuple[Any, int, int, Any]]:
        monkeypatch.setattr(pages, "_MOST_GROUPS", most)
        asked = "&".join(f"group={field}" for field in fields)
        answer = client.get(f"/api/runs?{asked}&metrics=score").json
        found = []
        for one in answer["groups"]:
            area = fields[one["depth"]].partition(".")[2]
            below = answer["runs"][one["first"] : one["first"] + one["count"]]
            assert {row["tags"].get(area) for row in below} == {one["value"]}
            assert sum(one["by_status"].values()) == one["count"]
            assert one["metrics"]["score"]["count"] == one["count"]
            found.append((one["value"], one["depth"], one["count"]))
        return found

    outer = [("a", 0, 2), ("b", 0, 4), ("c", 0, 1), (None, 0, 2)]
    within_a, within_b = [("p", 1, 1), ("q", 1, 1)], [("p", 1, 2), ("q", 1, 1), ("r", 1, 1)]
    assert grouped(4, by[0]) == outer
    assert grouped(2, by[0]) == outer[:2]
    assert grouped(5, *by) == [outer[0], *within_a, outer[1], *within_b, *outer[2:]]
    assert grouped(4, *by) == [outer[0], *within_a, *outer[1:]]
    assert grouped(1, *by) == outer[:1]


def test_fields_and_their_values_are_suggested(client: Client, trained: Run) -> None:
    fields = client.get("/api/fields?experiment=digits").json["fields"]
    assert fields == client.get("/api/fields").json["fields"]
    named = {field["name"]: field for field in fields}
    assert named["metrics.loss"] == {
        "name": "metrics.loss",
        "kind": "number",
        "runs": 1,
        "is_most": False,
    }
    assert named["duration_s"]["is_most"] is None
    assert named["tags.lr"]["kind"] == "text"
    assert named["duration_s"]["runs"] == 1
    values = client.get("/api/values?field=script&like=TRA").json
    assert values == {"values": [{"value": "train.py", "runs": 1}]}


def test_a_table_shows_in_what_runs_differ_and_what_they_are_judged_by(
    client: Client, workspace_dir: Path
) -> None:
    def columns(asked: str = "") -> list[str]:
        return client.get(f"/api/fields?experiment=rates{asked}").json["columns"]

    experiment = Experiment(Workspace.from_config(), "rates")
    for n in range(3):
        run = experiment.start_logging(**BARE)
        run.log_params({"lr": n / 10, "epochs": 5, **({"warm": True} if n else {})})
        for name in ("a", "b", "val/accuracy"):
            run.log(name, n)
        child = run.child_run()
        child.log_params({"fold": n})
        child.complete()
        run.complete()

    assert columns() == ["params.lr", "params.warm", "metrics.val/accuracy", "metrics.a"]
    assert "params.fold" in columns("&children=1")


def test_a_table_shows_the_goal_of_the_project(
    shelf: Callable[..., Shelf], workspace_dir: Path
) -> None:
    (workspace_dir / "homerun.toml").write_text('minimize = ["b"]')
    run = Experiment(Workspace.from_config(), "rates").start_logging(**BARE)
    for name in ("accuracy", "b"):
        run.log(name, 1)
    run.complete()

    columns = shelf().sign_in().get("/api/fields?experiment=rates").json["columns"]

    assert columns == ["metrics.b"]


def test_a_run_tells_everything_of_itself(client: Client, trained: Run) -> None:
    answer = client.get(f"/api/runs/{trained.id}").json
    assert answer["run"]["id"] == answer["details"]["run_id"] == trained.id
    assert answer["rollup"] is None
    assert answer["siblings"] == {"previous": None, "next": None}
    record = client.get(f"/api/runs/{trained.id[:-2]}/record").json
    assert record["facts"]["run"]["script"] == "train.py"
    assert {"started", "exited", "ended"} <= set(record["facts"])


def test_children_come_with_how_they_stand(client: Client, workspace_dir: Path) -> None:
    parent = Experiment(Workspace.from_config(), "family").start_logging(**BARE)
    first, second = parent.child_run(), parent.child_run()
    inner = first.child_run()
    inner.complete()
    first.fail()
    second.complete()
    answer = client.get(f"/api/runs/{parent.id}/children").json
    assert [row["id"] for row in answer["runs"]] == [first.id, second.id]
    assert answer["rollup"] == {
        "total": 2,
        "by_status": {status.FAILED: 1, status.COMPLETED: 1},
        "status": status.FAILED,
    }
    assert answer["runs"][0]["rollup"]["total"] == answer["runs"][0]["children"] == 1
    deep = client.get(f"/api/runs/{parent.id}/children?recursive=1").json
    assert {row["id"] for row in deep["runs"]} == {first.id, second.id, inner.id}
    (top,) = client.get("/api/runs").json["runs"]
    assert top["rollup"] == answer["rollup"]
    rows = {row["id"]: row for row in client.get("/api/runs?children=1").json["runs"]}
    assert len(rows) == 4
    assert rows[first.id]["rollup"]["by_status"] == {status.COMPLETED: 1}
    assert rows[second.id]["rollup"] is None
    parent.complete()


def test_metrics_are_told_by_kind(client: Client, trained: Run) -> None:
    found = client.get(f"/api/runs/{trained.id}/metrics").json["metrics"]
    told = {one["name"]: one for one in found}
    assert {name: one["kind"] for name, one in told.items()} == {
        "loss": "number",
        "acc": "number",
        "many": "list",
        "rows": "row",
        "note": "text",
    }
    assert (told["loss"]["last"], told["loss"]["count"], told["loss"]["last_step"]) == (
        0.05,
        20,
        19,
    )
    assert told["acc"]["last"] == "NaN"
    assert told["rows"]["last"] == {"a": 1, "b": "two"}
    values = client.get(f"/api/runs/{trained.id}/values?name=loss&skip=18").json
    assert values["total"] == 20
    assert [one["step"] for one in values["values"]] == [18, 19]


def test_a_series_comes_in_buckets_and_then_what_is_new(
    client: Client, workspace_dir: Path
) -> None:
    run = Experiment(Workspace.from_config(), "curves").start_logging(**BARE)
    for step in range(10):
        run.log("loss", step, step=step)
    query = f"/api/series?run={run.id}&name=loss&width=4"
    answer = client.get(query).json
    (series,) = answer["series"]
    assert (series["points"], series["span"], series["anew"]) == (10, 4, True)
    assert (series["last"], series["mean"]) == ([3, 7, 9], [1.5, 5.5, 8.5])
    assert client.get(f"{query}&cursor={answer['cursor']}").json["series"] == []
    run.log("loss", -1, step=10)
    (new,) = client.get(f"{query}&cursor={answer['cursor']}").json["series"]
    assert (new["anew"], new["from"], new["min"], new["count"]) == (False, 2, [-1], [3])
    run.complete()


def test_what_is_new_fits_behind_buckets_that_were_cut(client: Client, workspace_dir: Path) -> None:
    run = Experiment(Workspace.from_config(), "curves").start_logging(**BARE)
    for step in (*range(6), *range(5)):
        run.log("loss", step, step=step)
    query = f"/api/series?run={run.id}&name=loss&width=3"
    answer = client.get(query).json
    (series,) = answer["series"]
    assert (series["span"], series["x_last"], series["cuts"]) == (2, [1, 3, 5, 1, 3, 4], [3])
    run.log("loss", 5, step=5)
    (new,) = client.get(f"{query}&cursor={answer['cursor']}").json["series"]
    assert (new["anew"], new["from"], new["x_last"], new["cuts"]) == (False, 5, [5], [3])
    run.complete()


def test_a_series_tells_what_is_no_number_and_an_average_of_all_points(
    client: Client, workspace_dir: Path
) -> None:
    run = Experiment(Workspace.from_config(), "curves").start_logging(**BARE)
    for step, value in enumerate([1.0, math.nan, math.inf, -math.inf, 2.0]):
        run.log("loss", value, step=step)
    run.complete()
    query = f"/api/series?run={run.id}&name=loss"
    (series,) = client.get(f"{query}&width=1&x=relative&smooth=mean:100").json["series"]
    assert (series["nans"], series["highs"], series["lows"]) == ([1], [1], [1])
    assert (series["min"], series["max"], series["count"]) == ([1.0], [2.0], [2])
    assert series["smooth"] == [1.5]
    refused = client.get(f"{query}&smooth=median:3")
    assert refused.status == 400
    assert "give ema:WEIGHT" in refused.json["error"]["message"]


def test_runs_with_the_same_value_of_a_field_are_one_series(
    client: Client, workspace_dir: Path
) -> None:
    runs = []
    for lr, start in ((0.1, 1.0), (0.2, 7.0), (0.1, 3.0)):
        run = Experiment(Workspace.from_config(), "curves").start_logging(**BARE)
        run.log_params({"lr": lr})
        for step in range(3):
            run.log("loss", start + step, step=step)
        run.complete()
        runs.append(run.id)
    query = "&".join(["name=loss", "group=params.lr", *(f"run={one}" for one in runs)])

    answer = client.get(f"/api/series?{query}").json

    assert answer["series"] == []
    few, one = answer["groups"]
    assert (few["values"], few["runs"], few["mean"]) == ([0.1], [runs[0], runs[2]], [2, 3, 4])
    assert (one["values"], one["std"], one["count"]) == ([0.2], [None] * 3, [1] * 3)
    assert client.get(f"/api/series?{query}&cursor={answer['cursor']}").json["groups"] == []
    refused = client.get(f"/api/series?{query}&group=parms.lr")
    assert refused.status == 400


def test_files_are_listed_shown_and_downloaded(client: Client, trained: Run) -> None:
    trained.upload_file("plots/a.png", io.BytesIO(PNG))
    top = client.get(f"/api/runs/{trained.id}/files").json["entries"]
    assert [one["name"] for one in top if one["kind"] == "folder"] == [
        *("outputs", "plots", "user_logs"),
    ]
    inner = client.get(f"/api/runs/{trained.id}/files?folder=outputs").json["entries"]
    assert [(one["path"], one["preview"]) for one in inner] == [
        ("outputs/page.html", "text"),
        ("outputs/table.csv", "csv"),
    ]
    table = client.get(f"/api/runs/{trained.id}/preview?file=outputs/table.csv").json
    assert (table["kind"], table["columns"], table["rows"]) == ("csv", ["a", "b"], [["1", "2"]])
    image = client.get(f"/api/runs/{trained.id}/file?file=plots/a.png")
    assert (image.headers["content-type"], image.body) == ("image/png", PNG)
    assert "content-disposition" not in image.headers
    page = client.get(f"/api/runs/{trained.id}/file?file=outputs/page.html")
    assert page.headers["content-disposition"].startswith("attachment")
    assert page.headers["content-type"] == "application/octet-stream"
    assert page.headers["content-security-policy"].startswith("sandbox")
    part = client.get(f"/api/runs/{trained.id}/file?file=plots/a.png", {"range": "bytes=0-7"})
    assert (part.status, part.body) == (206, PNG[:8])


def test_a_folder_is_an_archive_while_it_is_made(client: Client, trained: Run) -> None:
    answer = client.get(f"/api/runs/{trained.id}/zip?folder=outputs")
    with zipfile.ZipFile(io.BytesIO(answer.body)) as pack:
        assert pack.testzip() is None
        assert pack.namelist() == ["outputs/page.html", "outputs/table.csv"]
    code = client.get(f"/api/runs/{trained.id}/code/zip")
    with zipfile.ZipFile(io.BytesIO(code.body)) as pack:
        assert pack.namelist() == ["train.py"]


def test_who_stops_taking_an_archive_stops_the_packing(client: Client, trained: Run) -> None:
    for number in range(4):
        trained.upload_file(f"large/{number}", io.BytesIO(os.urandom(1 << 20)))

    async def begin() -> int:
        async with aclosing(client.messages("GET", f"/api/runs/{trained.id}/zip")) as messages:
            async for message in messages:
                if message.get("body"):
                    return len(message["body"])
        return 0

    assert client.wait(begin()) > 0  # the leak check sees a thread that goes on


def test_a_log_comes_in_whole_lines_from_any_place(client: Client, trained: Run) -> None:
    logs = client.get(f"/api/runs/{trained.id}/logs").json["logs"]
    assert [log["name"] for log in logs] == [LOG, "supervisor.log"]
    base = f"/api/runs/{trained.id}/log?log={LOG}"
    whole = client.get(f"{base}&line=1").json
    lines = whole["text"].splitlines(keepends=True)
    assert (whole["line"], whole["from"], whole["to"]) == (1, 0, whole["size"])
    assert len(lines) == 3
    end = client.get(f"{base}&end=1&bytes=12").json
    assert (end["text"], end["line"], end["cut_start"]) == (lines[2], 3, False)
    second = client.get(f"{base}&at={len(lines[0]) + 3}&bytes=40").json
    assert second["from"] == len(lines[0])
    assert second["text"].startswith("an Error")
    before = client.get(f"{base}&before={end['from']}&bytes=1000").json
    assert before["text"] == lines[0] + lines[1]
    assert client.get(f"{base}&line=99").json["line"] == 4
    assert client.get(f"{base}&end=1&at=3").status == 400


def test_a_log_is_searched_while_it_is_read(client: Client, trained: Run) -> None:
    def hits(query: str) -> list[dict[str, object]]:
        text = client.get(f"/api/runs/{trained.id}/log/search?log={LOG}&{query}").text
        rows = [json.loads(line) for line in text.splitlines()]
        assert rows[-1]["done"]
        return [row["hit"] for row in rows if "hit" in row]

    assert [(hit["line"], hit["text"]) for hit in hits("q=LAST")] == [(3, "last line")]
    assert hits("q=LAST&case=1") == []
    assert [hit["line"] for hit in hits("errors=1")] == [2]
    assert [hit["line"] for hit in hits("q=line&limit=1")] == [1]
    assert [hit["line"] for hit in hits("regex=1&q=^LAST%5Cs%5Cw%2B$")] == [3]
    assert hits("regex=1&q=^LAST&case=1") == []


def test_an_expression_matches_a_line_as_it_is_read_without_colours(
    client: Client, trained: Run
) -> None:
    Path(trained.directory, LOG).write_bytes(b"\x1b[31mERROR\x1b[0m: first\n" + b"a" * 40 + b"\nno")
    base = f"/api/runs/{trained.id}/log/search?log={LOG}&regex=1"
    [first, _] = client.get(f"{base}&q=^error:").text.splitlines()
    assert json.loads(first)["hit"] == {"at": 0, "line": 1, "column": 0, "text": "ERROR: first"}
    [done] = client.get(f"{base}&q=(a%2B)%2Bb").text.splitlines()  # at once, whatever it repeats
    assert json.loads(done) == {"done": True, "hits": 0, "more": False}
    assert client.get(f"{base}&q=(").error == "bad_request"
    assert client.get(f"{base}&q=(?=a)").error == "bad_request"


def test_an_expression_sees_the_lines_that_are_there_and_no_end_of_theirs(
    client: Client, trained: Run
) -> None:
    Path(trained.directory, LOG).write_bytes(b"one foo\r\n\ntwo foo\n")
    base = f"/api/runs/{trained.id}/log/search?log={LOG}&regex=1"

    def lines(expression: str) -> list[int]:
        rows = [json.loads(row) for row in client.get(f"{base}&q={expression}").text.splitlines()]
        return [row["hit"]["line"] for row in rows if "hit" in row]

    assert (lines("^$"), lines("y*"), lines("foo$")) == ([2], [1, 2, 3], [1, 3])


def test_a_folder_of_many_files_is_sorted_before_it_is_cut(client: Client, trained: Run) -> None:
    folder = Path(trained.directory, "outputs", "many")
    folder.mkdir()
    for number in range(browse.MOST_ENTRIES + 5):
        (folder / f"a{number}").touch()
    (folder / "zz").write_bytes(b"more than any other")
    (folder / "sub").mkdir()
    base = f"/api/runs/{trained.id}/files?folder=outputs/many"
    for order, first in (("size", "zz"), ("name", "a0"), ("", "a0")):
        found = client.get(f"{base}&sort={order}").json
        assert [one["name"] for one in found["entries"][:2]] == ["sub", first]
        assert (found["total"], found["more"]) == (browse.MOST_ENTRIES + 7, True)
    assert client.get(f"{base}&sort=colour").status == 400


def test_all_files_of_a_run_are_found_by_a_part_of_their_path(client: Client, trained: Run) -> None:
    for name, size in (("plots/Loss.svg", 3), ("plots/deep/loss.csv", 9), ("model.bin", 5)):
        trained.upload_file(name, io.BytesIO(b"x" * size))
    base = f"/api/runs/{trained.id}/files?below=1"
    found = client.get(f"{base}&like=LOSS&sort=size").json
    assert [one["path"] for one in found["entries"]] == ["plots/deep/loss.csv", "plots/Loss.svg"]
    assert (found["total"], found["more"]) == (2, False)
    assert [one["name"] for one in client.get(f"{base}&folder=plots").json["entries"]] == [
        *("Loss.svg", "loss.csv"),
    ]
    assert client.get(f"{base}&folder=none").error == "not_found"
    assert client.get(f"{base}&sort=colour").status == 400
    counts = client.get(f"/api/runs/{trained.id}").json["counts"]
    assert counts["files"] == client.get(base).json["total"] - 1  # its log is not a file


def test_a_log_of_one_long_line_is_given_in_pieces(client: Client, trained: Run) -> None:
    Path(trained.directory, LOG).write_bytes(b"x" * 300_000 + "ü\n".encode() + b"end\n")
    base = f"/api/runs/{trained.id}/log?log={LOG}"
    piece = client.get(f"{base}&at=150000&bytes=1000").json
    assert (piece["cut_start"], piece["cut_end"], len(piece["text"])) == (True, True, 1000)
    end = client.get(f"{base}&end=1&bytes=100").json
    assert (end["text"], end["line"]) == ("end\n", 2)


def test_the_code_of_a_run_is_shown(client: Client, trained: Run) -> None:
    code = client.get(f"/api/runs/{trained.id}/code").json
    assert [(one["path"], one["kind"]) for one in code["files"]] == [("train.py", "file")]
    text = client.get(f"/api/runs/{trained.id}/code/file?file=train.py").json["text"]
    assert "Run.get_context()" in text
    assert client.get(f"/api/runs/{trained.id}/code/diff").error == "not_found"


def test_names_and_tags_of_many_runs_are_changed_at_once(client: Client, trained: Run) -> None:
    answer = client.post(
        "/api/runs/labels",
        {
            "ids": [trained.id, "nobody"],
            "name": "best",
            "description": "of all",
            "tags": {"fruit": "apple", "alone": None},
            "remove_tags": ["lr"],
        },
    ).json
    assert answer["done"] == [trained.id]
    assert [(one["id"], one["code"]) for one in answer["failed"]] == [("nobody", "not_found")]
    row = client.get(f"/api/runs/{trained.id}").json["run"]
    assert (row["name"], row["description"]) == ("best", "of all")
    assert row["tags"] == {"fruit": "apple", "alone": None}


def test_a_run_is_canceled_without_waiting_for_its_end(
    client: Client, script: Callable[..., Path], ready: Fifo
) -> None:
    script(
        "wait.py", f"open({str(ready.path)!r}, 'w').write('go\\n')\nimport signal; signal.pause()"
    )
    run = Experiment(Workspace.from_config(), "e").submit(ScriptRunConfig("source", "wait.py"))
    ready.line()
    active = client.get("/api/targets").json["targets"][0]["active"]
    assert [row["id"] for row in active] == [run.id]
    assert client.post("/api/runs/cancel", {"ids": [run.id]}).json["done"] == [run.id]
    wait_until(lambda: run.get_status() == status.CANCELED, "the run is canceled")
    assert client.get(f"/api/runs?ids={run.id}").json["runs"][0]["status"] == status.CANCELED


def test_an_ended_run_is_declared_failed_with_a_message(client: Client, trained: Run) -> None:
    said = {"ids": [trained.id], "message": "the data were wrong"}
    assert client.post("/api/runs/fail", said).json["done"] == [trained.id]
    details = client.get(f"/api/runs/{trained.id}").json["details"]
    assert details["status"] == status.FAILED
    assert "the data were wrong" in details["error"]["error"]["message"]


def test_a_run_is_submitted_by_a_form_and_again(
    client: Client, script: Callable[..., Path]
) -> None:
    script("train.py", "import sys; print(sys.argv[1:])")
    assert client.get("/api/submit/scripts?source=source").json["scripts"] == ["train.py"]
    answer = client.post(
        "/api/submit",
        {
            "experiment": "form",
            "source": "source",
            "script": "train.py",
            "arguments": ["--n", 3],
            "tags": {"a": "b"},
            "name": "by hand",
        },
    )
    assert answer.status == 201
    row = answer.json["run"]
    assert (row["name"], row["arguments"], row["tags"]) == ("by hand", ["--n", "3"], {"a": "b"})
    run = Workspace.from_config().get_run(row["id"])
    run.wait_for_completion()
    defaults = client.get(f"/api/submit/defaults?run={run.id}").json
    assert (defaults["script"], defaults["experiment"]) == ("train.py", "form")
    (again,) = client.post("/api/runs/resubmit", {"ids": [run.id]}).json["done"]
    made = Workspace.from_config().get_run(again)
    made.wait_for_completion()
    assert made.get_tags() == {"a": "b"}


def test_what_is_wrong_with_a_form_is_said_in_a_sentence(
    client: Client, workspace_dir: Path
) -> None:
    answer = client.post("/api/submit", {"experiment": "e", "script": "missing.py"})
    assert (answer.status, answer.error) == (400, "bad_request")
    assert "missing.py" in answer.json["error"]["message"]
    assert client.get("/api/experiments").json == {"experiments": [], "unread": None}


def test_secrets_of_a_command_are_asked_for_by_name(
    client: Client, script: Callable[..., Path]
) -> None:
    script("train.py", "import sys; assert sys.argv[2] == 'hunter2hunter2'")
    config = ScriptRunConfig("source", "train.py", ["--password", "hunter2hunter2"])
    run = Experiment(Workspace.from_config(), "e").submit(config)
    run.wait_for_completion()
    (failed,) = client.post("/api/runs/resubmit", {"ids": [run.id]}).json["failed"]
    assert (failed["code"], failed["hidden"]) == ("needs_secrets", ["--password *****"])
    said = {"ids": [run.id], "secrets": ["hunter2hunter2"]}
    (again,) = client.post("/api/runs/resubmit", said).json["done"]
    made = Workspace.from_config().get_run(again)
    assert made.wait_for_completion()["status"] == status.COMPLETED
    everything = [client.get(f"/api/runs/{again}{rest}").text for rest in ("", "/record")]
    assert "hunter2" not in "".join(everything)


def test_experiments_are_archived_and_come_back(client: Client, trained: Run) -> None:
    name = trained.experiment.name
    told = client.post("/api/experiments/archive", {"names": [name, "nothing"]}).json
    assert told["done"] == [name]
    assert [one["id"] for one in told["failed"]] == ["nothing"]
    assert told["failed"][0]["code"] == "not_found"
    names = {one["name"] for one in client.get("/api/experiments").json["experiments"]}
    assert name not in names
    told = client.post("/api/experiments/reactivate", {"names": [name]}).json
    assert told == {"done": [name], "failed": [], "next": None}
    names = {one["name"] for one in client.get("/api/experiments").json["experiments"]}
    assert name in names
    assert client.post("/api/experiments/archive", {"names": []}).status == 400


def test_deleted_runs_lie_in_the_trash_and_come_back(client: Client, trained: Run) -> None:
    assert client.post("/api/runs/delete", {"ids": [trained.id]}).json["done"] == [trained.id]
    assert client.get("/api/runs").json["total"] == 0
    assert [one["run_id"] for one in client.get("/api/trash").json["runs"]] == [trained.id]
    assert client.post("/api/trash/restore", {"ids": [trained.id]}).json["done"] == [trained.id]
    assert client.get("/api/runs").json["total"] == 1


def test_a_queue_is_paused_and_goes_on(client: Client, script: Callable[..., Path]) -> None:
    script("train.py", "")
    Workspace.from_config().targets.add("local", slots=1)
    assert client.post("/api/queue/pause", {"target": "local"}).json["paused"]
    config = ScriptRunConfig("source", "train.py")
    run = Experiment(Workspace.from_config(), "e").submit(config)
    (target,) = client.get("/api/targets").json["targets"]
    (waiting,) = target["waiting"]
    assert (waiting["run"]["id"], waiting["reason"]) == (run.id, "the queue is paused")
    assert not client.post("/api/queue/resume", {"target": "local"}).json["paused"]
    run.wait_for_completion()


@pytest.mark.parametrize("target", ["", "nowhere"])
def test_an_unknown_target_is_no_crash(client: Client, target: str) -> None:
    assert client.post("/api/queue/pause", {"target": target}).status == 400


def test_the_description_names_every_route_once(client: Client) -> None:
    document = client.get("/api/openapi.json").json
    assert document == openapi.document()
    named = {
        (method.upper(), path[len("/api/") :])
        for path, methods in document["paths"].items()
        for method in methods
    }
    assert named == {(route.method, route.path) for route in routes.every()}


def test_a_store_that_cannot_be_written_is_shown_all_the_same(
    shelf: Callable[..., Shelf], script: Callable[..., Path], monkeypatch: pytest.MonkeyPatch
) -> None:
    run = train(script, [])
    monkeypatch.setattr("runstore.index.live._writable", lambda root: False)
    client = shelf().sign_in()
    assert [row["id"] for row in client.get("/api/runs?metrics=*").json["runs"]] == [run.id]
    assert client.get("/api/experiments").json["experiments"][0]["runs"] == 1
    second = train(script, [])
    assert client.get(f"/api/runs/{second.id}").json["run"]["number"] == 2


def test_a_damaged_index_is_made_anew(
    shelf: Callable[..., Shelf], trained: Run, workspace_dir: Path
) -> None:
    client = shelf().sign_in()
    assert client.get("/api/runs").json["total"] == 1
    path = Path(trained.experiment.workspace.directory, layout.INDEX, layout.INDEX_FILE)
    for part in path.parent.glob(f"{path.name}*"):
        part.write_bytes(b"no database" * 1000)
    other = shelf().sign_in()
    assert other.get("/api/runs").json["total"] == 1
    assert client.get("/api/runs").status == 200


def test_an_index_that_cannot_be_written_is_kept_in_memory(
    shelf: Callable[..., Shelf], trained: Run, monkeypatch: pytest.MonkeyPatch
) -> None:
    def refuse(self: Cache) -> None:
        if self.path != MEMORY:
            raise sqlite3.OperationalError("attempt to write a readonly database")
        plain(self)

    plain = Cache.writing
    monkeypatch.setattr(Cache, "writing", lambda self: refuse(self) or plain(self))
    assert shelf().sign_in().get("/api/runs").json["total"] == 1


def test_without_built_pages_it_says_what_to_run(workspace_dir: Path) -> None:
    made = Shelf(Workspace.from_config(), static={})
    answer = made.client.get("/")
    assert answer.status == 200
    assert "make studio" in answer.text
    made.close()


def test_pages_are_kept_by_browsers_as_long_as_their_names_say(client: Client) -> None:
    page = client.get("/", {"accept-encoding": "gzip"})
    assert page.headers["cache-control"] == "no-cache"
    asset = client.get("/assets/app-1.js", {"accept-encoding": "gzip"})
    assert "immutable" in asset.headers["cache-control"]
    assert asset.headers["content-encoding"] == "gzip"
    assert client.get("/assets/app-1.js").text == "x();" * 500
