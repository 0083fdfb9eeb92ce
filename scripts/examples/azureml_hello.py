"""A script of Azure ML, as it was written for the cloud."""

import argparse

from azureml.core import Run

parser = argparse.ArgumentParser()
parser.add_argument("--rate", type=float, default=0.1)
args = parser.parse_args()

run = Run.get_context()
if run.id.startswith("OfflineRun"):
    print("tried by hand")
run.log("rate", args.rate)
for epoch in range(3):
    run.log("loss", 1 / (epoch + 1))
run.tag("quality", "good")
run.complete()
