"""`azureml`, as far as runs need it: homerun under the names of Azure ML's SDK v1.

Importing it loads nothing of homerun but the finder that answers for the names below it.
"""

from __future__ import annotations

from homerun import azureml as _homerun
from homerun import environ as _environ

_PARTS = ("core", "data", "exceptions", "widgets")

if _environ.azureml_is_ours():  # it may have been found through a path of long ago
    _homerun.take_over()
else:
    _homerun.step_aside()


def __getattr__(name: str) -> object:
    if name in _PARTS:
        return __import__(f"azureml.{name}", fromlist=["azureml"])
    raise AttributeError(f"module 'azureml' has no attribute {name!r}")
