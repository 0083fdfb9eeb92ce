"""`azureml.exceptions._azureml_exception`: where the original has these classes."""

from __future__ import annotations

import azureml.exceptions as _public


def __getattr__(name: str) -> object:
    return getattr(_public, name)
