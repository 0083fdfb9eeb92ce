"""The lines of the original's documentation, with `homerun` in the place of `az ml`, in a row."""

from __future__ import annotations

import shlex

LINES = """
folder attach -w myworkspace -g myresourcegroup
run submit-script -c local -e experiment train.py
run list --experiment-name experiment --last 10
run list --experiment-name experiment --status Completed
run list -e experiment --tags quality='fantastic run'
run list --experiment-name experiment "[?properties.author=='azureml-user']"
run list --experiment-name experiment "[?tags.keys(@)[?starts_with(@, 'worth another look')]]"
run list -e experiment "[?properties.author=='azureml-user' && tags.quality=='fantastic run']"
run list --last 10 --minimal -o table
run list --parent-run-id {run}
run list --query "[?status=='Completed'].run_id" -o tsv
run show -r {run}
run show -r {run} -e experiment -w myworkspace -g myresourcegroup --subscription 0000
run update -r {run} --add-tag quality='fantastic run'
run monitor-logs -r {run}
run download-logs -r {run} -d logs
run cancel -r {run} -w myworkspace -e experiment
experiment list -w myworkspace -g myresourcegroup
workspace show -w myworkspace -g myresourcegroup
workspace list
login
account set --subscription 0000
"""

TRAIN = """
from azureml.core import Run

run = Run.get_context()
run.log("accuracy", 0.9)
run.tag("quality", "fantastic run")
run.tag("worth another look at")
run.add_properties({"author": "azureml-user"})
"""


def test_the_lines_of_the_documentation_do_what_they_promise(invoke, script):
    script("train.py", TRAIN, ".")
    run = ""
    for line in LINES.strip().splitlines():
        done = invoke(*shlex.split(line.format(run=run)))

        assert done.code == 0, f"{line}: {done.err}"
        if line.startswith("run list") and "-o" not in line and "parent" not in line:
            assert [row["experiment_name"] for row in done.json] == ["experiment"], line
            run = done.json[0]["run_id"]
