"""Pages of a search: which part of an answer is meant, also where runs came in between."""

from __future__ import annotations

import base64
import json

from homerun.mlflow.errors import invalid

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Sequence
    from typing import Any

    from mlflow.entities import Run

_LEAST, _MOST = 50, 500


class SearchPage:
    """Where a page begins: behind the last run of the one before, wherever that stands by now.

    Args:
        token: that of a page before; None: it is the first page.
        most: how many runs it has.

    Attributes:
        after: the id of the last run of the page before; "": there is none.
        chunk: so many runs are read first.

    Raises:
        MlflowException: this is the token of no page.
    """

    def __init__(self, token: str | None, most: int) -> None:
        self.most = most
        self.after, self._offset = _read(token) if token else ("", 0)
        self.chunk = min(max(_LEAST, most + 1), _MOST)

    def first_behind(self, ordered: Sequence[Run]) -> Run | None:
        """The first run behind the page; None: there is none."""
        end = self._begin(ordered) + self.most
        return ordered[end] if end < len(ordered) else None

    def cut(self, ordered: Sequence[Run]) -> tuple[list[Run], str | None]:
        """The page, and the token of the next one; None: it is the last."""
        begin = self._begin(ordered)
        page = list(ordered[begin : begin + self.most])
        if begin + self.most >= len(ordered):
            return page, None
        told = {"offset": self._offset + len(page), "after": page[-1].info.run_id}
        return page, base64.b64encode(json.dumps(told).encode()).decode("ascii")

    def _begin(self, ordered: Sequence[Run]) -> int:
        """Its first run; where the run before it is gone, so many as the pages before had."""
        places = (at for at, one in enumerate(ordered, 1) if one.info.run_id == self.after)
        return next(places, self._offset)


def _read(token: Any) -> tuple[str, int]:
    try:
        told = json.loads(base64.b64decode(token, validate=True))
        after, offset = told["after"], told["offset"]
    except (ValueError, TypeError, LookupError):
        after, offset = None, -1
    if not isinstance(after, str) or type(offset) is not int or offset < 0:
        raise invalid("Invalid page token: use the one that the previous page gave, or none")
    return after, offset
