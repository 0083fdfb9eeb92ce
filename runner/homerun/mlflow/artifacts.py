"""The artifacts of runs: files in their `outputs/`, where `run.upload_file` keeps them too."""

from __future__ import annotations

import os

from mlflow.entities import FileInfo
from mlflow.store.artifact.artifact_repo import ArtifactRepository, verify_artifact_path

from homerun.files import download, upload
from homerun.mlflow import address
from homerun.mlflow.errors import as_mlflows, not_supported
from runstore.errors import FileMissing
from runstore.run import file_listing

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import NoReturn


class RunArtifacts(ArtifactRepository):  # type: ignore[misc]
    """The artifacts of one run, or what lies in a folder of them.

    Args:
        artifact_uri: their address.
    """

    def __init__(self, artifact_uri: str) -> None:
        super().__init__(artifact_uri)
        with as_mlflows():
            self._record, self._folder = address.run_and_folder(artifact_uri)

    def log_artifact(self, local_file: str, artifact_path: str | None = None) -> None:
        """Keep a file with the run, in the place of what has its name."""
        name = os.path.basename(local_file)
        self._keep({self._name(artifact_path, name): os.fspath(local_file)})

    def log_artifacts(self, local_dir: str, artifact_path: str | None = None) -> None:
        """Keep all files below a folder, but for those of the store itself."""
        top = os.fspath(local_dir)
        found = {}
        for at, folders, names in os.walk(top):
            folders[:] = [one for one in folders if not self._is_store(os.path.join(at, one))]
            for name in names:
                path = os.path.join(at, name)
                found[self._name(artifact_path, os.path.relpath(path, top))] = path
        self._keep(found)

    def list_artifacts(self, path: str | None = None) -> list[FileInfo]:
        """What lies in a folder; nothing for a file, and for what is not there."""
        with as_mlflows():
            try:
                found = file_listing.entries(self._record.path, self._name(path))
            except FileMissing:
                return []
        start = f"{path.rstrip('/')}/" if path else ""
        files = [
            FileInfo(start + one.name, one.is_folder, None if one.is_folder else one.size)
            for one in found
        ]
        return sorted(files, key=lambda one: one.path)

    def _download_file(self, remote_file_path: str, local_path: str) -> None:
        with as_mlflows():
            download.file(self._record, self._name(remote_file_path), local_path)

    def delete_artifacts(self, artifact_path: str | None = None) -> NoReturn:
        """Refused: files of a run stay."""
        raise not_supported("the artifacts of a run are removed with it: homerun run delete")

    def _keep(self, found: dict[str, str]) -> None:
        with as_mlflows():
            upload.files(self._record, found, found.values(), replace=True)

    def _name(self, *parts: str | None) -> str:
        """The name of a file or folder among the run's files."""
        for part in parts:
            verify_artifact_path(part)
        return "/".join([self._folder, *(part.strip("/") for part in parts if part)])

    def _is_store(self, path: str) -> bool:
        try:
            return os.path.samefile(path, self._record.store.root)
        except OSError:
            return False
