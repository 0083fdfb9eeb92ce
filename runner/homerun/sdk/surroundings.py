"""What a script asks its run for beside metrics: secrets, data, and the page to look at.

In Azure these come from services. Here they come from the environment, or say why they do not.
"""

from __future__ import annotations

from homerun.base import environ
from homerun.base.errors import Absent

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Sequence
    from typing import Any

_NO_MODELS = "there is no registry of models yet; save the model below outputs/, where it stays"


class Surroundings(Absent):
    """The surroundings of a run."""

    _absent_from = "Run"
    _absent = {
        "register_model": _NO_MODELS,
        "get_environment": "what was installed is in get_interpreter(); see get_details()",
    }

    _folder: str

    def get_portal_url(self) -> str:
        """Where to look at it: the address of its folder on this machine."""
        from homerun.sdk import html

        return html.address(self._folder)

    def get_interpreter(self) -> dict[str, Any] | None:
        """What the script ran with: `python` (its path), `version`, `implementation`, `platform`,
        and `packages`, each as `name==version`. None: that is not on record, or not yet.
        """
        from runstore import layout
        from runstore.fs import facts

        return facts.read(self._folder, layout.INTERPRETER)

    def get_secret(self, name: str) -> str:
        """A secret by its name: the environment variable that is called so.

        For `db-password` that is `db-password`, `db_password` or `DB_PASSWORD`, the first that is
        set.

        Raises:
            UserError: none of them is.
        """
        for variable in environ.secret_names(name):
            value = environ.variable(variable)
            if value is not None:
                return value
        from homerun.base.errors import UserError

        wanted = environ.secret_names(name)[-1]
        raise UserError(f"there is no secret {name!r} here: set the environment variable {wanted}")

    def get_secrets(self, secrets: Sequence[str]) -> dict[str, str]:
        """Several secrets, by their names; see `get_secret`.

        Raises:
            UserError: one of them is not set.
        """
        return {name: self.get_secret(name) for name in secrets}

    @property
    def input_datasets(self) -> dict[str, str]:
        """The paths of input data by name, where the environment names any as Azure does."""
        return environ.named_paths(environ.INPUT_DATA, ",")

    @property
    def output_datasets(self) -> dict[str, str]:
        """The paths for output data by name, where the environment names any as Azure does."""
        return environ.named_paths(environ.OUTPUT_DATA, ";")
