"""The supervisor: starts a run's script, waits for its end, and publishes its outcome.

`main.py` tells the order of its whole life.
"""

from __future__ import annotations

import os

from homerun.base import bundle, environ
from homerun.supervisor.attempt import Attempt
from homerun.supervisor.gate import Gate, reason
from homerun.system import linux
from homerun.system.limits import oom
from runstore import layout
from runstore.run import attempts

TYPE_CHECKING = False
if TYPE_CHECKING:
    from homerun.system.limits.in_force import InForce


class Supervisor(Attempt):
    """The parent of a run's script."""

    def supervise(self) -> None:
        """Start the script, once or, where it is retried, again; publish the outcome."""
        if not linux.become_subreaper():
            self.log("no child subreaper here: daemons of the script may escape")
        self.leave_other_runs_group()
        if self.beats is not None:
            self.try_once("our packages cannot be linked here", self.find_packages)
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
        argv, inherited = plan.argv, plan.inherited
        if plan.setting("ranks"):
            from homerun.supervisor.nodes import orders  # few runs have several nodes

            argv, more = orders.lead(plan)
            env.update(more)
        elif plan.bounds:
            inherited = self.set_limits()
        try:
            # The script has the locks of its GPUs too: they are its as long as it lives, whatever
            # becomes of this process.
            kept = self.gpu_locks
            gate = Gate(argv, env, plan.cwd, log, self.wakeups, inherited, kept)
        except OSError as error:
            return self.end_without_start(reason(error))
        self.script = gate.pid
        if self.limits is not None:
            self.limit_script(self.limits)
        self.started_at = linux.clock()
        if self.plan.limit_s is not None and self.deadline is None:
            self.deadline = self.started_at + self.plan.limit_s
        self.publish(layout.STARTED, self.started_fact())
        self.leave_queue()
        self.doze(0)  # a signal means a stop request too, also where no fact can be written
        begins = not self.stop_wanted and not self.has(layout.STOP)
        if begins:
            gate.open()
            self.log(f"started: {self.plan.shown} (script {self.script})")
        else:
            self.log("stopped before it began; nothing of the script ran")
            gate.close()
            self.stopped = self.stop_kind()
        self.insist("a module cannot be loaded", self.load)
        from homerun.supervisor import outcome, sweep

        if begins:
            self.try_once("the interpreter cannot be noted", self.note_interpreter)
        bundle.drop_code()  # half a MB, for as long as the script runs
        self.wait()
        sweep.end_tree(self)
        failure = gate.failure() if begins else None
        return outcome.publish(self, failure, began=begins)

    def find_packages(self) -> None:
        """Have PYTHONPATH lead to our packages on this host, where the submitter's cache is not."""
        first, colon, others = self.plan.env.get("PYTHONPATH", "").partition(os.pathsep)
        if not first or os.path.isdir(f"{first}/runstore"):
            return
        from homerun.environments import python_path  # mostly all hosts share it

        here = python_path.folder(environ.azureml_is_ours(self.plan.env))
        self.plan.env = {**self.plan.env, "PYTHONPATH": f"{here}{colon}{others}"}

    def leave_other_runs_group(self) -> None:
        """Leave the group of the run that submitted this one: its limits are not this run's."""
        if self.kills is None or "/homerun-run-" not in self.kills.path:
            return
        from homerun.system.limits import groups  # seldom needed

        groups.leave_others(os.path.dirname(self.kills.path))
        self.count_kills_in(oom.of_own_group())

    def set_limits(self) -> str:
        """Put the run's limits in force for this attempt; what the script inherits then."""
        from homerun.system.limits import in_force  # few runs have any

        plan = self.plan
        self.limits = in_force.put_in_force(plan.bounds, plan.mark, plan.attempt, plan.inherited)
        return f"{plan.inherited} {self.limits.text}"

    def limit_script(self, limits: InForce) -> None:
        """Have the script's process kept, which waits at the gate."""
        limits.take_in(self.script)
        for line in limits.flaws:
            self.log_once(line, line)
        if limits.group is not None and limits.group.kills is not None:
            self.count_kills_in(limits.group.kills)

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
