"""Which GPUs a program sees: what a user's own variables leave to choose from, and what a run is
shown.
"""

from __future__ import annotations

from homerun.base.environ import CUDA_DEVICES, GPU_CHOICE, GPUS, HIP_DEVICES

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, MutableMapping, Sequence
    from typing import Any

_VARIABLES = (CUDA_DEVICES, HIP_DEVICES)


def choice(devices: Sequence[Any], env: Mapping[str, str]) -> list[Any]:
    """The devices that variables leave, in their order; all of them where none is set."""
    found = []
    for variable in _VARIABLES:
        theirs = [one for one in devices if one.variable == variable]
        given = env.get(variable)
        found += (
            theirs
            if given is None
            else [one for word in given.split(",") for one in _named(theirs, word)]
        )
    return list({one.uuid: one for one in found}.values())


def named_devices(devices: Iterable[Any], words: Iterable[str]) -> list[Any]:
    """The devices that a person names: by number, or by the beginning of the name of each."""
    known = list(devices)
    return [one for word in words for one in _named(known, word)]


def _named(devices: Sequence[Any], word: str) -> list[Any]:
    """What a word stands for: a number also for all parts of that device; else one, or none."""
    word = word.strip()
    by_number = [one for one in devices if word in (one.index, one.index.partition(":")[0])]
    by_name = [one for one in devices if word and one.uuid.startswith(word)]
    return by_number or (by_name if len(by_name) == 1 else [])


def show_devices(env: MutableMapping[str, str], devices: Sequence[Any]) -> None:
    """Have a script see these devices, and no others; what its user had set is kept beside."""
    kept = [f"{name}={env[name]}" for name in _VARIABLES if name in env]
    env[GPU_CHOICE] = ";".join(kept)
    for variable in _VARIABLES:
        theirs = [one for one in devices if one.variable == variable]
        if theirs:
            is_named = variable == CUDA_DEVICES  # AMD's own knows numbers only
            env[variable] = ",".join(one.uuid if is_named else one.index for one in theirs)
    env[GPUS] = ",".join(one.uuid for one in devices)


def forget_given(env: MutableMapping[str, str]) -> None:
    """Take back what `show_devices` has set: a run that a script submits is given GPUs of its own.

    What the script has set itself meanwhile is a choice of its own, and stays.
    """
    given = env.pop(GPUS, None)
    kept = env.pop(GPU_CHOICE, "")
    if given is None:
        return
    before = dict(part.split("=", 1) for part in kept.split(";") if "=" in part)
    for variable in _VARIABLES:
        if variable == CUDA_DEVICES and env.get(variable, given) != given:
            continue
        env.pop(variable, None)
        if variable in before:
            env[variable] = before[variable]
