"""Torch itself: a training of two processes through its own launcher."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

from helpers.fifo import Fifo
from homerun import Experiment, PyTorchConfiguration, Run, ScriptRunConfig, Workspace
from runstore import layout, status

TRAIN = """
import torch, torch.distributed as dist
from homerun import Run
dist.init_process_group("gloo")
run = Run.get_context()
model = torch.nn.parallel.DistributedDataParallel(torch.nn.Linear(2, 1))
optimizer = torch.optim.SGD(model.parameters(), lr=0.1)
step = 0
while step < {steps}:
    loss = model(torch.ones(4, 2)).pow(2).mean()
    optimizer.zero_grad()
    loss.backward()
    optimizer.step()
    print("step", step, "of rank", dist.get_rank())
    if dist.get_rank() == 0:
        run.log("loss", loss.item())
    if step == 3 and {ready!r}:
        open({ready!r}, "w").write("trains\\n")
    step += 1
dist.destroy_process_group()
"""


def train(script: Callable[..., Path], steps: str, ready: str = "") -> Run:
    script("train.py", TRAIN.format(steps=steps, ready=ready))
    wanted = PyTorchConfiguration("Gloo", process_count=2)
    config = ScriptRunConfig("source", "train.py", distributed_job_config=wanted)
    return Experiment(Workspace.from_config(), "torch").submit(config)


def test_a_training_of_two_processes_logs_from_rank_0(script: Callable[..., Path]) -> None:
    run = train(script, "5")
    run.wait_for_completion()

    assert len(run.get_metrics()["loss"]) == 5
    printed = Path(run.directory, layout.STD_LOG).read_text(encoding="utf-8")
    assert "step 4 of rank 0" in printed
    assert "of rank 1" not in printed
    (other,) = Path(run.directory, layout.RANK_LOGS).glob("*/attempt_0/1/stdout.log")
    assert other.read_text(encoding="utf-8").splitlines()[-1] == "step 4 of rank 1"


def test_a_canceled_training_leaves_no_process(script: Callable[..., Path], ready: Fifo) -> None:
    run = train(script, "float('inf')", str(ready.path))
    ready.line()
    ready.line()
    run.cancel()

    assert run.get_status() == status.CANCELED
    assert len(run.get_metrics()["loss"]) >= 4
    # What is left of its processes the leak check finds.
