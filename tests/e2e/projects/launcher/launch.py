"""As torchrun: a process for each rank, their output as it comes, the first bad exit code."""

import os
import subprocess
import sys

count = int(sys.argv[1])
ranks = []
for rank in range(count):
    env = {**os.environ, "RANK": str(rank), "LOCAL_RANK": str(rank), "WORLD_SIZE": str(count)}
    command = [sys.executable, "-u", *sys.argv[2:]]
    ranks.append(subprocess.Popen(command, env=env, stdout=subprocess.PIPE, text=True))
codes = []
for rank, process in enumerate(ranks):
    for line in process.stdout:
        print(f"[rank{rank}] {line}", end="", flush=True)
    codes.append(process.wait())
sys.exit(next((code for code in codes if code), 0))
