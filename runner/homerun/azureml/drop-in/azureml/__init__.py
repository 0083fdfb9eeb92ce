"""`azureml`, as far as runs need it: homerun under the names of Azure ML's SDK v1.

Importing it loads nothing of homerun but the finder that answers for the names below it.
"""

from __future__ import annotations

from homerun.azureml import finder as _finder

_PARTS = ("core", "data", "exceptions", "widgets")

# An older entry of the path may have led here: the retired package may be asked for, or this may
# be the package of another installation of homerun.
_finder.settle()


def __getattr__(name: str) -> object:
    if name in _PARTS:
        return __import__(f"azureml.{name}", fromlist=["azureml"])
    raise AttributeError(f"module 'azureml' has no attribute {name!r}")
