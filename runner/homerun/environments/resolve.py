"""From the packages that an environment names to a recipe, and what to say about it."""

from __future__ import annotations

import os
import sys

from homerun.base import masking
from homerun.base.errors import SubmitError
from homerun.environments import conda
from homerun.environments.conda import package_name
from homerun.environments.recipe import Recipe
from homerun.system import which

TYPE_CHECKING = False
if TYPE_CHECKING:
    from homerun.environments.conda import CondaDependencies

_BASE = ("python", "pip", "setuptools", "wheel")
"""Packages of conda that every environment has."""

_STANDS_IN = "azureml"

_OLDEST = (3, 9)
"""The oldest Python in which a script finds its run."""

SAME_NAME = frozenset(
    """
    absl-py accelerate aiohttp attrs beautifulsoup4 black bokeh boto3 catboost certifi cffi
    click cloudpickle colorama coverage cryptography cycler cython dask datasets dill
    distributed docutils fastapi filelock flake8 flask fsspec gensim geopandas gitpython grpcio
    gunicorn h5py holoviews httpx huggingface-hub hydra-core hypothesis imageio imbalanced-learn
    ipykernel ipython ipywidgets jax jinja2 joblib jsonschema jupyter jupyterlab keras
    kiwisolver lightgbm lightning lime llvmlite loguru lxml markdown matplotlib mlflow mock
    more-itertools mypy networkx nltk notebook numba numexpr numpy omegaconf onnx onnxruntime
    openpyxl optuna orjson packaging pandas paramiko patsy pillow plotly pluggy polars
    pre-commit prettytable protobuf psutil psycopg2 pyarrow pydantic pydot pygments pylint
    pymongo pymysql pyparsing pyspark pytest pytest-cov python-dateutil python-dotenv
    pytorch-lightning pytz pyyaml pyzmq ray-tune regex requests rich ruff s3fs sacremoses
    scikit-image scikit-learn scikit-optimize scipy seaborn sentencepiece sentry-sdk shap
    simplejson six spacy sqlalchemy statsmodels sympy tabulate tensorboard tensorflow termcolor
    threadpoolctl timm tokenizers toml torchmetrics tornado tqdm transformers typer
    typing-extensions tzdata ujson umap-learn urllib3 uvicorn wandb werkzeug xarray xgboost xlrd
    xlsxwriter yarl zarr
    """.split()  # noqa: SIM905 - a list of names is easier to read without a hundred quotes
)
"""Packages that conda and pip call by the same name."""

OTHER_NAME = {"pytorch": "torch", "torchvision": "torchvision", "torchaudio": "torchaudio"}
"""Packages of conda, each with its name in pip."""


def recipe(
    name: str | None,
    wanted: CondaDependencies | None,
    interpreter: str | None,
    ignore_unknown: bool,
) -> tuple[Recipe | None, list[str]]:
    """What to make for an environment; None: the interpreter itself has all that it needs.

    Args:
        name: the environment's, for people.
        wanted: its packages; None: the user sees to them.
        interpreter: a path that the user gave; None: the one that submits, or what is pinned.
        ignore_unknown: go on without packages of conda that pip does not know.

    Raises:
        SubmitError: there are such packages, and neither conda nor leave to go on without them.
    """
    if wanted is None:
        return None, []
    if masking.is_masked(wanted.as_dict()):
        raise SubmitError(
            f"the environment {name!r} is kept without the secrets in the addresses of its "
            "packages: write ${NAME} for a variable that holds one, and register it again"
        )
    told = []
    lines = conda.lines_of_pip(wanted)
    options = [line for line in lines if _is_option(line)]
    packages = [line for line in lines if not _is_option(line)]
    kept = [line for line in packages if not _is_stood_in(line)]
    dropped = sorted({line.partition(" --hash")[0].strip() for line in {*packages} - {*kept}})
    if dropped:
        shown = masking.text(", ".join(dropped))
        told.append(f"{shown}: not installed, homerun stands in for the SDK")
    of_conda = [line for line in wanted.conda_packages if package_name(line) not in _BASE]
    pin = wanted.python_version
    if not kept and not of_conda:
        return None, [*told, *_other_python(pin, sys.executable, interpreter)]
    name = name or "without a name"
    tool = _conda() if of_conda else None
    lines = [*options, *kept]
    if tool is not None:
        said = {**wanted.as_dict(), "dependencies": [*wanted.conda_packages, {"pip": lines}]}
        return Recipe(name, "", lines, tool, _conda_file(said)), told
    more, unknown = _as_pip(of_conda)
    if unknown:
        named = masking.text(", ".join(unknown))
        if not ignore_unknown:
            raise SubmitError(
                f"there is no conda here, and pip has no package that is surely the same: {named}; "
                "install conda or mamba, name packages of pip, or give ignore_conda_packages=True"
            )
        told.append(f"left out, there is no conda here: {named}")
    if not kept and not more:
        return None, [*told, *_other_python(pin, sys.executable, interpreter)]
    base = interpreter or (pin and _pinned(pin)) or sys.executable
    told += _other_python(pin, base, interpreter)
    return Recipe(name, _found(base), [*options, *more, *kept]), told


def _is_option(line: str) -> bool:
    """Whether a line of pip names no package of its own."""
    return line.startswith("-") and not line.startswith("-e ")


def _is_stood_in(line: str) -> bool:
    name = package_name(line)
    return name == _STANDS_IN or name.startswith(f"{_STANDS_IN}-")


def _other_python(pin: str | None, base: str, given: str | None) -> list[str]:
    """A notice where the interpreter is not the one that is asked for."""
    own = f"{sys.version_info[0]}.{sys.version_info[1]}"
    if pin is None or given is not None or base != sys.executable or _minor(pin) in (own, None):
        return []
    return [f"python={pin} is asked for; the script runs with Python {own}"]


def _minor(version: str) -> str | None:
    parts = version.split(",")[0].split(".")
    is_minor = len(parts) > 1 and parts[0].isdigit() and parts[1].isdigit()
    return ".".join(parts[:2]) if is_minor else None


def _pinned(version: str) -> str | None:
    """The interpreter of a version, if this machine has it."""
    minor = _minor(version)
    if minor is None or minor == f"{sys.version_info[0]}.{sys.version_info[1]}":
        return None
    if tuple(map(int, minor.split("."))) < _OLDEST:
        return None
    from glob import glob

    named = which.find(f"python{minor}")
    managed = sorted(glob(os.path.expanduser(f"~/.pyenv/versions/{minor}.*/bin/python")))
    # A name on PATH can be a script that only says where to look.
    return next((path for path in [named, *managed] if path and _is_program(path)), None)


def _is_program(path: str) -> bool:
    try:
        with open(path, "rb") as file:
            return file.read(2) != b"#!"
    except OSError:
        return False


def _found(interpreter: str) -> str:
    found = which.find(interpreter)
    if found is None:
        raise SubmitError(f"there is no program {interpreter!r} to run it; {which.ANOTHER_PYTHON}")
    return found


def _conda() -> str | None:
    return which.find("mamba", "conda")


def _conda_file(said: dict[str, object]) -> str:
    from homerun.base import yaml_files

    said.pop("name", None)
    return yaml_files.dump(said)


def _as_pip(lines: list[str]) -> tuple[list[str], list[str]]:
    """Packages of conda as lines of pip, and those that pip does not surely have."""
    known, unknown = [], []
    for line in lines:
        name = package_name(line)
        if name in SAME_NAME or name in OTHER_NAME:
            known.append(
                OTHER_NAME.get(name, name)
                + _version(line.rpartition("::")[2].strip()[len(name) :].strip())
            )
        else:
            unknown.append(line)
    return known, unknown


def _version(wanted: str) -> str:
    """A version as pip asks for it: conda's `=1.2` means any that begins so."""
    if not wanted:
        return ""
    if wanted[0].isdigit():
        return f"=={wanted.split()[0]}"
    if wanted[0] == "=" and wanted[1:2] != "=":
        version, _, build = wanted[1:].partition("=")
        return f"=={version}" if build or version.endswith("*") else f"=={version}.*"
    return wanted
