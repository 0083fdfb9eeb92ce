"""`fail()`: one word with three meanings, by who says it and when."""

from __future__ import annotations

from homerun import environ, settle, stop
from homerun.errors import UserError
from runstore import layout, status

TYPE_CHECKING = False
if TYPE_CHECKING:
    from runstore.record import Record


def fail(record: Record, details: str | BaseException | None, code: str | None) -> None:
    """Declare a run failed; see `Run.fail`.

    Raises:
        UserError: details are neither text nor an exception.
    """
    said = _words(details, code)
    seen = settle.look(record)
    if not seen.is_over and environ.run_id() == record.id:
        record.publish(layout.FAILED, said)
        return
    if not seen.is_over:
        seen = stop.stop(record, status.FAIL, said)
        if seen.status != status.COMPLETED:
            return  # stopped by this, or by a wish that came first: the first one counts
    if seen.status != status.FAILED:
        record.publish(layout.MARK, {"status": status.FAILED, **said}, sync=True)


def _words(details: str | BaseException | None, code: str | None) -> dict[str, object]:
    said: dict[str, object] = {"code": code or "UserError"}
    if isinstance(details, BaseException):
        import traceback

        said["message"] = f"User program failed with {type(details).__name__}: {details}"
        said["stack_trace"] = "".join(
            traceback.format_exception(type(details), details, details.__traceback__)
        )
    elif isinstance(details, str):
        said["message"] = details
    elif details is not None:
        raise UserError(f"error_details are text or an exception, not {type(details).__name__}")
    return said
