"""The codes by which programs tell errors apart: one table, for Studio and for bulk changes."""

from __future__ import annotations

import sqlite3

from homerun.base.errors import AssetNotFound, ModelNotFound, ViewConflict
from homerun.files.logs.pages import NotCounted
from runstore.errors import (
    AmbiguousPrefix,
    BaseError,
    ExperimentNotFound,
    FileMissing,
    FormatTooNew,
    InvalidTransition,
    ReadOnlyStore,
    RunNotFound,
)

BAD_REQUEST = "bad_request"
NOT_FOUND = "not_found"
CONFLICT = "conflict"
READ_ONLY = "read_only"
UNAVAILABLE = "unavailable"
FAILED = "failed"
NEEDS_SECRETS = "needs_secrets"

_CODES: tuple[tuple[tuple[type[Exception], ...], str], ...] = (
    ((RunNotFound, ExperimentNotFound, FileMissing), NOT_FOUND),
    ((AssetNotFound, ModelNotFound), NOT_FOUND),
    ((AmbiguousPrefix, InvalidTransition, ViewConflict), CONFLICT),
    ((ReadOnlyStore, FormatTooNew), READ_ONLY),
    ((NotCounted,), UNAVAILABLE),
    ((BaseError,), BAD_REQUEST),
    ((OSError, sqlite3.OperationalError), UNAVAILABLE),
)


def code_of(error: Exception) -> str:
    """The code of an error; `failed` for one that no code expects."""
    return next((code for kinds, code in _CODES if isinstance(error, kinds)), FAILED)


def sentence(error: Exception) -> str:
    """What is wrong; of an error of the system its reason, without the path."""
    message = getattr(error, "message", None) or getattr(error, "strerror", None)
    return str(message or error)
