"""The files of run configurations: where they lie, and what older versions wrote into them."""

from __future__ import annotations

import os

from homerun.base import yaml_files
from homerun.base.errors import MissingPath, UserError
from homerun.environments.conda import FILE as CONDA_FILE
from homerun.environments.conda import CondaDependencies
from runstore import layout

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any

SUFFIX = ".runconfig"
FOLDER, OLD_FOLDER = layout.CONFIG_FOLDERS
_JSON = ".json"
_SUFFIXES = (SUFFIX, ".yml", ".yaml", _JSON)
_ENVIRONMENT_FILE = "environment.yml"

_PYTHON = "python"
_ENVIRONMENT = "environment"
_OF_PYTHON = {
    "condadependenciesfile": "condaDependenciesFile",
    "condadependencies": "condaDependencies",
    "usermanageddependencies": "userManagedDependencies",
    "interpreterpath": "interpreterPath",
}
"""What files without an environment have at the top."""

_ENABLED = "enabled"
_FILE_ITSELF = "$file"


def find(path: str, name: str | None) -> tuple[str, str]:
    """The file of a configuration, and the folder that its paths are relative to.

    Args:
        path: the file, or a folder that a file of that name belongs to.

    Raises:
        UserError: there is no such file.
    """
    if os.path.isfile(path):
        return path, _root(path)
    wanted = name or ""
    places = [
        os.path.join(path, folder, wanted + suffix)
        for folder in (OLD_FOLDER, FOLDER)
        for suffix in ("", SUFFIX)
    ]
    for file in (*places, os.path.join(path, wanted + SUFFIX), os.path.join(path, wanted)):
        if wanted and os.path.isfile(file):
            return file, path
    if name is None:
        raise UserError(f"there is no file {path}; give a name to look for it in a folder")
    told = f"there is no run configuration {name!r} in {os.path.abspath(path)}"
    known = _known(path)
    raise UserError(f"{told}; there are {', '.join(known)}" if known else told)


def read(file: str, root: str) -> dict[Any, Any]:
    """What a file says, with the keys of older versions where they are now.

    Raises:
        UserError: it, or the file of its environment, cannot be understood.
    """
    said = _modern(yaml_files.read(file))
    for key in said:
        if _letters(key) == _ENVIRONMENT and isinstance(said[key], str):
            said[key] = yaml_files.read(os.path.join(root, said[key]))
    return said


def packages(named: str | None, file: str, root: str, is_needed: bool) -> CondaDependencies | None:
    """The packages of a file of their own; None: there is none.

    Args:
        named: its path, relative to the folder of the project or to that of the configuration.

    Raises:
        UserError: it is needed and not there, or cannot be understood.
    """
    if not named:
        return None
    for home in (root, os.path.dirname(file)):
        path = os.path.join(home, os.path.expanduser(named))
        if os.path.isfile(path):
            return CondaDependencies(path)
    if is_needed:
        raise UserError(f"{file} names the packages' file {named}, which is not in {root}")
    return None


def write(
    file: str,
    root: str,
    said: dict[str, Any],
    packages: CondaDependencies,
    separate_environment: bool,
) -> None:
    """Write what a configuration says, and its packages into another file beside it.

    Raises:
        UserError: a file cannot be written.
    """
    folder = os.path.dirname(file)
    try:
        os.makedirs(folder, exist_ok=True)
    except OSError as error:
        raise UserError(f"{folder} cannot be made ({error.strerror})") from error
    python = said[_ENVIRONMENT][_PYTHON]
    del python["condaDependencies"]
    conda = _conda_path(packages, python["condaDependenciesFile"], file, root)
    packages.save(conda)
    python["condaDependenciesFile"] = os.path.relpath(conda, root)
    if separate_environment:
        apart = os.path.join(folder, _ENVIRONMENT_FILE)
        yaml_files.write(apart, yaml_files.dump(said[_ENVIRONMENT]))
        said[_ENVIRONMENT] = os.path.relpath(apart, root)
    yaml_files.write(file, _text(said, file))


def delete(path: str, name: str) -> None:
    """Remove the file of a configuration; see `RunConfiguration.delete`.

    Raises:
        UserError: there is none, or it cannot be removed.
    """
    found = [
        os.path.join(path, folder, one)
        for folder in (FOLDER, OLD_FOLDER)
        for one in (name, f"{name}{SUFFIX}")
        if os.path.isfile(os.path.join(path, folder, one))
    ]
    if not found:
        raise UserError(f"there is no run configuration {name!r} in {path}")
    for file in found:
        try:
            os.unlink(file)
        except OSError as error:
            raise UserError(f"{file} cannot be removed ({error.strerror})") from error


def _known(path: str) -> list[str]:
    found: set[str] = set()
    for folder in (os.path.join(path, OLD_FOLDER), os.path.join(path, FOLDER), path):
        if os.path.isdir(folder):
            found.update(stem(one) for one in os.listdir(folder) if one.endswith(SUFFIX))
    return sorted(found)


def _root(file: str) -> str:
    folder = os.path.dirname(os.path.abspath(file))
    if os.path.basename(folder) in (FOLDER, OLD_FOLDER):
        return os.path.dirname(folder)
    return folder


def place(path: str, name: str | None, known_as: str | None) -> tuple[str, str]:
    """The file to write, and the folder that its paths are relative to.

    Args:
        path: the file, or a folder.
        name: the name that was asked for; None: the one that it has.

    Raises:
        MissingPath: the folder is not there.
        UserError: there is no name.
    """
    wanted = name or known_as
    if os.path.isdir(path):
        if not wanted:
            raise UserError("a run configuration needs a name to be saved: save(name='local')")
        old = os.path.isdir(os.path.join(path, OLD_FOLDER))
        folder = os.path.join(path, OLD_FOLDER if old else FOLDER)
        suffix = "" if wanted.endswith(_SUFFIXES) else SUFFIX
        return os.path.join(folder, wanted + suffix), path
    if os.path.isfile(path) or (name is None and path.endswith(_SUFFIXES) and _parent(path)):
        return path, _root(path)
    raise MissingPath(f"there is no folder {path}; make it first")


def _parent(path: str) -> bool:
    return os.path.isdir(os.path.dirname(path) or ".")


def stem(file: str) -> str:
    """The name of the configuration in a file."""
    name = os.path.basename(file)
    for suffix in _SUFFIXES:
        if name.endswith(suffix):
            return name[: -len(suffix)]
    return name


def _text(said: dict[str, Any], file: str) -> str:
    if not file.endswith(_JSON):
        return yaml_files.dump(said)
    import json

    return json.dumps(said, indent=4) + "\n"


def _conda_path(packages: CondaDependencies, named: str | None, file: str, root: str) -> str:
    """Where packages go: not over those of another configuration."""
    folder = os.path.dirname(file)
    own = os.path.join(folder, f"{stem(file)}_{CONDA_FILE}")
    usual = os.path.join(folder, CONDA_FILE)
    if named and os.path.normpath(os.path.join(root, named)) == os.path.normpath(own):
        return own
    try:
        is_free = not os.path.exists(usual) or CondaDependencies(usual) == packages
    except UserError:
        is_free = False
    return usual if is_free else own


def _modern(said: dict[str, Any]) -> dict[Any, Any]:
    """What a file says, with the keys of older versions where they are now."""
    found = {_letters(key): value for key, value in said.items()}
    made = {key: value for key, value in said.items() if _letters(key) not in _LEGACY}
    if "argumentvector" in found:
        words: list[Any] = list(found["argumentvector"] or [])
        made["arguments"] = words[1:]
        made["script"] = None if words[:1] in ([], [_FILE_ITSELF]) else words[0]
    if "trackedrun" in found and "history" not in found:
        made["history"] = {"outputCollection": bool(found["trackedrun"])}
    if _ENVIRONMENT not in found:
        python = dict(found.get(_PYTHON) or {})
        for key, name in _OF_PYTHON.items():
            if key in found:
                python[name] = found[key]
        made[_ENVIRONMENT] = {"name": "default-environment", _PYTHON: python}
    docker = found.get("docker")
    if isinstance(docker, dict):
        made = {key: value for key, value in made.items() if _letters(key) != "docker"}
        made["docker"] = _modern_docker(docker)
    return made


_ALWAYS_SO = ("prepareenvironment", "autoprepareenvironment")
_LEGACY = ("argumentvector", "trackedrun", *_ALWAYS_SO, _PYTHON, *_OF_PYTHON)


def _modern_docker(said: dict[str, Any]) -> dict[str, Any]:
    """The older `docker` was that of the environment, and is on by `enabled`."""
    made = {key: value for key, value in said.items() if _letters(key) in _DOCKER}
    enabled = {_letters(key): value for key, value in said.items()}.get(_ENABLED)
    return made if enabled is None else {**made, "useDocker": enabled}


_DOCKER = ("usedocker", "sharedvolumes", "arguments", "shmsize")


def _letters(key: object) -> str:
    return "".join(c for c in str(key).lower() if c.isalnum())
