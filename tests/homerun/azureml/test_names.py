"""`import azureml.core`: the names of the original, what they are here, and what they say."""

from __future__ import annotations

import subprocess
import sys
import textwrap
from collections.abc import Callable
from pathlib import Path

import pytest

from helpers.probes import Interpreter
from homerun import Experiment, ScriptRunConfig, Workspace
from homerun.environments.python_path import folder

EXPORTS = """
ComputeTarget ContainerRegistry Dataset Datastore diagnostic_log Environment Experiment Image
Keyvault Model PrivateEndPoint PrivateEndPointConfig Run RunConfiguration ScriptRun
ScriptRunConfig Webservice Workspace get_run attach_legacy_compute_target
is_compute_target_prepared prepare_compute_target remove_legacy_compute_target LinkedService
SynapseWorkspaceLinkedServiceConfiguration VERSION
"""

MODULES = """
azureml.core.authentication azureml.core.compute azureml.core.compute_target
azureml.core.conda_dependencies azureml.core.container_registry azureml.core.dataset
azureml.core.datastore azureml.core.environment azureml.core.experiment azureml.core.image
azureml.core.keyvault azureml.core.model azureml.core.run azureml.core.runconfig
azureml.core.script_run azureml.core.script_run_config azureml.core.webservice
azureml.core.workspace azureml.data azureml.data.data_reference azureml.exceptions
azureml.telemetry azureml.train.estimator azureml.train.hyperdrive azureml.widgets
azureml._restclient.constants azureml._restclient.snapshots_client
azureml._base_sdk_common azureml._base_sdk_common.utils azureml._restclient.models
azureml._restclient.models.run_dto azureml.contrib.fairness azureml.data.datapath
azureml.exceptions._azureml_exception azureml.interpret azureml.opendatasets azureml.pipeline.core
azureml.pipeline.core.run azureml.pipeline.steps azureml.tensorboard azureml.train.automl
azureml.train.automl.run azureml.train.dnn azureml.train.hyperdrive.policy
azureml.train.hyperdrive.run azureml.train.hyperdrive.runconfig azureml.train.hyperdrive.sampling
azureml.train.sklearn
"""


@pytest.fixture
def python(workspace_dir: Path) -> Callable[[str], str]:
    """Run code in a process of its own that finds `azureml` as a script does; what it printed."""

    def run(code: str) -> str:
        done = subprocess.run(
            [sys.executable, "-c", textwrap.dedent(code)],
            env={"PYTHONPATH": folder()},
            capture_output=True,
            text=True,
            timeout=120,
        )
        assert done.returncode == 0, done.stderr
        return done.stdout

    return run


def test_every_name_and_module_of_the_original_can_be_imported(
    python: Callable[[str], str],
) -> None:
    printed = python(
        f"""
        from importlib import import_module
        from importlib.util import find_spec
        core = import_module("azureml.core")
        exports = {EXPORTS.split()}
        for name in exports:
            getattr(core, name)
        for name in {MODULES.split()}:
            assert find_spec(name).name == name
            import_module(name)
        from azureml.core import *
        print(sorted(set(exports) - set(dir(core))), sorted(set(exports) - set(dir())))
        """
    )

    assert printed == "[] []\n"


def test_the_classes_are_homeruns_own(python: Callable[[str], str]) -> None:
    printed = python(
        """
        import azureml.core, homerun
        from azureml.core.run import Run, _OfflineRun, _SubmittedRun
        for name in ("Experiment", "Run", "ScriptRun", "ScriptRunConfig", "Workspace"):
            assert getattr(azureml.core, name) is getattr(homerun, name)
        assert Run is homerun.Run
        run = Run.get_context()
        print(type(run) == _OfflineRun, isinstance(run, _OfflineRun))
        print(isinstance(run, _SubmittedRun))
        assert issubclass(_SubmittedRun, homerun.Run)
        """
    )

    assert printed == "True True\nFalse\n"


def test_a_module_of_core_is_there_without_an_import_of_its_own(
    python: Callable[[str], str],
) -> None:
    """The original loads all of them with the first."""
    printed = python(
        """
        import azureml.core
        print(azureml.core.run.RunStatus.COMPLETED, azureml.core.run.RUNNING_STATES[0])
        print(azureml.core.runconfig.RunConfiguration.__name__)
        print(azureml.exceptions.UserErrorException.__name__)
        print([hasattr(m, "nonsense") for m in (azureml, azureml.core, azureml.core.run)])
        """
    )

    assert printed.splitlines() == [
        "Completed NotStarted",
        "RunConfiguration",
        "MisuseError",
        "[False, False, False]",
    ]


def test_the_version_compares_as_the_last_one_of_the_original(
    python: Callable[[str], str],
) -> None:
    printed = python(
        """
        import azureml.core
        print(azureml.core.VERSION >= "1.0.43", azureml.core.__version__ == azureml.core.VERSION)
        print(tuple(map(int, azureml.core.VERSION.split("."))) > (1, 48, 0))
        """
    )

    assert printed == "True True\nTrue\n"


@pytest.mark.parametrize(
    ("module", "use", "advice"),
    [
        ("data", "HDFSOutputDatasetConfig()", "see Dataset.File, Dataset.Tabular"),
        ("core.model", "InferenceConfig('score.py')", "load the file that Model.get_model_path"),
        ("core", "prepare_compute_target(None, '.', None)", "this machine, or a target"),
        ("core.compute", "DataFactoryCompute.attach()", "this machine, or a target"),
        ("core.runconfig", "DataReferenceConfiguration()", "has no meaning on your own machine"),
        ("data.sql_data_reference", "SqlDataReference()", "see Dataset.File, Dataset.Tabular"),
        ("train.dnn", "Nccl()", "submit a ScriptRunConfig"),
        ("train.automl", "AutoMLConfig(task='x')", "log each try as a child run"),
        ("train.automl.run", "AutoMLRun()", "log each try as a child run"),
        ("pipeline.core", "Pipeline(None, steps=[])", "submit the steps one after the other"),
        ("pipeline.steps", "PythonScriptStep()", "submit the steps one after the other"),
        ("opendatasets", "MNIST.get_file_dataset()", "name its files in a Dataset"),
        ("interpret", "ExplanationClient.from_run(None)", "use interpret or shap itself"),
        ("tensorboard.export", "export_to_tensorboard()", "Tensorboard(runs).start() shows"),
        ("contrib.fairness", "upload_dashboard_dictionary()", "has no meaning on your own"),
        ("train.hyperdrive.policy", "BanditPolicy()", "submit a run for each set of parameters"),
        ("train.hyperdrive", "choice(1, 2)", "submit a run for each set of parameters"),
    ],
)
def test_what_has_no_meaning_here_says_what_to_do_instead(
    python: Callable[[str], str], module: str, use: str, advice: str
) -> None:
    name = use.partition("(")[0].partition(".")[0]

    printed = python(
        f"""
        from azureml.{module} import {name}
        try:
            {use}
        except Exception as error:
            print(error.message)
            from azureml.exceptions import AzureMLException
            assert isinstance(error, AzureMLException)
        """
    )

    assert advice in printed
    assert len(printed.splitlines()) == 1
    assert f"{name} is " in printed


def test_a_class_without_a_meaning_can_stand_wherever_a_class_stands(
    python: Callable[[str], str],
) -> None:
    printed = python(
        """
        import inspect, pickle, pydoc, typing
        from azureml.core import Dataset, Image, Model
        from azureml.core.dataset import Dataset as same
        class Mine(Model):
            pass
        def train(data: typing.Union[Dataset, str], model: typing.Optional[Model] = None): pass
        typing.get_type_hints(train); pydoc.render_doc(Dataset)
        print(Dataset is same, pickle.loads(pickle.dumps(Dataset)) is same)
        print(isinstance(1, Dataset), hasattr(Dataset, "Tabular"), hasattr(Image, "create"))
        print(inspect.isclass(Image))
        """
    )

    assert printed == "True True\nFalse True False\nTrue\n"


def test_a_notebook_that_looks_for_a_compute_target_and_creates_it_runs_on_this_machine(
    python: Callable[[str], str],
) -> None:
    printed = python(
        """
        from azureml.core.compute import AmlCompute, ComputeTarget
        from azureml.core.compute_target import ComputeTargetException
        import azureml.core.compute, azureml.exceptions
        assert azureml.exceptions.ComputeTargetException is ComputeTargetException
        assert azureml.core.compute.ComputeTargetException is ComputeTargetException
        assert azureml.core.ComputeTarget is ComputeTarget
        from azureml.core import Workspace
        ws = Workspace.from_config()
        print(ws.compute_targets["cpu-cluster"].name, "cpu-cluster" in ws.compute_targets)
        try:
            ComputeTarget(workspace=ws, name="cpu-cluster")
        except ComputeTargetException as error:
            print(error.message[:41])
        asked = AmlCompute.provisioning_configuration(vm_size="STANDARD_D2_V2", max_nodes=1)
        made = ComputeTarget.create(ws, "cpu-cluster", asked)
        made.wait_for_completion(show_output=True)
        print(made.get_status().serialize()["provisioningState"], made.type)
        print([one.name for one in ComputeTarget.list(ws)], type(made) is AmlCompute)
        AmlCompute(ws, "cpu-cluster").delete()
        print("cpu-cluster" in ws.compute_targets)
        """
    )

    assert printed.splitlines() == [
        "cpu-cluster False",
        "there is no compute target 'cpu-cluster':",
        "Succeeded: cpu-cluster is there",
        "Succeeded local",
        "['cpu-cluster'] True",
        "False",
    ]


def test_who_logs_in_and_allows_diagnostics_may_go_on(python: Callable[[str], str]) -> None:
    printed = python(
        """
        from azureml.core import Workspace
        from azureml.core.authentication import InteractiveLoginAuthentication
        from azureml.core.authentication import ServicePrincipalAuthentication
        from azureml.telemetry import set_diagnostics_collection
        set_diagnostics_collection(send_diagnostics=True)
        auth = ServicePrincipalAuthentication(tenant_id="t", service_principal_password="p")
        print(vars(auth), Workspace.from_config(auth=InteractiveLoginAuthentication()).location)
        """
    )

    assert printed == "{} local\n"


def test_what_is_not_there_at_all_says_so_and_a_search_finds_nothing(
    python: Callable[[str], str],
) -> None:
    printed = python(
        """
        from importlib.util import find_spec
        import azureml.core
        print([find_spec(f"azureml.{name}") for name in ("mlflow", "nonsense", "core.nonsense")])
        for name in ("azureml.mlflow", "azureml.nonsense.core", "azureml.core.nonsense"):
            try:
                __import__(name)
            except ModuleNotFoundError as error:
                print(error.name, error)
        """
    )

    first, *lines = printed.splitlines()
    assert first == "[None, None, None]"
    assert [line.split()[0] for line in lines] == [
        *("azureml.mlflow", "azureml.nonsense", "azureml.core.nonsense")
    ]
    assert all("docs/azureml-compatibility.md" in line for line in lines)


# Errors


def test_the_originals_names_catch_what_homerun_raises(python: Callable[[str], str]) -> None:
    printed = python(
        """
        from azureml.core import Experiment, Run, ScriptRunConfig, Workspace
        from azureml import exceptions as e

        def caught(kind, act, *args, **kwargs):
            try:
                act(*args, **kwargs)
            except kind as error:
                assert isinstance(error, e.AzureMLException)
                print(kind.__name__, error.message)

        open("a.txt", "w").write("text")
        ws = Workspace.create("here")
        exp = Experiment(ws, "hello")
        run = exp.start_logging(outputs=False, snapshot_directory=None)
        caught(e.UserErrorException, run.log, "loss", [1])
        caught(e.UserErrorException, Experiment, ws, "a bad name")
        caught(e.UserErrorException, run.tag, 5)
        caught(e.ServiceException, Run, exp, "nothing")
        caught(e.ServiceException, run.add_properties, {"a": 1}) ; run.add_properties({"a": 1})
        caught(e.ServiceException, run.add_properties, {"a": 2})
        caught(e.WorkspaceException, Workspace.create, "here")
        caught(e.RunEnvironmentException, Run.get_context, allow_offline=False)
        caught(e.ExperimentExecutionException, exp.submit, ScriptRunConfig(".", "none.py"))
        failing = ScriptRunConfig(".", command=["sh", "-c", "exit 3"])
        caught(e.ActivityFailedException, exp.submit(failing).wait_for_completion)
        run.upload_file("a.txt", "a.txt")
        open("a.txt", "w").write("other")
        caught(e.AzureMLAggregatedException, run.upload_file, "a.txt", "a.txt")
        caught(e.UserErrorException, run.download_file, "b.txt")
        run.complete()
        """
    )

    kinds = [line.split()[0] for line in printed.splitlines() if not line.startswith(" ")]
    assert kinds == [
        *("MisuseError", "MisuseError", "MisuseError", "StoreError", "StoreError"),
        *("WorkspaceError", "RunEnvironmentError", "SubmitError", "RunFailed"),
        *("AggregatedError", "MisuseError"),
    ]


def test_errors_print_in_the_originals_form_once_its_names_are_loaded(
    python: Callable[[str], str],
) -> None:
    printed = python(
        """
        import homerun, runstore
        plain = runstore.RunNotFound("x")
        assert str(plain) == plain.message
        from azureml.exceptions import ComputeTargetException, UserErrorException
        class Own(UserErrorException):
            def __init__(self, text): self.text = text  # and not its base's
        kept = UserErrorException("bad \\"text\\"", inner_exception=ValueError("why"))
        print(kept)
        kinds = (plain, Own("x"), homerun.SubmitError("x"), ComputeTargetException("x"))
        print([str(error).splitlines()[0] for error in kinds])
        print(plain.message == repr(plain)[13:-2], str(plain).count("UserError"))
        """
    )

    assert printed.splitlines() == [
        "UserErrorException:",
        '\tMessage: bad "text"',
        "\tInnerException why",
        "\tErrorResponse ",
        "{",
        '    "error": {',
        '        "code": "UserError",',
        '        "message": "bad \\"text\\""',
        "    }",
        "}",
        "['ServiceException:', 'Own:', 'ExperimentExecutionException:', 'ComputeTargetException:']",
        "True 0",
    ]


def test_every_error_of_the_original_is_raised_and_pickled_as_there(
    python: Callable[[str], str],
) -> None:
    printed = python(
        """
        import pickle
        from azureml import exceptions
        kinds = [k for k in vars(exceptions).values() if isinstance(k, type)]
        own = [k for k in kinds if k.__module__ == "azureml.exceptions"]
        for kind in (*own, exceptions.AzureMLException, exceptions.AzureMLAggregatedException):
            error = kind("text", inner_exception=ValueError("why"))
            twin = pickle.loads(pickle.dumps(error))
            assert (type(twin), str(twin), twin.message) == (kind, str(error), "text")
            assert repr(twin.inner_exception) == "ValueError('why')"
        several = exceptions.AzureMLAggregatedException([ValueError("one"), ValueError("two")])
        print(len(own), several.message.split("\\n"))
        failed = exceptions.WebserviceException("text", status_code=404)
        print(failed.status_code, failed.message)
        """
    )

    assert printed == "8 ['one', 'two']\n404 text\n"


def test_a_failed_script_names_the_error_in_one_line(
    workspace_dir: Path, script: Callable[..., Path]
) -> None:
    script(
        "train.py",
        """
        from azureml.core import Run
        from azureml.exceptions import UserErrorException
        run = Run.get_context()
        try:
            run.log("loss", [1, 2])
        except UserErrorException as error:
            run.fail(error)
        """,
    )

    run = Experiment(Workspace.from_config(), "e").submit(ScriptRunConfig("source", "train.py"))
    message = run.wait_for_completion(raise_on_error=False)["error"]["error"]["message"]

    assert "takes one value" in message.splitlines()[0]


# Inside a run, in any Python


def test_a_script_of_the_original_runs_in_an_interpreter_that_has_nothing_installed(
    workspace_dir: Path, script: Callable[..., Path], interpreter: Interpreter
) -> None:
    script(
        "train.py",
        """
        import importlib.util, sys
        import azureml.core
        from azureml.core import Experiment, Run, ScriptRunConfig, Workspace
        from azureml.core.run import _OfflineRun, _SubmittedRun
        run = Run.get_context(allow_offline=False)
        run.log("minor", sys.version_info[1])
        run.log_list("loss", [0.5, 0.25])
        run.tag("quality", "good")
        run.add_properties({"author": "azureml-user"})
        run.upload_file("models/notes.txt", "notes.txt")
        child = run.submit_child(ScriptRunConfig(".", "child.py"))
        child.wait_for_completion()
        print(isinstance(run, _SubmittedRun), isinstance(run, _OfflineRun))
        print(importlib.util.find_spec("azureml.mlflow"))
        try:
            import azureml.mlflow
        except ModuleNotFoundError as error:
            print(str(error).partition(":")[0])
        print(run.experiment.workspace.name)
        """,
    )
    script("notes.txt", "kept")
    script("child.py", "from azureml.core.run import Run; Run.get_context().log('child', 1)")

    run = Experiment(Workspace.create("home"), "any").submit(
        ScriptRunConfig("source", "train.py", interpreter=interpreter.path)
    )
    run.wait_for_completion()
    (child,) = run.get_children()

    assert run.get_metrics() == {"minor": interpreter.version[1], "loss": [0.5, 0.25]}
    assert (run.tags, run.properties) == ({"quality": "good"}, {"author": "azureml-user"})
    assert child.get_metrics() == {"child": 1}
    assert "models/notes.txt" in run.get_file_names()
    assert b"".join(run.stream()).decode().splitlines() == [
        "True False",
        "None",
        "homerun has no azureml.mlflow",
        "home",
    ]


def test_names_of_files_that_import_from_odd_places_are_homeruns_own(
    python: Callable[[str], str],
) -> None:
    printed = python(
        """
        import homerun
        from azureml.core.workspace import Dataset, Workspace
        from azureml.data.datapath import DataPath
        from azureml.data import OutputFileDatasetConfig
        from azureml.data.dataset_factory import TabularDatasetFactory
        from azureml.exceptions._azureml_exception import UserErrorException
        from azureml.train.estimator import Estimator
        from azureml.train.sklearn import SKLearn
        from azureml.train.dnn import PyTorch, TensorFlow, Chainer, Mpi
        print(Dataset is homerun.Dataset, DataPath is homerun.DataPath)
        print(TabularDatasetFactory is Dataset.Tabular, UserErrorException.__name__)
        print(all(issubclass(one, Estimator) for one in (SKLearn, PyTorch, TensorFlow, Chainer)))
        print(Mpi is homerun.MpiConfiguration, Estimator is homerun.Estimator)
        """
    )

    assert printed.splitlines() == ["True True", "True MisuseError", "True", "True True"]


def test_what_others_have_installed_below_that_name_can_be_imported(
    workspace_dir: Path, tmp_path: Path
) -> None:
    package = tmp_path / "site/azureml/dataprep"
    package.mkdir(parents=True)
    (package / "__init__.py").write_text("from azureml.dataprep.inner import x")
    (package / "inner.py").write_text("x = 1")

    done = subprocess.run(
        [sys.executable, "-c", "import azureml.core; from azureml.dataprep import x; print(x)"],
        env={"PYTHONPATH": f"{folder()}:{tmp_path / 'site'}"},
        capture_output=True,
        text=True,
    )

    assert (done.stdout, done.stderr) == ("1\n", "")
