"""Everything that can go wrong in a store, as one family.

Facts are attributes; the message is one sentence: what, which object, what to do next.
"""

from __future__ import annotations

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable, Iterable

renderer: Callable[[BaseError], str] | None = None
"""How an error becomes text; None: as its message. Code that knows the original's errors by their
text has another one, which comes with `azureml.exceptions`."""


def words(error: BaseException) -> str:
    """An error's own words, to be quoted in a sentence of ours."""
    return error.message if isinstance(error, BaseError) else str(error)


class BaseError(Exception):
    """What store and runner raise; `message` is the sentence, however the error is printed.

    The names of the arguments are the original's: people raise such errors themselves.
    """

    inner_exception: BaseException | None = None

    def __init__(
        self,
        exception_message: str = "",
        inner_exception: BaseException | None = None,
        **described: object,
    ) -> None:
        self.inner_exception = inner_exception
        super().__init__(exception_message)

    @property
    def message(self) -> str:
        """The sentence."""
        return str(self.args[0]) if self.args else ""

    def __str__(self) -> str:
        return self.message if renderer is None else renderer(self)

    def __reduce__(self) -> tuple[object, ...]:
        return _again, (type(self), self.args), self.__dict__


def _again(kind: type[BaseError], args: tuple[object, ...]) -> BaseError:
    """A copied or unpickled error: without `__init__`, whose arguments are each class's own."""
    made = kind.__new__(kind, *args)
    made.args = args
    return made


class MisuseError(BaseError):
    """Something was asked for in a way that cannot be carried out, whatever the store holds."""


class AggregatedError(BaseError):
    """One or several errors of files that were added together, with a line for each."""

    def __init__(
        self,
        exception_message: str | Iterable[BaseException] = "",
        inner_exception: BaseException | None = None,
        **described: object,
    ) -> None:
        if not isinstance(exception_message, str):
            exception_message = "\n".join(map(words, exception_message))
        super().__init__(exception_message, inner_exception, **described)


class StoreError(BaseError):
    """The base of all errors of the store."""


class RunNotFound(StoreError, LookupError):
    """No run of this store has that id, or begins with that prefix."""

    def __init__(self, run_id: str) -> None:
        self.run_id = run_id
        super().__init__(f"there is no run {run_id!r} in this store; list the runs to see all ids")


class NotInTrash(StoreError, LookupError):
    """No run in the trash has that id, or begins with that prefix."""

    def __init__(self, run_id: str) -> None:
        self.run_id = run_id
        super().__init__(
            f"there is no run {run_id!r} in the trash; homerun store trash list shows what is"
        )


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

    def __init__(self, run_id: str, where: str = "") -> None:
        self.run_id = run_id
        place = where or "in this store; choose another id"
        super().__init__(f"a run {run_id!r} exists already {place}")


class InvalidName(MisuseError, StoreError, ValueError):
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
            "use another folder (HOMERUN_STORE) to submit (homerun help troubleshooting reads)"
        )


class UntrustedStore(StoreError):
    """A store that this user may write, but that does not act for this user on this machine."""

    def __init__(self, path: str, reason: str) -> None:
        self.path = path
        self.reason = reason
        super().__init__(
            f"the store {path} is only read ({reason}), since its files say which commands run; "
            f"if you trust them: homerun store trust {path} (homerun help troubleshooting trusted)"
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


class FileTaken(AggregatedError, StoreError):
    """A run has another file of that name; what a run holds is never replaced."""

    def __init__(self, name: str, run_id: str) -> None:
        self.name = name
        self.run_id = run_id
        super().__init__(
            f"file {name!r} already exists in run {run_id}, with other content: files of a run are "
            "never replaced, choose another name"
        )


class FileBlocked(AggregatedError, StoreError):
    """A run cannot have a file of that name, because of what lies at its place or above it."""

    def __init__(self, name: str, run_id: str, reason: str) -> None:
        self.name = name
        self.run_id = run_id
        super().__init__(
            f"run {run_id} cannot have a file {name!r} ({reason}): choose another name"
        )


class FileMissing(MisuseError, StoreError, LookupError):
    """A run has no file of that name."""

    def __init__(self, name: str, run_id: str, reason: str = "") -> None:
        self.name = name
        self.run_id = run_id
        why = f" ({reason})" if reason else ""
        super().__init__(
            f"run {run_id} has no file {name!r}{why}; homerun files {run_id} lists those it has"
        )


class LockTimeout(StoreError, TimeoutError):
    """A lock was not free in time."""

    def __init__(self, path: str) -> None:
        self.path = path
        super().__init__(f"the lock {path} was not free in time; try again")


class InvalidSettings(MisuseError, StoreError, ValueError):
    """The file of settings, which people write, is none."""

    def __init__(self, path: str, reason: str) -> None:
        self.path = path
        self.reason = reason
        super().__init__(f"{path} holds no settings ({reason}); correct it, or move it away")


class InvalidQuery(MisuseError, StoreError, ValueError):
    """A query names a field or an operator that there is none of."""
