"""The one folder that a script's PYTHONPATH gets: our packages, what a Python of a run begins with,
and nothing else.

A site-packages there would bring the submitter's numpy into another interpreter. So the packages
are linked into a folder of their own, in the user's cache, under a hash of version and location.
Beside them stands what an installation leaves: by that, MLflow finds its plug-in.
"""

from __future__ import annotations

import os

from homerun.base import environ
from homerun.base.installed import __version__
from homerun.system import caches
from runstore import layout
from runstore.fs import atomic

_FOLDER = "homerun/path"
_PRIME = 4294967291

PLUG_INS = {
    "mlflow.artifact_repository": "homerun = homerun.mlflow.plug_in:artifact_repository",
    "mlflow.tracking_store": "homerun = homerun.mlflow.plug_in:tracking_store",
}
"""What other programs look for among what is installed; `pyproject.toml` has the same."""

_LAST_WRITTEN = "entry_points.txt"

_known: dict[bool, dict[str, str]] = {}
"""Where the packages lie; this process's own do not move."""


def folder(azureml: bool = True) -> str:
    """The folder of links, made at the first call and whole at any time.

    Args:
        azureml: with the package of that name, or without.
    """
    packages = _packages(azureml)
    key = _key(packages)
    cache = f"{environ.cache_home()}/{_FOLDER}"
    # The script's current folder is another one; and PYTHONPATH separates by colons.
    if os.path.isabs(cache) and os.pathsep not in cache:
        try:
            return _make(cache, key, packages)
        except OSError as error:
            caches.use_instead(environ.cache_home(), error.strerror or str(error))
    return _make(f"{caches.private()}/{_FOLDER}", key, packages)


def _packages(azureml: bool) -> dict[str, str]:
    if azureml not in _known:
        import runstore

        homes = {"homerun": os.path.dirname(os.path.dirname(__file__))}
        homes["runstore"] = os.path.dirname(runstore.__file__)
        homes["sitecustomize"] = f"{os.path.dirname(__file__)}/start-up/sitecustomize"
        if azureml:
            homes["azureml"] = f"{environ.drop_in()}/azureml"
        _known[azureml] = {name: os.path.realpath(home) for name, home in homes.items()}
    return _known[azureml]


def _key(packages: dict[str, str]) -> str:
    """A name that another version or place does not have; no module is loaded for it."""
    text = "\0".join((__version__, *packages, *packages.values(), *PLUG_INS.values()))
    return f"{__version__}-{int.from_bytes(os.fsencode(text), 'big') % _PRIME:08x}"


def _make(parent: str, key: str, packages: dict[str, str]) -> str:
    final = f"{parent}/{key}"
    caches.make_cache(parent)
    if _is_whole(final, packages):
        return final
    building = f"{parent}/{layout.NEW}{os.urandom(8).hex()}"
    atomic.make_new_folder(building, is_secret=True)
    for name, home in packages.items():
        os.symlink(home, f"{building}/{name}")
    installed = _write_installed(building)
    try:
        os.rename(building, final)  # fails where another made it first: it is not empty
    except OSError:
        for path in (*installed, *(f"{building}/{name}" for name in packages)):
            os.unlink(path)
        os.rmdir(os.path.dirname(installed[0]))
        os.rmdir(building)
        if not _is_whole(final, packages):
            # A broken one is in the way and may be in use: leave it, and go beside it.
            return _make(parent, f"{key}+", packages)
    return final


def _write_installed(folder: str) -> list[str]:
    """Write what an installation of homerun leaves beside its packages; the paths of the files.

    `importlib.metadata` gives the version of what `import homerun` loads there.
    """
    home = _installed(folder)
    atomic.make_new_folder(home, is_secret=True)
    plug_ins = "\n\n".join(f"[{group}]\n{one}" for group, one in PLUG_INS.items())
    texts = {
        "METADATA": f"Metadata-Version: 2.1\nName: homerun\nVersion: {__version__}\n",
        _LAST_WRITTEN: f"{plug_ins}\n",
    }
    for name, text in texts.items():
        atomic.write(f"{home}/{name}", text.encode(), is_secret=True)
    return [f"{home}/{name}" for name in texts]


def _installed(folder: str) -> str:
    return f"{folder}/homerun-{__version__}.dist-info"


def _is_whole(folder: str, packages: dict[str, str]) -> bool:
    """Whether every link is there and leads to our package, and what tells of them is there too."""
    try:
        links = {name: os.readlink(f"{folder}/{name}") for name in packages}
        os.stat(f"{_installed(folder)}/{_LAST_WRITTEN}")
    except OSError:
        return False
    return links == packages and caches.is_ours(folder)
