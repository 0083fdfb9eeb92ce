"""What people write on runs: tags, names and descriptions, which change, and properties.

In the run's own script a store that cannot be written stops no training: it is said once.
"""

from __future__ import annotations

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from runstore.run.record import Record

_warned: set[str] = set()


class Tagged:
    """Tags that can be changed; `_label` appends changes of labels."""

    if TYPE_CHECKING:

        def _label(self, changes: list[tuple[str, str, object]]) -> None: ...

    def tag(self, key: str, value: object = None) -> None:
        """Set a tag; its value becomes text, and may be left out.

        Raises:
            UserError: the key is no text.
        """
        self.set_tags({key: value})

    def set_tags(self, tags: Mapping[str, object]) -> None:
        """Set several tags; the others stay.

        Raises:
            UserError: it is no dict, or a key is no text.
        """
        from homerun.base import checks
        from runstore.run import labels

        kept = checks.text_pairs("tags", tags)
        self._label([(labels.TAG, key, value) for key, value in kept.items()])

    def remove_tags(self, tags: Sequence[str]) -> None:
        """Remove tags by their keys; one that is not there is no error.

        Raises:
            UserError: it is no list.
        """
        from homerun.base import checks
        from runstore.run import labels

        self._label([(labels.UNTAG, key, None) for key in checks.keys("remove_tags", tags)])


class Labeled(Tagged):
    """The labels and properties of a run; `_record` is its record."""

    if TYPE_CHECKING:

        @property
        def id(self) -> str: ...

        @property
        def _record(self) -> Record: ...

    @property
    def display_name(self) -> str:
        """The name for people; the id where none was given. Can be set."""
        return self._record.labels().display_name or self._record.id

    @display_name.setter
    def display_name(self, name: str) -> None:
        self._set_text("display_name", name)

    @property
    def description(self) -> str | None:
        """A text for people. Can be set."""
        return self._record.labels().description

    @description.setter
    def description(self, text: str) -> None:
        self._set_text("description", text)

    @property
    def tags(self) -> dict[str, str | None]:
        """The tags as they are now."""
        return self.get_tags()

    def get_tags(self) -> dict[str, str | None]:
        """The tags as they are now."""
        return self._record.labels().tags

    @property
    def properties(self) -> dict[str, str]:
        """The properties as they are now."""
        return self.get_properties()

    def get_properties(self) -> dict[str, str]:
        """The properties as they are now."""
        return self._record.properties()

    def add_properties(self, properties: Mapping[str, object]) -> None:
        """Set properties, each once and for ever; the value that one has already is fine.

        Raises:
            PropertyExists: one has another value; it is named, and the other keys are set.
            UserError: it is no dict, or a key is no text.
        """
        from homerun.base import checks
        from runstore.errors import PropertyExists, ReadOnlyStore

        refused: PropertyExists | None = None
        for key, value in checks.text_pairs("properties", properties or {}).items():
            try:
                self._record.add_property(key, str(value))
            except PropertyExists as error:
                refused = refused or error
            except (OSError, ReadOnlyStore) as error:
                _say_or_raise(self.id, error)
        if refused is not None:
            raise refused

    def _set_text(self, label: str, text: str) -> None:
        from homerun.base.errors import UserError

        if not isinstance(text, str):
            raise UserError(f"a {label} is text, not {type(text).__name__}")
        self._label([(label, "", text)])

    def _label(self, changes: list[tuple[str, str, object]]) -> None:
        """Append changes of labels.

        Raises:
            StoreError, OSError: the store cannot be written; not in the run's own script.
        """
        from runstore.errors import ReadOnlyStore

        try:
            self._record.label(changes)
        except (OSError, ReadOnlyStore) as error:
            _say_or_raise(self.id, error)


def _say_or_raise(run_id: str, error: Exception) -> None:
    from homerun.base import environ
    from homerun.base.messages import say
    from runstore.errors import words

    if environ.run_id() != run_id:
        raise error
    if run_id not in _warned:
        _warned.add(run_id)
        say(f"tags and properties cannot be stored: {words(error)}")
