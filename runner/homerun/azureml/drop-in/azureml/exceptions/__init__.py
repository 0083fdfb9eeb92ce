"""`azureml.exceptions`: the original's names for what goes wrong.

Those that homerun itself raises are its own errors, so that `except` catches them; the others are
there for scripts to raise and to catch. Once this module is loaded, errors print as the original's
do, over several lines, for code that looks into that text; `message` stays one sentence.
"""

from __future__ import annotations

import json

from homerun.base import errors as _homerun
from runstore import errors as _store

AzureMLException = _store.BaseError
AzureMLAggregatedException = _store.AggregatedError
UserErrorException = _store.MisuseError
ServiceException = _store.StoreError
ActivityFailedException = _homerun.RunFailed
ExperimentExecutionException = _homerun.SubmitError
ComputeTargetException = _homerun.ComputeTargetError
RunConfigurationException = _homerun.RunConfigurationError
RunEnvironmentException = _homerun.RunEnvironmentError
WorkspaceException = _homerun.WorkspaceError
WebserviceException = _homerun.WebserviceError
ModelNotFoundException = _homerun.ModelNotFound
ModelPathNotFoundException = _homerun.ModelPathNotFound

_NAMES = {
    _store.BaseError: "AzureMLException",
    _store.AggregatedError: "AzureMLAggregatedException",
    _store.MisuseError: "UserErrorException",
    _store.StoreError: "ServiceException",
    _homerun.RunFailed: "ActivityFailedException",
    _homerun.SubmitError: "ExperimentExecutionException",
    _homerun.ComputeTargetError: "ComputeTargetException",
    _homerun.RunConfigurationError: "RunConfigurationException",
    _homerun.RunEnvironmentError: "RunEnvironmentException",
    _homerun.WorkspaceError: "WorkspaceException",
    _homerun.WebserviceError: "WebserviceException",
    _homerun.ModelNotFound: "ModelNotFoundException",
    _homerun.ModelPathNotFound: "ModelPathNotFoundException",
}


def _text(error: _store.BaseError) -> str:
    said = {"code": "UserError"} if isinstance(error, UserErrorException) else {}
    response = json.dumps({"error": {**said, "message": error.message}}, indent=4)
    return (
        f"{_name(type(error))}:\n\tMessage: {error.message}\n"
        f"\tInnerException {error.inner_exception}\n\tErrorResponse \n{response}"
    )


def _name(kind: type) -> str:
    """The original's name for one of homerun's classes; others have their own."""
    if kind.__module__.partition(".")[0] in ("homerun", "runstore"):
        return next(_NAMES[base] for base in kind.__mro__ if base in _NAMES)
    return kind.__name__


class AuthenticationException(UserErrorException):
    """An authentication failed."""


class DatasetTimestampMissingError(AzureMLException):
    """A dataset has no column of times."""


class DiscoveryUrlNotFoundException(AzureMLException):
    """A service could not be found."""


class ParallelRunException(AzureMLException):
    """A parallel run failed."""


class ProjectSystemException(AzureMLException):
    """A folder is not attached to a workspace."""


class SnapshotException(AzureMLException):
    """The code could not be kept."""


class TrainingException(AzureMLException):
    """A training failed."""


class WorkspacePrivateEndpointException(AzureMLException):
    """A workspace cannot be reached from here."""


_store.renderer = _text
