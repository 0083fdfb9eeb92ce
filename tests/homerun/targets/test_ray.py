"""The engine `ray` against an address that plays Ray; `make test-ray` has a real cluster."""

from __future__ import annotations

import json
import os
import re
import socket
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from helpers.ray_api import RayApi, ray_api
from helpers.servers import Server, serving
from homerun.targets.engines.engine import (
    GONE,
    OVER,
    RUNNING,
    UNKNOWN,
    WAITING,
    EngineError,
    Job,
    Placed,
)
from homerun.targets.ray import addresses, answers, dashboard, entrypoint
from homerun.targets.ray.ray import Ray

PAGE = b"<!doctype html><html><title>Grafana</title></html>"
SECRET = "token-0c6f1b"


@pytest.fixture(autouse=True)
def _no_variables(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    for name in [name for name in os.environ if name.startswith("RAY_")]:
        monkeypatch.delenv(name)
    for name in ("http_proxy", "HTTP_PROXY", "all_proxy", "ALL_PROXY"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("HOME", str(tmp_path))


@pytest.fixture
def api() -> Iterator[RayApi]:
    with ray_api() as made:
        yield made


@pytest.fixture
def engine(api: RayApi) -> Ray:
    return Ray({"type": "ray", "address": api.address})


def job(mark: str = "m1", **changed: Any) -> Job:
    return Job(
        **{
            "run_id": f"train_1_{mark}",
            "mark": mark,
            "name": f"train_1_{mark}",
            "root": "/shared/.runs",
            "folder": f"/shared/.runs/train/train_1_{mark}",
            "argv": ["/usr/bin/python3", "-I", "-S", "-c", "begin()", "/shared/.runs"],
            "env": {"HOMERUN_SUPERVISES": mark},
            "log": f"/shared/.runs/train/train_1_{mark}/engine.log",
            "said": {},
            **changed,
        }
    )


def submitted(engine: Ray, mark: str = "m1", **changed: Any) -> Placed:
    return engine.submit([job(mark, **changed)])[0]


# Submit


def test_a_job_is_asked_for_with_its_resources_and_the_mark_of_its_run(
    api: RayApi, engine: Ray
) -> None:
    said = {
        "num_cpus": "2.5",
        "num_gpus": "1",
        "memory": "2G",
        "resource": ["TPU=4", "disk=0.5"],
        "runtime_env": '{"pip": ["einops"]}',
    }
    placed = submitted(engine, "m1", said=said)

    asked = api.asked[0][1]
    assert asked["entrypoint_num_cpus"] == 2.5
    assert asked["entrypoint_num_gpus"] == 1
    assert asked["entrypoint_memory"] == 2 << 30
    assert asked["entrypoint_resources"] == {"TPU": 4, "disk": 0.5}
    assert asked["runtime_env"] == {"pip": ["einops"]}
    assert asked["submission_id"] == placed.job == "homerun-m1"
    assert asked["metadata"] == {
        "homerun": "m1",
        "homerun_asks": "2.5 CPUs, 1 GPU, 2.0 GiB of memory, 4 TPU and 0.5 disk",
        "homerun_run": "train_1_m1",
        "job_name": "train_1_m1",
    }
    assert placed.comment == "m1"
    assert placed.submitted == str(api.jobs["homerun-m1"]["start_time"])
    assert placed.cluster.startswith(api.address)


def test_a_job_asks_for_one_processor_unless_the_target_says_otherwise(
    api: RayApi, engine: Ray
) -> None:
    submitted(engine, "m1")
    submitted(engine, "m2", said={"num_cpus": "0"})

    asked = [body for call, body in api.asked if call == "POST /api/jobs/"]
    assert [one["entrypoint_num_cpus"] for one in asked] == [1, 0]
    assert "entrypoint_num_gpus" not in asked[0]


def test_a_batch_is_one_request_for_each_job_and_one_look(api: RayApi, engine: Ray) -> None:
    placed = engine.submit([job(f"m{number}") for number in range(20)])

    assert [one.comment for one in placed] == [f"m{number}" for number in range(20)]
    assert api.calls == ["POST /api/jobs/"] * 20 + ["GET /api/jobs/"]
    assert all(one.submitted for one in placed)


def test_a_second_submit_of_a_run_finds_the_job_that_is_there(api: RayApi, engine: Ray) -> None:
    first = submitted(engine)
    again = submitted(engine)

    assert again.describe() == first.describe()
    assert len(api.jobs) == 1


def test_a_run_whose_former_job_is_over_gets_another_one(api: RayApi, engine: Ray) -> None:
    submitted(engine)
    api.end("homerun-m1", "FAILED", None, "JOB_SUPERVISOR_ACTOR_DIED")

    assert submitted(engine).job == "homerun-m1-2"
    api.end("homerun-m1-2", "STOPPED")
    assert submitted(engine).job == "homerun-m1-3"


def test_an_id_that_another_has_taken_is_refused(api: RayApi, engine: Ray) -> None:
    submitted(engine)
    api.jobs["homerun-m1"]["metadata"] = {"homerun": "another"}

    with pytest.raises(EngineError, match="already exists") as raised:
        submitted(engine)
    assert "\n" not in str(raised.value)


def test_a_job_that_was_taken_though_the_answer_is_lost_is_found(api: RayApi, engine: Ray) -> None:
    def lost(method: str, path: str) -> tuple[int, str, bytes] | None:
        if method == "POST":
            api.answer(method, path, json.dumps(api.asked[-1][1]).encode())
            return 502, "text/html", PAGE
        return None

    api.instead = lost
    with pytest.raises(EngineError, match="is its head running"):
        engine.submit([job("m1"), job("m2")])
    api.instead = lambda method, path: None

    found = engine.found([job("m1"), job("m2")])
    assert found[0] is not None
    assert (found[0].job, found[0].comment) == ("homerun-m1", "m1")
    assert found[1] is None


def test_a_job_that_is_over_is_not_found(api: RayApi, engine: Ray) -> None:
    submitted(engine)
    api.end("homerun-m1", "SUCCEEDED", 0)

    assert engine.found([job("m1")]) == [None]


def test_several_nodes_are_refused_before_anything_is_submitted(api: RayApi, engine: Ray) -> None:
    with pytest.raises(EngineError, match="on one node, not on 2"):
        engine.submit([job("m1"), job("m2", nodes=2)])
    assert api.asked == []


def test_no_value_of_the_environment_is_in_what_ray_keeps_beside_the_command(
    api: RayApi, engine: Ray, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("API_KEY", SECRET)
    monkeypatch.setenv("RAY_AUTH_TOKEN", SECRET)
    placed = submitted(engine)

    assert SECRET not in json.dumps(api.jobs)
    assert SECRET not in json.dumps(placed.describe())


# The entrypoint


AWKWARD = [
    "plain",
    "",
    "two words",
    "it's",
    '"quoted"',
    "$HOME `id` $(id) \\ \\n ! * ? [a] {b,c} ~ # ; & | < > ( )",
    "a\nb\n",
    "\ttab",
    "-c",
    "a=b",
    "%s %d",
    "naïve/数据/é",
    "'\\''",
]


def test_the_entrypoint_is_exactly_the_command_whatever_it_holds(tmp_path: Path) -> None:
    folder = tmp_path / "it's a $HOME `dir`\n日"
    folder.mkdir()
    log = folder / "engine.log"
    tell = "import json, os, sys; print(json.dumps([sys.argv[1:], os.environ['HOMERUN_X']]))"
    wanted = job(
        argv=[sys.executable, "-I", "-S", "-c", tell, *AWKWARD],
        env={"HOMERUN_X": AWKWARD[5]},
        folder=str(folder),
        log=str(log),
    )

    done = subprocess.run(["/bin/sh", "-c", entrypoint.of(wanted)], capture_output=True)

    assert (done.returncode, done.stdout, done.stderr) == (0, b"", b"")
    assert json.loads(log.read_text()) == [AWKWARD, AWKWARD[5]]


def test_the_process_that_ray_starts_is_the_program_itself(tmp_path: Path) -> None:
    tell = "import os; print(os.getpid())"
    wanted = job(argv=[sys.executable, "-c", tell], folder="/tmp", log=str(tmp_path / "log"))

    with subprocess.Popen(["/bin/sh", "-c", entrypoint.of(wanted)]) as process:
        process.wait()

    assert (tmp_path / "log").read_text() == f"{process.pid}\n"


def test_what_ray_gives_a_job_is_not_overwritten(tmp_path: Path) -> None:
    wanted = job(
        argv=["/usr/bin/env"],
        env={"CUDA_VISIBLE_DEVICES": "7", "HOMERUN_X": "1"},
        folder="/tmp",
        log=str(tmp_path / "log"),
    )
    line = entrypoint.of(wanted, Ray.GIVEN)
    subprocess.run(["/bin/sh", "-c", line], env={"CUDA_VISIBLE_DEVICES": "0"})

    said = (tmp_path / "log").read_text().splitlines()
    assert {"CUDA_VISIBLE_DEVICES=0", "HOMERUN_X=1"} <= set(said)


@pytest.mark.parametrize("missing", ["folder", "python"])
def test_a_node_that_lacks_the_folder_or_the_python_says_so(tmp_path: Path, missing: str) -> None:
    gone = "/nowhere/it's"
    wanted = (
        job(folder=gone, log=f"{gone}/log")
        if missing == "folder"
        else job(argv=[gone], folder="/tmp", log=str(tmp_path / "log"))
    )

    done = subprocess.run(["/bin/sh", "-c", entrypoint.of(wanted)], capture_output=True, text=True)

    assert done.returncode in (126, 127)
    assert done.stdout == f"homerun: there is no {gone} on {os.uname().nodename}\n"


def test_a_path_that_is_no_text_is_refused(api: RayApi, engine: Ray) -> None:
    with pytest.raises(EngineError, match="Ray takes text only"):
        submitted(engine, folder=os.fsdecode(b"/shared/caf\xe9"))
    assert api.asked == []


# Look


def test_a_look_at_many_jobs_is_one_request(api: RayApi, engine: Ray) -> None:
    placed = engine.submit([job(f"m{number}") for number in range(50)])
    api.asked.clear()

    assert {one.state for one in engine.look(placed)} == {WAITING}
    assert api.calls == ["GET /api/jobs/"]
    assert engine.look([]) == []
    assert len(api.calls) == 1


def test_a_job_that_waits_says_what_for(api: RayApi, engine: Ray) -> None:
    placed = submitted(engine, said={"num_cpus": 2, "num_gpus": 1, "runtime_env": '{"pip": []}'})

    seen = engine.look([placed])[0]
    assert (seen.state, seen.reason) == (
        WAITING,
        "it waits for 2 CPUs and 1 GPU of the cluster and for its runtime environment",
    )


ENDS = [
    ("SUCCEEDED", 0, "", "", "its job ended", "0"),
    ("STOPPED", None, "", "", "its job was stopped", None),
    ("FAILED", 3, "JOB_ENTRYPOINT_COMMAND_ERROR", "x", "its job failed with exit code 3", "3"),
    ("FAILED", -9, "JOB_ENTRYPOINT_COMMAND_ERROR", "x", "its job failed by signal 9", "-9"),
    (
        *("FAILED", 126, "JOB_ENTRYPOINT_COMMAND_ERROR"),
        "last available logs:\nRunning entrypoint\nhomerun: there is no /shared on node3",
        "its job failed with exit code 126: there is no /shared on node3",
        "126",
    ),
    (
        *("FAILED", None, "RUNTIME_ENV_SETUP_FAILURE", "setup failed:\nno package einopz"),
        "its runtime environment could not be made: no package einopz",
        None,
    ),
    (
        *("FAILED", None, "JOB_SUPERVISOR_ACTOR_DIED", "The actor died\nbecause"),
        "Ray's own process of it died, with its node or by itself",
        None,
    ),
    ("FAILED", None, "", "Unexpected: it fell", "its job failed: Unexpected: it fell", None),
]


@pytest.mark.parametrize(("status", "code", "kind", "message", "reason", "exit"), ENDS)
def test_a_job_that_is_over_says_how_it_ended(
    api: RayApi,
    engine: Ray,
    status: str,
    code: int | None,
    kind: str,
    message: str,
    reason: str,
    exit: str | None,
) -> None:
    placed = submitted(engine)
    api.end(placed.job, status, code, kind, message)

    seen = engine.look([placed])[0]
    assert (seen.state, seen.reason, seen.exit) == (OVER, reason, exit)


def test_a_job_that_waited_too_long_says_what_to_set(api: RayApi, engine: Ray) -> None:
    placed = submitted(engine)
    api.end(placed.job, "FAILED", None, "JOB_SUPERVISOR_ACTOR_START_TIMEOUT", "900 s\nlong")

    reason = engine.look([placed])[0].reason
    assert "waited too long" in reason
    assert "RAY_JOB_START_TIMEOUT_SECONDS" in reason
    assert "900 s" not in reason


def test_a_status_of_a_later_ray_says_nothing_of_the_job(api: RayApi, engine: Ray) -> None:
    placed = submitted(engine)
    api.jobs[placed.job]["status"] = "HIBERNATING"

    seen = engine.look([placed])[0]
    assert (seen.state, seen.reason) == (UNKNOWN, "Ray says 'HIBERNATING'")


def test_a_job_that_a_restarted_cluster_does_not_know_is_gone(api: RayApi, engine: Ray) -> None:
    running, other = engine.submit([job("m1"), job("m2")])
    api.jobs[running.job]["status"] = "RUNNING"
    assert engine.look([running])[0].state == RUNNING
    api.restart()
    submitted(engine, "m3")

    assert [one.state for one in engine.look([running, other])] == [GONE, GONE]


@pytest.mark.parametrize("change", [{"metadata": {"homerun": "x"}}, {"start_time": 5}])
def test_a_job_of_the_same_id_that_is_another_is_gone(
    api: RayApi, engine: Ray, change: dict[str, Any]
) -> None:
    placed = submitted(engine)
    api.jobs[placed.job].update(change)

    assert engine.look([placed])[0].state == GONE


def test_a_dead_cluster_says_nothing_of_its_jobs(engine: Ray, api: RayApi) -> None:
    placed = submitted(engine)
    gone = Ray({"address": f"http://127.0.0.1:{_unused_port()}"})
    moved = Placed.of({**placed.describe(), "cluster": gone._cluster()})

    seen = gone.look([moved, moved])
    assert [one.state for one in seen] == [UNKNOWN, UNKNOWN]
    assert "nothing listens at" in seen[0].reason


def test_a_job_of_the_cluster_at_a_former_address_is_not_judged(api: RayApi, engine: Ray) -> None:
    placed = submitted(engine)
    with ray_api() as other:
        moved = Ray({"address": other.address})
        seen = moved.look([placed])[0]
        with pytest.raises(EngineError, match=f"is on {api.address}"):
            moved.cancel([placed])

    assert seen.state == UNKNOWN
    assert api.jobs[placed.job]["status"] == "PENDING"


def test_the_same_loopback_on_two_hosts_is_two_clusters(monkeypatch: pytest.MonkeyPatch) -> None:
    here = addresses.cluster_at("http://127.0.0.1:8265")
    monkeypatch.setattr(os, "uname", lambda: os.uname_result(("", "other", "", "", "")))

    assert addresses.cluster_at("http://127.0.0.1:8265") != here
    assert addresses.cluster_at("http://head:8265") == "http://head:8265"


# Cancel


def test_a_cancel_stops_the_jobs_that_are_still_these(api: RayApi, engine: Ray) -> None:
    ours, ended, forgotten, strange = engine.submit([job(f"m{n}") for n in range(4)])
    api.end(ended.job, "SUCCEEDED", 0)
    del api.jobs[forgotten.job]
    api.jobs[strange.job]["metadata"] = {}
    api.asked.clear()

    engine.cancel([ours, ended, forgotten, strange])

    assert api.calls == ["GET /api/jobs/", f"POST /api/jobs/{ours.job}/stop"]
    assert api.jobs[strange.job]["status"] == "PENDING"


def test_a_job_that_is_forgotten_between_look_and_stop_is_no_error(
    api: RayApi, engine: Ray
) -> None:
    placed = submitted(engine)

    def forget(method: str, path: str) -> None:
        if method == "POST":
            api.restart()

    api.instead = forget
    engine.cancel([placed])
    assert api.calls[-1].endswith("/stop")


def test_a_cancel_that_the_cluster_does_not_take_is_an_error(api: RayApi, engine: Ray) -> None:
    placed = submitted(engine)
    api.instead = lambda method, path: (
        (500, "text/plain", b"Traceback\nKeyError: agent\n") if method == "POST" else None
    )

    with pytest.raises(EngineError, match="answers 500: KeyError: agent"):
        engine.cancel([placed])


# What else may stand at an address


NONSENSE = [
    (200, "text/html", PAGE, "answers with a web page"),
    (200, "application/json", b'{"status": "ok"}', "not a list of jobs"),
    (200, "application/json", b"[" * 100_000, "something that is not JSON"),
    (200, "application/json", b"\xff\xfe[]", "something that is not JSON"),
    (200, "text/plain", b"", "something that is not JSON"),
    (301, "", b"https://elsewhere.example/login?next=secret", "leads elsewhere"),
    (307, "", b"http://127.0.0.1:1/api/jobs/", "leads elsewhere"),
    (401, "text/plain", b"Unauthorized: Missing authentication token", "set RAY_AUTH_TOKEN"),
    (403, "text/plain", b"Forbidden", "set RAY_AUTH_TOKEN"),
    (404, "text/html", PAGE, "has no Ray jobs"),
    (404, "text/plain", b"404: Not Found", "has no Ray jobs"),
    (
        500,
        "text/plain",
        b"Traceback\n  File\nRuntimeError: no agent\n.\n",
        "RuntimeError: no agent",
    ),
    (500, "text/html", PAGE, "it does not say why"),
    (503, "text/html", PAGE, "is its head running"),
    (418, "text/plain", b"I am\na teapot\x1b[31m", "answers 418: a teapot"),
]


@pytest.mark.parametrize(("status", "kind", "body", "words"), NONSENSE)
def test_nonsense_is_one_line_and_says_nothing_of_jobs(
    api: RayApi, engine: Ray, status: int, kind: str, body: bytes, words: str
) -> None:
    placed = submitted(engine)
    api.instead = lambda method, path: (status, kind, body)

    seen = engine.look([placed])[0]
    assert seen.state == UNKNOWN
    assert words in seen.reason
    assert seen.reason.isprintable()
    assert "secret" not in seen.reason
    for act in (engine.cancel, lambda placed: engine.submit([job("m2")])):
        with pytest.raises(EngineError) as raised:
            act([placed])
        assert str(raised.value).isprintable()


def test_rows_that_are_no_jobs_are_passed_over(api: RayApi, engine: Ray) -> None:
    placed = submitted(engine)
    rows = [None, 7, "x", [], {}, {"submission_id": 5}, api.jobs[placed.job]]
    odd = {**api.jobs[placed.job], "submission_id": "odd", "metadata": "none", "status": None}
    answer = json.dumps([*rows, odd]).encode()
    api.instead = lambda method, path: (200, "application/json", answer)

    assert engine.look([placed])[0].state == WAITING
    assert engine.found([job()])[0] is not None


def test_an_answer_that_accepts_no_job_is_an_error(api: RayApi, engine: Ray) -> None:
    api.instead = lambda method, path: (200, "application/json", b'{"ok": true}')
    with pytest.raises(EngineError, match="does not answer a submit as Ray does"):
        submitted(engine)


def _hear(server: Server, found: socket.socket) -> None:
    found.recv(65536)
    server.note("heard")


def _silent(server: Server, found: socket.socket) -> None:
    _hear(server, found)
    server.until_closed()


def _slow(server: Server, found: socket.socket) -> None:
    _hear(server, found)
    found.sendall(b"HTTP/1.1 200 OK\r\nContent-Length: 1000000\r\n\r\n")
    while not server.pause():
        found.sendall(b" ")


def _cut_off(server: Server, found: socket.socket) -> None:
    _hear(server, found)
    found.sendall(b"HTTP/1.1 200 OK\r\nContent-Length: 1000\r\n\r\n[]")


def _other_protocol(server: Server, found: socket.socket) -> None:
    _hear(server, found)
    found.sendall(b"\0\0\x18\4\0\0\0\0\0\0\4\0@\0\0")


def _nothing(server: Server, found: socket.socket) -> None:
    _hear(server, found)


@pytest.mark.parametrize(
    ("serve", "words"),
    [
        (_silent, "did not answer within 0.3 s"),
        (_slow, "did not answer within 0.3 s"),
        (_cut_off, "does not speak HTTP, or broke off"),
        (_other_protocol, "does not speak HTTP, or broke off"),
        (_nothing, "does not speak HTTP, or broke off"),
    ],
)
def test_an_address_that_does_not_answer_as_a_dashboard_is_told_in_a_line(
    serve: Any, words: str
) -> None:
    with serving(serve) as server:
        asked = dashboard.Dashboard(f"http://127.0.0.1:{server.port}", timeout_s=0.3)
        with pytest.raises(answers.NoAnswer, match=words) as raised:
            asked.get("/api/jobs/")
    assert str(raised.value).isprintable()
    assert server.got == ["heard"]


def test_a_host_that_there_is_not_is_told_in_a_line() -> None:
    with pytest.raises(EngineError) as raised:
        dashboard.Dashboard("http://no-such-host.invalid:8265").get("/api/jobs/")
    assert str(raised.value).isprintable()


# The address, and what lets in


ADDRESSES = [
    ("http://head:8265", "http://head:8265"),
    ("http://head:8265/", "http://head:8265"),
    ("head", "http://head:8265"),
    ("head:9000", "http://head:9000"),
    ("HTTPS://gate.example/ray/one", "https://gate.example/ray/one"),
    ("http://[::1]:8265", "http://[::1]:8265"),
]


@pytest.mark.parametrize(("given", "found"), ADDRESSES)
def test_an_address_is_completed(given: str, found: str) -> None:
    assert addresses.check_address(given) == found
    assert addresses.check_address(found) == found


@pytest.mark.parametrize(
    "given",
    [
        *("", "http://", "ray://head:10001", "ftp://head", "http://head:99999", "http://head:x"),
        *("http://a b", "http://[::1", "http://head/?a=b", "http://head/#x", "http://h\nx"),
        *("http://user:password@head:8265", "http://token@head", '"head"'),
    ],
)
def test_what_is_no_address_of_a_dashboard_is_refused(given: str) -> None:
    with pytest.raises(
        ValueError,
        match=r"not an address|begins with|Ray Client|password|ends before",
    ) as raised:
        addresses.check_address(given)
    assert "password" not in str(raised.value).replace("a password", "")
    engine = Ray({"address": given})
    with pytest.raises(EngineError) as refused:
        engine.submit([job()])
    assert ":password" not in f"{refused.value} {engine.about()}"


def test_a_token_and_headers_come_from_rays_own_variables(
    api: RayApi, engine: Ray, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    sent = []
    (tmp_path / "other/.ray").mkdir(parents=True)
    (tmp_path / "other/.ray/auth_token").write_text("from-home\n")
    (tmp_path / "token").write_text("from-file\n")
    for changes in (
        {},
        {"HOME": str(tmp_path / "other")},
        {"RAY_AUTH_MODE": "disabled"},
        {"RAY_AUTH_MODE": "token"},
        {"RAY_AUTH_TOKEN_PATH": str(tmp_path / "token")},
        {"RAY_AUTH_TOKEN": "from-variable"},
        {"RAY_JOB_HEADERS": '{"authorization": "Basic abc", "X-Team": "vision"}'},
    ):
        for name, value in changes.items():
            monkeypatch.setenv(name, value)
        engine.found([])
        headers = {name.lower(): value for name, value in api.headers[-1].items()}
        sent.append((headers.get("authorization"), headers.get("x-team")))

    assert sent == [
        (None, None),
        ("Bearer from-home", None),
        (None, None),
        ("Bearer from-home", None),
        ("Bearer from-file", None),
        ("Bearer from-variable", None),
        ("Basic abc", "vision"),
    ]


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("RAY_JOB_HEADERS", f"{{{SECRET}"),
        ("RAY_JOB_HEADERS", f'{{"a": ["{SECRET}"]}}'),
        ("RAY_JOB_HEADERS", f'{{"a": "{SECRET}\\n"}}'),
        ("RAY_AUTH_TOKEN", f"{SECRET}\x07"),
        ("RAY_AUTH_TOKEN_PATH", "/nowhere/token"),
    ],
)
def test_a_variable_that_cannot_be_used_is_named_and_its_value_is_not(
    engine: Ray, monkeypatch: pytest.MonkeyPatch, name: str, value: str
) -> None:
    monkeypatch.setenv(name, value)
    told = value if name == "RAY_AUTH_TOKEN_PATH" else name
    with pytest.raises(EngineError, match=re.escape(told)) as raised:
        engine.found([])
    assert SECRET not in str(raised.value)
    assert str(raised.value).isprintable()


def test_a_token_does_not_follow_a_redirect(
    api: RayApi, engine: Ray, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("RAY_AUTH_TOKEN", SECRET)
    with ray_api() as thief:
        api.instead = lambda method, path: (302, "", f"{thief.address}{path}".encode())
        with pytest.raises(EngineError, match="leads elsewhere"):
            engine.found([])
        assert thief.asked == []


# Options, and the steps of a test


@pytest.mark.parametrize(
    ("name", "value"),
    [
        *(("num_cpus", one) for one in ("many", "-1", "nan", "inf", "")),
        *(("num_gpus", one) for one in ("a100", "-1")),
        *(("memory", one) for one in ("big", "-1G")),
        *(("resource", one) for one in ("TPU", "=4", "TPU=x", "CPU=4", "GPU=1")),
        *(("runtime_env", one) for one in ("pip", "[]", '{"working_dir": "."}')),
    ],
)
def test_a_setting_that_there_cannot_be_is_refused_with_an_example(name: str, value: str) -> None:
    (option,) = (one for one in Ray.OPTIONS if one.name == name)
    with pytest.raises(
        ValueError,
        match=r"it is a|this machine|of its own",
    ) as raised:
        option.check(value)
    assert str(raised.value).isprintable()


def test_the_example_of_each_option_is_one_that_there_can_be() -> None:
    for option in Ray.OPTIONS:
        option.check(option.example)


def test_variables_of_the_runtime_environment_reach_the_script() -> None:
    engine = Ray({"runtime_env": '{"env_vars": {"DATA_ROOT": "/data"}}'})
    assert "DATA_ROOT" in engine.GIVEN
    assert "DATA_ROOT" not in Ray.GIVEN


def test_the_steps_of_a_test_say_what_was_seen(api: RayApi, engine: Ray) -> None:
    submitted(engine)
    assert list(engine.test()) == [
        ("the cluster", f"Ray 2.60.0 answers at {api.address}"),
        ("its jobs", "1, of which 1 wait or run"),
        ("what a run asks for", "1 CPU; the cluster has 4 CPUs now"),
    ]
    api.version = "2.1.0"
    with pytest.raises(EngineError, match=r"Ray 2\.1\.0 is too old"):
        list(engine.test())


def test_a_target_says_where_its_jobs_go(api: RayApi, engine: Ray) -> None:
    assert engine.about() == f"ray {api.address} 1 CPU"


def test_the_engine_needs_nothing_but_the_standard_library() -> None:
    code = "import sys; import homerun.targets.ray.ray; print('ray' in sys.modules)"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True)
    assert done.stdout == "False\n"


def _unused_port() -> int:
    with socket.create_server(("127.0.0.1", 0)) as server:
        return int(server.getsockname()[1])
