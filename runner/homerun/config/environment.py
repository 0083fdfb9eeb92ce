"""An environment: the interpreter, the packages and the variables that a script runs with."""

from __future__ import annotations

import copy
import os

from homerun.base.errors import Absent, UserError
from homerun.config import fields
from homerun.config.fields import Fields
from homerun.environments.conda import CondaDependencies, conda_dependencies

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Mapping
    from typing import Any

    from homerun.sdk.workspace import Workspace

FILE = "azureml_environment.json"
_NO_IMAGE = "nothing runs in a container; give packages, or an interpreter"
_NO_BUILD = "an environment is made when a run needs it"
_CONDA_FILE = "conda_dependencies.yml"
OWN_PYTHON = "python"
"""The interpreter path that means no certain one."""


class BaseImageRegistry(Fields):
    """Where an image comes from; it has no meaning here."""

    address: str | None
    username: str | None
    password: str | None
    registry_identity: object
    _fields = {
        "address": (fields.text, None),
        "username": (fields.text, None),
        "password": (fields.text, None),
        "registry_identity": (fields.anything, None),
    }


class Platform(Fields):
    """What an image is for; it has no meaning here."""

    os: str | None
    architecture: str | None
    _fields = {"os": (fields.text, "Linux"), "architecture": (fields.text, "amd64")}


class DockerSection(Fields):
    """An image to run in; it has no meaning here."""

    enabled: bool
    base_image: str | None
    base_dockerfile: str | None
    build_context: object
    shared_volumes: bool
    gpu_support: bool
    shm_size: str | None
    arguments: list[Any]
    base_image_registry: BaseImageRegistry
    platform: Platform
    _fields = {
        "enabled": (fields.flag, False),
        "base_image": (fields.text, None),
        "base_dockerfile": (fields.text, None),
        "build_context": (fields.anything, None),
        "shared_volumes": (fields.flag, True),
        "gpu_support": (fields.flag, False),
        "shm_size": (fields.text, "2g"),
        "arguments": (fields.words, []),
        "base_image_registry": (BaseImageRegistry, None),
        "platform": (Platform, None),
    }


class PythonSection(Fields):
    """The interpreter, and the packages that it needs."""

    interpreter_path: str | None
    user_managed_dependencies: bool
    conda_dependencies: CondaDependencies
    conda_dependencies_file: str | None
    base_conda_environment: str | None
    _fields = {
        "user_managed_dependencies": (fields.flag, False),
        "interpreter_path": (fields.text, OWN_PYTHON),
        "conda_dependencies_file": (fields.text, None),
        "base_conda_environment": (fields.text, None),
        "conda_dependencies": (conda_dependencies, None),
    }

    def __init__(self, *values: Any, **given: Any) -> None:
        super().__init__(*values, **{"conda_dependencies": CondaDependencies(), **given})


class SparkSection(Fields):
    """Packages of Spark; they have no meaning here."""

    repositories: list[Any]
    packages: list[Any]
    precache_packages: bool
    _fields = {
        "repositories": (fields.anything, []),
        "packages": (fields.anything, []),
        "precache_packages": (fields.flag, True),
    }


class DatabricksSection(Fields):
    """Libraries of Databricks; they have no meaning here."""

    maven_libraries: list[Any]
    pypi_libraries: list[Any]
    rcran_libraries: list[Any]
    jar_libraries: list[Any]
    egg_libraries: list[Any]
    _fields = {
        "maven_libraries": (fields.anything, []),
        "pypi_libraries": (fields.anything, []),
        "rcran_libraries": (fields.anything, []),
        "jar_libraries": (fields.anything, []),
        "egg_libraries": (fields.anything, []),
    }


class Environment(Fields, Absent):
    """What a script runs with, under a name.

    Raises:
        TypeError: the name is no text.
    """

    _absent_from = "Environment"
    _absent = {
        "from_existing_conda_environment": "give its interpreter as python.interpreter_path",
        "from_docker_image": _NO_IMAGE,
        "from_dockerfile": _NO_IMAGE,
        "from_docker_build_context": _NO_IMAGE,
        "build": _NO_BUILD,
        "build_local": _NO_BUILD,
        "get_image_details": _NO_IMAGE,
    }

    name: str | None
    version: str | None
    environment_variables: dict[str, str]
    python: PythonSection
    docker: DockerSection
    spark: SparkSection
    databricks: DatabricksSection
    r: object
    inferencing_stack_version: str | None
    asset_id: str | None
    _fields = {
        "name": (fields.text, None),
        "version": (fields.label, None),
        "environment_variables": (fields.variables, {"EXAMPLE_ENV_VAR": "EXAMPLE_VALUE"}),
        "python": (PythonSection, None),
        "docker": (DockerSection, None),
        "spark": (SparkSection, None),
        "databricks": (DatabricksSection, None),
        "r": (fields.anything, None),
        "inferencing_stack_version": (fields.label, None),
        "asset_id": (fields.text, None),
    }

    def __init__(self, name: str = "default-environment", **given: Any) -> None:
        if not isinstance(name, str):
            raise TypeError(f"an environment's name is a text, not {type(name).__name__}")
        super().__init__(name=name, **given)

    @staticmethod
    def from_pip_requirements(
        name: str, file_path: str | os.PathLike[str], pip_version: str | None = None
    ) -> Environment:
        """An environment with the packages of a requirements file.

        Args:
            pip_version: accepted; the packages are installed by what this machine has.

        Raises:
            UserError: the file, or one that it names, cannot be read.
        """
        from homerun.environments import requirements

        made = Environment(name)
        lines = requirements.read(os.path.expanduser(os.fspath(file_path)))
        said: dict[str, Any] = {"name": "project_environment", "dependencies": [{"pip": lines}]}
        made.python.conda_dependencies = CondaDependencies.of(said)
        return made

    @staticmethod
    def from_conda_specification(name: str, file_path: str | os.PathLike[str]) -> Environment:
        """An environment with the packages of a conda environment file.

        Raises:
            UserError: the file cannot be read, or is no such file.
        """
        made = Environment(name)
        made.python.conda_dependencies = CondaDependencies(file_path)
        return made

    @staticmethod
    def get(
        workspace: Workspace, name: str, version: str | None = None, label: str | None = None
    ) -> Environment:
        """A registered environment.

        Args:
            version: None: the latest.
            label: `latest`, and not together with a version.

        Raises:
            UserError: there is none.
        """
        from homerun.environments import registry

        if label is not None and (version is not None or label.lower() != "latest"):
            raise UserError("give a version, or label='latest', or neither")
        return registry.get(workspace.store, name, None if version is None else str(version))

    @staticmethod
    def list(workspace: Workspace) -> Mapping[str, Environment]:
        """The registered environments by name, each in its latest version."""
        from homerun.environments import registry

        return registry.latest(workspace.store)

    def register(self, workspace: Workspace) -> Environment:
        """Keep the environment in the workspace; the one that is kept, with its version.

        What is there already in this form keeps its version; else it is one more than the last.

        Raises:
            UserError: it has no name.
            StoreError: the store cannot be written.
        """
        from homerun.environments import registry

        return registry.register(workspace.store, self)

    def clone(self, new_name: str) -> Environment:
        """A copy under another name, without a version."""
        made = copy.deepcopy(self)
        made.name, made.version = new_name, None
        return made

    def save_to_directory(self, path: str | os.PathLike[str], overwrite: bool = False) -> None:
        """Write the environment into a folder, as `load_from_directory` reads it.

        Raises:
            UserError: there is something already, and `overwrite` is not given; or it cannot be
                written.
        """
        import json

        from homerun.base import yaml_files

        folder = os.path.expanduser(os.fspath(path))
        if os.path.exists(folder) and not overwrite:
            raise UserError(f"{folder} is there already; give overwrite=True to write into it")
        said = self.to_dict()
        said["python"].pop("condaDependencies")
        try:
            os.makedirs(folder, exist_ok=True)
        except OSError as error:
            raise UserError(f"{folder} cannot be made ({error.strerror})") from error
        self.python.conda_dependencies.save(os.path.join(folder, _CONDA_FILE))
        yaml_files.write(os.path.join(folder, FILE), json.dumps(said, indent=4) + "\n")

    @staticmethod
    def load_from_directory(path: str | os.PathLike[str]) -> Environment:
        """The environment that `save_to_directory` wrote, or the original's.

        Raises:
            UserError: there is none.
        """
        from homerun.base import yaml_files

        folder = os.path.expanduser(os.fspath(path))
        made = Environment()
        made.fill(yaml_files.read(os.path.join(folder, FILE)))
        conda = os.path.join(folder, _CONDA_FILE)
        if os.path.exists(conda):
            made.python.conda_dependencies = CondaDependencies(conda)
        return made

    def fill(self, said: Mapping[Any, Any]) -> list[str]:  # type: ignore[valid-type]
        """As for any part; an environment that a file gives no name has none."""
        if not any(str(key).lower() == "name" for key in said):
            self.name = None
        return super().fill(said)

    def __str__(self) -> str:
        return f"Environment(Name: {self.name},\nVersion: {self.version})"
