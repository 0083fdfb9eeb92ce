"""Five child runs below the run of this script, each with a metric of its own.

homerun run submit-script -e hello --source-directory scripts/examples hello_with_children.py
"""

from homerun import Run

run = Run.get_context()

for number, child in enumerate(run.create_children(count=5)):
    child.log("number", number)
    child.complete()
    print(f"child {number}: {child.id}")
