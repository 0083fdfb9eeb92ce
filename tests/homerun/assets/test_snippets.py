"""Snippets of the original's documentation, typed as a user would: under each of both names.

Those of models, datasets and secrets stand with the other tests of these.
"""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import NamedTuple

import pytest

from homerun import Workspace
from homerun.environments.python_path import folder

HEAD = """
ws = Workspace.from_config()
"""


class Snippet(NamedTuple):
    """A script under two names.

    Attributes:
        original: how it imports under the original's names; `homerun` has all of them itself.
        prints: what it prints, line by line.
    """

    original: str
    text: str
    prints: tuple[str, ...]


DATASTORE = Snippet(
    "from azureml.core import Datastore, Workspace",
    """
datastore = ws.get_default_datastore()
datastore.upload(src_dir="data", target_path="sample", overwrite=True, show_progress=True)
datastore.upload_files(["data/deep/2.txt"], relative_root="data", target_path="more")
for name, one in sorted(ws.datastores.items()):
    print(name == one.name, end=" ")
print()
datastore = Datastore.get(ws, datastore_name="workspaceblobstore")
print(datastore.download(target_path="back", prefix="sample", overwrite=True))
print(open("back/sample/deep/2.txt").read(), datastore.download("back", prefix="more"))
ws.set_default_datastore("workspacefilestore")
print(ws.get_default_datastore().name, Datastore.get_default(ws).name)
""",
    (
        *("True True True True", "2", "two 1"),
        "workspacefilestore workspacefilestore",
    ),
)
DATA_PATH = Snippet(
    """
from azureml.core import Dataset, Workspace
from azureml.data.datapath import DataPath
""",
    """
datastore = ws.get_default_datastore()
datastore.upload("data", target_path="sample")
path = DataPath(datastore=datastore, path_on_datastore="sample/deep", name="deep")
print(path.path_on_datastore)
dataset = Dataset.File.from_files(path=path)
print(dataset.to_path())
print(dataset.download(target_path="down", overwrite=True)[0].endswith("2.txt"))
both = Dataset.File.from_files(path=[(datastore, "sample/1.txt"), path])
print(both.to_path())
""",
    ("sample/deep", "['/2.txt']", "True", "['/1.txt', '/deep/2.txt']"),
)
DATA_REFERENCE = Snippet(
    """
from azureml.core import Experiment, ScriptRunConfig, Workspace
from azureml.core.runconfig import DataReferenceConfiguration
from azureml.data.data_reference import DataReference
""",
    """
datastore = ws.get_default_datastore()
datastore.upload("data", target_path="sample")
reference = DataReference(
    datastore=datastore, data_reference_name="sample", path_on_datastore="sample", mode="mount"
)
print(reference.data_reference_name, reference.path_on_datastore, reference.mode)
other = datastore.path("sample").as_download()
src = ScriptRunConfig("source", "list.py", arguments=["--data", reference, "--other", other])
run = Experiment(ws, "references").submit(src)
run.wait_for_completion(show_output=True)
""",
    ("sample sample mount", "['1.txt', 'deep'] ['1.txt', 'deep']"),
)
RUN_DATASETS = Snippet(
    """
from azureml.core import Dataset, Experiment, ScriptRunConfig, Workspace
from azureml.data import OutputFileDatasetConfig
""",
    """
texts = Dataset.File.from_files(path="data/**").register(workspace=ws, name="texts")
output = OutputFileDatasetConfig(name="result").register_on_complete(name="lengths")
src = ScriptRunConfig(
    source_directory="source",
    script="lengths.py",
    arguments=["--texts", texts.as_named_input("texts").as_mount(), "--result", output],
)
run = Experiment(ws, "data").submit(src)
run.wait_for_completion()
details = run.get_details()
print([one["consumptionDetails"]["inputName"] for one in details["inputDatasets"]])
print([one["dataset"]["name"] for one in details["outputDatasets"]])
lengths = Dataset.get_by_name(ws, name="lengths")
lengths.download("lengths", overwrite=True)
print(lengths.version, open("lengths/lengths.txt").read())
""",
    ("['texts']", "['lengths']", "1 1.txt 3, deep/2.txt 3"),
)
ENVIRONMENT = Snippet(
    """
from azureml.core import Environment, Experiment, ScriptRunConfig, Workspace
from azureml.core.conda_dependencies import CondaDependencies
""",
    """
env = Environment(name="mine")
conda_dep = CondaDependencies()
conda_dep.add_conda_package("numpy==1.26")
conda_dep.add_pip_package("pillow")
env.python.conda_dependencies = conda_dep
env.environment_variables = {"EXAMPLE": "set"}
env.register(workspace=ws)
print(sorted(Environment.list(workspace=ws)), ws.environments["mine"].version)
restored = Environment.get(workspace=ws, name="mine", version="1")
print(list(restored.python.conda_dependencies.conda_packages),
      list(restored.python.conda_dependencies.pip_packages))
restored.save_to_directory(path="saved", overwrite=True)
print(Environment.load_from_directory(path="saved").environment_variables)
other = restored.clone("other")
other.python.user_managed_dependencies = True
src = ScriptRunConfig(source_directory="source", script="example.py", environment=other)
run = Experiment(ws, "environments").submit(config=src)
run.wait_for_completion(show_output=True)
print(run.get_environment().name)
""",
    ("['mine'] 1", "['numpy==1.26'] ['pillow']", "{'EXAMPLE': 'set'}", "set", "other"),
)
ESTIMATOR = Snippet(
    """
from azureml.core import Experiment, Workspace
from azureml.train.estimator import Estimator
""",
    """
script_params = {"--data": "data", "--other": "data"}
estimator = Estimator(
    source_directory="source",
    entry_script="list.py",
    script_params={"--data": ws.get_default_datastore().path("sample").as_mount(), "--other": "."},
    compute_target="local",
    use_gpu=False,
)
ws.get_default_datastore().upload("data", target_path="sample")
run = Experiment(workspace=ws, name="estimators").submit(estimator)
run.wait_for_completion(show_output=True)
print(run.get_status())
""",
    ("['1.txt', 'deep'] here", "Completed"),
)
SNIPPETS = {
    "Datastore": DATASTORE,
    "DataPath": DATA_PATH,
    "DataReference": DATA_REFERENCE,
    "input_datasets, output_datasets, OutputFileDatasetConfig": RUN_DATASETS,
    "Environment": ENVIRONMENT,
    "Estimator": ESTIMATOR,
}
SCRIPTS = {
    "list.py": """
        import argparse, os
        parser = argparse.ArgumentParser()
        parser.add_argument("--data")
        parser.add_argument("--other")
        args = parser.parse_args()
        other = "here" if args.other == "." else sorted(os.listdir(args.other))
        print(sorted(os.listdir(args.data)), other)
    """,
    "lengths.py": """
        import argparse, os
        from azureml.core import Run

        parser = argparse.ArgumentParser()
        parser.add_argument("--texts")
        parser.add_argument("--result")
        args = parser.parse_args()
        run = Run.get_context()
        texts, result = run.input_datasets["texts"], run.output_datasets["result"]
        assert (str(texts), str(result)) == (args.texts, args.result)
        paths = [os.path.join(top, name) for top, _, names in os.walk(texts) for name in names]
        with open(os.path.join(result, "lengths.txt"), "w") as file:
            told = [f"{os.path.relpath(path, texts)} {len(open(path).read())}" for path in paths]
            file.write(", ".join(sorted(told)))
    """,
    "example.py": "import os; print(os.environ['EXAMPLE'])",
}


@pytest.fixture
def workspace(workspace_dir: Path, script: Callable[..., Path]) -> Workspace:
    Path("data/deep").mkdir(parents=True)
    Path("data/1.txt").write_text("one")
    Path("data/deep/2.txt").write_text("two")
    for name, text in SCRIPTS.items():
        script(name, text)
    return Workspace.from_config()


@pytest.mark.parametrize("package", ["azureml.core", "homerun"])
@pytest.mark.parametrize("about", SNIPPETS)
def test_the_snippets_of_the_documentation_run(
    workspace: Workspace, about: str, package: str
) -> None:
    snippet = SNIPPETS[about]
    done = subprocess.run(
        [sys.executable, "-c", imports(snippet, package) + HEAD + snippet.text],
        env={**os.environ, "PYTHONPATH": folder()},
        capture_output=True,
        text=True,
        timeout=120,
    )

    assert done.returncode == 0, done.stderr
    printed = [line.strip() for line in done.stdout.splitlines()]
    assert [line for line in printed if line in snippet.prints] == list(snippet.prints), done.stdout


def imports(snippet: Snippet, package: str) -> str:
    """The import lines of a snippet under a name."""
    if package != "homerun":
        return snippet.original
    names = []
    for line in snippet.original.strip().splitlines():
        names += [one.strip() for one in line.partition(" import ")[2].split(",")]
    return f"from homerun import {', '.join(one for one in names if one in snippet.text + HEAD)}"
