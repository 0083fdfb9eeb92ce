"""The registry of targets: the types there are, and the targets that a store's settings name.

`.runs/settings.json` names them; `homerun target` writes it. Without it there is one, `local`:

    {"max_concurrent_runs": 2, "targets": {"small": {"type": "local", "slots": 1}},
     "default_target": "small"}
"""

from __future__ import annotations

import os

from homerun.base import environ
from homerun.base.errors import UserError
from homerun.targets.local import LOCAL, Local, cores, slots_in
from runstore.errors import InvalidSettings
from runstore.queue import settings

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence
    from typing import Any

    from homerun.targets.target import Target
    from runstore.store import Store

TYPES: dict[str, type[Target]] = {LOCAL: Local}
"""The class of each type that settings can name, beside those of engines."""

SIZE = "max_concurrent_runs"
MOST_SLOTS = 999

GPU_RULES = ("gpus", "gpus_per_user", "gpu_reservations")
"""The settings of a target that `gpus/rules.py` reads."""

_ALL = "targets"
_DEFAULT = "default_target"


def find(root: str, name: str | None = None) -> Target | None:
    """The target of a name, or the store's default one; None: there is none, or none is known.

    Where the settings cannot be read no run is started: they may hold a limit.
    """
    try:
        return get(root, name)
    except (InvalidSettings, UserError):
        return None


def get(root: str, name: str | None = None) -> Target:
    """The target of a name, or the store's default one.

    Raises:
        UserError: there is none of that name, or it is of an unknown type.
        InvalidSettings: the settings cannot be read.
    """
    found = settings.read(root)
    wanted = name or _default(found)
    if wanted == LOCAL:
        _check_gpu_rules(found)
        size = limit() or slots_in(found.get(SIZE))
        return Local(LOCAL, size or cores(), size is not None, found)
    said = _known(found).get(wanted)
    if not isinstance(said, dict) or not names_a_target(wanted):
        raise UserError(f"there is no target {wanted!r}: `homerun target list` shows them")
    kind = TYPES.get(str(said.get("type") or LOCAL)) or _of_engine(said)
    if kind is None:
        raise UserError(f"the target {wanted!r} is of the type {said['type']!r}; {_known_types()}")
    _check_gpu_rules(said)
    return kind.from_settings(wanted, said)


def _of_engine(said: Mapping[str, Any]) -> type[Target] | None:
    """The class of a target whose type is an engine's; None: there is no such type."""
    from homerun.targets.engines import types  # most targets are local

    if types.find(str(said["type"])) is None:
        return None
    from homerun.targets.engines.remote import Remote  # most targets are local

    return Remote


def _check_gpu_rules(said: Mapping[str, Any]) -> None:
    """Check the rules for GPUs, if there are any: they may keep a device from this user."""
    if any(key in said for key in GPU_RULES):
        from homerun.targets.gpus.rules import GpuRules  # few targets have any

        GpuRules(said)


def is_defined(root: str, name: str) -> bool:
    """Whether a store's settings have a target of this name, whatever they say of it.

    Raises:
        InvalidSettings: the settings cannot be read.
    """
    return name == LOCAL or name in _known(settings.read(root))


def here_instead(name: str) -> str:
    """That a run is placed on this machine, since there is no target of the name: a notice."""
    return f"there is no target {name!r} here: the run is placed on this machine"


def target_names(root: str) -> list[str]:
    """The names of a store's targets, `local` first.

    Raises:
        InvalidSettings: the settings cannot be read.
    """
    known = _known(settings.read(root))
    return [LOCAL, *sorted(name for name in known if name != LOCAL)]


def target_of_run(root: str, run: Mapping[str, Any]) -> Target:
    """The target that a run was placed on, for what is to be done with a run that is there.

    Args:
        run: its run.json. Where its target is in the settings no more, or they cannot be read,
            it is taken for a local one: its supervisor is looked for on this machine.
    """
    name = str(run.get("target") or LOCAL)
    return find(root, name) or Local(name, 0, is_limited=True)


def limit(given: int | None = None) -> int | None:
    """How many runs may go on at once when one that is submitted now starts; None: no limit."""
    return given or slots_in(os.environ.get(environ.SIZE))


def names_a_target(name: str) -> bool:
    """Whether a target may have the name: it is that of a folder."""
    return bool(name) and all(c in "_-" or (c.isascii() and c.isalnum()) for c in name)


class Targets:
    """The targets of a store, as its settings name them; iterating gives each `Target`.

    Raises:
        InvalidSettings: wherever the settings are needed and cannot be read.
    """

    def __init__(self, store: Store) -> None:
        self._store = store

    @property
    def default(self) -> str:
        """The name of the target that is meant where none is named."""
        return _default(settings.read(self._store.root))

    def __iter__(self) -> Iterator[Target]:
        for name in target_names(self._store.root):
            found = find(self._store.root, name)
            if found is not None:
                yield found

    def add(
        self,
        name: str,
        slots: int | None = None,
        type: str | None = None,
        default: bool = False,
        options: Mapping[str, Any] | None = None,
    ) -> None:
        """Add a target, or change the one of that name.

        Args:
            slots: how many slots it has; None: as many as it has, a new one one for each processor.
            type: None: that which it has, a new one `local`.
            default: it is the one that is meant where none is named.
            options: what can be set of a target of an engine's type, by name; "" takes one back.

        Raises:
            UserError: a name, a type, a number or an option that a target cannot have.
        """
        if not names_a_target(name):
            raise UserError(f"{name!r} cannot name a target: use letters, digits, '_' and '-'")
        kind = type or str((self.said(name) or {}).get("type") or LOCAL)
        given = dict(options or {})
        if kind in TYPES:
            if given:
                raise UserError(f"{', '.join(given)}: only a target of an engine's type has that")
        else:
            _check_options(kind, given, slots)
            _check_needed(kind, {**self._kept(name, kind), **given})
        if slots is not None and not (_is_whole(slots) and 1 <= slots <= MOST_SLOTS):
            raise UserError(f"slots is a whole number from 1 to {MOST_SLOTS}, not {slots!r}")

        def edit(found: dict[str, Any]) -> None:
            if name != LOCAL:
                _put(found, name, kind, slots, given)
            elif slots is not None:
                found[SIZE] = slots
            if default:
                found[_DEFAULT] = name

        settings.change(self._store.for_writing().root, edit)

    def _kept(self, name: str, kind: str) -> dict[str, Any]:
        """What stays of a target's settings where it is changed; {}: it is another's by then."""
        said = self.said(name) or {}
        return said if said.get("type") == kind else {}

    def said(self, name: str) -> dict[str, Any] | None:
        """What the settings say of a target; None: there is none of that name, or it is `local`."""
        said = _known(settings.read(self._store.root)).get(name)
        return said if isinstance(said, dict) else None

    def set_default(self, name: str) -> None:
        """Have a target be meant where none is named.

        Raises:
            UserError: there is none of that name.
        """
        if name not in target_names(self._store.root):
            raise UserError(f"there is no target {name!r}: `homerun target list` shows them")

        def edit(found: dict[str, Any]) -> None:
            found.pop(_DEFAULT, None)
            if name != LOCAL:
                found[_DEFAULT] = name

        settings.change(self._store.for_writing().root, edit)

    def set_gpus(
        self,
        name: str,
        *,
        devices: Sequence[str] | None = None,
        per_user: int | None = None,
        reserved: Sequence[str] | None = None,
    ) -> None:
        """Set rules for the GPUs of a target's runs; what is None stays as it is.

        Args:
            devices: by number or name, those that its runs may have; []: all.
            per_user: the most that a user's runs have at once; 0: any number.
            reserved: such as `alice=0@18:00-23:00`; []: none.

        Raises:
            UserError: there is no such target, or a rule that there cannot be.
        """
        from homerun.targets.gpus import rules  # few targets have any

        if name not in target_names(self._store.root):
            raise UserError(f"there is no target {name!r}: `homerun target list` shows them")
        known = {rules.GPUS: devices, rules.PER_USER: per_user, rules.RESERVED: reserved}
        said = {key: value for key, value in known.items() if value is not None}
        if devices is not None:
            said[rules.GPUS] = rules.check_names(devices)
        rules.GpuRules(said)

        def edit(found: dict[str, Any]) -> None:
            of = found if name == LOCAL else _known(found)[name]
            for key, value in said.items():
                of.pop(key, None)
                if value:
                    of[key] = value

        settings.change(self._store.for_writing().root, edit)

    def remove(self, name: str) -> None:
        """Remove a target. `local` is always there: only its number of slots is forgotten.

        Raises:
            UserError: there is none of that name, or runs wait for its slots.
        """
        from runstore.queue.queue import Queue

        def edit(found: dict[str, Any]) -> None:
            if name == LOCAL:
                found.pop(SIZE, None)
                return
            if name not in _known(found):
                raise UserError(f"there is no target {name!r}: `homerun target list` shows them")
            if Queue(self._store.root, name).entries():
                raise UserError(
                    f"runs wait for the target {name!r}: cancel them, or let them run, and try "
                    f"again; `homerun queue list --target {name}` shows them"
                )
            del found[_ALL][name]
            if found.get(_DEFAULT) == name:
                del found[_DEFAULT]

        if not self._store.exists():
            edit({})  # nothing to change, and nothing to be made for that
            return
        settings.change(self._store.for_writing().root, edit)


def _default(found: dict[str, Any]) -> str:
    return str(found.get(_DEFAULT) or LOCAL)


def _known(found: dict[str, Any]) -> dict[str, Any]:
    """What the settings say of targets; anything but an object says nothing."""
    known = found.get(_ALL)
    return known if isinstance(known, dict) else {}


def _put(
    found: dict[str, Any], name: str, type: str, slots: int | None, options: Mapping[str, Any]
) -> None:
    """Add a target to the settings, or change it; keys of others stay."""
    known = found.setdefault(_ALL, {})
    if not isinstance(known, dict):
        raise UserError(f"{_ALL!r} in the settings is not an object: correct that first")
    said = known.get(name)
    said = said if isinstance(said, dict) else {}
    if type not in TYPES:
        kept = said if said.get("type") == type else {}
        merged = {**kept, "type": type, **options}
        known[name] = {key: value for key, value in merged.items() if value not in ("", [])}
        return
    wanted = slots or slots_in(said.get("slots")) or cores()
    known[name] = {**said, "type": type, "slots": wanted}


def _check_options(kind: str, given: Mapping[str, Any], slots: int | None) -> None:
    """Check what is to be set of a target of an engine's type.

    Raises:
        UserError: there is no such type, or it has no such option, or not that value.
    """
    from homerun.targets.engines import types  # most targets are local

    engine = types.find(kind)
    if engine is None:
        known = " or ".join([*TYPES, *types.TYPES])
        raise UserError(f"the type of a target is {known}, not {kind!r}")
    if slots is not None:
        raise UserError(f"{kind} has limits of its own: leave slots out")
    known_options = {option.name: option for option in (*types.COMMON, *engine.OPTIONS)}
    for name, value in given.items():
        option = known_options.get(name)
        if option is None:
            has = ", ".join(known_options)
            raise UserError(f"a target of the type {kind} has no {name}; it has {has}")
        for one in value if option.is_list else [value]:
            try:
                if one and option.check is not None:
                    option.check(one)
            except ValueError as error:
                example = f", for example {option.example}" if option.example else ""
                raise UserError(f"{name} of a target: {error}{example}") from None


def _check_needed(kind: str, said: Mapping[str, Any]) -> None:
    """Check that nothing is missing without which there is no target of the type.

    Raises:
        UserError: something is.
    """
    from homerun.targets.engines import types  # most targets are local

    engine = types.find(kind)
    for option in engine.OPTIONS if engine else ():
        if option.is_needed and not said.get(option.name):
            raise UserError(
                f"a target of the type {kind} needs {option.name}, {option.words}: "
                f"--{option.name.replace('_', '-')} {option.example}"
            )


def _known_types() -> str:
    from homerun.targets.engines import types  # most targets are local

    return f"this version of homerun knows {', '.join([*TYPES, *types.TYPES])}"


def _is_whole(given: object) -> bool:
    return isinstance(given, int) and not isinstance(given, bool)
