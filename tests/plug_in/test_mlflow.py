"""MLflow in runs: what it logs is the run's, and what it asks the store answers."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from homerun import Experiment, Run, Workspace
from plug_in.conftest import log_of, told_by

LOGS = """
import json, os, threading
import mlflow

mlflow.set_experiment("My first/experiment")
with mlflow.start_run(run_name="first", description="a note") as run:
    mlflow.set_tag("mlflow.runName", "first")  # MLflow 2 names no run that it goes on with
    for step in range(3):
        mlflow.log_metric("loss", 1 / (step + 1), step=step)
    for number, value in enumerate((3, 1, 2)):  # of one step and one time the largest is the last
        mlflow.log_metric("plain", value, timestamp=1_700_000_000_000 + number)
    mlflow.log_metrics({"val/acc top-1.5": 0.5, "nan": float("nan"), "inf": float("-inf")}, step=7)
    mlflow.log_metric("out of order", 1, step=5)
    mlflow.log_metric("out of order", 2, step=4)
    mlflow.log_param("lr", 0.1)
    mlflow.log_param("lr", 0.1)
    mlflow.log_params({"deep": True, "text": "0.10", "none": None, "layers": [64, 32], "n": 10**30})
    mlflow.log_params({f"p{number}": number for number in range(1000)})
    mlflow.set_tag("color", "red")
    mlflow.set_tags({"color": "blue", "n": 1, "gone": "x", "long": "x" * 20_000})
    mlflow.delete_tag("gone")
    mlflow.log_text("hello", "notes/a.txt")
    mlflow.log_dict({"a": 1}, "d.json")
    mlflow.log_dict({"a": 2}, "d.json")
    mlflow.log_table({"x": [1]}, "t.json")
    mlflow.log_table({"x": [2]}, "t.json")
    os.makedirs("made/deep", exist_ok=True)
    open("made/one", "w").write("1")
    open("made/deep/two", "w").write("22")
    mlflow.log_artifact("made/one")
    mlflow.log_artifacts("made", "all")
    try:
        mlflow.log_param("lr", 0.2)
        changed = None
    except mlflow.MlflowException as error:
        changed = error.error_code
    try:
        mlflow.log_metric("bad:name\\n", 1)
        odd = None
    except mlflow.MlflowException as error:
        odd = error.error_code

    def log_many(number):
        client = mlflow.MlflowClient()
        for step in range(50):
            client.log_metric(run.info.run_id, f"thread{number}", step, step=step)

    threads = [threading.Thread(target=log_many, args=(number,)) for number in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    with mlflow.start_run(nested=True, run_name="inner", tags={"k": "v"}) as inner:
        mlflow.log_metric("loss", 9)
        with mlflow.start_run(nested=True, run_name="innermost"):
            mlflow.log_metric("loss", 10)
with mlflow.start_run(run_name="second") as second:
    mlflow.log_metric("loss", 11)
try:
    with mlflow.start_run(run_name="third"):
        raise RuntimeError("meant")
except RuntimeError:
    pass

client = mlflow.MlflowClient()
found = client.get_run(run.info.run_id)


def files(path=None):
    for one in client.list_artifacts(run.info.run_id, path):
        yield from files(one.path) if one.is_dir else [(one.path, one.file_size)]


def names(**asked):
    asked = {"experiment_ids": [run.info.experiment_id], **asked}
    return [one.info.run_name for one in mlflow.search_runs(output_format="list", **asked)]


def history(name):
    return [(one.value, one.step) for one in client.get_metric_history(run.info.run_id, name)]


download = mlflow.artifacts.download_artifacts(run_id=run.info.run_id, artifact_path="all")
parents = {run.info.run_id: "first", inner.info.run_id: "inner"}
everything = client.search_runs([run.info.experiment_id], max_results=2, order_by=["metrics.loss"])
print(json.dumps({
    "metrics": {key: str(value) for key, value in found.data.metrics.items()},
    "params": found.data.params,
    "tags": {k: v for k, v in found.data.tags.items() if not k.startswith("mlflow.")},
    "note": found.data.tags["mlflow.note.content"],
    "name": found.info.run_name,
    "history": history("loss") + history("plain"),
    "no history": history("nothing"),
    "threads": [len(history(f"thread{number}")) for number in range(4)],
    "files": sorted(files()),
    "download": open(os.path.join(download, "deep", "two")).read(),
    "table": mlflow.load_table("t.json", run_ids=[run.info.run_id])["x"].tolist(),
    "d": mlflow.artifacts.load_dict(f"runs:/{run.info.run_id}/d.json"),
    "changed": changed, "odd": odd,
    "by metric": names(filter_string="metrics.loss > 8", order_by=["metrics.loss DESC"]),
    "by tag": names(filter_string="tags.color = 'blue' and params.lr = '0.1'"),
    "by status": names(filter_string="attributes.status = 'FAILED'"),
    "by parent": names(filter_string=f"tags.mlflow.parentRunId = '{inner.info.run_id}'"),
    "pages": [len(everything), bool(everything.token)],
    "statuses": [client.get_run(one.info.run_id).info.status for one in (inner, second)],
}, sort_keys=True))
"""


@pytest.fixture(autouse=True)
def _workspace(workspace_dir: Path) -> None:
    """Each test has a folder of its own."""


def test_a_script_is_answered_in_a_run_as_by_mlflow_alone(
    submitted: Callable[..., Run], by_hand: Callable[..., str], tmp_path: Path
) -> None:
    run = submitted(LOGS)
    alone = by_hand(LOGS, plug_in=False, MLFLOW_TRACKING_URI=f"file://{tmp_path}/alone")

    told, expected = told_by(run), json.loads(alone.splitlines()[-1])
    assert told == expected
    assert told["by metric"] == ["second", "innermost", "inner"]  # so that it asks for something
    assert not Path("mlruns").exists()


def test_what_mlflow_logs_is_the_runs_own(submitted: Callable[..., Run]) -> None:
    run = submitted(LOGS)

    assert "MLflow's experiment 'My first/experiment' is called My-first-experiment" in log_of(run)
    assert "the run stays in its own, digits" in log_of(run)
    metrics = run.get_metrics()
    assert metrics["loss"] == [1.0, 0.5, 1 / 3]
    assert metrics["plain"] == [3.0, 1.0, 2.0]
    assert (run.params["lr"], run.params["deep"], run.params["text"]) == (0.1, True, "0.10")
    assert len([key for key in run.params if key[1:].isdigit()]) == 1000
    assert (run.tags["color"], run.display_name, run.description) == ("blue", "first", "a note")
    assert "outputs/all/deep/two" in run.get_file_names()
    inner, second, third = sorted(run.get_children(), key=lambda child: str(child.display_name))
    assert [child.display_name for child in (inner, second, third)] == ["inner", "second", "third"]
    assert [child.display_name for child in inner.get_children()] == ["innermost"]
    assert [child.get_status() for child in (inner, second, third)] == [
        *("Completed", "Completed", "Failed")
    ]
    assert inner.tags == {"k": "v"}
    assert next(iter(run.experiment.get_runs(where="params.lr < 0.2"))).id == run.id
    assert run.experiment.name == "digits"


ENDS = """
import sys, mlflow
run = mlflow.start_run()
mlflow.log_metric("a", 1)
mlflow.end_run({mlflows!r})
mlflow.MlflowClient().set_terminated(run.info.run_id, {mlflows!r})
sys.exit({status})
"""


@pytest.mark.parametrize(
    ("mlflows", "status", "expected"),
    [("FAILED", 0, "Completed"), ("KILLED", 0, "Completed"), ("FINISHED", 3, "Failed")],
)
def test_a_run_ends_as_its_script_does_whatever_mlflow_says(
    submitted: Callable[..., Run], mlflows: str, status: int, expected: str
) -> None:
    run = submitted(ENDS.format(mlflows=mlflows, status=status))

    assert run.get_status() == expected
    assert run.get_metrics() == {"a": 1.0}


AUTOLOGS = """
import json, mlflow
import mlflow.sklearn
from sklearn.datasets import load_iris
from sklearn.linear_model import LogisticRegression

mlflow.autolog()
data, target = load_iris(return_X_y=True)
with mlflow.start_run() as run:
    model = LogisticRegression(max_iter=300, C=0.5).fit(data, target)
mlflow.sklearn.autolog(disable=True)
is_new = int(mlflow.__version__.split(".")[0]) > 2
how = {"artifact_path": "mine"}
if is_new:
    how = {"name": "mine", "serialization_format": "cloudpickle"}
with mlflow.start_run(nested=True) as kid:
    info = mlflow.sklearn.log_model(model, **how)
uris = [info.model_uri, f"runs:/{kid.info.run_id}/mine"]
expected = model.predict(data).tolist()
same = [mlflow.sklearn.load_model(one).predict(data).tolist() == expected for one in uris]
found = mlflow.get_run(run.info.run_id)
(read,) = found.inputs.dataset_inputs
listed = [one.path for one in mlflow.MlflowClient().list_artifacts(kid.info.run_id, "mine")]
models = []
if is_new:
    models = mlflow.search_logged_models(output_format="list")
    models = [(one.name, str(one.status)) for one in models]
    assert len(mlflow.get_run(kid.info.run_id).outputs.model_outputs) == 1
print(json.dumps([same, read.dataset.name, [tag.value for tag in read.tags], listed, models]))
"""


def test_autologging_and_models_are_kept_with_the_run(
    submitted: Callable[..., Run], generation: str
) -> None:
    run = submitted(AUTOLOGS)

    same, dataset, context, listed, models = told_by(run)
    assert same == [True, True]
    assert (dataset, context) == ("dataset", ["train"])
    assert "mine/MLmodel" in listed
    assert sorted(models) == ([["mine", "READY"], ["model", "READY"]] if generation == "3" else [])
    assert run.params["C"] == 0.5
    assert run.get_metrics()["training_score"] > 0.9
    assert any(name.endswith("/MLmodel") for name in run.get_file_names())
    assert "encountered" not in log_of(run).lower()  # so MLflow begins to tell of errors


REFUSED = """
import json, mlflow
from mlflow import MlflowClient
client, run = MlflowClient(), mlflow.start_run()
codes = {}


def refused(name, call):
    try:
        call()
        codes[name] = None
    except mlflow.MlflowException as error:
        codes[name] = error.error_code


refused("delete", lambda: client.delete_experiment("digits"))
refused("rename", lambda: client.rename_experiment("digits", "b"))
refused("traces", lambda: client.search_traces(["digits"]))
refused("registry", lambda: client.create_registered_model("m"))
refused("run", lambda: client.get_run("nothing"))
refused("experiment", lambda: client.get_experiment("nothing"))
refused("again", lambda: client.create_experiment("digits"))
refused("name", lambda: client.create_experiment("///"))
refused("place", lambda: client.create_experiment("other", artifact_location="/tmp"))
refused("alive", lambda: client.delete_run(run.info.run_id))
refused("tag", lambda: client.delete_tag(run.info.run_id, "nothing"))
refused("parent", lambda: client.set_tag(run.info.run_id, "mlflow.parentRunId", "nothing"))
refused("path", lambda: mlflow.log_text("x", "../x"))
refused("filter", lambda: mlflow.search_runs(filter_string="nonsense"))
assert client.get_experiment_by_name("nothing") is None
print(json.dumps(codes, sort_keys=True))
"""


def test_what_is_not_done_is_refused_with_mlflows_own_errors(submitted: Callable[..., Run]) -> None:
    told = told_by(submitted(REFUSED))

    expected = {
        **dict.fromkeys(("delete", "rename", "traces"), "NOT_IMPLEMENTED"),
        **dict.fromkeys(("run", "experiment", "tag"), "RESOURCE_DOES_NOT_EXIST"),
        **dict.fromkeys(("name", "place", "parent", "filter"), "INVALID_PARAMETER_VALUE"),
        "again": "RESOURCE_ALREADY_EXISTS",
        "alive": "INVALID_STATE",
    }
    assert {key: told[key] for key in expected} == expected
    assert told["registry"] is not None
    assert told["path"] is not None


TELLS = """
import json, os, mlflow
with mlflow.start_run():
    mlflow.log_metric("a", 1)
print(json.dumps([mlflow.get_tracking_uri(), os.environ.get("MLFLOW_EXPERIMENT_ID")]))
"""


def test_a_store_of_the_users_own_is_left_alone(
    submitted: Callable[..., Run], tmp_path: Path
) -> None:
    own = f"file://{tmp_path}/own"
    run = submitted(TELLS, environment_variables={"MLFLOW_TRACKING_URI": own})

    assert told_by(run) == [own, None]
    assert run.get_metrics() == {}
    assert list((tmp_path / "own").iterdir())


PROCESSES = """
import json, multiprocessing, os, subprocess, sys, mlflow

mlflow.set_experiment("another")
code = "import mlflow, sys; mlflow.start_run(); mlflow.log_metric('rank', int(sys.argv[1]))"
ranks = [subprocess.Popen([sys.executable, "-c", code, str(rank)]) for rank in range(3)]
assert [rank.wait() for rank in ranks] == [0, 0, 0]
run = mlflow.start_run()
mlflow.log_metric("forked", -1)


def work(number):
    client = mlflow.MlflowClient()
    for step in range(100):
        client.log_metric(run.info.run_id, "forked", number)
    if number == 0:
        mlflow.log_metric("own", 1)  # a fork has no active run: MLflow starts one


fork = multiprocessing.get_context("fork")
workers = [fork.Process(target=work, args=(number,)) for number in range(3)]
for worker in workers:
    worker.start()
for worker in workers:
    worker.join()
code = "import mlflow; print(mlflow.start_run(run_name='later').info.experiment_id)"
later = subprocess.run([sys.executable, "-c", code], stdout=subprocess.PIPE, check=True)
print(json.dumps([*(worker.exitcode for worker in workers), later.stdout.decode().strip()]))
"""


def test_processes_of_a_run_log_to_it_together(submitted: Callable[..., Run]) -> None:
    run = submitted(PROCESSES)

    assert told_by(run) == [0, 0, 0, "digits"]
    metrics = run.get_metrics()
    assert sorted(metrics["rank"]) == [0.0, 1.0, 2.0]
    assert len(metrics["forked"]) == 301
    later, own = run.get_children()  # the newest first
    assert (own.get_status(), own.get_metrics()) == ("Completed", {"own": 1.0})
    assert (later.get_status(), later.display_name) == ("Completed", "later")


DROPS = """
import os, shutil, mlflow
run = mlflow.start_run()
folder = os.environ["HOMERUN_RUN_FOLDER"]
for name in ("metrics", "labels"):
    shutil.rmtree(f"{folder}/{name}", ignore_errors=True)
    open(f"{folder}/{name}", "w").close()
for step in range(3):
    mlflow.log_metric("loss", step)
mlflow.log_param("lr", 1)
mlflow.set_tag("a", "b")
"""


def test_a_store_that_cannot_be_written_stops_no_training(submitted: Callable[..., Run]) -> None:
    run = submitted(DROPS)

    assert run.get_status() == "Completed"
    told = log_of(run)
    assert told.count("metrics cannot be stored and are dropped") == 1
    assert told.count("tags, parameters and properties cannot be stored") == 1


OUTSIDE = """
import json, mlflow
mlflow.set_tracking_uri({address!r})
mlflow.set_experiment("notes")
with mlflow.start_run(run_name="one") as run:
    mlflow.log_metric("a", 1)
    mlflow.log_text("x", "t.txt")
    with mlflow.start_run(nested=True):
        pass
mlflow.start_run()
mlflow.log_param("left", "open")
print(json.dumps([run.info.run_id, mlflow.active_run().info.run_id]))
"""


def test_outside_of_runs_mlflow_makes_interactive_ones(
    by_hand: Callable[..., str],
) -> None:
    workspace = Workspace.from_config()
    source = OUTSIDE.format(address=workspace.get_mlflow_tracking_uri())
    first, left = json.loads(by_hand(source).splitlines()[-1])

    runs = {run.id: run for run in Experiment(workspace, "notes").get_runs()}
    assert set(runs) == {first, left}
    assert [run.get_status() for run in runs.values()] == ["Completed", "Completed"]
    assert runs[first].get_metrics() == {"a": 1.0}
    assert runs[first].get_file_names() == ["outputs/t.txt"]
    assert [child.get_status() for child in runs[first].get_children()] == ["Completed"]
    assert runs[left].params == {"left": "open"}


LISTS = """
import json, mlflow
mlflow.set_tracking_uri({address!r})
mlflow.set_experiment("notes")
found = mlflow.search_runs(output_format="list", filter_string="tags.kind = 'plain'")
is_new = int(mlflow.__version__.split(".")[0]) > 2
models = mlflow.search_logged_models(output_format="list") if is_new else []
print(json.dumps([[sorted(one.data.metrics) for one in found], len(models)]))
"""


def test_what_mlflow_never_made_and_what_is_damaged_takes_no_list_down(
    by_hand: Callable[..., str],
) -> None:
    workspace = Workspace.from_config()
    experiment = Experiment(workspace, "notes")
    for number in range(3):
        with experiment.start_logging(outputs=False, snapshot_directory=None) as run:
            run.tag("kind", "plain")
            run.log("loss", number)
            run.log("words", "text")
            run.log_list("many", [1, 2])
            run.log_row("table", x=1)
            run.add_properties({"mlflow.dataset.a": "no JSON", "mlflow.dataset.b": "[1]"})
            run.add_properties({"mlflow.model.c": "{}", "mlflow.model-step.d": "x"})
    Path(run.directory, "run.json").write_text("{")
    told = by_hand(LISTS.format(address=workspace.get_mlflow_tracking_uri()))

    runs, models = json.loads(told.splitlines()[-1])
    assert runs == [["loss", "many"]] * 3
    assert models == 0


COST = """
import sys, mlflow
print(sorted(name for name in sys.modules if name.split(".")[0] in ("homerun", "runstore")))
"""


def test_to_import_mlflow_loads_no_more_of_ours_than_the_way_to_it(
    by_hand: Callable[..., str],
) -> None:
    loaded = by_hand(COST)

    assert loaded == "['homerun', 'homerun.mlflow', 'homerun.mlflow.plug_in']\n"


def test_a_script_without_mlflow_loads_none_of_it(submitted: Callable[..., Run]) -> None:
    told: Any = told_by(
        submitted(
            "import json, sys\n"
            "print(json.dumps([name for name in sys.modules if 'mlflow' in name]))\n"
        )
    )

    assert told == []
