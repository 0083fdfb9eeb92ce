"""What a person is told: a title, a few lines, and the same as fields for programs."""

from __future__ import annotations

import os

from homerun.base import masking
from homerun.base.errors import UserError
from runstore import layout, look
from runstore.fs import facts
from runstore.root import Root
from runstore.run.record import Record

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any

ENDED, RULE, TEST = "ended", "rule", "test"
"""What a message is about."""

_LONGEST = 1000
_MINUTE_S = 60


class Message:
    """One message.

    Attributes:
        event: ENDED, RULE or TEST.
        title: one line.
        text: some lines.
        fields: the same for programs.
    """

    __slots__ = ("event", "fields", "text", "title")

    def __init__(self, event: str, title: str, text: str, **fields: Any) -> None:
        self.event = event
        self.title = _line(title)
        self.text = masking.text(text)[:_LONGEST]
        known = {key: value for key, value in fields.items() if value is not None}
        about = {"event": event, "title": self.title, "text": self.text}
        self.fields = {**about, **known, "host": os.uname().nodename}


def test() -> Message:
    """The message by which channels are tried."""
    return Message(TEST, "homerun: a test", "This is what homerun sends when a run needs a look.")


def of_end(run_folder: str) -> Message:
    """A run has ended.

    Raises:
        UserError: it has not.
    """
    record = _record(run_folder)
    seen = look.at(record)
    outcome = seen.outcome
    if outcome is None:
        raise UserError(f"run {record.id} has not ended")
    took = seen.fact(layout.EXITED).get("elapsed_s")
    lines = [
        look.failed_because(record, seen),
        _why(seen.fact(layout.STOP)),
        None if took is None else f"It took {_span(took)}.",
        record.path,
    ]
    title = f"{_name(record)} {seen.status}"
    return _about(ENDED, record, title, lines, status=seen.status, cause=outcome.get("cause"))


def of_rule(run_folder: str, fact: str) -> Message:
    """A rule of a run has fired.

    Args:
        fact: the name of the fact that says so.

    Raises:
        UserError: there is no such fact.
    """
    record = _record(run_folder)
    said = facts.read(f"{run_folder}/{layout.RULES}", fact)
    if said is None:
        raise UserError(f"no rule {fact} of run {record.id} has fired")
    words = str(said.get("words"))
    lines: list[str | None] = [f"The rule: {said.get('condition')}", record.path]
    return _about(RULE, record, f"{_name(record)}: {words}", lines, rule=said.get("condition"))


def _about(
    event: str, record: Record, title: str, lines: list[str | None], **fields: Any
) -> Message:
    return Message(
        event,
        title,
        "\n".join(filter(None, lines)),
        run_id=record.id,
        run_number=record.run.get("number"),
        experiment_name=record.experiment,
        display_name=record.labels().display_name,
        directory=record.path,
        **fields,
    )


def _name(record: Record) -> str:
    """`digits/17 (warm start)`."""
    number = record.run.get("number")
    name = f"{record.experiment}/{number}" if number else record.id
    shown = record.labels().display_name
    return f"{name} ({shown})" if shown else name


def _why(stop: dict[str, Any]) -> str | None:
    return str(stop["why"]) if stop.get("why") and stop.get("kind") != "fail" else None


def _span(seconds: float) -> str:
    if seconds < _MINUTE_S:
        return f"{seconds:.1f} s"
    left = round(seconds)
    hours, minutes = divmod(left // 60, 60)
    return f"{hours} h {minutes} min" if hours else f"{minutes} min {left % 60} s"


def _line(text: str) -> str:
    plain = "".join(c if c.isprintable() else " " for c in text)
    return masking.text(plain)[:200]


def _record(run_folder: str) -> Record:
    experiment, run_id = os.path.split(os.path.realpath(run_folder))
    root, folder = os.path.split(experiment)
    return Record(Root(root), folder, run_id)
