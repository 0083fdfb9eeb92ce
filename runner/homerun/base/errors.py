"""What can go wrong with runs, as one family. What can go wrong with files is a `StoreError`."""

from __future__ import annotations

from runstore.errors import BaseError, MisuseError

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Mapping
    from typing import Any


class HomerunError(BaseError):
    """The base of all errors of homerun that are not the store's."""


class UserError(HomerunError, MisuseError):
    """Something was asked for in a way that cannot be carried out."""


class SubmitError(UserError):
    """A run could not be submitted; nothing was started."""


class MissingPath(UserError, FileNotFoundError):
    """A path that was given does not exist."""


class ComputeTargetError(UserError):
    """There is no compute target of that name."""


class RunConfigurationError(UserError):
    """A field of a run configuration has a value that it cannot have."""


class WorkspaceError(UserError):
    """The workspace that was asked for is not the one that is here."""


class AssetNotFound(UserError, KeyError):
    """There is no dataset or datastore of that name, or not in that version."""


class ViewConflict(UserError):
    """A saved view was changed by another since it was read; nothing was saved."""

    def __init__(self, name: str, user: str) -> None:
        self.name = name
        self.user = user
        by = f" by {user}" if user else ""
        super().__init__(
            f"the view {name!r} was changed{by} meanwhile: look at it first, or save it as another"
        )


class WebserviceError(HomerunError):
    """What the original's service of models answers; `status_code` is that of HTTP, if any."""

    def __init__(
        self,
        exception_message: str = "",
        status_code: int | None = None,
        inner_exception: BaseException | None = None,
        **described: object,
    ) -> None:
        self.status_code = status_code
        super().__init__(exception_message, inner_exception, **described)


class ModelNotFound(WebserviceError, UserError, KeyError):
    """There is no such model, or not in that version."""


class ModelPathNotFound(UserError):
    """There is no file or folder that a model could be made of."""


class MissingExtra(HomerunError):
    """A feature needs packages that are not installed."""

    def __init__(self, feature: str, extra: str) -> None:
        self.extra = extra
        from homerun.base import installed

        super().__init__(f"{feature} needs more packages: {installed.line_for_extra(extra)}")


class RunFailed(HomerunError):
    """A run that was waited for ended Failed; `error` is the inner part of its details' error."""

    def __init__(self, run_id: str, error: dict[str, Any]) -> None:
        self.run_id = run_id
        self.error = error
        super().__init__(f"run {run_id} failed: {error['message']}")


class WaitTimeout(HomerunError, TimeoutError):
    """A run did not reach its end in the time that was given."""

    def __init__(self, run_id: str, seconds: float) -> None:
        self.run_id = run_id
        super().__init__(f"run {run_id} was not over after {seconds:g} s; it goes on")


class RunEnvironmentError(HomerunError):
    """There is no run around this process."""

    def __init__(self) -> None:
        super().__init__(
            "this process belongs to no run; submit the script, or let get_context() give an "
            "offline run (allow_offline=True)"
        )


class NotHere(UserError, AttributeError):
    """Something of the original was used that homerun has not, or not yet."""


def refusal(owner: str, name: str, why: str) -> NotHere:
    """The error to raise for a member, named as in the class `owner`."""
    return NotHere(f"homerun has no {owner}.{name}: {why}")


class SaysOnClass(type):
    """What a class of `Absent` says of these members where they are asked of the class itself."""

    if not TYPE_CHECKING:

        def __getattr__(cls, name: str) -> object:
            for one in cls.__mro__:
                why = vars(one).get("_absent", {}).get(name)
                if why is not None:
                    raise refusal(cls._absent_from, name, why)
            raise AttributeError(f"type object {cls.__name__!r} has no attribute {name!r}")


class Absent(metaclass=SaysOnClass):
    """A class without some members of the original: asking for one says why, in one sentence.

    They count as absent (`hasattr` is False), so that code which looks before it calls goes on.

    Attributes:
        _absent: the reason for each by its name.
        _absent_from: the name of the original's class.
    """

    _absent: Mapping[str, str] = {}
    _absent_from = ""

    if not TYPE_CHECKING:  # or every misspelt name would pass

        def __getattr__(self, name: str) -> object:
            why = type(self)._absent.get(name)
            if why is not None:
                raise refusal(type(self)._absent_from, name, why)
            return object.__getattribute__(self, name)  # the error that brought us here, once more
