import sys
from homerun import Run

run = Run.get_context()
print("training with", sys.argv[1:])
for step in range(3):
    run.log("loss", 1.0 / (step + 1), step=step)
run.log_list("sizes", [1, 2, 3])
run.log_row("point", x=1.5, y=float("nan"))
run.log_table("scores", {"class": ["a", "b"], "f1": [0.5, 0.75]})
run.tag("quality", "great run")
run.tag("gone", "soon")
run.add_properties({"data": "digits-3", "odd key/ü": "value"})
run.remove_tags(["gone"])
with open("outputs/model.txt", "w") as file:
    file.write("weights\n")
with run.child_run(name="fold 1") as child:
    child.log("accuracy", 0.9)
