"""The supervisor: starts a run's script, waits for its end, and publishes its outcome.

`main.py` tells the order of its whole life.
"""

from __future__ import annotations

import os

from homerun.base import environ
from homerun.supervisor.attempt import Attempt
from homerun.supervisor.gate import Gate, reason
from homerun.system import linux
from runstore import layout
from runstore.run import attempts


class Supervisor(Attempt):
    """The parent of a run's script."""

    def supervise(self) -> None:
        """Start the script, once or, where it is retried, again; publish the outcome."""
        if not linux.become_subreaper():
            self.log("no child subreaper here: daemons of the script may escape")
        if self.plan.recipe and not self.prepare():
            from homerun.supervisor import outcome

            self.leave_queue()
            outcome.publish(self, None, began=False)
            return
        while not self.run_attempt():
            self.reset_for_next_attempt()

    def run_attempt(self) -> bool:
        """Start the script and wait for its end. False: it is to be started again."""
        env = environ.for_attempt(self.plan.env, self.plan.attempt, self.plan.cwd)
        log = attempts.std_log(self.plan.attempt)
        plan = self.plan
        try:
            gate = Gate(plan.argv, env, plan.cwd, log, self.wakeups, plan.inherited)
        except OSError as error:
            return self.end_without_start(reason(error))
        self.script = gate.pid
        self.started_at = linux.clock()
        if self.plan.limit_s is not None and self.deadline is None:
            self.deadline = self.started_at + self.plan.limit_s
        self.publish(layout.STARTED, self.started_fact())
        self.leave_queue()
        self.doze(0)  # a signal means a stop request too, also where no fact can be written
        begins = not self.stop_wanted and not self.has(layout.STOP)
        if begins:
            self.log(f"started: {self.plan.shown} (script {self.script})")
            gate.open()
        else:
            self.log("stopped before it began; nothing of the script ran")
            gate.close()
            self.stopped = self.stop_kind()
        self.insist("a module cannot be loaded", self.load)
        from homerun.supervisor import outcome, sweep

        if begins:
            self.try_once("the interpreter cannot be noted", self.note_interpreter)
        self.wait()
        sweep.end_tree(self)
        failure = gate.failure() if begins else None
        return outcome.publish(self, failure, began=begins)

    def end_without_start(self, why: str) -> bool:
        """Publish that there is no process for the script; as `run_attempt`."""
        from homerun.supervisor import outcome

        self.started_at = linux.clock()
        self.log(f"cannot start: {why}")
        self.leave_queue()
        return outcome.publish(self, why, began=False)

    def load(self) -> None:
        """Load what is used once the script is over: while it starts that takes no time."""
        from homerun.supervisor import outcome, sweep  # noqa: F401
        from homerun.system import process_tree  # noqa: F401

        __import__("resource")  # which os.wait4 needs
        if self.plan.setting("max_retries"):
            from homerun.supervisor import backoff  # noqa: F401

    def note_interpreter(self) -> None:
        """Have the script's interpreter recorded; the script does not wait for that."""
        if self.plan.python and self.plan.attempt == 1:
            from homerun.environments import interpreter

            asks = interpreter.note(self.plan.python, self.plan.mark, self.plan.env)
            if asks:
                self.helpers.add(asks)

    def leave_queue(self) -> None:
        """Remove the run's place in the queue: what it was started with is in no file any more."""
        if self.plan.entry:
            try:
                os.unlink(self.plan.entry)
            except OSError:
                return  # removed already, or the store was moved: the next dispatch removes it

    def prepare(self) -> bool:
        """Hold the script's environment, built if need be. False: the run ends without it."""
        from homerun.environments import recipe

        self.started_at = linux.clock()
        self.environment_lock = recipe.use(self.plan.recipe.partition("\n")[0])
        if self.environment_lock is not None:
            return True  # it is there, as nearly always
        from homerun.supervisor import environment

        return environment.build(self)
