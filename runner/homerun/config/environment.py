"""An environment: the interpreter, the packages and the variables that a script runs with."""

from __future__ import annotations

import copy
import os

from homerun.base import checks, masking, messages, yaml_files
from homerun.base.errors import Absent, AssetNotFound, UserError, refusal
from homerun.config import fields
from homerun.config.environment_sections import (
    DatabricksSection,
    DockerSection,
    PythonSection,
    SparkSection,
)
from homerun.config.fields import Fields
from homerun.environments.conda import CondaDependencies
from homerun.environments.recipe import OWN_PYTHON

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping
    from typing import Any, Protocol

    from runstore.store import Store

    class Stored(Protocol):
        """A workspace, as far as environments need one."""

        @property
        def store(self) -> Store: ...


FILE = "azureml_environment.json"
_NO_IMAGE = "nothing runs in a container; give packages, or an interpreter"
_NO_BUILD = "an environment is made when a run needs it"
_WITHOUT_SECRETS = (
    "kept without the secrets in it: in the address of an index write ${NAME} for a variable that "
    "holds one, and give secret variables with each submit"
)
_CONDA_FILE = "conda_dependencies.yml"


class Environment(Fields, Absent):
    """What a script runs with, under a name.

    Raises:
        TypeError: the name is not text.
    """

    _absent_from = "Environment"
    _absent = {
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
        "environment_variables": (checks.variables, {"EXAMPLE_ENV_VAR": "EXAMPLE_VALUE"}),
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
    def from_existing_conda_environment(
        name: str, conda_environment_name: str
    ) -> Environment | None:
        """An environment that is the interpreter of one of conda, as it is; None: there is none."""
        from homerun.environments import conda

        found = conda.interpreter_of(conda_environment_name)
        if found is None:
            return None
        made = Environment(name)
        made.python.user_managed_dependencies = True
        made.python.interpreter_path = found
        return made

    @staticmethod
    def from_docker_image(
        name: str,
        image: str,
        container_registry: object = None,
        conda_specification: str | None = None,
        pip_requirements: str | None = None,
    ) -> Environment:
        """An environment with the packages that are named beside an image, which is not used.

        Args:
            container_registry: accepted without effect.
            conda_specification, pip_requirements: the path of such a file.

        Raises:
            UserError: none is named: nothing runs in a container here; or it cannot be read.
        """
        return _without_image(name, "from_docker_image", conda_specification, pip_requirements)

    @staticmethod
    def from_dockerfile(
        name: str,
        dockerfile: str,
        conda_specification: str | None = None,
        pip_requirements: str | None = None,
    ) -> Environment:
        """The same, for a Dockerfile.

        Raises:
            UserError: as for `from_docker_image`.
        """
        return _without_image(name, "from_dockerfile", conda_specification, pip_requirements)

    @staticmethod
    def get(
        workspace: Stored, name: str, version: str | None = None, label: str | None = None
    ) -> Environment:
        """A registered environment; for the name of one of Azure's own, such as
        `AzureML-sklearn-0.24-…`, one with the same main packages, which a notice names.

        Args:
            version: None: the latest; of Azure's own it has no effect.
            label: `latest`, and not together with a version.

        Raises:
            UserError: there is none.
        """
        if label is not None and (version is not None or label.lower() != "latest"):
            raise UserError("give a version, or label='latest', or neither")
        from homerun.environments import registry

        wanted = None if version is None else str(version)
        if not registry.has(workspace.store, name):
            made = _curated(workspace.store, name)
            if made is not None:
                return made
        return _of(registry.get(workspace.store, name, wanted))

    @staticmethod
    def list(workspace: Stored) -> Mapping[str, Environment]:
        """The registered environments by name, each in its latest version."""
        return registered(workspace.store)

    @staticmethod
    def of_run(run: Mapping[str, Any]) -> Environment:
        """The environment that a run was made with, as far as run.json tells: name and packages."""
        said = run.get("environment") or {}
        made = Environment(str(said.get("name") or "default-environment"))
        made.version = said.get("version")
        packages = said.get("packages") or ()
        made.python.user_managed_dependencies = not packages
        made.python.conda_dependencies = CondaDependencies.create(pip_packages=packages)
        command = run.get("command") or ()
        if command and not packages and str(command[0]).startswith("/"):
            made.python.interpreter_path = str(command[0])
        return made

    def register(self, workspace: Stored) -> Environment:
        """Keep the environment in the workspace; the one that is kept, with its version.

        What is there already in this form keeps its version; else it is one more than the last.
        Secrets, such as the password of an index, are not kept, which is said; the environment that
        is returned has them.

        Raises:
            UserError: it has no name.
            StoreError: the store cannot be written.
        """
        from homerun.environments import registry

        made = self.clone(self.name or "")
        made.asset_id = None
        said = made.to_dict()
        kept = _public(said)
        made.version = registry.register(workspace.store, kept, lambda said: _of(said).to_dict())
        if kept != said:
            messages.tell([f"the environment {self.name!r} is {_WITHOUT_SECRETS}"])
        return made

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


def registered(store: Store) -> dict[str, Environment]:
    """The registered environments of a store by name, each in its latest version."""
    from homerun.environments import registry

    found = {name: _of(said) for name, said in registry.latest(store).items()}
    return Environments(store, found)


class Environments(dict):  # type: ignore[type-arg]
    """Environments by name. A name of Azure's own gives what stands for it; any other that is not
    there says which are.
    """

    def __init__(self, store: Store, found: Mapping[str, Environment]) -> None:
        super().__init__(found)
        self._store = store

    def __missing__(self, name: object) -> Environment:
        made = _curated(self._store, str(name))
        if made is None:
            known = ", ".join(self) or "none"
            told = f"there is no environment {str(name)!r}; registered are {known}"
            raise AssetNotFound(told)
        return made


def _curated(store: Store, name: str) -> Environment | None:
    """What stands for an environment of Azure's own; None: the name is none of theirs."""
    from homerun.assets import curated

    packages = curated.packages_of(store, name)
    if packages is None:
        return None
    curated.tell_once(name, packages)
    made = Environment(name)
    made.python.conda_dependencies = CondaDependencies.create(pip_packages=packages)
    return made


def _without_image(
    name: str, member: str, conda_specification: str | None, pip_requirements: str | None
) -> Environment:
    """An environment with the packages beside an image that is not used."""
    if conda_specification is not None:
        made = Environment.from_conda_specification(name, conda_specification)
    elif pip_requirements is not None:
        made = Environment.from_pip_requirements(name, pip_requirements)
    else:
        raise refusal("Environment", member, _NO_IMAGE)
    messages.tell([f"environment {name!r}: nothing runs in a container; its packages are used"])
    return made


def with_secrets(store: Store) -> Iterator[str]:
    """The files of registered environments that hold secrets: an earlier version kept them."""
    from homerun.environments import registry

    for path, kept in registry.every_version(store):
        try:
            said = _of(kept).to_dict()
        except UserError:
            continue  # it is damaged, and is refused where it is used
        if _public(said) != said:
            yield path


def packages(environment: Environment) -> CondaDependencies | None:
    """The packages that are to be installed for an environment; None: the user sees to them."""
    python = environment.python
    return None if python.user_managed_dependencies else python.conda_dependencies


def interpreter(environment: Environment) -> str | None:
    """The path of the interpreter that an environment names; None: it names no certain one."""
    path = environment.python.interpreter_path
    return None if path in (None, "", OWN_PYTHON) else path


def _public(said: Mapping[str, Any]) -> dict[str, Any]:
    """The fields of an environment without the secrets in them."""
    kept: dict[str, Any] = masking.document(said)
    # What a package is called is no sign of a secret.
    packages = masking.texts(said["python"]["condaDependencies"])
    kept["python"]["condaDependencies"] = packages
    return kept


def _of(said: Mapping[str, Any]) -> Environment:
    """The environment with the fields that a registry keeps."""
    made = Environment()
    made.fill(said)
    return made
