"""What a supervisor costs while its script runs, and what is left after many cancels.

`bench_supervise.py 1000` only cancels: that many families of a forked child that ignores TERM and
a daemon of a session of its own.
"""

from __future__ import annotations

import os
import subprocess
import sys
import tempfile

import measure

from homerun import Experiment, Run, ScriptRunConfig, Workspace

FLOOD = "import os\nblock = b'x' * (1 << 20)\nfor _ in range({mib}): os.write(1, block)\n"
MIB = 1024

FAMILY = """
import os, signal
if os.fork() == 0:
    signal.signal(signal.SIGTERM, signal.SIG_IGN)
    while True: signal.pause()
if os.fork() == 0:
    os.setsid()
    if os.fork():
        os._exit(0)
    signal.signal(signal.SIGTERM, signal.SIG_IGN)
    print('up', flush=True)
    while True: signal.pause()
signal.pause()
"""


def main() -> None:
    with tempfile.TemporaryDirectory() as folder:
        measure.quiet_environment(f"{folder}/cache")
        os.chdir(folder)
        os.mkdir("source")
        _write("flood.py", FLOOD.format(mib=MIB))
        _write("family.py", FAMILY)
        _write("sleep.py", "print('up', flush=True)\nimport signal\nsignal.pause()\n")
        experiment = Experiment(Workspace.from_config(), "bench")
        if sys.argv[1:]:
            _leftovers(experiment, int(sys.argv[1]))
            return
        _flood(experiment)
        _idle(experiment)
        _leftovers(experiment, 200)


def _write(name: str, code: str) -> None:
    with open(f"source/{name}", "w", encoding="utf-8") as file:
        file.write(code)


def _flood(experiment: Experiment) -> None:
    def bare() -> None:
        with open("bare.txt", "wb") as log:
            subprocess.run([sys.executable, "source/flood.py"], stdout=log, check=True)
        os.unlink("bare.txt")

    def ours() -> None:
        run = experiment.submit(ScriptRunConfig("source", "flood.py"))
        run.wait_for_completion()
        os.unlink(f"{run.directory}/user_logs/std_log.txt")

    floor, taken = measure.in_turn(5, bare, ours)
    more = [(a / b - 1) * 100 for a, b in zip(taken, floor, strict=True)]
    measure.row("1 GiB of stdout, over a bare redirect, % more", measure.spread(more, 1), "<= 5")


def _idle(experiment: Experiment) -> None:
    """Voluntary context switches of a supervisor while its script sleeps for two seconds."""
    run = _up(experiment, "sleep.py")
    pid = run.describe()["process"]["supervisor_pid"]
    before = _switches(pid)
    subprocess.run(["sleep", "2"], check=True)
    woken = _switches(pid) - before
    run.cancel()
    measure.row("a supervisor's wake-ups in 2 s of an idle script", str(woken), "0")


def _switches(pid: int) -> int:
    with open(f"/proc/{pid}/status", encoding="ascii") as file:
        fields = dict(line.split(":", 1) for line in file)
    return int(fields["voluntary_ctxt_switches"])


def _leftovers(experiment: Experiment, count: int) -> None:
    left = 0
    for _ in range(count):
        run = _up(experiment, "family.py", grace_s=0.02)
        run.cancel()
        left += _marked(f"HOMERUN_RUN_ID={run.id}".encode())
    measure.row(f"processes left after {count} cancelled families", str(left), "0")


def _up(experiment: Experiment, script: str, **options: float) -> Run:
    run = experiment.submit(ScriptRunConfig("source", script, **options))
    for output in run.stream():
        if b"up" in output:
            break
    return run


def _marked(mark: bytes) -> int:
    found = 0
    for name in os.listdir("/proc"):
        try:
            with open(f"/proc/{name}/environ", "rb") as file:
                found += name.isdigit() and mark in file.read().split(b"\0")
        except OSError:
            continue
    return found


if __name__ == "__main__":
    main()
