"""Submits one child per fruit, each a script of its own, and waits for all of them.

homerun run submit-script -e fruits --source-directory scripts/examples parent.py
"""

from homerun import Run, ScriptRunConfig

run = Run.get_context()

for fruit in ["apple", "banana", "orange"]:
    config = ScriptRunConfig(".", "child.py", arguments=["--fruit", fruit])
    run.submit_child(config, tags={"fruit": fruit})

for child in run.get_children():
    child.wait_for_completion()
    print(f"{child.tags['fruit']}: {child.get_status()}, {child.get_metrics()}")
