"""Models as scripts of the original register, find, load and change them."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

from homerun import Dataset, Experiment, Model, Run, UserError, Workspace
from homerun.base.errors import ModelNotFound, ModelPathNotFound, NotHere
from homerun.environments.python_path import folder
from runstore.errors import PropertyExists

TRAIN = """
    import os
    from azureml.core import Model, Run

    run = Run.get_context()
    os.makedirs("outputs/net", exist_ok=True)
    open("outputs/model.pkl", "w").write("pickled")
    open("outputs/net/weights.bin", "w").write("weights")
    run.log("accuracy", 0.9)
    model = run.register_model(
        model_name="iris",
        model_path="outputs/model.pkl",
        tags={"area": "flowers", "accuracy": 0.9},
        properties={"data": "v1"},
        description="a tree",
        model_framework=Model.Framework.SCIKITLEARN,
        model_framework_version="1.5",
    )
    print(model.name, model.id, model.version, sep="\\t")
    run.register_model("net", "outputs/net")
    print(open(Model.get_model_path("iris")).read())
"""

SNIPPETS = """
from {package} import Model, Workspace

ws = Workspace.from_config()
model = Model.register(
    workspace=ws,
    model_path="model.pkl",
    model_name="mymodel",
    tags={{"data": "diabetes", "type": "regression"}},
    description="Ridge regression model",
)
print(model.name, model.id, model.version, model.description, sep="\\t")
for model in Model.list(ws, tags=[["type", "regression"]]):
    print(model.name, "version:", model.version)
print(sorted(ws.models), ws.models["mymodel"].tags)
model = Model(ws, "mymodel")
model.download(target_dir="./downloaded", exist_ok=True)
print(open("downloaded/model.pkl").read())
print(Model(ws, id="mymodel:1").serialize()["tags"]["data"])
model.update(tags={{"data": "wine"}}, description="other")
model.add_properties({{"seen": True}})
print(Model(ws, name="mymodel", version=1).tags, model.properties)
path = Model.get_model_path("mymodel", version=1, _workspace=ws)
print(path.endswith(".runs/.models/mymodel/1/files/model.pkl"))
model.delete()
try:
    Model(ws, "mymodel")
except Exception as error:
    print(type(error).__name__)
"""


@pytest.fixture
def workspace(workspace_dir: Path) -> Workspace:
    (workspace_dir / "model.pkl").write_text("pickled")
    return Workspace.from_config()


@pytest.fixture
def run(workspace: Workspace) -> Run:
    run = Experiment(workspace, "train").start_logging(snapshot_directory=None, outputs=False)
    run.upload_file("outputs/model.pkl", "model.pkl")
    run.upload_file("best/weights.bin", "model.pkl")
    run.complete()
    return run


@pytest.mark.parametrize("package", ["azureml.core", "homerun"])
def test_the_snippets_of_the_documentation_run(workspace: Workspace, package: str) -> None:
    done = subprocess.run(
        [sys.executable, "-c", SNIPPETS.format(package=package)],
        env={**os.environ, "PYTHONPATH": folder()},
        capture_output=True,
        text=True,
        timeout=120,
    )

    assert done.returncode == 0, done.stderr
    assert done.stdout.splitlines() == [
        "mymodel\tmymodel:1\t1\tRidge regression model",
        "mymodel version: 1",
        "['mymodel'] {'data': 'diabetes', 'type': 'regression'}",
        "pickled",
        "diabetes",
        "{'data': 'wine'} {'seen': 'True'}",
        "True",
        "ModelNotFound",
    ]


def test_a_script_registers_what_it_has_just_written(submit: Callable[[str], Run]) -> None:
    run = submit(TRAIN)
    run.wait_for_completion()
    workspace = run.experiment.workspace

    model = workspace.models["iris"]

    printed = run.get_details_with_logs()["logFiles"]["user_logs/std_log.txt"]
    assert printed.splitlines() == ["iris\tiris:1\t1", "pickled"]
    assert (model.run, model.run_id, model.experiment_name) == (run, run.id, "submitted")
    assert model.tags == {"area": "flowers", "accuracy": "0.9"}
    assert (model.properties, model.description) == ({"data": "v1"}, "a tree")
    assert (model.model_framework, model.model_framework_version) == ("ScikitLearn", "1.5")
    assert workspace.models["net"].files[0]["path"] == "net/weights.bin"
    assert [one.name for one in Model.list(workspace, run_id=run.id)] == ["iris", "net"]


def test_a_model_outlives_its_run(run: Run, workspace: Workspace) -> None:
    model = run.register_model("iris", "outputs/model.pkl")

    run.delete(purge=True)

    assert Path(Model.get_model_path("iris")).read_text() == "pickled"
    assert Model(workspace, "iris") == model
    with pytest.raises(Exception, match=run.id):
        _ = model.run


def test_a_path_that_is_no_file_of_the_run_is_refused_with_those_that_are(run: Run) -> None:
    """As in the original: what lies here, outside of `outputs/`, is none of the run's files."""
    assert run.register_model("best").version == 1  # a folder of the model's own name

    for path in ("model.pkl", "./model.pkl", "../model.pkl", os.path.abspath("model.pkl"), ""):
        with pytest.raises(ModelPathNotFound, match=r"files are best/weights\.bin, outputs/mo"):
            run.register_model("iris", path)

    assert sorted(run.experiment.workspace.models) == ["best"]


def test_a_windows_path_is_one_of_the_run(run: Run) -> None:
    assert run.register_model("iris", ".\\outputs\\model.pkl").files[0]["path"] == "model.pkl"


def test_filters_are_anded(workspace: Workspace) -> None:
    for number, tags in enumerate([{"a": "1"}, {"a": "2", "b": ""}, {"b": "x"}]):
        Model.register(workspace, "model.pkl", "m", tags=tags, properties={"n": number})

    def found(**given: object) -> list[int]:
        return [one.version for one in Model.list(workspace, **given)]  # type: ignore[arg-type]

    assert found() == [3, 2, 1]
    assert found(latest=True) == [3]
    assert found(tags=["a"]) == [2, 1]
    assert found(tags=[["a", "2"], "b"]) == found(tags={"a": 2}) == [2]
    assert found(properties=[["n", 0]]) == [1]
    assert found(name="n") == []
    assert Model(workspace, "m", tags=["a"]).version == 2
    with pytest.raises(ModelNotFound):
        Model(workspace, "m", tags=["z"])


def test_a_model_knows_the_datasets_that_it_was_made_from(run: Run, workspace: Workspace) -> None:
    data = Dataset.File.from_files("model.pkl").register(workspace, "data")
    bare = Dataset.File.from_files("*.pkl")

    model = run.register_model(
        "m", "outputs/model.pkl", datasets=[("training", data), (Dataset.Scenario.VALIDATION, bare)]
    )

    assert model.datasets == {"training": [data], "validation": [bare]}
    assert [one.id for one in Model.list(workspace, dataset_id=data.id)] == ["m:1"]
    with pytest.raises(UserError, match="datasets are pairs of a purpose and a dataset"):
        run.register_model("m", "outputs/model.pkl", datasets=[data])  # type: ignore[list-item]


def test_a_download_replaces_nothing_unasked(workspace: Workspace) -> None:
    model = Model.register(workspace, "model.pkl", "m")
    Path("there").mkdir()
    Path("there/model.pkl").write_text("mine")

    with pytest.raises(UserError, match="is there already"):
        model.download("there")
    assert Path("there/model.pkl").read_text() == "mine"
    assert model.download("there", exist_ok=True) == "there/model.pkl"

    assert Path("there/model.pkl").read_text() == "pickled"


def test_a_download_of_changed_files_is_refused(workspace: Workspace) -> None:
    model = Model.register(workspace, "model.pkl", "m")
    Path(Model.get_model_path("m")).write_text("changed")

    with pytest.raises(UserError, match="is not what was registered: its SHA-256 is"):
        model.download("there")

    assert os.listdir("there") == []


def test_a_property_never_changes_and_tags_do(workspace: Workspace) -> None:
    model = Model.register(workspace, "model.pkl", "m", properties={"a": 1}, tags={"a": 1})

    with pytest.raises(PropertyExists):
        model.add_properties({"a": 2})
    model.update_tags_properties(add_tags={"b": 2}, remove_tags=["a"], add_properties={"c": 3})

    assert (model.tags, model.properties) == ({"b": "2"}, {"a": "1", "c": "3"})


def test_a_folder_is_registered_without_what_leads_out_of_it(workspace: Workspace) -> None:
    os.makedirs("net/deep")
    Path("net/a").write_text("a")
    os.symlink("a", "net/deep/../link")

    assert [one["path"] for one in Model.register(workspace, "net", "m").files] == [
        "net/a",
        "net/link",
    ]
    os.symlink("../model.pkl", "net/out")
    with pytest.raises(UserError, match="is a link that leads out of"):
        Model.register(workspace, "net", "m")
    os.unlink("net/out")
    os.mkfifo("net/pipe")
    with pytest.raises(UserError, match="is not a file: it is a pipe"):
        Model.register(workspace, "net", "m")

    assert [one.version for one in Model.list(workspace)] == [1]


def test_only_some_files_of_a_folder_are_registered(workspace: Workspace) -> None:
    os.makedirs("net/deep")
    for name in ("a", "b", "deep/c"):
        Path("net", name).write_text(name)

    model = Model.register(workspace, "net", "m", child_paths=["a", "deep"])

    assert [one["path"] for one in model.files] == ["net/a", "net/deep/c"]


def test_what_is_missing_says_what_there_is(workspace: Workspace) -> None:
    with pytest.raises(ModelNotFound, match="none is registered yet"):
        Model(workspace, "m")
    with pytest.raises(ModelPathNotFound, match="there is no file or folder"):
        Model.register(workspace, "nothing", "m")
    Model.register(workspace, "model.pkl", "m")

    with pytest.raises(KeyError, match="there is no model 'x' in this workspace; there are m"):
        _ = workspace.models["x"]
    with pytest.raises(ModelNotFound, match="there is no version 9 of the model 'm'; it has 1"):
        Model(workspace, "m", version=9)
    with pytest.raises(UserError, match="a version of a model is a number"):
        Model(workspace, "m", version="new")
    with pytest.raises(UserError, match="belongs to the model 'x', not to 'm'"):
        Model(workspace, "m", id="x:1")


def test_the_path_of_what_was_downloaded_here_comes_first(workspace: Workspace) -> None:
    Model.register(workspace, "model.pkl", "m")
    os.makedirs("azureml-models/m/4")
    Path("azureml-models/m/4/model.pkl").write_text("downloaded")

    assert Model.get_model_path("m") == "azureml-models/m/4/model.pkl"
    assert Model.get_model_path("m", _workspace=workspace).startswith(workspace.directory)
    assert Model.get_model_path("model.pkl") == "model.pkl"


def test_what_serves_models_says_so_on_the_class_and_on_a_model(workspace: Workspace) -> None:
    model = Model.register(workspace, "model.pkl", "m")

    for one in (Model, model):
        with pytest.raises(NotHere, match=r"homerun has no Model\.deploy: "):
            one.deploy(workspace)  # type: ignore[attr-defined]
        assert not hasattr(one, "package")
