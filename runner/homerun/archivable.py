"""What people write on an experiment: tags, and whether listings leave it out."""

from __future__ import annotations

from runstore import labels

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from datetime import datetime

    from homerun.workspace import Workspace


class Archivable:
    """The labels of an experiment of a workspace."""

    workspace: Workspace
    name: str

    @property
    def tags(self) -> dict[str, str | None]:
        """The tags as they are now."""
        return self._labels().tags

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
        from homerun import notices

        kept = notices.text_pairs("tags", tags)
        self._label([(labels.TAG, key, value) for key, value in kept.items()])

    def remove_tags(self, tags: Sequence[str]) -> None:
        """Remove tags by their keys; one that is not there is no error.

        Raises:
            UserError: it is no list.
        """
        from homerun import notices

        self._label([(labels.UNTAG, key, None) for key in notices.keys("remove_tags", tags)])

    def refresh(self) -> None:
        """Nothing: what an experiment shows is always as it is now."""

    @property
    def archived_time(self) -> datetime | None:
        """When the experiment was archived; None: it is not."""
        from datetime import datetime

        said = self._labels().archived
        return None if said is None else datetime.fromisoformat(said)

    def archive(self) -> None:
        """Leave the experiment out of listings. Its runs stay; a new run brings it back."""
        self._label([(labels.ARCHIVED, "", True)])

    def reactivate(self, new_name: str | None = None) -> None:
        """Bring an archived experiment back into listings.

        Raises:
            UserError: a new name was given.
        """
        if new_name is not None:
            from homerun.errors import UserError

            raise UserError("an experiment keeps its name: its runs bear it; leave new_name out")
        self._label([(labels.ARCHIVED, "", False)])

    def _labels(self) -> labels.Labels:
        return self.workspace.store.experiment_labels(self.name)

    def _label(self, changes: Sequence[tuple[str, str, object]]) -> None:
        self.workspace.store.label_experiment(self.name, [*changes])
