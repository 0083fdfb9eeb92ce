"""The kinds of metrics: of each its name, what may be logged, what is stored, and how it is shown.

A kind is added by a line of `KINDS` and a method of `homerun.Run` that logs it.
"""

from __future__ import annotations

from homerun.metrics import files, values
from runstore.metrics import log as metric_log

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable, Mapping
    from typing import Any

VALUES, TABLE, FILE = "values", "table", "file"
"""What the points of a name become together: values, a table, or the first of its files."""

NUMBER, TEXT, IMAGE, JSON = "number", "text", "image", "json"
"""What Studio shows a metric as, beside the names of kinds."""
FILES = (IMAGE, JSON)


class MetricKind:
    """One kind of metric.

    Attributes:
        name: what a point's `k` says.
        group: VALUES, TABLE or FILE.
        form: the type of a stored value.
        shown: what Studio shows it as; "": a number or a text, by its value.
        printed: what the original prints for it in a run without a record.
    """

    __slots__ = ("_check", "form", "group", "name", "printed", "shown")

    def __init__(
        self,
        name: str,
        check: Callable[..., Any],
        group: str,
        form: type = object,
        shown: str = "",
        printed: str = "",
    ) -> None:
        self.name = name
        self._check = check
        self.group = group
        self.form = form
        self.shown = shown
        self.printed = printed or name

    def check(self, metric: str, given: Any) -> Any:
        """What is stored for a value: nothing where it is empty; of a FILE its name and bytes.

        Raises:
            UserError: it is no value of this kind.
        """
        more = (self.name,) if self.group == FILE else ()
        return self._check(metric, given, *more)

    def fits(self, stored: object) -> bool:
        """Whether a stored value is one of this kind; another writer's may be anything."""
        if self.group == FILE:
            return files.is_value(stored)
        return isinstance(stored, self.form)

    def value(self, stored: Any) -> Any:
        """A stored value as it was logged; of a file its name."""
        if self.group == FILE:
            return files.names(stored)[1]
        if self.group == TABLE:
            return {column: metric_log.untag(cell) for column, cell in stored.items()}
        return metric_log.untag(stored)


def kind_named(name: object) -> MetricKind:
    """The kind of a name; of one that is not known: values of any form."""
    return KINDS.get(name, _SCALAR) if isinstance(name, str) else _SCALAR


def path_or_plot(given: tuple[Any, Any]) -> Any:
    """What an image was given as."""
    path, plot = given
    return plot if path is None else path


def _row(metric: str, cells: Mapping[str, object]) -> dict[str, object]:
    return {column: values.single(metric, cell) for column, cell in cells.items()}


def _table(metric: str, given: Mapping[str, object]) -> dict[str, list[object]]:
    columns = values.table(metric, given)
    return columns if any(columns.values()) else {}


def _image(metric: str, given: tuple[Any, Any], kind: str) -> tuple[str, bytes]:
    """An image that is given as the path of a file, or as a plot."""
    from homerun.metrics import images  # a run that logs none does without it

    path, plot = given
    data = images.taken(path, plot)
    return files.image_name(metric, path), data


def _document(metric: str, given: Any, kind: str) -> tuple[str, bytes]:
    """A dict or JSON text."""
    data = values.document(metric, given).encode()
    return files.document_name(metric, kind), data


_SCALAR = MetricKind(metric_log.SCALAR, values.scalar, VALUES)

KINDS = {
    kind.name: kind
    for kind in (
        _SCALAR,
        MetricKind(metric_log.LIST, values.many, VALUES, list, metric_log.LIST),
        MetricKind(metric_log.ROW, _row, TABLE, dict, metric_log.ROW),
        MetricKind(metric_log.TABLE, _table, TABLE, dict, metric_log.TABLE),
        MetricKind(IMAGE, _image, FILE, shown=IMAGE),
        MetricKind("confusion_matrix", _document, FILE, shown=JSON),
        MetricKind("accuracy_table", _document, FILE, shown=JSON),
        MetricKind("residuals", _document, FILE, shown=JSON, printed="residual"),
        MetricKind("predictions", _document, FILE, shown=JSON),
    )
}
