"""The files of a run: what it made, what was uploaded to it, its logs, and its code.

Unlike a metric, an upload that fails does raise, also in the run's own script: a model that was
asked to be kept and was not is nothing to find out about later.
"""

from __future__ import annotations

TYPE_CHECKING = False
if TYPE_CHECKING:
    import os
    from collections.abc import Iterable, Sequence
    from typing import Any, Union

    from homerun.files.upload import Artifact
    from runstore.fs.safe_path import Stream
    from runstore.run.record import Record

    Path = Union[str, os.PathLike[str]]


class RunFiles:
    """The files of a run, by relative names such as `outputs/model.pkl`; `_record` is its record.

    What a script writes to `outputs/` and `logs/` are files of its run at once. Links are none.
    """

    if TYPE_CHECKING:

        @property
        def _record(self) -> Record: ...

        def _begin(self) -> None: ...

        def get_details(self) -> dict[str, Any]: ...

    def upload_file(
        self, name: str, path_or_stream: Path | Stream, datastore_name: str | None = None
    ) -> Artifact:
        """Keep a file with the run. What the run has under that name already is no conflict.

        Args:
            name: what the run is to call it.
            path_or_stream: a path, or a stream of bytes, read from where it is.
            datastore_name: accepted; everything lies in the run's folder.

        Raises:
            FileTaken: the run has another file of that name, which is never replaced.
            FileBlocked, InvalidName: the run can have no file of that name.
            FileNotFoundError: there is nothing at the path.
            UserError: it is a folder or a stream of text, or it cannot be read or written.
            ReadOnlyStore, FormatTooNew: the store cannot be written.
        """
        from homerun.files import upload

        self._begin()
        return upload.file(self._record, name, path_or_stream)

    def upload_files(
        self,
        names: Iterable[str],
        paths: Iterable[Path],
        return_artifacts: bool = False,
        timeout_seconds: float | None = None,
        datastore_name: str | None = None,
    ) -> list[Artifact] | tuple[dict[str, Artifact], list[Artifact]]:
        """Keep several files with the run, each as `upload_file` does.

        If some are refused the others are kept all the same, and the first refusal is raised.

        Args:
            names, paths: as many of the one as of the other. Of a name that is given twice the
                first counts.
            return_artifacts: return a dict by name too.
            timeout_seconds, datastore_name: accepted without effect.

        Raises:
            TypeError: there are more of the one than of the other.
        """
        from homerun.files import upload

        self._begin()
        made = upload.files(self._record, names, paths)
        return ({one.path: one for one in made}, made) if return_artifacts else made

    def upload_folder(
        self, name: str, path: Path, datastore_name: str | None = None
    ) -> list[Artifact]:
        """Keep all files below a folder with the run, hidden ones too, as `name/<relative path>`.

        A link is followed to a file below the folder, or to an original that homerun itself linked.

        Raises:
            UserError: the path is no folder, or holds a link that leads elsewhere, or a pipe.
        """
        from homerun.files import upload

        self._begin()
        return upload.folder(self._record, name, path)

    def get_file_names(self) -> list[str]:
        """The names of the run's files as they are now."""
        from runstore.run import files

        return files.names(self._record.path)

    def download_file(self, name: str, output_file_path: Path | None = None) -> None:
        """Copy one file of the run. A regular file that is there is replaced, whole or not at all.

        Args:
            output_file_path: a path, or a folder that is there; None: the last part of the name,
                here. Folders above it are made.

        Raises:
            UserError: the run has no such file, or a link or a folder lies where it is to go.
        """
        from homerun.files import download

        download.file(self._record, name, output_file_path)

    def download_files(
        self,
        prefix: str | None = None,
        output_directory: Path | None = None,
        output_paths: Sequence[Path] | None = None,
        batch_size: int = 100,
        append_prefix: bool = True,
        timeout_seconds: float | None = None,
    ) -> None:
        """Copy the files of a folder of the run, or all of them, under their names.

        Below the output directory no link is written through.

        Args:
            prefix: a folder of the run, such as `outputs`.
            output_directory: where they go, made if need be; None: here.
            output_paths: instead of their names, a path for each, in the order of the names. If
                there are not as many, or not all different, they are left out with a notice.
            append_prefix: False, with an output directory: names go without the prefix.
            batch_size, timeout_seconds: accepted without effect.

        Raises:
            UserError: the run has no such folder, or a link or a folder lies where a file is to go.
        """
        from homerun.files import download

        download.files(self._record, prefix, output_directory, output_paths, append_prefix)

    def get_all_logs(self, destination: Path | None = None) -> list[str]:
        """Copy the run's log files, under their names; the paths of the copies.

        Args:
            destination: a folder, made if need be; None: `assets/<run id>` here.

        Raises:
            UserError: the destination is no folder.
        """
        from homerun.files import download

        return download.logs(self._record, destination)

    def get_details_with_logs(self) -> dict[str, Any]:
        """The details, with the text of each log file in place of its path."""
        from homerun.files import download

        return {**self.get_details(), "logFiles": download.log_texts(self._record)}

    def take_snapshot(self, file_or_folder_path: Path) -> str:
        """Keep code with a run that has none; the snapshot's id.

        Raises:
            UserError: the run has a snapshot, or there is nothing at the path, or it is too large.
        """
        from homerun.snapshots import export

        self._begin()
        return export.take(self._record, file_or_folder_path)

    def get_snapshot_id(self) -> str | None:
        """The id of the run's code; equal code has an equal id."""
        from homerun.snapshots import export

        return export.snapshot_id(self._record)

    def restore_snapshot(self, snapshot_id: str | None = None, path: Path | None = None) -> str:
        """Pack a snapshot as `<path>/<snapshot id>.zip`, the files that it links to among it.

        Args:
            snapshot_id: of any run of the workspace; None: this run's.
            path: a folder, made if need be; None: the folder for temporary files.

        Returns:
            The absolute path of the archive. Of the same content it is the same, byte by byte.

        Raises:
            UserError: there is no such snapshot, or the archive cannot be written.
        """
        from homerun.snapshots import export

        return export.restore(self._record, snapshot_id, path)

    def unpack_snapshot(self, path: Path) -> str:
        """Copy the run's code into a folder, the files that it links to among it; the folder.

        What is no longer as it was at the snapshot is told on standard error.

        Args:
            path: made if it is not there yet; it has to be empty.

        Raises:
            UserError: the run has no snapshot, or the folder cannot be written or is not empty.
        """
        from homerun.snapshots import export

        return export.unpack(self._record, path)
