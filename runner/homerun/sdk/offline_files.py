"""The files of an offline run: what was uploaded is named and stays where it is."""

from __future__ import annotations

import os

from homerun.base.errors import UserError

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence
    from typing import Any

    from homerun.files.upload import Artifact
    from homerun.sdk.run_files import Path
    from runstore.fs.safe_path import Stream


class OfflineFiles:
    """The file methods of an offline run: it prints what it is told, and goes on."""

    _id: str
    _uploaded: dict[str, str | None]

    def upload_file(
        self, name: str, path_or_stream: Path | Stream, datastore_name: str | None = None
    ) -> Artifact:
        """Print and remember the name; the file stays where it is, the content of a stream goes."""
        print(f"Attempted to track file {name} at {path_or_stream}")
        return self._track(name, path_or_stream)

    def upload_files(
        self,
        names: Iterable[str],
        paths: Iterable[Path],
        return_artifacts: bool = False,
        timeout_seconds: float | None = None,
        datastore_name: str | None = None,
    ) -> list[Artifact] | tuple[dict[str, Artifact], list[Artifact]]:
        """Print and remember the names."""
        wanted, sources = list(names), list(paths)
        print(f"Attempted to track files {wanted} at {sources} with timeout {timeout_seconds}s")
        made = [self._track(name, path) for name, path in zip(wanted, sources)]
        return ({one.path: one for one in made}, made) if return_artifacts else made

    def upload_folder(
        self, name: str, path: Path, datastore_name: str | None = None
    ) -> list[Artifact]:
        """Print and remember the names of the files below the folder."""
        print(f"Attempted to track folder {name} at {path}")
        root = os.fspath(path)
        found = [os.path.join(at, one) for at, _, inside in os.walk(root) for one in sorted(inside)]
        return [
            self._track("/".join((name.rstrip("/"), os.path.relpath(one, root))), one)
            for one in found
        ]

    def get_file_names(self) -> list[str]:
        """The names under which something was uploaded."""
        return sorted(self._uploaded)

    def download_file(self, name: str, output_file_path: Path | None = None) -> None:
        """Copy a file that was uploaded by its path, as it is now.

        Raises:
            UserError: nothing was uploaded under that name, or a stream, which is not kept.
        """
        from homerun.files import download, upload

        path = self._uploaded.get(name)
        if path is None:
            known = download.some(self.get_file_names())
            raise UserError(f"{self._id} keeps no file {name!r}; what was uploaded to it: {known}")
        source = upload.open_local(path)
        try:
            download.copy_to(source, download.target(name, output_file_path))
        finally:
            os.close(source)

    def download_files(
        self,
        prefix: str | None = None,
        output_directory: Path | None = None,
        output_paths: Sequence[Path] | None = None,
        batch_size: int = 100,
        append_prefix: bool = True,
        timeout_seconds: float | None = None,
    ) -> None:
        """Not possible: the files are where the script has them.

        Raises:
            UserError: always.
        """
        raise UserError("an offline run keeps no files of its own; submit the script")

    def get_all_logs(self, destination: Path | None = None) -> list[str]:
        """None: the output goes where this process writes it."""
        return []

    def get_details_with_logs(self) -> dict[str, Any]:
        """The details, which name no log."""
        return self.get_details()

    def take_snapshot(self, file_or_folder_path: Path) -> str:
        """Not possible: there is no store.

        Raises:
            UserError: always.
        """
        raise UserError("an offline run has no snapshot; submit the script")

    def get_snapshot_id(self) -> str | None:
        """None: there is no snapshot."""
        return None

    def restore_snapshot(self, snapshot_id: str | None = None, path: Path | None = None) -> str:
        """Not possible: there is no store.

        Raises:
            UserError: always.
        """
        raise UserError("an offline run has no snapshot; submit the script")

    def _track(self, name: str, source: Path | Stream) -> Artifact:
        from homerun.files.upload import Artifact

        path = os.path.abspath(source) if isinstance(source, (str, os.PathLike)) else None
        self._uploaded[name] = path
        return Artifact(self._id, name)

    if TYPE_CHECKING:

        def get_details(self) -> dict[str, Any]: ...
