"""The rules of a run, as its run.json has them, and what is on record of those that have fired."""

from __future__ import annotations

from homerun.base.errors import UserError
from homerun.metrics.rules import language
from runstore import layout
from runstore.errors import InvalidQuery
from runstore.fs import atomic, facts

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Mapping
    from typing import Any

    from homerun.metrics.rules.language import Part

STOP, FAIL, RETRY, NOTIFY, TAG = "stop", "fail", "retry", "notify", "tag"
ACTIONS = (STOP, FAIL, RETRY, NOTIFY, TAG)
"""What is done where a rule holds; the setting `<action>_if` has the conditions."""

ENDING = (STOP, FAIL, RETRY)
"""Those that end the script."""


class Rule:
    """One rule of a run.

    Attributes:
        number: from 1 on, in the order of ACTIONS.
        action: one of ACTIONS.
        condition: as it was written.
        part: the condition, read.
        tag: the key that is set; "" for other actions.
    """

    __slots__ = ("action", "condition", "number", "part", "tag")

    def __init__(self, number: int, action: str, written: str) -> None:
        self.number = number
        self.action = action
        self.tag, self.condition = _tag(written) if action == TAG else ("", written.strip())
        self.part: Part = language.parse(self.condition)

    def fact(self, attempt: int) -> str:
        """The name of the fact that it has fired."""
        again = f"-{attempt}" if self.action == RETRY else ""
        return f"{self.number}{again}.json"

    def record(self, seen: Mapping[str, float], attempt: int) -> dict[str, object]:
        """What the fact says."""
        return {
            "rule": self.number,
            "action": self.action,
            "condition": self.condition,
            **({"tag": self.tag} if self.tag else {}),
            "attempt": attempt,
            "seen": dict(seen),
            "words": language.in_words(self.part, seen),
        }


def setting_of(action: str) -> str:
    """The name of the setting that has the conditions of an action."""
    return f"{action}_if"


def has_any(run: Mapping[str, Any]) -> bool:
    """Whether a run has rules, by its run.json."""
    return any(run.get(setting_of(action)) for action in ACTIONS)


def rules_of(run: Mapping[str, Any]) -> list[Rule]:
    """The rules of a run by its run.json; what a newer version may have written is left out."""
    found: list[Rule] = []
    for action in ACTIONS:
        said = run.get(setting_of(action))
        for written in said if isinstance(said, list) else ():
            try:
                found.append(Rule(len(found) + 1, action, str(written)))
            except (InvalidQuery, RecursionError):
                continue
    return found


def checked_conditions(name: str, given: object) -> list[str]:
    """The conditions of a setting, each checked.

    Raises:
        UserError: one of them cannot be understood.
    """
    texts = [given] if isinstance(given, str) else given
    if not isinstance(texts, (list, tuple)) or not all(isinstance(one, str) for one in texts):
        raise UserError(
            f"{name} is a condition or a list of them, such as 'metrics.loss is nan', not {given!r}"
        )
    for one in texts:
        try:
            Rule(1, name[: -len("_if")], one)
        except InvalidQuery as error:
            raise UserError(f"{name}: {error}") from None
        except RecursionError:
            raise UserError(f"{name}: a condition has too many brackets") from None
    return [one.strip() for one in texts]


def fact_of(record: Mapping[str, Any]) -> str:
    """The name of the fact that says so."""
    again = f"-{record.get('attempt')}" if record.get("action") == RETRY else ""
    return f"{record.get('rule')}{again}.json"


def fired(run_folder: str) -> list[dict[str, Any]]:
    """What is on record of the rules of a run that have fired, in the order of time."""
    folder = f"{run_folder}/{layout.RULES}"
    found = [facts.read(folder, name) for name in _names(folder)]
    return sorted(
        (one for one in found if one is not None and one.get("action") in ACTIONS),
        key=lambda one: str(one.get("time")),
    )


def has_fired(run_folder: str, rule: Rule, attempt: int) -> bool:
    """Whether it is on record that a rule has fired, in this attempt where that counts."""
    return atomic.is_at(f"{run_folder}/{layout.RULES}/{rule.fact(attempt)}")


def publish(run_folder: str, rule: Rule, seen: Mapping[str, float], attempt: int) -> bool:
    """Publish that a rule has fired. False: it is there already, of another process.

    Raises:
        OSError: the disk does not take it, or the run is gone.
    """
    folder = f"{run_folder}/{layout.RULES}"
    atomic.make_folder(folder)
    record = facts.signed(rule.record(seen, attempt))
    return facts.publish(folder, rule.fact(attempt), record)


def _names(folder: str) -> list[str]:
    try:
        names = atomic.names_in(folder)
    except (FileNotFoundError, NotADirectoryError):
        return []
    return [name for name in names if name.endswith(".json") and name[0].isdecimal()]


def _tag(written: str) -> tuple[str, str]:
    """`KEY: CONDITION` as its parts."""
    key, found, condition = written.partition(":")
    if not found or not key.strip() or not condition.strip():
        raise InvalidQuery(
            f"{written!r} names no tag: write KEY: CONDITION, as diverged: metrics.loss is nan"
        )
    return key.strip(), condition.strip()
