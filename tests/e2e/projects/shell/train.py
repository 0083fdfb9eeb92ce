import os
import sys

print(sys.argv[1], open(os.path.join(os.environ["DATA_ROOT"], "x.txt")).read().strip())
