"""Logging metrics: what a training script does most, with as little around it as can be.

Inside a script nothing here raises because of the store: what cannot be written is counted and
said once. What the caller gets wrong does raise.
"""

from __future__ import annotations

from homerun.base.messages import say
from runstore.errors import StoreError
from runstore.metrics.log import (
    ACCURACY_TABLE,
    CONFUSION_MATRIX,
    IMAGE,
    LIST,
    PREDICTIONS,
    RESIDUALS,
    ROW,
    SCALAR,
    TABLE,
    Writer,
)

TYPE_CHECKING = False
if TYPE_CHECKING:
    import os
    from collections.abc import Iterable, Mapping
    from typing import Any

_PLAIN = (float, int, str, bool, type(None))


class MetricLog:
    """The logging half of a run; `_metrics` is the writer of its folder."""

    _folder: str
    _metrics: Writer
    _dropped = 0

    def log(self, name: str, value: object, description: str = "", step: int | None = None) -> None:
        """Log a number (or a text, a bool, None) under a name; safe from SIGKILL on return.

        Args:
            step: where in the training it belongs, a whole number.

        Raises:
            UserError: the value is a list or a generator: that is `log_list`'s.
        """
        try:
            if type(value) in _PLAIN and step is None and not description and type(name) is str:
                self._metrics.add_scalar(name, value)
            else:
                self._log_scalar(name, value, description, step)
        except (OSError, StoreError) as error:
            self._drop(error)
        except TypeError as error:
            raise _refused(name, error) from None

    def log_list(self, name: str, value: Iterable[object], description: str = "") -> None:
        """Log several values at once: a list, tuple, range, array or generator.

        Raises:
            UserError: an element is no single value.
        """
        from homerun.metrics import values

        kept = values.many(name, value)
        if kept:
            self._add(name, kept, LIST, description)

    def log_row(self, name: str, description: str | None = None, **kwargs: object) -> None:
        """Log one row of a table: a value per column, `log_row("curve", x=1, y=2)`.

        Raises:
            UserError: a column's value is a list.
        """
        from homerun.metrics import values

        kept = {column: values.single(name, value) for column, value in kwargs.items()}
        if kept:
            self._add(name, kept, ROW, description or "")

    def log_table(self, name: str, value: Mapping[str, object], description: str = "") -> None:
        """Log a table: a dict of columns, each a list of one length, or one value.

        Raises:
            UserError: it is no dict, or its columns differ in length.
        """
        from homerun.metrics import values

        kept = values.table(name, value)
        if any(kept.values()):
            self._add(name, kept, TABLE, description)

    def log_image(
        self,
        name: str,
        path: str | os.PathLike[str] | None = None,
        plot: Any = None,
        description: str = "",
    ) -> None:
        """Log an image, which becomes a file of the run.

        Args:
            path: of an image file.
            plot: instead: a figure, or matplotlib.pyplot itself.

        Raises:
            UserError: both or neither was given, or it is no image.
            OSError: the file cannot be read.
        """
        from homerun.metrics import files, images, values

        name = values.name(name)
        data = images.taken(path, plot)
        self._add_file(name, files.image_name(name, path), data, IMAGE, description)

    def log_confusion_matrix(
        self, name: str, value: Mapping[str, Any] | str, description: str = ""
    ) -> None:
        """Log a confusion matrix: a dict, or JSON text; it becomes a file of the run.

        Raises:
            UserError: it is neither, or holds what has no JSON form.
        """
        self._add_document(name, value, CONFUSION_MATRIX, description)

    def log_accuracy_table(
        self, name: str, value: Mapping[str, Any] | str, description: str = ""
    ) -> None:
        """Log an accuracy table; see `log_confusion_matrix`."""
        self._add_document(name, value, ACCURACY_TABLE, description)

    def log_residuals(
        self, name: str, value: Mapping[str, Any] | str, description: str = ""
    ) -> None:
        """Log residuals; see `log_confusion_matrix`."""
        self._add_document(name, value, RESIDUALS, description)

    def log_predictions(
        self, name: str, value: Mapping[str, Any] | str, description: str = ""
    ) -> None:
        """Log predictions; see `log_confusion_matrix`."""
        self._add_document(name, value, PREDICTIONS, description)

    @property
    def dropped(self) -> int:
        """How many points this process could not store."""
        return self._dropped

    def flush(self, timeout_seconds: float = 300) -> None:
        """Accepted: every point is written when `log` returns."""

    def _log_scalar(self, name: str, value: object, description: str, step: int | None) -> None:
        from homerun.metrics import values

        kept, at = values.scalar(name, value), values.step(name, step)
        self._metrics.add(values.name(name), kept, kind=SCALAR, step=at, description=description)

    def _add_document(self, name: str, value: object, kind: str, description: str) -> None:
        from homerun.metrics import files, values

        name = values.name(name)
        data = values.document(name, value).encode()
        self._add_file(name, files.document_name(name, kind), data, kind, description)

    def _add_file(
        self, name: str, file_name: str, data: bytes, kind: str, description: str
    ) -> None:
        """Store a file, and then the point that names it: none names a file that is not there."""
        from homerun.metrics import files
        from runstore.errors import StoreError

        try:
            stored = files.store(self._folder, file_name, data)
        except (OSError, StoreError) as error:
            self._drop(error)
        else:
            value = files.value(file_name, stored) if kind == IMAGE else stored
            self._add(name, value, kind, description)

    def _add(self, name: str, value: object, kind: str, description: str) -> None:
        from homerun.metrics import values

        name = values.name(name)
        try:
            self._metrics.add(name, value, kind=kind, description=description)
        except (OSError, StoreError) as error:
            self._drop(error)
        except TypeError as error:
            raise _refused(name, error) from None

    def _drop(self, error: Exception) -> None:
        """Count a point that the store did not take; the training goes on."""
        self._dropped += 1
        if self._dropped == 1:
            say(f"metrics cannot be stored and are dropped: {error}")


def _refused(name: object, error: TypeError) -> Exception:
    from homerun.base.errors import UserError

    return UserError(f"{name!r} is not logged: {error}")
