"""What the original has and a machine of one's own has no use for: it can be imported.

So a file that imports more than it uses runs unchanged. Using such a thing says, in a sentence,
what to do instead.
"""

from __future__ import annotations

from importlib.machinery import ModuleSpec

from homerun.base.errors import NotHere

TYPE_CHECKING = False
if TYPE_CHECKING:
    from types import ModuleType

    from runstore.errors import BaseError

_DATA = "is of the cloud; see Dataset.File, Dataset.Tabular and `homerun datastore add`"
_MODELS = "is of the cloud; save models below outputs/, and load them from the run's folder"
_SWEEPS = "is not there; submit a run for each set of parameters, as children: run.submit_child"
_ESTIMATORS = (
    "is not there; give distributed_training=PyTorchConfiguration(…), or submit a ScriptRunConfig"
)
_AUTO = "is of the cloud; search in a script of your own, and log each try as a child run"
_STEPS = "is not there; submit the steps one after the other, as children: run.submit_child"
_OPEN = "is of the cloud; download such data once, and name its files in a Dataset"
_LOOKS = "is not there; Tensorboard(runs).start() shows event files and scalars of runs"
_EXPLAINS = "is of the cloud; use interpret or shap itself, and upload what it gives"
_CLOUD = "is of the cloud and has no meaning on your own machine; leave it out"

MODULES = {
    "azureml._base_sdk_common": _CLOUD,
    "azureml._restclient.models": _CLOUD,
    "azureml._restclient.snapshots_client": _CLOUD,
    "azureml.contrib": _CLOUD,
    "azureml.core.container_registry": _CLOUD,
    "azureml.core.databricks": _CLOUD,
    "azureml.core.dataset": _DATA,
    "azureml.core.datastore": _DATA,
    "azureml.core.image": _MODELS,
    "azureml.core.keyvault": _CLOUD,
    "azureml.core.linked_service": _CLOUD,
    "azureml.core.logging": _CLOUD,
    "azureml.core.private_endpoint": _CLOUD,
    "azureml.core.resource_configuration": _CLOUD,
    "azureml.core.webservice": _MODELS,
    "azureml.data": _DATA,
    "azureml.data.abstract_dataset": _DATA,
    "azureml.data.azure_storage_datastore": _DATA,
    "azureml.data.constants": _DATA,
    "azureml.data.data_reference": _DATA,
    "azureml.data.dataset_type_definitions": _DATA,
    "azureml.data.datapath": _DATA,
    "azureml.data.dataset_consumption_config": _DATA,
    "azureml.data.dataset_factory": _DATA,
    "azureml.data.file_dataset": _DATA,
    "azureml.data.output_dataset_config": _DATA,
    "azureml.data.sql_data_reference": _DATA,
    "azureml.data.tabular_dataset": _DATA,
    "azureml.interpret": _EXPLAINS,
    "azureml.opendatasets": _OPEN,
    "azureml.pipeline": _STEPS,
    "azureml.tensorboard": _LOOKS,
    "azureml.train": _SWEEPS,
    "azureml.train.automl": _AUTO,
    "azureml.train.dnn": _ESTIMATORS,
    "azureml.train.estimator": _ESTIMATORS,
    "azureml.train.hyperdrive": _SWEEPS,
    "azureml.train.hyperdrive.parameter_expressions": _SWEEPS,
    "azureml.train.hyperdrive.policy": _SWEEPS,
    "azureml.train.hyperdrive.run": _SWEEPS,
    "azureml.train.hyperdrive.runconfig": _SWEEPS,
    "azureml.train.hyperdrive.sampling": _SWEEPS,
    "azureml.train.sklearn": _ESTIMATORS,
}
"""Each with what a sentence about one of its names says; every public name can be imported."""

WITH_PARTS = (
    *("azureml._base_sdk_common", "azureml._restclient.models", "azureml.contrib"),
    *("azureml.interpret", "azureml.opendatasets", "azureml.pipeline", "azureml.tensorboard"),
    "azureml.train.automl",
)
"""Those below which any module can be imported, and says the same."""


_DATASET = "homerun.sdk.azure.dataset"
_INPUTS = "homerun.sdk.azure.dataset_inputs"
_STORES = "homerun.sdk.azure.datastore"
_TABLES = "homerun.assets.tables"
_TRAIN = "homerun.sdk.azure.estimator"

HOMES: dict[str, dict[str, tuple[str, str]]] = {
    "azureml.core.dataset": {"Dataset": (_DATASET, "Dataset")},
    "azureml.core.keyvault": {"Keyvault": ("homerun.sdk.azure.keyvault", "Keyvault")},
    "azureml.core.datastore": {"Datastore": (_STORES, "Datastore")},
    "azureml.data": {
        "DataType": (_TABLES, "DataType"),
        "FileDataset": (_DATASET, "FileDataset"),
        "OutputFileDatasetConfig": (_INPUTS, "OutputFileDatasetConfig"),
        "TabularDataset": (_DATASET, "TabularDataset"),
    },
    "azureml.data.abstract_dataset": {"AbstractDataset": (_DATASET, "Dataset")},
    "azureml.data.azure_storage_datastore": {
        "AbstractAzureStorageDatastore": (_STORES, "Datastore"),
        "AzureBlobDatastore": (_STORES, "Datastore"),
        "AzureFileDatastore": (_STORES, "Datastore"),
    },
    "azureml.data.data_reference": {"DataReference": (_STORES, "DataReference")},
    "azureml.data.datapath": {"DataPath": (_STORES, "DataPath")},
    "azureml.data.dataset_consumption_config": {
        "DatasetConsumptionConfig": (_INPUTS, "DatasetConsumptionConfig")
    },
    "azureml.data.dataset_factory": {
        "DataType": (_TABLES, "DataType"),
        "FileDatasetFactory": (_DATASET, "FileFactory"),
        "TabularDatasetFactory": (_DATASET, "TabularFactory"),
    },
    "azureml.data.dataset_type_definitions": {
        "PromoteHeadersBehavior": (_TABLES, "PromoteHeadersBehavior")
    },
    "azureml.data.file_dataset": {"FileDataset": (_DATASET, "FileDataset")},
    "azureml.data.output_dataset_config": {
        "OutputFileDatasetConfig": (_INPUTS, "OutputFileDatasetConfig")
    },
    "azureml.tensorboard": {"Tensorboard": ("homerun.sdk.azure.tensorboard", "Tensorboard")},
    "azureml.train.dnn": {
        "Chainer": (_TRAIN, "Chainer"),
        "PyTorch": (_TRAIN, "PyTorch"),
        "TensorFlow": (_TRAIN, "TensorFlow"),
        "Mpi": ("homerun.config.sections", "MpiConfiguration"),
    },
    "azureml.train.estimator": {
        "Estimator": (_TRAIN, "Estimator"),
        "Mpi": ("homerun.config.sections", "MpiConfiguration"),
    },
    "azureml.train.sklearn": {"SKLearn": (_TRAIN, "SKLearn")},
    "azureml.data.tabular_dataset": {"TabularDataset": (_DATASET, "TabularDataset")},
}
"""The names of these modules that are homerun's own: where each is."""


def find_spec(name: str) -> ModuleSpec | None:
    """How to load such a module; None for a name that is not one of them."""
    if _advice(name) is None:
        return None
    has_parts = _is_below(name) or any(other.startswith(f"{name}.") for other in MODULES)
    return ModuleSpec(name, _Loader(), is_package=has_parts)  # type: ignore[arg-type]


def _is_below(name: str) -> bool:
    return any(name == one or name.startswith(f"{one}.") for one in WITH_PARTS)


def _advice(name: str) -> str | None:
    """What a sentence about a name of a module says; None: it is none of these modules."""
    if name in MODULES or not _is_below(name):
        return MODULES.get(name)
    return next(MODULES[one] for one in WITH_PARTS if name.startswith(f"{one}."))


def named(module: str, name: str, advice: str, refusal: type[BaseError] | None = None) -> type:
    """A class to be imported under that name.

    Args:
        advice: the rest of the sentence that begins with the name.
        refusal: what calling it raises.

    Raises:
        AttributeError: the name is none that people import.
    """
    if name.startswith("_"):
        raise AttributeError(f"module {module!r} has no attribute {name!r}")
    told = f"{module}.{name} {advice}"
    return Unusable(name, (), {"__module__": module, "_told": told, "_refusal": refusal or NotHere})


class Unusable(type):
    """What a class, or a function, is instead: calling it, or looking into it, is refused."""

    _told: str
    _refusal: type[BaseError]

    def __call__(cls, *args: object, **kwargs: object) -> object:
        raise cls._refusal(cls._told)

    def __getattr__(cls, name: str) -> object:
        if name.startswith("_"):  # a look at what kind of thing it is
            raise AttributeError(name)
        raise NotHere(cls._told)


class _Loader:
    def create_module(self, spec: ModuleSpec) -> None:
        """As any other module is made."""

    def exec_module(self, module: ModuleType) -> None:
        """Let it have whatever is asked for."""
        own = module.__name__

        def find(name: str) -> object:
            home = HOMES.get(own, {}).get(name)
            found: object = (
                getattr(__import__(home[0], fromlist=[home[1]]), home[1])
                if home
                else named(own, name, _advice(own) or _CLOUD)
            )
            setattr(module, name, found)
            return found

        module.__getattr__ = find  # type: ignore[method-assign]
