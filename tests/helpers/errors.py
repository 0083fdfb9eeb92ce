"""Calls that fail, to be put in the place of those that a test cannot make fail."""

from __future__ import annotations

import os
from collections.abc import Callable
from typing import Any


def raises(error: BaseException | type[BaseException]) -> Callable[..., Any]:
    """A call that raises this, whatever it is given."""

    def fail(*_: object, **__: object) -> Any:
        raise error

    return fail


def fails(number: int) -> Callable[..., Any]:
    """A call of the system that fails with this error number; the error names what it was given."""

    def fail(*given: object, **_: object) -> Any:
        raise OSError(number, os.strerror(number), *map(str, given[:1]))

    return fail
