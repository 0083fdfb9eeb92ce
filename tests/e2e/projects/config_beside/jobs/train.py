import json
import os
import sys
from pathlib import Path

HERE = Path(__file__).resolve().parent
config = json.loads((HERE / "config.json").read_text())
print(config, HERE, os.getcwd(), sys.argv[0])
(HERE / "last.json").write_text(json.dumps(config))
