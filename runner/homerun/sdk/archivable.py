"""What people write on an experiment: tags, and whether listings leave it out."""

from __future__ import annotations

from homerun.sdk.labels import Tagged
from runstore.run import labels

TYPE_CHECKING = False
if TYPE_CHECKING:
    from datetime import datetime

    from homerun.sdk.workspace import Workspace


class Archivable(Tagged):
    """The labels of an experiment of a workspace."""

    workspace: Workspace
    name: str

    @property
    def tags(self) -> dict[str, str | None]:
        """The tags as they are now."""
        return self._labels().tags

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
            from homerun.base.errors import UserError

            raise UserError("an experiment keeps its name: its runs bear it; leave new_name out")
        self._label([(labels.ARCHIVED, "", False)])

    def _labels(self) -> labels.Labels:
        return self.workspace.store.experiment_labels(self.name)

    def _label(self, changes: list[tuple[str, str, object]]) -> None:
        self.workspace.store.label_experiment(self.name, changes)
