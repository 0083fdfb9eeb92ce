"""Words to whoever calls the SDK, beside results and errors."""

from __future__ import annotations

import sys

from homerun.errors import UserError

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Mapping


def tell(lines: list[str]) -> None:
    """Say each line once, on standard error: standard output belongs to the caller."""
    for line in lines:
        sys.stderr.write(f"homerun: {line}\n")


def text_tags(tags: Mapping[str, object]) -> dict[str, str | None]:
    """Tags with their values as text, as the original makes them; None stays None.

    Raises:
        UserError: it is no dict, or a key is no text.
    """
    if not hasattr(tags, "items"):
        raise UserError(f"tags are a dict of texts, not {type(tags).__name__}")
    for key in tags:
        if not isinstance(key, str):
            raise UserError(f"the tag {key!r} is {type(key).__name__}; tags are named by text")
    return {key: None if value is None else str(value) for key, value in tags.items()}
