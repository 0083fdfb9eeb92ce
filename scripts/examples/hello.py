"""The smallest run: say something, log something."""

from homerun import Run

run = Run.get_context()
print("Hello from", run.id)
run.log("answer", 42)
