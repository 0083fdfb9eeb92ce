"""The end of a run: its outcome is published, and what is left to do then is done.

A supervisor loads this while the script starts, which takes no time from it.
"""

from __future__ import annotations

import os

from homerun.base import environ
from homerun.snapshots import cleanup
from homerun.supervisor import log_seal
from homerun.supervisor.attempt import HERE
from homerun.system import linux, signals
from homerun.targets.plan import LEAVE
from runstore import layout, status
from runstore.fs import atomic, facts, json_write
from runstore.run import attempts, change_marks

TYPE_CHECKING = False
if TYPE_CHECKING:
    from homerun.supervisor.attempt import Attempt

_ONE_AFTER_THE_OTHER_S = 0.5

_LITTLE = 8192
"""Bytes of the record of a working copy: some hundred files."""


def publish(of: Attempt, failure: str | None, *, began: bool) -> bool:
    """Publish how a run ended, unless it is retried: then wait until the next attempt is due.

    Args:
        failure: why the script could not be started.
        began: whether anything of it ran.

    Returns:
        False: the run goes on; its script is to be started again, now.
    """
    if of.stopped is not None:
        of.stopped = of.stop_kind()
    elif _died_with_the_system(of):
        of.stopped = status.SHUTDOWN
    elif of.beats is not None:
        of.stopped = _ended_by_engine(of) or _lost_node(of)
    exited = of.exited_fact(failure, began=began)
    of.release_limits()
    of.try_once("its log cannot be looked at", lambda: _look_at_log(of, exited, began=began))
    failed = {"failed": True} if of.has(layout.FAILED) else None
    outcome = status.outcome({layout.EXITED: exited, layout.FAILED: failed})
    if of.stopped == status.SHUTDOWN and _waits_for_restart(of, outcome):
        of.publish(layout.EXITED, exited, sync=True)
        of.log("the machine is going down; the next attempt is after its restart")
        return True
    if of.plan.setting("max_retries") and of.stopped != status.SHUTDOWN:
        from homerun.supervisor.backoff import rest

        if rest(of, outcome, exited):
            return False
    has_waited = of.stop_wanted and not of.over  # it was stopped between two attempts
    if has_waited and of.stop_kind() not in (status.SHUTDOWN, status.LOST):
        of.stopped = of.stop_kind()
        outcome = status.never_started(of.stopped)
    if of.stopped == status.CANCEL:
        of.insist("the runs below cannot be canceled yet", _cancel_children)
    if not has_waited:
        of.publish(layout.EXITED, exited)
    of.try_once("what came along unchanged stays", lambda: _drop_brought(of))
    of.try_once("the files behind links cannot be looked at", lambda: _name_changed_originals(of))
    if of.plan.has_rules and began:
        of.try_once("its rules get no last look", lambda: _look_at_rules(of))
    if of.is_sampled or os.path.isdir(layout.SYSTEM):
        of.try_once("what it used cannot be summed up", lambda: _sum_up_usage(of))
    if environ.OUTPUT_DATA in of.plan.env and outcome["status"] == status.COMPLETED:
        of.try_once("its outputs are not registered", lambda: _register_outputs(of))
    atomic.sync_files(layout.METRICS)
    of.publish(layout.ENDED, outcome, sync=True)
    _forget_plan(of)
    of.log(f"ended: {_text(outcome)}")
    of.final_status = str(outcome["status"])
    of.try_once("the index is not told", lambda: _feed_index(of))
    return True


def _died_with_the_system(of: Attempt) -> bool:
    """Whether the script was ended by what ends all processes, before its supervisor could."""
    raw = of.raw
    if raw is None or not os.WIFSIGNALED(raw):
        return False
    return os.WTERMSIG(raw) in (signals.TERM, signals.HUP) and of.is_shut_down()


def _ended_by_engine(of: Attempt) -> str | None:
    """The kind of stop where an engine signalled all processes of its job, one after the other:
    the script can be over before this process has its own signal.
    """
    if of.raw is None or not os.WIFSIGNALED(of.raw) or os.WTERMSIG(of.raw) != signals.TERM:
        return None
    until = linux.clock() + _ONE_AFTER_THE_OTHER_S
    while not of.told_to_end and not of.is_time_up and linux.clock() < until:
        of.nap(until - linux.clock())
    if of.is_time_up:
        return status.TIMEOUT
    if not of.told_to_end:
        return None
    if of.is_shut_down():
        return status.SHUTDOWN
    return status.LOST if of.has_lost_node() else status.CANCEL


def _lost_node(of: Attempt) -> str | None:
    """The kind of stop where processes of the run are gone, with their node."""
    if not of.told_of_ranks().get("lost"):
        return None
    return status.SHUTDOWN if of.plan.kept else status.LOST


def _waits_for_restart(of: Attempt, outcome: dict[str, object]) -> bool:
    """Whether the run is started again after the restart of the machine."""
    if not of.plan.kept:
        return False
    from homerun.targets import retries

    run = of.insist(f"{layout.RUN} cannot be read", lambda: facts.read(HERE, layout.RUN) or {})
    is_wanted = retries.keeps_plan(run)  # an adopter's plan does not say
    return is_wanted and retries.is_wanted(
        run["max_retries"], run["retry_on"], of.plan.attempt, outcome
    )


def _look_at_log(of: Attempt, exited: dict[str, object], *, began: bool) -> None:
    """Say in the log, and of the run, where the beginning of the log is lost, and unseal it.

    All before the outcome is out: from then on others may write to the log, and what they write
    while it is unsealed would be lost.
    """
    log = attempts.std_log(of.plan.attempt)
    if began and log_seal.is_broken(log):
        exited["log_emptied"] = True
        of.log(log_seal.TOLD)
        log_seal.say_in(log)
    if not _is_any_left(of):  # not under living processes
        for number in attempts.all_begun("."):
            log_seal.unseal(attempts.std_log(number))


def _register_outputs(of: Attempt) -> None:
    """Register what the script has written as datasets: before the end, which some wait for."""
    from homerun.assets import registering  # few runs have outputs

    for line in registering.outputs(HERE):
        of.log(line)


def _sum_up_usage(of: Attempt) -> None:
    """Publish what the samples of the run come to, and have no more of them taken."""
    from homerun.metrics.usage import roll  # no short run needs them
    from runstore.metrics import samples

    roll.remove_run(of.place)
    found = samples.totals(HERE)
    if found:
        of.publish(layout.USAGE, found)


def is_little_left() -> bool:
    """Whether `tidy` is soon done: the working copy is small, or there is none."""
    try:
        return os.stat(layout.COPIES).st_size <= _LITTLE
    except OSError:
        return True


def tidy(of: Attempt) -> None:
    """Do what is left to do for a run that is over: its hooks, and the copies in its `work/`."""
    of.try_once("on_end", lambda: _start_hooks(of))
    if of.plan.setting("notify"):
        of.try_once("no notification is sent", lambda: _notify(of))
    if _is_any_left(of):
        return  # not under living processes
    if os.path.exists(layout.STARTED) and os.path.exists(layout.COPIES):
        cleanup.clear(layout.WORK, layout.COPIES, _started_ns())
        if os.path.islink(layout.LOGS) and not os.path.exists(layout.LOGS):
            os.unlink(layout.LOGS)  # it led to an empty folder
    if of.plan.setting("keep_last"):
        of.try_once("old checkpoints cannot be removed", lambda: _keep_last(of))


def _keep_last(of: Attempt) -> None:
    """Remove the checkpoints that the run's rules let go; one line says which, or why none."""
    from runstore.upkeep import keep_last  # few runs have rules

    tag = keep_last.tag_that_keeps(HERE)
    if tag is not None:
        of.log(f"keep_last: nothing is removed, since the run is tagged ({tag})")
        return
    for surplus in keep_last.surplus(HERE, facts.read(HERE, layout.RUN) or {}):
        of.log(surplus.line(*keep_last.remove(os.getcwd(), surplus)))


def _is_any_left(of: Attempt) -> bool:
    """Whether processes of the run may live on."""
    return of.plan.setting("on_exit") == LEAVE or bool(of.left)


def _drop_brought(of: Attempt) -> None:
    """Remove what came along in `outputs/` and `logs/` and was not changed: it is no result."""
    if _is_any_left(of) or not os.path.exists(layout.BROUGHT):
        return  # not under living processes
    cleanup.clear(layout.WORK, layout.BROUGHT, _started_ns())


def _started_ns() -> int:
    """When the script was first started, by the file system's clock; late if it never was."""
    try:
        return os.stat(layout.STARTED).st_ctime_ns
    except OSError:
        return 1 << 62


def _name_changed_originals(of: Attempt) -> None:
    """Say which files behind links were changed: before the end, so that none overlooks it."""
    if not os.path.exists(layout.LINKS):
        return
    from homerun.snapshots import link_watch  # few runs have links

    found = link_watch.look(layout.LINKS)
    for line in found.lines():
        of.log(line)
    if found.paths or found.unseen:
        of.publish(layout.CHANGED, found.describe())
    try:
        os.unlink(layout.LINKS)
    except OSError:
        return  # a later look finds the same


def _notify(of: Attempt) -> None:
    """Notify the run's user where such an end is to be told."""
    wanted = of.plan.setting("notify")
    if "ended" in wanted or of.final_status.lower() in wanted:
        of.notify("ended")


def _look_at_rules(of: Attempt) -> None:
    """Look at the rules once more: the script's last metrics may make one hold."""
    from homerun.metrics.rules import watch  # few runs have rules

    started = facts.read(of.home, layout.STARTED) or {}
    watch.RunRules(HERE, facts.read(HERE, layout.RUN) or {}, started).look_last()
    of.follow_rules()


def _feed_index(of: Attempt) -> None:
    """Tell the index that the run is over, and have it fed where enough of them are."""
    experiment, run_id = os.path.split(os.getcwd())
    root = os.path.dirname(experiment)
    if change_marks.mark_end(root, run_id):
        from homerun.runs import index_work  # one run in a thousand needs it

        of.helpers.add(index_work.start_feeding(root, of.plan.mark))


def _start_hooks(of: Attempt) -> None:
    """Start the commands that the workspace's settings name for the end of such a run."""
    if os.path.exists(f"{HERE}/../../{layout.SETTINGS}"):
        from homerun.supervisor import hooks

        for line in hooks.start(HERE, of.plan.mark, of.final_status, of.plan.env):
            of.log(line)


def _forget_plan(of: Attempt) -> None:
    """Remove what was kept for a start after a restart of the machine."""
    if of.plan.kept:
        try:
            os.unlink(of.plan.kept)
        except OSError:
            return  # `store check` finds it


def _cancel_children() -> None:
    """A cancel reaches the runs below, each through a stop fact of its own. Nothing of this
    run is left to make more of them.
    """
    if os.path.isdir(layout.CHILDREN):
        from homerun.runs import stop_request

        stop_request.cancel_children(HERE)


def _text(outcome: dict[str, object]) -> str:
    """An outcome in words."""
    detail = outcome["signal"] or (
        None if outcome["exit_code"] is None else f"exit code {outcome['exit_code']}"
    )
    words = [outcome["status"], outcome["cause"], detail]
    return ", ".join(json_write.text(str(word)).strip('"') for word in words if word is not None)
