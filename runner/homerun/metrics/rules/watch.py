"""The rules of the runs that go on: each is looked at again with each sample, and fires once."""

from __future__ import annotations

import errno
import os

from homerun.metrics.rules import rule as rules
from homerun.metrics.rules.language import in_words, seen_in, terms_of
from homerun.metrics.rules.watched import Watched
from homerun.system import signals
from runstore import layout, status
from runstore.fs import atomic, facts
from runstore.root import Root
from runstore.run import identity, labels
from runstore.run.record import Record

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping
    from typing import Any

    from homerun.metrics.rules.rule import Rule

_STOPS = {rules.STOP: status.CANCEL, rules.FAIL: status.FAIL}
_WAKING = {
    rules.STOP: (signals.TERM, signals.CONT),
    rules.FAIL: (signals.TERM, signals.CONT),
    rules.RETRY: (signals.USR2, signals.CONT),
    rules.NOTIFY: (signals.USR2,),
}
"""What the run's supervisor gets, which does the rest."""

_FULL = (errno.ENOSPC, errno.EDQUOT)

_AT_THE_END = (rules.NOTIFY, rules.TAG)
"""What is still done where a rule holds only once the script is over."""


class RunRules:
    """The rules of one attempt of a run.

    Args:
        run_folder: the run's.
        run: its run.json.
        started: started.json of the attempt.
    """

    def __init__(self, run_folder: str, run: Mapping[str, Any], started: Mapping[str, Any]) -> None:
        self._folder = run_folder
        self._started = started
        number = started.get("attempt")
        self.attempt = number if isinstance(number, int) else 1
        every = rules.rules_of(run)
        self._fired = [one for one in every if rules.has_fired(run_folder, one, self.attempt)]
        self._open = [one for one in every if one not in self._fired]
        terms = [term for one in self._open for term in terms_of(one.part)]
        self._watched = Watched(run_folder, terms, started)

    def look(self, usage: Mapping[str, float | None] | None) -> None:
        """Look at the run, and do what a rule says that holds now.

        Args:
            usage: the last sample; None: there is none.

        Raises:
            OSError: the disk does not take it, or the run is gone.
        """
        while self._fired:
            self._finish(self._fired[-1])  # what put it on record was killed, or had no room
            self._fired.pop()
        if self._open:
            self._watched.look(usage)
        for one, seen in self._holding(rules.ACTIONS):
            is_new = self._publish(one, seen)
            self._open.remove(one)
            if is_new:
                self._fired.append(one)
                act(self._folder, one, in_words(one.part, seen), self._started)
                self._fired.pop()

    def look_last(self) -> None:
        """The same once the script is over: its last metrics may make a rule hold.

        Raises:
            OSError: as `look`.
        """
        if any(one.action in _AT_THE_END for one in self._open):
            self._watched.look(None, is_over=True)
        for one, seen in self._holding(_AT_THE_END):
            if rules.publish(self._folder, one, seen, self.attempt) and one.action == rules.TAG:
                _tag(self._folder, one, in_words(one.part, seen))

    def _holding(self, actions: tuple[str, ...]) -> Iterator[tuple[Rule, dict[str, float]]]:
        """The rules that hold now, each with what was seen."""
        for one in list(self._open):
            seen = seen_in(one.part, self._watched) if one.action in actions else None
            if seen is not None:
                yield one, seen

    def _publish(self, one: Rule, seen: Mapping[str, float]) -> bool:
        """As `rules.publish`; a full disk does not keep a run going that may be what fills it."""
        try:
            return rules.publish(self._folder, one, seen, self.attempt)
        except OSError as error:
            if one.action != rules.STOP or error.errno not in _FULL:
                raise
            return True

    def _finish(self, one: Rule) -> None:
        if one.action in _STOPS and not atomic.is_at(f"{self._folder}/{layout.STOP}"):
            fact = facts.read(f"{self._folder}/{layout.RULES}", one.fact(self.attempt)) or {}
            act(self._folder, one, str(fact.get("words")), self._started)


def act(run_folder: str, one: Rule, words: str, started: Mapping[str, Any]) -> None:
    """Do what a rule says that has fired.

    Args:
        words: what was seen.
        started: started.json of the attempt.

    Raises:
        OSError: the disk does not take it, or the run is gone.
    """
    if one.action == rules.TAG:
        _tag(run_folder, one, words)
        return
    if one.action in _STOPS:
        why = f"{words} (rule: {one.condition})"
        said = {"kind": _STOPS[one.action], "why": why, "rule": one.number}
        if one.action == rules.FAIL:
            said["message"] = why
        try:
            _record(run_folder).publish(layout.STOP, said)
        except OSError as error:
            if one.action == rules.FAIL or error.errno not in _FULL:
                raise  # of a cancel the signal alone tells
    # An adopter, which no fact names, looks for itself.
    signals.send_to(started.get("supervisor") or {}, *_WAKING[one.action])


def is_no_copy(run_folder: str, started: Mapping[str, Any]) -> bool:
    """Whether a run is no copy of one: the processes of a copy are the original's."""
    return not identity.is_copied(started, run_folder, f"{run_folder}/{layout.ALIVE}")


def _tag(run_folder: str, one: Rule, words: str) -> None:
    _record(run_folder).label([(labels.TAG, one.tag, words)])


def _record(run_folder: str) -> Record:
    experiment, run_id = os.path.split(os.path.realpath(run_folder))
    root, folder = os.path.split(experiment)
    return Record(Root(root), folder, run_id)
