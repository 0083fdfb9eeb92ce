"""The interactive half: what one would type into a notebook, cell by cell.

python scripts/examples/notebook.py
"""

from homerun import Experiment, Workspace

ws = Workspace.from_config()
experiment = Experiment(ws, "explore-runs")

# A run that this process holds open, from start_logging to complete.
run = experiment.start_logging(snapshot_directory=None)
run.log("accuracy", 0.91)
print(run.get_status())
run.complete()
print(run.get_status())

# The same as a block: Completed at its end, Failed if it raises.
with experiment.start_logging(snapshot_directory=None) as run:
    for epoch in range(3):
        run.log("loss", 1 / (epoch + 1))
    for number in range(2):
        with run.child_run(name=f"fold-{number}") as child:
            child.log("fold", number)
print(run.get_status(), run.get_metrics(), [child.get_status() for child in run.get_children()])

# Tags change, properties do not.
run.add_properties({"author": "azureml-user"})
run.tag("quality", "great run")
run.tag("quality", "fantastic run")
run.tag("worth another look")
print(run.get_properties(), run.get_tags())

found = experiment.get_runs(tags={"quality": "fantastic run"}, properties="author")
print(run.id in [one.id for one in found])
