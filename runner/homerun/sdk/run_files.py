"""The type of a path that the caller gives."""

from __future__ import annotations

TYPE_CHECKING = False
if TYPE_CHECKING:
    import os
    from typing import Union

    Path = Union[str, os.PathLike[str]]
