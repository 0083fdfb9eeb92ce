"""Members of the original that are not here: asking for one says why, in one sentence.

They count as absent (`hasattr` is False), so that code which looks before it calls goes on.
"""

from __future__ import annotations

from homerun.base.errors import UserError

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Mapping


class NotHere(UserError, AttributeError):
    """Something of the original was used that homerun has not, or not yet."""


def refusal(owner: str, name: str, why: str) -> NotHere:
    """The error to raise for a member, named as in the class `owner`."""
    return NotHere(f"homerun has no {owner}.{name}: {why}")


class Absent:
    """A class some of whose members are not here; `_absent` names each, with the reason, and
    `_absent_from` the original's class.
    """

    _absent: Mapping[str, str] = {}
    _absent_from = ""

    if not TYPE_CHECKING:  # or every misspelt name would pass

        def __getattr__(self, name: str) -> object:
            why = type(self)._absent.get(name)
            if why is not None:
                raise refusal(type(self)._absent_from, name, why)
            return object.__getattribute__(self, name)  # the error that brought us here, once more
