"""Errors as MLflow's own, with its codes."""

from __future__ import annotations

from contextlib import contextmanager

from mlflow.exceptions import MlflowException
from mlflow.protos import databricks_pb2 as codes

from homerun.base.errors import HomerunError
from runstore.errors import (
    ExperimentNotFound,
    FileMissing,
    FormatTooNew,
    InvalidTransition,
    MisuseError,
    NotInTrash,
    ReadOnlyStore,
    RunExists,
    RunNotFound,
    StoreError,
    UntrustedStore,
    words,
)

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterator

_CODES = (
    (
        (RunNotFound, ExperimentNotFound, FileMissing, NotInTrash),
        codes.RESOURCE_DOES_NOT_EXIST,
    ),
    ((RunExists,), codes.RESOURCE_ALREADY_EXISTS),
    ((InvalidTransition,), codes.INVALID_STATE),
    ((ReadOnlyStore, FormatTooNew, UntrustedStore), codes.PERMISSION_DENIED),
    ((MisuseError,), codes.INVALID_PARAMETER_VALUE),
)


@contextmanager
def as_mlflows() -> Iterator[None]:
    """Turn our errors into MLflow's. Those of the system, as a full disk, stay what they are."""
    try:
        yield
    except (StoreError, HomerunError) as error:
        known = (code for classes, code in _CODES if isinstance(error, classes))
        raise MlflowException(words(error), next(known, codes.INTERNAL_ERROR)) from error


def missing(what: str) -> Exception:
    """The error for what is not there."""
    return _error(what, codes.RESOURCE_DOES_NOT_EXIST)


def invalid(what: str) -> Exception:
    """The error for a value that cannot be."""
    return _error(what, codes.INVALID_PARAMETER_VALUE)


def exists(what: str) -> Exception:
    """The error for what is there already."""
    return _error(what, codes.RESOURCE_ALREADY_EXISTS)


def not_supported(what: str) -> Exception:
    """MLflow's own error for what a store does not do."""
    return _error(what, codes.NOT_IMPLEMENTED)


def _error(what: str, code: int) -> Exception:
    error: Exception = MlflowException(what, error_code=code)
    return error
