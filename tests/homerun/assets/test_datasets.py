"""Datasets of files: what they are made of, versions, downloads, what runs do with them."""

from __future__ import annotations

import os
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import pytest

from helpers.children import dies_at, race
from homerun import (
    DataPath,
    Dataset,
    Datastore,
    Experiment,
    OutputFileDatasetConfig,
    Run,
    ScriptRunConfig,
    SubmitError,
    UserError,
    Workspace,
)
from homerun.assets import datasets
from homerun.base.errors import AssetNotFound, NotHere
from homerun.environments.python_path import folder
from runstore import layout
from runstore.errors import InvalidName
from runstore.store import Store
from runstore.upkeep.findings import YOUNG_S
from runstore.upkeep.garbage import collect

MAKERS = 50


@pytest.fixture
def workspace(workspace_dir: Path) -> Workspace:
    for name in ("data/train/1.txt", "data/train/2.txt", "data/test/3.txt", "data/notes.md"):
        path = workspace_dir / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(path.name)
    return Workspace.from_config()


class Web:
    """A server on loopback; `asked` are the paths that were asked for."""

    def __init__(self) -> None:
        self.asked: list[str] = []
        self.answers: dict[str, tuple[int, bytes, dict[str, str]]] = {}
        web = self

        class Handler(BaseHTTPRequestHandler):
            def do_GET(self) -> None:
                web.asked.append(self.path)
                code, body, headers = web.answers.get(self.path, (404, b"", {}))
                self.send_response(code)
                for key, value in {"Content-Length": str(len(body)), **headers}.items():
                    self.send_header(key, value)
                self.end_headers()
                self.wfile.write(body)

            def log_message(self, *_: Any) -> None:
                pass

        self._server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self.url = f"http://127.0.0.1:{self._server.server_address[1]}"
        self._thread = threading.Thread(target=self._server.serve_forever)
        self._thread.start()

    def close(self) -> None:
        self._server.shutdown()
        self._server.server_close()
        self._thread.join()


@pytest.fixture
def web(monkeypatch: pytest.MonkeyPatch) -> Iterator[Web]:
    for name in ("http_proxy", "https_proxy", "all_proxy"):
        monkeypatch.delenv(name, raising=False)
        monkeypatch.delenv(name.upper(), raising=False)
    made = Web()
    yield made
    made.close()


# What they are made of


@pytest.mark.parametrize(
    ("path", "found"),
    [
        ("data/notes.md", ["/notes.md"]),
        ("data/train", ["/1.txt", "/2.txt"]),
        ("data/train/", ["/1.txt", "/2.txt"]),
        ("data/train/*.txt", ["/1.txt", "/2.txt"]),
        ("data/**/*.txt", ["/test/3.txt", "/train/1.txt", "/train/2.txt"]),
        ("data/t*/[23].txt", ["/test/3.txt", "/train/2.txt"]),
        ("data/**", ["/notes.md", "/test/3.txt", "/train/1.txt", "/train/2.txt"]),
        (["data/train/2.txt", "data/test"], ["/train/2.txt", "/test/3.txt"]),
    ],
)
def test_paths_are_files_folders_and_patterns(
    workspace: Workspace, path: Any, found: list[str]
) -> None:
    assert Dataset.File.from_files(path).to_path() == found


def test_addresses_of_this_machine_are_paths(workspace: Workspace) -> None:
    here = os.getcwd()
    os.rename("data/notes.md", "data/a b.md")

    assert Dataset.File.from_files(f"file://{here}/data/a%20b.md").to_path() == ["/a b.md"]
    with pytest.raises(UserError, match="is on another machine"):
        Dataset.File.from_files("file://other/data")


@pytest.mark.parametrize(
    "path",
    ["wasbs://c@a.blob.core.windows.net/x", "abfss://x", "azureml://datastores/x", "s3://b/k"],
)
def test_what_is_of_a_cloud_is_refused_in_a_sentence(workspace: Workspace, path: str) -> None:
    with pytest.raises(UserError, match="is of a cloud: copy the data to a folder") as raised:
        Dataset.File.from_files(path)
    assert "\n" not in raised.value.message


def test_paths_of_datastores_are_found_wherever_the_datastore_is(workspace: Workspace) -> None:
    store = workspace.get_default_datastore()
    store.upload("data", target_path="mine")

    for given in (
        (store, "mine/train"),
        [(store, "mine/train/*.txt")],
        [(store, ["mine/train/1.txt", "mine/train/2.txt"])],
        DataPath(store, "mine/train"),
        store.path("mine/train"),
    ):
        assert [one[-5:] for one in Dataset.File.from_files(given).to_path()] == ["1.txt", "2.txt"]
    dataset = Dataset.File.from_files((Datastore.register_folder(workspace, "d", "data"), "train"))
    Path("other").mkdir()
    Path("other/train").mkdir()
    Path("other/train/9.txt").write_text("9")
    Datastore.register_folder(workspace, "d", "other")
    assert dataset.to_path() == ["/9.txt"]


def test_what_is_not_there_is_said_at_once_or_when_it_is_used(workspace: Workspace) -> None:
    with pytest.raises(UserError, match=r"there is no file at .*data/none"):
        Dataset.File.from_files("data/none/*")
    late = Dataset.File.from_files("data/none/*", validate=False)
    with pytest.raises(UserError, match="there is no file at"):
        late.to_path()
    for wrong in ([], 5, [5], (1, 2)):
        with pytest.raises(UserError):
            Dataset.File.from_files(wrong)


def test_the_same_data_has_the_same_id(workspace: Workspace) -> None:
    one, other = (Dataset.File.from_files("data/train") for _ in range(2))

    assert one == other
    assert one.id == other.id != Dataset.File.from_files("data/test").id


# Versions


def test_a_dataset_is_registered_found_and_changed(workspace: Workspace) -> None:
    made = Dataset.File.from_files("data/train").register(
        workspace, "my files", description="texts", tags={"kind": "text"}
    )

    found = Dataset.get_by_name(workspace, "my files")
    assert (found, found.version, found.name) == (made, 1, "my files")
    assert (found.description, found.tags) == ("texts", {"kind": "text"})
    assert Dataset.get_by_id(workspace, found.id).to_path() == ["/1.txt", "/2.txt"]
    assert list(Dataset.get_all(workspace)) == list(workspace.datasets) == ["my files"]
    found.add_tags({"more": 1}).remove_tags(["kind"]).update(description="other")
    assert Dataset.get_by_name(workspace, "my files", 1).tags == {"more": "1"}
    assert workspace.datasets["my files"].description == "other"
    found.unregister_all_versions()
    assert workspace.datasets == {}


def test_a_name_means_other_data_only_in_a_new_version(workspace: Workspace) -> None:
    first = Dataset.File.from_files("data/train").register(workspace, "d")

    assert Dataset.File.from_files("data/train").register(workspace, "d").version == 1
    with pytest.raises(UserError, match="create_new_version=True"):
        Dataset.File.from_files("data/test").register(workspace, "d")
    second = Dataset.File.from_files("data/test").register(workspace, "d", create_new_version=True)

    assert (second.version, Dataset.get_by_name(workspace, "d").version) == (2, 2)
    assert Dataset.get_by_name(workspace, "d", version=1) == first
    assert Dataset.get_by_name(workspace, "d", version="latest") == second


def test_what_is_missing_says_what_there_is(workspace: Workspace) -> None:
    Dataset.File.from_files("data/train").register(workspace, "d")

    with pytest.raises(KeyError, match="there is no dataset 'x' in this workspace; there are d"):
        _ = workspace.datasets["x"]
    with pytest.raises(AssetNotFound, match="there is no version 4 of the dataset 'd'; it has 1"):
        Dataset.get_by_name(workspace, "d", 4)
    for wrong in ("x", "../../store", "0" * 36):
        with pytest.raises(AssetNotFound, match="no dataset has the id"):
            Dataset.get_by_id(workspace, wrong)
    with pytest.raises(InvalidName):
        Dataset.File.from_files("data").register(workspace, "a\nb")


def test_of_fifty_makers_at_once_each_gets_a_number_of_its_own(workspace: Workspace) -> None:
    root = workspace.store.for_writing().root

    def register(number: int) -> int:
        definition = {"type": "file", "sources": [{"path": f"/data/{number}"}]}
        store = Store(root)
        return datasets.register_dataset(
            store, definition, "d", None, {}, is_new_version=True
        ).number

    made = race(MAKERS, register)

    assert sorted(made) == list(range(1, MAKERS + 1))
    for maker, number in enumerate(made):
        sources = datasets.get_dataset(workspace.store, "d", number).said["definition"]["sources"]
        assert sources == [{"path": f"/data/{maker}"}]


def test_a_maker_that_dies_at_any_call_leaves_no_half_version(workspace: Workspace) -> None:
    root = workspace.store.for_writing().root
    definition = {"type": "file", "sources": [{"path": "/data"}]}
    count = 1
    while dies_at(
        count,
        lambda: datasets.register_dataset(
            Store(root), definition, "d", None, {}, is_new_version=True
        ),
        torn=count % 2 == 0,
    ):
        for one in datasets.shelf(Store(root)).all("d"):
            assert one.said["definition"] == definition
            assert datasets.definition_of(Store(root), one.said["dataset_id"]) == definition
        count += 1
    numbers = datasets.shelf(Store(root)).versions("d")
    assert (count > 10, numbers) == (True, list(range(1, len(numbers) + 1)))


# Addresses


def test_an_address_is_asked_once_and_its_digest_is_on_record(
    workspace: Workspace, web: Web
) -> None:
    web.answers["/d/iris.csv"] = 200, b"x,y\n1,2\n", {}
    url = f"{web.url}/d/iris.csv"

    dataset = Dataset.File.from_files(url)
    assert web.asked == []
    assert dataset.to_path() == ["/iris.csv"]
    (copy,) = Dataset.File.from_files(url).register(workspace, "iris").download("copy")

    assert (web.asked, Path(copy).read_bytes()) == (["/d/iris.csv"], b"x,y\n1,2\n")
    (fact,) = Path(workspace.directory, ".datasets/.downloads").glob("*/download.json")
    assert '"sha256": "' in fact.read_text()
    assert '"size": 8' in fact.read_text()


def test_a_secret_in_an_address_is_in_no_record(workspace: Workspace, web: Web) -> None:
    web.answers["/d.csv?sig=s3cretvalue"] = 200, b"1", {}

    Dataset.File.from_files(f"{web.url}/d.csv?sig=s3cretvalue").register(workspace, "d")

    assert Dataset.get_by_name(workspace, "d").to_path() == ["/d.csv"]
    for path in Path(workspace.directory).rglob("*"):
        assert not path.is_file() or b"s3cretvalue" not in path.read_bytes(), path


@pytest.mark.parametrize(
    ("answer", "told"),
    [
        ((404, b"", {}), "the server answers 404"),
        ((302, b"", {"Location": "file:///etc/passwd"}), "no web address|answers 302"),
        ((200, b"abc", {"Content-Length": "5"}), "broke off after 3 of 5 bytes|cannot be"),
    ],
)
def test_an_address_that_gives_no_file_leaves_nothing(
    workspace: Workspace, web: Web, answer: Any, told: str
) -> None:
    web.answers["/d.csv"] = answer

    with pytest.raises(UserError, match=told):
        Dataset.File.from_files(f"{web.url}/d.csv").to_path()

    assert os.listdir(f"{workspace.directory}/.datasets/.downloads") == []


def test_a_download_that_dies_at_any_call_leaves_the_file_or_nothing(
    workspace: Workspace, web: Web
) -> None:
    web.answers["/d.csv"] = 200, b"data", {}
    root = workspace.store.for_writing().root
    definition = {"type": "file", "sources": [{"url": f"{web.url}/d.csv"}]}
    count = 1
    while dies_at(count, lambda: datasets.files_of(Store(root), definition)):
        count += 1
    then = time.time() - 2 * YOUNG_S
    for here, folders, names in os.walk(root):
        for name in (*folders, *names):
            os.utime(f"{here}/{name}", (then, then))

    collect(Store(root))

    (kept,) = os.listdir(f"{root}/.datasets/.downloads")
    assert count > 5
    assert Path(root, ".datasets/.downloads", kept, "files/d.csv").read_bytes() == b"data"


def test_of_several_that_ask_at_once_all_get_the_file(workspace: Workspace, web: Web) -> None:
    web.answers["/d.csv"] = 200, b"data", {}
    root = workspace.store.for_writing().root
    definition = {"type": "file", "sources": [{"url": f"{web.url}/d.csv"}]}

    paths = race(8, lambda _: datasets.files_of(Store(root), definition)[0][1])

    assert len(set(paths)) == 1
    assert Path(paths[0]).read_bytes() == b"data"
    assert len(os.listdir(f"{root}/.datasets/.downloads")) == 1


# Files


def test_files_are_copied_and_mounted(workspace: Workspace) -> None:
    dataset = Dataset.File.from_files("data/t*/*.txt")

    made = dataset.download("copy")
    with pytest.raises(UserError, match="is there already"):
        dataset.download("copy")
    dataset.download("copy", overwrite=True)
    with dataset.mount() as mounted:
        seen = Path(mounted.mount_point, "train/1.txt").read_text()

    assert made[0] == os.path.abspath("copy/test/3.txt")
    assert (seen, os.path.exists(mounted.mount_point)) == ("1.txt", False)
    assert Path("data/train/1.txt").exists()
    assert [len(part.to_path()) for part in (dataset.take(2), dataset.skip(1))] == [2, 2]
    first, second = dataset.random_split(0.5, seed=3)
    assert sorted(first.to_path() + second.to_path()) != []
    assert dataset.random_split(0.5, seed=3) == (first, second)


def test_without_pandas_a_table_says_how_to_get_it(
    workspace: Workspace, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(sys.modules, "pandas", None)
    Path("data/t.csv").write_text("x\n1\n")

    with pytest.raises(UserError, match="pip install pandas"):
        Dataset.Tabular.from_delimited_files("data/t.csv").to_pandas_dataframe()


def test_what_a_cloud_does_says_so_on_the_class_and_on_a_dataset(workspace: Workspace) -> None:
    with pytest.raises(NotHere, match="from_sql_query"):
        Dataset.Tabular.from_sql_query("select 1")  # type: ignore[attr-defined]
    dataset = Dataset.File.from_files("data")
    with pytest.raises(NotHere, match=r"homerun has no Dataset\.filter"):
        dataset.filter(1)


# Runs


READ = """
    import os, sys
    from azureml.core import Run

    run = Run.get_context()
    mounted, copied, direct, given, out = sys.argv[1:6]
    print(sorted(os.listdir(mounted)), run.input_datasets["mounted"] == mounted)
    print(sorted(os.listdir(copied)), run.input_datasets["copied"] == copied)
    print(run.input_datasets["direct"].to_path(), run.input_datasets["direct"].id == direct)
    print(sorted(os.listdir(given.partition("=")[2])))
    with open(os.path.join(copied, "1.txt"), "w") as f:
        f.write("changed")
    assert out == run.output_datasets["result"]
    with open(os.path.join(out, "made.txt"), "w") as f:
        f.write("made")
"""


@pytest.fixture
def submitted(workspace: Workspace, script: Callable[..., Path]) -> Run:
    script("train.py", READ)
    store = workspace.get_default_datastore()
    store.upload("data", target_path="mine")
    train = Dataset.File.from_files("data/train").register(workspace, "train")
    result = OutputFileDatasetConfig("result", (store, "results/{run-id}"))
    config = ScriptRunConfig(
        "source",
        "train.py",
        arguments=[
            train.as_named_input("mounted").as_mount(),
            Dataset.File.from_files("data/train/*.txt").as_named_input("copied").as_download(),
            Dataset.File.from_files((store, "mine/test")).as_named_input("direct"),
            f"--given={store.path('mine/test', 'given').as_mount()}",
            result.register_on_complete("result", tags={"a": "b"}),
            store.path("mine/test", "given").as_mount(),
        ],
    )
    run = Experiment(workspace, "data").submit(config)
    run.wait_for_completion()
    return run


def test_data_among_the_arguments_becomes_paths_and_is_on_record(
    submitted: Run, workspace: Workspace
) -> None:
    printed = submitted.get_details_with_logs()["logFiles"]["user_logs/std_log.txt"]
    details = submitted.get_details()

    assert submitted.get_status() == "Completed", printed
    assert printed.splitlines() == [
        "['1.txt', '2.txt'] True",
        "['1.txt', '2.txt'] True",
        "['/3.txt'] True",
        "['3.txt']",
    ]
    assert Path("data/train/1.txt").read_text() == "1.txt"  # what was copied was changed
    inputs = {one["consumptionDetails"]["inputName"]: one for one in details["inputDatasets"]}
    assert inputs["mounted"]["dataset"]["name"] == "train"
    assert inputs["mounted"]["dataset"]["version"] == 1
    assert inputs["copied"]["consumptionDetails"]["mechanism"] == "Download"
    (written,) = details["outputDatasets"]
    path = f"results/{submitted.id}"
    assert written["dataset"] == {
        "name": "result",
        "version": 1,
        "datastore": "workspaceblobstore",
        "path": path,
    }
    made = workspace.datasets["result"]
    assert (made.to_path(), made.tags) == (["/made.txt"], {"a": "b"})
    shown = submitted.describe()
    assert [one["name"] for one in shown["inputs"]] == ["mounted", "copied", "direct", "given"]
    assert shown["outputs"][0]["version"] == 1


def test_a_run_that_is_submitted_again_has_data_of_its_own(
    submitted: Run, workspace: Workspace
) -> None:
    again = submitted.resubmit()  # type: ignore[attr-defined]
    again.wait_for_completion()

    assert again.get_status() == "Completed"
    assert again.output_datasets["result"].endswith(again.id)
    assert again.input_datasets["copied"].startswith(again.directory)
    assert Path(submitted.input_datasets["copied"], "1.txt").read_text() == "changed"
    assert Dataset.get_by_name(workspace, "result").version == 2


def test_a_run_that_fails_registers_nothing(
    workspace: Workspace, script: Callable[..., Path]
) -> None:
    script("train.py", "raise SystemExit(1)")
    output = OutputFileDatasetConfig("result").register_on_complete("result")
    run = Experiment(workspace, "data").submit(ScriptRunConfig("source", "train.py", [output]))
    run.wait_for_completion(raise_on_error=False)

    assert (run.get_status(), workspace.datasets) == ("Failed", {})


def test_data_that_is_not_there_starts_nothing(
    workspace: Workspace, script: Callable[..., Path]
) -> None:
    script("train.py", "")
    dataset = Dataset.File.from_files("data/train").as_named_input("d").as_mount()
    os.rename("data", "moved")

    with pytest.raises(SubmitError, match="there is no file at"):
        Experiment(workspace, "data").submit(ScriptRunConfig("source", "train.py", [dataset]))
    assert list(workspace.get_runs()) == []


def test_data_that_cannot_be_an_argument_is_refused(workspace: Workspace) -> None:
    dataset = Dataset.File.from_files("data/train")

    with pytest.raises(UserError, match=r"as dataset\.as_named_input"):
        ScriptRunConfig(".", "train.py", arguments=[dataset])
    with pytest.raises(UserError, match="two different data of the run are named 'd'"):
        ScriptRunConfig(
            ".",
            "train.py",
            arguments=[
                dataset.as_named_input("d"),
                Dataset.File.from_files("data/test").as_named_input("d"),
            ],
        )
    for name in ("", "a-b", "1a", "a/b", "PATH="):
        with pytest.raises(UserError, match="names no data of a run"):
            dataset.as_named_input(name)


def test_a_name_of_data_replaces_no_variable_of_the_script(
    workspace: Workspace, script: Callable[..., Path]
) -> None:
    script("train.py", "import os; print(os.environ['PATH'])")
    dataset = Dataset.File.from_files("data/train").as_named_input("PATH").as_mount()

    run = Experiment(workspace, "data").submit(ScriptRunConfig("source", "train.py", [dataset]))
    run.wait_for_completion()

    printed = run.get_details_with_logs()["logFiles"]["user_logs/std_log.txt"]
    assert printed.strip() == os.environ["PATH"]
    assert run.input_datasets["PATH"] == os.path.abspath("data/train")


def test_a_name_that_the_run_was_not_given_says_which_it_was(submitted: Run) -> None:
    with pytest.raises(KeyError, match="the run has no input 'x'; it has copied, direct, given"):
        _ = submitted.input_datasets["x"]


SNIPPETS = """
from {package} import Dataset, Datastore, Experiment, ScriptRunConfig, Workspace
{more}
ws = Workspace.from_config()
datastore = ws.get_default_datastore()
datastore.upload_files(files=["data/train/1.txt", "data/train/2.txt"],
                       target_path="train-dataset/text/", overwrite=True, show_progress=True)
dataset = Dataset.File.from_files(path=[(datastore, "train-dataset/text/*.txt")])
dataset = dataset.register(workspace=ws, name="texts", description="training data",
                           create_new_version=True)
print(dataset.name, dataset.version, dataset.to_path())
for name in ws.datastores:
    datastore = Datastore.get(ws, name)
output = OutputFileDatasetConfig(destination=(datastore, "outputdataset/{{run-id}}"))
src = ScriptRunConfig(source_directory="source", script="train.py",
    arguments=["--data-folder", Dataset.get_by_name(ws, "texts").as_mount(), "--output", output])
run = Experiment(ws, "mount").submit(src)
run.wait_for_completion()
print(run.get_status())
titanic = Dataset.get_by_name(workspace=ws, name="texts", version="latest")
with titanic.mount() as mount_context:
    import os
    print(os.listdir(mount_context.mount_point))
"""


@pytest.mark.parametrize(
    ("package", "more"),
    [
        ("azureml.core", "from azureml.data import OutputFileDatasetConfig"),
        ("homerun", "from homerun import OutputFileDatasetConfig"),
    ],
)
def test_the_snippets_of_the_documentation_run(
    workspace: Workspace, script: Callable[..., Path], package: str, more: str
) -> None:
    script(
        "train.py",
        """
        import argparse, os
        parser = argparse.ArgumentParser()
        parser.add_argument("--data-folder")
        parser.add_argument("--output")
        args = parser.parse_args()
        assert sorted(os.listdir(args.data_folder)) == ["1.txt", "2.txt"], args
        assert os.path.isdir(args.output)
        """,
    )
    done = subprocess.run(
        [sys.executable, "-c", SNIPPETS.format(package=package, more=more)],
        env={**os.environ, "PYTHONPATH": folder()},
        capture_output=True,
        text=True,
        timeout=120,
    )

    assert done.returncode == 0, done.stderr
    assert [sorted(line) for line in done.stdout.splitlines()] == [
        sorted(line) for line in ("texts 1 ['/1.txt', '/2.txt']", "Completed", "['1.txt', '2.txt']")
    ]


@pytest.mark.parametrize("place", [".datasets", ".datasets/.ids", ".datasets/d"])
def test_a_link_in_the_place_of_a_folder_is_refused(
    workspace: Workspace, tmp_path: Path, place: str
) -> None:
    made = Dataset.File.from_files("data/train").register(workspace, "d")
    away = tmp_path / "away"
    os.rename(f"{workspace.directory}/{place}", away)
    os.symlink(away, f"{workspace.directory}/{place}")
    before = sorted(os.walk(away))

    with pytest.raises((UserError, OSError)):
        Dataset.File.from_files("data/test").register(workspace, "d", create_new_version=True)

    if place != ".datasets/d":
        with pytest.raises(UserError):
            Dataset.get_by_id(workspace, made.id)
    assert sorted(os.walk(away)) == before
    assert layout.DATASETS == ".datasets"
