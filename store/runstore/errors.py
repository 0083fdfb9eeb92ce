"""Everything that can go wrong in a store, as one family.

Facts are attributes; the message is one sentence: what, which object, what to do next.
"""

from __future__ import annotations


class StoreError(Exception):
    """The base of all errors of the store."""


class RunNotFound(StoreError, LookupError):
    """No run of this store has that id, or begins with that prefix."""

    def __init__(self, run_id: str) -> None:
        self.run_id = run_id
        super().__init__(f"there is no run {run_id!r} in this store; list the runs to see all ids")


class AmbiguousPrefix(StoreError, LookupError):
    """Several runs begin with the prefix."""

    def __init__(self, prefix: str, matches: list[str]) -> None:
        self.prefix = prefix
        self.matches = matches
        shown = ", ".join(matches[:3]) + (", …" if len(matches) > 3 else "")
        super().__init__(
            f"{prefix!r} is the beginning of {len(matches)} runs ({shown}); give more of it"
        )


class ExperimentNotFound(StoreError, LookupError):
    """No experiment of this store has that name."""

    def __init__(self, name: str) -> None:
        self.name = name
        super().__init__(f"there is no experiment {name!r} in this store; list the experiments")


class RunExists(StoreError):
    """A run with that id is there already: ids are unique in a store."""

    def __init__(self, run_id: str) -> None:
        self.run_id = run_id
        super().__init__(f"a run {run_id!r} exists already in this store; choose another id")


class InvalidName(StoreError, ValueError):
    """A name of a run, an experiment or a workspace that the store cannot hold."""


class InvalidTransition(StoreError):
    """The run's status does not allow what was asked."""

    def __init__(self, run_id: str, status: str, wish: str) -> None:
        self.run_id = run_id
        self.status = status
        self.wish = wish
        super().__init__(f"run {run_id} is {status}: it cannot {wish}")


class CorruptRecord(StoreError):
    """A file of the store that does not hold what its name promises."""

    def __init__(self, path: str, reason: str) -> None:
        self.path = path
        self.reason = reason
        super().__init__(f"{path} is damaged ({reason}); run `homerun store check --repair`")


class FormatTooNew(StoreError):
    """The store was written by a newer version: it can be read, not written."""

    def __init__(self, path: str, found: int, known: int) -> None:
        self.path = path
        self.found = found
        self.known = known
        super().__init__(
            f"the store {path} has format {found}, this version knows {known}: it can be read but "
            "not written; install a newer homerun"
        )


class ReadOnlyStore(StoreError):
    """The store cannot be written: permissions, the mount, or a file system without hard links."""

    def __init__(self, path: str, reason: str) -> None:
        self.path = path
        self.reason = reason
        super().__init__(
            f"the store {path} cannot be written ({reason}); reading works, "
            "use another folder (HOMERUN_STORE) to submit"
        )


class PropertyExists(StoreError):
    """A property has a value already; properties are set once."""

    def __init__(self, key: str, value: str, wanted: str) -> None:
        self.key = key
        self.value = value
        self.wanted = wanted
        super().__init__(
            f"property {key!r} is {value!r} already and cannot become {wanted!r}: properties are "
            "set once, use a tag for what changes"
        )


class LockTimeout(StoreError, TimeoutError):
    """A lock was not free in time."""

    def __init__(self, path: str) -> None:
        self.path = path
        super().__init__(f"the lock {path} was not free in time; try again")


class InvalidQuery(StoreError, ValueError):
    """A query names a field or an operator that there is none of."""
