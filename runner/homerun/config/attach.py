"""Attaching a folder to an experiment: its configuration, and samples to begin with."""

from __future__ import annotations

import os

from homerun.base.errors import UserError
from homerun.config import workspace_config
from homerun.config.run_configuration import RunConfiguration
from homerun.environments.conda import CondaDependencies
from runstore import layout, names
from runstore.errors import InvalidName

TYPE_CHECKING = False
if TYPE_CHECKING:
    from runstore.store import Store

IGNORE_FILE = ".amlignore"
_IGNORED = (".ipynb_checkpoints", "azureml-logs", "azureml-setup", layout.CONFIG_FOLDERS[0])
"""What tools make; nothing of a user's."""


def attach(
    folder: str,
    store: Store,
    workspace: str,
    subscription_id: str,
    resource_group: str,
    experiment: str | None = None,
) -> list[str]:
    """Attach a folder to an experiment of a workspace, and write samples of run configurations.

    `.azureml/config.json` says what it is attached to. The samples are `local`, `docker`, and
    `sklearn`, which has packages of its own. A file that is there is never changed.

    Args:
        workspace, subscription_id, resource_group: the labels of the store's workspace.
        experiment: its name; None: that of the folder.

    Returns:
        The files that were written, below the folder.

    Raises:
        UserError: the folder is attached to something else, or cannot be written.
    """
    home = os.path.abspath(folder)
    name = _name(home, experiment)
    scope = workspace_config.scope(workspace, subscription_id, resource_group)
    written = _configuration(home, store, workspace, scope, name)
    for sample, config in _samples():
        written += _sample(home, sample, config)
    written += _new(home, IGNORE_FILE, "".join(f"{line}\n" for line in _IGNORED))
    return written


def _name(home: str, given: str | None) -> str:
    name = os.path.basename(home) if given is None else given
    try:
        return names.check_experiment(name)
    except InvalidName as error:
        if given is not None:
            raise
        raise UserError(f"the folder's own {error.message}: or give another with -e") from error


def _configuration(home: str, store: Store, workspace: str, scope: str, name: str) -> list[str]:
    """Write what the folder is attached to, unless it says so already."""
    for place in layout.CONFIG_PLACES[:-2]:
        path = f"{home}/{place}"
        if os.path.isfile(path):
            _check_same(path, workspace, name)
            return []
    path = workspace_config.write_config(store, f"{scope}/projects/{name}", home, None)
    return [os.path.relpath(path, home)]


def _check_same(path: str, workspace: str, experiment: str) -> None:
    said, attached = (
        str(workspace_config.read_config(path)["name"]),
        workspace_config.attached_by(path),
    )
    if (said, attached) != (workspace, experiment):
        to = f"experiment {attached!r}" if attached else "no experiment"
        raise UserError(
            f"{path} names workspace {said!r} and {to}, not {workspace!r} and {experiment!r}; it "
            "is never changed: remove it, and attach the folder again"
        )


def _samples() -> list[tuple[str, RunConfiguration]]:
    local, docker, sklearn = RunConfiguration(), RunConfiguration(), RunConfiguration()
    docker.environment.docker.enabled = True
    sklearn.environment.name = "sklearn"
    packages = CondaDependencies.create(pip_packages=["scikit-learn"])
    sklearn.environment.python.conda_dependencies = packages
    return [("local", local), ("docker", docker), ("sklearn", sklearn)]


def _sample(home: str, name: str, config: RunConfiguration) -> list[str]:
    """Write a sample, unless one of its files is there."""
    folder = os.path.dirname(workspace_config.config_path(home))
    before = _files(folder)
    own = (f"{name}.runconfig", name, f"{name}_conda_dependencies.yml")
    if before & set(own):
        return []
    config.save(home, name)
    return [os.path.relpath(f"{folder}/{made}", home) for made in sorted(_files(folder) - before)]


def _files(folder: str) -> set[str]:
    return set(os.listdir(folder)) if os.path.isdir(folder) else set()


def _new(home: str, name: str, text: str) -> list[str]:
    """Write a file, unless it is there."""
    try:
        with open(f"{home}/{name}", "x", encoding="utf-8") as file:
            file.write(text)
    except FileExistsError:
        return []
    except OSError as error:
        raise UserError(f"{home}/{name} cannot be written ({error.strerror})") from error
    return [name]
