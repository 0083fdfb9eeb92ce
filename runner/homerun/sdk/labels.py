"""Labels of a run or an experiment: tags, names, descriptions, parameters. A run's properties.

In the run's own script a store that cannot be written stops no training: one notice is printed.
"""

from __future__ import annotations

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from datetime import datetime

    from homerun.runs.handle import RunHandle
    from runstore.run.labels import Labels
    from runstore.run.params import Value
    from runstore.store import Store

_warned: set[str] = set()


class Tags:
    """Tags, which can be changed. A subclass says where changes are appended."""

    def tag(self, key: str, value: object) -> None:
        """Set one tag."""
        self.set_tags({key: value})

    def set_tags(self, tags: Mapping[str, object]) -> None:
        """Set several tags; the others stay."""
        from homerun.base import checks
        from runstore.run import labels

        kept = checks.text_pairs("tags", tags)
        self._append([(labels.TAG, key, value) for key, value in kept.items()])

    def remove_tags(self, tags: Sequence[str]) -> None:
        """Remove tags by their keys; a missing one is not an error."""
        from homerun.base import checks
        from runstore.run import labels

        self._append([(labels.UNTAG, key, None) for key in checks.keys("remove_tags", tags)])

    def _append(self, changes: list[tuple[str, str, object]]) -> None:
        raise NotImplementedError


class RunLabels(Tags):
    """The labels and the properties of one run."""

    def __init__(self, handle: RunHandle) -> None:
        self._handle = handle

    @property
    def display_name(self) -> str:
        """The name for people; the id where none was given."""
        return self._handle.record.labels().display_name or self._handle.id

    @property
    def description(self) -> str | None:
        """The text for people."""
        return self._handle.record.labels().description

    @property
    def tags(self) -> dict[str, str | None]:
        """The tags as they are now."""
        return self._handle.record.labels().tags

    @property
    def properties(self) -> dict[str, str]:
        """The properties as they are now."""
        return self._handle.record.properties()

    @property
    def params(self) -> dict[str, Value]:
        """The parameters as they are now."""
        return self._handle.record.params()

    def log_params(self, params: Mapping[str, object]) -> None:
        """Add parameters; a later value takes the place of an earlier one."""
        from homerun.base import checks
        from runstore.run import labels

        kept = checks.params(params)
        self._append([(labels.PARAM, key, value) for key, value in kept.items()])

    def set_display_name(self, name: str) -> None:
        """Set the name for people."""
        self._set_text("display_name", name)

    def set_description(self, text: str) -> None:
        """Set the text for people."""
        self._set_text("description", text)

    def add_properties(self, properties: Mapping[str, object]) -> None:
        """Set properties, each once; the value that one has already is fine."""
        from homerun.base import checks
        from runstore.errors import PropertyExists, ReadOnlyStore

        refused: PropertyExists | None = None
        for key, value in checks.text_pairs("properties", properties or {}).items():
            try:
                self._handle.record.add_property(key, str(value))
            except PropertyExists as error:
                refused = refused or error
            except (OSError, ReadOnlyStore) as error:
                _warn_or_raise(self._handle, error)
        if refused is not None:
            raise refused

    def _set_text(self, label: str, text: str) -> None:
        from homerun.base.errors import UserError

        if not isinstance(text, str):
            raise UserError(f"a {label} is text, not {type(text).__name__}")
        self._append([(label, "", text)])

    def _append(self, changes: list[tuple[str, str, object]]) -> None:
        from runstore.errors import ReadOnlyStore

        try:
            self._handle.record.label(changes)
        except (OSError, ReadOnlyStore) as error:
            _warn_or_raise(self._handle, error)


class ExperimentLabels(Tags):
    """The labels of one experiment: tags, and whether listings leave it out."""

    def __init__(self, store: Store, name: str) -> None:
        self._store = store
        self._name = name

    def read(self) -> Labels:
        """The labels as they are now."""
        return self._store.experiment_labels(self._name)

    @property
    def archived_time(self) -> datetime | None:
        """When the experiment was archived; None: it is not."""
        from datetime import datetime

        time = self.read().archived
        return None if time is None else datetime.fromisoformat(time)

    def set_archived(self, is_archived: bool) -> None:
        """Leave the experiment out of listings, or bring it back."""
        from runstore.run import labels

        self._append([(labels.ARCHIVED, "", is_archived)])

    def reactivate(self, new_name: str | None) -> None:
        """Bring the experiment back into listings; see `Experiment.reactivate`."""
        from homerun.base.errors import UserError

        if new_name is not None:
            raise UserError("an experiment keeps its name: its runs bear it; leave new_name out")
        self.set_archived(False)

    def _append(self, changes: list[tuple[str, str, object]]) -> None:
        self._store.label_experiment(self._name, changes)


def _warn_or_raise(handle: RunHandle, error: Exception) -> None:
    """Raise outside the run's own script; in it, print one notice."""
    from homerun.base import environ
    from homerun.base.messages import say
    from runstore.errors import words

    if environ.run_folder() != handle.folder:
        raise error
    if handle.id not in _warned:
        _warned.add(handle.id)
        say(f"tags, parameters and properties cannot be stored: {words(error)}")
