"""The secrets of a workspace under the original's names; `homerun.assets.secrets` keeps them."""

from __future__ import annotations

from homerun.assets import secrets
from homerun.base import messages

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from homerun import Workspace


class Keyvault:
    """Secrets by name: of environment variables, the system's keyring, or a file of the user's own.

    None is ever in the store. In a script `run.get_secret` finds them too.
    """

    def __init__(self, workspace: Workspace) -> None:
        self.workspace = workspace

    def get_secret(self, name: str) -> str | None:
        """The value of a secret; None: there is none.

        Raises:
            UserError: the file is another user's, or others may read it; or the keyring is locked.
        """
        return secrets.find_secret(self.workspace.store, name)

    def get_secrets(self, secrets: Iterable[str]) -> dict[str, str | None]:
        """Several secrets by name; None for one that there is not."""
        return {name: self.get_secret(name) for name in secrets}

    def set_secret(self, name: str, value: str) -> None:
        """Keep a secret, in the keyring where there is one, else in a file of the user's own.

        Raises:
            UserError: it is not text, or its name is none that a secret has.
        """
        place = secrets.keep_secret(self.workspace.store, name, value)
        if place == secrets.FILE:
            messages.tell([f"the secret {name!r} is kept in a file that only you can read"])

    def set_secrets(self, secrets_batch: Mapping[str, str]) -> None:
        """Keep several secrets."""
        for name, value in secrets_batch.items():
            self.set_secret(name, value)

    def list_secrets(self) -> list[dict[str, str]]:
        """The secrets that are kept, as `{"name": …}`; no values."""
        return [{"name": name} for name in secrets.secret_names(self.workspace.store)]

    def delete_secret(self, name: str) -> None:
        """Remove a secret; one that is not there is no error."""
        secrets.forget_secret(self.workspace.store, name)

    def delete_secrets(self, secrets: Iterable[str]) -> None:
        """Remove several secrets."""
        for name in secrets:
            self.delete_secret(name)

    def __repr__(self) -> str:
        return f"Keyvault(workspace={self.workspace!r})"
