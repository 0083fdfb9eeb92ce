"""Registered models under the original's names; `homerun.assets.models` keeps them."""

from __future__ import annotations

from homerun.assets import models
from homerun.base import checks
from homerun.base.errors import Absent
from homerun.base.times import as_datetime
from homerun.config import workspaces
from homerun.sdk import html
from homerun.sdk.azure import dataset
from homerun.sdk.azure.named import Named
from runstore.run import labels

TYPE_CHECKING = False
if TYPE_CHECKING:
    import os
    from collections.abc import Mapping, Sequence
    from datetime import datetime
    from typing import Any

    from homerun import Run, Workspace
    from homerun.assets.models import Wanted
    from homerun.assets.versions import Version
    from runstore.run.record import Record

_SERVICES = "it needs a service of Azure: load the file that get_model_path or download gives"


class Model(Absent):
    """A registered model: files that stay when their run is deleted, under a name and a version.

    Args:
        workspace: where it is registered.
        name: its name, or its id `name:version`.
        id: its id.
        tags, properties: keys, or pairs of a key and its value, that it has to have.
        version: its version; None: the latest that fits.
        run_id: of the run that made it.
        model_framework: what it was registered with.
        original: the original's private arguments; they have no effect.

    Raises:
        ModelNotFound: there is none that fits.
    """

    _absent_from = "Model"
    _absent = {
        "deploy": _SERVICES,
        "package": _SERVICES,
        "profile": _SERVICES,
        "print_configuration": _SERVICES,
        "get_sas_urls": _SERVICES,
        "add_dataset_references": "name its datasets when it is registered: datasets=[…]",
    }

    def __init__(
        self,
        workspace: Workspace,
        name: str | None = None,
        id: str | None = None,
        tags: Wanted = None,
        properties: Wanted = None,
        version: object = None,
        run_id: str | None = None,
        model_framework: str | None = None,
        **original: object,
    ) -> None:
        found = models.only(
            workspace.store,
            name,
            id,
            version,
            tags=tags,
            properties=properties,
            run_id=run_id,
            framework=model_framework,
        )
        self._set(workspace, found)

    def _set(self, workspace: Workspace, version: Version) -> None:
        self.workspace = workspace
        self._version = version

    @classmethod
    def of(cls, workspace: Workspace, version: Version) -> Model:
        """The model of a version that was read."""
        made = cls.__new__(cls)
        made._set(workspace, version)
        return made

    # What it is

    @property
    def name(self) -> str:
        """Its name."""
        return self._version.name

    @property
    def version(self) -> int:
        """Its number, counted from 1."""
        return self._version.number

    @property
    def id(self) -> str:
        """`name:version`."""
        return self._version.id

    @property
    def run_id(self) -> str | None:
        """The id of the run that made it; None: it was registered from files."""
        return self._version.said.get("run_id")

    @property
    def run(self) -> Run | None:
        """The run that made it.

        Raises:
            RunNotFound: it was deleted for good.
        """
        return None if self.run_id is None else self.workspace.get_run(self.run_id)

    @property
    def experiment_name(self) -> str | None:
        """The experiment of that run."""
        return self._version.said.get("experiment_name")

    @property
    def tags(self) -> dict[str, str | None]:
        """The tags as they are now."""
        return self._version.tags

    @property
    def properties(self) -> dict[str, str]:
        """The properties as they are now."""
        return self._version.properties

    @property
    def description(self) -> str | None:
        """The text for people."""
        return self._version.description

    @property
    def created_time(self) -> datetime | None:
        """When it was registered."""
        return as_datetime(self._version.said.get("time"))

    @property
    def created_by(self) -> str | None:
        """The login name of the user who registered it."""
        return self._version.said.get("user")

    @property
    def model_framework(self) -> str | None:
        """What it was registered with, such as `Model.Framework.SCIKITLEARN`."""
        return self._version.said.get("model_framework")

    @property
    def model_framework_version(self) -> str | None:
        """The version of that."""
        return self._version.said.get("model_framework_version")

    @property
    def files(self) -> list[dict[str, Any]]:
        """Its files: the `path`, the `size` in bytes, and the `sha256` of each."""
        return list(self._version.said.get("files") or [])

    @property
    def url(self) -> str:
        """The address of its folder on this machine."""
        return html.address(self._version.files)

    @property
    def datasets(self) -> dict[str, list[Any]]:
        """The datasets that it was made from, by what they were for.

        Raises:
            AssetNotFound: one of them is not kept any more.
        """
        store = self.workspace.store
        found: dict[str, list[Any]] = {}
        for one in self._version.said.get("datasets") or ():
            made = dataset.of_input(store, {**one, "dataset": one.get("name")})
            found.setdefault(str(one.get("purpose")), []).append(made)
        return found

    class Framework:
        """Names for `model_framework`."""

        CUSTOM = "Custom"
        TENSORFLOW = "TensorFlow"
        SCIKITLEARN = "ScikitLearn"
        ONNX = "Onnx"
        PYTORCH = "PyTorch"
        MULTI = "Multi"

    # Finding

    @staticmethod
    def list(
        workspace: Workspace,
        name: str | None = None,
        tags: Wanted = None,
        properties: Wanted = None,
        run_id: str | None = None,
        latest: bool = False,
        dataset_id: str | None = None,
        expand: bool = True,
        page_count: int = 255,
        model_framework: str | None = None,
    ) -> list[Model]:
        """The models for which all conditions hold, by name, the newest version first.

        Args:
            tags, properties: keys that have to be there, or pairs `[key, value]`, or a dict.
            latest: only the newest of each name.
            dataset_id: registered with this dataset.
            expand, page_count: accepted without effect.
        """
        found = models.chosen(
            workspace.store,
            name=name,
            tags=tags,
            properties=properties,
            run_id=run_id,
            framework=model_framework,
            dataset_id=dataset_id,
            latest=latest,
        )
        return [Model.of(workspace, one) for one in found]

    @staticmethod
    def get_model_path(
        model_name: str, version: object = None, _workspace: Workspace | None = None
    ) -> str:
        """The path of a model's file or folder.

        Without a workspace the one here is asked, in a script that of its run; before that, as in
        the original, `azureml-models/` in the current folder.

        Raises:
            ModelNotFound: there is no such model.
            UserError: its files are not there any more.
        """
        store = workspaces.found_here()[0] if _workspace is None else _workspace.store
        return models.path_anywhere(store, model_name, version, is_asked=_workspace is not None)

    # Registering

    @staticmethod
    def register(
        workspace: Workspace,
        model_path: str | os.PathLike[str],
        model_name: str,
        tags: Mapping[str, object] | None = None,
        properties: Mapping[str, object] | None = None,
        description: str | None = None,
        datasets: Sequence[tuple[str, Any]] | None = None,
        model_framework: str | None = None,
        model_framework_version: str | None = None,
        child_paths: Sequence[str] | None = None,
        sample_input_dataset: Any = None,
        sample_output_dataset: Any = None,
        resource_configuration: object = None,
    ) -> Model:
        """Keep a file or a folder of this machine as the next version of a model.

        Args:
            datasets: pairs of a purpose and a dataset.
            child_paths: only these of a folder, relative to it.
            resource_configuration: accepted without effect: nothing is deployed.

        Raises:
            ModelPathNotFound: there is nothing at the path.
            InvalidName: no model can have the name.
            ReadOnlyStore, UserError: it cannot be kept.
        """
        said = models.said_of(
            tags=tags,
            properties=properties,
            description=description,
            datasets=models.references(workspace.store, datasets),
            model_framework=model_framework,
            model_framework_version=model_framework_version,
            sample_input_dataset=models.reference(workspace.store, sample_input_dataset),
            sample_output_dataset=models.reference(workspace.store, sample_output_dataset),
        )
        made = models.register_local(workspace.store, model_name, model_path, said, child_paths)
        return Model.of(workspace, made)

    # Using and changing

    def download(
        self,
        target_dir: str | os.PathLike[str] = ".",
        exist_ok: bool = False,
        exists_ok: bool | None = None,
    ) -> str:
        """Copy the model into a folder, made if need be, each file checked; the path of the copy.

        Args:
            exist_ok: replace what is there; `exists_ok` is its older name.

        Raises:
            UserError: it is there already; or a file is not what was registered.
        """
        return models.download(self._version, target_dir, bool(exist_ok or exists_ok))

    def delete(self) -> None:
        """Remove this version. Its number is never given to another one.

        Raises:
            ModelNotFound: it is gone already.
        """
        self._version.shelf.delete(self._version)

    def update(
        self,
        tags: Mapping[str, object] | None = None,
        description: str | None = None,
        sample_input_dataset: object = None,
        sample_output_dataset: object = None,
        resource_configuration: object = None,
    ) -> None:
        """Set other tags in place of all that it has, or another description.

        Args:
            sample_input_dataset, sample_output_dataset, resource_configuration: accepted; what was
                registered stays.

        Raises:
            ModelNotFound: it was deleted.
        """
        self._version.label(models.replaced(self._version, tags, description))

    def update_tags_properties(
        self,
        add_tags: Mapping[str, object] | None = None,
        remove_tags: Sequence[str] | None = None,
        add_properties: Mapping[str, object] | None = None,
    ) -> None:
        """Add and remove tags, and add properties.

        Raises:
            PropertyExists: a property has another value.
            ModelNotFound: it was deleted.
        """
        if add_tags:
            self.add_tags(add_tags)
        if remove_tags:
            self.remove_tags(remove_tags)
        if add_properties:
            self.add_properties(add_properties)

    def add_tags(self, tags: Mapping[str, object]) -> None:
        """Set tags; the others stay."""
        self._version.label(models.tag_changes(tags))

    def remove_tags(self, tags: Sequence[str]) -> None:
        """Remove tags by their keys; one that is not there is no error."""
        self._version.label([(labels.UNTAG, key, None) for key in checks.keys("remove_tags", tags)])

    def add_properties(self, properties: Mapping[str, object]) -> None:
        """Set properties, each once and for ever.

        Raises:
            PropertyExists: one has another value.
        """
        self._version.add_properties(checks.text_pairs("properties", properties))

    def serialize(self) -> dict[str, Any]:
        """What is known of it, with the original's keys."""
        return models.serialized(self._version)

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Model) and other._version.path == self._version.path

    def __hash__(self) -> int:
        return hash(self._version.path)

    def __repr__(self) -> str:
        return (
            f"Model(workspace={self.workspace!r}, name={self.name}, id={self.id}, "
            f"version={self.version}, tags={self.tags}, properties={self.properties})"
        )


def registered_of_run(
    record: Record, workspace: Workspace, name: str, path: str | None, **said: Any
) -> Model:
    """Register files of a run; see `Run.register_model`."""
    datasets = models.references(workspace.store, said.pop("datasets", None))
    samples: dict[str, Any] = {
        key: models.reference(workspace.store, said.pop(key, None)) for key in models.SAMPLES
    }
    about = models.said_of(datasets=datasets, **samples, **said)
    return Model.of(workspace, models.register_of_run(record, name, path, about))


def latest(workspace: Workspace) -> Named:
    """The latest version of each model, by name."""
    found = models.shelf(workspace.store)
    return Named(((one.name, Model.of(workspace, one)) for one in found.latest()), found.missing)
