"""`azureml`, as far as runs need it: homerun under the names of Azure ML's SDK v1.

Importing it loads nothing of homerun but the finder that answers for the names below it.
"""

from __future__ import annotations

from homerun import azureml as _homerun

_PARTS = ("core", "data", "exceptions", "widgets")

# An older path may have led here: another one's wish, or another installation of homerun.
_homerun.settle()


def __getattr__(name: str) -> object:
    if name in _PARTS:
        return __import__(f"azureml.{name}", fromlist=["azureml"])
    raise AttributeError(f"module 'azureml' has no attribute {name!r}")
