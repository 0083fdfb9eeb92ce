"""The parts of an environment, each with fields of its own."""

from __future__ import annotations

from homerun.base import checks
from homerun.config import fields
from homerun.config.fields import Fields
from homerun.environments.conda import CondaDependencies, conda_dependencies
from homerun.environments.recipe import OWN_PYTHON

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any


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
        "enabled": (checks.flag, False),
        "base_image": (fields.text, None),
        "base_dockerfile": (fields.text, None),
        "build_context": (fields.anything, None),
        "shared_volumes": (checks.flag, True),
        "gpu_support": (checks.flag, False),
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
        "user_managed_dependencies": (checks.flag, False),
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
        "precache_packages": (checks.flag, True),
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
