"""The one stream of events: what changes in a store comes by itself, from a cursor on."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import aclosing
from pathlib import Path
from typing import Any

import pytest

from helpers.asgi import Client
from helpers.schema import events
from helpers.wait import wait_until
from homerun import Experiment, Run, ScriptRunConfig, Workspace
from homerun.system import children
from runstore import status

BARE: dict[str, Any] = {"snapshot_directory": None, "outputs": False}

News = tuple[str, dict[str, Any]]


@pytest.fixture
def run(workspace_dir: Path) -> Iterator[Run]:
    started = Experiment(Workspace.from_config(), "live").start_logging(**BARE)
    yield started
    started._metrics.close()


def follow(
    client: Client,
    query: str,
    change: Callable[[], object],
    wanted: Callable[[str, dict[str, Any]], object],
) -> list[News]:
    """The events up to the one that is wanted; the change is made when the stream has begun."""

    async def read() -> list[News]:
        found: list[News] = []
        async with aclosing(events(client, f"/api/events?{query}")) as stream:
            async for event in stream:
                if not found:
                    change()
                found.append(event)
                if wanted(*event):
                    return found
        raise AssertionError(found)

    return client.wait(read())


def test_a_status_comes_as_it_changes(client: Client, run: Run) -> None:
    def ended(name: str, data: dict[str, Any]) -> bool:
        return name == "runs" and data["changed"][0]["status"] == status.COMPLETED

    first, *_, last = follow(client, "topic=runs", run.complete, ended)
    assert first[0] == "hello"
    assert [row["id"] for row in last[1]["changed"]] == [run.id]


def test_who_watches_collects_the_supervisors_of_what_it_submitted(
    client: Client, run: Run, script: Callable[..., Path]
) -> None:
    script("train.py", "")

    def submit() -> None:
        Experiment(Workspace.from_config(), "live").submit(ScriptRunConfig("source", "train.py"))

    def ended(name: str, data: dict[str, Any]) -> bool:
        if name != "runs" or data["changed"][0]["status"] != status.COMPLETED:
            return False
        # The look beside this stream goes on; that a process is gone is no event.
        wait_until(lambda: not children._started, "they are collected")
        return True

    follow(client, "topic=runs", submit, ended)

    assert children.reap() == 0
    run.complete()


def test_a_new_run_and_its_experiment_come_by_themselves(client: Client, run: Run) -> None:
    made: list[Run] = []

    def start() -> None:
        made.append(Experiment(Workspace.from_config(), "other").start_logging(**BARE))

    seen: set[str] = set()

    def both(name: str, data: dict[str, Any]) -> bool:
        if name == "runs":
            seen.update(row["id"] for row in data["changed"])
        if name == "experiments":
            seen.update(one["name"] for one in data["changed"])
        return {made[0].id, "other"} <= seen

    follow(client, "topic=runs&topic=experiments", start, both)
    made[0].complete()
    run.complete()


def test_rows_of_an_experiment_come_with_their_metrics(client: Client, run: Run) -> None:
    other = Experiment(Workspace.from_config(), "other").start_logging(**BARE)

    def change() -> None:
        other.tag("a")
        run.log("loss", 7)

    def shown(name: str, data: dict[str, Any]) -> bool:
        return name == "runs" and "loss" in data["changed"][0]["metrics"]

    found = follow(client, "topic=runs&experiment=live&metrics=loss", change, shown)
    rows = [row["id"] for name, data in found if name == "runs" for row in data["changed"]]
    assert set(rows) == {run.id}
    assert found[-1][1]["changed"][0]["metrics"]["loss"]["last"] == 7
    run.complete()
    other.complete()


def test_metrics_and_labels_of_a_run_come_as_they_are_written(client: Client, run: Run) -> None:
    run.log("loss", 1)

    def change() -> None:
        run.log("loss", 3)
        run.tag("fruit", "apple")

    seen: set[str] = set()

    def both(name: str, data: dict[str, Any]) -> bool:
        if name == "metrics" and data["metrics"][0]["last"] == 3:
            seen.add(name)
        if name == "run" and "labels" in data["parts"]:
            assert data["run"]["tags"] == {"fruit": "apple"}
            seen.add(name)
        return seen == {"metrics", "run"}

    follow(client, f"topic=run:{run.id}", change, both)
    run.complete()


def test_a_log_tells_its_size_as_it_grows(client: Client, run: Run) -> None:
    log = Path(run.directory, "user_logs", "std_log.txt")
    log.parent.mkdir(exist_ok=True)
    log.write_text("one\n")

    def grown(name: str, data: dict[str, Any]) -> bool:
        return name == "log" and data["size"] == 8

    def grow() -> None:
        with log.open("a") as file:
            file.write("two\n")

    found = follow(client, f"topic=log:{run.id}:user_logs/std_log.txt", grow, grown)
    assert found[-1][1]["is_live"] is True
    run.complete()


def test_what_changed_since_a_cursor_comes_first(client: Client, run: Run) -> None:
    cursor = client.get("/api/runs").json["cursor"]
    run.tag("late")
    found = follow(
        client,
        f"topic=runs&cursor={cursor}",
        lambda: None,
        lambda name, data: name == "runs" and "late" in data["changed"][0]["tags"],
    )
    assert [name for name, _ in found] == ["hello", "runs"]
    run.complete()


def test_what_is_new_until_now_is_told_once(client: Client, run: Run) -> None:
    cursor = client.get("/api/info").json["cursor"]
    run.tag("seen", "yes")
    answer = client.get(f"/api/events?topic=runs&cursor={cursor}&once=true")
    names = [line for line in answer.text.splitlines() if line.startswith("event: ")]
    assert names == ["event: hello", "event: runs"]
    assert '"seen":"yes"' in answer.text.replace(": ", ":")
    run.complete()


def test_a_run_that_is_deleted_is_told(client: Client, run: Run) -> None:
    run.complete()
    client.get("/api/runs")
    found = follow(
        client,
        "topic=runs",
        run.delete,
        lambda name, data: name == "runs" and data["removed"],
    )
    assert found[-1][1]["removed"] == [run.id]


@pytest.mark.parametrize("cursor", ["x.1", "1", "", "abc.99999999999999999999", "%C3%A9.1"])
def test_an_unknown_cursor_says_to_ask_for_everything_again(
    client: Client, run: Run, cursor: str
) -> None:
    run.complete()
    query = f"topic=runs&cursor={cursor}"
    wanted = "reset" if cursor else "hello"
    found = follow(client, query, lambda: None, lambda name, data: name == wanted)
    assert found[-1][1]["cursor"].count(".") == 1


@pytest.mark.parametrize("topic", ["nothing", "run:", "log:", "run:nobody", "log:nobody:x"])
def test_an_unknown_topic_is_refused(client: Client, run: Run, topic: str) -> None:
    run.complete()
    assert client.get(f"/api/events?topic={topic}").status in (400, 404)
    many = "&".join(f"topic=run:{n}" for n in range(40))
    assert client.get(f"/api/events?{many}").status == 400


def test_a_stream_ends_when_its_run_is_deleted_and_is_refused_then(
    client: Client, run: Run
) -> None:
    run.complete()
    query = f"topic=run:{run.id}&topic=log:{run.id}&topic=runs"
    found = follow(client, query, run.delete, lambda name, data: name == "runs" and data["removed"])
    assert found[-1][1]["removed"] == [run.id]
    assert client.get(f"/api/events?{query}").status == 404


def test_two_pages_are_told_each_of_its_own(client: Client, run: Run) -> None:
    async def both() -> list[str]:
        one, two = (
            events(client, "/api/events?topic=runs"),
            events(client, "/api/events?topic=queue"),
        )
        async with aclosing(one), aclosing(two):
            await one.__anext__(), await two.__anext__()
            run.tag("now")
            return [(await two.__anext__())[0], (await one.__anext__())[0]]

    assert client.wait(both()) == ["queue", "runs"]
    run.complete()
