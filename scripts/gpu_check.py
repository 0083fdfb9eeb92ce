"""What only a real GPU shows: trainings placed on one device and on two, memory that is free again
soon after a cancel, and samples that move. Takes about a minute.

    pip install '.[gpu]' && python scripts/gpu_check.py

It needs an NVIDIA driver, and no torch: the trainings call the driver's own library. On a machine
without the network, HOMERUN_NVML names the folder of a pynvml.py. Prints a line for each check, and
fails if one of them does.
"""

from __future__ import annotations

import os
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from pathlib import Path

from homerun import Experiment, Run, ScriptRunConfig, Workspace
from homerun.system.gpus import shares, table
from homerun.system.gpus.devices import GpuReading, NoGpus

TRAIN = """
import ctypes, os, sys, time
cuda = ctypes.CDLL("libcuda.so.1")

def call(name, *given):
    code = getattr(cuda, name)(*given)
    if code:
        sys.exit(f"{name} fails with {code}")

size = int(sys.argv[1]) << 20
device, context, memory = ctypes.c_int(), ctypes.c_void_p(), ctypes.c_uint64()
call("cuInit", 0)
call("cuDeviceGet", ctypes.byref(device), 0)
call("cuCtxCreate_v2", ctypes.byref(context), 0, device)
call("cuMemAlloc_v2", ctypes.byref(memory), ctypes.c_size_t(size))
print("sees", os.environ["CUDA_VISIBLE_DEVICES"], flush=True)
while True:
    busy = time.monotonic() + 4
    while time.monotonic() < busy:
        for _ in range(32):
            call("cuMemsetD8_v2", memory, ctypes.c_ubyte(1), ctypes.c_size_t(size))
        call("cuCtxSynchronize")
    time.sleep(4)
"""
MIB = 2048
FREE_S, SLACK = 3.0, 256 << 20
SAMPLED_S, PATIENCE_S = 25.0, 60.0


def main() -> int:
    try:
        devices = table.readings()
    except NoGpus as error:
        print(f"no GPU can be seen here: {error}")
        return 2
    for one in devices:
        print(f"{one.device.index}: {one.device.name}, {one.device.uuid}, in use: {one.used}")
    with tempfile.TemporaryDirectory() as folder:
        os.chdir(folder)
        Path("source").mkdir()
        Path("source/train.py").write_text(TRAIN)
        Path(Workspace.from_config().store.for_writing().root, "settings.json").write_text(
            '{"sample_s": 1}'
        )
        experiment = Experiment(Workspace.from_config(), "gpus")
        results = [*_on_one(experiment, devices)]
        if len(devices) > 1:
            results += _on_two(experiment, devices)
        else:
            print("-      only one device: two trainings on two are not tried")
    return 0 if all(results) else 1


def _on_one(experiment: Experiment, devices: list[GpuReading]) -> Iterator[bool]:
    """Two trainings share a device; a third one, which wants all of it, waits for both."""
    base = _used()
    first, second = (_submit(experiment, gpu_memory=f"{2 * MIB}MB") for _ in range(2))
    third = _submit(experiment, gpus=len(devices))
    try:
        seen = {_sees(first), _sees(second)}
        yield _say("two trainings share a device", len(seen) == 1 and "" not in seen, seen)
        place = third.get_detailed_status()["details"]
        yield _say("one that wants all of it waits", "waiting for" in str(place), place)
        time.sleep(SAMPLED_S)
        percents = first.get_system_metrics().get("system/gpu_percent", [])
        moves = len(set(percents)) > 1 and max(percents) > 0
        yield _say("how busy it is moves", moves, percents)
        memory = first.get_system_metrics().get("system/gpu_memory", [])
        yield _say("its memory is told", bool(memory) and max(memory) >= MIB << 20, memory[-3:])
        third.cancel()
        first.cancel()
        second.cancel()
        began = time.monotonic()
        is_free = _within(FREE_S, lambda: abs(_used() - base) < SLACK)
        seconds = time.monotonic() - began
        told = f"{seconds:.2f} s after the cancel {_used() - base} bytes more than before"
        yield _say("memory is free within 3 s of a cancel", is_free, told)
        is_left = _within(FREE_S, lambda: not any(shares.holders(one.device) for one in devices))
        yield _say("no run has a device any more", is_left, "")
        joules = first.describe().get("usage", {}).get("gpu_joules")
        print(f"-      energy of the first training: {joules} J")
    finally:
        _end(first, second, third)


def _on_two(experiment: Experiment, devices: list[GpuReading]) -> list[bool]:
    first, second = (_submit(experiment, gpus=1) for _ in range(2))
    try:
        seen = {_sees(first), _sees(second)}
        known = {one.device.uuid for one in devices}
        return [_say("two trainings have a device each", len(seen & known) == 2, seen)]
    finally:
        _end(first, second)


def _submit(experiment: Experiment, **wanted: object) -> Run:
    config = ScriptRunConfig("source", "train.py", [MIB], grace_s=1, **wanted)  # type: ignore[arg-type]
    return experiment.submit(config)


def _sees(run: Run) -> str:
    """The device that a training says it sees; "": it says nothing."""
    log = Path(run.directory, "user_logs/std_log.txt")
    _within(PATIENCE_S, lambda: log.exists() and "\n" in log.read_text())
    words = log.read_text().split() if log.exists() else []
    return words[1] if words[:1] == ["sees"] else ""


def _used() -> int:
    return sum(one.used or 0 for one in table.readings())


def _within(seconds: float, condition: Callable[[], bool]) -> bool:
    end = time.monotonic() + seconds
    while not condition():
        if time.monotonic() > end:
            return False
        time.sleep(0.02)
    return True


def _end(*runs: Run) -> None:
    for run in runs:
        run.cancel()
    for run in runs:
        run.wait_for_completion(raise_on_error=False)


def _say(what: str, is_so: bool, seen: object) -> bool:
    print(f"{'ok' if is_so else 'FAILED':6} {what}" + ("" if is_so else f": {seen}"), flush=True)
    return is_so


if __name__ == "__main__":
    sys.exit(main())
