"""A child of `parent.py`: it knows its parent, and logs how long its fruit's name is."""

import argparse

from homerun import Run

parser = argparse.ArgumentParser()
parser.add_argument("--fruit", required=True)
fruit = parser.parse_args().fruit

run = Run.get_context()
parent = getattr(run.parent, "id", "nobody")  # tried by hand, it has none
run.log("letters", len(fruit))
print(f"{fruit}: a child of {parent}")
