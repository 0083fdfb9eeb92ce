"""The logs of a run: their names, where they lie, and opening one of them."""

from __future__ import annotations

import os

from runstore import layout
from runstore.errors import FileMissing
from runstore.fs import safe_path
from runstore.run import attempts, files, work

TYPE_CHECKING = False
if TYPE_CHECKING:
    from runstore.run.record import Record


def log_files(record: Record) -> dict[str, str]:
    """The run's log files by name, each with its path."""
    try:
        kept = [
            name
            for folder in (layout.USER_LOGS, layout.LOGS)
            for name in files.names(record.path, f"{folder}/")
        ]
    except FileNotFoundError:  # the run was removed
        return {}
    from homerun.targets import registry  # a command line that shows no run does without it

    kept += registry.target_of_run(record.store.root, record.run).logs(record)
    last = attempts.std_log(attempts.begun(record.path))
    kept.sort(key=lambda name: (name != last, name == layout.ENVIRONMENT_LOG))  # the last one first
    found = {name: f"{record.path}/{name}" for name in kept}
    return {**found, **_watched(record)}


def _watched(record: Record) -> dict[str, str]:
    """The files in the other folders that the run was asked to watch, by name."""
    found = {}
    for watched in record.run.get("directories_to_watch") or []:
        parts = [part for part in str(watched).split("/") if part not in ("", ".")]
        if not parts or parts == [layout.LOGS] or os.pardir in parts:
            continue
        try:
            top = safe_path.open_root(f"{record.path}/{work.folder_of(record.run)}")
            folder = safe_path.descend(top, parts, make=False)
        except OSError:
            continue  # the script has made none
        try:
            names = ["/".join((*parts, name)) for name in safe_path.walk(folder)]
        finally:
            os.close(folder)
        above = f"{record.path}/{work.folder_of(record.run)}"
        found.update({name: f"{above}/{name}" for name in sorted(names)})
    return found


def path_of(record: Record, name: str) -> str:
    """Where a log lies, to be watched; it is opened by its name."""
    above = name.split("/")[0]
    if name == layout.SUPERVISOR_LOG or above in (layout.USER_LOGS, layout.LOGS):
        return f"{record.path}/{name}"
    return f"{record.path}/{work.folder_of(record.run)}/{name}"


def opened(record: Record, name: str) -> int:
    """A descriptor of a log for reading, where no link leads elsewhere.

    Raises:
        FileMissing: the run has no such log.
        OSError: it cannot be read.
    """
    try:
        if name == layout.SUPERVISOR_LOG:
            return _in(record.path, (), name)
        if name.split("/")[0] in (layout.USER_LOGS, layout.LOGS):
            return files.open_for_reading(record.path, name)
        if name in log_files(record):  # of another folder that the run watches
            *above, last = name.split("/")
            return _in(f"{record.path}/{work.folder_of(record.run)}", above, last)
    except safe_path.NoFileError as error:
        raise FileMissing(name, record.id, str(error)) from None
    except FileNotFoundError:
        raise FileMissing(name, record.id) from None
    raise FileMissing(name, record.id, "it is not a log")


def _in(root: str, above: list[str] | tuple[str, ...], name: str) -> int:
    folder = safe_path.descend(safe_path.open_root(root), above, make=False)
    try:
        return safe_path.open_file(folder, name)
    finally:
        os.close(folder)
