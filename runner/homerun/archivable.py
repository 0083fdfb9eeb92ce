"""What people write on an experiment: tags, and whether listings leave it out."""

from __future__ import annotations

from runstore import labels

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence
    from datetime import datetime

    from homerun.filters import Wanted
    from homerun.workspace import Workspace


def wanted_tags(wanted: Wanted) -> Callable[[Mapping[str, object]], bool]:
    """Whether tags are those that somebody looks for: a key, pairs, or several of either in a list.

    Raises:
        UserError: it is nothing of the kind.
    """
    if wanted is None:
        return lambda tags: True
    if isinstance(wanted, str):
        return lambda tags: wanted in tags
    if isinstance(wanted, (list, tuple)):
        parts = [wanted_tags(one if isinstance(one, str) else dict([one])) for one in wanted]
        return lambda tags: all(part(tags) for part in parts)
    from homerun import notices

    pairs = notices.text_pairs("tags", wanted)  # type: ignore[arg-type]
    return lambda tags: all(key in tags and tags[key] == pairs[key] for key in pairs)


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
