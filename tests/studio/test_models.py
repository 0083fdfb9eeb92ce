"""Registered models as Studio shows them; damaged and planted entries of the registry."""

from __future__ import annotations

import io
import json
import os
import zipfile
from collections.abc import Callable
from contextlib import aclosing
from hashlib import sha256
from pathlib import Path
from typing import Any
from urllib.parse import quote

import pytest

from helpers.asgi import Client
from homerun import Dataset, Experiment, Model, Run, Workspace
from runstore import layout

from .conftest import Shelf

XSS = "<img src=x onerror=alert(1)>\"'`</script>"
CANARY = "canary-91d0"
LEADS_OUT = (
    *("../../../../canary", "/etc/passwd", "a/../../b"),
    *("", ".", "..", "a//b", "a\0b", "\ud800"),
)


@pytest.fixture
def client(workspace_dir: Path, shelf: Callable[..., Shelf]) -> Client:
    Path("net").mkdir()
    Path("net/weights").write_text("weights")
    Path("net/words").write_text("words")
    Path("canary").write_text(CANARY)
    return shelf().sign_in()


@pytest.fixture
def run(client: Client) -> Run:
    run = Experiment(Workspace.from_config(), "train").start_logging(
        snapshot_directory=None, outputs=False
    )
    run.upload_file("outputs/model.pkl", "net/weights")
    run.complete()
    return run


def registered(**said: Any) -> Model:
    """The next version of a model of two files."""
    return Model.register(Workspace.from_config(), "net", "iris", **said)


def change(model: Model, **said: Any) -> None:
    """Change what the record of a model says."""
    path = record_of(model)
    path.write_text(json.dumps({**json.loads(path.read_text()), **said}))


def record_of(model: Model) -> Path:
    return Path(model._version.path, layout.MODEL)


def test_models_are_listed_in_their_latest_version_with_the_run_behind_each(
    client: Client, run: Run
) -> None:
    assert client.get("/api/models").json == {"models": [], "refused": [], "more": False}
    data = Dataset.File.from_files("net").register(run.experiment.workspace, "flowers")
    for accuracy in ("0.8", "0.9"):
        run.register_model(
            "iris",
            "outputs/model.pkl",
            tags={"accuracy": accuracy},
            description="a tree",
            datasets=[("training", data)],
        )
    registered().delete()
    Model.register(run.experiment.workspace, "net", "Net")

    net, iris = client.get("/api/models").json["models"]

    assert (net["name"], net["versions"], net["run_id"], net["run"]) == ("Net", 1, None, None)
    assert (net["files"], net["size_bytes"]) == (2, 12)
    assert (iris["id"], iris["version"], iris["versions"]) == ("iris:2", 2, 2)
    assert (iris["run"]["id"], iris["run"]["number"]) == (run.id, 1)
    assert iris["experiment"] == "train"
    assert (iris["tags"], iris["description"]) == ({"accuracy": "0.9"}, "a tree")
    kept = {"purpose": "training", "id": data.id, "name": "flowers", "version": 1}
    assert iris["datasets"] == [kept]


def test_of_a_run_the_versions_are_listed_that_it_has_registered(client: Client, run: Run) -> None:
    for name in ("b", "a", "b"):
        run.register_model(name, "outputs/model.pkl")
    registered()

    found = client.get(f"/api/models?run={run.id[:-3]}").json["models"]

    assert [one["id"] for one in found] == ["a:1", "b:2", "b:1"]
    assert client.get("/api/models?run=nobody").status == 404


def test_a_run_that_is_gone_is_named_all_the_same(client: Client, run: Run) -> None:
    run.register_model("iris", "outputs/model.pkl")
    run.delete(purge=True)

    (found,) = client.get("/api/models").json["models"]

    assert (found["run_id"], found["run"]) == (run.id, None)


def test_a_model_has_its_versions_and_its_files_with_their_digests(client: Client) -> None:
    registered(properties={"a": 1}, model_framework="PyTorch", model_framework_version="2.4")
    registered()

    answer = client.get("/api/model?name=iris&version=1").json

    assert [one["version"] for one in answer["models"]] == [2, 1]
    model = answer["model"]
    assert (model["version"], model["framework"], model["framework_version"]) == (
        *(1, "PyTorch", "2.4"),
    )
    assert (model["properties"], model["path"], model["is_damaged"]) == ({"a": "1"}, "net", False)
    weights = {"path": "net/weights", "size": 7, "sha256": sha256(b"weights").hexdigest()}
    assert model["kept"][0] == {**weights, "trouble": None}
    assert client.get("/api/model?name=iris").json["model"]["version"] == 2
    missing = client.get("/api/model?name=iris&version=9")
    assert (missing.status, missing.error) == (404, "not_found")
    assert "it has 1, 2" in missing.json["error"]["message"]
    assert client.get("/api/model?name=iris&version=new").status == 400
    assert client.get("/api/model").status == 400


def test_a_file_and_all_files_of_a_model_are_kept(client: Client) -> None:
    registered()

    one = client.get("/api/model/file?name=iris&file=net/weights")
    whole = client.get("/api/model/zip?name=iris&version=1")

    assert (one.text, one.headers["content-length"]) == ("weights", "7")
    assert one.headers["content-disposition"].startswith('attachment; filename="weights"')
    assert whole.headers["content-disposition"].startswith('attachment; filename="iris-1.zip"')
    with zipfile.ZipFile(io.BytesIO(whole.body)) as pack:
        assert {name: pack.read(name) for name in pack.namelist()} == {
            "net/weights": b"weights",
            "net/words": b"words",
        }
    assert client.get("/api/model/file?name=iris&file=weights").status == 404
    assert client.get("/api/model/file?name=iris").status == 400


def test_an_empty_file_of_a_model_is_kept(client: Client) -> None:
    Path("net/words").write_text("")
    registered()

    assert client.get("/api/model/file?name=iris&file=net/words").body == b""


@pytest.mark.parametrize("route", ["file?name=iris&file=net/weights", "zip?name=iris"])
def test_a_file_that_was_changed_since_is_never_given_whole(client: Client, route: str) -> None:
    model = registered()
    Path(model._version.files, "net/weights").write_text("WEIGHTS")

    got = []

    async def read() -> None:
        async with aclosing(client.messages("GET", f"/api/model/{route}")) as messages:
            async for message in messages:
                got.append(message)

    with pytest.raises(RuntimeError, match="response already started"):
        client.wait(read())

    assert b"WEIGHTS" not in b"".join(one.get("body", b"") for one in got)
    assert all(one.get("more_body", True) for one in got)


def test_files_that_are_gone_or_replaced_are_said_and_not_read(client: Client) -> None:
    model = registered()
    folder = Path(model._version.files, "net")
    (folder / "words").unlink()
    (folder / "weights").unlink()
    (folder / "weights").symlink_to(os.path.abspath("canary"))

    answer = client.get("/api/model?name=iris")

    weights, words = answer.json["model"]["kept"]
    assert "cannot be read" in weights["trouble"]
    assert "No such file" in words["trouble"]
    for target in ("file?name=iris&file=net/weights", "zip?name=iris"):
        refused = client.get(f"/api/model/{target}")
        assert (refused.status, refused.error) == (400, "bad_request")
        assert CANARY not in refused.text
    assert client.get("/api/models").status == 200


@pytest.mark.parametrize("path", LEADS_OUT, ids=ascii)
def test_a_record_whose_path_leads_out_gives_nothing_away(client: Client, path: str) -> None:
    model = registered()
    digest = sha256(CANARY.encode()).hexdigest()
    change(model, files=[{"path": path, "size": len(CANARY), "sha256": digest}])

    asked = quote(path.encode("utf-8", "replace"))
    for target in (f"file?name=iris&file={asked}", "zip?name=iris"):
        answer = client.get(f"/api/model/{target}")
        assert answer.status in (400, 404), answer
        assert CANARY not in answer.text
    (kept,) = client.get("/api/model?name=iris").json["model"]["kept"]
    assert kept["trouble"]


@pytest.mark.parametrize(
    "said",
    [
        *({"files": None}, {"files": [3]}, {"files": [{"path": "a"}]}, {"files": {"a": 1}}),
        {"files": [{"path": "a", "size": "1", "sha256": ""}]},
        {"files": [{"path": "a", "size": -1, "sha256": ""}]},
    ],
    ids=str,
)
def test_a_record_that_names_no_files_as_it_should_is_said_to_be_damaged(
    client: Client, said: dict[str, Any]
) -> None:
    change(registered(), **said)

    model = client.get("/api/model?name=iris").json["model"]

    assert (model["is_damaged"], model["kept"], model["size_bytes"]) == (True, [], 0)
    assert client.get("/api/model/zip?name=iris").status == 400


def test_a_record_with_values_of_other_kinds_breaks_no_list(client: Client) -> None:
    change(
        registered(),
        run_id=3,
        experiment_name=[],
        datasets="x",
        tags={"a": 3, "b": None, "c": {}},
        properties={"a": 3},
        description=7,
        time="soon",
        user={},
        model_framework=1,
        path=["x"],
    )
    registered()
    change(Model(Workspace.from_config(), "iris", version=2), datasets=[3, {"version": "1"}, {}])

    answers = [client.get(f"/api/model?name=iris&version={one}") for one in (1, 2)]

    first, second = (answer.json["model"] for answer in answers)
    assert (first["created"], first["run_id"], first["datasets"]) == (None, None, [])
    assert first["tags"] == {"a": "3", "b": None, "c": "{}"}
    nothing = {"purpose": None, "id": None, "name": None, "version": None}
    assert second["datasets"] == [nothing, nothing]
    assert client.get("/api/models").status == 200


def test_entries_that_cannot_be_used_are_said_beside_the_others(
    client: Client, tmp_path: Path
) -> None:
    registered()
    home = Path(Workspace.from_config().directory, layout.MODELS)
    elsewhere = tmp_path / "elsewhere"
    (elsewhere / "1").mkdir(parents=True)
    (elsewhere / "1" / layout.MODEL).write_text(json.dumps({"name": "linked", "files": []}))
    (home / "linked").symlink_to(elsewhere)
    (home / "iris" / "2").symlink_to(elsewhere / "1")
    (home / "stray").write_text("")
    damaged = home / "damaged" / "1"
    damaged.mkdir(parents=True)
    (damaged / layout.MODEL).write_text("{")
    other = home / "other" / "1"
    other.mkdir(parents=True)
    (other / layout.MODEL).write_text(json.dumps({"name": "iris", "files": []}))
    odd = home / "a%20b" / "1"
    odd.mkdir(parents=True)
    (odd / layout.MODEL).write_text(json.dumps({"name": "a b", "files": []}))

    answer = client.get("/api/models").json

    assert [one["id"] for one in answer["models"]] == ["iris:1"]
    refused = sorted(answer["refused"])
    places = ["damaged/1", "iris/2", "linked", "other/1", "stray"]
    assert refused[0].startswith("'a b' is not a valid name for a model")
    assert [one.partition(" is not a model")[0] for one in refused[1:]] == [
        f"{home}/{place}" for place in places
    ]
    assert [one.partition(": ")[2] for one in refused[1:]] == [
        "model.json is damaged",
        "a link or a file stands there",
        "a link or a file stands there",
        "it is damaged: it says another name",
        "a link or a file stands there",
    ]
    of_iris = client.get("/api/model?name=iris").json
    assert [one["id"] for one in of_iris["models"]] == ["iris:1"]


def test_a_registry_that_is_a_link_is_not_followed(client: Client, tmp_path: Path) -> None:
    registered()
    home = Path(Workspace.from_config().directory, layout.MODELS)
    home.rename(tmp_path / "elsewhere")
    home.symlink_to(tmp_path / "elsewhere")

    answer = client.get("/api/models").json

    assert answer["models"] == []
    assert answer["refused"] == [
        f"{home} is not a model that can be used: a link or a file stands there"
    ]


@pytest.mark.skipif(os.geteuid() != 0, reason="only root can give a file away")
def test_a_record_of_another_user_is_said_and_not_shown(client: Client) -> None:
    registered()
    os.chown(record_of(registered()), 65534, 65534)

    answer = client.get("/api/models").json

    assert [one["id"] for one in answer["models"]] == ["iris:1"]
    assert "model.json is another user's" in answer["refused"][0]
    assert client.get("/api/model?name=iris&version=2").status == 400


@pytest.mark.parametrize("name", ["..", "../x", "a/b", "%2e%2e", "a b", XSS, "x" * 300, "é"])
def test_a_name_that_no_model_has_is_not_found(client: Client, name: str) -> None:
    for route in ("model?", "model/zip?", "model/file?file=net/weights&"):
        answer = client.get(f"/api/{route}name={quote(name, safe='')}")
        assert (answer.status, answer.error) == (404, "not_found")


def test_odd_tags_and_file_names_come_as_they_are(client: Client) -> None:
    odd = "<b>\"ü'\n;.bin"
    Path("net", odd).write_text("x")
    registered(tags={XSS: XSS}, description=XSS)

    model = client.get("/api/model?name=iris").json["model"]
    kept = client.get(f"/api/model/file?name=iris&file={quote(f'net/{odd}')}")

    assert (model["tags"], model["description"]) == ({XSS: XSS}, XSS)
    assert f"net/{odd}" in [one["path"] for one in model["kept"]]
    assert "\n" not in kept.headers["content-disposition"]
    assert kept.headers["content-security-policy"].startswith("sandbox")
