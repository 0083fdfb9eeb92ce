"""A run that takes a while, to be followed or cancelled meanwhile."""

import argparse
import time

from homerun import Run

parser = argparse.ArgumentParser(description=__doc__)
parser.add_argument("--seconds", type=int, default=20)
args = parser.parse_args()

run = Run.get_context()
print("Hello. Now comes a wait of", args.seconds, "seconds.")
for second in range(1, args.seconds + 1):
    time.sleep(1)
    run.log("waited", second)
print("Good day.")
