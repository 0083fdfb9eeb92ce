"""GPUs as slots: which of them a run can have, who has them, and why none is free.

Free is a device that no run has, of whatever store and user (`system/gpus/shares.py`), and on which
no program computes that is none of the runs that share it. A desktop only draws, and counts for
nothing.
"""

from __future__ import annotations

import os
import time
from collections import namedtuple

from homerun.base import accounts, environ, sizes, times
from homerun.base.errors import UserError
from homerun.system import process_tree
from homerun.system.gpus import shares, table, visible, wants
from homerun.system.gpus.devices import NoGpus
from homerun.system.gpus.shares import SharesFlaw
from homerun.system.gpus.wants import Want
from homerun.targets.gpus import rows
from homerun.targets.gpus.rules import GpuRules
from homerun.targets.plan import decode_for
from runstore import layout
from runstore.fs import atomic
from runstore.queue.queue import Queue

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence

    from homerun.system.gpus.devices import GpuReading
    from homerun.system.gpus.shares import Holder, Share
    from homerun.system.gpus.wants import WantNote
    from homerun.targets.plan import Plan
    from homerun.targets.target import Target
    from runstore.queue.queue import Entry
    from runstore.run.record import Record
    from runstore.store import Store

Wish = namedtuple("Wish", "count mib")
"""What a run asks for: so many GPUs, each whole (`mib` is None) or so much memory of it."""


def wish(gpus: int, gpu_memory: int | None) -> Wish | None:
    """What two settings ask for; None: no GPU. Memory alone is that of one."""
    if not gpus and not gpu_memory:
        return None
    return Wish(gpus or 1, -(-gpu_memory // (1 << 20)) if gpu_memory else None)


# Whether a run can ever have what it asks for


def check_gpus(
    store: Store, target: Target, wanted: Wish, env: Mapping[str, str], parent: Record | None
) -> None:
    """Check that a run can have what it asks for once others end: others than those above it.

    A run that has GPUs, and below which some are asked for, is noted as such. What two such runs
    have does not count for each other's children: both might wait for ever.

    Raises:
        UserError: it never can.
    """
    try:
        readings = table.readings()
    except NoGpus as error:
        raise UserError(f"the run asks for a GPU, and none can be seen here: {error}") from error
    rules = GpuRules(target.said)
    may = _candidates(readings, env, rules)
    able = [one for one in may if not wanted.mib or one.device.memory >> 20 >= wanted.mib]
    asked = _in_words(wanted)
    if len(able) < wanted.count:
        left = "" if len(may) == len(readings) else f", and {len(may)} of them may be used"
        many = "1 GPU" if len(readings) == 1 else f"{len(readings)} GPUs"
        raise UserError(f"the run asks for {asked}; this machine has {many}{left}")
    if rules.per_user and wanted.count > rules.per_user:
        raise UserError(
            f"the run asks for {asked}, and {rules.per_user} is the most for each user of the "
            f"target {target.name}: homerun target set {target.name} --per-user N changes that"
        )
    if parent is None:
        return
    try:
        _check_below(store, parent, readings, able, wanted)
    except SharesFlaw as error:
        raise UserError(f"it cannot be told who has which GPU: {error}") from error


def _check_below(
    store: Store,
    parent: Record,
    readings: Sequence[GpuReading],
    able: Sequence[GpuReading],
    wanted: Wish,
) -> None:
    above = {one.id for one in (parent, *store.above(parent))}
    marked = []
    is_any_above = False
    for one in readings:
        for holder in shares.holders(one.device):
            if _is_of(holder, store, above):
                is_any_above = True
                if shares.mark(one.device, holder.id, store.id, has_below=True):
                    marked.append((one.device, holder.id))
    if not is_any_above:
        return
    free, having = 0, set()
    for one in able:
        left = one.device.memory >> 20
        for holder in shares.holders(one.device):
            if _is_of(holder, store, above) or holder.has_below:
                left -= holder.mib
                having.add(holder.run or "another run")
        free += left >= (wanted.mib or one.device.memory >> 20)
    if free >= wanted.count:
        return
    for device, run_id in marked:
        shares.mark(device, run_id, store.id, has_below=False)
    who = " and ".join(sorted(having))
    raise UserError(
        f"the run asks for {_in_words(wanted)}, which {who} and the runs below would wait for, for "
        f"ever: without --gpus it sees the GPUs of {parent.id}"
    )


def _is_of(holder: Holder, store: Store, runs: set[str]) -> bool:
    return holder.store == store.id and holder.id in runs


def _in_words(wanted: Wish) -> str:
    many = "a GPU" if wanted.count == 1 else f"{wanted.count} GPUs"
    if wanted.mib is None:
        return many
    each = " each" if wanted.count > 1 else ""
    return f"{sizes.shown(wanted.mib << 20)} of {many}{each}"


def _candidates(
    readings: Iterable[GpuReading], env: Mapping[str, str], rules: GpuRules
) -> list[GpuReading]:
    """The devices that a target and a run's own variables leave, in the order of the latter."""
    known = {one.device.uuid: one for one in readings if one.device.uuid}
    devices = [one.device for one in known.values()]
    if rules.devices:
        devices = visible.named_devices(devices, rules.devices)
    return [known[one.uuid] for one in visible.choice(devices, env)]


class _Bounds:
    """What a target's rules leave to this user now.

    Attributes:
        had: the devices of which this user has something.
    """

    def __init__(self, rules: GpuRules, readings: Iterable[GpuReading]) -> None:
        self._rules = rules
        self._user = accounts.own_name()
        self.had = {
            one.device.uuid
            for one in (readings if rules.per_user else ())
            if any(holder.uid == os.geteuid() for holder in _holders(one))
        }

    def why_not(self, one: GpuReading) -> str:
        """Why a device is not for this user now, as a clause; "": it is."""
        held_back = self._rules.held_back(one.device, self._user, time.time())
        if held_back or not self._rules.per_user or one.device.uuid in self.had:
            return held_back
        if len(self.had) < self._rules.per_user:
            return ""
        return f"is not for you: you have {len(self.had)}, the most for each user here"


def _holders(one: GpuReading) -> list[Holder]:
    try:
        return shares.holders(one.device)
    except SharesFlaw:
        return []


# Giving


class Giver:
    """Gives GPUs to the runs of one queue, in one pass over it.

    Strictly in order too: behind one that lacks GPUs none is given any, but for those below a run
    that has some. That one may wait for them, and the first for that one.
    """

    def __init__(self, store: Store, readings: Sequence[GpuReading], rivals: Rivals) -> None:
        self._store = store
        self._readings = readings
        self._rivals = rivals
        self._is_first_lacking = False
        self._have_gpus_above: dict[str, bool] = {}
        self.lacking: list[str] = []
        self.want: Want | None = None

    def begin_pass(self) -> None:
        """A new pass over the queue begins."""
        self._is_first_lacking = False
        self.lacking = []
        self.want = None

    def is_behind(self, entry: Entry, record: Record) -> bool:
        """Whether a run stands behind one that lacks GPUs, and lacks some for that alone."""
        if not self._is_first_lacking or self._is_below(record):
            return False
        self.lacking.append(entry.name)
        return True

    def _is_below(self, record: Record) -> bool:
        """Whether a run above one goes on and has GPUs; of many below the same asked once."""
        parent = record.run.get("parent")
        if parent is None:
            return False
        if parent not in self._have_gpus_above:
            self._have_gpus_above[parent] = _has_gpus_above(self._store, record)
        return self._have_gpus_above[parent]

    def take(self, target: Target, entry: Entry, record: Record, given: Plan) -> list[Share] | None:
        """The GPUs of a run; None: it lacks some."""
        is_below = self._is_below(record)
        found = self._take(target, entry, record, given, is_below=is_below)
        if found is None:
            self._is_first_lacking = True
            self.lacking.append(entry.name)
        return found

    def _take(
        self, target: Target, entry: Entry, record: Record, given: Plan, *, is_below: bool
    ) -> list[Share] | None:
        rules = GpuRules(target.said)
        bounds = _Bounds(rules, self._readings)
        said = {"run": _name(record), "id": record.id, "store": self._store.id}
        taken: list[Share] = []
        may = [
            one for one in _candidates(self._readings, given.env, rules) if not bounds.why_not(one)
        ]
        want = want_of(entry, record, may)
        try:
            # One below a run with GPUs yields to none: a rival may wait for that one's.
            left = set() if is_below else self._rivals.go_first(want)
            for one in may:
                if len(taken) == entry.gpus:
                    break
                if one.device.uuid in left or _why_not(one) or bounds.why_not(one):
                    continue
                share = shares.take(one.device, entry.gpu_mib, said)
                if share is not None:
                    taken.append(share)
                    bounds.had.add(one.device.uuid)
        except SharesFlaw:
            pass  # `queue list` names it
        if len(taken) == entry.gpus:
            return taken
        for share in taken:
            share.give_back()
        if self.want is None and not self._is_first_lacking:
            self.want = want
        return None


def want_of(entry: Entry, record: Record, may: Iterable[GpuReading]) -> Want:
    """What the run of an entry waits for, as others are told."""
    queued = (record.fact(layout.QUEUED) or {}).get("time") or record.created
    devices = frozenset(one.device.uuid for one in may)
    since = times.unix(queued) or 0.0
    return Want(os.geteuid(), entry.priority, since, entry.gpus, entry.gpu_mib, devices)


class Rivals:
    """Those who wait for GPUs in other queues, of this user and of others.

    The highest priority goes first, then the user who has fewer GPUs, then who has waited longest.
    """

    def __init__(self, store: str, target: str, readings: Sequence[GpuReading]) -> None:
        self._readings = readings
        try:
            self.wants = wants.of_others(store, target)
        except SharesFlaw:
            self.wants = []
        users: dict[int, int] = {}
        for one in readings if self.wants else ():
            for uid in {holder.uid for holder in _holders(one)}:
                users[uid] = users.get(uid, 0) + 1
        self._had = users

    def go_first(self, want: Want) -> set[str]:
        """The free devices that go to others before they go to this one."""
        left: set[str] = set()
        for rival in sorted(self.wants, key=self._rank):
            if self._rank(rival) >= self._rank(want):
                break
            free = [
                one.device.uuid
                for one in self._readings
                if one.device.uuid in rival.devices - left
                and not (_why_not(one) or _had_by(one, rival.mib))
            ]
            left.update(free[: rival.count])
        return left

    def _rank(self, want: Want) -> tuple[float, ...]:
        return -want.priority, self._had.get(want.uid, 0), want.since, want.uid


def seen() -> list[GpuReading]:
    """One look at each device; [] where none can be seen."""
    try:
        return table.readings()
    except NoGpus:
        return []


def signs(store: Store, target: Target, readings: Sequence[GpuReading]) -> object:
    """What makes it worthwhile to go through a queue again when it differs."""
    free = []
    for one in readings:
        if not _why_not(one):
            left = (one.device.memory >> 20) - sum(holder.mib for holder in _holders(one))
            free.append((one.device.uuid, left))
    slots = target.free_slots(store, target.size)
    return free, slots, target.said, Rivals(store.id, target.name, readings).wants


def give(
    store: Store,
    target: str,
    readings: Sequence[GpuReading],
    note: WantNote,
    start: Callable[[Store, str, Giver], int],
) -> None:
    """Start the runs of a queue for which there are GPUs, and note for which there are none.

    Args:
        note: where others are told what is waited for.
        start: what starts the runs of a queue.
    """
    giver = Giver(store, readings, Rivals(store.id, target, readings))
    try:
        start(store, target, giver)
    except OSError:
        return  # no process can be started now
    note.put(giver.want)
    waiting = Queue(store.root, target)
    if frozenset(giver.lacking) != waiting.lacking():
        try:
            waiting.note_lacking(giver.lacking)
        except OSError:
            return  # a full disk: the others wait for this process


def hand_over(given: Plan, gpus: Sequence[Share]) -> None:
    """Write into a run's plan what it is given: for its script, and for its record."""
    visible.show_devices(given.env, [share.device for share in gpus])
    given.settings = {**given.settings, "gpus_given": rows.as_texts(gpus)}


def _name(record: Record) -> str:
    return f"{record.experiment}/{record.run.get('number') or record.id}"


def _has_gpus_above(store: Store, record: Record) -> bool:
    """Whether a run above one goes on and has GPUs."""
    return any(
        (one.fact(layout.STARTED) or {}).get("gpus") and one.fact(layout.ENDED) is None
        for one in store.above(record)
    )


# Why none is free


def why_waiting(target: Target, entry: Entry, record: Record) -> str:
    """Why a run that is the first of its queue to ask for GPUs waits, as a clause."""
    many = "a GPU" if entry.gpus == 1 else f"{entry.gpus} GPUs"
    try:
        readings = table.readings()
    except NoGpus as error:
        return f"waiting for {many}, and none can be seen here: {error}"
    told = [
        f"{one.device.index or '?'} {why}" for one, why in _whys(target, entry, record, readings)
    ]
    return f"waiting for {many}: {', '.join(told)}" if told else "it is about to start"


def _whys(
    target: Target, entry: Entry, record: Record, readings: Sequence[GpuReading]
) -> Iterator[tuple[GpuReading, str]]:
    free = 0
    found = []
    rules = GpuRules(target.said)
    bounds = _Bounds(rules, readings)
    may = _candidates(readings, _choice_of(record, entry), rules)
    left = Rivals(record.store.id, target.name, readings).go_first(want_of(entry, record, may))
    for one in may:
        why = _why_not(one) or _had_by(one, entry.gpu_mib) or bounds.why_not(one)
        if not why and one.device.uuid in left:
            why = "goes first to another who waits for it"
        found.append((one, why or "is free"))
        free += not why
    if free < entry.gpus:
        yield from found
        yield from ((one, _why_not(one)) for one in readings if not one.device.uuid)


def _choice_of(record: Record, entry: Entry) -> Mapping[str, str]:
    """The variables that a run's entry has; {} where it cannot be read, as by another user."""
    try:
        return decode_for(record, entry.read() or b"").env
    except (OSError, ValueError, LookupError):
        return {}


def _had_by(one: GpuReading, mib: int | None) -> str:
    """Which runs have a device, as a clause; "": it can be had."""
    try:
        holders = shares.holders(one.device)
    except SharesFlaw as error:
        return f"is not available: {error}"
    left = (one.device.memory >> 20) - sum(holder.mib for holder in holders)
    if not holders or (mib is not None and left >= mib):
        return ""
    return f"is {' and '.join(_who(holder) for holder in holders)}"


def _who(holder: Holder) -> str:
    if not holder.run:
        return "another run's"
    return f"run {holder.run} ({holder.user})"


def _why_not(one: GpuReading) -> str:
    """Why a device cannot be had that no run may have, as a clause; "": nothing is against it."""
    if one.flaw:
        return f"cannot be used ({one.flaw})"
    strangers = _strangers(one)
    if not strangers:
        return ""
    return f"is used by {' and '.join(_program(pid, one.processes.get(pid)) for pid in strangers)}"


def _strangers(one: GpuReading) -> list[int]:
    """The processes that compute on a device and are of no run that has it."""
    if not one.computing:
        return []
    try:
        users = {holder.uid for holder in shares.holders(one.device)}
    except SharesFlaw:
        users = set()
    return [pid for pid in sorted(one.computing) if not _is_of_run(pid, one.device.uuid, users)]


def _is_of_run(pid: int, uuid: str, users: set[int]) -> bool:
    """Whether a process is of a run that has the device: another user's cannot be looked into."""
    uid = _uid(pid)
    if uid is None:
        return bool(users)  # of another container, or just gone
    if uid not in users:
        return False
    if uid != os.geteuid() and os.geteuid() != 0:
        return True
    start = f"{environ.GPUS}=".encode()
    given = [one[len(start) :] for one in process_tree.environment(pid) if one.startswith(start)]
    return any(uuid.encode() in one.split(b",") for one in given)


def _program(pid: int, used: int | None) -> str:
    """A process for people."""
    name = atomic.read_or_empty(f"/proc/{pid}/comm").decode("utf-8", "replace").strip()
    uid = _uid(pid)
    known = [f"pid {pid}"]
    if uid is not None:
        known.append(accounts.login_of(uid))
    if used:
        known.append(sizes.shown(used))
    return f"{name or 'a process'} ({', '.join(known)})"


def _uid(pid: int) -> int | None:
    try:
        return os.stat(f"/proc/{pid}").st_uid
    except OSError:
        return None
