"""Values that many answers hold.

`Annotated[str, (...)]` is one of some texts, `Annotated[str, "..."]` a text of that format. A field
whose name is a word of Python has an underscore at its end, which its key has not.
"""

from __future__ import annotations

from typing import Annotated, Literal, Optional, Union

from runstore import status

Status = Annotated[str, status.ALL]

Time = Annotated[str, "date-time"]
"""ISO 8601 in UTC, with a Z at the end."""

Seconds = float
"""Since 1970, or a duration."""

Numeric = Union[float, Literal["NaN", "Infinity", "-Infinity"], None]
"""JSON has no NaN and no infinities: they are texts."""

Tags = dict[str, Optional[str]]

Param = Union[bool, float, str, None]
Params = dict[str, Union[Param, list[Param]]]

NAMED = {"Status": Status, "Time": Time, "Numeric": Numeric, "Tags": Tags, "Params": Params}
"""The values that have a name in the description and in the pages' types."""
