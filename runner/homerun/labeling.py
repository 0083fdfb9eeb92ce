"""Changing what people wrote on a run: tags, names, properties.

In the run's own script a store that cannot be written stops no training: it is said once.
"""

from __future__ import annotations

from homerun import environ, notices
from homerun.errors import UserError
from homerun.metric_log import say
from runstore import labels
from runstore.errors import PropertyExists, ReadOnlyStore

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from homerun.run import Run
    from runstore.record import Record

_warned: set[str] = set()


def set_tags(run: Run, record: Record, tags: Mapping[str, object]) -> None:
    """Set tags, their values as text; see `Run.set_tags`."""
    kept = notices.text_pairs("tags", tags)
    change(run, record, [(labels.TAG, key, value) for key, value in kept.items()])


def remove_tags(run: Run, record: Record, keys: Sequence[str]) -> None:
    """Remove tags; see `Run.remove_tags`."""
    if not hasattr(keys, "__iter__"):
        raise UserError(f"remove_tags takes keys in a list, not {type(keys).__name__}")
    wanted = [keys] if isinstance(keys, str) else list(keys)
    change(run, record, [(labels.UNTAG, str(key), None) for key in wanted])


def change(run: Run, record: Record, changes: list[tuple[str, str, object]]) -> None:
    """Append changes of labels.

    Raises:
        UserError: a name or description is no text.
        StoreError, OSError: the store cannot be written; not in the run's own script.
    """
    for label, _, value in changes:
        if label in (labels.DISPLAY_NAME, labels.DESCRIPTION) and not isinstance(value, str):
            raise UserError(f"a {label} is text, not {type(value).__name__}")
    try:
        record.label(changes)
    except (OSError, ReadOnlyStore) as error:
        _say_or_raise(run, error)


def add_properties(run: Run, record: Record, given: Mapping[str, object]) -> None:
    """Set properties; see `Run.add_properties`. All keys are tried before one is refused."""
    refused: PropertyExists | None = None
    for key, value in notices.text_pairs("properties", given or {}).items():
        try:
            record.add_property(key, "None" if value is None else value)
        except PropertyExists as error:
            refused = refused or error
        except (OSError, ReadOnlyStore) as error:
            _say_or_raise(run, error)
    if refused is not None:
        raise refused


def _say_or_raise(run: Run, error: Exception) -> None:
    if environ.run_id() != run.id:
        raise error
    if run.id not in _warned:
        _warned.add(run.id)
        say(f"tags and properties cannot be stored: {error}")
