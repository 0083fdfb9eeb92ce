"""The logger of metrics: it writes the points of one run to its folder.

A store that cannot be written raises nothing here: the point is counted, and a notice is printed
once. Misuse by the caller does raise. `homerun.Run` documents each method.
"""

from __future__ import annotations

from homerun.base.messages import say
from runstore.errors import StoreError
from runstore.metrics.log import SCALAR, Writer

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable

_PLAIN = (float, int, str, bool, type(None))


class MetricLogger:
    """Logs the metrics of one run.

    Args:
        folder: the run's folder.
        before_first: called before the first point is written.

    Attributes:
        writer: for a caller of its own that hands what it raises to `drop`.
    """

    def __init__(self, folder: str, before_first: Callable[[], object] | None = None) -> None:
        self._folder = folder
        self.writer = Writer(folder, before_first)
        self._dropped = 0

    @property
    def dropped(self) -> int:
        """How many points could not be stored."""
        return self._dropped

    def log(self, name: str, value: object, description: str = "", step: int | None = None) -> None:
        """Log one value; see `Run.log`."""
        try:
            if type(value) in _PLAIN and step is None and not description and type(name) is str:
                self.writer.add_scalar(name, value)
            else:
                self._log_scalar(name, value, description, step)
        except (OSError, StoreError) as error:
            self.drop(error)
        except TypeError as error:
            raise _refused(name, error) from None

    def add(self, kind: str, name: str, value: object, description: str = "") -> None:
        """Log a value of another kind than a scalar, by the kind's name in `metrics.kinds`.

        Raises:
            UserError: it is no value of that kind.
        """
        from homerun.metrics import kinds, values  # a script that logs numbers does without them

        name = values.name(name)
        kept = kinds.kind_named(kind).check(name, value)
        if kinds.kind_named(kind).group == kinds.FILE:
            self._add_file(name, kind, kept, description)
        elif kept:
            self._add(name, kept, kind, description)

    def flush(self) -> None:
        """Nothing: every point is written when `log` returns."""

    def close(self) -> None:
        """Close this process's file; a later point opens it again."""
        self.writer.close()

    def _log_scalar(self, name: str, value: object, description: str, step: int | None) -> None:
        from homerun.metrics import values

        kept, at = values.scalar(name, value), values.step(name, step)
        self.writer.add(values.name(name), kept, kind=SCALAR, step=at, description=description)

    def _add_file(self, name: str, kind: str, content: tuple[str, bytes], description: str) -> None:
        """Store a file, and then the point that names it: none names a file that is not there."""
        from homerun.metrics import files, kinds

        try:
            stored = files.store(self._folder, *content)
        except (OSError, StoreError) as error:
            self.drop(error)
        else:
            value = files.value(content[0], stored) if kind == kinds.IMAGE else stored
            self._add(name, value, kind, description)

    def _add(self, name: str, value: object, kind: str, description: str) -> None:
        try:
            self.writer.add(name, value, kind=kind, description=description)
        except (OSError, StoreError) as error:
            self.drop(error)
        except TypeError as error:
            raise _refused(name, error) from None

    def drop(self, error: Exception) -> None:
        """Count a point that the store did not take; the training goes on."""
        self._dropped += 1
        if self._dropped == 1:
            say(f"metrics cannot be stored and are dropped: {error}")


def _refused(name: object, error: TypeError) -> Exception:
    from homerun.base.errors import UserError

    return UserError(f"{name!r} is not logged: {error}")
