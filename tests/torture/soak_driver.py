"""A lane of the kill soak in a process of its own: the program that `root_looks` starts.

    soak_driver <first> <count> <step> <folder>

On its standard output is a line of JSON for each run that root is to look at, and at last what the
lane returns; what else is said is in the file `said` beside the folder.
"""

from __future__ import annotations

import json
import os
import sys

from torture import soak
from torture.nemeses import Visitor


def main() -> None:
    first, count, step = map(int, sys.argv[1:4])
    talk = os.dup(1)
    said = os.open(f"{sys.argv[4]}.said", os.O_WRONLY | os.O_CREAT | os.O_APPEND, 0o600)
    for standard in (1, 2):
        os.dup2(said, standard)
    found = soak.lane(first, count, step, sys.argv[4], Visitor(talk, 0))
    os.write(talk, f"{json.dumps(found)}\n".encode())


main()
