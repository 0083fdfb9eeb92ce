"""The files of a run: what it made, what was uploaded to it, its logs and its code.

An upload that fails raises, also in the run's own script: the loss of a model must be seen at once.
`homerun.Run` documents each method.
"""

from __future__ import annotations

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from homerun.files.upload import Artifact, Path
    from homerun.runs.handle import RunHandle
    from runstore.fs.safe_path import Stream


class RunFiles:
    """The files of one run, by relative names such as `outputs/model.pkl`. Links are not files.

    Before something is added, a row of `create_children` begins.
    """

    def __init__(self, handle: RunHandle) -> None:
        self._handle = handle

    def upload_file(self, name: str, source: Path | Stream) -> Artifact:
        """Keep one file; see `Run.upload_file`."""
        from homerun.files import upload

        self._handle.begin()
        return upload.file(self._handle.record, name, source)

    def upload_files(
        self, names: Iterable[str], paths: Iterable[Path], timeout_seconds: float | None
    ) -> list[Artifact]:
        """Keep several files; see `Run.upload_files`."""
        from homerun.files import upload

        self._handle.begin()
        return upload.files(self._handle.record, names, paths)

    def upload_folder(self, name: str, path: Path) -> list[Artifact]:
        """Keep all files below a folder; see `Run.upload_folder`."""
        from homerun.files import upload

        self._handle.begin()
        return upload.folder(self._handle.record, name, path)

    def names(self) -> list[str]:
        """The names of the files as they are now."""
        from runstore.run import files

        return files.names(self._handle.folder)

    def download_file(self, name: str, target: Path | None) -> None:
        """Copy one file; see `Run.download_file`."""
        from homerun.files import download

        download.file(self._handle.record, name, target)

    def download_files(
        self,
        prefix: str | None,
        folder: Path | None,
        paths: Sequence[Path] | None,
        append_prefix: bool,
    ) -> None:
        """Copy the files of a folder, or all; see `Run.download_files`."""
        from homerun.files import download

        download.files(self._handle.record, prefix, folder, paths, append_prefix)

    def download_logs(self, destination: Path | None) -> list[str]:
        """Copy the log files; see `Run.get_all_logs`."""
        from homerun.files import download

        return download.logs(self._handle.record, destination)

    def log_texts(self) -> dict[str, str]:
        """The text of each log file, by its name."""
        from homerun.files import download

        return download.log_texts(self._handle.record)

    def take_snapshot(self, path: Path) -> str:
        """Keep code; see `Run.take_snapshot`."""
        from homerun.snapshots import export

        self._handle.begin()
        return export.take(self._handle.record, path)

    def snapshot_id(self) -> str | None:
        """The id of the code; None: there is none."""
        from homerun.snapshots import export

        return export.snapshot_id(self._handle.record)

    def restore_snapshot(self, snapshot_id: str | None, path: Path | None) -> str:
        """Pack a snapshot into an archive; see `Run.restore_snapshot`."""
        from homerun.snapshots import export

        return export.restore(self._handle.record, snapshot_id, path)

    def unpack_snapshot(self, path: Path) -> str:
        """Copy the code into a folder; see `Run.unpack_snapshot`."""
        from homerun.snapshots import export

        return export.unpack(self._handle.record, path)
