"""The experiments and runs of a store: list, find and make them. The folders are the truth."""

from __future__ import annotations

import os

from runstore import layout, names
from runstore.errors import (
    AmbiguousPrefix,
    ExperimentNotFound,
    RunNotFound,
)
from runstore.fs import atomic, facts
from runstore.root import Root
from runstore.run import labels, ledger
from runstore.run.record import Record

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterator


_MOST_ASKED = 100
"""So many of the newest runs are asked for the id of their store. Where all were copied to it, and
none is of this place, none of them lives here."""


class Store(Root):
    """A store for reading; `for_writing()` makes sure that it exists and may be written."""

    def experiments(self) -> list[str]:
        """The names of all experiments, sorted."""
        return sorted(map(self.experiment_name, self.experiment_folders()))

    def experiment_folders(self) -> list[str]:
        """The folders of all experiments, sorted."""
        try:
            entries = [entry for entry in os.scandir(self.root) if entry.name[0] != "."]
        except (FileNotFoundError, NotADirectoryError):
            return []
        return sorted(entry.name for entry in entries if entry.is_dir(follow_symlinks=False))

    def experiment_folder(self, name: str) -> str:
        """The folder of an experiment.

        Raises:
            ExperimentNotFound: there is none of that name.
        """
        found = self._find_experiment(name)
        if found is None:
            raise ExperimentNotFound(name)
        return found

    def experiment_labels(self, name: str) -> labels.Labels:
        """The tags of an experiment, and whether it is archived; none where there is none."""
        folder = self._find_experiment(name)
        if folder is None:
            return labels.Labels()
        return labels.read(f"{self.root}/{folder}", name=layout.EXPERIMENT_LABELS)

    def label_experiment(self, name: str, changes: list[tuple[str, str, object]]) -> None:
        """Change labels of an experiment, each change (label, key, value).

        Raises:
            ExperimentNotFound: there is none of that name.
            FormatTooNew, ReadOnlyStore: the store may not be written.
        """
        folder = f"{self.for_writing().root}/{self.experiment_folder(name)}"
        labels.write(folder, changes, layout.EXPERIMENT_LABELS)

    def make_experiment(self, name: str) -> str:
        """The folder of an experiment, made if it is not there yet.

        Raises:
            InvalidName, FormatTooNew, ReadOnlyStore: it cannot be made.
        """
        names.check_experiment(name)
        self.for_writing()
        found = self._find_experiment(name)
        if found is not None:
            return found
        plain = names.is_safe_folder(name) and not self._has_case_twin(name)
        return self._make_experiment(name, name if plain else names.hashed_folder(name))

    def runs(self, experiment: str | None = None, *, children: bool = True) -> Iterator[Record]:
        """Runs from the newest to the oldest, of one experiment or of all; lazily.

        Args:
            children: also runs that have a parent.
        """
        if experiment is not None:
            folder = self._find_experiment(experiment)
            return self._runs_in(folder, children) if folder else iter(())
        return self._runs_in_all(children)

    def find(self, run_id: str) -> Record:
        """A run by its id, or by a beginning that only one run has.

        Raises:
            RunNotFound, AmbiguousPrefix: there is none, or more than one.
        """
        exact = self.get(run_id)
        if exact is not None:
            return exact
        if not names.is_run_id(run_id):
            raise RunNotFound(run_id)
        found = [one for one in self.holding(run_id) if one.id.startswith(run_id)]
        if len(found) > 1:
            raise AmbiguousPrefix(run_id, [record.id for record in found])
        if not found:
            raise RunNotFound(run_id)
        return found[0]

    def holding(self, part: str) -> list[Record]:
        """The runs whose ids hold a text; none for an empty one."""
        if not part:
            return []
        found = [
            Record(self, folder, full)
            for folder in self.experiment_folders()
            for full in ledger.find_part(f"{self.root}/{folder}/{layout.LEDGER}", part)
        ]
        found = [record for record in found if record.exists()]
        # Folders that were copied in have no line.
        return found or [record for record in self.runs() if part in record.id]

    def numbered(self, number: int, experiment: str | None = None) -> list[Record]:
        """The runs of a number: one of each experiment at most."""
        if experiment is None:
            folders = self.experiment_folders()
        else:
            own = self._find_experiment(experiment)
            folders = [own] if own else []
        found = []
        for folder in folders if number > 0 else []:
            try:
                lines = ledger.between(f"{self.root}/{folder}/{layout.LEDGER}", number - 1, number)
            except OSError:
                continue
            found += [Record(self, folder, line.run_id) for line in lines]
        # Folders that were copied in have another number on record than in this ledger.
        return [one for one in found if one.exists() and _number(one) in (number, None)]

    def last_number(self, experiment: str) -> int:
        """The number of the latest run of an experiment; 0: it has none."""
        folder = self._find_experiment(experiment)
        try:
            return ledger.count(f"{self.root}/{folder}/{layout.LEDGER}") if folder else 0
        except OSError:
            return 0

    def get(self, run_id: str) -> Record | None:
        """The run with exactly this id, or None."""
        if not names.is_run_id(run_id):
            return None
        guess = run_id.rsplit("_", 2)[0]
        near = Record(self, guess, run_id)
        if near.exists() and not os.path.islink(f"{self.root}/{guess}"):
            return near
        for folder in self.experiment_folders():
            record = Record(self, folder, run_id)
            if record.exists():
                return record
        return None

    def parent_of(self, record: Record) -> Record | None:
        """The run that a run is a child of."""
        parent = record.run.get("parent")
        return self.neighbour(record, parent) if parent else None

    def above(self, record: Record) -> Iterator[Record]:
        """The runs above a run: its parent, the parent of that, and so on."""
        seen = {record.id}
        here = self.parent_of(record)
        while here is not None and here.id not in seen:  # a damaged record may name itself
            yield here
            seen.add(here.id)
            here = self.parent_of(here)

    def neighbour(self, record: Record, run_id: object) -> Record | None:
        """Another run of the store; nearly always one of the same experiment.

        Args:
            run_id: what a record says; what is no id names no run.
        """
        if not names.is_run_id(run_id):
            return None
        near = Record(self, record.experiment_folder, str(run_id))
        return near if near.exists() else self.get(str(run_id))

    def lost_id(self) -> str:
        """As its runs know it that are where they were made: copies know another store."""
        from itertools import islice

        for record in islice(self.runs(), _MOST_ASKED):
            try:
                place = record.place()
                if record.is_original(place):
                    return str(place.get("store_id") or "")
            except OSError:
                continue
        return ""

    def _find_experiment(self, name: str) -> str | None:
        if names.is_safe_folder(name) and self._is_folder_of(name, name):
            return name
        folder = names.hashed_folder(name)  # loads hashlib: not where it is not needed
        return folder if self._is_folder_of(folder, name) else None

    def _is_folder_of(self, folder: str, name: str) -> bool:
        return atomic.is_folder(f"{self.root}/{folder}") and self.experiment_name(folder) == name

    def _has_case_twin(self, name: str) -> bool:
        return any(
            other != name and other.casefold() == name.casefold()
            for other in self.experiment_folders()
        )

    def _make_experiment(self, name: str, folder: str) -> str:
        """Build the folder under a hidden name and rename it into place.

        A rename onto a folder that is not empty fails, and an experiment's folder never is.
        """
        hidden = f"{self.root}/{layout.NEW}{os.urandom(4).hex()}"
        try:
            atomic.make_new_folder(hidden)
            facts.publish(hidden, layout.EXPERIMENT, facts.signed({"name": name}), sync=True)
            os.close(atomic.open_plain(f"{hidden}/{layout.LEDGER}", os.O_WRONLY | os.O_CREAT))
            os.rename(hidden, f"{self.root}/{folder}")
            atomic.sync_folder(self.root)  # or a power cut takes it, with the runs in it
        except OSError as error:
            import shutil

            shutil.rmtree(hidden, ignore_errors=True)
            if self._find_experiment(name) is None:
                raise atomic.unwritable(self.root, error) from error
        return folder

    def _runs_in(self, folder: str, children: bool) -> Iterator[Record]:
        """The ledger's runs from its end, then folders that no line of it names (copied in)."""
        path = f"{self.root}/{folder}"
        listed = set()
        for line in ledger.newest_first(f"{path}/{layout.LEDGER}", children=children):
            if line.run_id in listed:  # two makers of one id have a line each
                continue
            listed.add(line.run_id)
            record = Record(self, folder, line.run_id)
            if _may_exist(record):
                yield record
        try:
            found = sorted(os.listdir(path), reverse=True)
        except OSError:
            return  # removed in the meantime
        for line in ledger.newest_first(f"{path}/{layout.LEDGER}"):
            if children and line.run_id in listed:
                break
            listed.add(line.run_id)  # made since the listing began: newer than all of it
        for name in found:
            if name not in listed and names.is_run_id(name) and atomic.is_folder(f"{path}/{name}"):
                record = Record(self, folder, name)
                if children or not _asked(record, "parent"):
                    yield record

    def _runs_in_all(self, children: bool) -> Iterator[Record]:
        folders = self.experiment_folders()
        if len(folders) == 1:
            return self._runs_in(folders[0], children)
        import heapq

        streams = [
            ((_asked(record, "time"), record) for record in self._runs_in(folder, children))
            for folder in folders
        ]
        merged = heapq.merge(*streams, key=lambda pair: pair[0], reverse=True)
        return (record for _, record in merged)


def _number(record: Record) -> object:
    """The number on record; None where the record cannot be read."""
    try:
        return record.run.get("number")
    except OSError:
        return None


def store_of(record: Record) -> Store:
    """The store of a run, with all its experiments and runs."""
    root = record.store
    return root if isinstance(root, Store) else Store(root.root)


def _may_exist(record: Record) -> bool:
    """Whether a run is there, or cannot be looked at: a bad disk makes no run disappear."""
    try:
        return record.exists()
    except OSError:
        return True


def _asked(record: Record, key: str) -> str:
    """What run.json says, "" where it does not: a run that cannot be read takes no list down."""
    try:
        return str(record.run.get(key) or "")
    except OSError as error:
        if error.errno in atomic.OUR_OWN:
            raise
        return ""
