"""Environments that Azure keeps for all, `AzureML-…`: which packages each is here.

Theirs are images with old versions in them. Here such a name stands for an environment with the
same main packages in the versions that this machine's Python takes. `.runs/settings.json` adds to
the table, or wins over it:

    {"curated_environments": {"AzureML-Mine": ["torch==2.4", "timm"]}}
"""

from __future__ import annotations

from homerun.base import messages
from homerun.base.errors import UserError
from runstore.queue import settings

TYPE_CHECKING = False
if TYPE_CHECKING:
    from runstore.store import Store

PREFIX = "azureml-"
KEY = "curated_environments"

_SKLEARN = ("scikit-learn", "numpy", "scipy", "pandas", "joblib", "matplotlib")

TABLE = (
    ("lightgbm", ("lightgbm", *_SKLEARN)),
    ("xgboost", ("xgboost", *_SKLEARN)),
    ("pytorch", ("torch", "torchvision", "numpy", "pandas", "matplotlib", "tensorboard")),
    ("tensorflow", ("tensorflow", "numpy", "pandas", "matplotlib", "tensorboard")),
    ("sklearn", _SKLEARN),
    ("scikit-learn", _SKLEARN),
    ("onnx", ("onnx", "onnxruntime", "numpy")),
    ("dask", ("dask[complete]", "pandas", "pyarrow")),
    ("responsibleai", ("responsibleai", "raiutils", *_SKLEARN)),
    ("mlflow", ("mlflow", *_SKLEARN)),
    ("tutorial", (*_SKLEARN, "seaborn", "tqdm")),
    ("minimal", ()),
    ("sidecar", ()),
)
"""Words in a name, and the packages of such an environment; the first that is found counts."""


def packages_of(store: Store, name: str) -> list[str] | None:
    """The packages of such an environment; None: no such name is known.

    Raises:
        UserError: what the settings say of it is no list of packages.
        InvalidSettings: the settings cannot be read.
    """
    own = settings.read(store.root).get(KEY)
    if isinstance(own, dict) and name in own:
        said = own[name]
        if not isinstance(said, list) or not all(isinstance(one, str) for one in said):
            raise UserError(f"{KEY} of settings.json: {name!r} is a list of packages for pip")
        return list(said)
    plain = name.lower()
    if not plain.startswith(PREFIX):
        return None
    return next((list(packages) for word, packages in TABLE if word in plain), None)


_told: set[str] = set()


def tell_once(name: str, packages: list[str]) -> None:
    """Say, once in a process, what stands for an environment of Azure."""
    if name not in _told:
        _told.add(name)
        shown = ", ".join(packages) or "no packages of its own"
        messages.tell([f"{name} is an image of Azure; here it is an environment with {shown}"])
