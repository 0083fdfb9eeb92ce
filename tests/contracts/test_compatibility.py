"""docs/azureml-compatibility.md, row by row, against the code: neither can go stale alone."""

from __future__ import annotations

import ast
import inspect
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import NamedTuple

import pytest

from homerun import (
    CondaDependencies,
    DataPath,
    DataReference,
    Dataset,
    Datastore,
    Environment,
    Experiment,
    FileDataset,
    Keyvault,
    Model,
    OutputFileDatasetConfig,
    Run,
    RunConfiguration,
    ScriptRun,
    ScriptRunConfig,
    TabularDataset,
    Tensorboard,
    Workspace,
)
from homerun.base.errors import NotHere
from homerun.environments import python_path

PAGE = Path(__file__).parents[2] / "docs" / "azureml-compatibility.md"

HERE = ("same", "better", "ours")
NOT_HERE = ("cloud only",)

CLASSES: dict[str, type] = {
    "Workspace": Workspace,
    "Experiment": Experiment,
    "Run": Run,
    "ScriptRun": ScriptRun,
    "ScriptRunConfig": ScriptRunConfig,
    "RunConfiguration": RunConfiguration,
    "Environment": Environment,
    "CondaDependencies": CondaDependencies,
    "Model": Model,
    "Dataset": Dataset,
    "FileDataset": FileDataset,
    "TabularDataset": TabularDataset,
    "OutputFileDatasetConfig": OutputFileDatasetConfig,
    "Datastore": Datastore,
    "DataReference": DataReference,
    "DataPath": DataPath,
    "Keyvault": Keyvault,
    "Tensorboard": Tensorboard,
}
INHERITED = {"ScriptRun": Run, "FileDataset": Dataset, "TabularDataset": Dataset}


class Row(NamedTuple):
    """A row of a table: what it is about, and what the page says of it."""

    section: str
    member: str  # "" for the class's own constructor
    parameters: tuple[str, ...]
    verdict: str
    note: str

    def __str__(self) -> str:
        return f"{self.section}.{self.member or '__init__'}"


def rows() -> Iterator[Row]:
    section = ""
    for line in PAGE.read_text(encoding="utf-8").splitlines():
        if line.startswith("## "):
            section = line[3:]
        cells = [cell.strip() for cell in line.strip("|").split("|")]
        if line.startswith("| `") and len(cells) == 3:
            named = ast.parse(cells[0].strip("`"), mode="eval").body
            call = named if isinstance(named, ast.Call) else None
            name = ast.unparse(call.func if call else named)
            parameters = tuple(ast.unparse(one) for one in call.args) if call else ()
            member = "" if name == section else name
            yield Row(section, member, parameters, cells[1], cells[2])


ROWS = list(rows())
_PAGE_TEXT = PAGE.read_text(encoding="utf-8")
OF_CLASSES = [row for row in ROWS if row.section in CLASSES]
OF_NAMES = [row for row in ROWS if row.section == "Of the cloud"]
OF_ERRORS = [row for row in ROWS if row.section == "Exceptions"]


@pytest.fixture
def objects(workspace_dir: Path) -> dict[str, object]:
    """One object of each class; nothing is submitted."""
    workspace = Workspace.create("compatible")
    experiment = Experiment(workspace, "members")
    with experiment.start_logging(snapshot_directory=None, outputs=False) as run:
        pass
    config = ScriptRunConfig(".", "train.py")
    script_run = ScriptRun(experiment, run.id)
    described = (RunConfiguration(), Environment("train"), CondaDependencies())
    (workspace_dir / "model.txt").write_text("1")
    place = workspace.get_default_datastore()
    path = (place, "x.csv")
    kept = (
        Model.register(workspace, "model.txt", "iris"),
        Dataset({"type": "file", "sources": [{"path": "/x"}]}, workspace.store),
        Dataset.File.from_files(path, validate=False),
        Dataset.Tabular.from_delimited_files(path, validate=False),
        OutputFileDatasetConfig("x"),
        place,
        place.path("x"),
        DataPath(place, "x"),
        workspace.get_default_keyvault(),
        Tensorboard([run]),
    )
    found = (workspace, experiment, run, script_run, config, *described, *kept)
    return dict(zip(CLASSES, found, strict=True))


def test_the_page_has_a_table_for_each_class() -> None:
    assert {row.section for row in OF_CLASSES} == set(CLASSES)
    assert {row.verdict for row in ROWS} == {*HERE, *NOT_HERE}
    assert len({str(row) for row in ROWS}) == len(ROWS)
    assert (len(OF_NAMES), len(OF_ERRORS)) == (2, 12)


def test_every_member_is_as_the_page_says(objects: dict[str, object]) -> None:
    wrong = [str(row) for row in OF_CLASSES if _is_here(row, objects) != (row.verdict in HERE)]

    assert wrong == []


def test_every_call_takes_the_arguments_that_the_page_names(objects: dict[str, object]) -> None:
    wrong = {}
    for row in OF_CLASSES:
        if row.verdict in HERE:
            missing = [name for name in row.parameters if not _takes(row, objects, name)]
            if missing:
                wrong[str(row)] = missing

    assert wrong == {}


def test_every_call_names_all_of_its_public_arguments(objects: dict[str, object]) -> None:
    wrong = {}
    for row in OF_CLASSES:
        if row.verdict in ("same", "better") and not (row.section == row.member == ""):
            unnamed = [name for name in _parameters(row, objects) if name not in row.parameters]
            if unnamed and str(row) not in UNNAMED:
                wrong[str(row)] = unnamed

    assert wrong == {}


UNNAMED = {
    "ScriptRunConfig.__init__": "its own arguments are rows of the table",
    "Environment.__init__": "its fields",
    "Experiment.submit": "`parent` is what submit_child gives",
}


def test_a_member_that_is_not_here_says_so_in_one_sentence(objects: dict[str, object]) -> None:
    for row in OF_CLASSES:
        if row.verdict in NOT_HERE:
            with pytest.raises(NotHere, match=f"homerun has no {row}: ") as raised:
                _use(row, objects)
            assert "\n" not in str(raised.value)


def test_a_call_that_is_not_here_says_so_on_the_class_too() -> None:
    calls = [row for row in OF_CLASSES if row.verdict in NOT_HERE and _is_call(row)]

    for row in calls:
        with pytest.raises(NotHere, match=f"homerun has no {row}: ") as raised:
            getattr(CLASSES[row.section], row.member)(*(None for _ in row.parameters))
        assert "\n" not in str(raised.value)
    assert len(calls) > 20


def _is_call(row: Row) -> bool:
    """Whether the page writes a member as a call: with arguments, or with none."""
    return f"| `{row.member}(" in _PAGE_TEXT


@pytest.mark.parametrize("name", CLASSES)
def test_every_public_attribute_is_on_the_page(objects: dict[str, object], name: str) -> None:
    kept = {row.member for row in OF_CLASSES if row.section == name}
    found = {key for key in [*dir(CLASSES[name]), *vars(objects[name])] if key[0] != "_"}
    base = INHERITED.get(name)
    inherited = {row.member for row in OF_CLASSES if base and row.section == base.__name__}
    inherited |= {*getattr(CLASSES[name], "_fields", ())}  # rows of docs/configuration.md

    assert found - kept - inherited == set()


DROP_IN = """
import sys
from importlib import import_module
import azureml.core, azureml.exceptions, homerun
HOMES = {
    "CondaDependencies": "azureml.core.conda_dependencies",
    "FileDataset": "azureml.data",
    "TabularDataset": "azureml.data",
    "OutputFileDatasetConfig": "azureml.data",
    "DataReference": "azureml.data.data_reference",
    "DataPath": "azureml.data.datapath",
    "Tensorboard": "azureml.tensorboard",
}
names, errors, classes = (argument.split() for argument in sys.argv[1:])
for name in names:
    try:
        getattr(azureml.core, name)()
    except azureml.exceptions.AzureMLException as error:
        assert name in error.message and "\\n" not in error.message, error.message
    else:
        raise AssertionError(name)
for name in errors:
    error = getattr(azureml.exceptions, name)
    assert issubclass(error, azureml.exceptions.AzureMLException), name
    assert error.__module__.partition(".")[0] in ("homerun", "runstore"), name
for name in classes:
    home = import_module(HOMES.get(name, "azureml.core"))
    assert getattr(home, name) is getattr(homerun, name), name
"""


def test_the_drop_ins_names_are_as_the_page_says(workspace_dir: Path) -> None:
    named = (row.member for row in OF_NAMES), (row.member for row in OF_ERRORS), CLASSES

    done = subprocess.run(
        [sys.executable, "-c", DROP_IN, *(" ".join(names) for names in named)],
        env={"PYTHONPATH": python_path.folder(True)},
        capture_output=True,
        text=True,
    )

    assert (done.returncode, done.stderr) == (0, "")


def _is_here(row: Row, objects: dict[str, object]) -> bool:
    if row.member == "":
        return True
    given = objects[row.section]
    found = inspect.getattr_static(type(given), row.member, None)
    function = getattr(found, "fget" if isinstance(found, property) else "__func__", None)
    if function is not None and "NoReturn" in str(inspect.signature(function)):
        return False
    return found is not None or hasattr(given, row.member)


def _use(row: Row, objects: dict[str, object]) -> None:
    found = getattr(objects[row.section], row.member)
    found(*(None for _ in row.parameters))


def _signature(row: Row, objects: dict[str, object]) -> inspect.Signature:
    given = objects[row.section]
    return inspect.signature(getattr(given, row.member) if row.member else type(given))


def _parameters(row: Row, objects: dict[str, object]) -> list[str]:
    """The names of the public arguments of a call; none for what is no call."""
    if row.member and not callable(getattr(objects[row.section], row.member)):
        return []
    found = _signature(row, objects).parameters.values()
    many = (inspect.Parameter.VAR_KEYWORD, inspect.Parameter.VAR_POSITIONAL)
    return [one.name for one in found if one.kind not in many and one.name[0] != "_"]


def _takes(row: Row, objects: dict[str, object], name: str) -> bool:
    return name in _parameters(row, objects)
