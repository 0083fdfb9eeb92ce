"""Which runs a query means: by type, tags, properties and status, all of them together."""

from __future__ import annotations

from homerun import notices, settle
from homerun.errors import UserError

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Mapping

    from runstore.record import Record

    Wanted = str | Mapping[str, object] | None


class Filter:
    """Conditions on a run; None is no condition.

    Args:
        type: the run's type, or its property `azureml.runsource`.
        tags, properties: a key that has to be there, or a dict whose pairs all have to be there;
            a value of None means a tag without a value.
        status: as `get_status()` spells it.

    Raises:
        UserError: tags or properties are neither text nor a dict.
    """

    def __init__(
        self,
        type: str | None = None,
        tags: Wanted = None,
        properties: Wanted = None,
        status: str | None = None,
    ) -> None:
        self._type = type
        self._tags = pairs("tags", tags)
        self._properties = pairs("properties", properties)
        self._status = status

    def matches(self, record: Record) -> bool:
        """Whether all conditions hold for the run; only what they need is read."""
        if self._type is not None and not self._has_type(record):
            return False
        if self._tags is not None and not holds(self._tags, record.labels().tags):
            return False
        if self._properties is not None and not holds(self._properties, record.properties()):
            return False
        return self._status is None or settle.look(record).status == self._status

    def _has_type(self, record: Record) -> bool:
        if record.run.get("type") == self._type:
            return True
        return record.properties().get("azureml.runsource") == self._type


def pairs(what: str, wanted: Wanted) -> Mapping[str, object] | str | None:
    """The condition, its values as the text that they would be stored as.

    Raises:
        UserError: it is neither text nor a dict.
    """
    if wanted is None or isinstance(wanted, str):
        return wanted
    if hasattr(wanted, "items"):
        return notices.text_pairs(what, wanted)
    raise UserError(f"{what} are a key or a dict of keys and values, not {wanted!r}")


def holds(wanted: Mapping[str, object] | str | None, found: Mapping[str, object]) -> bool:
    """Whether a condition that `pairs` gave holds for what was found."""
    if wanted is None:
        return True
    if isinstance(wanted, str):
        return wanted in found
    return all(key in found and _same(value, found[key]) for key, value in wanted.items())


def _same(wanted: object, found: object) -> bool:
    if wanted is None or found is None:
        return wanted is found
    return str(wanted) == str(found)
